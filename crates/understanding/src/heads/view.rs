//! What one message shows the heads, read once for all of them.

use std::sync::LazyLock;

use super::signs::{SIGNS, signs};
use crate::embedding::{DIMENSIONS, Embedding};
use crate::features::{Centre, Features, Gram};
use crate::fold::words;
use crate::language::Language;
use crate::lexicon::{self, Tally};
use crate::message::Message;

/// The mean embedding of the texts that the heads were trained on: 512 little-endian f32.
static CENTRE: LazyLock<Centre> =
    LazyLock::new(|| read_centre(include_bytes!("../../data/heads/centre.bin")));

/// Factor on the signs, against an embedding of length 1: of 0.1, 0.3 and 1 the best for toxicity, by up to 0.6
/// points of macro-F1; for sentiment 0.1 and 0.3 were equal within a point.
const SIGN_SCALE: f32 = 0.3;

/// A message as the heads see it.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    features: Features,
    tally: Tally,
}

impl View {
    /// Numbers in the dense part of the features: the embedding, then the signs.
    pub const DENSE: usize = DIMENSIONS + SIGNS;

    /// Reads a message.
    pub fn of(message: &Message<'_>) -> Self {
        let grams = message.grams().to_vec();
        Self::centred_at(&CENTRE, message.text(), message.embedding(), grams, message.language().language)
    }

    /// Reads a text as seen from another centre than the shipped one; for training.
    pub fn centred_at(
        centre: &Centre,
        text: &str,
        embedding: &Embedding,
        grams: Vec<Gram>,
        language: Option<Language>,
    ) -> Self {
        let words = words(text);
        let tally = lexicon::read(text, &words, language);
        let mut dense = centre.centred(embedding).to_vec();
        dense.extend(signs(text, words.len(), &tally).map(|sign| sign * SIGN_SCALE));
        Self { features: Features { dense, sparse: grams }, tally }
    }

    /// What the linear models read.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// What its words convey.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// The centre of a file; a file of another length moves nothing.
fn read_centre(bytes: &[u8]) -> Centre {
    let mut centre = Centre::ORIGIN;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if numbers.len() == DIMENSIONS && rest.is_empty() {
        for (value, number) in centre.0.iter_mut().zip(numbers) {
            *value = f32::from_le_bytes(*number);
        }
    }
    centre
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_centre_is_a_mean_of_embeddings() {
        let length: f32 = CENTRE.0.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!(length > 0.05 && length < 1.0, "{length}");
    }

    #[test]
    fn a_file_of_another_length_is_no_centre() {
        assert_eq!(read_centre(b"short"), Centre::ORIGIN);
    }
}
