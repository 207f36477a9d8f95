//! The audit log, newest first, in pages.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::channel::canonical_phone;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_store::{AuditEntry, AuditFilter, AuditLog, Subject};
use rusqlite::{Connection, Result, Row, params};

use crate::columns::{instant, json, read_instant, read_json, read_parsed};
use crate::pages;
use crate::store::SqliteStore;

fn note(connection: &Connection, entry: &AuditEntry) -> Result<()> {
    const NOTE: &str = "
        INSERT INTO audit_log (tenant_id, at, author, action, object, status, request_id, peer)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let row = params![
        entry.tenant.as_str(),
        instant(entry.at),
        entry.author.as_str(),
        entry.action,
        json(&entry.object)?,
        entry.status,
        entry.request_id,
        entry.peer,
    ];
    connection.prepare_cached(NOTE)?.execute(row).map(drop)
}

/// A range of audit_log_by_time.
const PAGE: &str = "
    SELECT position, tenant_id, at, author, action, object, status, request_id, peer
    FROM audit_log INDEXED BY audit_log_by_time
    WHERE tenant_id = ?1
      AND at >= ?2
      AND (at, position) < (?3, ?4)
      AND (?5 IS NULL OR author = ?5)
      AND (?6 IS NULL OR action = ?6)
    ORDER BY at DESC, position DESC
    LIMIT ?7";

fn page(connection: &Connection, tenant: &TenantId, filter: &AuditFilter) -> Result<Page<AuditEntry>> {
    let size = pages::size(filter.limit);
    // No position is negative, so this is before the instant itself.
    let end = filter.to.map_or((i64::MAX, i64::MAX), |to| (instant(to), -1));
    let after = pages::place(filter.after.as_deref()).unwrap_or((i64::MAX, i64::MAX));
    let (before, before_position) = end.min(after);
    let range = params![
        tenant.as_str(),
        filter.from.map_or(i64::MIN, instant),
        before,
        before_position,
        filter.author,
        filter.action,
        size + 1,
    ];
    let rows = connection.prepare_cached(PAGE)?.query_map(range, read)?.collect::<Result<_>>()?;
    Ok(pages::page(rows, size, |entry: &AuditEntry| entry.at))
}

fn read(row: &Row<'_>) -> Result<(i64, AuditEntry)> {
    let entry = AuditEntry {
        tenant: read_parsed(row, 1)?,
        at: read_instant(row, 2)?,
        author: Author::stored(row.get(3)?),
        action: row.get(4)?,
        object: read_json(row, 5)?,
        status: row.get(6)?,
        request_id: row.get(7)?,
        peer: row.get(8)?,
    };
    Ok((row.get(0)?, entry))
}

fn sweep(connection: &Connection, tenant: &TenantId, before: Timestamp) -> Result<u64> {
    // The start of the tenant's range of audit_log_by_time. 10,000: what `AuditLog::sweep_audit` promises.
    const SWEEP: &str = "
        DELETE FROM audit_log
        WHERE position IN (
            SELECT position
            FROM audit_log INDEXED BY audit_log_by_time
            WHERE tenant_id = ?1
              AND at < ?2
            ORDER BY at
            LIMIT 10000
        )";
    let deleted = connection.prepare_cached(SWEEP)?.execute(params![tenant.as_str(), instant(before)])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// Entries after one that name somebody or a conversation of theirs, those deleted before too, as they are to be without it.
pub(crate) fn naming(
    connection: &Connection,
    subject: &Subject,
    deleted_before: &[ConversationId],
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>> {
    // The key of the table from there: whoever is erased is erased once.
    const ENTRIES: &str = "
        SELECT position, object
        FROM audit_log
        WHERE position > ?1
          AND tenant_id = ?2
        ORDER BY position";
    let names: HashSet<&str> = subject
        .users
        .iter()
        .map(UserId::as_str)
        .chain(subject.phones.iter().chain(&subject.scoped_ids).map(String::as_str))
        .chain(subject.conversations.iter().chain(deleted_before).map(ConversationId::as_str))
        .collect();
    let is_name = |value: &str| {
        let phone = canonical_phone(value);
        names.contains(value) || (!phone.is_empty() && subject.phones.contains(&phone))
    };
    let mut statement = connection.prepare_cached(ENTRIES)?;
    let mut rows = statement.query(params![after, subject.tenant.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object: BTreeMap<String, String> = read_json(row, 1)?;
        let mut is_named = false;
        for value in object.values_mut() {
            if is_name(value) {
                "erased".clone_into(value);
                is_named = true;
            }
        }
        if is_named {
            found.push((row.get(0)?, json(&object)?));
            if found.len() >= limit as usize {
                break;
            }
        }
    }
    Ok(found)
}

/// Gives entries what they are about anew.
pub(crate) fn rename(connection: &Connection, entries: &[(i64, String)]) -> Result<usize> {
    const RENAME: &str = "
        UPDATE audit_log
        SET object = ?2
        WHERE position = ?1";
    let mut statement = connection.prepare_cached(RENAME)?;
    entries.iter().map(|(position, object)| statement.execute(params![position, object])).sum()
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn note_audit(&self, entry: &AuditEntry) -> Result<(), StorageError> {
        let entry = entry.clone();
        self.write("write the audit log", move |connection| note(connection, &entry)).await
    }

    async fn audit(&self, tenant: &TenantId, filter: AuditFilter) -> Result<Page<AuditEntry>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the audit log", move |connection| page(connection, &tenant, &filter)).await
    }

    async fn sweep_audit(&self, tenant: &TenantId, before: Timestamp) -> Result<u64, StorageError> {
        let tenant = tenant.clone();
        self.write("sweep the audit log", move |connection| sweep(connection, &tenant, before)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans;

    #[test]
    fn a_page_is_a_range_of_an_index() {
        plans::assert_uses(PAGE, "audit_log_by_time");
        assert!(!plans::plan(PAGE).contains("B-TREE"), "nothing is sorted");
    }
}
