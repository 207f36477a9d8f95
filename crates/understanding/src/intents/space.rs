//! What the built-in intents say of a message, as further features for a tenant's own intents.
//!
//! Businesses are asked much the same things. How much a message looks like each built-in intent tells a
//! tenant's intents apart, too, and in every language that the built-in examples are written in: a model of
//! few examples in English, or of names alone, gains most (docs/understanding.md has the figures). The
//! space is a linear model over the embedding alone, so that it costs some 25 kB and microseconds.

use std::sync::LazyLock;

use super::reader::Reader;
use super::{IntentError, IntentSet};
use crate::embedding::{Embedding, SentenceEncoder};
use crate::features::{Centre, Features};
use crate::linear::{Example, LinearModel, Output, Settings, train};

const MAGIC: [u8; 4] = *b"PTIS";
const VERSION: u8 = 1;

/// A linear model of the built-in intents.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentSpace {
    centre: Centre,
    linear: LinearModel,
}

impl IntentSpace {
    /// The space that is part of the program, made by `pytake-train intents`.
    pub fn shipped() -> &'static Self {
        static SPACE: LazyLock<IntentSpace> = LazyLock::new(|| {
            IntentSpace::from_bytes(include_bytes!("../../data/intents.space"))
                .expect("the file is part of the build and read by a test")
        });
        &SPACE
    }

    /// Trains the space on the examples of a set.
    pub fn train(set: &IntentSet, encoder: &dyn SentenceEncoder) -> Result<Self, IntentError> {
        set.check()?;
        let texts = set.intents.iter().zip(0_u32..);
        let embedded: Vec<(Embedding, u32)> = texts
            .flat_map(|(intent, class)| intent.examples.iter().map(move |text| (text, class)))
            .map(|(text, class)| (encoder.embed(text), class))
            .collect();
        let centre = Centre::of(embedded.iter().map(|(embedding, _)| embedding));
        let read = |(embedding, class): &(Embedding, u32)| {
            (Features { dense: centre.centred(embedding).to_vec(), sparse: Vec::new() }, *class)
        };
        let features: Vec<(Features, u32)> = embedded.iter().map(read).collect();
        let examples: Vec<Example<'_>> =
            features.iter().map(|(features, class)| Example::of(features, *class)).collect();
        let linear = train(&examples, &Settings::new(Output::OneOf, set.intents.len()))?;
        Ok(Self { centre, linear })
    }

    /// Appends the square roots of the built-in intents' probabilities: together of length 1, as the embedding.
    pub(super) fn append(&self, embedding: &Embedding, dense: &mut Vec<f32>) {
        let centred = Features { dense: self.centre.centred(embedding).to_vec(), sparse: Vec::new() };
        dense.extend(self.linear.probabilities(&centred).into_iter().map(f32::sqrt));
    }

    /// A number that changes when the space does (FNV-1a), never 0.
    pub(super) fn fingerprint(&self) -> u32 {
        let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        self.to_bytes().iter().fold(0x811c_9dc5, mix).max(1)
    }

    /// The space as bytes: the letters `PTIS`, version and three zeros, the centre, the linear model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([VERSION, 0, 0, 0]);
        bytes.extend(self.centre.0.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.linear.to_bytes());
        bytes
    }

    /// Reads a space from bytes.
    ///
    /// # Errors
    /// [`IntentError::Bytes`] where they are not exactly one space of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IntentError> {
        read(bytes).map_err(|problem| IntentError::Bytes { version: VERSION, problem })
    }
}

fn read(bytes: &[u8]) -> Result<IntentSpace, String> {
    let mut rest = Reader(bytes);
    if rest.array()? != MAGIC {
        return Err("they do not begin with its letters".to_owned());
    }
    let [version, ..] = rest.array::<4>()?;
    if version != VERSION {
        return Err("they are of another version".to_owned());
    }
    let centre = rest.centre()?;
    let linear = LinearModel::from_bytes(rest.0).map_err(|error| error.to_string())?;
    Ok(IntentSpace { centre, linear })
}
