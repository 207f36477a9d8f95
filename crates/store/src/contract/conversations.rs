//! Turns as they are recorded, read back, summarised and deleted.

use std::error::Error;
use std::sync::Arc;

use pytake_assistant::conversation::{Attendant, Exchange, Summary, TurnRecord};
use pytake_assistant::ledger::UsageQuery;

use super::Outcome;
use super::sample::{DAY, answer, at, booking, conversation, entry, question, tenant, turn, user};
use crate::{ConversationOfAnotherUser, Store};

pub async fn an_unknown_conversation_is_empty(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let history = store.history(&shop, &place, 10).await?;
    assert!(history.conversation.is_none() && history.recent.is_empty() && history.summary.is_none());
    assert!(store.messages(&shop, &place, 0, 10).await?.is_empty());
    assert!(!store.delete_conversation(&shop, &place).await?);
    Ok(())
}

pub async fn a_recorded_turn_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let asked = question("q-1", "Oi, tudo bem? 👋\n\"quoted\"", at(10));
    let answered = answer("a-1", "Tudo! Como posso ajudar?", at(900));
    let exchange = Exchange {
        conversation: place.clone(),
        questions: vec![asked.clone()],
        answer: Some(answered.clone()),
        handoff_reason: None,
    };
    let ledger = vec![entry("openai", Some(5))];
    store
        .record(TurnRecord { exchange: Some(exchange), ..booking("default", "ana", at(901), ledger) })
        .await?;

    let history = store.history(&shop, &place, 10).await?;
    let said = pytake_assistant::ConversationMessage { answer: None, ..answered.clone() };
    let heard = pytake_assistant::ConversationMessage { analysis: None, ..asked.clone() };
    assert_eq!(history.recent, [heard, said], "a history leaves out what no turn reads");
    assert_eq!(history.recent[1].confidence, Some(0.35), "and a turn reads how sure the last answer was");
    assert_eq!(store.messages(&shop, &place, 0, 2).await?, [asked, answered]);
    let state = history.conversation.expect("the turn created it");
    assert_eq!((state.id, state.user_id), (place, user("ana")));
    assert_eq!((state.attendant, state.handoff_reason), (Attendant::Assistant, None));
    assert_eq!((state.message_count, state.created_at, state.updated_at), (2, at(10), at(901)));
    Ok(())
}

pub async fn history_is_the_newest_part_in_order(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    for n in 1..=4 {
        store.record(turn("default", "ana", "c1", n)).await?;
    }
    let texts = |messages: Vec<pytake_assistant::ConversationMessage>| {
        messages.into_iter().map(|message| message.content).collect::<Vec<_>>()
    };
    let newest = store.history(&shop, &place, 3).await?;
    assert_eq!(newest.conversation.map(|state| state.message_count), Some(8));
    assert_eq!(texts(newest.recent), ["answer 3", "question 4", "answer 4"]);
    assert!(store.history(&shop, &place, 0).await?.recent.is_empty());
    assert_eq!(texts(store.history(&shop, &place, 100).await?.recent).len(), 8);
    Ok(())
}

pub async fn messages_are_numbered_from_the_first(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    for n in 1..=3 {
        store.record(turn("default", "ana", "c1", n)).await?;
    }
    let middle = store.messages(&shop, &place, 1, 4).await?;
    let ids: Vec<&str> = middle.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["a-1", "q-2", "a-2"]);
    assert!(store.messages(&shop, &place, 6, 9).await?.is_empty());
    assert!(store.messages(&shop, &place, 4, 4).await?.is_empty());
    assert_eq!(store.messages(&shop, &place, 0, u64::MAX).await?.len(), 6);
    Ok(())
}

pub async fn a_turn_in_another_users_conversation_writes_nothing(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    store.record(turn("default", "ana", "c1", 1)).await?;
    let refusal = store.record(turn("default", "eve", "c1", 2)).await.expect_err("it is ana's");
    let reason = refusal.source().and_then(|source| source.downcast_ref::<ConversationOfAnotherUser>());
    assert_eq!(reason, Some(&ConversationOfAnotherUser { conversation: place.clone() }));
    let state = store.history(&shop, &place, 10).await?;
    assert_eq!(state.recent.len(), 2);
    assert_eq!(
        state.conversation.map(|state| (state.user_id, state.updated_at)),
        Some((user("ana"), at(1_000)))
    );
    assert_eq!(store.user_usage(&shop, &user("eve"), DAY).await?, None, "nor was anything booked");
    let booked = store.usage(&shop, UsageQuery::default()).await?;
    assert_eq!(booked.first().map(|sum| sum.requests), Some(1));
    Ok(())
}

pub async fn a_turn_without_an_answer_keeps_the_question(store: Arc<dyn Store>) -> Outcome {
    let mut silent = turn("default", "ana", "c1", 1);
    silent.ledger.clear();
    if let Some(exchange) = &mut silent.exchange {
        exchange.answer = None;
    }
    store.record(silent).await?;
    let history = store.history(&tenant("default"), &conversation("c1"), 10).await?;
    let asked = question("q-1", "question 1", at(1_000));
    assert_eq!(history.recent, [pytake_assistant::ConversationMessage { analysis: None, ..asked }]);
    assert_eq!(history.conversation.map(|state| state.message_count), Some(1));
    Ok(())
}

