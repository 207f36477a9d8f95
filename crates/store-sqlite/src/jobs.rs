//! Batches in the background.

mod leaving;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{Creation, ItemResult, Job, JobItem, JobState, Jobs, NewJob, Swept};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, later, read_instant, read_optional_instant, read_parsed, read_word};
use crate::store::SqliteStore;
use crate::tenants;

use leaving::sweep;
pub(crate) use leaving::{erase_items, items_of};

const STATES: [(&str, JobState); 3] =
    [("open", JobState::Open), ("done", JobState::Done), ("cancelled", JobState::Cancelled)];

/// What a listing gives at most.
const LARGEST_PAGE: u32 = 200;

fn read(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        tenant: read_parsed(row, 1)?,
        author: Author::stored(row.get(2)?),
        state: read_word(row, 3, &STATES)?,
        total: row.get(4)?,
        finished: row.get(5)?,
        failed: row.get(6)?,
        created_at: read_instant(row, 7)?,
        finished_at: read_optional_instant(row, 8)?,
    })
}

fn job(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<Job>> {
    const JOB: &str = "
        SELECT job_id, tenant_id, author, state, total, finished, failed, created_at, finished_at
        FROM jobs
        WHERE tenant_id = ?1
          AND job_id = ?2";
    connection.prepare_cached(JOB)?.query_row([tenant.as_str(), id], read).optional()
}

fn create(connection: &Connection, job: &NewJob) -> Result<Creation> {
    const INSERT: &str = "
        INSERT INTO jobs (
            tenant_id, job_id, author, idempotency_key, fingerprint, state, total, served, created_at
        )
        SELECT ?1, ?2, ?3, ?4, ?5, 'open', ?6, value, ?7
        FROM meta
        WHERE name = 'job_turns'";
    const ITEM: &str = "
        INSERT INTO job_items (tenant_id, job_id, position, request, due_at)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    if let Some(known) = known(connection, job)? {
        return Ok(known);
    }
    if open_jobs(connection, &job.tenant)? >= job.most_open {
        return Ok(Creation::TooMany);
    }
    tenants::ensure(connection, &job.tenant, job.at)?;
    let total = u32::try_from(job.items.len()).unwrap_or(u32::MAX);
    let row = params![
        job.tenant.as_str(),
        job.id,
        job.author.as_str(),
        job.idempotency_key,
        job.fingerprint,
        total,
        instant(job.at),
    ];
    connection.prepare_cached(INSERT)?.execute(row)?;
    let mut insert = connection.prepare_cached(ITEM)?;
    for (position, request) in (0_u32..).zip(&job.items) {
        insert.execute(params![job.tenant.as_str(), job.id, position, request, instant(job.at)])?;
    }
    Ok(Creation::Created)
}

/// What is already there under the same name.
fn known(connection: &Connection, new: &NewJob) -> Result<Option<Creation>> {
    const BY_KEY: &str = "
        SELECT job_id, fingerprint
        FROM jobs
        WHERE tenant_id = ?1
          AND idempotency_key = ?2";
    let Some(key) = &new.idempotency_key else { return Ok(None) };
    let found: Option<(String, [u8; 32])> = connection
        .prepare_cached(BY_KEY)?
        .query_row([new.tenant.as_str(), key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((id, fingerprint)) if fingerprint == new.fingerprint => {
            Ok(job(connection, &new.tenant, &id)?.map(Creation::Known))
        }
        Some(_) => Ok(Some(Creation::NameTaken)),
        None => Ok(None),
    }
}

fn open_jobs(connection: &Connection, tenant: &TenantId) -> Result<u32> {
    // The tenant's range of jobs_of_tenant: what it sent in a week.
    const OPEN: &str = "
        SELECT COUNT(*)
        FROM jobs INDEXED BY jobs_of_tenant
        WHERE tenant_id = ?1
          AND state = 'open'";
    connection.prepare_cached(OPEN)?.query_row([tenant.as_str()], |row| row.get(0))
}

fn page(connection: &Connection, tenant: &TenantId, cursor: Option<&str>, limit: u32) -> Result<Page<Job>> {
    // A range of jobs_of_tenant, from its end.
    const PAGE: &str = "
        SELECT job_id, tenant_id, author, state, total, finished, failed, created_at, finished_at, position
        FROM jobs
        WHERE tenant_id = ?1
          AND position < ?2
        ORDER BY position DESC
        LIMIT ?3";
    let limit = limit.clamp(1, LARGEST_PAGE);
    let before: i64 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(i64::MAX);
    let read = |row: &Row<'_>| Ok((read(row)?, row.get::<_, i64>(9)?));
    let rows: Vec<(Job, i64)> = connection
        .prepare_cached(PAGE)?
        .query_map(params![tenant.as_str(), before, limit], read)?
        .collect::<Result<_>>()?;
    let is_full = rows.len() == limit as usize;
    let next = rows.last().filter(|_| is_full).map(|(_, position)| position.to_string());
    Ok(Page { items: rows.into_iter().map(|(job, _)| job).collect(), next })
}

fn items(
    connection: &Connection,
    tenant: &TenantId,
    id: &str,
    from: u32,
    limit: u32,
) -> Result<Vec<ItemResult>> {
    const ITEMS: &str = "
        SELECT position, status, body
        FROM job_items
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND position >= ?3
        ORDER BY position
        LIMIT ?4";
    let read =
        |row: &Row<'_>| Ok(ItemResult { position: row.get(0)?, status: row.get(1)?, body: row.get(2)? });
    connection.prepare_cached(ITEMS)?.query_map(params![tenant.as_str(), id, from, limit], read)?.collect()
}

fn claim(
    connection: &Connection,
    now: Timestamp,
    lease: Duration,
    passed_over: &[TenantId],
) -> Result<Option<JobItem>> {
    // Open jobs in the order of jobs_open; of each the first entry of its range of job_items_due.
    const NEXT: &str = "
        SELECT j.tenant_id, j.job_id, i.position, i.request, i.tries, j.created_at
        FROM jobs AS j INDEXED BY jobs_open
        JOIN job_items AS i
          ON i.tenant_id = j.tenant_id
         AND i.job_id = j.job_id
         AND i.position = (
                SELECT position
                FROM job_items INDEXED BY job_items_due
                WHERE tenant_id = j.tenant_id
                  AND job_id = j.job_id
                  AND due_at <= ?1
                ORDER BY due_at, position
                LIMIT 1
             )
        WHERE j.state = 'open'
          AND j.tenant_id NOT IN (SELECT value FROM json_each(?2))
          AND NOT EXISTS (
                SELECT 1
                FROM tenants
                WHERE tenant_id = j.tenant_id
                  AND suspended_at IS NOT NULL
              )
        ORDER BY j.served, j.position
        LIMIT 1";
    const TAKE: &str = "
        UPDATE job_items
        SET due_at = ?4,
            tries = tries + 1
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND position = ?3";
    const TURN: &str = "
        UPDATE meta
        SET value = value + 1
        WHERE name = 'job_turns'
        RETURNING value";
    const SERVED: &str = "
        UPDATE jobs
        SET served = ?3
        WHERE tenant_id = ?1
          AND job_id = ?2";
    let read = |row: &Row<'_>| {
        Ok(JobItem {
            tenant: read_parsed(row, 0)?,
            job: row.get(1)?,
            position: row.get(2)?,
            request: row.get(3)?,
            tries: row.get::<_, u32>(4)?.saturating_add(1),
            since: read_instant(row, 5)?,
        })
    };
    let next = params![instant(now), json(&passed_over)?];
    let Some(item) = connection.prepare_cached(NEXT)?.query_row(next, read).optional()? else {
        return Ok(None);
    };
    let until = instant(later(now, lease));
    connection.prepare_cached(TAKE)?.execute(params![
        item.tenant.as_str(),
        item.job,
        item.position,
        until
    ])?;
    let turn: i64 = connection.prepare_cached(TURN)?.query_row([], |row| row.get(0))?;
    connection.prepare_cached(SERVED)?.execute(params![item.tenant.as_str(), item.job, turn])?;
    Ok(Some(item))
}

fn postpone(connection: &Connection, item: &JobItem, until: Timestamp, is_try: bool) -> Result<()> {
    const POSTPONE: &str = "
        UPDATE job_items
        SET due_at = ?4,
            tries = MAX(tries - ?5, 0)
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND position = ?3
          AND due_at IS NOT NULL";
    let row = params![item.tenant.as_str(), item.job, item.position, instant(until), u32::from(!is_try)];
    connection.prepare_cached(POSTPONE)?.execute(row).map(drop)
}

fn finish(
    connection: &Connection,
    item: &JobItem,
    status: u16,
    body: &str,
    now: Timestamp,
) -> Result<Option<Job>> {
    const RESULT: &str = "
        UPDATE job_items
        SET status = ?4,
            body = ?5,
            due_at = NULL
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND position = ?3
          AND due_at IS NOT NULL";
    const COUNT: &str = "
        UPDATE jobs
        SET finished = finished + 1,
            failed = failed + ?3,
            state = CASE WHEN finished + 1 = total THEN 'done' ELSE state END,
            finished_at = CASE WHEN finished + 1 = total THEN ?4 ELSE finished_at END
        WHERE tenant_id = ?1
          AND job_id = ?2";
    let row = params![item.tenant.as_str(), item.job, item.position, status, body];
    if connection.prepare_cached(RESULT)?.execute(row)? == 0 {
        return Ok(None);
    }
    let failed = i64::from(status != 200);
    connection.prepare_cached(COUNT)?.execute(params![
        item.tenant.as_str(),
        item.job,
        failed,
        instant(now)
    ])?;
    job(connection, &item.tenant, &item.job)
}

fn cancel(connection: &Connection, tenant: &TenantId, id: &str, now: Timestamp) -> Result<Option<Job>> {
    const CANCEL: &str = "
        UPDATE jobs
        SET state = 'cancelled',
            finished_at = ?3
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND state = 'open'";
    const LET_GO: &str = "
        UPDATE job_items
        SET due_at = NULL
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND due_at IS NOT NULL";
    if connection.prepare_cached(CANCEL)?.execute(params![tenant.as_str(), id, instant(now)])? > 0 {
        connection.prepare_cached(LET_GO)?.execute([tenant.as_str(), id])?;
    }
    job(connection, tenant, id)
}

fn release(connection: &Connection, now: Timestamp) -> Result<u64> {
    const RELEASE: &str = "
        UPDATE job_items
        SET due_at = ?1
        WHERE due_at > ?1";
    Ok(connection.prepare_cached(RELEASE)?.execute([instant(now)])? as u64)
}

/// Ends the open jobs of somebody who may ask nothing any more.
pub(crate) fn cancel_of(connection: &Connection, author: &Author, now: Timestamp) -> Result<()> {
    // All open jobs, as jobs_open has them: tenants have few.
    const OPEN: &str = "
        SELECT tenant_id, job_id
        FROM jobs
        WHERE state = 'open'
          AND author = ?1";
    let open: Vec<(TenantId, String)> = connection
        .prepare_cached(OPEN)?
        .query_map([author.as_str()], |row| Ok((read_parsed(row, 0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    for (tenant, id) in &open {
        cancel(connection, tenant, id, now)?;
    }
    Ok(())
}

#[async_trait]
impl Jobs for SqliteStore {
    async fn create_job(&self, job: NewJob) -> Result<Creation, StorageError> {
        self.write_durably("store the batch", move |connection| create(connection, &job)).await
    }

    async fn job(&self, tenant: &TenantId, id: &str) -> Result<Option<Job>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read_short("read the batch", move |connection| job(connection, &tenant, &id)).await
    }

    async fn jobs(
        &self,
        tenant: &TenantId,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<Job>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the batches", move |connection| {
            page(connection, &tenant, cursor.as_deref(), limit)
        })
        .await
    }

    async fn job_items(
        &self,
        tenant: &TenantId,
        id: &str,
        from: u32,
        limit: u32,
    ) -> Result<Vec<ItemResult>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read_long("read the batch's results", move |connection| {
            items(connection, &tenant, &id, from, limit)
        })
        .await
    }

    async fn claim_item(
        &self,
        lease: Duration,
        passed_over: &[TenantId],
    ) -> Result<Option<JobItem>, StorageError> {
        let (clock, passed_over) = (self.clock.clone(), passed_over.to_vec());
        self.write("take an item of a batch", move |connection| {
            claim(connection, clock.now(), lease, &passed_over)
        })
        .await
    }

    async fn postpone_item(&self, item: &JobItem, wait: Duration) -> Result<(), StorageError> {
        let (item, clock) = (item.clone(), self.clock.clone());
        self.write("give an item of a batch back", move |connection| {
            postpone(connection, &item, later(clock.now(), wait), true)
        })
        .await
    }

    async fn defer_item(&self, item: &JobItem, wait: Duration) -> Result<(), StorageError> {
        let (item, clock) = (item.clone(), self.clock.clone());
        self.write("let an item of a batch wait", move |connection| {
            postpone(connection, &item, later(clock.now(), wait), false)
        })
        .await
    }

    async fn finish_item(
        &self,
        item: &JobItem,
        status: u16,
        body: &str,
    ) -> Result<Option<Job>, StorageError> {
        let (item, body, clock) = (item.clone(), body.to_owned(), self.clock.clone());
        self.write("store a result of a batch", move |connection| {
            finish(connection, &item, status, &body, clock.now())
        })
        .await
    }

    async fn cancel_job(&self, tenant: &TenantId, id: &str) -> Result<Option<Job>, StorageError> {
        let (tenant, id, clock) = (tenant.clone(), id.to_owned(), self.clock.clone());
        self.write("cancel the batch", move |connection| cancel(connection, &tenant, &id, clock.now())).await
    }

    async fn release_items(&self) -> Result<u64, StorageError> {
        let clock = self.clock.clone();
        self.write("give the items of batches back", move |connection| release(connection, clock.now())).await
    }

    async fn sweep_jobs(&self, before: Timestamp, limit: u32) -> Result<Swept, StorageError> {
        self.write("delete old batches", move |connection| sweep(connection, before, limit)).await
    }
}
