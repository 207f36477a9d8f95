//! From a burst to one reply.

use std::time::Duration;

use pytake_assistant::channel::{InboundContent, MediaFailure, MediaKind};
use pytake_assistant::{Settings, phrases};
use pytake_store::NumberSettings;

use crate::support::{Act, World, file, media, text};

/// The first page of an Ogg file (RFC 3533: 26 bytes of head, then the segment table) with an Opus head.
const VOICE: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x08OpusHead";

#[tokio::test]
async fn a_burst_gets_one_reply() {
    let world = World::new().await;
    world.hears("Oi").await;
    world.clock.advance(Duration::from_secs(1));
    world.hears("tudo bem?").await;
    assert_eq!(world.channel.run_due_turns().await, 0, "it is not quiet yet");
    world.talks("preciso de ajuda").await;
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?"]);
    assert_eq!(*world.model.asked.lock(), ["Oi\ntudo bem?\npreciso de ajuda"]);
    let conversation = world.conversation().await;
    assert_eq!(conversation.messages.len(), 4, "three questions and one answer");
    tokio::task::yield_now().await;
    assert_eq!(*world.outside.read.lock(), [("wamid.in.3".to_owned(), true)], "read and typing, once");
}

#[tokio::test]
async fn a_redelivered_webhook_is_answered_once() {
    let world = World::new().await;
    let event = world.message(text("Oi"));
    for delivery in 0..3 {
        let receipt = world.receive(vec![event.clone()]).await;
        assert_eq!(receipt.new, u32::from(delivery == 0));
        world.let_pass(3).await;
    }
    assert_eq!(world.outside.texts().len(), 1);
    assert_eq!(world.model.calls(), 1);
}

#[tokio::test]
async fn a_message_during_the_draft_makes_it_void_and_all_get_one_reply() {
    let world = World::new().await;
    world.model.will([Act::Wait("Resposta ao primeiro"), Act::Say("Resposta aos dois")]);
    world.hears("Quero fazer um pedido").await;
    world.clock.advance(Duration::from_secs(3));
    let channel = world.channel.clone();
    let turn = tokio::spawn(async move { channel.run_due_turns().await });
    world.model.was_called.notified().await;
    world.hears("de dois bolos").await;
    world.model.may_go.notify_one();
    turn.await.unwrap();
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), ["Resposta aos dois"]);
    assert_eq!(world.model.asked.lock().last().unwrap(), "Quero fazer um pedido\nde dois bolos");
    assert_eq!(world.conversation().await.messages.len(), 3);
}

#[tokio::test]
async fn who_never_stops_writing_is_answered_all_the_same() {
    let world = World::new().await;
    world.model.will([Act::Wait("um"), Act::Wait("dois"), Act::Wait("três"), Act::Wait("quatro")]);
    world.hears("primeira").await;
    // The longest wait of a burst is over: what comes now is due at once.
    world.clock.advance(Duration::from_secs(13));
    let channel = world.channel.clone();
    let turns = tokio::spawn(async move { channel.run_due_turns().await });
    for round in 0..4 {
        world.model.was_called.notified().await;
        world.hears(&format!("mais uma, a de número {round}")).await;
        world.model.may_go.notify_one();
    }
    assert_eq!(turns.await.unwrap(), 5, "the last message has a turn of its own");
    world.channel.send_due().await;
    assert_eq!(
        world.outside.texts(),
        ["quatro"],
        "the fourth draft is sent although something newer had come"
    );
    world.let_pass(6).await;
    assert_eq!(world.outside.texts().len(), 2);
}

#[tokio::test]
async fn a_pressed_button_is_answered_at_once() {
    let world = World::new().await;
    let pressed = InboundContent::Choice { id: "choice-1".to_owned(), title: "Ver cardápio".to_owned() };
    world.receive(vec![world.message(pressed)]).await;
    assert_eq!(world.channel.run_due_turns().await, 1);
    assert_eq!(world.channel.send_due().await, 1);
}

#[tokio::test]
async fn a_turn_that_fails_is_tried_again_and_then_a_sentence_is_said() {
    let world = World::new().await;
    world.model.will(std::iter::repeat_n(Act::Fail, 20));
    world.talks("Qual o preço do bolo?").await;
    assert!(world.outside.texts().is_empty());
    for _ in 0..4 {
        world.let_pass(61).await;
    }
    assert_eq!(world.outside.texts(), [phrases::safe_reply(None)]);
    assert_eq!(world.conversation().await.messages.len(), 2);
}

#[tokio::test]
async fn a_turn_that_breaks_takes_nothing_with_it() {
    let world = World::new().await;
    world.outside.breaks.store(1, std::sync::atomic::Ordering::Relaxed);
    world.talks("Oi, bom dia").await;
    assert!(world.outside.texts().is_empty());
    world.let_pass(61).await;
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?"]);
}

