//! The audit log: every change and every look, by whom.

use axum::http::Method;
use pytake_server::{Peer, hash_password};
use pytake_store::{OperatorRecord, Operators, Role, Scope};
use serde_json::{Value, json};

use crate::app::{TestApp, request};

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.as_key("boss", Method::GET, &format!("/api/v1/audit{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().unwrap().clone()
}

async fn boss(app: &TestApp) {
    let all = [Scope::Chat, Scope::Analyze, Scope::Read, Scope::Prompts, Scope::Operate, Scope::Manage];
    app.key("boss", "shop", &all).await;
}

async fn ana(app: &TestApp) {
    let ana = OperatorRecord {
        id: "ana".into(),
        tenant: "shop".parse().unwrap(),
        email: "ana@example.com".parse().unwrap(),
        name: "Ana".into(),
        role: Role::Owner,
        is_admin: false,
        password_hash: hash_password(&"três gatos no telhado".into(), [7; 16]).unwrap(),
        created_at: app.now(),
        disabled_at: None,
    };
    app.store().create_operator(&ana).await.unwrap();
}

async fn as_boss(app: &TestApp, method: Method, path: &str, body: Value) -> u16 {
    app.as_key("boss", method, path, Some(body)).await.status.as_u16()
}

#[tokio::test]
async fn a_change_is_written_with_who_what_and_where_from() {
    let app = TestApp::open();
    boss(&app).await;
    let body = json!({"name": "secret words", "template": "t"});
    let mut change = request(Method::POST, "/api/v1/ai/prompts", Some("boss"), Some(body));
    change.headers_mut().insert("x-request-id", "r-17".parse().unwrap());
    change.extensions_mut().insert(Peer("203.0.113.7".parse().unwrap()));
    assert_eq!(app.send(change).await.status, 201);
    let written = entries(&app, "").await;
    assert_eq!(
        written,
        [json!({
            "at": "2026-11-22T12:00:00Z",
            "author": "key:boss",
            "action": "POST /api/v1/ai/prompts",
            "object": {},
            "status": 201,
            "request_id": "r-17",
            "peer": "203.0.113.7",
        })],
        "no body, no secret"
    );
}

#[tokio::test]
async fn changes_name_their_object_and_what_they_made() {
    let app = TestApp::open();
    boss(&app).await;
    let made =
        app.as_key("boss", Method::POST, "/api/v1/keys", Some(json!({"scopes": ["read"]}))).await.json();
    let id = made["key"]["id"].as_str().unwrap();
    app.as_key("boss", Method::DELETE, &format!("/api/v1/keys/{id}"), None).await;
    let written = entries(&app, "").await;
    assert_eq!(written[0]["action"], "DELETE /api/v1/keys/{id}");
    assert_eq!(written[0]["object"], json!({"id": id}));
    assert_eq!(written[1]["object"], json!({"key_id": id}));
}

#[tokio::test]
async fn looks_at_a_conversation_are_written() {
    let app = TestApp::open();
    boss(&app).await;
    let message = json!({"message": "oi", "user_id": "u", "conversation_id": "c1"});
    assert_eq!(as_boss(&app, Method::POST, "/api/v1/ai/chat", message).await, 200);
    app.as_key("boss", Method::GET, "/api/v1/ai/conversations/c1", None).await;
    app.as_key("boss", Method::GET, "/api/v1/whatsapp/outbox", None).await;
    app.as_key("boss", Method::GET, "/api/v1/ai/conversations/unknown", None).await;
    app.as_key("boss", Method::GET, "/api/v1/ai/usage", None).await;
    let item = json!({"operation": "chat", "request": {"message": "oi", "user_id": "u"}});
    let batch = json!({"items": [item], "background": true});
    let batch = app.as_key("boss", Method::POST, "/api/v1/ai/batch", Some(batch)).await.json();
    let batch = batch["id"].as_str().unwrap();
    app.as_key("boss", Method::GET, &format!("/api/v1/ai/batch/{batch}/items"), None).await;
    let written = entries(&app, "").await;
    let actions: Vec<&str> = written.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let (outbox, conversation) = ("GET /api/v1/whatsapp/outbox", "GET /api/v1/ai/conversations/{id}");
    assert_eq!(actions, ["GET /api/v1/ai/batch/{id}/items", outbox, conversation]);
    assert_eq!(written[2]["object"], json!({"id": "c1"}));
}

#[tokio::test]
async fn turns_and_refusals_write_nothing() {
    let app = TestApp::open();
    boss(&app).await;
    let message = json!({"message": "oi", "user_id": "u"});
    for turn in ["chat", "classify", "moderate"] {
        assert_eq!(as_boss(&app, Method::POST, &format!("/api/v1/ai/{turn}"), message.clone()).await, 200);
    }
    app.key("reader", "shop", &[Scope::Read]).await;
    app.as_key("reader", Method::POST, "/api/v1/keys", Some(json!({"scopes": ["read"]}))).await;
    app.as_key("boss", Method::DELETE, "/api/v1/keys/unknown", None).await;
    app.as_key("nobody", Method::DELETE, "/api/v1/keys/boss", None).await;
    assert!(entries(&app, "").await.is_empty());
}

#[tokio::test]
async fn signing_in_is_written_also_when_it_fails() {
    let app = TestApp::open();
    boss(&app).await;
    ana(&app).await;
    for (email, password) in [
        ("ana@example.com", "not her password"),
        ("nobody@example.com", "três gatos no telhado"),
        ("ana@example.com", "três gatos no telhado"),
    ] {
        app.post("/api/v1/session", json!({"email": email, "password": password})).await;
    }
    let written = entries(&app, "").await;
    assert_eq!(written.len(), 2, "who does not exist concerns nobody: {written:?}");
    assert_eq!((&written[0]["author"], &written[0]["status"]), (&json!("operator:ana"), &json!(200)));
    assert!(written[0]["object"]["session_id"].is_string());
    assert_eq!((&written[1]["author"], &written[1]["status"]), (&json!("stranger"), &json!(401)));
    assert_eq!(written[1]["object"], json!({"operator_id": "ana"}));
}

/// Whoever finds a signed-in browser guesses there.
#[tokio::test]
async fn a_wrong_password_for_ones_own_new_one_is_written() {
    let app = TestApp::open();
    boss(&app).await;
    ana(&app).await;
    let sign_in = json!({"email": "ana@example.com", "password": "três gatos no telhado"});
    let cookie = app.post("/api/v1/session", sign_in).await.header("set-cookie").to_owned();
    let guess = json!({"current_password": "a guess", "password": "quatro gatos no telhado"});
    let mut change = request(Method::POST, "/api/v1/session/password", None, Some(guess));
    change.headers_mut().insert("cookie", cookie.split(';').next().unwrap().parse().unwrap());
    change.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(app.send(change).await.status, 400);
    let written = entries(&app, "?action=POST%20/api/v1/session/password").await;
    assert_eq!((&written[0]["author"], &written[0]["status"]), (&json!("operator:ana"), &json!(400)));
}

#[tokio::test]
async fn what_an_admin_does_is_written_where_it_was_done() {
    let app = TestApp::open();
    boss(&app).await;
    app.key("root", "default", &[Scope::Admin]).await;
    let by_query = json!({"name": "a", "template": "t"});
    app.as_key("root", Method::POST, "/api/v1/ai/prompts?tenant_id=shop", Some(by_query)).await;
    let by_body = json!({"name": "b", "template": "t", "tenant_id": "shop"});
    app.as_key("root", Method::POST, "/api/v1/ai/prompts", Some(by_body)).await;
    for action in ["suspend", "resume"] {
        let path = format!("/api/v1/tenants/shop/{action}");
        assert_eq!(app.as_key("root", Method::POST, &path, None).await.status, 200);
    }
    let authors: Vec<Value> = entries(&app, "").await.iter().map(|entry| entry["author"].clone()).collect();
    assert_eq!(authors, ["key:root"; 4]);
}

#[tokio::test]
async fn the_log_is_narrowed_paged_and_apart() {
    let app = TestApp::open();
    boss(&app).await;
    for n in 0..3 {
        let prompt = json!({"name": format!("p{n}"), "template": "t"});
        as_boss(&app, Method::POST, "/api/v1/ai/prompts", prompt).await;
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    let first = app.as_key("boss", Method::GET, "/api/v1/audit?limit=2", None).await.json();
    let next = first["next"].as_str().unwrap();
    assert_eq!(entries(&app, &format!("?limit=2&cursor={next}")).await.len(), 1);
    assert_eq!(entries(&app, "?from=2026-11-22T12:00:01Z&to=2026-11-22T12:00:02Z").await.len(), 1);
    assert_eq!(entries(&app, "?author=key:boss").await.len(), 3);
    assert_eq!(entries(&app, "?author=command").await.len(), 0);
    assert_eq!(entries(&app, "?action=POST%20/api/v1/ai/prompts").await.len(), 3);
    let odd = app.as_key("boss", Method::GET, "/api/v1/audit?from=yesterday", None).await;
    assert_eq!(odd.status, 400);
    app.key("other", "other", &[Scope::Manage]).await;
    let theirs = app.as_key("other", Method::GET, "/api/v1/audit?tenant_id=shop", None).await.json();
    assert_eq!(theirs["items"], json!([]));
}
