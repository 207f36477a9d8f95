//! A tenant's money for the month: claimed before a call, settled after it.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use pytake_assistant::ledger::{Admission, ReservationId, ReservationRequest};
use pytake_assistant::money::PicoUsd;

use super::Outcome;
use super::sample::{DAY, at, booking, claim, entry, request, tenant, user};
use crate::Store;

fn claiming(id: &str, at_most: i64, cap: i64) -> ReservationRequest {
    ReservationRequest { budget: claim(at_most, cap), ..request(id, "default", "ana") }
}

fn refused(spent: i64) -> Admission {
    Admission::Budget { spent: PicoUsd(spent) }
}

pub async fn a_claim_is_held_against_the_cap_until_it_is_settled(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.reserve(claiming("r1", 60, 100)).await?, Admission::Admitted);
    assert_eq!(store.reserve(claiming("r2", 41, 100)).await?, refused(60));
    let mut settled = booking("default", "ana", at(1), vec![entry("openai", Some(25))]);
    settled.reservation = Some(ReservationId("r1".to_owned()));
    store.record(settled).await?;
    assert_eq!(store.reserve(claiming("r3", 76, 100)).await?, refused(25));
    assert_eq!(store.reserve(claiming("r4", 75, 100)).await?, Admission::Admitted, "to the last unit");
    Ok(())
}

pub async fn a_released_claim_frees_its_money(store: Arc<dyn Store>) -> Outcome {
    store.reserve(claiming("r1", 100, 100)).await?;
    store.release(&tenant("default"), &user("ana"), DAY, &ReservationId("r1".to_owned())).await?;
    assert_eq!(store.reserve(claiming("r2", 100, 100)).await?, Admission::Admitted);
    Ok(())
}

pub async fn a_refused_claim_still_counts_the_request(store: Arc<dyn Store>) -> Outcome {
    let limited = |id: &str| ReservationRequest { daily_limit: Some(2), ..claiming(id, 2, 1) };
    assert_eq!(store.reserve(limited("r1")).await?, refused(0));
    assert_eq!(store.reserve(limited("r2")).await?, refused(0));
    assert_eq!(store.reserve(limited("r3")).await?, Admission::DailyLimit { used: 2 });
    Ok(())
}

pub async fn a_claim_that_nobody_settled_lapses(store: Arc<dyn Store>) -> Outcome {
    let short = ReservationRequest { holds_for: Duration::from_secs(5), ..claiming("r1", 100, 100) };
    store.reserve(short).await?;
    let later = |id: &str, ms| ReservationRequest { at: at(ms), ..claiming(id, 100, 100) };
    assert_eq!(store.reserve(later("r2", 4_999)).await?, refused(100));
    assert_eq!(store.reserve(later("r3", 5_000)).await?, Admission::Admitted);
    assert_eq!(store.reserve(later("r4", 5_001)).await?, refused(100), "the swept one is not counted twice");
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
    assert_eq!(store.reserve(claiming("r1", 20, 100)).await?, refused(90));
    let next_month = ReservationRequest { day: date(2026, 12, 1), ..claiming("r2", 20, 100) };
    assert_eq!(store.reserve(next_month).await?, Admission::Admitted);
    let elsewhere = ReservationRequest { tenant: tenant("shop"), ..claiming("r3", 20, 100) };
    assert_eq!(store.reserve(elsewhere).await?, Admission::Admitted);
    assert_eq!(
        store.reserve(claiming("r4", 10, 100)).await?,
        Admission::Admitted,
        "and nobody else's claims"
    );
    Ok(())
}

pub async fn money_spent_without_a_cap_counts_once_there_is_one(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.reserve(request("r1", "default", "ana")).await?, Admission::Admitted);
    let calls = vec![entry("openai", Some(30)), entry("openai", None), entry("anthropic", Some(12))];
    store.record(booking("default", "ana", at(1), calls)).await?;
    assert_eq!(store.reserve(claiming("r2", 10, 50)).await?, refused(42));
    Ok(())
}