#[tokio::test]
async fn what_always_breaks_goes_to_a_person() {
    let world = World::new().await;
    world.talks("Oi, bom dia").await;
    world.outside.breaks.store(usize::MAX, std::sync::atomic::Ordering::Relaxed);
    world.talks("tem bolo de cenoura?").await;
    for _ in 0..9 {
        world.let_pass(61).await;
    }
    assert_eq!(world.alarms(), ["assistant_failed"]);
    assert_eq!(world.channel.run_due_turns().await, 0, "nothing is tried for ever");
    let conversation = world.conversation().await.conversation;
    assert_eq!(conversation.handoff_reason.as_deref(), Some("assistant_failed"));
}

#[tokio::test]
async fn that_a_limit_is_reached_is_said_once() {
    let limits = Settings { daily_request_limit: 1, ..Settings::default() };
    let quiet = NumberSettings { discloses: false, ..NumberSettings::default() };
    let world = World::with(quiet, limits).await;
    world.talks("Oi").await;
    for question in ["tem bolo?", "e torta?", "e pão?"] {
        world.talks(question).await;
        world.let_pass(10).await;
    }
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?", phrases::limit_reached(None)]);
    let kept = world.conversation().await.messages;
    assert_eq!(kept.last().unwrap().content, "e pão?", "what was not answered is kept for people");
}

#[tokio::test]
async fn a_voice_note_that_nobody_can_hear_is_told_so() {
    let world = World::new().await;
    world.outside.files.lock().push_back(Ok(file(b"OggS")));
    world.receive(vec![world.message(media(MediaKind::Voice, None))]).await;
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), [phrases::reads_only_text(None)]);
    assert_eq!(world.model.calls(), 0);
    assert_eq!(world.conversation().await.messages[0].content, "[mensagem de voz]");
}

#[tokio::test]
async fn what_a_voice_note_says_is_answered() {
    let world = World::hearing("vocês entregam em casa?").await;
    world.outside.files.lock().push_back(Ok(file(VOICE)));
    world.receive(vec![world.message(media(MediaKind::Voice, None))]).await;
    world.let_pass(3).await;
    assert_eq!(*world.model.asked.lock(), ["vocês entregam em casa?"]);
    assert_eq!(world.outside.texts(), ["Oi! Como posso ajudar?"]);
    let kept = &world.conversation().await.messages[0];
    assert!(
        kept.channel.as_ref().is_some_and(|detail| detail.content.is_some()),
        "that it was voice is kept"
    );
}

#[tokio::test]
async fn a_voice_note_that_never_comes_is_told_so() {
    let world = World::hearing("não importa").await;
    world.receive(vec![world.message(media(MediaKind::Voice, None))]).await;
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), [phrases::reads_only_text(None)]);
}

#[tokio::test]
async fn a_text_beside_a_voice_note_is_answered() {
    let world = World::new().await;
    let both = vec![world.message(media(MediaKind::Voice, None)), world.message(text("vocês entregam?"))];
    world.receive(both).await;
    world.let_pass(3).await;
    assert_eq!(*world.model.asked.lock(), ["[mensagem de voz]\nvocês entregam?"]);
    assert_eq!(world.outside.texts().len(), 1);
}

#[tokio::test]
async fn a_caption_is_a_text() {
    let world = World::new().await;
    world.receive(vec![world.message(media(MediaKind::Image, Some("quanto custa este?")))]).await;
    world.let_pass(3).await;
    assert_eq!(*world.model.asked.lock(), ["[imagem] quanto custa este?"]);
}

#[tokio::test]
async fn a_message_that_did_not_arrive_is_asked_for_again() {
    let world = World::new().await;
    let missing = InboundContent::Unsupported { kind: None, code: Some(131_060) };
    world.receive(vec![world.message(missing)]).await;
    world.let_pass(3).await;
    assert_eq!(world.outside.texts(), [phrases::please_repeat(None)]);
}

#[tokio::test]
async fn a_file_that_may_come_later_is_fetched_again() {
    let world = World::new().await;
    let busy = MediaFailure::Temporary("busy".to_owned());
    world.outside.files.lock().extend([Err(busy), Ok(file(b"OggS"))]);
    world.receive(vec![world.message(media(MediaKind::Document, Some("segue o comprovante")))]).await;
    assert_eq!(world.channel.fetch_due_media().await, 1);
    assert_eq!(world.channel.fetch_due_media().await, 0, "not yet");
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(world.channel.fetch_due_media().await, 1);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.channel.fetch_due_media().await, 0, "it is there");
}
