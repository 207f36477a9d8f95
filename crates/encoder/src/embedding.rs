//! The vector that stands for a text.

/// Numbers of an embedding.
pub const DIMENSIONS: usize = 512;

/// The meaning of a text: a vector of length 1 (of zeros for a text without any piece).
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(pub [f32; DIMENSIONS]);

impl Embedding {
    /// The vector of a text that says nothing.
    pub const ZERO: Self = Self([0.0; DIMENSIONS]);

    /// Says how alike two texts are, from -1 to 1; 0 when one of them says nothing.
    pub fn cosine(&self, other: &Self) -> f32 {
        // Eight sums side by side: the compiler may use wide registers and the order stays the same everywhere.
        let mut sums = [0.0_f32; 8];
        for (left, right) in self.0.chunks_exact(8).zip(other.0.chunks_exact(8)) {
            for (sum, (a, b)) in sums.iter_mut().zip(left.iter().zip(right)) {
                *sum += a * b;
            }
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_like_itself_and_unlike_its_opposite() {
        let mut one = Embedding::ZERO;
        one.0[3] = 0.6;
        one.0[500] = -0.8;
        let opposite = Embedding(one.0.map(|x| -x));
        assert!((one.cosine(&one) - 1.0).abs() < 1e-6);
        assert!((one.cosine(&opposite) + 1.0).abs() < 1e-6);
        assert!(one.cosine(&Embedding::ZERO).abs() < 1e-6);
    }
}
