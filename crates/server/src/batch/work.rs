//! Works on jobs, item by item.

use std::time::Duration;

use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::TenantId;
use pytake_assistant::{AIError, Pass};
use pytake_store::{Job, JobItem, JobState};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::item::{self, BatchItem, Outcome};
use super::policy::{self, Next};
use super::{Batches, WHILE_FULL};

/// How long an idle worker sleeps at most: what another process, or a wait that is over, made due is found then.
const LONGEST_IDLE: Duration = Duration::from_secs(2);

/// An item in work, as the round sees it; ends when dropped.
struct Turn {
    batches: Batches,
    tenant: TenantId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.batches.0.round.lock().ended(&self.tenant);
    }
}

impl Batches {
    pub(super) async fn work(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            // Registered before looking, so that a job that comes in between is not missed.
            let due = self.0.due.notified();
            tokio::pin!(due);
            due.as_mut().enable();
            match self.next_item().await {
                Ok(Some((item, _turn))) => {
                    if let Err(failure) = self.work_on(item, shutdown).await {
                        // Its lease runs out, and it is taken again.
                        error!(error.message = %failure, "could not store what came of an item of a batch");
                    }
                    continue;
                }
                Ok(None) => {}
                Err(failure) => error!(error.message = %failure, "could not look for items of batches"),
            }
            // All arms are cancel-safe: a bell, a clock, a token.
            tokio::select! {
                () = due => {}
                () = tokio::time::sleep(LONGEST_IDLE) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Takes the next item of the tenant whose turn it is.
    async fn next_item(&self) -> Result<Option<(JobItem, Turn)>, StorageError> {
        loop {
            let passed_over = self.0.round.lock().passed_over(self.0.clock.elapsed());
            if let Some(item) = self.0.jobs.claim_item(self.0.lease, &passed_over).await? {
                self.0.round.lock().taken(&item.tenant);
                let turn = Turn { batches: self.clone(), tenant: item.tenant.clone() };
                return Ok(Some((item, turn)));
            }
            if !self.0.round.lock().begin_anew() {
                return Ok(None);
            }
        }
    }

    async fn work_on(&self, item: JobItem, shutdown: &CancellationToken) -> Result<(), StorageError> {
        if policy::is_given_up(item.tries) {
            error!(tenant = %item.tenant, job = item.job, position = item.position, "an item of a batch broke off again and again");
            return self.finish(&item, Outcome::Defect).await;
        }
        let Some(_place) = self.place(&item, shutdown).await else {
            if shutdown.is_cancelled() {
                return self.0.jobs.defer_item(&item, Duration::ZERO).await;
            }
            return self.wait(&item, WHILE_FULL, true).await;
        };
        let outcome = match serde_json::from_str::<BatchItem>(&item.request) {
            Ok(request) => item::ask(&self.0.assistant, &item.tenant, request).await,
            // It was checked when it came; only another release could have written it differently.
            Err(why) => item::unreadable(&why),
        };
        match self.next_after(&item, &outcome).await {
            Next::Result => self.finish(&item, outcome).await,
            Next::Again(wait) => self.0.jobs.postpone_item(&item, wait).await,
            Next::Wait { wait, is_tenants } => self.wait(&item, wait, is_tenants).await,
        }
    }

    /// The right to work on an item; `None`: there is none, or the server stops.
    async fn place(&self, item: &JobItem, shutdown: &CancellationToken) -> Option<Pass> {
        // Both arms are cancel-safe: a dropped wait leaves nothing behind.
        tokio::select! {
            place = self.0.workers.enter(&item.tenant, &item.job, self.0.patience) => place.ok(),
            () = shutdown.cancelled() => None,
        }
    }

    async fn next_after(&self, item: &JobItem, outcome: &Outcome) -> Next {
        let Some(failure) = outcome.failure() else { return Next::Result };
        if matches!(failure, AIError::Conflict(_)) && self.is_suspended(&item.tenant).await {
            // It was suspended while the item was in work.
            return Next::Wait { wait: policy::WHILE_SUSPENDED, is_tenants: true };
        }
        let age = self.0.clock.now().duration_since(item.since);
        policy::after(failure, item.tries, Duration::try_from(age).unwrap_or_default())
    }

    async fn is_suspended(&self, tenant: &TenantId) -> bool {
        match self.0.assistant.is_suspended(tenant).await {
            Ok(is_suspended) => is_suspended,
            Err(failure) => {
                error!(error.message = %failure, "could not look whether a tenant is suspended");
                false
            }
        }
    }

    /// Lets an item wait, and where it is the tenant that has to, all of its items.
    async fn wait(&self, item: &JobItem, wait: Duration, is_tenants: bool) -> Result<(), StorageError> {
        if is_tenants {
            let until = self.0.clock.elapsed().saturating_add(wait);
            self.0.round.lock().hold(&item.tenant, until);
        }
        self.0.jobs.defer_item(item, wait).await
    }

    async fn finish(&self, item: &JobItem, outcome: Outcome) -> Result<(), StorageError> {
        let answer = outcome.written(&*self.0.ids);
        let job = self.0.jobs.finish_item(item, answer.status, &answer.body.to_string()).await?;
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
}
