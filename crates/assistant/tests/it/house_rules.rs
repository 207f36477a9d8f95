//! What a business decides about every answer: in which languages, what never to say, and whether to answer at all.

use pytake_assistant::{AIError, AnalyzeRequest, ChatRequest, Clock};
use pytake_understanding::language::Language;
use serde_json::json;

use crate::world::{World, reply};

#[tokio::test]
async fn a_business_answers_in_its_own_language_and_knows_the_customers() {
    let world = World::saying(&[&reply(
        "Claro, a loja abre às nove horas da manhã todos os dias.",
        "continue",
        &json!({}),
    )]);
    world.memory.profile.lock().languages = vec![Language::Portuguese];
    let response = world.answer(&["Hello, could you tell me when the shop opens in the morning?"]).await;
    assert_eq!(response.metadata["language"], "pt");
    assert!(world.last_prompt().iter().any(|text| text.contains("Answer in Portuguese.")));
    let exchange = world.last_turn().exchange.unwrap();
    assert_eq!(exchange.questions[0].language.as_deref(), Some("en"));
    assert_eq!(exchange.answer.unwrap().language.as_deref(), Some("pt"));
}

#[tokio::test]
async fn an_answer_in_a_language_of_the_businesss_choice_says_nothing_about_the_customers() {
    let world = World::saying(&[&reply(
        "Claro, a loja abre às nove horas da manhã todos os dias.",
        "continue",
        &json!({}),
    )]);
    world.memory.profile.lock().languages = vec![Language::Portuguese];
    world.answer(&["Hello, could you tell me when the shop opens in the morning?"]).await;
    world.answer(&["ok"]).await;
    let exchange = world.last_turn().exchange.unwrap();
    assert_eq!(exchange.questions[0].language.as_deref(), Some("en"));
}

#[tokio::test]
async fn what_a_business_never_says_is_not_said() {
    let world = World::saying(&[
        &reply("Sim, com garantia VITALÍCIA!", "continue", &json!({})),
        &reply("Quer que eu chame uma pessoa da equipe?", "ask", &json!({})),
    ]);
    world.memory.profile.lock().never_say = vec!["garantia vitalícia".to_owned()];
    let response = world.answer(&["o chapéu tem garantia?"]).await;
    assert_eq!(response.response, "Quer que eu chame uma pessoa da equipe?");
    let last = world.last_prompt();
    assert!(last.iter().any(|text| text.contains("never says")), "the model is told why: {last:?}");
}

#[tokio::test]
async fn a_suspended_tenant_keeps_its_customers_messages_and_says_and_spends_nothing() {
    let world = World::saying(&["Claro, posso ajudar."]);
    *world.memory.suspended_at.lock() = Some(world.clock.now());
    for texts in [&["oi, tudo bem?"], &["quero falar com um atendente"]] {
        let response = world.answer(texts).await;
        assert_eq!(response.response, "");
        assert_eq!(response.handoff.unwrap().reason, "suspended");
        let turn = world.last_turn();
        assert_eq!(turn.exchange.unwrap().questions.len(), 1);
        assert!(turn.settlement.unwrap().outbound.is_empty());
    }
    assert!(world.speaker.asked.lock().is_empty());
    assert_eq!(world.memory.conversation.lock().as_ref().unwrap().handoff_reason, None);
}

#[tokio::test]
async fn a_caller_who_asks_for_a_suspended_tenant_is_told_so() {
    let world = World::saying(&["Claro, posso ajudar."]);
    *world.memory.suspended_at.lock() = Some(world.clock.now());
    let (message, user_id) = ("oi".to_owned(), "ana".to_owned());
    let chat = ChatRequest { message: message.clone(), user_id: user_id.clone(), ..ChatRequest::default() };
    let refused = world.assistant.chat(&world.tenant, chat).await;
    assert!(
        matches!(&refused, Err(AIError::Conflict(why)) if why == "the tenant is suspended"),
        "{refused:?}"
    );
    let analyze: AnalyzeRequest = serde_json::from_value(serde_json::json!({
        "message": message, "user_id": user_id, "analysis_type": ["sentiment"],
    }))
    .unwrap();
    assert!(matches!(world.assistant.analyze(&world.tenant, analyze).await, Err(AIError::Conflict(_))));
    assert!(world.memory.turns.lock().is_empty());
}
