//! Business numbers: which tenant they belong to, and the secrets that go with them, sealed.

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{NumberId, TenantId};
use serde::{Deserialize, Serialize};

use crate::sealing::Sealed;

/// Stores business numbers.
#[async_trait]
pub trait Numbers: Send + Sync {
    /// Adds a number, creating the tenant if it is new, or replaces what is known of one of the same tenant. False: it
    /// is another tenant's.
    async fn put_number(&self, number: &NumberRecord) -> Result<bool, StorageError>;

    /// Replaces the sealed forms of a number's secrets and nothing else; false when one of them was changed meanwhile,
    /// which then stays.
    async fn reseal_number(&self, before: &NumberRecord, after: &NumberRecord) -> Result<bool, StorageError>;

    /// Every number of every tenant, ordered by tenant and id: what the webhook routes by.
    async fn numbers(&self) -> Result<Vec<NumberRecord>, StorageError>;

    /// Changes with every change of any number, also by another process. Called on every webhook: a point read.
    async fn numbers_version(&self) -> Result<i64, StorageError>;

    /// Deletes a number; false when the tenant has none such. Its conversations stay.
    async fn delete_number(&self, tenant: &TenantId, number: &NumberId) -> Result<bool, StorageError>;

    /// Stops sending from a number, or starts again with `None`; what is queued stays queued.
    async fn stop_number(
        &self,
        number: &NumberId,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StorageError>;

    /// Delivered service messages of a number in a UTC month such as 202611.
    async fn service_messages(&self, number: &NumberId, month: i32) -> Result<u64, StorageError>;
}

/// A business number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRecord {
    /// The channel's id: the routing key.
    pub number: NumberId,
    /// Whose.
    pub tenant: TenantId,
    /// The channel's account (WhatsApp: WABA id), where known.
    pub account: Option<String>,
    /// Telephone in digits without `+`, where known: messages from it are our own.
    pub display_number: Option<String>,
    /// The right to send.
    pub access_token: Sealed,
    /// What signs its webhooks; `None`: the server's own.
    pub app_secret: Option<Sealed>,
    /// What proves to the channel that the webhook is ours; `None`: the server's own.
    pub verify_token: Option<Sealed>,
    /// How it behaves.
    pub settings: NumberSettings,
    /// Why it does not send now.
    pub stopped: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// How the assistant behaves on a number. Times are in seconds unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberSettings {
    /// Quiet time after each message, 0 to 30,000 ms; `None`: the server's. 0: every message at once.
    pub quiet_ms: Option<u32>,
    /// The longest that the first message of a burst waits, 0 to 120,000 ms; `None`: the server's.
    pub quiet_max_ms: Option<u32>,
    /// Whether the first reply says that a machine answers.
    pub discloses: bool,
    /// A conversation that a person has comes back to the assistant after so long without a person's message, at the
    /// customer's next one; `None`: only an operator gives it back.
    pub returns_after_s: Option<u32>,
    /// Messages of the assistant in one conversation in 10 minutes, at most; 1 to 1,000.
    pub max_per_10_min: u32,
    /// Messages of the assistant in one conversation in 24 hours, at most; 1 to 10,000.
    pub max_per_day: u32,
    /// Whether voice notes go to the provider that can transcribe.
    pub transcribes_voice: bool,
    /// Whether pictures go to a model.
    pub shows_images: bool,
    /// Whether a message whose sending has no known end is sent once more; false: it fails and an operator decides.
    pub repeats_unknown: bool,
}

impl Default for NumberSettings {
    fn default() -> Self {
        Self {
            quiet_ms: None,
            quiet_max_ms: None,
            discloses: true,
            returns_after_s: None,
            max_per_10_min: 20,
            max_per_day: 200,
            transcribes_voice: true,
            shows_images: false,
            repeats_unknown: true,
        }
    }
}
