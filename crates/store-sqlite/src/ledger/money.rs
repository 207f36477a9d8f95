//! Money: claimed from every budget before a call, spent after it, and which marks that passes.
//!
//! What the tenant has spent is counted in `tenant_months`, by month and by day; what a customer has is summed from the
//! roll-up, a handful of rows. A claim counts on every day until it is settled: a turn that begins before midnight and
//! ends after it has its room in both days, and so has one whose clock went back over midnight.

use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::budget::{
    BudgetClaim, BudgetMark, Spending, first_without_room, mark_reached, marks_between,
};
use pytake_assistant::clock::utc_day;
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{Admission, ReservationRequest};
use pytake_assistant::money::PicoUsd;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::Bookings;
use crate::columns::{day, instant, month};

/// The mark of a cap that has no room.
const USED_UP: u8 = 100;

/// Claims the money of a request from every budget, or what its cheaper model needs, or nothing.
pub(super) fn claim(connection: &Connection, request: &ReservationRequest) -> Result<Admission> {
    let ReservationRequest { tenant, budgets, .. } = request;
    sweep(connection, tenant, request.at)?;
    let of_user = budgets.iter().any(|budget| budget.scope.is_of_user()).then_some(&request.user);
    let spending = counted(connection, tenant, of_user, request.day, request.at)?;
    let Some(full) = first_without_room(budgets, &spending, request.at_most) else {
        enter(connection, request, request.at_most)?;
        return Ok(Admission::Admitted);
    };
    let passed = mark_full(connection, request, &spending)?;
    if let Some(cheaper) = request.cheaper
        && first_without_room(budgets, &spending, cheaper).is_none()
    {
        enter(connection, request, cheaper)?;
        return Ok(Admission::Cheaper { passed });
    }
    let spent = spending.settled(full.scope) + spending.claimed(full.scope);
    Ok(Admission::Budget { scope: full.scope, spent, passed })
}

