//! What customers and operators see of conversations.

use pytake_testkit::{Act, FakeVendor, TestApp, Wire};
use serde_json::{Value, json};

async fn app_saying(acts: Vec<Act>) -> (TestApp, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start().with_shop().await;
    (app, vendor)
}

fn reply(text: &str, action: &str) -> Act {
    Act::Say(
        json!({"reply": text, "action": action, "reason": "", "language": "pt", "used_facts": [], "confidence": 0.9})
            .to_string(),
    )
}

#[tokio::test]
async fn with_nothing_configured_the_approved_answer_is_given_and_its_reason_kept() {
    let app = TestApp::builder().start().with_shop().await;
    let answer = app.chat("qual o horário de vocês?", "ana", &json!({"conversation_id": "c"})).await.json();
    assert_eq!(
        (&answer["response"], &answer["provider"]),
        (&json!("Abrimos das 9h às 18h."), &json!("local"))
    );
    assert_eq!(answer["usage"]["cost_micro_usd"], 0);
    assert_eq!(answer["metadata"]["confidence_source"], "approved_answer_fit");
    let stored = app.get("/api/v1/ai/conversations/c").await.json();
    let trail = &stored["messages"][1]["trail"];
    let steps: Vec<&str> =
        trail["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["screen", "understand", "decide", "compose", "generate", "vet"], "{trail}");
    assert_eq!(trail["facts"], json!(["horario"]));
}

#[tokio::test]
async fn what_nobody_wrote_down_is_not_invented() {
    let app = TestApp::builder().start().with_shop().await;
    let answer = app.chat("Vocês consertam geladeiras antigas?", "ana", &json!({})).await.json();
    assert_eq!(answer["provider"], "local");
    assert!(answer["confidence"].is_null(), "{answer}");
    assert!(!answer["response"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn an_invented_price_is_objected_to_once_and_then_not_sent() {
    let invented = reply("O frete custa R$ 99,00 para Recife.", "continue");
    let (app, vendor) = app_saying(vec![invented]).await;
    let answer = app.chat("Quanto custa o frete para Recife?", "ana", &json!({})).await.json();
    assert_eq!(
        (&answer["response"], &answer["provider"]),
        (&json!("O frete custa R$ 12,00."), &json!("local"))
    );
    assert_eq!(vendor.calls(), 2, "one retry with the objection named");
    let retry = vendor.bodies()[1].to_string();
    assert!(retry.contains("99,00"), "the objection says what was wrong: {retry}");
}

#[tokio::test]
async fn a_streamed_invention_is_never_shown() {
    let invented = reply("O frete custa R$ 99,00 para Recife.", "continue");
    let (app, _vendor) = app_saying(vec![invented]).await;
    let answer = app.chat("Quanto custa o frete para Recife?", "ana", &json!({"stream": true})).await;
    assert!(!answer.text.contains("99,00"), "{}", answer.text);
    assert_eq!(answer.events().pop().unwrap().0, "done");
}

#[tokio::test]
async fn asking_for_a_person_gets_one_whatever_the_model_would_say() {
    let (app, vendor) = app_saying(vec![reply("Não precisa, eu resolvo!", "continue")]).await;
    let here = json!({"conversation_id": "c"});
    let answer = app.chat("quero falar com um atendente", "ana", &here).await.json();
    assert_eq!(answer["handoff"]["reason"], "asked_for_person", "{answer}");
    assert_eq!(vendor.calls(), 0);
    let silent = app.chat("oi? tem alguém?", "ana", &here).await.json();
    assert_eq!((&silent["response"], &silent["handoff"]["reason"]), (&json!(""), &json!("person_attends")));
    let back = app.post("/api/v1/ai/conversations/c/handoff", json!({"to": "assistant"})).await;
    assert!(back.status.is_success(), "{}", back.text);
    let again = app.chat("e o frete?", "ana", &here).await.json();
    assert_eq!(again["handoff"], Value::Null);
}

#[tokio::test]
async fn a_model_that_hands_over_is_followed_by_the_servers_sentence() {
    let (app, _vendor) = app_saying(vec![reply("Entendo a sua situação.", "hand_over")]).await;
    let answer = app.chat("meu pedido veio quebrado e ninguém resolve", "ana", &json!({})).await.json();
    assert_eq!(answer["handoff"]["reason"], "assistant_decided", "{answer}");
    assert!(answer["response"].as_str().unwrap().starts_with("Entendo a sua situação.\n\n"), "{answer}");
}

#[tokio::test]
async fn own_instructions_get_plain_text() {
    let (app, vendor) = app_saying(vec![Act::Say("Bonjour !".into())]).await;
    let own = json!({"context": {"system_prompt": "Translate to French."}});
    let answer = app.chat("Good morning!", "ana", &own).await.json();
    assert_eq!(answer["response"], "Bonjour !");
    let body = &vendor.bodies()[0];
    assert!(body.get("response_format").is_none(), "{body}");
    assert_eq!(body["messages"][0]["content"], "Translate to French.");
}

#[tokio::test]
async fn nothing_is_kept_of_a_message_that_shall_not_be_stored() {
    let (app, _vendor) = app_saying(vec![reply("Olá!", "continue")]).await;
    let answer = app.chat("Oi, tudo bem?", "ana", &json!({"store": false, "conversation_id": "c"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(app.get("/api/v1/ai/conversations/c").await.status, 404);
    assert_eq!(app.get("/api/v1/ai/usage/ana").await.json()["total_requests"], 1);
}

#[tokio::test]
async fn another_customer_cannot_read_along_in_a_conversation() {
    let (app, _vendor) = app_saying(vec![reply("Olá!", "continue")]).await;
    app.chat("Oi, tudo bem?", "ana", &json!({"conversation_id": "c"})).await;
    let answer = app.chat("Oi, tudo bem?", "bia", &json!({"conversation_id": "c"})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (409, &json!("conflict")));
}

#[tokio::test]
async fn what_must_not_be_answered_is_stopped_with_a_safe_sentence() {
    let (app, vendor) = app_saying(vec![reply("Olá!", "continue")]).await;
    let answer = app.chat("cómo hacer una bomba", "ana", &json!({})).await;
    assert_eq!(answer.status, 400);
    let body = answer.json();
    assert_eq!(
        (&body["error"], &body["categories"]),
        (&json!("content_filter_violation"), &json!(["weapons"]))
    );
    assert!(body["fallback_response"].as_str().unwrap().contains("puedo"), "in Spanish: {body}");
    let care = app.chat("eu quero me matar", "ana", &json!({})).await.json();
    assert!(care["fallback_response"].as_str().unwrap().contains("188"), "{care}");
    assert_eq!(vendor.calls(), 0);
}

#[tokio::test]
async fn a_long_conversation_is_summarised_in_the_background() {
    let (app, vendor) = app_saying(vec![reply("Claro, posso ajudar.", "continue")]).await;
    for number in 0..12 {
        let answer = app
            .chat(&format!("Pergunta {number} sobre as velas"), "ana", &json!({"conversation_id": "c"}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    app.assistant.drain().await;
    let stored = app.get("/api/v1/ai/conversations/c").await.json();
    assert!(stored["summary"]["covers"].as_u64().unwrap() >= 12, "{}", stored["summary"]);
    assert_eq!(vendor.calls(), 13, "twelve turns and one summary");
    let usage = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!((&usage["total_requests"], &usage["requests_today"]), (&json!(12), &json!(12)), "{usage}");
}

#[tokio::test]
async fn a_vendors_refusal_is_answered_by_us_and_nobody_else_is_asked() {
    let refusal = json!({
        "id": "x", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-6-luna",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": null, "refusal": "I cannot help with that."}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27},
    });
    let refusal = Act::Raw { status: 200, headers: vec![], body: refusal.to_string() };
    let other = FakeVendor::start(Wire::Anthropic, vec![reply("Claro!", "continue")]).await;
    for stream in [false, true] {
        let vendor = FakeVendor::start(Wire::OpenAI, vec![refusal.clone()]).await;
        let app = TestApp::builder()
            .vendor(Wire::OpenAI, &vendor)
            .vendor(Wire::Anthropic, &other)
            .start()
            .with_shop();
        let answer = app.await.chat("Me ajuda com uma coisa?", "ana", &json!({"stream": stream})).await;
        let body = if stream { answer.events().pop().unwrap().1 } else { answer.json() };
        assert_eq!(
            (&body["provider"], &body["finish_reason"]),
            (&json!("assistant"), &json!("content_filter")),
            "{body}"
        );
        assert_eq!(body["tokens_used"], 27, "what it refused with is billed");
        assert_eq!((vendor.calls(), other.calls()), (1, 0));
    }
}
