//! Custom prompts: templates with declared variables and fields, in versions of which one may be in production.
//!
//! Every version is a draft until it is published. A turn takes the production version of a prompt, and the newest
//! one of a prompt that was never published, so that a prompt works from the moment it is made.

mod built_in;
mod choice;
mod diff;
mod field;
mod filling;
mod test_set;

pub use built_in::BuiltIn;
pub use diff::{ChangedField, PromptDiff};
pub use field::{FieldKind, FieldValue, PromptField};
pub use filling::{FilledVariable, ValueSource};
pub use test_set::{CaseResult, TestCase, TestRun, TestSet};

pub(crate) use built_in::Known;
pub(crate) use choice::{find, in_force};
pub(crate) use diff::diff;
pub(crate) use field::check_fields;
pub(crate) use filling::{fill, fixed_text};
pub(crate) use test_set::{check_cases, judge};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::author::Author;
use crate::error::StorageError;
use crate::id::{PromptId, TenantId};

/// Most prompts of a tenant, which are listed at once: far more than purposes, products and seasons of a business. A
/// choice.
pub const MAX_PROMPTS: u32 = 200;
/// Most versions of a prompt: one for each working day of four years. A choice.
pub const MAX_PROMPT_VERSIONS: u32 = 1_000;
/// Versions, and publications, that are listed: the newest. Every older version can be read by its number.
pub const LISTED_VERSIONS: u32 = 100;
/// Test runs that are listed, each with what came of up to 50 cases: those of the newest versions.
pub const LISTED_TEST_RUNS: u32 = 20;

/// A custom prompt in one of its versions.
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
    /// Exactly the variables the template uses and the prompt has no field for, in order of first use.
    pub variables: Vec<String>,
    /// What the owner fills in, apart from the template, in the order of the form.
    pub fields: Vec<PromptField>,
    /// 1, 2, 3, ….
    pub version: u32,
    /// Whether this version is in use. Found by the store, not given to it.
    pub label: PromptLabel,
    /// The version in production; `None`: the prompt was never published. Found by the store, not given to it.
    pub production_version: Option<u32>,
    /// Who made this version; `None`: made before that was noted.
    pub author: Option<Author>,
    /// Why, for people.
    pub note: String,
    /// When the prompt was first made.
    pub created_at: Timestamp,
    /// When this version was made.
    pub updated_at: Timestamp,
}

impl CustomPrompt {
    /// As trails name it: name and version.
    pub fn versioned_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// Whether a version is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptLabel {
    /// Never published.
    #[default]
    Draft,
    /// Published, and what turns use.
    Production,
    /// Was in production before another version.
    Retired,
}

/// A version that was put into production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Which.
    pub version: u32,
    /// By whom.
    pub author: Author,
    /// Why, for people.
    pub note: String,
    /// How it came into production.
    pub kind: PublicationKind,
    /// When.
    pub at: Timestamp,
}

/// How a version came into production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicationKind {
    /// Its test set passed, or there was none.
    Published,
    /// Without running the test set.
    Forced,
    /// By going back to it.
    RolledBack,
}

/// What going back came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollBack {
    /// This version is in production now.
    To(u32),
    /// No version was in production before.
    NothingBefore,
    /// There is no such prompt.
    NoPrompt,
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
    /// The tenant has [`MAX_PROMPTS`], or the prompt [`MAX_PROMPT_VERSIONS`].
    Full,
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
    /// One version of one.
    async fn prompt_version(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        version: u32,
    ) -> Result<Option<CustomPrompt>, StorageError>;
    /// The newest versions of one, newest first, at most [`LISTED_VERSIONS`]; empty when there is none.
    async fn prompt_versions(
        &self,
        tenant: &TenantId,
        id: &PromptId,
    ) -> Result<Vec<CustomPrompt>, StorageError>;
    /// Stores version 1 of a new prompt, or version n + 1 of an existing one. What is in production stays.
    async fn put_prompt(&self, tenant: &TenantId, prompt: &CustomPrompt) -> Result<PutPrompt, StorageError>;
    /// Deletes a prompt with all versions, its publications, tests and their runs; false when there was none.
    async fn delete_prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<bool, StorageError>;

    /// Puts a version into production; false when there is no such version.
    async fn publish_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        publication: &Publication,
    ) -> Result<bool, StorageError>;
    /// Puts the version into production that was there before the present one. Going back twice goes back two
    /// publications.
    async fn roll_back_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        author: &Author,
        note: &str,
        at: Timestamp,
    ) -> Result<RollBack, StorageError>;
    /// What was in production, newest first, at most [`LISTED_VERSIONS`]; empty when nothing was.
    async fn publications(&self, tenant: &TenantId, id: &PromptId) -> Result<Vec<Publication>, StorageError>;

    /// The test set; `None`: there is none.
    async fn test_set(&self, tenant: &TenantId, id: &PromptId) -> Result<Option<TestSet>, StorageError>;
    /// Replaces the test set; false when there is no such prompt.
    async fn put_test_set(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        set: &TestSet,
    ) -> Result<bool, StorageError>;
    /// The last run of each version that was tested, newest version first, at most [`LISTED_TEST_RUNS`].
    async fn test_runs(&self, tenant: &TenantId, id: &PromptId) -> Result<Vec<TestRun>, StorageError>;
    /// The last run of a version; `None`: it was not tested.
    async fn test_run(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        version: u32,
    ) -> Result<Option<TestRun>, StorageError>;
    /// Keeps a run with its version, in place of the one before; false when there is no such version.
    async fn put_test_run(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        run: &TestRun,
    ) -> Result<bool, StorageError>;
}
