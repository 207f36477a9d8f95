//! What a text shows a linear model: its meaning and its spelling.
//!
//! [`Features::dense`] is the sentence embedding, moved so that the mean of known texts is zero
//! ([`Centre`]) and brought back to length 1; a caller may append numbers of its own.
//! [`Features::sparse`] holds the hashed words, word pairs and pieces of words of the folded text
//! ([`grams`]). The models of [`crate::linear`] read both.

mod grams;

use crate::embedding::{DIMENSIONS, Embedding};

pub use grams::{GRAM_LIMIT, grams};

/// A hashed gram and how much it weighs in its text. Models keep as many low bits as they need.
pub type Gram = (u32, f32);

/// What one text shows a linear model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Features {
    /// The centred embedding, then whatever the caller appends; equally long for all texts of a model.
    pub dense: Vec<f32>,
    /// Grams in ascending order of their hash, each once, together of length 1 (or none).
    pub sparse: Vec<Gram>,
}

impl Features {
    /// Reads a text whose embedding is known.
    pub fn read(text: &str, embedding: &Embedding, centre: &Centre) -> Self {
        Self { dense: centre.centred(embedding).to_vec(), sparse: grams(text) }
    }
}

/// The mean of the embeddings that a model was trained on.
///
/// Embeddings share a large common part, which says nothing about what tells texts apart; without
/// it, cosines spread over the whole range.
#[derive(Debug, Clone, PartialEq)]
pub struct Centre(pub [f32; DIMENSIONS]);

impl Centre {
    /// A centre that moves nothing.
    pub const ORIGIN: Self = Self([0.0; DIMENSIONS]);

    /// The mean of the embeddings; the origin where there is none.
    pub fn of<'a>(embeddings: impl IntoIterator<Item = &'a Embedding>) -> Self {
        let mut sums = [0.0_f64; DIMENSIONS];
        let mut count = 0.0_f64;
        for embedding in embeddings {
            for (sum, value) in sums.iter_mut().zip(&embedding.0) {
                *sum += f64::from(*value);
            }
            count += 1.0;
        }
        if count == 0.0 {
            return Self::ORIGIN;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a mean of f32 values fits in f32")]
        Self(sums.map(|sum| (sum / count) as f32))
    }

    /// The embedding as seen from the centre, of length 1; an embedding of zeros stays zero.
    pub fn centred(&self, embedding: &Embedding) -> [f32; DIMENSIONS] {
        if embedding.0.iter().all(|value| *value == 0.0) {
            return embedding.0;
        }
        let mut moved = embedding.0;
        for (value, mean) in moved.iter_mut().zip(&self.0) {
            *value -= mean;
        }
        let length = dot(&moved, &moved).sqrt();
        if length > f32::EPSILON {
            for value in &mut moved {
                *value /= length;
            }
        }
        moved
    }
}

/// The dot product, added up in eight lanes in a fixed order, so that it is the same on every machine.
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (left_blocks, left_rest) = left.as_chunks::<8>();
    let (right_blocks, right_rest) = right.as_chunks::<8>();
    for (a, b) in left_blocks.iter().zip(right_blocks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centring_removes_what_all_texts_share() {
        let mut left = [0.0; DIMENSIONS];
        let mut right = [0.0; DIMENSIONS];
        (left[0], left[1]) = (0.9, 0.1);
        (right[0], right[1]) = (0.9, -0.1);
        let (left, right) = (Embedding(left), Embedding(right));
        let centre = Centre::of([&left, &right]);
        let cosine = dot(&centre.centred(&left), &centre.centred(&right));
        assert!((cosine + 1.0).abs() < 1e-5, "{cosine}");
    }

    #[test]
    fn an_empty_text_has_no_features_at_all() {
        let mut mean = [0.0; DIMENSIONS];
        mean[3] = 0.5;
        let features = Features::read(" \n", &Embedding([0.0; DIMENSIONS]), &Centre(mean));
        assert!(features.dense.iter().all(|value| *value == 0.0));
        assert!(features.sparse.is_empty());
    }

    #[test]
    fn a_dot_product_counts_the_rest_behind_the_last_block() {
        let ones = [1.0; 19];
        assert!((dot(&ones, &ones) - 19.0).abs() < f32::EPSILON);
    }
}
