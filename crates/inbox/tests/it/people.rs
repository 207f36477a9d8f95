//! What people of the business do.

use std::time::Duration;

use pytake_assistant::AIError;
use pytake_assistant::channel::SendFailureKind;
use pytake_assistant::conversation::Attendant;
use serde_json::Value;

use crate::support::{World, tenant};

#[tokio::test]
async fn a_persons_message_goes_out_and_the_conversation_is_theirs() {
    let world = World::new().await;
    world.talks("Oi").await;
    let id = world.conversation_id();
    let written = "Aqui é o João, já resolvo".to_owned();
    let message = world.channel.write_as_person(&tenant(), &id, written.clone()).await.unwrap();
    assert_eq!(message.channel.unwrap().outbox.len(), 1);
    world.let_pass(6).await;
    assert_eq!(world.outside.texts()[1..], [written]);
    assert_eq!(world.conversation().await.conversation.attendant, Attendant::Human);
    world.talks("obrigada").await;
    assert_eq!(world.outside.texts().len(), 2);
}

#[tokio::test]
async fn outside_the_window_only_a_template_may_be_sent() {
    let world = World::new().await;
    world.talks("Oi").await;
    world.clock.advance(Duration::from_hours(25));
    let id = world.conversation_id();
    let refused = world.channel.write_as_person(&tenant(), &id, "Oi!".to_owned()).await;
    assert!(matches!(refused, Err(AIError::Conflict(why)) if why.contains("templates")));
    let (name, language) = ("order_ready".to_owned(), "pt_BR".to_owned());
    world.channel.send_template(&tenant(), &id, name, language, Value::Null).await.unwrap();
    world.let_pass(1).await;
    assert_eq!(world.outside.texts()[1..], ["order_ready"]);
}

#[tokio::test]
async fn who_opted_out_gets_no_template() {
    let world = World::new().await;
    world.talks("PARAR").await;
    let id = world.conversation_id();
    let (name, language) = ("order_ready".to_owned(), "pt_BR".to_owned());
    let refused = world.channel.send_template(&tenant(), &id, name, language, Value::Null).await;
    assert!(matches!(refused, Err(AIError::Conflict(_))));
}

#[tokio::test]
async fn a_conversation_that_no_channel_brought_is_not_written_to() {
    let world = World::new().await;
    let id = pytake_assistant::id::ConversationId::new("web-1").unwrap();
    let refused = world.channel.write_as_person(&tenant(), &id, "Oi!".to_owned()).await;
    assert!(matches!(refused, Err(AIError::NotFound { .. })));
}

#[tokio::test]
async fn a_message_that_failed_is_sent_again() {
    let world = World::new().await;
    world.outside.failures.lock().push_back(SendFailureKind::Undeliverable);
    world.talks("Oi").await;
    let id = world.outbox().await[0].id.clone();
    world.channel.resend(&tenant(), &id).await.unwrap();
    world.let_pass(1).await;
    assert_eq!(world.outside.texts().len(), 1);
    assert!(matches!(world.channel.resend(&tenant(), &id).await, Err(AIError::Conflict(_))));
}
