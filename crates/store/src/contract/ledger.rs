//! Requests counted, limits kept, usage summed.

use std::sync::Arc;

use jiff::civil::date;
use pytake_assistant::budget::BudgetScope;
use pytake_assistant::ledger::{
    Admission, BookingFilter, LedgerEntry, Operation, ReservationId, ReservationRequest, UsageKey,
    UsageQuery, UsageRow, UserUsage,
};
use pytake_assistant::money::{PicoUsd, TokenUsage};

use super::Outcome;
use super::sample::{DAY, at, booking, conversation, entry, request, tenant, user};
use crate::Store;

const DAY_MS: i64 = 86_400_000;

fn limited(id: &str, who: &str, limit: u64) -> ReservationRequest {
    ReservationRequest { daily_limit: Some(limit), ..request(id, "default", who) }
}

fn grouped(keys: &[UsageKey]) -> UsageQuery {
    UsageQuery { group_by: keys.to_vec(), ..Default::default() }
}

pub async fn sixty_four_requests_at_once_against_ten_admit_ten(store: Arc<dyn Store>) -> Outcome {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.reserve(limited(&format!("r{n}"), "ana", 10)).await });
    }
    let mut admitted = 0;
    for admission in tasks.join_all().await {
        match admission? {
            Admission::Admitted => admitted += 1,
            other => assert_eq!(other, Admission::DailyLimit { used: 10 }),
        }
    }
    assert_eq!(admitted, 10);
    Ok(())
}

pub async fn every_user_and_every_day_has_its_own_limit(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.reserve(limited("r1", "ana", 1)).await?, Admission::Admitted);
    assert_eq!(store.reserve(limited("r2", "ana", 1)).await?, Admission::DailyLimit { used: 1 });
    assert_eq!(store.reserve(limited("r3", "bia", 1)).await?, Admission::Admitted);
    let elsewhere = ReservationRequest { tenant: tenant("shop"), ..limited("r4", "ana", 1) };
    assert_eq!(store.reserve(elsewhere).await?, Admission::Admitted);
    let tomorrow = ReservationRequest { day: date(2026, 11, 23), ..limited("r5", "ana", 1) };
    assert_eq!(store.reserve(tomorrow).await?, Admission::Admitted);
    Ok(())
}

pub async fn a_limit_of_nothing_admits_nothing(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.reserve(limited("r1", "ana", 0)).await?, Admission::DailyLimit { used: 0 });
    store.reserve(request("r2", "default", "ana")).await?;
    store.reserve(request("r3", "default", "ana")).await?;
    assert_eq!(store.reserve(limited("r4", "ana", 0)).await?, Admission::DailyLimit { used: 2 });
    assert_eq!(store.reserve(limited("r5", "ana", 1)).await?, Admission::DailyLimit { used: 2 });
    Ok(())
}

pub async fn a_released_request_no_longer_counts(store: Arc<dyn Store>) -> Outcome {
    let (shop, ana) = (tenant("default"), user("ana"));
    store.reserve(limited("r1", "ana", 1)).await?;
    store.release(&shop, &ana, DAY, &ReservationId("r1".to_owned())).await?;
    assert_eq!(store.user_usage(&shop, &ana, DAY).await?, None);
    assert_eq!(store.reserve(limited("r2", "ana", 1)).await?, Admission::Admitted);
    store.release(&shop, &user("bia"), DAY, &ReservationId("r3".to_owned())).await?;
    assert_eq!(store.reserve(limited("r4", "bia", 0)).await?, Admission::DailyLimit { used: 0 });
    Ok(())
}

pub async fn a_user_nobody_counted_is_unknown(store: Arc<dyn Store>) -> Outcome {
    let (shop, ana) = (tenant("default"), user("ana"));
    assert_eq!(store.user_usage(&shop, &ana, DAY).await?, None);
    store.reserve(request("r1", "default", "ana")).await?;
    let counted = UserUsage { total_requests: 0, requests_today: 1, last_request: None };
    assert_eq!(store.user_usage(&shop, &ana, DAY).await?, Some(counted));
    Ok(())
}

