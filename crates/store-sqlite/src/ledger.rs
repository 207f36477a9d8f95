//! Requests and money: reserved before a call, booked after it. The sums are in `sums`.
//!
//! The limits are exact because there is one writer at a time: each reservation is decided in a transaction that
//! holds the write lock from its first statement.

mod sums;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::clock::utc_day;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{
    Admission, BudgetClaim, Ledger, LedgerEntry, Operation, ReservationId, ReservationRequest, UsageQuery,
    UsageRow, UserUsage,
};
use pytake_assistant::money::PicoUsd;
use pytake_store::Audit;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{count, day, instant, month, read_count, read_optional_instant};
use crate::readers::in_snapshot;
use crate::store::SqliteStore;

fn reserve(connection: &Connection, request: &ReservationRequest) -> Result<Admission> {
    if !count_request(connection, request)? {
        return counted(connection, request).map(|used| Admission::DailyLimit { used });
    }
    match request.budget {
        Some(claim) => claim_money(connection, request, claim),
        None => Ok(Admission::Admitted),
    }
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

fn claim_money(
    connection: &Connection,
    request: &ReservationRequest,
    claim: BudgetClaim,
) -> Result<Admission> {
    const CLAIM: &str = "
        INSERT INTO reservations (tenant_id, reservation_id, month, at_most, lapses_at)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    sweep(connection, &request.tenant, request.at)?;
    let month = month(request.day);
    let spent = spent(connection, &request.tenant, month)?;
    let fits = spent.0.checked_add(claim.at_most.0).is_some_and(|sum| sum <= claim.cap.0);
    if !fits {
        return Ok(Admission::Budget { spent });
    }
    let lapses_at = request.at.saturating_add(request.holds_for).unwrap_or(Timestamp::MAX);
    let row = params![request.tenant.as_str(), request.id.0, month, claim.at_most.0, instant(lapses_at),];
    connection.prepare_cached(CLAIM)?.execute(row)?;
    Ok(Admission::Admitted)
}

/// Forgets claims that nobody settled in time.
fn sweep(connection: &Connection, tenant: &TenantId, at: Timestamp) -> Result<()> {
    // The tenant's range of the primary key: as many rows as there are paid turns in flight.
    const SWEEP: &str = "
        DELETE FROM reservations
        WHERE tenant_id = ?1
          AND lapses_at <= ?2";
    connection.prepare_cached(SWEEP)?.execute(params![tenant.as_str(), instant(at)]).map(drop)
}

/// Settled and claimed together.
fn spent(connection: &Connection, tenant: &TenantId, month: i64) -> Result<PicoUsd> {
    const SETTLED: &str = "
        SELECT spent
        FROM tenant_months
        WHERE tenant_id = ?1
          AND month = ?2";
    const CLAIMED: &str = "
        SELECT at_most
        FROM reservations
        WHERE tenant_id = ?1
          AND month = ?2";
    let key = params![tenant.as_str(), month];
    let settled: Option<i64> =
        connection.prepare_cached(SETTLED)?.query_row(key, |row| row.get(0)).optional()?;
    let mut claimed = connection.prepare_cached(CLAIMED)?;
    let claims = claimed.query_map(key, |row| row.get(0).map(PicoUsd))?;
    let claimed = claims.sum::<Result<PicoUsd>>()?;
    Ok(PicoUsd(settled.unwrap_or_default()) + claimed)
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

/// Books the calls of a turn: each in the ledger and in the roll-up, their cost in the month.
pub(crate) fn book(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    at: Timestamp,
    entries: &[LedgerEntry],
) -> Result<()> {
    for entry in entries {
        sums::append(connection, tenant, user, at, entry)?;
        sums::roll_up(connection, tenant, user, at, entry)?;
    }
    let cost: PicoUsd = entries.iter().filter_map(|entry| entry.cost).sum();
    if cost > PicoUsd::ZERO {
        spend(connection, tenant, month(utc_day(at)), cost)?;
    }
    Ok(())
}

/// Whether a call answered a request of the customer, as a failed call or a background summary does not.
fn is_request(entry: &LedgerEntry) -> bool {
    entry.is_answer && entry.operation != Operation::Summary
}

fn spend(connection: &Connection, tenant: &TenantId, month: i64, cost: PicoUsd) -> Result<()> {
    const SPEND: &str = "
        INSERT INTO tenant_months (tenant_id, month, spent)
        VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id, month) DO UPDATE
        SET spent = MIN(spent, 9223372036854775807 - excluded.spent) + excluded.spent";
    connection.prepare_cached(SPEND)?.execute(params![tenant.as_str(), month, cost.0]).map(drop)
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
