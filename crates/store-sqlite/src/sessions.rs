//! Sessions, and tries to sign in.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{
    CountedFor, Failures, KnownSession, OperatorRecord, SESSION_IDLE, SESSIONS_PER_OPERATOR, SessionRecord,
    Sessions, SignIns,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{earlier, instant, read_instant, read_parsed};
use crate::store::SqliteStore;
use crate::{operators, tenants};

fn create(connection: &Connection, session: &SessionRecord, as_read: &OperatorRecord) -> Result<bool> {
    const CREATE: &str = "
        INSERT INTO sessions (
            session_id, tenant_id, operator_id, secret_hash, user_agent, created_at, last_seen_at, expires_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    if !operators::may_begin(connection, as_read)? {
        return Ok(false);
    }
    make_room(connection, session)?;
    let row = params![
        session.id,
        session.tenant.as_str(),
        session.operator,
        session.secret_hash,
        session.user_agent,
        instant(session.created_at),
        instant(session.last_seen_at),
        instant(session.expires_at),
    ];
    connection.prepare_cached(CREATE)?.execute(row)?;
    Ok(true)
}

/// Deletes the operator's sessions that are over, and the oldest of those that are too many.
fn make_room(connection: &Connection, session: &SessionRecord) -> Result<()> {
    // Both: a range of sessions_by_operator.
    const DELETE_ENDED: &str = "
        DELETE FROM sessions
        WHERE tenant_id = ?1
          AND operator_id = ?2
          AND (expires_at <= ?3 OR last_seen_at <= ?4)";
    const DELETE_OLDEST: &str = "
        DELETE FROM sessions
        WHERE session_id IN (
            SELECT session_id
            FROM sessions
            WHERE tenant_id = ?1
              AND operator_id = ?2
            ORDER BY created_at DESC, session_id DESC
            LIMIT -1 OFFSET ?3
        )";
    let now = session.created_at;
    let (tenant, operator) = (session.tenant.as_str(), &session.operator);
    let ended = params![tenant, operator, instant(now), instant(earlier(now, SESSION_IDLE))];
    connection.prepare_cached(DELETE_ENDED)?.execute(ended)?;
    let kept = i64::try_from(SESSIONS_PER_OPERATOR - 1).unwrap_or(i64::MAX);
    connection.prepare_cached(DELETE_OLDEST)?.execute(params![tenant, operator, kept]).map(drop)
}

fn read(row: &Row<'_>) -> Result<SessionRecord> {
    Ok(SessionRecord {
        id: row.get(0)?,
        tenant: read_parsed(row, 1)?,
        operator: row.get(2)?,
        secret_hash: row.get(3)?,
        user_agent: row.get(4)?,
        created_at: read_instant(row, 5)?,
        last_seen_at: read_instant(row, 6)?,
        expires_at: read_instant(row, 7)?,
    })
}

fn by_hash(connection: &Connection, secret_hash: [u8; 32]) -> Result<Option<KnownSession>> {
    // One entry of the unique index on secret_hash, one of the operators' primary key.
    const BY_HASH: &str = "
        SELECT s.session_id, s.tenant_id, s.operator_id, s.secret_hash, s.user_agent,
               s.created_at, s.last_seen_at, s.expires_at,
               o.operator_id, o.tenant_id, o.email, o.name, o.role, o.is_admin, o.password_hash,
               o.created_at, o.disabled_at
        FROM sessions AS s
        JOIN operators AS o ON o.operator_id = s.operator_id
        WHERE s.secret_hash = ?1";
    let both = |row: &Row<'_>| Ok((read(row)?, operators::read_from(row, 8)?));
    let found = connection.prepare_cached(BY_HASH)?.query_row([secret_hash], both).optional()?;
    let Some((session, operator)) = found else { return Ok(None) };
    let is_suspended = tenants::is_suspended(connection, &operator.tenant)?;
    Ok(Some(KnownSession { session, operator, is_suspended }))
}

fn list(connection: &Connection, tenant: &TenantId, operator: Option<&str>) -> Result<Vec<SessionRecord>> {
    // A range of sessions_by_operator.
    const LIST: &str = "
        SELECT session_id, tenant_id, operator_id, secret_hash, user_agent, created_at, last_seen_at, expires_at
        FROM sessions
        WHERE tenant_id = ?1
          AND (?2 IS NULL OR operator_id = ?2)
        ORDER BY created_at, session_id";
    connection.prepare_cached(LIST)?.query_map(params![tenant.as_str(), operator], read)?.collect()
}

fn touch(connection: &Connection, tenant: &TenantId, id: &str, at: Timestamp) -> Result<()> {
    const TOUCH: &str = "
        UPDATE sessions
        SET last_seen_at = ?3
        WHERE session_id = ?2
          AND tenant_id = ?1
          AND last_seen_at < ?3";
    connection.prepare_cached(TOUCH)?.execute(params![tenant.as_str(), id, instant(at)]).map(drop)
}

fn end(connection: &Connection, tenant: &TenantId, operator: Option<&str>, id: &str) -> Result<bool> {
    const END: &str = "
        DELETE FROM sessions
        WHERE session_id = ?2
          AND tenant_id = ?1
          AND (?3 IS NULL OR operator_id = ?3)";
    Ok(connection.prepare_cached(END)?.execute(params![tenant.as_str(), id, operator])? > 0)
}

/// Ends every session of an operator.
pub(crate) fn end_all(connection: &Connection, tenant: &TenantId, operator: &str) -> Result<()> {
    // A range of sessions_by_operator.
    const END_ALL: &str = "
        DELETE FROM sessions
        WHERE tenant_id = ?1
          AND operator_id = ?2";
    connection.prepare_cached(END_ALL)?.execute([tenant.as_str(), operator]).map(drop)
}

fn take_try(connection: &Connection, counted_for: &[CountedFor], now: Timestamp) -> Result<Option<Duration>> {
    const COUNT: &str = "
        INSERT INTO sign_in_failures (counted_for, failures, last_at)
        VALUES (?1, ?2, ?3)
        ON CONFLICT (counted_for) DO UPDATE
        SET failures = excluded.failures,
            last_at = excluded.last_at";
    forget_old(connection, now)?;
    set_back(connection, now)?;
    let mut counted = Vec::with_capacity(counted_for.len());
    for what in counted_for {
        counted.push((what, failures(connection, what)?));
    }
    let waits = counted.iter().filter_map(|(_, failures)| failures.and_then(|failures| failures.wait(now)));
    if let Some(longest) = waits.max() {
        return Ok(Some(longest));
    }
    for (what, failures) in counted {
        let after = failures.map_or(Failures { count: 1, last_at: now }, |failures| failures.and_one(now));
        connection.prepare_cached(COUNT)?.execute(params![what, after.count, instant(now)])?;
    }
    Ok(None)
}

fn failures(connection: &Connection, counted_for: &CountedFor) -> Result<Option<Failures>> {
    const FAILURES: &str = "
        SELECT failures, last_at
        FROM sign_in_failures
        WHERE counted_for = ?1";
    let read = |row: &Row<'_>| Ok(Failures { count: row.get(0)?, last_at: read_instant(row, 1)? });
    connection.prepare_cached(FAILURES)?.query_row([counted_for], read).optional()
}

/// Deletes some of what counts no more, a few more with each try than the try adds, so that the table stays small.
fn forget_old(connection: &Connection, now: Timestamp) -> Result<()> {
    // The start of sign_in_failures_by_time.
    const FORGET: &str = "
        DELETE FROM sign_in_failures
        WHERE counted_for IN (
            SELECT counted_for
            FROM sign_in_failures
            WHERE last_at < ?1
            ORDER BY last_at
            LIMIT 10
        )";
    // The longest wait, and the pause after it.
    let forgotten = earlier(now, Failures::WINDOW * 2);
    connection.prepare_cached(FORGET)?.execute([instant(forgotten)]).map(drop)
}

/// What a clock that was ahead has written counts from now on: it would make people wait until that clock's time comes.
fn set_back(connection: &Connection, now: Timestamp) -> Result<()> {
    // The end of sign_in_failures_by_time, where usually nothing is.
    const SET_BACK: &str = "
        UPDATE sign_in_failures
        SET last_at = ?1
        WHERE last_at > ?1";
    connection.prepare_cached(SET_BACK)?.execute([instant(now)]).map(drop)
}

fn try_succeeded(connection: &Connection, account: &CountedFor, others: &[CountedFor]) -> Result<()> {
    const FORGET: &str = "
        DELETE FROM sign_in_failures
        WHERE counted_for = ?1";
    const TAKE_OFF: &str = "
        UPDATE sign_in_failures
        SET failures = MAX(failures - 1, 0)
        WHERE counted_for = ?1";
    connection.prepare_cached(FORGET)?.execute([account])?;
    for other in others {
        connection.prepare_cached(TAKE_OFF)?.execute([other])?;
    }
    Ok(())
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn create_session(
        &self,
        session: &SessionRecord,
        as_read: &OperatorRecord,
    ) -> Result<bool, StorageError> {
        let (session, as_read) = (session.clone(), as_read.clone());
        self.write("store the session", move |connection| create(connection, &session, &as_read)).await
    }

    async fn session_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<KnownSession>, StorageError> {
        let secret_hash = *secret_hash;
        self.read_short("look up the session", move |connection| by_hash(connection, secret_hash)).await
    }

    async fn sessions(
        &self,
        tenant: &TenantId,
        operator: Option<&str>,
    ) -> Result<Vec<SessionRecord>, StorageError> {
        let (tenant, operator) = (tenant.clone(), operator.map(str::to_owned));
        let work = move |connection: &Connection| list(connection, &tenant, operator.as_deref());
        self.read_long("list the sessions", work).await
    }

    async fn touch_session(&self, tenant: &TenantId, id: &str, at: Timestamp) -> Result<(), StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        let work = move |connection: &Connection| touch(connection, &tenant, &id, at);
        self.write("note the use of the session", work).await
    }

    async fn end_session(
        &self,
        tenant: &TenantId,
        operator: Option<&str>,
        id: &str,
    ) -> Result<bool, StorageError> {
        let (tenant, operator, id) = (tenant.clone(), operator.map(str::to_owned), id.to_owned());
        let work = move |connection: &Connection| end(connection, &tenant, operator.as_deref(), &id);
        self.write("end the session", work).await
    }
}

#[async_trait]
impl SignIns for SqliteStore {
    async fn take_try(
        &self,
        counted_for: &[CountedFor],
        now: Timestamp,
    ) -> Result<Option<Duration>, StorageError> {
        let counted_for = counted_for.to_vec();
        let work = move |connection: &Connection| take_try(connection, &counted_for, now);
        self.write("count the try to sign in", work).await
    }

    async fn try_succeeded(&self, account: &CountedFor, others: &[CountedFor]) -> Result<(), StorageError> {
        let (account, others) = (*account, others.to_vec());
        let work = move |connection: &Connection| try_succeeded(connection, &account, &others);
        self.write("forget the tries to sign in", work).await
    }
}

#[cfg(test)]
mod tests {
    use crate::plans;

    #[test]
    fn what_counts_no_more_is_found_by_its_time() {
        let sql = "SELECT counted_for FROM sign_in_failures WHERE last_at < 1 ORDER BY last_at LIMIT 10";
        plans::assert_uses(sql, "sign_in_failures_by_time");
    }
}