pub async fn a_users_totals_count_answers_but_no_summaries(store: Arc<dyn Store>) -> Outcome {
    let (shop, ana) = (tenant("default"), user("ana"));
    let yesterday = at(-DAY_MS);
    store.reserve(request("r1", "default", "ana")).await?;
    let failed = LedgerEntry { is_answer: false, ..entry("anthropic", Some(3)) };
    let summary = LedgerEntry { operation: Operation::Summary, ..entry("openai", Some(2)) };
    store.record(booking("default", "ana", yesterday, vec![entry("openai", Some(1))])).await?;
    store.record(booking("default", "ana", at(7), vec![failed, entry("openai", Some(1))])).await?;
    store.record(booking("default", "ana", at(9), vec![summary])).await?;
    let totals = UserUsage { total_requests: 2, requests_today: 1, last_request: Some(at(7)) };
    assert_eq!(store.user_usage(&shop, &ana, DAY).await?, Some(totals));
    let sums = store.usage(&shop, grouped(&[UsageKey::Operation])).await?;
    let requests: Vec<_> = sums.iter().map(|sum| (sum.operation, sum.requests, sum.cost)).collect();
    let expected = [(Some(Operation::Chat), 2, PicoUsd(5)), (Some(Operation::Summary), 0, PicoUsd(2))];
    assert_eq!(requests, expected);
    Ok(())
}

pub async fn an_unknown_price_is_not_zero(store: Arc<dyn Store>) -> Outcome {
    let calls = vec![entry("openai", Some(0)), entry("openai", None), entry("openai", None)];
    store.record(booking("default", "ana", at(1), calls)).await?;
    let sums = store.usage(&tenant("default"), UsageQuery::default()).await?;
    assert_eq!(sums.len(), 1);
    assert_eq!((sums[0].cost, sums[0].unpriced_calls, sums[0].requests), (PicoUsd(0), 2, 3));
    Ok(())
}

pub async fn usage_is_summed_by_any_combination_of_keys(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    for (who, day, provider) in
        [("bia", 0, "openai"), ("ana", 0, "openai"), ("ana", 1, "anthropic"), ("ana", 1, "openai")]
    {
        store.record(booking("default", who, at(day * DAY_MS), vec![entry(provider, Some(10))])).await?;
    }
    let all = store.usage(&shop, grouped(&[])).await?;
    let tokens = TokenUsage { input_tokens: 3_600, output_tokens: 180, ..Default::default() };
    let whole = UsageRow { requests: 4, usage: tokens, cost: PicoUsd(40), ..Default::default() };
    assert_eq!(all, [whole]);

    let by_day = store.usage(&shop, grouped(&[UsageKey::Day])).await?;
    let days: Vec<_> = by_day.iter().map(|sum| (sum.day, sum.requests)).collect();
    assert_eq!(days, [(Some(DAY), 2), (Some(date(2026, 11, 23)), 2)]);
    assert!(by_day.iter().all(|sum| sum.provider.is_none() && sum.user.is_none()));

    let mixed = store.usage(&shop, grouped(&[UsageKey::Provider, UsageKey::User])).await?;
    let rows: Vec<_> =
        mixed.iter().map(|sum| (sum.provider.as_deref(), sum.user.as_deref(), sum.requests)).collect();
    let expected = [
        (Some("anthropic"), Some("ana"), 1),
        (Some("openai"), Some("ana"), 2),
        (Some("openai"), Some("bia"), 1),
    ];
    assert_eq!(rows, expected, "ordered by the keys as asked");

    let by_model = store.usage(&shop, grouped(&[UsageKey::Model])).await?;
    assert_eq!(by_model[0].model.as_deref(), Some("small"));
    assert!(store.usage(&tenant("nobody"), grouped(&[UsageKey::Day])).await?.is_empty());
    Ok(())
}

pub async fn usage_is_limited_to_its_days_and_its_user(store: Arc<dyn Store>) -> Outcome {
    for (who, day) in [("ana", 0), ("ana", 1), ("ana", 2), ("bia", 1)] {
        store.record(booking("default", who, at(day * DAY_MS), vec![entry("openai", Some(1))])).await?;
    }
    let requests = async |from, to, who: Option<&str>| {
        let query = UsageQuery { from, to, user: who.map(user), group_by: vec![] };
        let sums = store.usage(&tenant("default"), query).await?;
        Ok::<u64, crate::StorageError>(sums.iter().map(|sum| sum.requests).sum())
    };
    let (first, second) = (DAY, date(2026, 11, 23));
    assert_eq!(requests(None, None, None).await?, 4);
    assert_eq!(requests(Some(second), None, None).await?, 3);
    assert_eq!(requests(None, Some(first), None).await?, 1);
    assert_eq!(requests(Some(second), Some(second), None).await?, 2, "the last day is included");
    assert_eq!(requests(Some(second), None, Some("ana")).await?, 2);
    assert_eq!(requests(None, None, Some("eve")).await?, 0);
    Ok(())
}

