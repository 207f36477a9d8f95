//! What becomes of a message on its way out.

use std::time::Duration;

use pytake_assistant::Clock;
use pytake_assistant::channel::{DeliveryState, SendFailureKind};
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::tenant::Tenants;

use crate::support::{World, number, tenant};

/// A world with a reply in the outbox whose first sends fail like this.
async fn failing(kinds: &[SendFailureKind]) -> World {
    let world = World::new().await;
    world.outside.failures.lock().extend(kinds.iter().copied());
    world.talks("Oi").await;
    world
}

#[tokio::test]
async fn each_failure_is_retried_given_up_or_stops_the_number() {
    use SendFailureKind as Kind;
    // Kind, state right after, texts out after two minutes, alarms.
    let cases: [(Kind, &str, usize, &[&str]); 12] = [
        (Kind::NotSent, "queued", 1, &[]),
        (Kind::Temporary, "queued", 1, &[]),
        (Kind::NumberRate, "queued", 1, &[]),
        (Kind::PairRate, "queued", 1, &[]),
        (Kind::Unknown, "sending", 0, &[]),
        (Kind::WindowClosed, "failed", 0, &["window_closed"]),
        (Kind::Undeliverable, "failed", 0, &[]),
        (Kind::MarketingStopped, "failed", 0, &[]),
        (Kind::BadRequest, "failed", 0, &["message_refused"]),
        (Kind::Template, "failed", 0, &["template_refused"]),
        (Kind::Token, "queued", 0, &["number_stopped"]),
        (Kind::SpamRate, "queued", 0, &["number_stopped"]),
    ];
    for (kind, state, sent, alarms) in cases {
        let world = failing(&[kind]).await;
        assert_eq!(world.states().await, [state], "{kind:?}");
        world.let_pass(120).await;
        assert_eq!(world.outside.texts().len(), sent, "{kind:?}");
        assert_eq!(world.alarms(), alarms, "{kind:?}");
    }
}

#[tokio::test]
async fn a_number_that_must_not_send_keeps_its_queue() {
    let world = failing(&[SendFailureKind::Token]).await;
    world.talks("Vocês abrem hoje?").await;
    assert!(world.outside.texts().is_empty());
    let shown = world.channel.numbers(&tenant()).await.unwrap();
    assert_eq!(shown[0].stopped.as_deref(), Some("token (131000)"));
    world.channel.resume_number(&tenant(), &number()).await.unwrap();
    world.let_pass(1).await;
    world.let_pass(6).await;
    assert!(!world.outside.texts().is_empty(), "what waited goes out");
    assert!(world.states().await.iter().all(|state| *state != "queued"));
}

#[tokio::test]
async fn a_message_of_unknown_end_is_repeated_once_unless_a_report_names_it() {
    let world = failing(&[SendFailureKind::Unknown]).await;
    world.clock.advance(Duration::from_secs(59));
    world.channel.settle_unknown().await.unwrap();
    assert_eq!(world.states().await, ["sending"]);
    world.clock.advance(Duration::from_secs(2));
    world.channel.settle_unknown().await.unwrap();
    world.let_pass(1).await;
    let outbox = world.outbox().await;
    assert!(outbox[0].is_possible_duplicate);
    assert_eq!(world.outside.texts().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_through_a_closed_window() {
    let world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.clock.advance(Duration::from_hours(24));
    world.channel.send_due().await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.outbox().await[0].reason.as_deref(), Some("window_closed"));
    assert_eq!(world.alarms(), ["window_closed"]);
}

#[tokio::test]
async fn a_reply_is_not_sent_when_something_newer_has_come() {
    let world = World::new().await;
    world.hears("Quero um bolo").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.hears("de chocolate").await;
    world.channel.send_due().await;
    assert!(world.outside.texts().is_empty());
    world.let_pass(3).await;
    assert_eq!(world.outside.texts().len(), 1, "one reply to both");
}

#[tokio::test]
async fn what_became_of_a_message_is_told_to_operators() {
    let world = World::new().await;
    world.talks("Oi").await;
    world.receive(vec![world.report(DeliveryState::Delivered, Some("service"))]).await;
    world.receive(vec![world.report(DeliveryState::Sent, Some("service"))]).await;
    let told = world.events(Some(TenantEventKind::Delivery));
    let states: Vec<_> = told.iter().map(|event| event.data["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["accepted", "delivered"], "a late report moves nothing back");
}

#[tokio::test]
async fn a_suspended_tenant_neither_reads_nor_sends_until_it_goes_on() {
    let world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    tokio::task::yield_now().await;
    let since = Some(world.clock.now());
    world.store.set_suspended(&tenant(), since).await.unwrap();
    world.talks("Alguém aí?").await;
    tokio::task::yield_now().await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.outside.read.lock().len(), 1, "the one from before");
    assert_eq!(world.states().await, ["queued"]);
    world.store.set_suspended(&tenant(), None).await.unwrap();
    world.let_pass(3).await;
    assert!(world.outside.texts().is_empty(), "the customer has written again since");
    assert_eq!(world.states().await, ["withheld"]);
    world.talks("E agora?").await;
    assert_eq!(world.outside.texts().len(), 1);
}
