//! Answers that arrive whole and still are none, and what is paid for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fakes::{Act, Bench, Fake, USAGE, answer, fail, failure, kinds};
use crate::provider::FailureKind::{Malformed, ServerError};
use crate::provider::{ProviderFailure, ProviderPlace, Role};
use crate::router::{Accept, Acceptance, RouteFailureReason, RoutedCall};

fn objects_to(bad: &'static str) -> Accept {
    Arc::new(move |completion, _| {
        if completion.text == bad {
            Acceptance::Repair { objection: "say it in JSON".to_owned() }
        } else {
            Acceptance::Accept
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_repair_shows_the_provider_its_answer_and_the_objection() {
    let first = Fake::remote("first", [Act::Answer("bad"), Act::Answer("good")]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    let call = RoutedCall { accept: objects_to("bad"), ..bench.call() };
    let routed = answer(bench.router.complete(call).await);
    assert_eq!(kinds(&routed.attempts), [Some(Malformed), None]);
    assert_eq!(routed.billed.iter().map(|b| b.is_answer).collect::<Vec<_>>(), [false, true]);
    let request = first.requests.lock()[1].clone();
    let told: Vec<(Role, &str)> = request.messages.iter().map(|m| (m.role, &*m.content)).collect();
    assert_eq!(told[1..], [(Role::Assistant, "bad"), (Role::User, "say it in JSON")]);
}

#[tokio::test(start_paused = true)]
async fn a_second_objection_goes_to_the_next_provider_with_the_original_prompt() {
    let (first, second) =
        (Fake::remote("first", [Act::Answer("bad")]), Fake::remote("second", [Act::Answer("ok")]));
    let bench = Bench::new(&[&first, &second]);
    let call = RoutedCall { accept: objects_to("bad"), ..bench.call() };
    assert_eq!(answer(bench.router.complete(call).await).provider, "second");
    assert_eq!((first.calls(), second.calls()), (2, 1));
    assert_eq!(second.requests.lock()[0].messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_we_reject_does_not_bench_the_provider() {
    let first = Fake::remote("first", [Act::Answer("bad")]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    let accept: Accept = Arc::new(|_, place| match place {
        ProviderPlace::Remote => Acceptance::Malformed("not fit to send".to_owned()),
        ProviderPlace::Local => Acceptance::Accept,
    });
    for _ in 0..10 {
        let call = RoutedCall { accept: Arc::clone(&accept), ..bench.call() };
        assert_eq!(answer(bench.router.complete(call).await).provider, "local");
    }
    assert_eq!(first.calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_that_was_shown_cannot_be_repaired() {
    let (first, second) = (Fake::remote("first", [Act::Answer("bad")]), Fake::remote("second", [Act::Hang]));
    let bench = Bench::new(&[&first, &second]);
    let (shown, routed) = bench.hear(RoutedCall { accept: objects_to("bad"), ..bench.call() }).await;
    assert_eq!((shown.as_str(), failure(routed).reason), ("bad", RouteFailureReason::AllFailed));
    assert_eq!(second.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn missing_numbers_are_counted_and_marked() {
    let first = Fake::remote("first", [Act::AnswerWithoutUsage("Hello world")]);
    let bench = Bench::new(&[&first]);
    let routed = answer(bench.ask().await);
    let usage = routed.completion.usage.unwrap();
    assert!(usage.is_estimated);
    assert_eq!((usage.input_tokens, usage.output_tokens), (7, pytake_tokenizer::count("Hello world") as u64));
    assert_eq!(routed.billed[0].usage, usage);
}

#[tokio::test(start_paused = true)]
async fn a_failure_with_a_bill_is_billed() {
    let billed = ProviderFailure { usage: Some(USAGE), ..ProviderFailure::new(ServerError, "late error") };
    let first = Fake::remote("first", [Act::Fail(billed), fail(ServerError)]);
    let bench = Bench::new(&[&first, &Fake::local()]);
    let routed = answer(bench.ask().await);
    assert_eq!((routed.provider.as_str(), routed.billed.len()), ("local", 1));
    assert_eq!((routed.billed[0].usage, routed.billed[0].is_answer), (USAGE, false));
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_judged_once() {
    let judged = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&judged);
    let accept: Accept = Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Acceptance::Accept
    });
    let bench = Bench::new(&[&Fake::remote("first", [Act::Answer("one two")])]);
    let (shown, routed) = bench.hear(RoutedCall { accept, ..bench.call() }).await;
    assert_eq!((shown, answer(routed).completion.text), ("one two".to_owned(), "one two".to_owned()));
    assert_eq!(judged.load(Ordering::Relaxed), 1);
}