pub async fn the_roll_up_agrees_with_the_ledger_to_the_last_unit(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let (providers, people) = (["openai", "anthropic", "local"], ["ana", "bia", "caê"]);
    let operations = [
        Operation::Chat,
        Operation::Analyze,
        Operation::Classify,
        Operation::Summary,
        Operation::Transcription,
        Operation::PromptTest,
        Operation::Translation,
    ];
    let mut number: u64 = 1;
    // Lehmer's generator, modulo the Mersenne prime 2^31 - 1: any mixture will do, the same every time.
    let mut next = |below: u64| {
        number = number * 48_271 % 2_147_483_647;
        number % below
    };
    let pick = |number: u64| usize::try_from(number).unwrap_or_default();
    for _ in 0..300 {
        let mut calls = Vec::new();
        for _ in 0..=next(3) {
            let usage = TokenUsage {
                input_tokens: next(5_000),
                cached_tokens: next(400),
                cache_write_tokens: next(300),
                cache_write_long_tokens: next(200),
                output_tokens: next(900),
                reasoning_tokens: next(100),
                is_estimated: next(9) == 0,
            };
            calls.push(LedgerEntry {
                operation: operations[pick(next(5))],
                provider: providers[pick(next(3))].to_owned(),
                model: format!("model-{}", next(2)),
                usage,
                cost: (next(4) != 0).then(|| PicoUsd(next(2_000_000_000).cast_signed())),
                is_answer: next(5) != 0,
                is_cached: next(6) == 0,
                saved: (next(7) == 0).then(|| PicoUsd(next(2_000_000_000).cast_signed())),
            });
        }
        let when = at(next(4).cast_signed() * DAY_MS);
        store.record(booking("default", people[pick(next(3))], when, calls)).await?;
    }
    let keys = [UsageKey::Day, UsageKey::User, UsageKey::Provider, UsageKey::Model, UsageKey::Operation];
    for many in 0..=keys.len() {
        let query = UsageQuery { group_by: keys[..many].to_vec(), ..Default::default() };
        let rolled_up = store.usage(&shop, query.clone()).await?;
        assert_eq!(rolled_up, store.usage_from_ledger(&shop, query).await?);
    }
    let of_caê = UsageQuery { user: Some(user("caê")), from: Some(date(2026, 11, 23)), ..grouped(&keys) };
    assert_eq!(store.usage(&shop, of_caê.clone()).await?, store.usage_from_ledger(&shop, of_caê).await?);
    Ok(())
}

pub async fn failed_and_repeated_answers_have_their_own_sums(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let failed = LedgerEntry { is_answer: false, ..entry("openai", Some(7)) };
    let repeated = LedgerEntry {
        usage: TokenUsage::default(),
        is_cached: true,
        saved: Some(PicoUsd(11)),
        ..entry("openai", Some(0))
    };
    let unknown = LedgerEntry { saved: None, ..repeated.clone() };
    store.record(booking("default", "ana", at(1), vec![failed, entry("openai", Some(11))])).await?;
    store.record(booking("default", "ana", at(2), vec![repeated])).await?;
    store.record(booking("default", "ana", at(3), vec![unknown])).await?;
    let sums = store.usage(&shop, UsageQuery::default()).await?;
    assert_eq!((sums[0].failed_calls, sums[0].failed_cost, sums[0].cost), (1, PicoUsd(7), PicoUsd(18)));
    assert_eq!((sums[0].cached_answers, sums[0].saved, sums[0].requests), (2, PicoUsd(11), 3));
    assert_eq!(sums, store.usage_from_ledger(&shop, UsageQuery::default()).await?);
    Ok(())
}

