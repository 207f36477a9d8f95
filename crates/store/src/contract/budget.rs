//! Money of a tenant and of its customers, by day and by month: claimed before a call, settled after it.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, date};
use pytake_assistant::budget::{BudgetMark, BudgetScope, Spending};
use pytake_assistant::ledger::{Admission, ReservationId, ReservationRequest};
use pytake_assistant::money::PicoUsd;

use super::Outcome;
use super::sample::{DAY, at, booking, cap, entry, request, tenant, user};
use crate::Store;

const DAY_MS: i64 = 86_400_000;
const TOMORROW: Date = date(2026, 11, 23);

fn claiming(id: &str, at_most: i64, month: i64) -> ReservationRequest {
    claiming_of("ana", id, at_most, &[(BudgetScope::TenantMonth, month)])
}

fn claiming_of(who: &str, id: &str, at_most: i64, caps: &[(BudgetScope, i64)]) -> ReservationRequest {
    ReservationRequest {
        budgets: caps.iter().map(|(scope, amount)| cap(*scope, *amount)).collect(),
        at_most: PicoUsd(at_most),
        ..request(id, "default", who)
    }
}

/// Whose cap had no room, and what counted there; `None`: admitted.
async fn refusal(
    store: &Arc<dyn Store>,
    request: ReservationRequest,
) -> Result<Option<(BudgetScope, i64)>, crate::StorageError> {
    match store.reserve(request).await? {
        Admission::Budget { scope, spent, .. } => Ok(Some((scope, spent.0))),
        other => {
            assert_eq!(other, Admission::Admitted);
            Ok(None)
        }
    }
}

/// What counted in the tenant's month, where that had no room.
async fn refused(
    store: &Arc<dyn Store>,
    request: ReservationRequest,
) -> Result<Option<i64>, crate::StorageError> {
    Ok(refusal(store, request).await?.map(|(_, spent)| spent))
}

async fn settle(store: &Arc<dyn Store>, who: &str, id: &str, cost: i64, ms: i64) -> Outcome {
    let mut settled = booking("default", who, at(ms), vec![entry("openai", Some(cost))]);
    settled.reservation = Some(ReservationId(id.to_owned()));
    store.record(settled).await.map(drop)
}

pub async fn a_claim_is_held_against_the_cap_until_it_is_settled(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(refused(&store, claiming("r1", 60, 100)).await?, None);
    assert_eq!(refused(&store, claiming("r2", 41, 100)).await?, Some(60));
    settle(&store, "ana", "r1", 25, 1).await?;
    assert_eq!(refused(&store, claiming("r3", 76, 100)).await?, Some(25));
    assert_eq!(refused(&store, claiming("r4", 75, 100)).await?, None, "to the last unit");
    Ok(())
}

pub async fn a_released_claim_frees_its_money(store: Arc<dyn Store>) -> Outcome {
    store.reserve(claiming("r1", 100, 100)).await?;
    store.release(&tenant("default"), &user("ana"), DAY, &ReservationId("r1".to_owned())).await?;
    assert_eq!(refused(&store, claiming("r2", 100, 100)).await?, None);
    Ok(())
}

pub async fn a_refused_claim_still_counts_the_request(store: Arc<dyn Store>) -> Outcome {
    let limited = |id: &str| ReservationRequest { daily_limit: Some(2), ..claiming(id, 2, 1) };
    assert_eq!(refused(&store, limited("r1")).await?, Some(0));
    assert_eq!(refused(&store, limited("r2")).await?, Some(0));
    assert_eq!(store.reserve(limited("r3")).await?, Admission::DailyLimit { used: 2 });
    Ok(())
}

pub async fn a_claim_that_nobody_settled_lapses(store: Arc<dyn Store>) -> Outcome {
    let short = ReservationRequest { holds_for: Duration::from_secs(5), ..claiming("r1", 100, 100) };
    store.reserve(short).await?;
    let later = |id: &str, ms| ReservationRequest { at: at(ms), ..claiming(id, 100, 100) };
    assert_eq!(refused(&store, later("r2", 4_999)).await?, Some(100));
    assert_eq!(refused(&store, later("r3", 5_000)).await?, None);
    assert_eq!(refused(&store, later("r4", 5_001)).await?, Some(100), "the swept one is not counted twice");
    Ok(())
}

