//! Reading conversations, taking over, answering as a person, deleting.

use serde_json::{Value, json};

use crate::app::TestApp;

const CONVERSATIONS: &str = "/api/v1/ai/conversations";

async fn talk(app: &TestApp, user: &str, conversation: &str) -> Value {
    let body = json!({"message": "oi, tudo bem?", "user_id": user, "conversation_id": conversation});
    let answer = app.post("/api/v1/ai/chat", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_stored_reply_says_why_it_was_given() {
    let app = TestApp::open();
    let reply = talk(&app, "ana", "c1").await;
    let stored = app.get(&format!("{CONVERSATIONS}/c1")).await.json();
    assert_eq!((&stored["id"], &stored["user_id"]), (&json!("c1"), &json!("ana")));
    let [question, answer] = stored["messages"].as_array().unwrap().as_slice() else { panic!("{stored:#}") };
    assert_eq!((&question["role"], &question["trail"]), (&json!("user"), &Value::Null));
    assert_eq!((&answer["id"], &answer["provider"]), (&reply["message_id"], &json!("obedient")));
    assert_eq!(answer["usage"]["input_tokens"], 30);
    assert!(!answer["trail"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(answer["trail"]["attempts"][0]["provider"], "obedient");
}

#[tokio::test]
async fn a_listing_is_read_page_by_page_and_filtered() {
    let app = TestApp::open();
    for (user, conversation) in [("ana", "c1"), ("ana", "c2"), ("bia", "c3")] {
        talk(&app, user, conversation).await;
    }
    let first = app.get(&format!("{CONVERSATIONS}?limit=2")).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next"].as_str().unwrap();
    let second = app.get(&format!("{CONVERSATIONS}?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second["next"].is_null());
    let hers = app.get(&format!("{CONVERSATIONS}?user_id=bia")).await.json();
    assert_eq!(hers["items"][0]["id"], "c3");
    assert_eq!(app.get(&format!("{CONVERSATIONS}?limit=0")).await.fields(), ["limit"]);
    assert_eq!(app.get(&format!("{CONVERSATIONS}?limit=many")).await.fields(), ["limit"]);
    let unknown = app.get(&format!("{CONVERSATIONS}?attendant=robot")).await;
    assert_eq!(unknown.fields(), ["attendant"]);
    assert!(unknown.text.contains("`assistant` or `human`"), "{}", unknown.text);
}

#[tokio::test]
async fn a_person_takes_over_and_gives_back() {
    let app = TestApp::open();
    talk(&app, "ana", "c1").await;
    let path = format!("{CONVERSATIONS}/c1");
    let body = json!({"to": "human", "reason": "pediu"});
    assert_eq!(app.post(&format!("{path}/handoff"), body).await.json()["to"], "human");
    assert_eq!(app.get(&path).await.json()["attendant"], "human");
    let written = app.post(&format!("{path}/messages"), json!({"message": "Oi, aqui é a Bia."})).await;
    assert_eq!((written.status.as_u16(), &written.json()["role"]), (201, &json!("assistant")));
    app.post(&format!("{path}/handoff"), json!({"to": "assistant"})).await;
    assert_eq!(app.get(&path).await.json()["attendant"], "assistant");
    let refused = app.post(&format!("{path}/handoff"), json!({"to": "robot"})).await;
    assert_eq!(refused.fields(), ["to"]);
    assert_eq!(app.post(&format!("{path}/messages"), json!({"message": ""})).await.fields(), ["message"]);
}

#[tokio::test]
async fn a_deleted_conversation_is_gone_and_an_impossible_one_was_never_there() {
    let app = TestApp::open();
    talk(&app, "ana", "c1").await;
    let path = format!("{CONVERSATIONS}/c1");
    assert_eq!(app.delete(&path).await.status, 204);
    for gone in [&*path, &format!("{CONVERSATIONS}/a%20b"), &format!("{CONVERSATIONS}/%ff")] {
        let answer = app.get(gone).await;
        assert_eq!((answer.status.as_u16(), &*answer.error()), (404, "not_found"), "{gone}");
    }
    let handoff = app.post(&format!("{path}/handoff"), json!({"to": "human"})).await;
    assert_eq!(handoff.status, 404);
}

#[tokio::test]
async fn a_pause_keeps_the_assistant_silent_until_it_is_over() {
    let app = TestApp::open();
    talk(&app, "ana", "c1").await;
    let path = format!("{CONVERSATIONS}/c1");
    assert_eq!(app.get(&path).await.json()["state"], "assistant");
    let paused = app.post(&format!("{path}/pause"), json!({"minutes": 30})).await.json();
    assert_eq!(
        (&paused["state"], &paused["paused_until"]),
        (&json!("paused"), &json!("2026-11-22T12:30:00Z"))
    );
    let silent = talk(&app, "ana", "c1").await;
    assert_eq!((&silent["response"], &silent["handoff"]["reason"]), (&json!(""), &json!("paused")));
    app.clock.advance(std::time::Duration::from_mins(31));
    assert_eq!(talk(&app, "ana", "c1").await["handoff"], Value::Null);
    app.post(&format!("{path}/pause"), json!({"minutes": 30})).await;
    let resumed = app.post(&format!("{path}/pause"), json!({"minutes": null})).await.json();
    assert_eq!(resumed["state"], "assistant");
    for minutes in [json!(0), json!(10_081), json!("soon")] {
        let refused = app.post(&format!("{path}/pause"), json!({"minutes": minutes})).await;
        assert_eq!(refused.fields(), ["minutes"], "{minutes}");
    }
    assert_eq!(app.post(&format!("{path}/pause"), json!({})).await.fields(), ["minutes"]);
    let unknown = app.post(&format!("{CONVERSATIONS}/none/pause"), json!({"minutes": 5})).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_closed_conversation_says_so() {
    let app = TestApp::open();
    talk(&app, "ana", "c1").await;
    let path = format!("{CONVERSATIONS}/c1");
    let closed =
        app.send(crate::app::request(axum::http::Method::POST, &format!("{path}/close"), None, None)).await;
    assert_eq!((closed.status.as_u16(), &closed.json()["state"]), (200, &json!("closed")));
    assert_eq!(app.get(CONVERSATIONS).await.json()["items"][0]["state"], "closed");
}
