//! How much money a tenant and each of its customers may spend: the caps in force, what counts against them, and at which
//! marks somebody is told.
//!
//! Pure. What is spent is the store's to know (`ledger.rs`), what a call can cost the price table's (`money.rs`), what
//! happens at a cap the turn's (`turn/at_cap.rs`).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{until_next_utc_day, until_next_utc_month};
use crate::id::UserId;
use crate::money::PicoUsd;
use crate::tenant::TenantBudget;

/// Shares of a cap, in percent, at which operators are told: half, most, all of it.
pub const MARKS: [u8; 3] = [50, 80, 100];

/// Whose money, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// The tenant's in a UTC month.
    TenantMonth,
    /// One customer's in a UTC month.
    UserMonth,
    /// The tenant's on a UTC day.
    TenantDay,
    /// One customer's on a UTC day.
    UserDay,
}

impl BudgetScope {
    /// Every one; what starts anew later stands before what starts anew sooner.
    pub const ALL: [Self; 4] = [Self::TenantMonth, Self::UserMonth, Self::TenantDay, Self::UserDay];

    /// Whether each customer has their own.
    pub fn is_of_user(self) -> bool {
        matches!(self, Self::UserMonth | Self::UserDay)
    }

    /// Whether it holds for a month, and not for a day.
    pub fn is_monthly(self) -> bool {
        matches!(self, Self::TenantMonth | Self::UserMonth)
    }

    /// `tenant` or `user`.
    pub fn owner(self) -> &'static str {
        if self.is_of_user() { "user" } else { "tenant" }
    }

    /// `month` or `day`.
    pub fn period(self) -> &'static str {
        if self.is_monthly() { "month" } else { "day" }
    }

    /// Time left until it starts anew.
    pub fn starts_anew_in(self, now: Timestamp) -> Duration {
        if self.is_monthly() { until_next_utc_month(now) } else { until_next_utc_day(now) }
    }
}

/// A cap that a request is claimed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetClaim {
    /// Whose, and for how long.
    pub scope: BudgetScope,
    /// The cap.
    pub cap: PicoUsd,
}

/// A mark that what is spent has passed, told once for a period and a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetMark {
    /// Of which cap.
    pub scope: BudgetScope,
    /// Whose, where each customer has their own.
    pub user: Option<UserId>,
    /// The mark in percent.
    pub percent: u8,
    /// Settled so far.
    pub spent: PicoUsd,
    /// The cap.
    pub cap: PicoUsd,
}

/// What counts against budgets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// Settled by the tenant in the month.
    pub tenant_month: PicoUsd,
    /// Settled by the tenant on the day.
    pub tenant_day: PicoUsd,
    /// Claimed by the tenant's turns in flight.
    pub tenant_claimed: PicoUsd,
    /// Settled by the customer in the month.
    pub user_month: PicoUsd,
    /// Settled by the customer on the day.
    pub user_day: PicoUsd,
    /// Claimed by the customer's turns in flight.
    pub user_claimed: PicoUsd,
}

impl Spending {
    /// Settled in a scope.
    pub fn settled(&self, scope: BudgetScope) -> PicoUsd {
        match scope {
            BudgetScope::TenantMonth => self.tenant_month,
            BudgetScope::TenantDay => self.tenant_day,
            BudgetScope::UserMonth => self.user_month,
            BudgetScope::UserDay => self.user_day,
        }
    }

    /// Claimed in a scope by turns in flight.
    pub fn claimed(&self, scope: BudgetScope) -> PicoUsd {
        if scope.is_of_user() { self.user_claimed } else { self.tenant_claimed }
    }
}

/// The first cap that has no room for so much more, in the order given; `None`: all have.
pub fn first_without_room(
    budgets: &[BudgetClaim],
    spending: &Spending,
    at_most: PicoUsd,
) -> Option<BudgetClaim> {
    let has_room = |budget: &BudgetClaim| {
        let counted = spending.settled(budget.scope) + spending.claimed(budget.scope);
        counted.0.checked_add(at_most.0).is_some_and(|sum| sum <= budget.cap.0)
    };
    budgets.iter().find(|budget| !has_room(budget)).copied()
}

/// The caps in force for a tenant: its own, and the server's for the month, of which the lower counts.
pub fn caps(own: &TenantBudget, server_month: Option<PicoUsd>) -> Vec<BudgetClaim> {
    let money = |micro_usd: Option<u64>| {
        micro_usd.map(|micro| PicoUsd::from_micro_usd(i64::try_from(micro).unwrap_or(i64::MAX)))
    };
    let own_month = money(own.month_micro_usd);
    let month = own_month.into_iter().chain(server_month).min();
    let of = |scope| match scope {
        BudgetScope::TenantMonth => month,
        BudgetScope::UserMonth => money(own.user_month_micro_usd),
        BudgetScope::TenantDay => money(own.day_micro_usd),
        BudgetScope::UserDay => money(own.user_day_micro_usd),
    };
    let claim = |scope| of(scope).map(|cap| BudgetClaim { scope, cap });
    BudgetScope::ALL.into_iter().filter_map(claim).collect()
}

