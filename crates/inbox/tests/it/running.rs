//! The tasks: by themselves, through a crash, and to an orderly end.

use std::time::Duration;

use pytake_assistant::Settings;
use pytake_store::NumberSettings;
use tokio_util::sync::CancellationToken;

use crate::support::{Act, World};

/// Long enough for a loaded machine; nothing waits for it but a failure.
const PATIENCE: Duration = Duration::from_mins(1);

fn at_once() -> NumberSettings {
    NumberSettings { quiet_ms: Some(0), discloses: false, ..NumberSettings::default() }
}

#[tokio::test]
async fn a_message_is_answered_without_anybody_asking_for_it() {
    let world = World::with(at_once(), Settings::default()).await;
    let shutdown = CancellationToken::new();
    let (channel, stop) = (world.channel.clone(), shutdown.clone());
    let running = tokio::spawn(async move { channel.run(stop).await });
    world.hears("Oi").await;
    tokio::time::timeout(PATIENCE, world.outside.has_sent.notified()).await.expect("it is answered");
    shutdown.cancel();
    tokio::time::timeout(PATIENCE, running).await.expect("it stops").unwrap();
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?"]);
}

#[tokio::test]
async fn a_turn_in_flight_is_finished_at_shutdown() {
    let world = World::with(at_once(), Settings::default()).await;
    world.model.will([Act::Wait("Até logo!")]);
    let shutdown = CancellationToken::new();
    let (channel, stop) = (world.channel.clone(), shutdown.clone());
    let running = tokio::spawn(async move { channel.run(stop).await });
    world.hears("Oi").await;
    tokio::time::timeout(PATIENCE, world.model.was_called.notified()).await.expect("the turn has begun");
    shutdown.cancel();
    world.hears("e mais uma coisa").await;
    world.model.may_go.notify_one();
    tokio::time::timeout(PATIENCE, running).await.expect("it stops").unwrap();
    assert_eq!(world.model.calls(), 1, "nothing new was begun");
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?"], "the next start answers both");
}

#[tokio::test]
async fn what_was_received_is_answered_by_the_next_process() {
    let mut world = World::new().await;
    world.hears("Oi").await;
    world.restart();
    world.let_pass(3).await;
    assert_eq!(world.outside.texts().len(), 1);
}

#[tokio::test]
async fn what_was_answered_is_sent_by_the_next_process() {
    let mut world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.restart();
    world.channel.send_due().await;
    assert_eq!(world.outside.texts().len(), 1);
    assert_eq!(world.model.calls(), 1, "and not answered again");
}

#[tokio::test]
async fn a_worker_that_comes_back_too_late_writes_nothing() {
    let mut world = World::new().await;
    world.model.will([Act::Wait("Tarde demais"), Act::Say("Em tempo")]);
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(3));
    let stalled = world.channel.clone();
    let turn = tokio::spawn(async move { stalled.run_due_turns().await });
    world.model.was_called.notified().await;
    world.restart();
    // The lease runs out; another process takes the conversation. The lane of this one is let go first.
    world.clock.advance(Duration::from_secs(100));
    world.model.may_go.notify_one();
    turn.await.unwrap();
    world.let_pass(1).await;
    world.let_pass(10).await;
    assert_eq!(world.outside.texts().len(), 1, "one reply, whoever wrote it");
}
