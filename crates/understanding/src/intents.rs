//! Finds which of a tenant's intents a message has, or that it has none of them.
//!
//! [`IntentModel::train`] makes a model of an [`IntentSet`] in the time of a request: names and descriptions
//! alone are enough, examples make it better. It returns a [`TrainingReport`], which says what is wrong with
//! the set. [`IntentModel::choose`] then reads a message in some tens of microseconds besides its embedding.
//!
//! A score per intent adds up the logistic regression of [`crate::linear`] over the examples (names and
//! descriptions count as examples; the features include what the built-in intents say, [`IntentSpace`]), the
//! likeness to the intent's nearest example and to its name. Scores
//! become probabilities with a temperature found on held-out examples; a message that is both undecided
//! and far from all examples is out of scope.

mod anchors;
mod bytes;
mod model;
mod reader;
mod report;
mod set;
mod space;
mod train;

pub use model::{Alternative, Choice, IntentModel};
pub use report::{Confusion, Contradiction, Duplicate, HeldOutFigures, Scarcity, TrainingReport};
pub use set::{Intent, IntentSet, MAX_EXAMPLES, MAX_EXAMPLES_PER_INTENT, MAX_INTENTS, MAX_TEXT_CHARACTERS};
pub use space::IntentSpace;

pub use crate::built_in::OUT_OF_SCOPE;

use std::sync::LazyLock;

/// The model of the built-in intents, trained by `pytake-train intents`.
pub fn built_in() -> &'static IntentModel {
    static MODEL: LazyLock<IntentModel> = LazyLock::new(|| {
        IntentModel::from_bytes(include_bytes!("../data/intents.model"))
            .expect("the file is part of the build and read by a test")
    });
    &MODEL
}

/// Why no model could be made of a set or of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntentError {
    /// The set has no intent.
    #[error("there is no intent to choose from")]
    NoIntent,
    /// More than a bound allows.
    #[error("{what} has {found} {unit}; at most {bound} are possible")]
    TooMany {
        /// Where: `the set` or `intents[3]`.
        what: String,
        /// Of what.
        unit: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        bound: usize,
    },
    /// A name is empty, taken by another intent or reserved.
    #[error("the name of intents[{index}] {problem}")]
    Name {
        /// Which intent, from 0.
        index: usize,
        /// What is wrong with its name.
        problem: &'static str,
    },
    /// The bytes are no model of this version.
    #[error("the bytes are not an intent model of version {version}: {problem}")]
    Bytes {
        /// The version this program writes.
        version: u8,
        /// What is wrong with them.
        problem: String,
    },
    /// The linear model could not be trained.
    #[error("could not train the linear model")]
    Linear(#[from] crate::linear::LinearError),
}
