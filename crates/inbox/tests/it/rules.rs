//! What is not answered, and what is answered by the server itself.

use pytake_assistant::channel::{Echo, Event, EventKind, InboundContent, MediaKind};
use pytake_assistant::conversation::{Attendant, ConversationState};
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::{Clock, Settings, phrases};
use pytake_store::NumberSettings;

use crate::support::{World, ana, media, number, tenant, text};

fn echo(world: &World, id: &str) -> Event {
    let echo = Echo {
        number: number(),
        id: id.to_owned(),
        to: ana(),
        sent_at: Some(world.clock.now()),
        content: text("Oi Ana, aqui é o João"),
    };
    Event {
        number: Some(number()),
        account: None,
        key: format!("echo/{id}"),
        kind: EventKind::Echo(Box::new(echo)),
    }
}

#[tokio::test]
async fn who_says_stop_is_confirmed_once_and_may_still_ask() {
    let world = World::new().await;
    world.talks("Oi").await;
    world.talks("PARAR").await;
    let confirmed = phrases::opted_out(None);
    assert_eq!(world.outside.texts()[1..], [confirmed]);
    assert_eq!(world.events(Some(TenantEventKind::Consent)).len(), 1);
    world.let_pass(1).await;
    world.talks("parar!").await;
    assert_eq!(world.outside.texts().len(), 2, "confirmed once");
    assert_eq!(world.conversation().await.messages.last().unwrap().content, "parar!", "people read it");
    world.talks("a que horas abrem?").await;
    assert_eq!(world.outside.texts().len(), 3, "an answer is a service");
    world.talks("VOLTAR").await;
    assert_eq!(world.outside.texts()[3..], [phrases::opted_in(None)]);
    assert_eq!(world.model.calls(), 2, "the rest was said by the server");
}

#[tokio::test]
async fn the_third_equal_text_pauses_the_assistant_and_is_shown_to_an_operator() {
    let world = World::new().await;
    for _ in 0..4 {
        world.talks("Olá, em que posso ajudar?").await;
        world.let_pass(6).await;
    }
    assert_eq!(world.outside.texts().len(), 2);
    assert_eq!(world.alarms(), ["loop_brake"]);
    let conversation = world.conversation().await;
    assert_eq!(conversation.messages.len(), 6, "what was written while it is silent is kept");
    world.let_pass(600).await;
    world.talks("tem bolo de fubá?").await;
    assert_eq!(world.outside.texts().len(), 3, "after ten minutes it speaks again");
}

#[tokio::test]
async fn a_machines_greeting_is_not_answered() {
    let world = World::new().await;
    world.talks("Esta é uma mensagem automática. Responderemos em breve.").await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.alarms(), ["loop_brake"]);
    assert_eq!(world.model.calls(), 0);
    let conversation = world.conversation().await;
    assert_eq!(conversation.messages.len(), 1, "people read it all the same");
    assert_eq!(conversation.conversation.state(world.clock.now()), ConversationState::Paused);
}

#[tokio::test]
async fn more_replies_than_allowed_in_ten_minutes_are_a_loop() {
    let settings = NumberSettings { max_per_10_min: 3, discloses: false, ..NumberSettings::default() };
    let world = World::with(settings, Settings::default()).await;
    let questions = ["tem bolo?", "tem torta?", "tem pão?", "tem café?", "tem suco?"];
    for question in questions {
        world.talks(question).await;
        world.let_pass(6).await;
    }
    assert_eq!(world.outside.texts().len(), 3);
    assert_eq!(world.alarms(), ["loop_brake"]);
}

#[tokio::test]
async fn reactions_and_stickers_start_no_turn() {
    let world = World::new().await;
    let reaction =
        InboundContent::Reaction { message_id: "wamid.out.1".to_owned(), emoji: Some("👍".to_owned()) };
    world.receive(vec![world.message(reaction)]).await;
    world.receive(vec![world.message(media(MediaKind::Sticker, None))]).await;
    world.let_pass(20).await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.model.calls(), 0);
    let kept = world.conversation().await.messages;
    assert_eq!(kept.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["[figurinha]"]);
}

