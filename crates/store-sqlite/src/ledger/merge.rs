//! Two customers who turn out to be one: what was booked, counted and claimed for both is one customer's.
//!
//! Otherwise the caps and the limit of the day would start anew with the name that remains.

use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::UsageRow;
use pytake_assistant::money::PicoUsd;
use rusqlite::{Connection, Result, Row, params};

use super::sums::{self, DayOfUser, read_usage};
use crate::columns::read_count;

/// Gives everything of one user to another.
pub(crate) fn merge(connection: &Connection, tenant: &TenantId, into: &UserId, from: &UserId) -> Result<()> {
    // Each is a range of the index by user or of the primary key. Marks are told of the sum of both from now on.
    const MERGE: [&str; 6] = [
        "UPDATE usage_ledger SET user_id = ?2 WHERE tenant_id = ?1 AND user_id = ?3",
        "DELETE FROM usage_days WHERE tenant_id = ?1 AND user_id = ?3",
        "INSERT INTO user_days (tenant_id, user_id, day, counted)
         SELECT tenant_id, ?2, day, counted
         FROM user_days
         WHERE tenant_id = ?1
           AND user_id = ?3
         ON CONFLICT (tenant_id, user_id, day) DO UPDATE
         SET counted = counted + excluded.counted",
        "DELETE FROM user_days WHERE tenant_id = ?1 AND user_id = ?3",
        "UPDATE reservations SET user_id = ?2 WHERE tenant_id = ?1 AND user_id = ?3",
        "DELETE FROM budget_marks WHERE tenant_id = ?1 AND user_id = ?3",
    ];
    merge_days(connection, tenant, into, from)?;
    for sql in MERGE {
        connection.prepare_cached(sql)?.execute([tenant.as_str(), into.as_str(), from.as_str()])?;
    }
    Ok(())
}

/// Adds the daily sums of one to those of the other.
fn merge_days(connection: &Connection, tenant: &TenantId, into: &UserId, from: &UserId) -> Result<()> {
    const OF_GONE: &str = "
        SELECT day, provider, model, operation, last_request_at, requests,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls,
               failed_calls, failed_cost, cached_answers, saved
        FROM usage_days INDEXED BY usage_days_by_user
        WHERE tenant_id = ?1
          AND user_id = ?2";
    let read = |row: &Row<'_>| {
        Ok(DayOfUser {
            day: row.get(0)?,
            provider: row.get(1)?,
            model: row.get(2)?,
            operation: row.get(3)?,
            last_request_at: row.get(4)?,
            sums: UsageRow {
                requests: read_count(row, 5)?,
                usage: read_usage(row, 6)?,
                cost: PicoUsd(row.get(13)?),
                unpriced_calls: read_count(row, 14)?,
                failed_calls: read_count(row, 15)?,
                failed_cost: PicoUsd(row.get(16)?),
                cached_answers: read_count(row, 17)?,
                saved: PicoUsd(row.get(18)?),
                ..UsageRow::default()
            },
        })
    };
    let mut statement = connection.prepare_cached(OF_GONE)?;
    let days: Vec<DayOfUser> =
        statement.query_map(params![tenant.as_str(), from.as_str()], read)?.collect::<Result<_>>()?;
    for day in &days {
        sums::add(connection, tenant, into, day)?;
    }
    Ok(())
}
