//! What the breaker spares the caller, and what an outage costs upstream.

use std::time::Duration;

use super::fakes::{Act, Bench, Fake, answer, fail, fail_for};
use crate::provider::FailureKind::{Auth, Overloaded, RateLimited};
use crate::router::{BreakerState, RoutedCall};

const FAST: Duration = Duration::from_millis(300);

#[tokio::test(start_paused = true)]
async fn from_the_fourth_call_on_a_hanging_primary_costs_nothing() {
    let (primary, second) =
        (Fake::remote("primary", [Act::Hang]), Fake::remote("second", [Act::AnswerAfter(FAST, "yes")]));
    let bench = Bench::new(&[&primary, &second, &Fake::local()]);
    for call in 1..=8 {
        let (routed, took) = bench.timed(bench.ask()).await;
        assert_eq!(answer(routed).provider, "second");
        if call >= 4 {
            assert!(took < FAST + Duration::from_millis(20), "call {call} took {took:?}");
        }
    }
    assert_eq!(primary.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_a_hanging_primary_costs_the_caller_nothing() {
    let (primary, second) =
        (Fake::remote("primary", [Act::Hang]), Fake::remote("second", [Act::AnswerAfter(FAST, "yes")]));
    let bench = Bench::new(&[&primary, &second, &Fake::local()]);
    for _ in 0..3 {
        answer(bench.ask().await);
    }
    tokio::time::advance(Duration::from_secs(6)).await;
    let (_, took) = bench.timed(bench.ask()).await;
    assert_eq!(took, FAST);
    assert_eq!(primary.calls(), 4, "the probe went out beside the call");
    bench.router.shutdown().await;
    assert_eq!(bench.router.status()[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_mended_primary_is_back_after_one_probe() {
    let (primary, second) =
        (Fake::remote("primary", [fail(Auth)]), Fake::remote("second", [Act::Answer("2")]));
    let bench = Bench::new(&[&primary, &second, &Fake::local()]);
    assert_eq!(answer(bench.ask().await).provider, "second");
    assert_eq!(bench.router.status()[0].state, BreakerState::Open);
    primary.act(Act::Answer("1"));
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(answer(bench.ask().await).provider, "second");
    tokio::task::yield_now().await;
    assert_eq!(bench.router.status()[0].state, BreakerState::Closed);
    assert_eq!(answer(bench.ask().await).provider, "primary");
    let probe = primary.requests.lock()[1].clone();
    assert_ne!(probe.messages[0].content, bench.call().request.messages[0].content);
}

#[tokio::test(start_paused = true)]
async fn with_nobody_else_the_callers_own_call_is_the_only_probe() {
    let primary = Fake::remote("primary", [Act::Hang]);
    let bench = Bench::new(&[&primary]);
    for _ in 0..3 {
        bench.ask().await.unwrap_err();
    }
    tokio::time::advance(Duration::from_secs(5)).await;
    primary.act(Act::AnswerAfter(FAST, "yes"));
    let calls = (0..16).map(|_| bench.ask());
    let results = futures::future::join_all(calls).await;
    assert_eq!(results.iter().filter(|routed| routed.is_ok()).count(), 1);
    assert_eq!(primary.calls(), 4);
    assert!(bench.ask().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_total_outage_costs_at_most_eleven_upstream_calls_in_ten_turns() {
    for act in [Act::Hang, fail(Overloaded), fail_for(RateLimited, Duration::from_secs(1))] {
        for pause in [Duration::ZERO, Duration::from_secs(1), Duration::from_mins(10)] {
            let (first, second) =
                (Fake::remote("first", [act.clone()]), Fake::remote("second", [act.clone()]));
            let bench = Bench::new(&[&first, &second, &Fake::local()]);
            for _ in 0..100 {
                assert_eq!(answer(bench.ask().await).completion.text, "from here");
                tokio::time::advance(pause).await;
            }
            let upstream = first.calls() + second.calls();
            assert!(upstream <= 110, "{upstream} upstream calls with turns {pause:?} apart");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_pauses_for_a_provider_that_was_just_benched() {
    let (primary, second) =
        (Fake::remote("primary", [fail(Overloaded)]), Fake::remote("2", [Act::Answer("yes")]));
    let bench = Bench::new(&[&primary, &second]);
    answer(bench.ask().await);
    let (routed, took) = bench.timed(bench.ask()).await;
    assert_eq!((answer(routed).attempts.len(), took, primary.calls()), (2, Duration::ZERO, 3));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_without_a_time_is_not_waited_for() {
    let primary = Fake::remote("primary", [fail(RateLimited)]);
    let bench = Bench::new(&[&primary, &Fake::local()]);
    let (routed, took) = bench.timed(bench.ask()).await;
    assert_eq!((answer(routed).provider.as_str(), took), ("local", Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_primary_is_left_alone_until_its_time() {
    let limited = fail_for(RateLimited, Duration::from_secs(20));
    let (primary, second) =
        (Fake::remote("primary", [limited]), Fake::remote("second", [Act::Answer("yes")]));
    let bench = Bench::new(&[&primary, &second]);
    for _ in 0..10 {
        answer(bench.ask().await);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!((primary.calls(), second.calls()), (1, 10));
}

#[tokio::test(start_paused = true)]
async fn a_callers_strange_model_does_not_bench_the_provider() {
    use crate::provider::FailureKind::ModelNotFound;
    let primary = Fake::remote("primary", [fail(ModelNotFound), Act::Answer("yes")]);
    let bench = Bench::new(&[&primary, &Fake::local()]);
    let strange = RoutedCall { model: Some("gpt-0".to_owned()), ..bench.call() };
    assert_eq!(answer(bench.router.complete(strange).await).provider, "local");
    assert_eq!(answer(bench.ask().await).provider, "primary");
}
