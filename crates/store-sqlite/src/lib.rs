//! Keeps everything in one SQLite file, for a server that runs alone.
//!
//! One thread writes and commits in groups (`writer`); a few connections read beside it (`readers`). The
//! other modules are one port each, with their SQL. A second *server* on the same file is refused
//! ([`SqliteStore::lock_for_serving`]); commands that open it beside a server are welcome, and what they change
//! is seen at once.

mod columns;
mod connection;
mod error;
mod hashes;
mod readers;
mod schema;
mod serving;
mod store;
mod writer;

mod answers;
mod audit;
mod channel_conversations;
mod conversations;
mod customers;
mod inbox;
mod intents;
mod jobs;
mod keys;
mod ledger;
mod media;
mod numbers;
mod operators;
mod outbox;
mod pages;
#[cfg(test)]
mod plans;
mod privacy;
mod prompts;
mod provider_keys;
mod record;
mod sessions;
mod tenants;

pub use error::{OpenError, SqliteFailure};
pub use store::{SqliteOptions, SqliteStore};
