//! What the server's users rely on, tested through the real router, the real engine and a database in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod access;
mod analysis;
mod app;
mod chat;
mod content;
mod conversations;
mod events;
mod moderation;
mod pages;
mod refusals;
mod serving;
mod transcription;
mod usage;
