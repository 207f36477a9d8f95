//! Reads a message on the device: pure functions, no I/O, no async, no clock.
//!
//! The turn calls this crate in its steps `screen` (language, content filter, signals), `compose`
//! (approved answers by lexical search) and `vet` (claims of an answer against known facts).

mod phrases;

pub mod claims;
pub mod filter;
pub mod fold;
pub mod language;
pub mod retrieval;
pub mod signals;