pub async fn claims_made_at_once_never_pass_the_cap(store: Arc<dyn Store>) -> Outcome {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.reserve(claiming(&format!("r{n}"), 10, 105)).await });
    }
    let mut admitted = 0;
    for admission in tasks.join_all().await {
        admitted += u32::from(admission? == Admission::Admitted);
    }
    assert_eq!(admitted, 10);
    Ok(())
}

pub async fn every_month_has_its_own_money(store: Arc<dyn Store>) -> Outcome {
    store.record(booking("default", "ana", at(1), vec![entry("openai", Some(90))])).await?;
    assert_eq!(refused(&store, claiming("r1", 20, 100)).await?, Some(90));
    let elsewhere = ReservationRequest { tenant: tenant("shop"), ..claiming("r2", 20, 100) };
    assert_eq!(refused(&store, elsewhere).await?, None);
    assert_eq!(refused(&store, claiming("r3", 10, 100)).await?, None, "and nobody else's claims");
    let next_month = ReservationRequest { day: date(2026, 12, 1), ..claiming("r4", 20, 100) };
    assert_eq!(refused(&store, next_month).await?, None);
    Ok(())
}

pub async fn a_clock_that_goes_back_over_midnight_makes_no_room(store: Arc<dyn Store>) -> Outcome {
    let caps = [(BudgetScope::TenantDay, 100)];
    let after = ReservationRequest { day: TOMORROW, ..claiming_of("ana", "r1", 60, &caps) };
    assert_eq!(refusal(&store, after).await?, None);
    let before = |id: &str, at_most| claiming_of("ana", id, at_most, &caps);
    assert_eq!(refusal(&store, before("r2", 41)).await?, Some((BudgetScope::TenantDay, 60)));
    assert_eq!(refusal(&store, before("r3", 40)).await?, None);
    Ok(())
}

pub async fn money_spent_without_a_cap_counts_once_there_is_one(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.reserve(request("r1", "default", "ana")).await?, Admission::Admitted);
    let calls = vec![entry("openai", Some(30)), entry("openai", None), entry("anthropic", Some(12))];
    store.record(booking("default", "ana", at(1), calls)).await?;
    for scope in BudgetScope::ALL {
        let claiming = claiming_of("ana", scope.period(), 10, &[(scope, 50)]);
        assert_eq!(refusal(&store, claiming).await?, Some((scope, 42)));
    }
    Ok(())
}

pub async fn every_scope_has_its_own_cap_and_all_must_have_room(store: Arc<dyn Store>) -> Outcome {
    let caps = [
        (BudgetScope::TenantMonth, 1_000),
        (BudgetScope::UserMonth, 100),
        (BudgetScope::TenantDay, 300),
        (BudgetScope::UserDay, 50),
    ];
    let of = |who: &str, id: &str, at_most| claiming_of(who, id, at_most, &caps);
    assert_eq!(refusal(&store, of("ana", "r1", 51)).await?, Some((BudgetScope::UserDay, 0)));
    assert_eq!(refusal(&store, of("ana", "r2", 30)).await?, None);
    assert_eq!(refusal(&store, of("ana", "r3", 21)).await?, Some((BudgetScope::UserDay, 30)));
    assert_eq!(refusal(&store, of("bia", "r4", 50)).await?, None, "everybody has their own");
    settle(&store, "ana", "r2", 20, 1).await?;
    assert_eq!(refusal(&store, of("ana", "r5", 30)).await?, None);
    settle(&store, "ana", "r5", 30, 2).await?;
    let tomorrow = |who: &str, id: &str, at_most| ReservationRequest {
        day: TOMORROW,
        at: at(DAY_MS),
        ..of(who, id, at_most)
    };
    assert_eq!(refusal(&store, tomorrow("ana", "r6", 50)).await?, None, "another day has its own money");
    settle(&store, "ana", "r6", 50, DAY_MS).await?;
    let third = ReservationRequest { day: date(2026, 11, 24), at: at(2 * DAY_MS), ..of("ana", "r7", 1) };
    assert_eq!(refusal(&store, third).await?, Some((BudgetScope::UserMonth, 100)));
    let paid = booking("default", "cris", at(DAY_MS), vec![entry("openai", Some(250))]);
    store.record(paid).await?;
    assert_eq!(refusal(&store, tomorrow("dora", "r8", 1)).await?, Some((BudgetScope::TenantDay, 300)));
    Ok(())
}