fn enter(connection: &Connection, request: &ReservationRequest, at_most: PicoUsd) -> Result<()> {
    const ENTER: &str = "
        INSERT INTO reservations (tenant_id, reservation_id, month, at_most, lapses_at, user_id, day)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let lapses_at = request.at.saturating_add(request.holds_for).unwrap_or(Timestamp::MAX);
    let row = params![
        request.tenant.as_str(),
        request.id.0,
        month(request.day),
        at_most.0,
        instant(lapses_at),
        request.user.as_str(),
        day(request.day),
    ];
    connection.prepare_cached(ENTER)?.execute(row).map(drop)
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

/// What counts against the budgets at an instant, for its UTC day.
pub(super) fn spending(
    connection: &Connection,
    tenant: &TenantId,
    user: Option<&UserId>,
    at: Timestamp,
) -> Result<Spending> {
    counted(connection, tenant, user, utc_day(at), at)
}

fn counted(
    connection: &Connection,
    tenant: &TenantId,
    user: Option<&UserId>,
    on: Date,
    at: Timestamp,
) -> Result<Spending> {
    // The tenant's range of the primary key.
    const CLAIMED: &str = "
        SELECT user_id, at_most
        FROM reservations
        WHERE tenant_id = ?1
          AND lapses_at > ?2";
    let mut spending = settled(connection, tenant, user, on)?;
    let mut statement = connection.prepare_cached(CLAIMED)?;
    let mut claims = statement.query(params![tenant.as_str(), instant(at)])?;
    while let Some(row) = claims.next()? {
        let at_most = PicoUsd(row.get(1)?);
        spending.tenant_claimed += at_most;
        if user.is_some_and(|user| row.get_ref(0).is_ok_and(|of| of.as_str() == Ok(user.as_str()))) {
            spending.user_claimed += at_most;
        }
    }
    Ok(spending)
}

/// What is settled on a UTC day and in its month.
fn settled(connection: &Connection, tenant: &TenantId, user: Option<&UserId>, on: Date) -> Result<Spending> {
    const OF_TENANT: &str = "
        SELECT month, spent
        FROM tenant_months
        WHERE tenant_id = ?1
          AND month IN (?2, ?3)";
    // A range of usage_days_by_user: the customer's rows of one month.
    const OF_USER: &str = "
        SELECT day, cost
        FROM usage_days INDEXED BY usage_days_by_user
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day BETWEEN ?3 AND ?4";
    let (today, this_month) = (day(on), month(on));
    let mut spending = Spending::default();
    let mut statement = connection.prepare_cached(OF_TENANT)?;
    let mut rows = statement.query(params![tenant.as_str(), this_month, today])?;
    while let Some(row) = rows.next()? {
        let spent = PicoUsd(row.get(1)?);
        if row.get::<_, i64>(0)? == today {
            spending.tenant_day = spent;
        } else {
            spending.tenant_month = spent;
        }
    }
    let Some(user) = user else { return Ok(spending) };
    let mut statement = connection.prepare_cached(OF_USER)?;
    let key = params![tenant.as_str(), user.as_str(), this_month * 100, this_month * 100 + 99];
    let mut rows = statement.query(key)?;
    while let Some(row) = rows.next()? {
        let cost = PicoUsd(row.get(1)?);
        spending.user_month += cost;
        if row.get::<_, i64>(0)? == today {
            spending.user_day += cost;
        }
    }
    Ok(spending)
}

/// Counts money that was spent, in the month and on the day.
pub(super) fn spend(connection: &Connection, tenant: &TenantId, on: Date, cost: PicoUsd) -> Result<()> {
    const SPEND: &str = "
        INSERT INTO tenant_months (tenant_id, month, spent)
        VALUES (?1, ?2, ?4),
               (?1, ?3, ?4)
        ON CONFLICT (tenant_id, month) DO UPDATE
        SET spent = MIN(spent, 9223372036854775807 - excluded.spent) + excluded.spent";
    let row = params![tenant.as_str(), month(on), day(on), cost.0];
    connection.prepare_cached(SPEND)?.execute(row).map(drop)
}

/// The marks that bookings have passed, each once for its period and cap.
pub(super) fn marks_passed(connection: &Connection, bookings: &Bookings<'_>) -> Result<Vec<BudgetMark>> {
    let Bookings { tenant, user, at, budgets, .. } = bookings;
    let of_user = budgets.iter().any(|budget| budget.scope.is_of_user()).then_some(*user);
    let on = utc_day(*at);
    let spending = settled(connection, tenant, of_user, on)?;
    let mut passed = Vec::new();
    for budget in *budgets {
        let spent = spending.settled(budget.scope);
        let reached = mark_reached(spent, budget.cap);
        if reached == 0 {
            continue;
        }
        let place = Place::of(tenant, user, on, *budget);
        let told = place.told(connection)?;
        if reached > told {
            place.tell(connection, reached)?;
            passed.extend(marks_between(told, reached).map(|percent| place.mark(percent, spent)));
        }
    }
    Ok(passed)
}

/// The last mark of the budgets that have no room for a request even when nobody else asks: from here on the cap acts,
/// whatever little is left under it.
fn mark_full(
    connection: &Connection,
    request: &ReservationRequest,
    spending: &Spending,
) -> Result<Vec<BudgetMark>> {
    let alone = Spending { tenant_claimed: PicoUsd::ZERO, user_claimed: PicoUsd::ZERO, ..*spending };
    let mut passed = Vec::new();
    for budget in &request.budgets {
        if first_without_room(&[*budget], &alone, request.at_most).is_none() {
            continue;
        }
        let place = Place::of(&request.tenant, &request.user, request.day, *budget);
        if place.told(connection)? < USED_UP {
            place.tell(connection, USED_UP)?;
            passed.push(place.mark(USED_UP, spending.settled(budget.scope)));
        }
    }
    Ok(passed)
}

/// Where it is noted which marks of a budget were told.
struct Place<'a> {
    tenant: &'a TenantId,
    user: Option<&'a UserId>,
    period: i64,
    budget: BudgetClaim,
}

impl<'a> Place<'a> {
    fn of(tenant: &'a TenantId, user: &'a UserId, on: Date, budget: BudgetClaim) -> Self {
        let BudgetClaim { scope, .. } = budget;
        let period = if scope.is_monthly() { month(on) } else { day(on) };
        Self { tenant, user: scope.is_of_user().then_some(user), period, budget }
    }

    /// The highest mark that was told for this cap.
    fn told(&self, connection: &Connection) -> Result<u8> {
        const TOLD: &str = "
            SELECT percent
            FROM budget_marks
            WHERE tenant_id = ?1
              AND user_id = ?2
              AND period = ?3
              AND cap = ?4";
        let key = params![self.tenant.as_str(), self.owner(), self.period, self.budget.cap.0];
        let told: Option<u8> =
            connection.prepare_cached(TOLD)?.query_row(key, |row| row.get(0)).optional()?;
        Ok(told.unwrap_or_default())
    }

    fn tell(&self, connection: &Connection, percent: u8) -> Result<()> {
        const TELL: &str = "
            INSERT INTO budget_marks (tenant_id, user_id, period, cap, percent)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (tenant_id, user_id, period) DO UPDATE
            SET cap = excluded.cap,
                percent = excluded.percent";
        let row = params![self.tenant.as_str(), self.owner(), self.period, self.budget.cap.0, percent];
        connection.prepare_cached(TELL)?.execute(row).map(drop)
    }

    /// `''`: the tenant's own.
    fn owner(&self) -> &str {
        self.user.map_or("", UserId::as_str)
    }

    fn mark(&self, percent: u8, spent: PicoUsd) -> BudgetMark {
        let BudgetClaim { scope, cap } = self.budget;
        BudgetMark { scope, user: self.user.cloned(), percent, spent, cap }
    }
}
