//! Linear models: logistic regression over [`Features`], trained in process.
//!
//! [`train`] fits one of several classes ([`Output::OneOf`], multinomial) or each class for itself
//! ([`Output::AnyOf`], independent yes-or-no). It is deterministic: the same examples in the same
//! order give the same weights, bit for bit, on every machine with the same floating point library.
//! [`calibration`] makes probabilities of scores that were held out.
//!
//! ```
//! use pytake_understanding::features::Features;
//! use pytake_understanding::linear::{Example, Output, Settings, train};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let read = |text: &str, dense: f32| Features {
//!     dense: vec![dense],
//!     sparse: pytake_understanding::features::grams(text),
//! };
//! let texts = [read("obrigado", 0.1), read("cancelar pedido", 0.0)];
//! let examples = [Example::of(&texts[0], 0), Example::of(&texts[1], 1)];
//! let model = train(&examples, &Settings::new(Output::OneOf, 2))?;
//! let probabilities = model.probabilities(&read("quero cancelar", 0.0));
//! assert!(probabilities[1] > 0.5);
//! # Ok(())
//! # }
//! ```

mod ascent;
mod bytes;
pub mod calibration;
mod kernel;
mod model;
mod rows;
mod solve;
mod train;

pub use model::LinearModel;
pub use train::{HeldOut, train, train_with_held_out};

use crate::features::Features;

/// How the classes of a model relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Exactly one class is right: probabilities are a softmax and add up to 1.
    OneOf,
    /// Each class is right or not, whatever the others are: one sigmoid each.
    AnyOf,
}

/// A text with the classes it belongs to.
#[derive(Debug, Clone)]
pub struct Example<'a> {
    /// What the text shows.
    pub features: &'a Features,
    /// The right classes. With [`Output::OneOf`] several share the truth equally and none means that all do.
    pub classes: Vec<u32>,
    /// How much the example counts; 1 is usual.
    pub weight: f32,
}

impl<'a> Example<'a> {
    /// An example of one class that counts once.
    pub fn of(features: &'a Features, class: u32) -> Self {
        Self { features, classes: vec![class], weight: 1.0 }
    }

    /// An example of any number of classes that counts once.
    pub fn with_classes(features: &'a Features, classes: &[u32]) -> Self {
        Self { features, classes: classes.to_vec(), weight: 1.0 }
    }
}

/// What to train and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the classes relate.
    pub output: Output,
    /// Number of classes, 1 to 1,000.
    pub classes: usize,
    /// How much the examples count against small weights: the `C` of the usual formulation, i.e. the sum of
    /// the losses times `strength` plus half the squared weights is made small.
    pub strength: f32,
    /// Factor on the grams, against the dense features of length 1. 0 leaves grams out.
    pub gram_scale: f32,
    /// Low bits of a gram's hash that are kept: fewer make a smaller model and more collisions.
    pub gram_bits: u8,
    /// Grams that fewer examples show are left out: 1 keeps all.
    pub gram_min_examples: u32,
    /// At most so often is each example looked at.
    pub passes: u32,
    /// Training ends when no probability of a pass moved more than this.
    pub tolerance: f32,
}

impl Settings {
    /// Settings that were good on the development sets (docs/understanding.md has the figures).
    pub fn new(output: Output, classes: usize) -> Self {
        Self {
            output,
            classes,
            strength: 10.0,
            gram_scale: 0.8,
            gram_bits: 20,
            gram_min_examples: 1,
            passes: 30,
            tolerance: 0.01,
        }
    }
}

/// Why a model could not be trained or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinearError {
    /// The number of classes is 0 or above 1,000, or an example names a class that does not exist.
    #[error("class {class} is not among the {classes} classes")]
    Class {
        /// The class that was named, or the number of classes that was asked for.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// The examples' dense features are not equally long.
    #[error("an example has {found} dense features instead of {expected}")]
    DenseLength {
        /// What this one has.
        found: usize,
        /// What the first one has.
        expected: usize,
    },
    /// A setting or a weight is not a finite number above zero.
    #[error("{name} must be a finite number above zero")]
    NotPositive {
        /// Which one.
        name: &'static str,
    },
    /// The bytes are no model of this version.
    #[error("the bytes are not a linear model of version {version}: {problem}")]
    Bytes {
        /// The version this program writes.
        version: u8,
        /// What is wrong with them.
        problem: &'static str,
    },
}