/// Share of a cap that is spent, in whole percent, rounded down. A cap of nothing is always used up.
pub fn percent(spent: PicoUsd, cap: PicoUsd) -> u64 {
    if cap.0 <= 0 {
        return 100;
    }
    let share = i128::from(spent.0.max(0)) * 100 / i128::from(cap.0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// The highest mark that is reached; 0: none.
pub fn mark_reached(spent: PicoUsd, cap: PicoUsd) -> u8 {
    let share = percent(spent, cap);
    MARKS.into_iter().rev().find(|mark| share >= u64::from(*mark)).unwrap_or_default()
}

/// The marks above one that was told, up to another.
pub fn marks_between(told: u8, reached: u8) -> impl Iterator<Item = u8> {
    MARKS.into_iter().filter(move |mark| *mark > told && *mark <= reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_servers_cap_and_the_tenants_own_the_lower_counts() {
        let own = |month| TenantBudget { month_micro_usd: month, ..TenantBudget::default() };
        let month = |own: &TenantBudget, server: Option<i64>| {
            caps(own, server.map(PicoUsd::from_micro_usd)).first().map(|claim| claim.cap.micro_usd())
        };
        assert_eq!(month(&own(None), None), None);
        assert_eq!(month(&own(None), Some(5)), Some(5));
        assert_eq!(month(&own(Some(7)), Some(5)), Some(5));
        assert_eq!(month(&own(Some(3)), Some(5)), Some(3));
        assert_eq!(month(&own(Some(0)), Some(5)), Some(0), "a cap of nothing is one");
        assert_eq!(month(&own(Some(u64::MAX)), None), Some(PicoUsd(i64::MAX).micro_usd()));
    }

    #[test]
    fn every_scope_has_its_cap_and_the_month_comes_first() {
        let own = TenantBudget {
            day_micro_usd: Some(1),
            month_micro_usd: Some(2),
            user_day_micro_usd: Some(3),
            user_month_micro_usd: Some(4),
            ..TenantBudget::default()
        };
        let found: Vec<_> =
            caps(&own, None).iter().map(|claim| (claim.scope, claim.cap.micro_usd())).collect();
        let expected = [
            (BudgetScope::TenantMonth, 2),
            (BudgetScope::UserMonth, 4),
            (BudgetScope::TenantDay, 1),
            (BudgetScope::UserDay, 3),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_cap_without_room_is_named() {
        let claim = |scope, cap| BudgetClaim { scope, cap: PicoUsd(cap) };
        let budgets = [claim(BudgetScope::TenantMonth, 100), claim(BudgetScope::UserDay, 10)];
        let spending = Spending {
            tenant_month: PicoUsd(80),
            tenant_claimed: PicoUsd(15),
            user_day: PicoUsd(2),
            user_claimed: PicoUsd(3),
            ..Spending::default()
        };
        let scope = |at_most| first_without_room(&budgets, &spending, PicoUsd(at_most)).map(|c| c.scope);
        assert_eq!(scope(5), None);
        assert_eq!(scope(6), Some(BudgetScope::TenantMonth));
        assert_eq!(scope(i64::MAX), Some(BudgetScope::TenantMonth));
        let of_day = first_without_room(&budgets[1..], &spending, PicoUsd(6)).map(|claim| claim.scope);
        assert_eq!(of_day, Some(BudgetScope::UserDay));
    }

    #[test]
    fn marks_are_passed_upwards_and_once() {
        let reached = |spent, cap| mark_reached(PicoUsd(spent), PicoUsd(cap));
        assert_eq!([reached(49, 100), reached(50, 100), reached(79, 100)], [0, 50, 50]);
        assert_eq!([reached(80, 100), reached(99, 100), reached(100, 100)], [80, 80, 100]);
        assert_eq!(reached(0, 0), 100, "nothing may be spent, and that is used up");
        assert_eq!(reached(i64::MAX, 1), 100);
        assert_eq!(marks_between(0, 80).collect::<Vec<_>>(), [50, 80]);
        assert_eq!(marks_between(80, 100).collect::<Vec<_>>(), [100]);
        assert_eq!(marks_between(80, 80).count(), 0);
    }
}
