//! Turns a sentence into 512 numbers that stand for its meaning: two texts that mean the same, in English, Portuguese
//! or Spanish, get vectors that point the same way.
//!
//! The model is Google's Universal Sentence Encoder multilingual v3, cut to the pieces these languages use and laid
//! out for use without unpacking (`model/ORIGIN.md`, `docs/encoder.md`). A text goes through four steps: `normalizer`
//! and `tokenizer` cut it into pieces, `network` turns their rows into one vector on the `kernel` of this machine.

pub mod format;

mod double_array;
mod embedding;
mod encoder;
mod error;
mod kernel;
mod model;
mod network;
mod normalizer;
mod quantize;
mod tokenizer;

pub use embedding::{DIMENSIONS, Embedding};
pub use encoder::{Encoder, embed, embed_batch};
pub use error::ModelError;
pub use kernel::Kernel;
pub use model::Model;
pub use tokenizer::{MAX_PIECES, Piece};
