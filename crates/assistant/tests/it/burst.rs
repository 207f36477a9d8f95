//! Bursts of a channel: one turn, every message kept, the inbox settled.

use pytake_assistant::answers::{AnswerText, ApprovedAnswer, Fit};
use pytake_assistant::channel::{ItemId, Lease, OutboundContent, OutboxKind, Recorded};
use pytake_assistant::id::AnswerId;
use pytake_assistant::provider::Role;
use pytake_assistant::service::Answered;
use pytake_assistant::{AIError, ChatRequest, Settings};
use pytake_understanding::language::Language;
use serde_json::json;

use crate::world::{World, reply};

#[tokio::test]
async fn a_burst_is_answered_once_and_kept_message_by_message() {
    let world = World::saying(&[&reply("Temos sim! Qual tamanho?", "ask", &json!({"choices": ["P", "M"]}))]);
    let response = world.answer(&["oi", "vocês têm chapéu?", "de palha"]).await;
    assert_eq!((response.response.as_str(), response.choices.len()), ("Temos sim! Qual tamanho?", 2));
    assert_eq!(world.speaker.asked.lock().len(), 1);
    assert!(world.last_prompt()[0].contains("oi\nvocês têm chapéu?\nde palha"), "{:?}", world.last_prompt());

    let turn = world.last_turn();
    let exchange = turn.exchange.unwrap();
    let texts: Vec<&str> = exchange.questions.iter().map(|question| question.content.as_str()).collect();
    assert_eq!(texts, ["oi", "vocês têm chapéu?", "de palha"]);
    assert!(exchange.questions.iter().all(|question| question.language.as_deref() == Some("pt")));
    let analysed: Vec<bool> = exchange.questions.iter().map(|question| question.analysis.is_some()).collect();
    assert_eq!(analysed, [false, false, true], "of all of them together, with the last");
    let ids: Vec<_> =
        exchange.questions.iter().map(|q| q.channel.as_ref().unwrap().message_id.clone().unwrap()).collect();
    assert_eq!(ids, ["wamid.0", "wamid.1", "wamid.2"]);

    let settlement = turn.settlement.unwrap();
    assert_eq!((settlement.lease, settlement.is_void_when_newer), (Lease { token: 7 }, true));
    assert_eq!(settlement.items, [1, 2, 3].map(ItemId));
    let [sent] = settlement.outbound.as_slice() else { panic!("{:?}", settlement.outbound) };
    assert_eq!(sent.kind, OutboxKind::Reply);
    let body = "Temos sim! Qual tamanho?\nP\nM".to_owned();
    assert_eq!(sent.content, OutboundContent::Text { body, preview_url: false });
    let answer = exchange.answer.unwrap();
    assert_eq!(answer.channel.unwrap().outbox, std::slice::from_ref(&sent.id));
    assert_eq!(world.told(), ["message", "reply"]);
}

#[tokio::test]
async fn what_came_too_late_is_not_said_and_what_it_cost_is_booked() {
    let world = World::saying(&["Claro, posso ajudar."]);
    world.memory.records.lock().extend([Recorded::Fenced, Recorded::Outdated]);
    let fenced = world.assistant.answer(&world.tenant, world.burst(&["oi"])).await;
    assert!(matches!(fenced, Ok(Answered::Fenced)), "{fenced:?}");
    let outdated = world.assistant.answer(&world.tenant, world.burst(&["oi"])).await;
    assert!(matches!(outdated, Ok(Answered::Outdated)), "{outdated:?}");
    let turns = world.memory.turns.lock();
    assert!(turns.iter().all(|turn| turn.ledger[0].usage.input_tokens == 10 && turn.reservation.is_some()));
    assert!(world.told().is_empty(), "nobody is told of what was not said");
}

#[tokio::test]
async fn a_burst_beyond_the_budget_is_answered_by_its_newest_part() {
    let settings = Settings { max_prompt_tokens: 1_400, ..Settings::default() };
    let world = World::with(&["Claro, posso ajudar."], settings);
    let long = "quero saber de tudo o que vocês vendem na loja hoje ".repeat(60);
    world.answer(&[&long, &long, "e o frete para Recife?"]).await;
    let asked = world.last_prompt().pop().unwrap();
    assert!(asked.contains("e o frete para Recife?") && asked.len() < long.len() * 2, "{}", asked.len());
    let answer = world.last_turn().exchange.unwrap().answer.unwrap().answer.unwrap();
    let composed = answer.trail.steps.iter().find(|step| step.step == "compose").unwrap();
    assert!(composed.found.contains("the beginning of the customer's messages"), "{}", composed.found);
    let kept = &world.last_turn().exchange.unwrap().questions[0].content;
    assert_eq!(kept, long.trim(), "kept whole all the same");

    let caller =
        ChatRequest { message: "oi ".repeat(1_300), user_id: "ana".to_owned(), ..ChatRequest::default() };
    let refused = world.assistant.chat(&world.tenant, caller).await;
    assert!(matches!(refused, Err(AIError::TokenLimitExceeded { .. })), "a caller can be told: {refused:?}");
}

