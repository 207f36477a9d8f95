//! What is not to be kept: customers who are to be erased, what is older than a tenant wants, and old batches.
//!
//! Everything is done a few rows at a time, so that no turn waits behind it for more than milliseconds.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metrics::{Unit, counter, describe_counter};
use pytake_assistant::clock::utc_day;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{Retention as Wanted, Tenants};
use pytake_assistant::{Assistant, Author, Clock};
use pytake_inbox::Channel;
use pytake_store::{AuditLog, Erasure, ErasureRecord, Jobs, Privacy, Swept};
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// What was deleted or made anonymous because of its age, by `kind`: `conversations`, `files`, `bookings`, `audit_entries`, `batches`, and
/// `rows` of all kinds together.
const SWEPT: &str = "pytake_retention_swept_total";
/// Customers who were erased.
const ERASED: &str = "pytake_customers_erased_total";

/// How often erasures that did not end are looked for.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How often old things are deleted; retention is counted in days.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// Rows of one transaction: 200 messages take some milliseconds (docs/benchmarks.md).
const ROWS_AT_ONCE: u32 = 200;
/// Pieces of files of one transaction, of a mebibyte each.
const PIECES_AT_ONCE: u32 = 4;
/// Transactions for one tenant and kind in one sweep: 200,000 rows; the rest goes an hour later.
const ROUNDS: u32 = 1_000;
/// How long an erasure is kept safe from work in flight and from repeated deliveries: a channel repeats for 7 days, the
/// inbox remembers for 9.
const REMEMBERED_FOR: Duration = Duration::from_hours(9 * 24);
/// How long batches are kept after their end: a week.
const BATCHES_KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// What retention asks of a store.
pub trait RetentionStore: Privacy + Tenants + AuditLog + Jobs {}

impl<T: Privacy + Tenants + AuditLog + Jobs> RetentionStore for T {}

/// Gives the recorder help text; call once after installing it.
pub fn describe_retention() {
    describe_counter!(SWEPT, Unit::Count, "What was deleted or made anonymous because of its age, by kind");
    describe_counter!(ERASED, Unit::Count, "Customers who were erased");
}

/// Erases customers, in the store and in this process.
pub(crate) struct Customers<'a> {
    store: &'a dyn Privacy,
    assistant: &'a Assistant,
    channel: &'a Channel,
    clock: &'a dyn Clock,
}

impl<'a> Customers<'a> {
    pub(crate) fn of(state: &'a AppState) -> Self {
        Self {
            store: &*state.store,
            assistant: &state.assistant,
            channel: &state.channel,
            clock: &*state.clock,
        }
    }

    /// Erases a customer; `None`: nothing is known under this name.
    pub(crate) async fn erase(
        &self,
        tenant: &TenantId,
        name: &str,
        author: &Author,
    ) -> Result<Option<ErasureRecord>, StorageError> {
        let begun = self.store.begin_erasure(tenant, name, author, self.clock.now()).await?;
        match begun {
            Some(erasure) => self.finish(&erasure).await.map(Some),
            None => Ok(None),
        }
    }

    async fn finish(&self, erasure: &Erasure) -> Result<ErasureRecord, StorageError> {
        self.forget(erasure).await;
        let record = self.store.erase(erasure, self.clock).await?;
        // Again: a turn may have been telling of itself while it was fenced.
        self.forget(erasure).await;
        counter!(ERASED).increment(1);
        tracing::info!(erasure = erasure.id, "a customer was erased");
        Ok(record)
    }

    async fn forget(&self, erasure: &Erasure) {
        let subject = &erasure.subject;
        self.assistant.forget_customer(&subject.tenant, &subject.users, &subject.conversations);
        self.channel.forget_conversations(&subject.tenant, &subject.conversations);
        // They hold nothing personal; but one may repeat what only this customer was ever told.
        self.assistant.forget_kept_answers(&subject.tenant).await;
    }
}

/// Erasures and retention of a running server.
#[derive(Clone)]
pub struct Retention {
    store: Arc<dyn RetentionStore>,
    assistant: Assistant,
    channel: Channel,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retention").finish_non_exhaustive()
    }
}

