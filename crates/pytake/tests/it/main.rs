//! Tests of the product as it is shipped, in one binary: one link step for all of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where it cannot go on; clippy allows it in #[test] functions only"
)]

mod analysis;
mod architecture;
mod batch;
mod cache;
mod conversation;
mod emulator;
mod faults;
mod hardening;
mod input;
mod intents;
mod isolation;
mod library;
mod limits;
mod masking;
mod moderation;
mod money;
mod privacy;
mod process;
mod prompts;
mod provider_keys;
mod schemathesis;
mod simulate;
mod tenants;
mod traces;
mod transcription;
mod translate;
mod upgrade;
mod whatsapp;
mod whatsapp_crash;
