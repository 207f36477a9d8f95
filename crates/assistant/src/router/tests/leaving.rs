//! Callers that leave: nothing of theirs stays behind.

use std::time::Duration;

use futures::StreamExt;

use super::fakes::{Act, Bench, Fake, answer, fail, fail_for};
use crate::money::ModelCatalog;
use crate::provider::FailureKind::{Auth, Overloaded, RateLimited};
use crate::router::{BreakerState, RouteEvent, RoutedCall, RouterConfig};

/// Drops the work after a while.
async fn leave_after<T>(patience: Duration, work: impl Future<Output = T>) {
    assert!(tokio::time::timeout(patience, work).await.is_err(), "it was meant to be dropped");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_not_in_flight_any_more() {
    let first = Fake::remote("first", [Act::Hang]);
    let bench = Bench::new(&[&first]);
    leave_after(Duration::from_secs(1), bench.ask()).await;
    assert_eq!(bench.router.status()[0].in_flight, 0);
    assert!(bench.router.status()[0].error_rate.abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_lets_the_next_call_probe() {
    let first = Fake::remote("first", [fail(Auth), Act::Hang]);
    let bench = Bench::new(&[&first]);
    bench.ask().await.unwrap_err();
    tokio::time::advance(Duration::from_mins(5)).await;
    leave_after(Duration::from_secs(1), bench.ask()).await;
    assert_eq!(bench.router.status()[0].state, BreakerState::HalfOpen);
    first.act(Act::Answer("yes"));
    answer(bench.ask().await);
    assert_eq!(bench.router.status()[0].state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_gives_its_place_to_the_next() {
    let first = Fake::limited("first", 1, [Act::Answer("yes")]);
    let config = RouterConfig { max_queue_wait: Duration::from_secs(200), ..RouterConfig::default() };
    let bench = Bench::with(&[&first], config, ModelCatalog::default());
    let call = || RoutedCall { deadline: Duration::from_secs(1_000), ..bench.call() };
    answer(bench.router.complete(call()).await);
    let leaving = leave_after(Duration::from_secs(1), bench.router.complete(call()));
    let staying = async {
        // Takes its place behind the one that leaves.
        tokio::task::yield_now().await;
        bench.timed(bench.router.complete(call())).await
    };
    let ((), (routed, took)) = tokio::join!(leaving, staying);
    answer(routed);
    assert_eq!((took, first.calls()), (Duration::from_mins(1), 2));
    assert_eq!(bench.router.status()[0].queued, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_is_not_in_flight_any_more() {
    let first = Fake::remote("first", [Act::Stall(1)]);
    let bench = Bench::new(&[&first]);
    let mut events = bench.router.stream(bench.call());
    assert!(matches!(events.next().await, Some(RouteEvent::Text(_))));
    assert_eq!(bench.router.status()[0].in_flight, 1);
    drop(events);
    assert_eq!(bench.router.status()[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn whenever_callers_leave_nothing_stays_behind() {
    let limited = fail_for(RateLimited, Duration::from_secs(1));
    let slow = Act::AnswerAfter(Duration::from_millis(900), "yes");
    let script = [slow.clone(), limited.clone(), fail(Overloaded), limited, slow];
    let first = Fake::limited("first", 50, script);
    let config = RouterConfig { max_queue_wait: Duration::from_mins(10), ..RouterConfig::default() };
    let bench = Bench::with(&[&first], config, ModelCatalog::default());
    let call = || RoutedCall { deadline: Duration::from_hours(1), ..bench.call() };
    let callers = (0..300_u64).map(|n| {
        let (starts, leaves) =
            (Duration::from_millis(n * 37 % 2_000), Duration::from_millis(n * 613 % 4_000));
        let call = call();
        let router = bench.router.clone();
        async move {
            tokio::time::sleep(starts).await;
            // Some answer in time, some do not: either is fine here.
            let _left_or_done = tokio::time::timeout(leaves, router.complete(call)).await;
        }
    });
    futures::future::join_all(callers).await;
    let status = &bench.router.status()[0];
    assert_eq!((status.in_flight, status.queued), (0, 0));
    first.act(Act::Answer("yes"));
    tokio::time::advance(Duration::from_mins(6)).await;
    answer(bench.router.complete(call()).await);
}
