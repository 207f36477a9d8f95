//! Batches that are worked on in the background, item by item.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;

use crate::privacy::Swept;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Items wait, or are worked on.
    Open,
    /// Every item has its result.
    Done,
    /// Somebody ended it; items that had no result have none.
    Cancelled,
}

impl JobState {
    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A job as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Whose.
    pub tenant: TenantId,
    /// Who sent it.
    pub author: Author,
    /// How far it is.
    pub state: JobState,
    /// Its items.
    pub total: u32,
    /// Items that have a result.
    pub finished: u32,
    /// Of those, the ones whose status is not 200.
    pub failed: u32,
    /// When it came.
    pub created_at: Timestamp,
    /// When its last item got its result, or it was cancelled.
    pub finished_at: Option<Timestamp>,
}

/// A job to be made.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// A fresh id.
    pub id: String,
    /// Whose.
    pub tenant: TenantId,
    /// Who sends it.
    pub author: Author,
    /// The name under which the sender may send it again without its being done twice.
    pub idempotency_key: Option<String>,
    /// What tells another batch under the same name: a hash of the items.
    pub fingerprint: [u8; 32],
    /// The items as JSON, in order.
    pub items: Vec<String>,
    /// Open jobs that the tenant may have, this one included.
    pub most_open: u32,
    /// Now.
    pub at: Timestamp,
}

/// What became of a job that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It is made.
    Created,
    /// It had been made before, under the same name and with the same items.
    Known(Job),
    /// Another batch has the name.
    NameTaken,
    /// The tenant has as many open jobs as it may have.
    TooMany,
}

/// An item to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobItem {
    /// Whose.
    pub tenant: TenantId,
    /// Its job.
    pub job: String,
    /// Its place, from 0.
    pub position: u32,
    /// What is asked, as JSON.
    pub request: String,
    /// How often it was taken, this time included, without those after which it was deferred.
    pub tries: u32,
    /// When its job came.
    pub since: Timestamp,
}

/// An item with its result, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// Its place, from 0.
    pub position: u32,
    /// The status that the same request would have got by itself; `None`: not yet.
    pub status: Option<u16>,
    /// The body of that answer, as JSON.
    pub body: Option<String>,
}

/// Stores jobs. Leases are measured by the database's clock.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Stores a job with its items.
    async fn create_job(&self, job: NewJob) -> Result<Creation, StorageError>;

    /// A job; `None`: the tenant has none such.
    async fn job(&self, tenant: &TenantId, id: &str) -> Result<Option<Job>, StorageError>;

    /// A tenant's jobs, newest first; a malformed cursor lists from the start.
    async fn jobs(
        &self,
        tenant: &TenantId,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<Job>, StorageError>;

    /// Results of a job from a place on, in order.
    async fn job_items(
        &self,
        tenant: &TenantId,
        id: &str,
        from: u32,
        limit: u32,
    ) -> Result<Vec<ItemResult>, StorageError>;

    /// Takes the next item and holds it for `lease`: of the job that was served longest ago, so that a large batch does
    /// not keep a small one waiting. Suspended tenants' jobs wait, and so do those of the tenants `passed_over`. `None`:
    /// nothing else waits.
    async fn claim_item(
        &self,
        lease: Duration,
        passed_over: &[TenantId],
    ) -> Result<Option<JobItem>, StorageError>;

    /// Gives an item back that failed, to be taken again after `wait`.
    async fn postpone_item(&self, item: &JobItem, wait: Duration) -> Result<(), StorageError>;

    /// Gives an item back that only has to wait: it has not been tried.
    async fn defer_item(&self, item: &JobItem, wait: Duration) -> Result<(), StorageError>;

    /// Stores an item's result and gives the job as it is then. `None`: it had a result already, or its job is over.
    async fn finish_item(&self, item: &JobItem, status: u16, body: &str)
    -> Result<Option<Job>, StorageError>;

    /// Ends a job: what has no result gets none. `None`: the tenant has none such.
    async fn cancel_job(&self, tenant: &TenantId, id: &str) -> Result<Option<Job>, StorageError>;

    /// Gives back what a server that died had taken. For the start of the only server of a database.
    async fn release_items(&self) -> Result<u64, StorageError>;

    /// Deletes up to `limit` items of jobs that came to their end before an instant, and the jobs that have none left.
    async fn sweep_jobs(&self, before: Timestamp, limit: u32) -> Result<Swept, StorageError>;
}