#[tokio::test]
async fn invented_choices_are_objected_to_like_an_invented_text() {
    let invented = reply("Qual plano?", "ask", &json!({"choices": ["Ouro R$ 99,00", "Prata"]}));
    let world =
        World::saying(&[&invented, &reply("Qual plano?", "ask", &json!({"choices": ["Ouro", "Prata"]}))]);
    let response = world.answer(&["quais planos vocês têm?"]).await;
    assert_eq!(response.choices, ["Ouro", "Prata"]);
    assert_eq!(world.speaker.asked.lock().len(), 2);
}

#[tokio::test]
async fn the_first_reply_says_that_a_machine_answers_and_the_second_does_not() {
    let world = World::saying(&["Claro, posso ajudar."]);
    let disclosing = |texts: &[&str]| {
        let mut turn = world.burst(texts);
        turn.discloses = true;
        turn
    };
    let disclosed = "Você está falando com o assistente virtual de Loja Sol.\n\nClaro, posso ajudar.";
    let first = world.assistant.answer(&world.tenant, disclosing(&["oi, bom dia"])).await;
    assert_eq!(crate::world::written(first).response, disclosed);
    assert_eq!(world.memory.messages.lock().last().unwrap().content, disclosed, "stored as it was sent");
    let second = world.assistant.answer(&world.tenant, disclosing(&["tudo bem?"])).await;
    assert_eq!(crate::world::written(second).response, "Claro, posso ajudar.");
    assert_eq!(world.memory.messages.lock()[1].role, Role::Assistant);
}

#[tokio::test]
async fn the_calling_code_tells_the_language_where_the_text_does_not() {
    let world = World::saying(&["👍"]);
    let mut turn = world.burst(&["12345"]);
    turn.calling_code = Some(52);
    crate::world::written(world.assistant.answer(&world.tenant, turn).await);
    assert_eq!(world.last_turn().exchange.unwrap().questions[0].language.as_deref(), Some("es"));
}

fn approved(id: &str, question: &str, text: &str) -> ApprovedAnswer {
    ApprovedAnswer {
        id: AnswerId::new(id).unwrap(),
        questions: vec![question.to_owned()],
        answers: vec![AnswerText { language: Language::Portuguese, text: text.to_owned() }],
        updated_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn with_answers() -> World {
    let world = World::saying(&["Claro."]);
    *world.memory.answers.lock() = vec![
        approved("delivery", "Vocês entregam em Recife?", "Sim, em dois dias."),
        approved("hours", "Qual o horário de funcionamento?", "Das 9 às 18 horas."),
        approved("payment", "Quais as formas de pagamento?", "Pix e cartão."),
    ];
    world
}

#[tokio::test]
async fn small_talk_around_a_question_does_not_hide_its_answer() {
    let texts = [
        "oi gente, boa tarde, tudo bem com vocês?",
        "minha vizinha comprou um chapéu com vocês no natal e adorou",
        "vocês entregam em Recife?",
        "é aniversário da minha mãe e ela gosta muito de praia",
        "muito obrigada desde já, um abraço",
    ];
    let world = with_answers();
    world.answer(&[&texts.join("\n")]).await;
    let (whole, _) = world.last_fit();
    assert!(!matches!(whole, Fit::First(_)), "else this proves nothing: {whole:?}");
    let world = with_answers();
    world.answer(&texts).await;
    let (fit, first) = world.last_fit();
    assert!(matches!(fit, Fit::First(_)), "{fit:?}");
    assert_eq!(first.as_deref(), Some("delivery"));
}

#[tokio::test]
async fn where_no_text_of_a_burst_has_an_answer_none_is_found() {
    let world = with_answers();
    world.answer(&["oi", "tudo bem?", "meu gato comeu a planta da vizinha", "kkkk"]).await;
    assert_eq!(world.last_fit().0, Fit::Nothing);
}

#[tokio::test]
async fn a_turn_without_messages_is_refused() {
    let world = World::saying(&["Claro."]);
    let refused = world.assistant.answer(&world.tenant, world.burst(&[])).await;
    assert!(matches!(refused, Err(AIError::InvalidRequest(_))), "{refused:?}");
}
