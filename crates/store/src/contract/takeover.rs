//! Who has a conversation: the assistant, a person, nobody.

use std::sync::Arc;

use pytake_assistant::channel::{Echo, EventKind, OutboxKind, Recorded};
use pytake_assistant::conversation::{Attendant, Conversation, ConversationState};
use pytake_assistant::id::ConversationId;
use pytake_assistant::provider::Role;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, accepted, ago, by_phone, draft, message_ids, now, person, text};
use super::sample::{answer, at, conversation, tenant, turn};
use crate::{OutboxState, ReceivedChangeKind, ReceivedEvent, StorageError, Store};

async fn state(store: &dyn Store, whose: &str, id: &ConversationId) -> Result<Conversation, StorageError> {
    Ok(store.history(&tenant(whose), id, 0).await?.conversation.expect("it was recorded"))
}

fn echo(shop: &Shop, id: &str, to: &str, words: &str) -> ReceivedEvent {
    let echo = Echo {
        number: shop.number.clone(),
        id: id.to_owned(),
        to: by_phone(to),
        sent_at: Some(ago(3)),
        content: text(words),
    };
    shop.event(&format!("echo {id}"), EventKind::Echo(Box::new(echo)))
}

pub async fn an_echo_takes_the_conversation_over(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1", "r2"]).await?;
    let receipt = shop.receive(vec![echo(&shop, "e1", ANA, "Oi, aqui é a Bia")]).await?;
    assert_eq!(receipt.changes[0].kind, ReceivedChangeKind::TakenOver);
    assert!(store.take().await?.is_none(), "what the assistant was about to say is not said");
    let row = shop.row("r1").await?;
    assert_eq!((row.state, row.reason.as_deref()), (OutboxState::Withheld, Some("taken_over")));
    let place = &claim.key.conversation;
    let state = state(&*store, "default", place).await?;
    assert_eq!(
        (state.state(now()), state.handoff_reason.as_deref()),
        (ConversationState::Human, Some("phone_app"))
    );
    assert!(state.person_at.is_some_and(|person_at| person_at < now()), "when it was written");
    let last = store.history(&shop.tenant, place, 1).await?.recent.pop().expect("the echo is there");
    assert_eq!((last.role, last.content.as_str()), (Role::Assistant, "Oi, aqui é a Bia"));
    assert!(last.channel.is_some_and(|detail| detail.is_echo && detail.message_id.as_deref() == Some("e1")));

    let again = shop.receive(vec![echo(&shop, "e1", ANA, "Oi, aqui é a Bia")]).await?;
    assert_eq!(again.duplicates, 1);
    shop.says("m2", ANA, "oi Bia").await?;
    let next = shop.claims().await?;
    let attendant = next.conversation.as_ref().map(|state| (state.attendant, state.message_count));
    assert_eq!(attendant, Some((Attendant::Human, 3)));
    Ok(())
}

pub async fn an_echo_to_somebody_new_makes_the_conversation(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let receipt = shop.receive(vec![echo(&shop, "e1", BIA, "Olá!")]).await?;
    let place = receipt.changes[0].conversation.clone().expect("it has a place");
    let state = state(&*store, "default", &place).await?;
    assert_eq!((state.attendant, state.message_count), (Attendant::Human, 1));
    shop.says("m1", BIA, "oi").await?;
    let claim = shop.claims().await?;
    assert_eq!((claim.key.conversation, claim.customer.id), (place, state.user_id));
    Ok(())
}

pub async fn an_echo_of_our_own_message_is_ignored(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1", "r2"]).await?;
    let sending = shop.takes().await?;
    shop.receive(vec![echo(&shop, "wamid.r1", ANA, "text of r1")]).await?;
    store.accepted(&sending.key, &accepted("wamid.r1")).await?;
    shop.receive(vec![echo(&shop, "wamid.r1", ANA, "text of r1, told again")]).await?;
    let state = state(&*store, "default", &claim.key.conversation).await?;
    assert_eq!((state.attendant, state.message_count), (Attendant::Assistant, 2));
    assert_eq!(shop.row("r2").await?.state, OutboxState::Queued);
    Ok(())
}

pub async fn a_turn_that_hands_over_waits_for_a_person(store: Arc<dyn Store>) -> Outcome {
    let place = conversation("c1");
    let mut handing_over = turn("default", "ana", "c1", 1);
    if let Some(exchange) = &mut handing_over.exchange {
        exchange.handoff_reason = Some("asked".to_owned());
    }
    let asked_at = handing_over.at;
    store.record(handing_over).await?;
    let waiting = state(&*store, "default", &place).await?;
    assert_eq!((waiting.state(now()), waiting.waiting_since), (ConversationState::Waiting, Some(asked_at)));
    let mut by_hand = answer("h-1", "Oi, sou a Bia.", at(7_000));
    by_hand.answer = None;
    assert!(store.add_message(&tenant("default"), &place, by_hand).await?);
    let with_person = state(&*store, "default", &place).await?;
    assert_eq!(with_person.state(now()), ConversationState::Human);
    assert_eq!((with_person.person_at, with_person.waiting_since), (Some(at(7_000)), None));
    assert_eq!(
        with_person.handoff_reason.as_deref(),
        Some("asked"),
        "why a person was asked for stays known"
    );
    Ok(())
}

