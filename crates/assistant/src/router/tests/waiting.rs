//! Quotas: who waits, who goes elsewhere, and in which order.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;

use super::fakes::{Act, Bench, Fake, answer, fail_for, failure};
use crate::id::TenantId;
use crate::money::ModelCatalog;
use crate::provider::FailureKind::RateLimited;
use crate::router::{RouteFailureReason, RoutedCall, RouterConfig};

fn patient() -> RouterConfig {
    RouterConfig { max_queue_wait: Duration::from_hours(1), ..RouterConfig::default() }
}

fn call_of(bench: &Bench, tenant: &str, lane: &str) -> RoutedCall {
    RoutedCall {
        tenant: TenantId::new(tenant).unwrap(),
        lane: lane.into(),
        deadline: Duration::from_secs(100_000),
        ..bench.call()
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_sends_the_turn_to_the_next_provider() {
    let (first, second) =
        (Fake::limited("first", 2, [Act::Answer("1")]), Fake::remote("second", [Act::Answer("2")]));
    let bench = Bench::new(&[&first, &second]);
    for _ in 0..10 {
        answer(bench.ask().await);
    }
    assert_eq!((first.calls(), second.calls()), (2, 8));
}

#[tokio::test(start_paused = true)]
async fn a_wait_too_long_ends_at_local_or_says_when_to_come_back() {
    let first = Fake::limited("first", 1, [Act::Answer("1")]);
    let with_local = Bench::new(&[&first, &Fake::local()]);
    assert_eq!(answer(with_local.ask().await).provider, "first");
    assert_eq!(answer(with_local.ask().await).provider, "local");
    let alone = Bench::new(&[&first]);
    answer(alone.ask().await);
    let reason = failure(alone.ask().await).reason;
    assert_eq!(reason, RouteFailureReason::QueueFull { retry_after: Duration::from_mins(1) });
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_is_waited() {
    let first = Fake::limited("first", 1, [Act::Answer("1")]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    answer(bench.ask().await);
    tokio::time::advance(Duration::from_secs(57)).await;
    let (routed, took) = bench.timed(bench.ask()).await;
    let routed = answer(routed);
    assert_eq!((routed.provider.as_str(), took), ("first", Duration::from_secs(3)));
    assert_eq!(routed.attempts[0].queued_ms, 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_tenant_waits_for_one_of_the_noisy_ones_calls_not_for_all() {
    let first = Fake::limited("first", 1, [Act::Answer("1")]);
    let bench = Bench::with(&[&first], patient(), ModelCatalog::default());
    let order = Arc::new(Mutex::new(Vec::new()));
    let ask = |tenant: &'static str, lane: String| {
        let call = call_of(&bench, tenant, &lane);
        let (router, order) = (bench.router.clone(), Arc::clone(&order));
        async move {
            answer(router.complete(call).await);
            order.lock().push(tenant);
        }
    };
    let noisy = join_all((0..20).map(|n| ask("noisy", format!("c{n}"))));
    let quiet = async {
        tokio::task::yield_now().await;
        join_all((0..2).map(|_| ask("quiet", "c".to_owned()))).await
    };
    tokio::join!(noisy, quiet);
    assert_eq!(order.lock()[..5], ["noisy", "noisy", "quiet", "noisy", "quiet"]);
    assert_eq!(order.lock().len(), 22);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_keeps_its_order() {
    let first = Fake::limited("first", 1, [Act::Answer("1")]);
    let bench = Bench::with(&[&first], patient(), ModelCatalog::default());
    let order = Mutex::new(Vec::new());
    let asks = (0..6).map(|n| {
        let (bench, order) = (&bench, &order);
        async move {
            answer(bench.router.complete(call_of(bench, "shop", "ana")).await);
            order.lock().push(n);
        }
    });
    join_all(asks).await;
    assert_eq!(*order.lock(), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn no_minute_sees_more_calls_than_the_quota_under_concurrency() {
    let first = Fake::limited("first", 10, [Act::AnswerAfter(Duration::from_millis(700), "1")]);
    let bench = Bench::with(&[&first], patient(), ModelCatalog::default());
    let asks = join_all((0..35).map(|n| {
        let call = call_of(&bench, "shop", &format!("c{n}"));
        bench.router.complete(call)
    }));
    let count = async {
        let mut counts = Vec::new();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(59)).await;
            counts.push(first.calls());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        counts
    };
    let (answers, counts) = tokio::join!(asks, count);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(counts, [10, 20, 30, 35]);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let first = Fake::limited("first", 1, [Act::Answer("1")]);
    let config = RouterConfig { max_queue: 3, ..patient() };
    let bench = Bench::with(&[&first], config, ModelCatalog::default());
    let asks = (0..10).map(|n| bench.router.complete(call_of(&bench, "shop", &format!("c{n}"))));
    let results = join_all(asks).await;
    assert_eq!(results.iter().filter(|routed| routed.is_ok()).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_short_bench_is_waited_for_by_everybody_and_probed_by_one() {
    let limited = fail_for(RateLimited, Duration::from_secs(2));
    let slow = Act::AnswerAfter(Duration::from_millis(400), "yes");
    let first = Fake::remote("first", [limited, slow]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    let hurried = RoutedCall { deadline: Duration::from_millis(900), ..bench.call() };
    assert_eq!(answer(bench.router.complete(hurried).await).provider, "local");
    let (results, took) = bench.timed(join_all((0..8).map(|_| bench.ask()))).await;
    assert!(results.into_iter().all(|routed| answer(routed).provider == "first"));
    assert_eq!((first.calls(), took), (9, Duration::from_millis(2_800)));
    assert_eq!(bench.router.status()[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_was_rate_limited_itself_comes_back_once_where_nobody_else_is_there() {
    let limited = fail_for(RateLimited, Duration::from_secs(2));
    let first = Fake::remote("first", [limited.clone(), Act::Answer("yes")]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    let (routed, took) = bench.timed(bench.ask()).await;
    assert_eq!((answer(routed).provider.as_str(), took), ("first", Duration::from_secs(2)));

    let stubborn = Fake::remote("first", [limited]);
    let bench = Bench::new(&[&stubborn, &Fake::local()]);
    assert_eq!(answer(bench.ask().await).provider, "local");
    assert_eq!(stubborn.calls(), 2);
}