pub async fn a_cap_that_starts_anew_later_is_named_first(store: Arc<dyn Store>) -> Outcome {
    let caps = [(BudgetScope::TenantMonth, 10), (BudgetScope::TenantDay, 5)];
    let found = refusal(&store, claiming_of("ana", "r1", 11, &caps)).await?;
    assert_eq!(found.map(|(scope, _)| scope), Some(BudgetScope::TenantMonth));
    let found = refusal(&store, claiming_of("ana", "r2", 6, &caps)).await?;
    assert_eq!(found.map(|(scope, _)| scope), Some(BudgetScope::TenantDay));
    Ok(())
}

pub async fn a_turn_over_midnight_has_room_in_both_days(store: Arc<dyn Store>) -> Outcome {
    let caps = [(BudgetScope::TenantDay, 100)];
    assert_eq!(refusal(&store, claiming_of("ana", "r1", 60, &caps)).await?, None);
    let after =
        |id: &str, at_most| ReservationRequest { day: TOMORROW, ..claiming_of("ana", id, at_most, &caps) };
    assert_eq!(refusal(&store, after("r2", 41)).await?, Some((BudgetScope::TenantDay, 60)));
    assert_eq!(refusal(&store, after("r3", 40)).await?, None);
    settle(&store, "ana", "r1", 60, DAY_MS).await?;
    settle(&store, "ana", "r3", 40, DAY_MS).await?;
    let spent = store.spending(&tenant("default"), None, at(DAY_MS)).await?;
    assert_eq!((spent.tenant_day, spent.tenant_claimed), (PicoUsd(100), PicoUsd::ZERO));
    Ok(())
}

pub async fn the_cheaper_model_is_claimed_where_the_whole_has_no_room(store: Arc<dyn Store>) -> Outcome {
    let offer = |id: &str| ReservationRequest { cheaper: Some(PicoUsd(10)), ..claiming(id, 60, 100) };
    assert_eq!(store.reserve(offer("r1")).await?, Admission::Admitted);
    for id in ["r2", "r3", "r4", "r5"] {
        assert_eq!(store.reserve(offer(id)).await?, Admission::Cheaper { passed: vec![] }, "{id}");
    }
    assert_eq!(refused(&store, offer("r6")).await?, Some(100));
    Ok(())
}

pub async fn sixty_four_paid_calls_at_once_against_money_for_ten_cost_no_more(
    store: Arc<dyn Store>,
) -> Outcome {
    let caps = BudgetScope::ALL.map(|scope| (scope, 100));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let id = format!("r{n}");
            if refusal(&store, claiming_of("ana", &id, 10, &caps)).await?.is_some() {
                return Ok(0);
            }
            // Not all of it is used: what is given back may be claimed by another.
            settle(&store, "ana", &id, 7, n).await?;
            Ok::<_, crate::StorageError>(7)
        });
    }
    let mut paid = 0;
    for cost in tasks.join_all().await {
        paid += cost?;
    }
    let spent = store.spending(&tenant("default"), Some(&user("ana")), at(100)).await?;
    assert!((70..=100).contains(&paid), "{paid}");
    for scope in BudgetScope::ALL {
        assert_eq!((spent.settled(scope), spent.claimed(scope)), (PicoUsd(paid), PicoUsd::ZERO));
    }
    Ok(())
}

/// Books so much and tells which marks that passed, as scope and percent.
async fn passed(
    store: &Arc<dyn Store>,
    who: &str,
    cost: i64,
    ms: i64,
    caps: &[(BudgetScope, i64)],
) -> Result<Vec<(BudgetScope, u8)>, crate::StorageError> {
    let mut turn = booking("default", who, at(ms), vec![entry("openai", Some(cost))]);
    turn.budgets = caps.iter().map(|(scope, amount)| cap(*scope, *amount)).collect();
    let marks = store.record(turn).await?.passed;
    Ok(marks.iter().map(|mark| (mark.scope, mark.percent)).collect())
}

