//! What the server's users rely on, tested through the real router, the real engine and a database in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod access;
mod analysis;
mod app;
mod audit;
mod batch;
mod chat;
mod content;
mod conversations;
mod events;
mod hardening;
mod keys;
mod limits;
mod moderation;
mod operators;
mod pages;
mod prompts;
mod provider_keys;
mod refusals;
mod serving;
mod strict;
mod tenants;
mod transcription;
mod translation;
mod usage;