impl Retention {
    /// Works on what the server works on.
    pub fn new(
        store: Arc<dyn RetentionStore>,
        assistant: Assistant,
        channel: Channel,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, assistant, channel, clock }
    }

    /// Runs until `shutdown`: first what an earlier process left unfinished.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        for interval in [&mut look, &mut sweep] {
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        let mut looked_at = self.clock.now();
        loop {
            // All arms are cancel-safe: a tick that is dropped stays due.
            let (done, what) = tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => (self.finish_erasures(&mut looked_at, &shutdown).await, "finish erasures"),
                _ = sweep.tick() => (self.sweep(&shutdown).await.map(drop), "delete what is old"),
            };
            if let Err(error) = done {
                tracing::warn!(error = %error, what, "retention failed; it is tried again");
            }
        }
    }

    /// Ends erasures that were begun and did not end, and forgets of those that another process did.
    async fn finish_erasures(
        &self,
        looked_at: &mut Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<(), StorageError> {
        let now = self.clock.now();
        let customers = self.customers();
        let mut all = Ok(());
        for erasure in self.store.unfinished_erasures().await? {
            // What is dropped at a shutdown is found at the next start.
            let done = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                done = customers.finish(&erasure) => done,
            };
            // One that fails keeps no other one from ending.
            all = all.and(done.map(drop));
        }
        for tenant in self.store.tenants_erased_since(*looked_at).await? {
            self.assistant.forget_events(&tenant);
            self.assistant.forget_kept_answers(&tenant).await;
        }
        *looked_at = now;
        all
    }

    fn customers(&self) -> Customers<'_> {
        Customers {
            store: &*self.store as _,
            assistant: &self.assistant,
            channel: &self.channel,
            clock: &*self.clock,
        }
    }

    /// Deletes what is older than each tenant wants, and old batches; how much of everything.
    ///
    /// # Errors
    /// The database failed for some tenant, the first such failure; what was deleted stays deleted, and every other tenant's
    /// was.
    pub async fn sweep(&self, shutdown: &CancellationToken) -> Result<Swept, StorageError> {
        let now = self.clock.now();
        let mut all = Swept::default();
        let mut failed = None;
        for id in self.store.tenants().await? {
            match self.sweep_tenant_by_name(&id, now, shutdown).await {
                Ok(swept) => {
                    all.done += swept.done;
                    all.rows += swept.rows;
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match self.sweep_batches(before(now, BATCHES_KEPT_FOR), shutdown).await {
            Ok(swept) => {
                all.done += swept.done;
                all.rows += swept.rows;
            }
            Err(error) => failed = failed.or(Some(error)),
        }
        self.sweep_erasures(before(now, REMEMBERED_FOR), shutdown).await?;
        if all.rows > 0 {
            self.store.forget_deleted().await?;
            tracing::info!(done = all.done, rows = all.rows, "deleted what is old");
        }
        failed.map_or(Ok(all), Err)
    }

    /// As many rounds as it takes: an erasure leaves a trace for every event of nine days.
    async fn sweep_erasures(
        &self,
        before: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<(), StorageError> {
        for _ in 0..ROUNDS {
            let gone = self.store.sweep_erasures(before, ROWS_AT_ONCE).await?;
            if gone == 0 || shutdown.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn sweep_tenant_by_name(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<Swept, StorageError> {
        let Some(found) = self.store.tenant(tenant).await? else { return Ok(Swept::default()) };
        self.sweep_tenant(tenant, found.settings.retention, now, shutdown).await
    }

    async fn sweep_tenant(
        &self,
        tenant: &TenantId,
        wanted: Wanted,
        now: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<Swept, StorageError> {
        let mut all = Swept::default();
        for kind in [Kind::Conversations, Kind::Files, Kind::Bookings, Kind::Audit] {
            let Some(days) = kind.days(wanted) else { continue };
            let before = before(now, Duration::from_hours(24).saturating_mul(days));
            for _ in 0..ROUNDS {
                if shutdown.is_cancelled() {
                    return Ok(all);
                }
                let swept = self.sweep_some(tenant, kind, before).await?;
                kind.count(swept);
                all.done += swept.done;
                all.rows += swept.rows;
                if !swept.is_more {
                    break;
                }
            }
        }
        Ok(all)
    }

    async fn sweep_batches(
        &self,
        before: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<Swept, StorageError> {
        let mut all = Swept::default();
        for _ in 0..ROUNDS {
            if shutdown.is_cancelled() {
                break;
            }
            let swept = self.store.sweep_jobs(before, ROWS_AT_ONCE).await?;
            counter!(SWEPT, "kind" => "batches").increment(swept.done);
            counter!(SWEPT, "kind" => "rows").increment(swept.rows);
            all.done += swept.done;
            all.rows += swept.rows;
            if !swept.is_more {
                break;
            }
        }
        Ok(all)
    }

    async fn sweep_some(
        &self,
        tenant: &TenantId,
        kind: Kind,
        before: Timestamp,
    ) -> Result<Swept, StorageError> {
        match kind {
            Kind::Conversations => self.store.sweep_conversations(tenant, before, ROWS_AT_ONCE).await,
            Kind::Files => self.store.sweep_media_of(tenant, before, PIECES_AT_ONCE).await,
            Kind::Bookings => self.store.forget_usage(tenant, utc_day(before), ROWS_AT_ONCE).await,
            Kind::Audit => {
                let done = self.store.sweep_audit(tenant, before).await?;
                Ok(Swept { done, rows: done, is_more: done > 0 })
            }
        }
    }
}

/// What has an age of its own.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Conversations,
    Files,
    Bookings,
    Audit,
}

impl Kind {
    fn days(self, wanted: Wanted) -> Option<u32> {
        match self {
            Self::Conversations => wanted.conversations_days,
            Self::Files => wanted.media_days,
            Self::Bookings => wanted.usage_days,
            Self::Audit => wanted.audit_days,
        }
    }

    fn count(self, swept: Swept) {
        let kind = match self {
            Self::Conversations => "conversations",
            Self::Files => "files",
            Self::Bookings => "bookings",
            Self::Audit => "audit_entries",
        };
        counter!(SWEPT, "kind" => kind).increment(swept.done);
        counter!(SWEPT, "kind" => "rows").increment(swept.rows);
    }
}

/// That long ago; the beginning of time where that cannot be.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}
