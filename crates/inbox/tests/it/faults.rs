//! What breaks in the middle: a process, the database, a message that nobody can answer.

use std::time::Duration;

use pytake_assistant::ChatRequest;
use pytake_assistant::channel::DeliveryState;
use pytake_assistant::conversation::{Attendant, ConversationState};
use pytake_assistant::{Clock, Settings, phrases};
use pytake_store::{Inbox, NumberSettings, Outbox};
use serde_json::json;

use crate::support::{Act, World, tenant};

#[tokio::test]
async fn what_a_dead_process_held_is_answered_at_the_next_start_once() {
    let mut world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(3));
    let held = world.store.claim(Duration::from_secs(90)).await.unwrap().expect("it is due");
    world.restart();
    assert_eq!(world.channel.run_due_turns().await, 0, "somebody may still work on it");
    world.store.release_leases().await.unwrap();
    assert_eq!(world.channel.run_due_turns().await, 1);
    world.store.release_leases().await.unwrap();
    assert_eq!(world.channel.run_due_turns().await, 0);
    world.channel.send_due().await;
    assert_eq!((world.outside.texts().len(), world.model.calls()), (1, 1));
    assert!(!world.store.dismiss(&held.key, &[]).await.unwrap(), "the dead are fenced");
}

#[tokio::test]
async fn a_message_that_was_sent_and_not_noted_is_settled_by_its_report() {
    let mut world = World::new().await;
    world.talks("Oi").await;
    world.hears("tem bolo?").await;
    world.clock.advance(Duration::from_secs(6));
    world.channel.run_due_turns().await;
    // The process sends it and dies before it can write that down.
    let sending = world.store.take().await.unwrap().expect("it is queued");
    world.outside.sent.lock().push(crate::support::Sent {
        text: "Oi!".to_owned(),
        callback: sending.key.id.0.clone(),
        to: sending.recipient.clone(),
    });
    world.restart();
    world.receive(vec![world.report(DeliveryState::Sent, None)]).await;
    world.clock.advance(Duration::from_secs(61));
    world.channel.settle_unknown().await.unwrap();
    assert_eq!(world.channel.send_due().await, 0, "it is not sent again");
    assert_eq!(world.states().await, ["accepted", "sent"]);
}

#[tokio::test]
async fn what_was_paid_and_cannot_be_written_is_tried_a_few_times_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let world = World::on_disk(&path).await;
    let beside = rusqlite::Connection::open(&path).unwrap();
    beside
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    world.hears("tem bolo de cenoura?").await;
    for _ in 0..30 {
        world.let_pass(100).await;
    }
    assert_eq!(world.model.calls(), 8, "what cannot be written is not paid for for ever");
    assert!(world.outside.texts().is_empty());
    beside.execute_batch("DROP TRIGGER broken").unwrap();
    for _ in 0..3 {
        world.let_pass(100).await;
    }
    assert_eq!(world.model.calls(), 8);
    let detail = world.conversation().await;
    assert_eq!(detail.conversation.state(world.clock.now()), ConversationState::Waiting);
    let kept: Vec<_> = detail.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(kept, ["tem bolo de cenoura?"], "a person reads it, once");
}

#[tokio::test]
async fn a_first_message_on_which_everything_breaks_is_kept_for_a_person() {
    let world = World::new().await;
    world.outside.breaks.store(usize::MAX, std::sync::atomic::Ordering::Relaxed);
    world.talks("tem bolo de cenoura?").await;
    for _ in 0..9 {
        world.let_pass(61).await;
    }
    assert_eq!(world.alarms(), ["assistant_failed"]);
    assert_eq!(world.channel.run_due_turns().await, 0, "nothing is tried for ever");
    let detail = world.conversation().await;
    assert_eq!(detail.conversation.attendant, Attendant::Human);
    assert_eq!(detail.messages[0].content, "tem bolo de cenoura?");
}

#[tokio::test]
async fn a_message_that_can_be_kept_nowhere_does_not_block_for_ever() {
    let world = World::new().await;
    let receipt = world.hears("Oi").await;
    let id = receipt.changes[0].conversation.clone().expect("it has one");
    // A caller of the API took the name before.
    let taken = json!({"user_id": "somebody", "message": "oi", "conversation_id": id});
    let taken: ChatRequest = serde_json::from_value(taken).unwrap();
    world.assistant.chat(&tenant(), taken).await.unwrap();
    for _ in 0..20 {
        world.let_pass(61).await;
    }
    assert_eq!(world.alarms(), ["messages_not_kept"]);
    assert_eq!(world.store.backlog().await.unwrap().conversations, 0);
}

#[tokio::test]
async fn a_reply_that_nobody_got_is_not_taken_for_an_answer() {
    let world = World::new().await;
    world.model.will([Act::Say("Abrimos cedo."), Act::Say("Abrimos cedo, na praça.")]);
    world.hears("Que horas abrem?").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.hears("e onde fica?").await;
    world.channel.send_due().await;
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), ["Abrimos cedo, na praça."]);
    let prompt = world.model.prompt.lock().join("\n");
    assert!(prompt.contains("Que horas abrem?") && !prompt.contains("Abrimos cedo."), "{prompt}");
}

#[tokio::test]
async fn the_first_reply_that_somebody_gets_says_that_a_machine_answers() {
    let world = World::with(NumberSettings::default(), Settings::default()).await;
    world.hears("Que horas abrem?").await;
    world.clock.advance(Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.hears("e onde fica?").await;
    world.channel.send_due().await;
    world.let_pass(3).await;
    let disclosure = phrases::disclosure(None, "Padaria Sol");
    assert!(world.outside.texts()[0].starts_with(&disclosure), "{:?}", world.outside.texts());
}
