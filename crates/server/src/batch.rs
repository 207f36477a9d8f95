//! Many questions at once: answered at once when they are few, in the background when they are many.
//!
//! Whatever is asked in a batch goes the same way as by itself, with the same limits and the same booking. Few items are
//! worked on at a time, on the whole server and in turns between tenants, so that people who wait for an answer are not
//! kept waiting. Jobs are worked on in `work`.

mod item;
mod policy;
mod round;
mod work;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use parking_lot::Mutex;
use pytake_assistant::error::{LimitScope, StorageError};
use pytake_assistant::id::TenantId;
use pytake_assistant::service::Assistant;
use pytake_assistant::{AIError, Author, Clock, IdSource, Turnstile};
use pytake_store::{Creation, Jobs, NewJob};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use item::Outcome;
use round::Round;

pub(crate) use item::{BatchAnswer, BatchItem};

/// Items in work at a time, of all batches together: with the default limits of the vendors (60 requests a minute) more
/// would only wait there, in front of people's own questions.
const WORKERS: usize = 4;

/// Of these, the most of one tenant: another one's first item finds a place.
const MOST_OF_ONE: usize = WORKERS - WORKERS / 4;

/// Items that wait for a place, of batches that are answered at once: a hundred such batches. Beyond, the tenant with the
/// most loses its newest.
const MAX_WAITING: usize = 100 * WORKERS;

/// Items that are answered at once; what is more becomes a job. At 3 at a time and an answer of 3 s the last one has its
/// answer after 21 s, about as long as callers wait.
pub(crate) const AT_ONCE: usize = 20;

/// Open jobs of a tenant: 100,000 items, at 4 every 3 s a day's work for the whole server.
const MOST_OPEN: u32 = 100;

/// When to come back to a server on which too many batches are being answered.
const WHILE_FULL: Duration = Duration::from_secs(1);

/// Batches of a server. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Batches(Arc<Shared>);

struct Shared {
    assistant: Assistant,
    jobs: Arc<dyn Jobs>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// The right to work on an item.
    workers: Turnstile,
    /// Whose item is next.
    round: Mutex<Round>,
    /// Rung when an item may be due.
    due: Notify,
    /// How long an item waits for the right to be worked on.
    patience: Duration,
    /// How long an item may be in work: longer than that wait and any deadline.
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
            workers: Turnstile::new("batch", WORKERS, MAX_WAITING),
            round: Mutex::new(Round::new(MOST_OF_ONE)),
            due: Notify::new(),
            patience: request_timeout,
            lease: request_timeout * 3,
        }))
    }

    /// Where jobs are kept.
    pub(crate) fn jobs(&self) -> &dyn Jobs {
        &*self.0.jobs
    }

    /// Answers every item, in order, each with its own status.
    pub(crate) async fn answer(&self, tenant: &TenantId, items: Vec<BatchItem>) -> Vec<BatchAnswer> {
        let lane = self.0.ids.next();
        let answers = items.into_iter().map(|item| async {
            let outcome = match self.0.workers.enter(tenant, &lane, self.0.patience).await {
                Ok(_place) => item::ask(&self.0.assistant, tenant, item).await,
                Err(_) => Outcome::Failure(AIError::RateLimitExceeded {
                    scope: LimitScope::Server,
                    retry_after: WHILE_FULL,
                }),
            };
            outcome.written(&*self.0.ids)
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
        let mut written = Vec::with_capacity(items.len());
        let mut fingerprint = Sha256::new();
        for item in items {
            let mut value = json!(item);
            written.push(value.to_string());
            // Some callers write the facts about a customer in another order each time.
            value.sort_all_objects();
            fingerprint.update(value.to_string());
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
            most_open: MOST_OPEN,
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
        while working.join_next().await.is_some() {}
    }
}

/// A result as it is stored, for the wire.
pub(crate) fn stored_body(body: Option<&str>) -> Value {
    body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null)
}
