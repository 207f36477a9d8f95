//! What the crate promises, in one binary: one link step for all of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on; clippy allows it in #[test] functions only"
)]

mod bodies;
mod files;
mod kinds;
mod laws;
mod outcomes;
mod readers;
mod samples;
mod sending;
mod signatures;
mod stand_in;
mod writing;
