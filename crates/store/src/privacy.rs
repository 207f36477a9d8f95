//! What belongs to a customer: handed over, erased, and not kept for longer than the tenant wants.
//!
//! A customer is named as a caller names them, or by the id, the telephone or the scoped id of a channel; everything
//! that is known under any of these is theirs. See `docs/privacy.md` for what is kept where.

mod export;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_assistant::{Author, Clock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use export::{EXPORT_VERSION, Export, ExportHeader};

/// Hands over and erases what belongs to a customer.
#[async_trait]
pub trait Privacy: Send + Sync {
    /// Everybody and everything that a name stands for; `None`: nothing is known under it.
    async fn subject(&self, tenant: &TenantId, name: &str) -> Result<Option<Subject>, StorageError>;

    /// How much is kept, by kind of line as in [`ExportPage`].
    async fn data_counts(&self, subject: &Subject) -> Result<DataCounts, StorageError>;

    /// A part of what is kept, in a fixed order; at most a mebibyte of a file, or a hundred of anything else.
    async fn export_page(&self, subject: &Subject, from: ExportPlace) -> Result<ExportPage, StorageError>;

    /// Begins to erase: from here on the customer is nobody, whoever works for them is fenced, and what they write next
    /// makes a new customer. `None`: nothing is known under this name.
    async fn begin_erasure(
        &self,
        tenant: &TenantId,
        name: &str,
        author: &Author,
        at: Timestamp,
    ) -> Result<Option<Erasure>, StorageError>;

    /// Erases what was begun, in small transactions; may be called again for one that did not end. Sums of usage stay,
    /// under a pseudonym.
    ///
    /// # Cancel safety
    /// Dropped, it leaves the erasure unfinished.
    async fn erase(&self, erasure: &Erasure, clock: &dyn Clock) -> Result<ErasureRecord, StorageError>;

    /// Erasures that were begun and did not end, oldest first.
    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StorageError>;

    /// What is known of the erasures of a tenant, newest first; at most so many.
    async fn erasures(&self, tenant: &TenantId, limit: u32) -> Result<Vec<ErasureRecord>, StorageError>;

    /// Tenants of whom somebody was erased since then: another process remembers nothing of them, this one may.
    async fn tenants_erased_since(&self, since: Timestamp) -> Result<Vec<TenantId>, StorageError>;

    /// Removes from the disk what was deleted before: empties the log. False: somebody reads just now.
    async fn forget_deleted(&self) -> Result<bool, StorageError>;

    /// Deletes conversations that last changed before, with everything that belongs to them, oldest message first; at
    /// most so many rows. One in which somebody waits, that has a message to be answered or to be sent, or that a worker
    /// has, stays. A customer without any conversation goes with the last one, or afterwards when somebody else deleted that.
    async fn sweep_conversations(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Swept, StorageError>;

    /// Deletes a tenant's files that arrived before; at most so many pieces of them. Returns how many files went, and
    /// whether there are more.
    async fn sweep_media_of(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Swept, StorageError>;

    /// Makes bookings of days before that one say no more whose they were; at most so many. Every customer has another
    /// pseudonym on every day, so that ledger and roll-up agree and nobody can be followed.
    async fn forget_usage(&self, tenant: &TenantId, before: Date, limit: u32) -> Result<Swept, StorageError>;

    /// Deletes what kept earlier erasures safe from work that was in flight and from repeated deliveries.
    async fn sweep_erasures(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;
}

/// Everything a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose customer.
    pub tenant: TenantId,
    /// Names under which something is kept: as callers named them, and as the channel's customer.
    pub users: Vec<UserId>,
    /// Telephones, in canonical form.
    pub phones: Vec<String>,
    /// The channel's ids of the person.
    pub scoped_ids: Vec<String>,
    /// Their conversations.
    pub conversations: Vec<ConversationId>,
}

/// How much is kept, by kind of line.
pub type DataCounts = BTreeMap<String, u64>;

/// How far an export has come; the default is its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportPlace {
    /// Which kind.
    pub section: usize,
    /// Which of [`Subject::conversations`] or [`Subject::users`].
    pub part: usize,
    /// After this row.
    pub after: i64,
    /// After this piece of the row.
    pub piece: i64,
}

/// Some lines, and where to go on; `None`: that was all.
#[derive(Debug, Clone, Default)]
pub struct ExportPage {
    /// Objects with a `kind` each.
    pub lines: Vec<Value>,
    /// Where to go on.
    pub next: Option<ExportPlace>,
}

/// An erasure that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its name.
    pub id: String,
    /// What is to be erased.
    pub subject: Subject,
    /// Under which name the usage of each of [`Subject::users`] goes on.
    pub pseudonyms: Vec<UserId>,
}

/// What remains of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRecord {
    /// Its name.
    pub id: String,
    /// Who had it done.
    pub author: Author,
    /// Under which names the sums go on.
    pub pseudonyms: Vec<UserId>,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended; `None`: it did not yet.
    pub finished_at: Option<Timestamp>,
    /// What was erased, by kind.
    pub counts: DataCounts,
}

/// What one call of a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Conversations, files or bookings that are done with.
    pub done: u64,
    /// Rows that were deleted or changed on the way.
    pub rows: u64,
    /// True where another call would find something.
    pub is_more: bool,
}
