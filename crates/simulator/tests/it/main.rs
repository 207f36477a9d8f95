//! Public behaviour of the crate, one module an area.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on; clippy allows it in #[test] functions only"
)]

mod echo;
mod faults;
mod files;
mod graph;
mod play;
mod webhooks;
