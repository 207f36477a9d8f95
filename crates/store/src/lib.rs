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
//! 2. the conversation (of a channel: its lease first), then its messages, then its summary, then what it received,
//!    then its outbox, then its number's turn to send,
//! 3. the booking of each call: the ledger, then the daily roll-up,
//! 4. the tenant's spending of the month and the day, then the marks of its budgets, then its reservations,
//! 5. the customer's day,
//! 6. the operator, then their sessions.
//!
//! A reservation takes the customer's day first and commits it before it asks for money, unless the database
//! has a single writer. No transaction is open while another system is called.

mod audit;
#[cfg(feature = "contract")]
pub mod contract;
mod inbox;
mod jobs;
mod keys;
mod media;
mod numbers;
mod operators;
mod outbox;
mod privacy;
mod provider_keys;
pub mod purpose;
mod resealing;
mod sealing;
mod sessions;
mod store;

pub use audit::{AuditEntry, AuditFilter, AuditLog};
pub use inbox::{
    Backlog, ChannelConversation, Claim, ClaimKey, Customer, Inbox, PendingItem, Receipt, ReceivedChange,
    ReceivedChangeKind, ReceivedEvent, Reception,
};
pub use jobs::{Creation, ItemResult, Job, JobItem, JobState, Jobs, NewJob};
pub use keys::{
    ApiKeyRecord, ENDED_KEYS_KEPT, Keys, KnownKey, NewSecret, PreviousSecret, Scope, UnknownScope,
};
pub use media::{Media, MediaState, StoredMedia, WantedMedia};
pub use numbers::{NumberRecord, NumberSettings, Numbers};
pub use operators::{
    Email, InvalidEmail, OperatorChange, OperatorChanged, OperatorRecord, Operators, Role, UnknownRole,
};
pub use outbox::{Outbox, OutboxFilter, OutboxRow, OutboxState, Resent, Sending, SendingKey};
pub use privacy::{
    DataCounts, EXPORT_VERSION, Erasure, ErasureRecord, Export, ExportHeader, ExportPage, ExportPlace,
    Privacy, Subject, Swept,
};
pub use provider_keys::{NewProviderKey, ProviderKeyRecord, ProviderKeyView, ProviderKeyring, ProviderKeys};
pub use pytake_assistant::Storage;
pub use pytake_assistant::answers::Answers;
pub use pytake_assistant::conversation::Conversations;
pub use pytake_assistant::error::StorageError;
pub use pytake_assistant::ledger::Ledger;
pub use pytake_assistant::prompts::Prompts;
pub use pytake_assistant::tenant::Tenants;
pub use resealing::{ResealingError, SecretsFound, reseal, unopened};
pub use sealing::{Sealed, Sealer, SealingError, SealingKey};
pub use sessions::{
    CountedFor, Failures, KnownSession, SESSION_IDLE, SESSION_LONGEST, SESSIONS_PER_OPERATOR, SessionRecord,
    Sessions, SignIns,
};
pub use store::{Access, Audit, ChannelStore, ConversationOfAnotherUser, Health, Store};
