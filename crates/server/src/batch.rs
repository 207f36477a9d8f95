//! Many questions at once: answered at once when they are few, in the background when they are many.
//!
//! Whatever is asked in a batch goes the same way as by itself, with the same limits and the same booking. Few items are
//! worked on at a time, on the whole server, so that people who wait for an answer are not kept waiting.

mod item;
mod policy;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::TenantId;
use pytake_assistant::service::Assistant;
use pytake_assistant::{Author, Clock, IdSource};
use pytake_store::{Creation, Job, JobItem, JobState, Jobs, NewJob};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

pub(crate) use item::{BatchAnswer, BatchItem};

/// Items in work at a time, of all batches together: with the default limits of the vendors (60 requests a minute) more
/// would only wait there, in front of people's own questions.
const WORKERS: usize = 4;

/// Items that are answered at once; what is more becomes a job. At 4 at a time and the default deadline of 30 s the last
/// one has its answer within two and a half minutes at the very worst.
pub(crate) const AT_ONCE: usize = 20;

/// How long an idle worker sleeps at most: what another process, or a wait that is over, made due is found then.
const LONGEST_IDLE: Duration = Duration::from_secs(2);

/// How long jobs are kept after their end: a week.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// How often old jobs are looked for, and how many are deleted in one transaction.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
const SWEPT_AT_ONCE: u32 = 50;

/// Batches of a server. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Batches(Arc<Shared>);

struct Shared {
    assistant: Assistant,
    jobs: Arc<dyn Jobs>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// The right to work on an item.
    workers: Semaphore,
    /// Rung when an item may be due.
    due: Notify,
    /// How long an item may be in work: longer than any deadline.
    lease: Duration,
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}

impl Batches {
    /// Batches of this assistant. `request_timeout` is the deadline of one item.
    pub fn new(
        assistant: Assistant,
        jobs: Arc<dyn Jobs>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        request_timeout: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            assistant,
            jobs,
            clock,
            ids,
            workers: Semaphore::new(WORKERS),
            due: Notify::new(),
            lease: request_timeout * 2,
        }))
    }

    /// Where jobs are kept.
    pub(crate) fn jobs(&self) -> &dyn Jobs {
        &*self.0.jobs
    }

    /// Answers every item, in order, each with its own status.
    pub(crate) async fn answer(&self, tenant: &TenantId, items: Vec<BatchItem>) -> Vec<BatchAnswer> {
        let answers = items.into_iter().map(|item| async {
            let _right = self.0.workers.acquire().await.expect("nobody closes this semaphore");
            item::ask(&self.0.assistant, tenant, item).await.written(&*self.0.ids)
        });
        futures::stream::iter(answers).buffered(WORKERS).collect().await
    }

    /// Makes a job of the items.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn submit(
        &self,
        tenant: TenantId,
        author: Author,
        idempotency_key: Option<String>,
        items: &[BatchItem],
    ) -> Result<(String, Creation), StorageError> {
        let written: Vec<String> = items.iter().map(|item| json!(item).to_string()).collect();
        let mut fingerprint = Sha256::new();
        for item in &written {
            fingerprint.update(item);
            fingerprint.update([0]);
        }
        let id = self.0.ids.next();
        let job = NewJob {
            id: id.clone(),
            tenant,
            author,
            idempotency_key,
            fingerprint: fingerprint.finalize().into(),
            items: written,
            at: self.0.clock.now(),
        };
        let creation = self.0.jobs.create_job(job).await?;
        self.0.due.notify_waiters();
        Ok((id, creation))
    }

    /// Works on jobs until the server stops; items in work then are finished first.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut working = JoinSet::new();
        for _ in 0..WORKERS {
            let (this, shutdown) = (self.clone(), shutdown.clone());
            working.spawn(async move { this.work(&shutdown).await });
        }
        let (this, stop) = (self.clone(), shutdown.clone());
        working.spawn(async move { this.sweep(&stop).await });
        while working.join_next().await.is_some() {}
    }

    async fn work(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            // Registered before looking, so that a job that comes in between is not missed.
            let due = self.0.due.notified();
            tokio::pin!(due);
            due.as_mut().enable();
            let right = self.0.workers.acquire().await.expect("nobody closes this semaphore");
            match self.0.jobs.claim_item(self.0.lease).await {
                Ok(Some(item)) => {
                    if let Err(failure) = self.work_on(item).await {
                        // Its lease runs out, and it is taken again.
                        error!(error.message = %failure, "could not store what came of an item of a batch");
                    }
                    continue;
                }
                Ok(None) => {}
                Err(failure) => error!(error.message = %failure, "could not look for items of batches"),
            }
            drop(right);
            // All arms are cancel-safe: a bell, a clock, a token.
            tokio::select! {
                () = due => {}
                () = tokio::time::sleep(LONGEST_IDLE) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn work_on(&self, item: JobItem) -> Result<(), StorageError> {
        let outcome = match serde_json::from_str::<BatchItem>(&item.request) {
            Ok(request) => item::ask(&self.0.assistant, &item.tenant, request).await,
            // It was checked when it came; only another release could have written it differently.
            Err(why) => item::unreadable(&why),
        };
        if let Some(wait) = outcome.failure().and_then(|failure| policy::again_after(failure, item.tries)) {
            return self.0.jobs.postpone_item(&item, wait).await;
        }
        let answer = outcome.written(&*self.0.ids);
        let job = self.0.jobs.finish_item(&item, answer.status, &answer.body.to_string()).await?;
        if let Some(job) = job.filter(policy::is_worth_telling) {
            self.tell(&job);
        }
        Ok(())
    }

    /// Tells operators how far a job is.
    fn tell(&self, job: &Job) {
        if job.state == JobState::Done {
            info!(tenant = %job.tenant, job = job.id, items = job.total, failed = job.failed, "a batch is done");
        }
        self.0.assistant.events().publish(
            &job.tenant,
            TenantEventKind::Batch,
            None,
            self.0.clock.now(),
            json!({
                "id": job.id,
                "state": job.state.as_str(),
                "total": job.total,
                "finished": job.finished,
                "failed": job.failed,
            }),
        );
    }

    async fn sweep(&self, shutdown: &CancellationToken) {
        loop {
            let before = self.0.clock.now() - KEPT;
            match self.0.jobs.sweep_jobs(before, SWEPT_AT_ONCE).await {
                Ok(swept) if swept == u64::from(SWEPT_AT_ONCE) => continue,
                Ok(_) => {}
                Err(failure) => error!(error.message = %failure, "could not delete old batches"),
            }
            // Both arms are cancel-safe: a clock, a token.
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }
}

/// A result as it is stored, for the wire.
pub(crate) fn stored_body(body: Option<&str>) -> Value {
    body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null)
}