#[tokio::test]
async fn what_was_written_to_a_number_that_is_gone_is_kept() {
    let world = World::new().await;
    world.hears("Oi").await;
    world.channel.delete_number(&tenant(), &number()).await.unwrap();
    world.let_pass(3).await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.conversation().await.messages.len(), 1);
}

#[tokio::test]
async fn a_person_who_writes_from_the_phone_has_the_conversation() {
    let world = World::new().await;
    world.talks("Oi").await;
    world.receive(vec![echo(&world, "wamid.echo.1")]).await;
    let handoffs = world.events(Some(TenantEventKind::Handoff));
    assert_eq!(handoffs[0].data["reason"], "phone_app");
    world.outside.read.lock().clear();
    world.talks("Oi João, tem bolo?").await;
    assert_eq!(world.outside.texts().len(), 1, "the assistant is silent");
    tokio::task::yield_now().await;
    assert!(world.outside.read.lock().is_empty(), "no read mark, no typing");
    let conversation = world.conversation().await;
    assert_eq!(conversation.conversation.attendant, Attendant::Human);
    assert_eq!(conversation.messages.len(), 4);
}

#[tokio::test]
async fn a_reply_that_is_queued_when_a_person_takes_over_is_not_sent() {
    let world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(std::time::Duration::from_secs(3));
    world.channel.run_due_turns().await;
    world.receive(vec![echo(&world, "wamid.echo.1")]).await;
    world.channel.send_due().await;
    assert!(world.outside.texts().is_empty());
    assert_eq!(world.states().await, ["withheld"]);
}

#[tokio::test]
async fn the_assistant_takes_back_a_conversation_that_people_left_alone() {
    let settings =
        NumberSettings { returns_after_s: Some(3_600), discloses: false, ..NumberSettings::default() };
    let world = World::with(settings, Settings::default()).await;
    world.receive(vec![echo(&world, "wamid.echo.1")]).await;
    world.let_pass(3_000).await;
    world.talks("obrigada!").await;
    assert!(world.outside.texts().is_empty());
    world.let_pass(700).await;
    world.talks("e vocês abrem no domingo?").await;
    assert_eq!(world.outside.texts().len(), 1);
    assert_eq!(world.conversation().await.conversation.attendant, Attendant::Assistant);
}

#[tokio::test]
async fn an_event_of_a_number_that_is_nobodys_is_kept_and_nothing_follows() {
    let world = World::new().await;
    let mut event = world.message(text("Oi"));
    event.number = Some(pytake_assistant::id::NumberId::new("999").unwrap());
    let receipt = world.receive(vec![event]).await;
    assert_eq!((receipt.new, receipt.unrouted), (1, 1));
    world.let_pass(20).await;
    assert!(world.outside.texts().is_empty());
}

#[tokio::test]
async fn an_operator_hears_of_a_notice_and_of_a_price_that_must_not_be() {
    let world = World::new().await;
    world.talks("Oi").await;
    let notice = EventKind::Notice {
        field: "phone_number_quality_update".to_owned(),
        text: "quality is low".to_owned(),
        is_alarm: true,
    };
    let notice = Event { number: None, account: None, key: "notice/1".to_owned(), kind: notice };
    world.receive(vec![notice.clone()]).await;
    world.receive(vec![notice]).await;
    let state = pytake_assistant::channel::DeliveryState::Sent;
    let report = world.report(state, Some("general_purpose_ai"));
    world.receive(vec![report]).await;
    assert_eq!(world.alarms(), ["notice", "general_purpose_ai"]);
    assert_eq!(world.channel.numbers(&tenant()).await.unwrap().len(), 1);
}
