//! What a database has to do for PyTake: one trait per noun, and the contract suite that proves it.
//!
//! The ports a turn needs are defined in `pytake-assistant` and passed on here; this crate adds what only the
//! server needs. Each database is its own crate with hand-written SQL (`pytake-store-sqlite`).
//!
//! # Lock order
//!
//! A transaction takes its rows in this order and never turns back, so that two of them cannot wait for each
//! other:
//!
//! 1. the tenant,
//! 2. the conversation, then its messages, then its summary,
//! 3. the booking of each call: the ledger, then the daily roll-up,
//! 4. the month's spending of the tenant, then its reservations,
//! 5. the customer's day.
//!
//! A reservation takes the customer's day first and commits it before it asks for money, unless the database
//! has a single writer. No transaction is open while another system is called.

#[cfg(feature = "contract")]
pub mod contract;
mod keys;
mod store;

pub use keys::{ApiKeyRecord, Keys, Scope, UnknownScope};
pub use pytake_assistant::Storage;
pub use pytake_assistant::answers::Answers;
pub use pytake_assistant::conversation::Conversations;
pub use pytake_assistant::error::StorageError;
pub use pytake_assistant::ledger::Ledger;
pub use pytake_assistant::prompts::Prompts;
pub use pytake_assistant::tenant::Tenants;
pub use store::{Audit, ConversationOfAnotherUser, Health, Store};
