//! What remains of an erasure: who had it done, when, and how much went.

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_store::{DataCounts, Erasure, ErasureRecord};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, read_count, read_instant, read_json, read_optional_instant, read_parsed};

/// Whether an erasure has not ended yet. What has ended is not gone on with: the customer may have come back since.
pub(super) fn is_under_way(connection: &Connection, erasure: &Erasure) -> Result<bool> {
    const IS_UNDER_WAY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM erasures
            WHERE tenant_id = ?1
              AND erasure_id = ?2
              AND subject IS NOT NULL
        )";
    let key = [erasure.subject.tenant.as_str(), &erasure.id];
    connection.prepare_cached(IS_UNDER_WAY)?.query_row(key, |row| row.get(0))
}

/// Adds to what an erasure has erased.
pub(super) fn note(
    connection: &Connection,
    tenant: &TenantId,
    id: &str,
    kind: &str,
    rows: usize,
) -> Result<()> {
    const NOTE: &str = "
        INSERT INTO erasure_counts (tenant_id, erasure_id, kind, count)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, erasure_id, kind) DO UPDATE
        SET count = count + excluded.count";
    if rows == 0 {
        return Ok(());
    }
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    connection.prepare_cached(NOTE)?.execute(params![tenant.as_str(), id, kind, rows]).map(drop)
}

pub(super) fn unfinished(connection: &Connection) -> Result<Vec<Erasure>> {
    // The partial index erasures_unfinished.
    const UNFINISHED: &str = "
        SELECT erasure_id, subject, pseudonyms
        FROM erasures
        WHERE subject IS NOT NULL
        ORDER BY begun_at";
    let read = |row: &Row<'_>| {
        Ok(Erasure { id: row.get(0)?, subject: read_json(row, 1)?, pseudonyms: read_json(row, 2)? })
    };
    connection.prepare_cached(UNFINISHED)?.query_map([], read)?.collect()
}

pub(super) fn tenants_since(connection: &Connection, since: Timestamp) -> Result<Vec<TenantId>> {
    // Reads every erasure there was: as many as people asked for it.
    const TENANTS: &str = "
        SELECT DISTINCT tenant_id
        FROM erasures
        WHERE begun_at >= ?1
           OR finished_at >= ?1";
    connection.prepare_cached(TENANTS)?.query_map([instant(since)], |row| read_parsed(row, 0))?.collect()
}

pub(super) fn record(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<ErasureRecord>> {
    const RECORD: &str = "
        SELECT erasure_id, author, pseudonyms, begun_at, finished_at
        FROM erasures
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let found =
        connection.prepare_cached(RECORD)?.query_row([tenant.as_str(), id], read_record).optional()?;
    found.map(|record| with_counts(connection, tenant, record)).transpose()
}

pub(super) fn records(connection: &Connection, tenant: &TenantId, limit: u32) -> Result<Vec<ErasureRecord>> {
    // The ids are ordered by time.
    const RECORDS: &str = "
        SELECT erasure_id, author, pseudonyms, begun_at, finished_at
        FROM erasures
        WHERE tenant_id = ?1
        ORDER BY erasure_id DESC
        LIMIT ?2";
    let found: Vec<ErasureRecord> = connection
        .prepare_cached(RECORDS)?
        .query_map(params![tenant.as_str(), limit], read_record)?
        .collect::<Result<_>>()?;
    found.into_iter().map(|record| with_counts(connection, tenant, record)).collect()
}

fn read_record(row: &Row<'_>) -> Result<ErasureRecord> {
    Ok(ErasureRecord {
        id: row.get(0)?,
        author: Author::stored(row.get(1)?),
        pseudonyms: read_json(row, 2)?,
        begun_at: read_instant(row, 3)?,
        finished_at: read_optional_instant(row, 4)?,
        counts: DataCounts::new(),
    })
}

fn with_counts(
    connection: &Connection,
    tenant: &TenantId,
    mut record: ErasureRecord,
) -> Result<ErasureRecord> {
    const COUNTS: &str = "
        SELECT kind, count
        FROM erasure_counts
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let mut statement = connection.prepare_cached(COUNTS)?;
    let mut rows = statement.query([tenant.as_str(), record.id.as_str()])?;
    while let Some(row) = rows.next()? {
        record.counts.insert(row.get(0)?, read_count(row, 1)?);
    }
    Ok(record)
}
