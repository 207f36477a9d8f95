//! Requests and money: reserved before a call, booked after it. The money is in `money`, the sums are in `sums`, single
//! bookings in `listing`.
//!
//! The limits are exact because there is one writer at a time: each reservation is decided in a transaction that
//! holds the write lock from its first statement.

mod listing;
mod merge;
mod money;
mod sums;

pub(crate) use merge::merge;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::budget::{BudgetClaim, BudgetMark, Spending};
use pytake_assistant::clock::utc_day;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_assistant::ledger::{
    Admission, Booking, BookingFilter, Ledger, LedgerEntry, Operation, Origin, ReservationId,
    ReservationRequest, UsageQuery, UsageRow, UserUsage,
};
use pytake_assistant::money::PicoUsd;
use pytake_store::Audit;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{count, day, read_count, read_optional_instant, read_parsed};
use crate::readers::in_snapshot;
use crate::store::SqliteStore;

fn reserve(connection: &Connection, request: &ReservationRequest) -> Result<Admission> {
    if !count_request(connection, request)? {
        return counted(connection, request).map(|used| Admission::DailyLimit { used });
    }
    if request.budgets.is_empty() { Ok(Admission::Admitted) } else { money::claim(connection, request) }
}

/// False when the day is full; then nothing is counted.
fn count_request(connection: &Connection, request: &ReservationRequest) -> Result<bool> {
    const COUNT: &str = "
        INSERT INTO user_days (tenant_id, user_id, day, counted)
        SELECT ?1, ?2, ?3, 1
        WHERE ?4 > 0
        ON CONFLICT (tenant_id, user_id, day) DO UPDATE
        SET counted = counted + 1
        WHERE counted < ?4";
    let limit = request.daily_limit.map_or(i64::MAX, count);
    let row = params![request.tenant.as_str(), request.user.as_str(), day(request.day), limit];
    Ok(connection.prepare_cached(COUNT)?.execute(row)? > 0)
}