pub async fn a_conversation_that_comes_back_knows_since_when(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    store.record(turn("default", "ana", "c1", 1)).await?;
    store.set_attendant(&shop, &place, Attendant::Assistant, None, at(2_000)).await?;
    assert_eq!(state(&*store, "default", &place).await?.resumed_at, None, "nobody had it");
    store.set_attendant(&shop, &place, Attendant::Human, None, at(3_000)).await?;
    let taken = state(&*store, "default", &place).await?;
    assert_eq!((taken.person_at, taken.waiting_since), (Some(at(3_000)), None));
    assert!(store.pause(&shop, &place, Some(at(9_000)), at(3_500)).await?);
    store.set_attendant(&shop, &place, Attendant::Assistant, None, at(4_000)).await?;
    let back = state(&*store, "default", &place).await?;
    assert_eq!((back.resumed_at, back.person_at, back.paused_until), (Some(2), None, None));
    Ok(())
}

pub async fn a_paused_conversation_says_until_when(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    assert!(!store.pause(&shop, &place, Some(at(1)), at(0)).await?);
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert!(store.pause(&shop, &place, Some(at(60_000)), at(2_000)).await?);
    let paused = state(&*store, "default", &place).await?;
    assert_eq!(paused.state(at(59_000)), ConversationState::Paused);
    assert_eq!(paused.state(at(60_000)), ConversationState::Assistant);
    assert!(store.pause(&shop, &place, None, at(3_000)).await?);
    assert_eq!(state(&*store, "default", &place).await?.paused_until, None);
    Ok(())
}

pub async fn a_closed_conversation_is_opened_by_the_customer(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &[]).await?;
    let place = &claim.key.conversation;
    store.set_attendant(&shop.tenant, place, Attendant::Human, None, now()).await?;
    assert!(store.close(&shop.tenant, place, now()).await?);
    assert!(!store.close(&shop.tenant, &conversation("c9"), now()).await?);
    assert_eq!(state(&*store, "default", place).await?.state(now()), ConversationState::Closed);
    shop.says("m2", ANA, "oi de novo").await?;
    let open = shop.claims().await?.conversation.expect("it was recorded");
    assert_eq!((open.state(now()), open.resumed_at), (ConversationState::Assistant, Some(1)));
    Ok(())
}

pub async fn a_turn_without_a_channel_opens_a_closed_conversation(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert!(store.close(&shop, &place, at(2_000)).await?);
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert_eq!(state(&*store, "default", &place).await?.closed_at, Some(at(2_000)), "asked before");
    store.record(turn("default", "ana", "c1", 3)).await?;
    assert_eq!(state(&*store, "default", &place).await?.closed_at, None);
    Ok(())
}

pub async fn a_persons_message_is_queued_and_makes_the_conversation_theirs(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    let mut by_hand = answer("h-1", "Oi, sou a Bia.", now());
    by_hand.answer = None;
    let drafts = vec![person("p1")];
    let place = &claim.key.conversation;
    assert!(!store.queue(&shop.tenant, &conversation("c9"), by_hand.clone(), drafts.clone()).await?);
    assert!(store.queue(&shop.tenant, place, by_hand.clone(), drafts).await?);
    let sending = shop.takes().await?;
    assert_eq!((sending.kind, sending.attendant), (OutboxKind::Person, Attendant::Human));
    assert_eq!((sending.number, sending.recipient.phone.as_deref()), (shop.number.clone(), Some(ANA)));
    let history = store.history(&shop.tenant, place, 5).await?;
    assert_eq!(history.recent, [by_hand]);
    assert_eq!(
        history.conversation.and_then(|state| state.handoff_reason).as_deref(),
        Some("operator_wrote")
    );
    Ok(())
}

pub async fn a_settled_turn_keeps_what_the_channel_knows(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["m1"]);
    let mut turn = shop.turn(&claim, &["r1"], true);
    let detail = pytake_assistant::conversation::ChannelDetail {
        message_id: Some("m1".to_owned()),
        quotes: Some("m0".to_owned()),
        outbox: vec![draft("r1").id],
        ..Default::default()
    };
    if let Some(exchange) = &mut turn.exchange {
        exchange.questions[0].channel = Some(detail.clone());
    }
    assert_eq!(store.record(turn).await?.recorded, Recorded::Written);
    let history = store.history(&shop.tenant, &claim.key.conversation, 5).await?;
    assert_eq!(history.recent[0].channel, Some(detail));
    let messages = store.messages(&shop.tenant, &claim.key.conversation, 0, 1).await?;
    assert_eq!(messages[0].channel, history.recent[0].channel);
    assert!(store.claim(HOUR).await?.is_none());
    Ok(())
}
