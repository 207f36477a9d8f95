//! A tenant's own intents: what its customers write about, in versions of the whole set.
//!
//! A set is small (hundreds of intents, thousands of examples) and is trained as a whole, so it is stored as a whole:
//! every change is a new version with the model that was trained from it. The newest version counts; one without
//! intents means that the built-in set counts again.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StorageError;
use crate::id::TenantId;

/// What a customer may want.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Its name, 1 to 100 characters on one line, unique in the set; not `out_of_scope`.
    pub name: String,
    /// What it means, at most 500 characters.
    #[serde(default)]
    pub description: String,
    /// Where its messages are sent, at most 60 characters; `None`: nowhere in particular.
    #[serde(default)]
    pub department: Option<String>,
    /// Messages that have it, at most 500 of at most 500 characters, corrections included.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Messages that were read wrongly and that a person has assigned to it. Examples like the others.
    #[serde(default)]
    pub corrections: Vec<String>,
}

impl Intent {
    /// Every message it is trained from.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.examples.iter().chain(&self.corrections).map(String::as_str)
    }
}

/// A set as it was saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentSet {
    /// 1, 2, 3, …
    pub version: u64,
    /// What was changed, in a few words.
    pub change: String,
    /// When.
    pub created_at: Timestamp,
    /// The intents, in the tenant's order.
    pub intents: Vec<Intent>,
    /// What training found out about them; null for a set without intents.
    pub report: serde_json::Value,
}

/// A version without its intents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentSetVersion {
    /// 1, 2, 3, …
    pub version: u64,
    /// What was changed, in a few words.
    pub change: String,
    /// When.
    pub created_at: Timestamp,
}

/// Stores sets of intents. The last [`KEPT_VERSIONS`] are kept.
#[async_trait]
pub trait IntentSets: Send + Sync {
    /// The newest version; `None` where the tenant never had one.
    async fn intent_set(&self, tenant: &TenantId) -> Result<Option<IntentSet>, StorageError>;
    /// One version; `None` where there is none, or no longer.
    async fn intent_set_version(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Option<IntentSet>, StorageError>;
    /// The kept versions, newest first.
    async fn intent_set_versions(&self, tenant: &TenantId) -> Result<Vec<IntentSetVersion>, StorageError>;
    /// The model that was trained from a version.
    async fn intent_model(&self, tenant: &TenantId, version: u64) -> Result<Option<Vec<u8>>, StorageError>;
    /// Stores the next version with its model; false when it is not the next one, because somebody else was faster.
    /// Changes the tenant's version.
    async fn put_intent_set(
        &self,
        tenant: &TenantId,
        set: &IntentSet,
        model: &[u8],
    ) -> Result<bool, StorageError>;
}

/// Versions that can be looked at and taken back: a few weeks of corrections.
pub const KEPT_VERSIONS: u64 = 50;
