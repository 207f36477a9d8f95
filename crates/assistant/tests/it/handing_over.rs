//! Giving a conversation to a person, and taking it back.

use std::time::Duration;

use pytake_assistant::channel::OutboxKind;
use pytake_assistant::conversation::Attendant;
use pytake_assistant::id::ConversationId;
use pytake_assistant::tenant::{HandOverRule, HandOverRules};
use pytake_assistant::{AIError, Clock};
use pytake_understanding::language::Language;
use serde_json::json;

use crate::world::{World, reply};

const HANDED_OVER: &str = "Vou chamar uma pessoa da equipe para continuar com você.";

async fn reason(world: &World, text: &str) -> Option<String> {
    world.answer(&[text]).await.handoff.map(|handoff| handoff.reason)
}

#[tokio::test]
async fn anger_danger_and_legal_threats_hand_over_and_a_deadline_does_not() {
    for (text, expected) in [
        ("VOCÊS SÃO UNS PALHAÇOS!!! que empresa ridícula, lixo", Some("angry")),
        ("clonaram meu cartão!", Some("urgent")),
        ("vou no procon e vou processar vocês", Some("legal_threat")),
        ("preciso disso para amanhã, é urgente", None),
    ] {
        let world = World::saying(&["Claro, posso ajudar."]);
        assert_eq!(reason(&world, text).await.as_deref(), expected, "{text}");
    }
}

#[tokio::test]
async fn a_business_may_switch_rules_off_but_not_the_wish_for_a_person() {
    let world = World::saying(&["Claro, posso ajudar."]);
    world.memory.profile.lock().hand_over_when = HandOverRules::of([HandOverRule::Angry]);
    assert_eq!(reason(&world, "clonaram meu cartão!").await, None);
    assert_eq!(reason(&world, "quero falar com um atendente").await.as_deref(), Some("asked_for_person"));
}

#[tokio::test]
async fn one_word_in_a_burst_reaches_a_person_whatever_the_limits() {
    let world = World::saying(&["Claro, posso ajudar."]);
    *world.memory.is_day_used_up.lock() = true;
    let refused = world.assistant.answer(&world.tenant, world.burst(&["oi"])).await;
    assert!(matches!(refused, Err(AIError::DailyLimitExceeded { .. })), "{refused:?}");
    let response = world.answer(&["oi, tudo bem?", "atendente"]).await;
    assert_eq!(
        (response.response.as_str(), response.handoff.unwrap().reason.as_str()),
        (HANDED_OVER, "asked_for_person")
    );
    let settlement = world.last_turn().settlement.unwrap();
    assert_eq!(settlement.outbound[0].kind, OutboxKind::Notice, "sent although a person has it now");
    assert_eq!(world.told(), ["message", "reply", "handoff"]);
    let told = world.assistant.events().follow(Some(0)).0;
    assert_eq!(
        told[2].data,
        json!({"state": "waiting", "reason": "asked_for_person", "detail": "The customer asks for a person.",
            "summary": "oi, tudo bem? / atendente"})
    );

    let silent = world.answer(&["alguém aí?"]).await;
    assert_eq!((silent.response.as_str(), silent.handoff.unwrap().reason.as_str()), ("", "person_attends"));
    let turn = world.last_turn();
    assert!(turn.exchange.unwrap().questions[0].analysis.is_some(), "the analysis goes on");
    assert!(turn.settlement.unwrap().outbound.is_empty(), "settled without a word");
    assert!(world.speaker.asked.lock().is_empty());
}

#[tokio::test]
async fn what_a_person_has_settled_is_not_handed_over_again() {
    let world = World::saying(&["O frete é grátis."]);
    let id = ConversationId::new("c").unwrap();
    assert_eq!(reason(&world, "quero falar com um atendente").await.as_deref(), Some("asked_for_person"));
    world.assistant.hand_over(&world.tenant, &id, Attendant::Human, None).await.unwrap();
    world.assistant.add_human_message(&world.tenant, &id, "Oi, aqui é a Bia.".to_owned()).await.unwrap();
    world.assistant.hand_over(&world.tenant, &id, Attendant::Assistant, None).await.unwrap();
    assert_eq!(reason(&world, "e o frete?").await, None);
    let prompt = world.last_prompt();
    let marked = |message: &String| message.contains("a person of the team had this conversation");
    assert!(marked(prompt.last().unwrap()), "{prompt:?}");
    assert_eq!(reason(&world, "obrigada!").await, None);
    let prompt = world.last_prompt();
    let places: Vec<usize> =
        prompt.iter().enumerate().filter(|(_, text)| marked(text)).map(|(at, _)| at).collect();
    assert_eq!(places, [3], "between what was settled and what came after: {prompt:?}");
    assert!(prompt[3].ends_with("e o frete?"));
    assert_eq!(reason(&world, "quero um atendente").await.as_deref(), Some("asked_for_person"), "a new wish");
    assert_eq!(
        world.told(),
        [
            "message", "reply", "handoff", "handoff", "reply", "handoff", "message", "reply", "message",
            "reply", "message", "reply", "handoff"
        ]
    );
}

