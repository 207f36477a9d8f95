//! Scores an analysis on labelled data.
//!
//! [`lines`] reads a file, [`device`] (or a caller who asks a provider) predicts, [`figures`] compares, [`suite`] does
//! all of it for a folder of known data sets and puts the goals beside the figures.

pub mod device;
pub mod error;
pub mod figures;
pub mod lines;
pub mod suite;
pub mod task;

mod entity_types;
mod metrics;

pub use error::EvaluationError;
pub use task::{Options, Task};
