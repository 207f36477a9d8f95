//! What keeps an erasure whole after it: turns that began before it write nothing, whoever wanted no messages still wants
//! none, and a repeated delivery of what was erased stays known. All of it are hashes.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::id::{TenantId, UserId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::{instant, later, read_optional_instant, read_parsed};
use crate::hashes::{Hash, Hashes};

/// How long a booking without an exchange may come after the erasure of whom it was for: longer than any call lasts, whose
/// deadline is thirty seconds and at most some minutes.
const IN_FLIGHT: Duration = Duration::from_mins(10);

/// A user who was erased, or is being.
pub(crate) struct Erased {
    pub(crate) pseudonym: UserId,
    erased_at: Option<Timestamp>,
}

impl Erased {
    /// Whether a turn belongs to what was erased: it began before the erasure ended. One that kept nothing says only
    /// when it ended.
    pub(crate) fn covers(&self, began_at: Option<Timestamp>, ended_at: Timestamp) -> bool {
        let Some(erased_at) = self.erased_at else { return true };
        match began_at {
            Some(began_at) => began_at <= erased_at,
            None => ended_at <= later(erased_at, IN_FLIGHT),
        }
    }
}

/// Whether a user was erased lately.
pub(crate) fn of_user(connection: &Connection, tenant: &TenantId, user: &[Hash]) -> Result<Option<Erased>> {
    const FIND: &str = "
        SELECT pseudonym, erased_at
        FROM erased_users
        WHERE tenant_id = ?1
          AND user_hash = ?2";
    let mut statement = connection.prepare_cached(FIND)?;
    for hash in user {
        let found = statement
            .query_row(params![tenant.as_str(), hash], |row| {
                Ok(Erased { pseudonym: read_parsed(row, 0)?, erased_at: read_optional_instant(row, 1)? })
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Notes that a user is being erased, or since when they are.
pub(super) fn put_user(
    connection: &Connection,
    tenant: &TenantId,
    user: &[Hash],
    pseudonym: &UserId,
    erased_at: Option<Timestamp>,
) -> Result<()> {
    const PUT: &str = "
        INSERT INTO erased_users (tenant_id, user_hash, pseudonym, erased_at)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, user_hash) DO UPDATE
        SET pseudonym = excluded.pseudonym,
            erased_at = excluded.erased_at";
    let Some(hash) = user.first() else { return Ok(()) };
    let row = params![tenant.as_str(), hash, pseudonym.as_str(), erased_at.map(instant)];
    connection.prepare_cached(PUT)?.execute(row).map(drop)
}

/// What somebody wanted before they were erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) opted_out_at: Option<Timestamp>,
    pub(crate) marketing_stopped_at: Option<Timestamp>,
}

/// Remembers what the owner of an address wants.
pub(crate) fn put_address(
    connection: &Connection,
    tenant: &TenantId,
    address: &[Hash],
    wishes: Wishes,
) -> Result<()> {
    const PUT: &str = "
        INSERT INTO erased_addresses (tenant_id, address_hash, opted_out_at, marketing_stopped_at)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, address_hash) DO UPDATE
        SET opted_out_at = COALESCE(excluded.opted_out_at, opted_out_at),
            marketing_stopped_at = COALESCE(excluded.marketing_stopped_at, marketing_stopped_at)";
    let Some(hash) = address.first() else { return Ok(()) };
    let (out, marketing) = (wishes.opted_out_at.map(instant), wishes.marketing_stopped_at.map(instant));
    connection.prepare_cached(PUT)?.execute(params![tenant.as_str(), hash, out, marketing]).map(drop)
}

/// Takes what the owner of an address, whom nobody knows any more, wanted; from then on it stands with the new customer.
pub(crate) fn take_address(
    connection: &Connection,
    tenant: &TenantId,
    address: &[Hash],
) -> Result<Option<Wishes>> {
    const TAKE: &str = "
        DELETE FROM erased_addresses
        WHERE tenant_id = ?1
          AND address_hash = ?2
        RETURNING opted_out_at, marketing_stopped_at";
    let mut statement = connection.prepare_cached(TAKE)?;
    for hash in address {
        let taken = statement
            .query_row(params![tenant.as_str(), hash], |row| {
                Ok(Wishes {
                    opted_out_at: read_optional_instant(row, 0)?,
                    marketing_stopped_at: read_optional_instant(row, 1)?,
                })
            })
            .optional()?;
        if taken.is_some() {
            return Ok(taken);
        }
    }
    Ok(None)
}

/// Whether an event was erased.
pub(crate) fn is_erased_event(
    connection: &Connection,
    hashes: &Hashes,
    number: &str,
    key: &str,
) -> Result<bool> {
    const IS_ANY: &str = "
        SELECT EXISTS (SELECT 1 FROM erased_events)";
    const IS_ERASED: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM erased_events
            WHERE number_id = ?1
              AND key_hash = ?2
        )";
    // Most databases never erased anybody in these days: they need no hash.
    if !connection.prepare_cached(IS_ANY)?.query_row([], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    for hash in hashes.event(number, key) {
        let is_erased: bool =
            connection.prepare_cached(IS_ERASED)?.query_row(params![number, hash], |row| row.get(0))?;
        if is_erased {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What stands among the keys of erased events for every report on a message.
pub(crate) fn report_on(message_id: &str) -> String {
    format!("report on {message_id}")
}

/// Remembers an event that is erased.
pub(super) fn put_event(
    connection: &Connection,
    hashes: &Hashes,
    number: &str,
    key: &str,
    at: Timestamp,
) -> Result<()> {
    const PUT: &str = "
        INSERT INTO erased_events (number_id, key_hash, erased_at)
        VALUES (?1, ?2, ?3)
        ON CONFLICT (number_id, key_hash) DO NOTHING";
    let hashes = hashes.event(number, key);
    let Some(hash) = hashes.first() else { return Ok(()) };
    connection.prepare_cached(PUT)?.execute(params![number, hash, instant(at)]).map(drop)
}

/// Forgets erased events and users of before; at most so many of each. What people want is not forgotten.
pub(super) fn sweep(connection: &Connection, before: Timestamp, limit: u32) -> Result<u64> {
    // A range of erased_events_by_time.
    const EVENTS: &str = "
        DELETE FROM erased_events
        WHERE (number_id, key_hash) IN (
            SELECT number_id, key_hash
            FROM erased_events
            WHERE erased_at < ?1
            ORDER BY erased_at
            LIMIT ?2
        )";
    // Reads them all: there are as many as people were erased within the last days.
    const USERS: &str = "
        DELETE FROM erased_users
        WHERE (tenant_id, user_hash) IN (
            SELECT tenant_id, user_hash
            FROM erased_users
            WHERE erased_at < ?1
            LIMIT ?2
        )";
    let mut gone = 0;
    for sql in [EVENTS, USERS] {
        let rows = connection.prepare_cached(sql)?.execute(params![instant(before), limit])?;
        gone += u64::try_from(rows).unwrap_or(u64::MAX);
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_the_end_of_an_erasure_belongs_to_it() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let pseudonym = UserId::new("erased-1").unwrap();
        let running = Erased { pseudonym: pseudonym.clone(), erased_at: None };
        assert!(running.covers(Some(at(900)), at(901)));
        let ended = Erased { pseudonym, erased_at: Some(at(100)) };
        assert!(ended.covers(Some(at(100)), at(200)));
        assert!(!ended.covers(Some(at(101)), at(102)));
        assert!(ended.covers(None, at(700)) && !ended.covers(None, at(701)));
    }
}
