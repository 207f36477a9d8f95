//! The heads: small linear models that read a message's mood and intent to harm.
//!
//! A [`View`] holds what one text shows: its meaning (the sentence embedding), its spelling (hashed
//! grams) and about ninety signs that people would count themselves (words of joy or insult, negation,
//! emoji, shouting). Each head is one file of [`Weights`] in `data/heads`, trained by
//! `pytake-train heads`; what its numbers mean stands in the module of that name: [`crate::sentiment`],
//! [`crate::emotion`], [`crate::toxicity`], [`crate::spam`], [`crate::injection`], [`crate::urgency`].
//!
//! ```
//! use pytake_understanding::{heads::View, message::Message, sentiment};
//! let view = View::of(&Message::new("adorei o atendimento"));
//! let reading = sentiment::read(&view);
//! assert!((-1.0..=1.0).contains(&reading.score));
//! ```

mod signs;
mod view;
mod weights;

pub use view::View;
pub use weights::{ClassWeights, HeadError, Weights};

/// Reads a head that is part of the program.
pub(crate) fn shipped(bytes: &[u8]) -> Weights {
    Weights::read(bytes).expect("each head's module has a test that reads its file")
}

/// The probability of the class at a place; the shipped heads have all classes (a test looks).
pub(crate) fn at(probabilities: &[f32], place: usize) -> f32 {
    probabilities.get(place).copied().unwrap_or(0.0)
}
