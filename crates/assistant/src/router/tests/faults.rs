//! The fault matrix: first provider faulty, second healthy, each cell started cold.

use std::time::Duration;

use super::fakes::{Act, Bench, Fake, answer, fail, fail_for, failure, kinds};
use crate::provider::FailureKind::{
    Auth, BadRequest, Billing, Connect, ContextTooLong, Incomplete, Malformed, ModelNotFound, Overloaded,
    RateLimited, Refused, ServerError, Timeout,
};
use crate::router::RouteFailureReason;

/// Faults, and how many upstream calls the faulty provider gets.
fn matrix() -> Vec<(&'static str, Act, usize)> {
    vec![
        ("503", fail(Overloaded), 2),
        ("500", fail(ServerError), 2),
        ("no connection", fail(Connect), 2),
        ("429 with Retry-After", fail_for(RateLimited, Duration::from_secs(2)), 1),
        ("401", fail(Auth), 1),
        ("no money", fail(Billing), 1),
        ("model gone", fail(ModelNotFound), 1),
        ("hang", Act::Hang, 1),
        ("200 with HTML or no choices", fail(Malformed), 1),
        ("body cut", fail(Incomplete), 1),
        ("stream cut before text", Act::Cut(0), 1),
        ("error as first event", Act::Break(0), 2),
        ("silence as first event", Act::Stall(0), 1),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_fault_ends_in_the_second_providers_answer_whole() {
    for (fault, act, calls) in matrix() {
        // Faults of streams are cut bodies in a whole call.
        let calls = if matches!(act, Act::Break(_)) { 1 } else { calls };
        let (first, second) = (Fake::remote("first", [act]), Fake::remote("second", [Act::Answer("yes")]));
        let bench = Bench::new(&[&first, &second, &Fake::local()]);
        let routed = answer(bench.ask().await);
        assert_eq!((routed.completion.text.as_str(), routed.provider.as_str()), ("yes", "second"), "{fault}");
        assert_eq!((first.calls(), second.calls()), (calls, 1), "{fault}");
        assert_eq!(routed.attempts.len(), calls + 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_before_the_first_text_ends_in_the_second_providers_answer_streamed() {
    for (fault, act, calls) in matrix() {
        let (first, second) = (Fake::remote("first", [act]), Fake::remote("second", [Act::Answer("we are")]));
        let bench = Bench::new(&[&first, &second, &Fake::local()]);
        let (shown, routed) = bench.hear(bench.call()).await;
        assert_eq!((shown.as_str(), answer(routed).provider.as_str()), ("we are", "second"), "{fault}");
        assert_eq!((first.calls(), second.calls()), (calls, 1), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_after_text_ends_the_stream_and_nobody_else_is_asked() {
    for act in [Act::Cut(3), Act::Break(3), Act::Stall(3)] {
        let (first, second) = (Fake::remote("first", [act]), Fake::remote("second", [Act::Answer("yes")]));
        let bench = Bench::new(&[&first, &second, &Fake::local()]);
        let (shown, routed) = bench.hear(bench.call()).await;
        let failed = failure(routed);
        assert_eq!(shown, "chunk chunk chunk ");
        assert_eq!(failed.reason, RouteFailureReason::AllFailed);
        assert_eq!((first.calls(), second.calls()), (1, 0));
        // The vendor bills what it said; without its numbers they are counted and marked.
        assert!(failed.billed[0].usage.is_estimated && failed.billed[0].usage.output_tokens >= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_is_sent_nowhere_else() {
    let (first, second) = (Fake::remote("first", [fail(BadRequest)]), Fake::remote("second", [Act::Hang]));
    let local = Fake::local();
    let bench = Bench::new(&[&first, &second, &local]);
    assert_eq!(failure(bench.ask().await).reason, RouteFailureReason::BadRequest("scripted".to_owned()));
    assert_eq!((first.calls(), second.calls(), local.calls()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_shopped_around() {
    let (first, second) = (Fake::remote("first", [fail(Refused)]), Fake::remote("second", [Act::Hang]));
    let bench = Bench::new(&[&first, &second, &Fake::local()]);
    assert_eq!(failure(bench.ask().await).reason, RouteFailureReason::Refused("scripted".to_owned()));
    assert_eq!((first.calls(), second.calls()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_third_provider_is_reached_when_two_have_no_capacity() {
    let (first, second) = (Fake::remote("a", [fail(Overloaded)]), Fake::remote("b", [fail(Overloaded)]));
    let third = Fake::remote("c", [Act::Answer("yes")]);
    let bench = Bench::new(&[&first, &second, &third]);
    let routed = answer(bench.ask().await);
    assert_eq!(kinds(&routed.attempts), [Some(Overloaded), Some(Overloaded), None]);
}

#[tokio::test(start_paused = true)]
async fn a_total_outage_ends_at_local_within_the_deadline() {
    for act in [Act::Hang, fail(Overloaded), fail(Auth)] {
        let (first, second) = (Fake::remote("first", [act.clone()]), Fake::remote("second", [act]));
        let bench = Bench::new(&[&first, &second, &Fake::local()]);
        let (routed, took) = bench.timed(bench.ask()).await;
        assert_eq!(answer(routed).completion.text, "from here");
        assert!(took <= Duration::from_millis(29_500), "{took:?}");
        assert!(first.calls() + second.calls() <= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn without_fallback_only_the_preferred_one_is_asked() {
    let (first, second) = (Fake::remote("first", [Act::Answer("no")]), Fake::remote("second", [Act::Hang]));
    let bench = Bench::new(&[&first, &second, &Fake::local()]);
    let call =
        crate::router::RoutedCall { preferred: Some("second".to_owned()), fallback: false, ..bench.call() };
    let (routed, took) = bench.timed(bench.router.complete(call)).await;
    let failed = failure(routed);
    assert_eq!(failed.reason, RouteFailureReason::Deadline);
    assert_eq!(kinds(&failed.attempts), [Some(Timeout)]);
    assert_eq!((first.calls(), took), (0, Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn only_a_larger_model_gets_a_prompt_that_was_too_long() {
    let catalog = serde_json::from_value(serde_json::json!({
        "version": "test",
        "providers": {
            "small": {"default": {"max_input_tokens": 1_000}},
            "same": {"default": {"max_input_tokens": 1_000}},
            "large": {"default": {"max_input_tokens": 9_000}},
        },
    }))
    .unwrap();
    let small = Fake::remote("small", [fail(ContextTooLong)]);
    let (same, unknown) = (Fake::remote("same", [Act::Hang]), Fake::remote("unknown", [Act::Hang]));
    let (large, local) = (Fake::remote("large", [Act::Answer("yes")]), Fake::local());
    let providers = [&small, &same, &unknown, &large, &local];
    let bench = Bench::with(&providers, crate::router::RouterConfig::default(), catalog);
    assert_eq!(answer(bench.ask().await).provider, "large");
    assert_eq!((same.calls(), unknown.calls()), (0, 0));

    let too_long = crate::router::RoutedCall {
        preferred: Some("small".to_owned()),
        fallback: false,
        input_tokens: 1_001,
        ..bench.call()
    };
    let failed = failure(bench.router.complete(too_long).await);
    assert_eq!(failed.reason, RouteFailureReason::ContextTooLong);
    assert_eq!(small.calls(), 1, "a prompt that cannot fit is not sent");
}
