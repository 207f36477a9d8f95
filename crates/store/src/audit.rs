//! The audit log: who changed what, and who looked at a conversation.
//!
//! Written by the server's edge and by the commands; holds names of things, never what is in them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose things.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub author: Author,
    /// What: method and route, such as `DELETE /api/v1/keys/{id}`, or a command, such as `keys revoke`.
    pub action: String,
    /// To what: the route's parameters and the ids of what was made.
    pub object: BTreeMap<String, String>,
    /// The HTTP status it was answered with; `None`: a command.
    pub status: Option<u16>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The address it came from.
    pub peer: Option<String>,
}

impl AuditEntry {
    /// What a command did.
    pub fn by_command(tenant: TenantId, at: Timestamp, action: &str, object: &[(&str, &str)]) -> Self {
        let object = object.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            tenant,
            at,
            author: Author::command(),
            action: action.to_owned(),
            object: object.collect(),
            status: None,
            request_id: None,
            peer: None,
        }
    }
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Only by this author.
    pub author: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Continue after this cursor, as given in [`Page::next`]; one that is malformed lists from the start.
    pub after: Option<String>,
    /// How many at most, 1 to 200.
    pub limit: u32,
}

/// Stores the audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry.
    async fn note_audit(&self, entry: &AuditEntry) -> Result<(), StorageError>;

    /// A tenant's entries, newest first.
    async fn audit(&self, tenant: &TenantId, filter: AuditFilter) -> Result<Page<AuditEntry>, StorageError>;

    /// Deletes a tenant's entries from before an instant; how many there were. At most 10,000 at a time, so that nobody
    /// waits long for the writer: call again while it deletes that many.
    async fn sweep_audit(&self, tenant: &TenantId, before: Timestamp) -> Result<u64, StorageError>;
}