fn counted(connection: &Connection, request: &ReservationRequest) -> Result<u64> {
    const COUNTED: &str = "
        SELECT counted
        FROM user_days
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day = ?3";
    let key = params![request.tenant.as_str(), request.user.as_str(), day(request.day)];
    let found = connection.prepare_cached(COUNTED)?.query_row(key, |row| read_count(row, 0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// Ends a claim on the budget, if there is one of this name.
pub(crate) fn settle(connection: &Connection, tenant: &TenantId, id: &ReservationId) -> Result<()> {
    const SETTLE: &str = "
        DELETE FROM reservations
        WHERE tenant_id = ?1
          AND reservation_id = ?2";
    connection.prepare_cached(SETTLE)?.execute([tenant.as_str(), &id.0]).map(drop)
}

fn release(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    on: Date,
    id: &ReservationId,
) -> Result<()> {
    const UNCOUNT: &str = "
        UPDATE user_days
        SET counted = counted - 1
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day = ?3
          AND counted > 0";
    const FORGET: &str = "
        DELETE FROM user_days
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day = ?3
          AND counted = 0";
    settle(connection, tenant, id)?;
    let key = params![tenant.as_str(), user.as_str(), day(on)];
    connection.prepare_cached(UNCOUNT)?.execute(key)?;
    connection.prepare_cached(FORGET)?.execute(key).map(drop)
}

/// Books the calls of a turn: each in the ledger and in the roll-up, their cost in the day and the month. Tells which
/// marks of the budgets that passes.
pub(crate) fn book(
    connection: &Connection,
    bookings: &Bookings<'_>,
    entries: &[LedgerEntry],
) -> Result<Vec<BudgetMark>> {
    for entry in entries {
        sums::append(connection, bookings, entry)?;
        sums::roll_up(connection, bookings.tenant, bookings.user, bookings.at, entry)?;
    }
    let cost: PicoUsd = entries.iter().filter_map(|entry| entry.cost).sum();
    if cost <= PicoUsd::ZERO {
        return Ok(Vec::new());
    }
    money::spend(connection, bookings.tenant, utc_day(bookings.at), cost)?;
    if bookings.budgets.is_empty() {
        return Ok(Vec::new());
    }
    money::marks_passed(connection, bookings)
}

/// What the bookings of a turn have in common.
pub(crate) struct Bookings<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) user: &'a UserId,
    pub(crate) at: Timestamp,
    pub(crate) origin: &'a Origin,
    pub(crate) budgets: &'a [BudgetClaim],
}

/// Whether a call answered a request of the customer, as a failed call or a background summary does not.
fn is_request(entry: &LedgerEntry) -> bool {
    entry.is_answer && entry.operation != Operation::Summary
}

fn user_usage(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    today: Date,
) -> Result<Option<UserUsage>> {
    // Ranges of the primary key and of usage_days_by_user.
    const COUNTED: &str = "
        SELECT COUNT(*), SUM(CASE WHEN day = ?3 THEN counted ELSE 0 END)
        FROM user_days
        WHERE tenant_id = ?1
          AND user_id = ?2";
    const ANSWERED: &str = "
        SELECT COUNT(*), SUM(requests), MAX(last_request_at)
        FROM usage_days INDEXED BY usage_days_by_user
        WHERE tenant_id = ?1
          AND user_id = ?2";
    let sum = |row: &Row<'_>, column| row.get::<_, Option<i64>>(column).map(Option::unwrap_or_default);
    let (counted_days, requests_today) = connection
        .prepare_cached(COUNTED)?
        .query_row(params![tenant.as_str(), user.as_str(), day(today)], |row| {
            Ok((read_count(row, 0)?, sum(row, 1)?.unsigned_abs()))
        })?;
    let (answered_days, total_requests, last_request) =
        connection.prepare_cached(ANSWERED)?.query_row([tenant.as_str(), user.as_str()], |row| {
            Ok((read_count(row, 0)?, sum(row, 1)?.unsigned_abs(), read_optional_instant(row, 2)?))
        })?;
    let is_known = counted_days + answered_days > 0;
    Ok(is_known.then_some(UserUsage { total_requests, requests_today, last_request }))
}

/// Bookings of a user after an entry, in order; at most so many.
pub(crate) fn entries_of(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    after: i64,
    limit: u32,
) -> Result<Vec<i64>> {
    const ENTRIES: &str = "
        SELECT entry_id
        FROM usage_ledger
        WHERE entry_id > ?3
          AND tenant_id = ?1
          AND user_id = ?2
        ORDER BY entry_id
        LIMIT ?4";
    let range = params![tenant.as_str(), user.as_str(), after, limit];
    connection.prepare_cached(ENTRIES)?.query_map(range, |row| row.get(0))?.collect()
}

/// Gives bookings of a tenant another user, and no conversation.
pub(crate) fn rename_entries(
    connection: &Connection,
    tenant: &TenantId,
    entries: &[i64],
    to: &UserId,
) -> Result<usize> {
    const RENAME: &str = "
        UPDATE usage_ledger
        SET user_id = ?3,
            conversation_id = NULL,
            message_id = NULL
        WHERE entry_id = ?1
          AND tenant_id = ?2";
    let mut statement = connection.prepare_cached(RENAME)?;
    entries.iter().map(|entry| statement.execute(params![entry, tenant.as_str(), to.as_str()])).sum()
}

/// Gives so many bookings of a user and a UTC day another user, and no conversation.
pub(crate) fn rename_entries_of_day(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    on: Date,
    to: &str,
    limit: u32,
) -> Result<usize> {
    // A range of usage_ledger_by_user.
    const ENTRIES: &str = "
        SELECT entry_id
        FROM usage_ledger
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND booked_at >= ?3
          AND booked_at < ?4
        LIMIT ?5";
    let (from, to_instant) = sums::instants_of(Some(on), Some(on));
    let range = params![tenant.as_str(), user.as_str(), from, to_instant, limit];
    let entries: Vec<i64> =
        connection.prepare_cached(ENTRIES)?.query_map(range, |row| row.get(0))?.collect::<Result<_>>()?;
    for entry in &entries {
        rename_entry(connection, *entry, to)?;
    }
    Ok(entries.len())
}

/// Conversations that bookings of a user were for and that nobody has any more.
pub(crate) fn conversations_gone(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
) -> Result<Vec<ConversationId>> {
    // A range of usage_ledger_by_user.
    const GONE: &str = "
        SELECT DISTINCT conversation_id
        FROM usage_ledger
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND conversation_id IS NOT NULL
          AND NOT EXISTS (
                SELECT 1
                FROM conversations
                WHERE conversations.tenant_id = ?1
                  AND conversations.conversation_id = usage_ledger.conversation_id
            )";
    let key = [tenant.as_str(), user.as_str()];
    connection.prepare_cached(GONE)?.query_map(key, |row| read_parsed(row, 0))?.collect()
}

/// Gives one booking another user, and no conversation.
pub(crate) fn rename_entry(connection: &Connection, entry: i64, to: &str) -> Result<()> {
    const RENAME: &str = "
        UPDATE usage_ledger
        SET user_id = ?2,
            conversation_id = NULL,
            message_id = NULL
        WHERE entry_id = ?1";
    connection.prepare_cached(RENAME)?.execute(params![entry, to]).map(drop)
}

/// Gives so many daily sums of a user to another, who has none of these days.
pub(crate) fn rename_days(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    to: &UserId,
    limit: u32,
) -> Result<usize> {
    const RENAME: &str = "
        UPDATE usage_days
        SET user_id = ?3
        WHERE (tenant_id, day, user_id, provider, model, operation) IN (
            SELECT tenant_id, day, user_id, provider, model, operation
            FROM usage_days INDEXED BY usage_days_by_user
            WHERE tenant_id = ?1
              AND user_id = ?2
            LIMIT ?4
        )";
    let row = params![tenant.as_str(), user.as_str(), to.as_str(), limit];
    connection.prepare_cached(RENAME)?.execute(row)
}

/// Gives the sums of a user and a day to another, who has none of that day.
pub(crate) fn rename_day(
    connection: &Connection,
    tenant: &TenantId,
    user: &str,
    on: Date,
    to: &str,
) -> Result<()> {
    const RENAME: &str = "
        UPDATE usage_days
        SET user_id = ?4
        WHERE tenant_id = ?1
          AND day = ?3
          AND user_id = ?2";
    let row = params![tenant.as_str(), user, day(on), to];
    connection.prepare_cached(RENAME)?.execute(row).map(drop)
}

/// Forgets what was counted, claimed and told for a user's limits and budgets. A claim in flight goes on as the tenant's.
pub(crate) fn forget_days(connection: &Connection, tenant: &TenantId, user: &UserId) -> Result<()> {
    const FORGET: [&str; 3] = [
        "DELETE FROM user_days WHERE tenant_id = ?1 AND user_id = ?2",
        "DELETE FROM budget_marks WHERE tenant_id = ?1 AND user_id = ?2",
        "UPDATE reservations SET user_id = '' WHERE tenant_id = ?1 AND user_id = ?2",
    ];
    for sql in FORGET {
        connection.prepare_cached(sql)?.execute([tenant.as_str(), user.as_str()])?;
    }
    Ok(())
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn reserve(&self, request: ReservationRequest) -> Result<Admission, StorageError> {
        self.write("reserve the request", move |connection| reserve(connection, &request)).await
    }

    async fn release(
        &self,
        tenant: &TenantId,
        user: &UserId,
        day: Date,
        id: &ReservationId,
    ) -> Result<(), StorageError> {
        let (tenant, user, id) = (tenant.clone(), user.clone(), id.clone());
        self.write("release the request", move |connection| release(connection, &tenant, &user, day, &id))
            .await
    }

    async fn user_usage(
        &self,
        tenant: &TenantId,
        user: &UserId,
        today: Date,
    ) -> Result<Option<UserUsage>, StorageError> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.read_long("sum the user's requests", move |connection| {
            in_snapshot(connection, |connection| user_usage(connection, &tenant, &user, today))
        })
        .await
    }

    async fn spending(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
        at: Timestamp,
    ) -> Result<Spending, StorageError> {
        let (tenant, user) = (tenant.clone(), user.cloned());
        self.read_long("read what is spent", move |connection| {
            in_snapshot(connection, |connection| money::spending(connection, &tenant, user.as_ref(), at))
        })
        .await
    }

    async fn bookings(
        &self,
        tenant: &TenantId,
        filter: BookingFilter,
    ) -> Result<Page<Booking>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the bookings", move |connection| listing::page(connection, &tenant, &filter))
            .await
    }

    async fn usage(&self, tenant: &TenantId, query: UsageQuery) -> Result<Vec<UsageRow>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("sum the usage", move |connection| sums::usage(connection, &tenant, &query)).await
    }
}

#[async_trait]
impl Audit for SqliteStore {
    async fn usage_from_ledger(
        &self,
        tenant: &TenantId,
        query: UsageQuery,
    ) -> Result<Vec<UsageRow>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("sum the ledger", move |connection| sums::from_ledger(connection, &tenant, &query))
            .await
    }
}