pub async fn a_mark_is_told_once_for_its_period_and_cap(store: Arc<dyn Store>) -> Outcome {
    let caps = [(BudgetScope::TenantMonth, 100), (BudgetScope::UserDay, 40)];
    let month = |percent| (BudgetScope::TenantMonth, percent);
    let day = |percent| (BudgetScope::UserDay, percent);
    assert_eq!(passed(&store, "ana", 19, 1, &caps).await?, []);
    assert_eq!(passed(&store, "ana", 1, 2, &caps).await?, [day(50)]);
    assert_eq!(passed(&store, "ana", 1, 3, &caps).await?, [], "once");
    assert_eq!(passed(&store, "bia", 39, 4, &caps).await?, [month(50), day(50), day(80)], "everybody's own");
    assert_eq!(passed(&store, "ana", 40, 5, &caps).await?, [month(80), month(100), day(80), day(100)]);
    assert_eq!(passed(&store, "ana", 40, 6, &caps).await?, []);
    assert_eq!(passed(&store, "ana", 20, DAY_MS, &caps).await?, [day(50)], "another day");
    assert_eq!(passed(&store, "ana", 60, 8, &[]).await?, [], "no cap, no mark");
    Ok(())
}

pub async fn a_changed_cap_is_told_anew(store: Arc<dyn Store>) -> Outcome {
    let with = |month| [(BudgetScope::TenantMonth, month)];
    let mark = |percent| (BudgetScope::TenantMonth, percent);
    assert_eq!(passed(&store, "ana", 85, 1, &with(100)).await?, [mark(50), mark(80)]);
    assert_eq!(passed(&store, "ana", 1, 2, &with(1_000)).await?, [], "far below the new one");
    assert_eq!(passed(&store, "ana", 420, 3, &with(1_000)).await?, [mark(50)]);
    assert_eq!(passed(&store, "ana", 1, 4, &with(600)).await?, [mark(50), mark(80)], "a lower one");
    Ok(())
}

pub async fn a_refusal_by_what_is_settled_tells_the_last_mark(store: Arc<dyn Store>) -> Outcome {
    let caps = [(BudgetScope::TenantMonth, 100)];
    store.reserve(claiming("r1", 60, 100)).await?;
    let marks = |admission| match admission {
        Admission::Budget { passed, .. } => passed,
        other => panic!("{other:?}"),
    };
    assert_eq!(marks(store.reserve(claiming("r2", 60, 100)).await?), [], "it is only in flight");
    settle(&store, "ana", "r1", 60, 1).await?;
    let last = BudgetMark {
        scope: BudgetScope::TenantMonth,
        user: None,
        percent: 100,
        spent: PicoUsd(60),
        cap: PicoUsd(100),
    };
    assert_eq!(marks(store.reserve(claiming("r3", 60, 100)).await?), [last]);
    assert_eq!(marks(store.reserve(claiming("r4", 60, 100)).await?), [], "once");
    assert_eq!(passed(&store, "ana", 40, 2, &caps).await?, [], "the last is told already");
    Ok(())
}

pub async fn what_is_spent_and_claimed_is_told_by_scope(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    assert_eq!(store.spending(&shop, Some(&user("ana")), at(0)).await?, Spending::default());
    settle(&store, "ana", "none", 5, -DAY_MS).await?;
    settle(&store, "ana", "none", 7, 1).await?;
    settle(&store, "bia", "none", 11, 1).await?;
    store.record(booking("shop", "ana", at(1), vec![entry("openai", Some(1_000))])).await?;
    store.reserve(claiming("r1", 13, 100)).await?;
    store.reserve(claiming_of("bia", "r2", 17, &[(BudgetScope::TenantDay, 100)])).await?;
    let expected = Spending {
        tenant_month: PicoUsd(23),
        tenant_day: PicoUsd(18),
        tenant_claimed: PicoUsd(30),
        user_month: PicoUsd(12),
        user_day: PicoUsd(7),
        user_claimed: PicoUsd(13),
    };
    assert_eq!(store.spending(&shop, Some(&user("ana")), at(2)).await?, expected);
    let of_tenant = Spending {
        user_month: PicoUsd::ZERO,
        user_day: PicoUsd::ZERO,
        user_claimed: PicoUsd::ZERO,
        ..expected
    };
    assert_eq!(store.spending(&shop, None, at(2)).await?, of_tenant);
    let lapsed = store.spending(&shop, None, at(61_000)).await?;
    assert_eq!(lapsed.tenant_claimed, PicoUsd::ZERO, "nobody settled them in their minute");
    Ok(())
}
