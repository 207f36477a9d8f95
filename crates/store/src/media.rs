//! Files of customers: fetched once, kept in pieces.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pytake_assistant::channel::{ItemId, MediaKind, MediaRef};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, NumberId, TenantId};

/// Stores files. [`Inbox::receive`](crate::Inbox::receive) makes a row for every message with a file.
#[async_trait]
pub trait Media: Send + Sync {
    /// Takes the oldest file that is to be fetched and holds it for `lease`; `None`: none is.
    async fn wanted_media(&self, lease: Duration) -> Result<Option<WantedMedia>, StorageError>;

    /// Keeps a file that was fetched.
    async fn put_media(
        &self,
        item: ItemId,
        mime_type: &str,
        sha256: &str,
        bytes: Bytes,
    ) -> Result<(), StorageError>;

    /// Fetching failed: again after `retry_in`, or never.
    async fn media_failed(
        &self,
        item: ItemId,
        why: &str,
        retry_in: Option<Duration>,
    ) -> Result<(), StorageError>;

    /// What is known of the file of an item; `None`: it has none.
    async fn media_state(&self, tenant: &TenantId, item: ItemId) -> Result<Option<MediaState>, StorageError>;

    /// A file that was fetched; `None`: there is none.
    async fn media(&self, tenant: &TenantId, item: ItemId) -> Result<Option<StoredMedia>, StorageError>;

    /// Deletes files that arrived before; at most `limit`, and of large ones a part. Returns how many it worked on; 0: there is
    /// none.
    async fn sweep_media(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;
}

/// A file to be fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedMedia {
    /// The message it came with.
    pub item: ItemId,
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub conversation: ConversationId,
    /// The number it was sent to.
    pub number: NumberId,
    /// What it is.
    pub kind: MediaKind,
    /// Where it is.
    pub media: MediaRef,
    /// Tries so far, this one included.
    pub attempt: u32,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Whether a file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaState {
    /// Not yet.
    Wanted,
    /// Yes.
    Stored,
    /// It will not be.
    Failed(String),
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMedia {
    /// As its bytes say.
    pub mime_type: String,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Its name, of documents.
    pub file_name: Option<String>,
    /// Its content.
    pub bytes: Bytes,
}
