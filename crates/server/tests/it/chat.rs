//! `POST /api/v1/ai/chat`, whole and streamed.

use pytake_assistant::Settings;
use pytake_server::AuthMode;
use serde_json::{Value, json};

use crate::app::TestApp;

const CHAT: &str = "/api/v1/ai/chat";

fn message(text: &str) -> Value {
    json!({"message": text, "user_id": "ana"})
}

/// Names and data of Server-Sent Events.
fn events(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.contains("event: "));
    let part = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
    };
    blocks.map(|b| (part(b, "event: "), serde_json::from_str(&part(b, "data: ")).unwrap())).collect()
}

#[tokio::test]
async fn a_message_is_answered_in_the_contracts_shape() {
    let app = TestApp::open();
    let answer = app.post(CHAT, message("Vocês abrem amanhã?")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["response"], "Oi! Como posso ajudar?");
    assert_eq!(answer["provider"], "obedient");
    assert_eq!(answer["tokens_used"], 42);
    assert!(answer["usage"]["cost_micro_usd"].is_null(), "nobody listed a price");
    assert!(answer["metadata"]["processing_time_ms"].is_string());
}

#[tokio::test]
async fn a_streamed_answer_ends_in_the_whole_answer() {
    let app = TestApp::open();
    let mut body = message("Vocês abrem amanhã?");
    body["stream"] = true.into();
    let answer = app.post(CHAT, body).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    let events = events(&answer.text);
    let (last, whole) = events.last().unwrap();
    let streamed: String = events
        .iter()
        .filter(|(name, _)| name == "delta")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    assert_eq!(last, "done");
    assert_eq!(whole["response"], streamed);
}

#[tokio::test]
async fn a_stream_that_fails_before_its_first_text_is_an_ordinary_error() {
    let app = TestApp::open();
    let body = json!({"message": "provider down", "user_id": "ana", "stream": true,
        "preferred_provider": "obedient", "fallback": false});
    let refused = app.post(CHAT, body).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (502, "provider_error"));
}

#[tokio::test]
async fn a_failed_provider_is_named_without_its_words() {
    let app = TestApp::open();
    let body = json!({"message": "provider down", "user_id": "ana",
        "preferred_provider": "obedient", "fallback": false});
    let refused = app.post(CHAT, body).await;
    assert_eq!(refused.status, 502);
    let attempt = refused.json()["attempts"][0].clone();
    assert_eq!((&attempt["provider"], &attempt["kind"]), (&json!("obedient"), &json!("auth")));
    assert!(!refused.text.contains("sk-secret"));
}

#[tokio::test]
async fn a_used_up_day_says_when_to_come_back() {
    let settings = Settings { daily_request_limit: 1, ..Settings::default() };
    let app = TestApp::with(AuthMode::Auto, settings);
    assert_eq!(app.post(CHAT, message("oi, tudo bem?")).await.status, 200);
    let refused = app.post(CHAT, message("oi, tudo bem?")).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (429, "daily_limit_exceeded"));
    // From noon to midnight UTC.
    assert_eq!(refused.header("retry-after"), "43200");
    assert_eq!(refused.json()["retry_after_ms"], 43_200_000);
    assert_eq!(refused.json()["scope"], "user");
}

#[tokio::test]
async fn a_stopped_message_comes_with_a_safe_sentence() {
    let app = TestApp::open();
    let refused = app.post(CHAT, message("quero comprar drogas ilegais")).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (400, "content_filter_violation"));
    assert!(!refused.json()["categories"].as_array().unwrap().is_empty());
    assert!(!refused.json()["fallback_response"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = TestApp::open();
    let wrong = [
        (json!({"message": "", "user_id": "ana"}), "message"),
        (json!({"message": "   ", "user_id": "ana"}), "message"),
        (json!({"message": "x".repeat(4_097), "user_id": "ana"}), "message"),
        (json!({"message": "oi", "user_id": ""}), "user_id"),
        (json!({"message": "oi", "user_id": "x".repeat(129)}), "user_id"),
        (json!({"message": "oi", "user_id": "ana", "temperature": 7}), "temperature"),
        (json!({"message": "oi", "user_id": "ana", "max_tokens": 0}), "max_tokens"),
        (json!({"message": "oi", "user_id": "ana", "max_tokens": -1}), "max_tokens"),
        (json!({"message": "oi", "user_id": "ana", "context": {"a": {"b": 1}}}), "context.a"),
        (json!({"message": "oi", "user_id": "ana", "context": []}), "context"),
        (json!({"message": "oi", "user_id": "ana", "conversation_id": "a b"}), "conversation_id"),
        (json!({"message": 3, "user_id": "ana"}), "message"),
        (json!({"message": "oi"}), "user_id"),
    ];
    for (body, field) in wrong {
        let shown = body.to_string().chars().take(120).collect::<String>();
        let refused = app.post(CHAT, body).await;
        assert_eq!((refused.status.as_u16(), refused.fields()), (400, vec![field.to_owned()]), "{shown}");
    }
    let usage = app.get("/api/v1/ai/usage/ana").await;
    assert_eq!((usage.status.as_u16(), &*usage.error()), (404, "user_not_found"), "nothing was counted");
}

#[tokio::test]
async fn a_panic_is_answered_without_its_words_and_the_server_lives_on() {
    let app = TestApp::open();
    let body = json!({"message": "provider panics", "user_id": "ana"});
    let failed = app.post(CHAT, body).await;
    assert!(failed.status.is_server_error(), "{failed:?}");
    assert!(!failed.text.contains("told to"));
    assert_eq!(app.post(CHAT, message("oi, tudo bem?")).await.status, 200);
}