#[tokio::test]
async fn yes_to_the_offer_of_a_person_brings_one_in_each_language() {
    for (text, language) in
        [("Sim", Language::Portuguese), ("Sí", Language::Spanish), ("Yes", Language::English)]
    {
        // The vendor refuses, so the server's own sentence offers a person.
        let world = World::saying(&[""]);
        let question = match language {
            Language::Portuguese => "vocês vendem foguetes de verdade?",
            Language::Spanish => "¿ustedes venden cohetes de verdad?",
            Language::English => "do you sell real rockets here?",
        };
        let offered = world.answer(&[question]).await;
        assert_eq!(offered.choices[0], text);
        assert_eq!(reason(&world, text).await.as_deref(), Some("asked_for_person"), "{text}");
    }
}

#[tokio::test]
async fn the_second_answer_in_a_row_that_helps_nobody_hands_over() {
    let world = World::saying(&["", ""]);
    assert_eq!(reason(&world, "vocês vendem foguetes?").await, None);
    let second = world.answer(&["e satélites para a lua?"]).await;
    assert_eq!(
        (second.response.as_str(), second.handoff.unwrap().reason.as_str()),
        (HANDED_OVER, "no_answer")
    );

    let unsure = reply("Acho que não.", "continue", &json!({"confidence": 0.2}));
    let world = World::saying(&["", &unsure]);
    assert_eq!(reason(&world, "vocês vendem foguetes?").await, None);
    assert_eq!(reason(&world, "e satélites para a lua?").await.as_deref(), Some("no_answer"));
}

#[tokio::test]
async fn two_replies_in_a_row_that_the_model_doubts_hand_over() {
    let unsure = reply("Acho que não.", "continue", &json!({"confidence": 0.39}));
    let sure = reply("Temos chapéus.", "continue", &json!({"confidence": 0.4}));
    let world = World::saying(&[&unsure, &sure, &unsure, &unsure]);
    assert_eq!(reason(&world, "vocês vendem foguetes?").await, None, "once is not twice");
    assert_eq!(reason(&world, "e chapéus?").await, None);
    assert_eq!(reason(&world, "e satélites para a lua?").await, None, "not in a row");
    let stored: Vec<Option<f32>> =
        world.memory.messages.lock().iter().map(|message| message.confidence).collect();
    assert_eq!(stored, [None, Some(0.39), None, Some(0.4), None, Some(0.39)]);
    let second = world.answer(&["e telescópios?"]).await;
    assert_eq!(
        (second.response.as_str(), second.handoff.unwrap().reason.as_str()),
        (format!("Acho que não.\n\n{HANDED_OVER}").as_str(), "no_answer")
    );
}

#[tokio::test]
async fn a_doubt_from_before_a_person_had_the_conversation_does_not_count() {
    let unsure = reply("Acho que não.", "continue", &json!({"confidence": 0.2}));
    let world = World::saying(&[&unsure]);
    let id = ConversationId::new("c").unwrap();
    assert_eq!(reason(&world, "vocês vendem foguetes?").await, None);
    world.assistant.hand_over(&world.tenant, &id, Attendant::Human, None).await.unwrap();
    world.assistant.hand_over(&world.tenant, &id, Attendant::Assistant, None).await.unwrap();
    assert_eq!(reason(&world, "e satélites para a lua?").await, None);
    assert_eq!(reason(&world, "e telescópios?").await.as_deref(), Some("no_answer"));
}

#[tokio::test]
async fn a_pause_ends_by_itself() {
    let world = World::saying(&["Claro, posso ajudar."]);
    world.answer(&["oi, bom dia"]).await;
    let id = ConversationId::new("c").unwrap();
    let now = world.clock.now();
    let until = now + jiff::SignedDuration::from_mins(5);
    world.assistant.pause(&world.tenant, &id, Some(until)).await.unwrap();
    assert_eq!(reason(&world, "e agora?").await.as_deref(), Some("paused"));
    world.clock.advance(Duration::from_mins(6));
    assert_eq!(reason(&world, "e agora?").await, None);
    let past = world.assistant.pause(&world.tenant, &id, Some(now)).await;
    assert!(matches!(past, Err(AIError::InvalidRequest(_))), "{past:?}");
}