pub async fn conversations_are_summed_from_their_bookings(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    for (place, cost, ms) in [("c1", 3, 1), ("c2", 5, 2), ("c1", 4, DAY_MS)] {
        let mut turn = booking("default", "ana", at(ms), vec![entry("openai", Some(cost))]);
        turn.origin.conversation = Some(conversation(place));
        store.record(turn).await?;
    }
    store.record(booking("default", "bia", at(3), vec![entry("openai", Some(9))])).await?;
    let summed = async |query: UsageQuery| {
        let sums = store.usage(&shop, query).await?;
        let rows = sums.into_iter().map(|sum| (sum.conversation, sum.requests, sum.cost.0));
        Ok::<_, crate::StorageError>(rows.collect::<Vec<_>>())
    };
    let (c1, c2) = (Some("c1".to_owned()), Some("c2".to_owned()));
    let by = grouped(&[UsageKey::Conversation]);
    let all = [(None, 1, 9), (c1.clone(), 2, 7), (c2.clone(), 1, 5)];
    assert_eq!(summed(by.clone()).await?, all, "what belongs to none comes first");
    let today = UsageQuery { to: Some(DAY), user: Some(user("ana")), ..by };
    assert_eq!(summed(today).await?, [(c1, 1, 3), (c2, 1, 5)]);
    Ok(())
}

pub async fn bookings_are_listed_newest_first_in_pages(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    for n in 0..7 {
        let who = if n % 2 == 0 { "ana" } else { "bia" };
        // Two of them at the same instant.
        let mut turn = booking("default", who, at(n / 2 * DAY_MS), vec![entry("openai", Some(n))]);
        turn.origin.conversation = (n != 6).then(|| conversation(who));
        store.record(turn).await?;
    }
    store.record(booking("shop", "ana", at(0), vec![entry("openai", Some(99))])).await?;
    let listed = async |filter: BookingFilter| {
        let (mut costs, mut filter) = (Vec::new(), BookingFilter { limit: 2, ..filter });
        loop {
            let page = store.bookings(&shop, filter.clone()).await?;
            assert!(page.items.len() <= 2);
            costs.extend(page.items.iter().filter_map(|booking| booking.entry.cost).map(|cost| cost.0));
            let Some(next) = page.next else { return Ok::<_, crate::StorageError>(costs) };
            filter.cursor = Some(next);
        }
    };
    let all = BookingFilter::default();
    assert_eq!(listed(all.clone()).await?, [6, 5, 4, 3, 2, 1, 0]);
    let of_ana = BookingFilter { user: Some(user("ana")), ..all.clone() };
    assert_eq!(listed(of_ana.clone()).await?, [6, 4, 2, 0]);
    let in_bias = BookingFilter { conversation: Some(conversation("bia")), ..all.clone() };
    assert_eq!(listed(in_bias.clone()).await?, [5, 3, 1]);
    assert_eq!(listed(BookingFilter { user: Some(user("ana")), ..in_bias }).await?, [0; 0]);
    let second = Some(date(2026, 11, 23));
    assert_eq!(listed(BookingFilter { from: second, to: second, ..all.clone() }).await?, [3, 2]);
    assert_eq!(listed(BookingFilter { to: Some(DAY), ..of_ana }).await?, [0]);
    let page = store.bookings(&shop, BookingFilter { cursor: Some("x".to_owned()), limit: 1, ..all }).await?;
    let first = &page.items[0];
    assert_eq!(
        (first.user.as_str(), first.at, first.entry.clone()),
        ("ana", at(3 * DAY_MS), entry("openai", Some(6)))
    );
    assert_eq!(first.origin.conversation, None);
    Ok(())
}

pub async fn absurd_numbers_saturate_and_break_nothing(store: Arc<dyn Store>) -> Outcome {
    let huge = LedgerEntry {
        usage: TokenUsage { input_tokens: u64::MAX, output_tokens: u64::MAX, ..Default::default() },
        ..entry("openai", Some(i64::MAX))
    };
    store.record(booking("default", "ana", at(1), vec![huge.clone(), huge])).await?;
    let sums = store.usage(&tenant("default"), UsageQuery::default()).await?;
    assert_eq!((sums[0].cost, sums[0].requests), (PicoUsd(i64::MAX), 2));
    assert!(sums[0].usage.input_tokens >= i64::MAX.cast_unsigned());
    let claiming = ReservationRequest {
        budgets: vec![super::sample::cap(BudgetScope::TenantMonth, i64::MAX)],
        at_most: PicoUsd(i64::MAX),
        daily_limit: Some(u64::MAX),
        ..request("r1", "default", "ana")
    };
    let admission = store.reserve(claiming).await?;
    assert!(matches!(admission, Admission::Budget { spent: PicoUsd(i64::MAX), .. }), "{admission:?}");
    Ok(())
}
