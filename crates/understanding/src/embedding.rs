//! The seam to the sentence encoder: whoever needs a text's meaning takes a [`SentenceEncoder`].
//!
//! The product passes [`Shipped`]; tests pass embeddings they have stored, and a later encoder is
//! another implementation.

pub use pytake_encoder::{DIMENSIONS, Embedding};

/// Turns a text into its embedding.
pub trait SentenceEncoder: Send + Sync {
    /// Embeds a text: a vector of length 1, or of zeros where the text says nothing.
    fn embed(&self, text: &str) -> Embedding;
}

/// The encoder that is part of the program.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shipped;

impl SentenceEncoder for Shipped {
    fn embed(&self, text: &str) -> Embedding {
        pytake_encoder::embed(text)
    }
}

/// Weights use the same range up and down.
const LARGEST: f32 = 127.0;

/// An embedding of length 1 (or zero) in 8 bits with one scale: a quarter of the memory, and cosines that differ by
/// less than 0.01.
#[derive(Debug, Clone, PartialEq)]
pub struct CompactEmbedding {
    pub(crate) scale: f32,
    pub(crate) values: [i8; DIMENSIONS],
}

/// Numbers multiplied at a time; divides [`DIMENSIONS`].
const BLOCK: usize = 32;

impl CompactEmbedding {
    /// Compacts an embedding, or what was made of one; missing numbers are zero.
    pub fn of(embedding: &[f32]) -> Self {
        let scale = embedding.iter().fold(0.0, |peak: f32, value| peak.max(value.abs())) / LARGEST;
        let mut values = [0; DIMENSIONS];
        if scale > 0.0 {
            for (compact, value) in values.iter_mut().zip(embedding) {
                #[expect(clippy::cast_possible_truncation, reason = "a value over the scale is within ±127")]
                let rounded = (value / scale).round() as i8;
                *compact = rounded;
            }
        }
        Self { scale, values }
    }

    /// The cosine with another.
    pub fn cosine(&self, other: &Self) -> f32 {
        let (left, _) = self.values.as_chunks::<BLOCK>();
        let (right, _) = other.values.as_chunks::<BLOCK>();
        let mut sum = 0;
        for (left, right) in left.iter().zip(right) {
            // Products fit in 16 bits, of which a vector register holds twice as many as of 32.
            let mut products = [0_i16; BLOCK];
            for ((product, a), b) in products.iter_mut().zip(left).zip(right) {
                *product = i16::from(*a) * i16::from(*b);
            }
            sum += products.iter().map(|product| i32::from(*product)).sum::<i32>();
        }
        sum as f32 * self.scale * other.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::dot;

    #[test]
    fn eight_bits_keep_a_cosine() {
        let wave = |step: f32| {
            let raw: Vec<f32> = (0..DIMENSIONS).map(|n| (n as f32 * step).sin()).collect();
            let length = dot(&raw, &raw).sqrt();
            raw.iter().map(|value| value / length).collect::<Vec<f32>>()
        };
        let (left, right) = (wave(0.10), wave(0.1003));
        let exact = dot(&left, &right);
        let compact = CompactEmbedding::of(&left).cosine(&CompactEmbedding::of(&right));
        assert!((compact - exact).abs() < 5e-3, "{compact} {exact}");
        assert!(
            CompactEmbedding::of(&[0.0; DIMENSIONS]).cosine(&CompactEmbedding::of(&left)).abs()
                < f32::EPSILON
        );
    }
}
