//! Laws of money: whatever two tenants and their customers do, and in whatever order, no cap is passed, nothing leaks, and
//! every sum of it agrees.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use pytake_assistant::budget::{BudgetClaim, BudgetScope};
use pytake_assistant::clock::utc_day;
use pytake_assistant::conversation::{Conversations, TurnRecord};
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{
    Admission, Ledger, LedgerEntry, ReservationId, ReservationRequest, UsageKey, UsageQuery,
};
use pytake_assistant::money::PicoUsd;
use pytake_store::Audit;
use pytake_store_sqlite::SqliteStore;

use crate::turns::{tenant, turn};

const TENANTS: [&str; 2] = ["left", "right"];
/// The same names at both.
const PEOPLE: [&str; 2] = ["ana", "bia"];
/// Month and day of the tenant, month and day of a customer, for each tenant.
const CAPS: [[i64; 4]; 2] = [[120, 60, 70, 40], [200, 200, 90, 30]];
/// How long a claim holds.
const HOLDS_FOR: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Claims so much.
    Reserve(i64),
    /// Settles the oldest claim with a share of it, in tenths.
    Settle(i64),
    /// Books a failed call of the oldest claim, then gives the claim back.
    Fail(i64),
    /// Gives the oldest claim back.
    Release,
    /// Forgets the oldest claim, as a killed process does.
    Forget,
    /// So many minutes pass, and what was forgotten lapses.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, usize, Step)>> {
    let step = prop_oneof![
        6 => (1_i64..40).prop_map(Step::Reserve),
        4 => (0_i64..=10).prop_map(Step::Settle),
        2 => (0_i64..=10).prop_map(Step::Fail),
        2 => Just(Step::Release),
        1 => Just(Step::Forget),
        // Up to five hours at once, so that days change in between; with 40 steps sometimes the month, too.
        2 => (1_i64..300).prop_map(Step::Wait),
    ];
    prop::collection::vec((0..TENANTS.len(), 0..PEOPLE.len(), step), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_interleaving_passes_a_cap_or_leaks_money(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

/// Its name, what it claims, and when it lapses.
type OpenClaim = (ReservationId, i64, Timestamp);

/// What should be there, kept in the plainest way: every payment with its day.
#[derive(Default)]
struct Expected {
    paid: Vec<(usize, usize, Timestamp, i64)>,
    open: BTreeMap<(usize, usize), Vec<OpenClaim>>,
}

impl Expected {
    fn spent(&self, scope: BudgetScope, whose: usize, who: usize, now: Timestamp) -> i64 {
        let today = utc_day(now);
        let counts = |of: &&(usize, usize, Timestamp, i64)| {
            let day = utc_day(of.2);
            let is_in_time = if scope.is_monthly() {
                day.first_of_month() == today.first_of_month()
            } else {
                day == today
            };
            of.0 == whose && is_in_time && (!scope.is_of_user() || of.1 == who)
        };
        self.paid.iter().filter(counts).map(|of| of.3).sum()
    }
}

fn caps(whose: usize) -> Vec<BudgetClaim> {
    let [month, day, user_month, user_day] = CAPS[whose];
    let claim = |scope, cap| BudgetClaim { scope, cap: PicoUsd(cap) };
    vec![
        claim(BudgetScope::TenantMonth, month),
        claim(BudgetScope::UserMonth, user_month),
        claim(BudgetScope::TenantDay, day),
        claim(BudgetScope::UserDay, user_day),
    ]
}

fn booking(whose: usize, who: usize, at: Timestamp, cost: i64, is_answer: bool) -> TurnRecord {
    let example = turn(TENANTS[whose], PEOPLE[who], "c", 0);
    let entry = LedgerEntry { cost: Some(PicoUsd(cost)), is_answer, ..example.ledger[0].clone() };
    TurnRecord { exchange: None, ledger: vec![entry], budgets: caps(whose), at, ..example }
}

async fn run(steps: &[(usize, usize, Step)]) {
    let store = SqliteStore::in_memory().unwrap();
    // Three hours before a month ends.
    let mut now: Timestamp = "2026-11-30T21:00:00Z".parse().unwrap();
    let mut expected = Expected::default();
    for (n, &(whose, who, step)) in steps.iter().enumerate() {
        let (of, person) = (tenant(TENANTS[whose]), UserId::new(PEOPLE[who]).unwrap());
        let open = expected.open.entry((whose, who)).or_default();
        // A turn ends before its claim lapses; one that does not is dead.
        open.retain(|(_, _, until)| *until > now);
        match step {
            Step::Reserve(at_most) => {
                let id = ReservationId(format!("r{n}"));
                let request = ReservationRequest {
                    id: id.clone(),
                    tenant: of,
                    user: person,
                    day: utc_day(now),
                    daily_limit: None,
                    budgets: caps(whose),
                    at_most: PicoUsd(at_most),
                    cheaper: None,
                    at: now,
                    holds_for: HOLDS_FOR,
                };
                if store.reserve(request).await.unwrap() == Admission::Admitted {
                    open.push((id, at_most, now.saturating_add(HOLDS_FOR).unwrap()));
                }
            }
            Step::Settle(tenths) if !open.is_empty() => {
                let (id, at_most, _) = open.remove(0);
                let cost = at_most * tenths / 10;
                let record = TurnRecord { reservation: Some(id), ..booking(whose, who, now, cost, true) };
                store.record(record).await.unwrap();
                expected.paid.push((whose, who, now, cost));
            }
            Step::Fail(tenths) if !open.is_empty() => {
                let (id, at_most, _) = open.remove(0);
                let cost = at_most * tenths / 10;
                store.record(booking(whose, who, now, cost, false)).await.unwrap();
                store.release(&of, &person, utc_day(now), &id).await.unwrap();
                expected.paid.push((whose, who, now, cost));
            }
            Step::Release if !open.is_empty() => {
                let (id, ..) = open.remove(0);
                store.release(&of, &person, utc_day(now), &id).await.unwrap();
            }
            Step::Forget if !open.is_empty() => drop(open.remove(0)),
            Step::Wait(minutes) => now += jiff::SignedDuration::from_mins(minutes),
            Step::Settle(_) | Step::Fail(_) | Step::Release | Step::Forget => {}
        }
        check(&store, &expected, now).await;
    }
    // Whatever is still open settles with all it claimed, or lapses.
    for ((whose, who), open) in std::mem::take(&mut expected.open) {
        for (id, at_most, until) in open {
            if until <= now {
                continue;
            }
            let record = TurnRecord { reservation: Some(id), ..booking(whose, who, now, at_most, true) };
            store.record(record).await.unwrap();
            expected.paid.push((whose, who, now, at_most));
        }
    }
    now += jiff::SignedDuration::from_mins(2);
    check(&store, &expected, now).await;
    for (whose, name) in TENANTS.into_iter().enumerate() {
        let spending = store.spending(&tenant(name), Some(&user(0)), now).await.unwrap();
        assert_eq!((spending.tenant_claimed, spending.user_claimed), (PicoUsd::ZERO, PicoUsd::ZERO));
        sums_agree(&store, &expected, whose, &tenant(name)).await;
    }
}

fn user(who: usize) -> UserId {
    UserId::new(PEOPLE[who]).unwrap()
}

/// What is settled is what was paid, and no more than the cap.
async fn check(store: &SqliteStore, expected: &Expected, now: Timestamp) {
    for (whose, name) in TENANTS.into_iter().enumerate() {
        for who in 0..PEOPLE.len() {
            let spending = store.spending(&tenant(name), Some(&user(who)), now).await.unwrap();
            for budget in caps(whose) {
                let spent = spending.settled(budget.scope);
                assert_eq!(spent.0, expected.spent(budget.scope, whose, who, now), "{:?}", budget.scope);
                assert!(spent <= budget.cap, "{budget:?} {spent:?}");
            }
        }
    }
}

async fn sums_agree(store: &SqliteStore, expected: &Expected, whose: usize, name: &TenantId) {
    let query = UsageQuery { group_by: vec![UsageKey::Day, UsageKey::User], ..UsageQuery::default() };
    let rolled_up = store.usage(name, query.clone()).await.unwrap();
    assert_eq!(rolled_up, store.usage_from_ledger(name, query).await.unwrap());
    let paid: i64 = expected.paid.iter().filter(|of| of.0 == whose).map(|of| of.3).sum();
    assert_eq!(rolled_up.iter().map(|row| row.cost.0).sum::<i64>(), paid);
}