pub async fn a_turn_that_keeps_nothing_is_still_booked(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.record(booking("default", "ana", at(1), vec![entry("openai", Some(5))])).await?;
    assert_eq!(store.usage(&shop, UsageQuery::default()).await?.first().map(|sum| sum.requests), Some(1));
    assert!(store.conversations(&shop, super::listing::all(10)).await?.items.is_empty());
    Ok(())
}

pub async fn turns_recorded_at_once_keep_every_message_once(store: Arc<dyn Store>) -> Outcome {
    const TURNS: i64 = 40;
    let (shop, place) = (tenant("default"), conversation("c1"));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..TURNS {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.record(turn("default", "ana", "c1", n)).await });
    }
    for recorded in tasks.join_all().await {
        recorded?;
    }
    let messages = store.messages(&shop, &place, 0, 1_000).await?;
    let mut questions: Vec<&str> = messages.iter().step_by(2).map(|message| message.id.as_str()).collect();
    for pair in messages.chunks(2) {
        let numbers: Vec<_> = pair.iter().map(|message| message.id.as_str().split_at(2).1).collect();
        assert_eq!(numbers[0], numbers[1], "an answer follows its question");
    }
    questions.sort_unstable();
    questions.dedup();
    assert_eq!((messages.len(), questions.len()), (80, 40));
    Ok(())
}

pub async fn a_turn_that_hands_over_gives_the_conversation_to_a_person(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let mut handing_over = turn("default", "ana", "c1", 1);
    if let Some(exchange) = &mut handing_over.exchange {
        exchange.handoff_reason = Some("asked for a person".to_owned());
    }
    store.record(handing_over).await?;
    store.record(turn("default", "ana", "c1", 2)).await?;
    let state = store.history(&shop, &place, 1).await?.conversation.expect("it was recorded");
    assert_eq!(state.attendant, Attendant::Human, "a later turn does not take it back");
    assert_eq!(state.handoff_reason.as_deref(), Some("asked for a person"));
    Ok(())
}

pub async fn a_conversation_goes_to_a_person_and_back(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let reason = Some("vip".to_owned());
    assert!(!store.set_attendant(&shop, &place, Attendant::Human, reason.clone(), at(1)).await?);
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert!(store.set_attendant(&shop, &place, Attendant::Human, reason.clone(), at(5_000)).await?);
    let state = store.history(&shop, &place, 0).await?.conversation.expect("it was recorded");
    assert_eq!((state.attendant, state.handoff_reason), (Attendant::Human, reason.clone()));
    assert_eq!(state.updated_at, at(5_000));
    assert!(store.set_attendant(&shop, &place, Attendant::Assistant, reason, at(6_000)).await?);
    let state = store.history(&shop, &place, 0).await?.conversation.expect("it was recorded");
    assert_eq!((state.attendant, state.handoff_reason), (Attendant::Assistant, None));
    Ok(())
}

pub async fn a_person_answers_in_an_existing_conversation_only(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let mut by_hand = answer("h-1", "Aqui é a Bia, da loja.", at(7_000));
    by_hand.answer = None;
    assert!(!store.add_message(&shop, &place, by_hand.clone()).await?);
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert!(store.add_message(&shop, &place, by_hand.clone()).await?);
    let history = store.history(&shop, &place, 1).await?;
    assert_eq!(history.recent, [by_hand]);
    let state = history.conversation.expect("it was recorded");
    assert_eq!((state.message_count, state.updated_at), (3, at(7_000)));
    Ok(())
}

pub async fn a_summary_never_covers_less_than_before(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    let summary = |text: &str, covers| Summary { text: text.to_owned(), covers };
    store.put_summary(&shop, &place, summary("of nothing", 2)).await?;
    store.record(turn("default", "ana", "c1", 1)).await?;
    assert_eq!(store.history(&shop, &place, 1).await?.summary, None, "there was no conversation yet");
    store.put_summary(&shop, &place, summary("of more than there is", 4)).await?;
    assert_eq!(store.history(&shop, &place, 1).await?.summary, None, "it was of another one of this name");
    store.record(turn("default", "ana", "c1", 2)).await?;
    for (text, covers) in [("of four", 4), ("late, of two", 2), ("of four again", 4)] {
        store.put_summary(&shop, &place, summary(text, covers)).await?;
    }
    assert_eq!(store.history(&shop, &place, 1).await?.summary, Some(summary("of four again", 4)));
    Ok(())
}

pub async fn a_deleted_conversation_leaves_nothing_but_its_usage(store: Arc<dyn Store>) -> Outcome {
    let (shop, place) = (tenant("default"), conversation("c1"));
    store.record(turn("default", "ana", "c1", 1)).await?;
    store.put_summary(&shop, &place, Summary { text: "short".into(), covers: 1 }).await?;
    assert!(store.delete_conversation(&shop, &place).await?);
    assert!(!store.delete_conversation(&shop, &place).await?);
    assert!(store.messages(&shop, &place, 0, 10).await?.is_empty());
    assert_eq!(store.usage(&shop, UsageQuery::default()).await?.first().map(|sum| sum.requests), Some(1));

    store.record(turn("default", "eve", "c1", 2)).await?;
    let anew = store.history(&shop, &place, 10).await?;
    assert_eq!(anew.conversation.map(|state| (state.user_id, state.message_count)), Some((user("eve"), 2)));
    assert_eq!((anew.recent.len(), anew.summary), (2, None));
    Ok(())
}
