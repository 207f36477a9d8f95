//! The weights of the pieces, as bytes and as scores of a text.
//!
//! A multinomial logistic regression with a class for each language of [`CODES`]: three that the
//! product serves and nine that could be taken for one of them. `pytake-train language` writes the
//! file; its sources and figures stand in `data/language/ORIGIN.md`.
//!
//! Little endian: the letters `PTLG`, version, bits of a bucket, number of classes, 0; scale; bias of
//! each class; sharpness for one word, two words and more; then a row of `i8` a bucket.

use std::sync::LazyLock;

use super::Language;
use super::grams::{Amount, each_gram};

/// The classes: first the languages of [`Language::ALL`](super::Language::ALL), then other ones.
pub const CODES: [&str; CLASSES] = ["pt", "es", "en", "fr", "it", "ca", "ro", "la", "eo", "eu", "de", "nl"];

/// How many classes there are.
pub const CLASSES: usize = 12;

/// The first classes are the languages of the product.
pub const OURS: usize = Language::ALL.len();

/// What a message is written in before anything was read: each language of the product, and each of
/// the other classes. The product serves three languages and its markets make others rare, rarer than
/// the 28 % which the nine get together here; that much protects their speakers.
const BEFORE: [f32; 2] = [0.24, 0.28 / 9.0];

const MAGIC: [u8; 4] = *b"PTLG";
const VERSION: u8 = 1;

/// The model of the product.
pub(super) static SHIPPED: LazyLock<Model<'static>> = LazyLock::new(|| {
    Model::from_bytes(include_bytes!("../../data/language/model.bin"))
        .expect("the file was written by pytake-train, and a test reads it")
});

/// What is stored besides the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Buckets are 2 to the power of this.
    pub bits: u8,
    /// What a weight of 1 stands for.
    pub scale: f32,
    /// The score of each class before anything was read.
    pub bias: [f32; CLASSES],
    /// What scores of texts of one word, two words and more are multiplied with, so that the
    /// probabilities made of them are shares of right answers.
    pub sharpness: [f32; 3],
}

/// A model whose rows lie in bytes of somebody else.
#[derive(Debug, Clone, PartialEq)]
pub struct Model<'a> {
    head: Head,
    rows: &'a [[u8; CLASSES]],
}

/// The score of every class, a logarithm of a likelihood, and how much was read for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// One score a class, in the order of [`CODES`].
    pub scores: [f32; CLASSES],
    /// What was read.
    pub amount: Amount,
}

impl<'a> Model<'a> {
    /// Reads a model.
    ///
    /// # Errors
    /// Says what is wrong where the bytes are not exactly one model of this version.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let (start, rest) = bytes.split_first_chunk::<8>().ok_or("too short")?;
        let [m0, m1, m2, m3, version, bits, classes, _] = *start;
        if [m0, m1, m2, m3] != MAGIC || version != VERSION {
            return Err("not a model of this version");
        }
        if usize::from(classes) != CLASSES || !(1..=24).contains(&bits) {
            return Err("not a model of these classes");
        }
        let (numbers, rest) = rest.split_first_chunk::<{ 4 * (CLASSES + 4) }>().ok_or("too short")?;
        let mut values = [0.0_f32; CLASSES + 4];
        for (value, bytes) in values.iter_mut().zip(numbers.as_chunks::<4>().0) {
            *value = f32::from_le_bytes(*bytes);
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err("a number is not finite");
        }
        let [scale, others @ ..] = values;
        let mut head = Head { bits, scale, bias: [0.0; CLASSES], sharpness: [0.0; 3] };
        head.bias.iter_mut().chain(&mut head.sharpness).zip(others).for_each(|(to, from)| *to = from);
        let (rows, leftover) = rest.as_chunks::<CLASSES>();
        if rows.len() != 1 << bits || !leftover.is_empty() {
            return Err("not as many rows as it says");
        }
        Ok(Self { head, rows })
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Evidence {
        let mut sums = [0_i32; CLASSES];
        let amount = each_gram(text, |hash| {
            let Some(row) = self.rows.get(bucket(hash, self.head.bits)) else { return };
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        });
        let sharpness = self.head.sharpness[amount.words.clamp(1, 3) - 1];
        let mut scores = self.head.bias;
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score = (*score + sum as f32 * self.head.scale) * sharpness;
        }
        Evidence { scores, amount }
    }
}

/// The probability of each class, given its score and how common the languages are.
pub fn shares(scores: [f32; CLASSES]) -> [f32; CLASSES] {
    let mut shares = scores;
    for (class, share) in shares.iter_mut().enumerate() {
        *share += BEFORE[usize::from(class >= OURS)].ln();
    }
    let highest = shares.iter().copied().fold(f32::MIN, f32::max);
    shares = shares.map(|share| (share - highest).exp());
    let total: f32 = shares.iter().sum();
    shares.map(|share| share / total)
}

/// A model as bytes, which [`Model::from_bytes`] reads.
pub fn to_bytes(head: &Head, rows: &[[i8; CLASSES]]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([VERSION, head.bits, CODES.len().to_le_bytes()[0], 0]);
    let numbers = [head.scale].into_iter().chain(head.bias).chain(head.sharpness);
    bytes.extend(numbers.flat_map(f32::to_le_bytes));
    bytes.extend(rows.iter().flatten().map(|weight| weight.cast_unsigned()));
    bytes
}

/// The row of a piece: the high bits of a multiplicative hash.
pub fn bucket(hash: u32, bits: u8) -> usize {
    (hash.wrapping_mul(0x85eb_ca6b) >> (32 - u32::from(bits))) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Vec<u8> {
        let head = Head { bits: 2, scale: 0.5, bias: [0.25; CLASSES], sharpness: [1.0, 2.0, 3.0] };
        to_bytes(&head, &[[1; CLASSES], [-2; CLASSES], [3; CLASSES], [-128; CLASSES]])
    }

    #[test]
    fn a_model_comes_back_from_its_bytes() {
        let bytes = tiny();
        let model = Model::from_bytes(&bytes).expect("just written");
        assert_eq!(
            to_bytes(&model.head, &[[1; CLASSES], [-2; CLASSES], [3; CLASSES], [-128; CLASSES]]),
            bytes
        );
        assert!(model.read("olá").scores.iter().all(|score| score.is_finite()));
    }

    #[test]
    fn spoiled_bytes_are_refused() {
        let bytes = tiny();
        for length in 0..bytes.len() {
            assert!(Model::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        for place in 0..8 {
            let mut spoiled = bytes.clone();
            spoiled[place] ^= 0x40;
            assert!(place == 7 || Model::from_bytes(&spoiled).is_err(), "{place}");
        }
    }

    #[test]
    fn the_shipped_model_is_read_and_small() {
        assert!(SHIPPED.rows.len() * CLASSES < 900_000);
        assert!(SHIPPED.head.sharpness.iter().all(|sharpness| *sharpness > 0.0));
    }
}
