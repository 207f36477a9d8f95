//! All ports together, and the two that belong to running a database rather than to answering customers.

use async_trait::async_trait;
use pytake_assistant::Storage;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_assistant::ledger::{UsageQuery, UsageRow};

use crate::audit::AuditLog;
use crate::inbox::Inbox;
use crate::jobs::Jobs;
use crate::keys::Keys;
use crate::media::Media;
use crate::numbers::Numbers;
use crate::operators::Operators;
use crate::outbox::Outbox;
use crate::privacy::Privacy;

use crate::provider_keys::ProviderKeys;
use crate::sessions::{Sessions, SignIns};

/// Everything the server asks of a database. An `Arc<dyn Store>` coerces to the `Arc<dyn Storage>` a turn needs.
pub trait Store:
    Storage + Access + Health + Audit + Inbox + Outbox + Numbers + Media + ProviderKeys + Jobs + Privacy
{
}

impl<T> Store for T where
    T: Storage + Access + Health + Audit + Inbox + Outbox + Numbers + Media + ProviderKeys + Jobs + Privacy
{
}

/// Everything that says who may come in, and keeps what they did.
pub trait Access: Keys + Operators + Sessions + SignIns + AuditLog {}

impl<T> Access for T where T: Keys + Operators + Sessions + SignIns + AuditLog {}

/// Everything a channel asks of a database.
pub trait ChannelStore: Inbox + Outbox + Numbers + Media {}

impl<T> ChannelStore for T where T: Inbox + Outbox + Numbers + Media {}

/// Says whether the database works.
#[async_trait]
pub trait Health: Send + Sync {
    /// Writes something, reads it back, and fails when either does not work. Cheap enough for a readiness
    /// probe every second.
    async fn check(&self) -> Result<(), StorageError>;
}

/// Checks the books.
#[async_trait]
pub trait Audit: Send + Sync {
    /// What [`usage`](pytake_assistant::ledger::Ledger::usage) answers, summed from every single booking instead of from the roll-up. Slow; both
    /// agree to the last unit, or the books are broken.
    async fn usage_from_ledger(
        &self,
        tenant: &TenantId,
        query: UsageQuery,
    ) -> Result<Vec<UsageRow>, StorageError>;
}

/// The source of the error of [`record`](pytake_assistant::Conversations::record) when the conversation belongs to another customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("conversation {conversation} belongs to another user")]
pub struct ConversationOfAnotherUser {
    /// The conversation.
    pub conversation: ConversationId,
}
