//! Custom prompts: templates with declared variables, in versions.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StorageError;
use crate::id::{PromptId, TenantId};

/// A custom prompt in its newest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomPrompt {
    /// Its id.
    pub id: PromptId,
    /// Unique within the tenant, 1 to 100 characters.
    pub name: String,
    /// For people.
    pub description: String,
    /// Text with `{{variable}}` places.
    pub template: String,
    /// Exactly the variables the template uses, in order of first use.
    pub variables: Vec<String>,
    /// 1, 2, 3, ….
    pub version: u32,
    /// When the prompt was first made.
    pub created_at: Timestamp,
    /// When this version was made.
    pub updated_at: Timestamp,
}

/// What storing a prompt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutPrompt {
    /// Stored.
    Stored,
    /// Another prompt of the tenant has the name.
    NameTaken,
    /// There is none with this id, or the version was not the next one (somebody else was faster).
    Stale,
}

/// Stores prompts.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// The newest version of each, by name.
    async fn prompts(&self, tenant: &TenantId) -> Result<Vec<CustomPrompt>, StorageError>;
    /// The newest version of one.
    async fn prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<Option<CustomPrompt>, StorageError>;
    /// The newest version of the one with this name.
    async fn prompt_named(&self, tenant: &TenantId, name: &str)
    -> Result<Option<CustomPrompt>, StorageError>;
    /// All versions of one, newest first; empty when there is none.
    async fn prompt_versions(
        &self,
        tenant: &TenantId,
        id: &PromptId,
    ) -> Result<Vec<CustomPrompt>, StorageError>;
    /// Stores version 1 of a new prompt, or version n + 1 of an existing one.
    async fn put_prompt(&self, tenant: &TenantId, prompt: &CustomPrompt) -> Result<PutPrompt, StorageError>;
    /// Deletes a prompt with all versions; false when there was none.
    async fn delete_prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<bool, StorageError>;
}
