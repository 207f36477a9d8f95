//! What of batches is not to be kept: old ones, and what an erased customer asked.

use jiff::Timestamp;
use pytake_assistant::id::{TenantId, UserId};
use pytake_store::{JobItem, Swept};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::finish;
use crate::columns::instant;

/// Deletes jobs that ended before, with their items; so many rows at most.
pub(super) fn sweep(connection: &Connection, before: Timestamp, limit: u32) -> Result<Swept> {
    // The first entry of jobs_finished.
    const OLDEST: &str = "
        SELECT tenant_id, job_id
        FROM jobs
        WHERE finished_at < ?1
        ORDER BY finished_at
        LIMIT 1";
    // A range of the key.
    const ITEMS: &str = "
        DELETE FROM job_items
        WHERE (tenant_id, job_id, position) IN (
                SELECT tenant_id, job_id, position
                FROM job_items
                WHERE tenant_id = ?1
                  AND job_id = ?2
                LIMIT ?3
              )";
    const JOB: &str = "
        DELETE FROM jobs
        WHERE tenant_id = ?1
          AND job_id = ?2";
    let mut swept = Swept::default();
    let mut left = limit.max(1);
    loop {
        let oldest: Option<(String, String)> = connection
            .prepare_cached(OLDEST)?
            .query_row([instant(before)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((tenant, id)) = oldest else { return Ok(swept) };
        let items = connection.prepare_cached(ITEMS)?.execute(params![tenant, id, left])?;
        swept.rows += items as u64;
        left = left.saturating_sub(u32::try_from(items).unwrap_or(u32::MAX));
        if left == 0 {
            swept.is_more = true;
            return Ok(swept);
        }
        connection.prepare_cached(JOB)?.execute([&tenant, &id])?;
        swept.rows += 1;
        swept.done += 1;
        left -= 1;
        if left == 0 {
            swept.is_more = true;
            return Ok(swept);
        }
    }
}

/// Items of batches that are about a user, after one: job and position. Reads the tenant's items from there: they are
/// kept for days.
pub(crate) fn items_of(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    after: &(String, i64),
    limit: u32,
) -> Result<Vec<(String, u32)>> {
    // A range of the key. The request's own customer: one that a context names is nobody here.
    const ITEMS: &str = "
        SELECT job_id, position
        FROM job_items
        WHERE tenant_id = ?1
          AND (job_id, position) > (?2, ?3)
          AND json_extract(request, '$.request.user_id') = ?4
        ORDER BY job_id, position
        LIMIT ?5";
    let row = params![tenant.as_str(), after.0, after.1, user.as_str(), limit];
    connection.prepare_cached(ITEMS)?.query_map(row, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Erases what was asked and answered; an item that waits ends, as one about nobody.
pub(crate) fn erase_items(
    connection: &Connection,
    tenant: &TenantId,
    items: &[(String, u32)],
    now: Timestamp,
) -> Result<usize> {
    const ERASE: &str = "
        UPDATE job_items
        SET request = '{}',
            body = ?4
        WHERE tenant_id = ?1
          AND job_id = ?2
          AND position = ?3";
    const GONE: u16 = 410;
    const BODY: &str = r#"{"error":"user_not_found","message":"the customer was erased"}"#;
    for (job, position) in items {
        let item = JobItem {
            tenant: tenant.clone(),
            job: job.clone(),
            position: *position,
            request: String::new(),
            tries: 0,
            since: now,
        };
        // Changes nothing where the item has its result.
        finish(connection, &item, GONE, BODY, now)?;
        connection.prepare_cached(ERASE)?.execute(params![tenant.as_str(), job, position, BODY])?;
    }
    Ok(items.len())
}
