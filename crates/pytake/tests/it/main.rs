//! Tests of the product as it is shipped, in one binary: one link step for all of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on; clippy allows it in #[test] functions only"
)]

mod analysis;
mod architecture;
mod conversation;
mod emulator;
mod faults;
mod input;
mod intents;
mod library;
mod limits;
mod moderation;
mod process;
mod simulate;
mod traces;
mod transcription;
mod whatsapp;
mod whatsapp_crash;
