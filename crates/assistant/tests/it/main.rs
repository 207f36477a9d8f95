//! What channels rely on, tested with the real engine over a store and a provider that do as they are told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod budget;
mod burst;
mod channel;
mod handing_over;
mod house_rules;
mod limits;
mod masking;
mod memory;
mod prompts;
mod reusing;
mod saying;
mod settings;
mod world;
