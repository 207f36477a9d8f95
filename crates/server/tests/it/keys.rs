//! API keys over HTTP.

use std::time::Duration;

use axum::http::Method;
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::TestApp;

const KEYS: &str = "/api/v1/keys";
const USAGE: &str = "/api/v1/ai/usage";

/// A manager who may read, and what they made.
async fn manager(app: &TestApp) -> String {
    app.key("boss", "shop", &[Scope::Manage, Scope::Read]).await
}

async fn made(app: &TestApp, body: Value) -> (String, String) {
    let answer = app.as_key("boss", Method::POST, KEYS, Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    (json["key"]["id"].as_str().unwrap().to_owned(), json["secret"].as_str().unwrap().to_owned())
}

async fn opens(app: &TestApp, secret: &str) -> bool {
    app.as_key(secret, Method::GET, USAGE, None).await.status == 200
}

#[tokio::test]
async fn a_made_key_opens_is_listed_without_its_secret_and_is_revoked() {
    let app = TestApp::open();
    manager(&app).await;
    let body =
        json!({"name": "till", "scopes": ["read", "read"], "requests_per_minute": 60, "expires_in_days": 1});
    let (id, secret) = made(&app, body).await;
    assert!(opens(&app, &secret).await);
    let listed = app.as_key("boss", Method::GET, KEYS, None).await;
    assert!(!listed.text.contains(&secret));
    let keys = listed.json();
    let key = keys["items"].as_array().unwrap().iter().find(|key| key["id"] == *id).unwrap();
    assert_eq!((&key["scopes"], &key["requests_per_minute"]), (&json!(["read"]), &json!(60)));
    assert_eq!(key["expires_at"], "2026-11-23T12:00:00Z");
    let me = app.as_key(&secret, Method::GET, "/api/v1/session", None).await.json();
    assert_eq!(me["key"], json!({"id": id, "requests_per_minute": 60}));

    let path = format!("{KEYS}/{id}");
    assert_eq!(app.as_key("boss", Method::DELETE, &path, None).await.status, 204);
    assert!(!opens(&app, &secret).await);
    assert_eq!(app.as_key("boss", Method::DELETE, &path, None).await.status, 204, "it stays so");
    let rotated = app.as_key("boss", Method::POST, &format!("{path}/rotate"), Some(json!({}))).await;
    assert_eq!(rotated.status, 409);
}

#[tokio::test]
async fn a_key_made_for_a_day_expires() {
    let app = TestApp::open();
    manager(&app).await;
    let (id, secret) = made(&app, json!({"scopes": ["read"], "expires_in_days": 1})).await;
    app.clock.advance(Duration::from_hours(24));
    assert!(!opens(&app, &secret).await);
    let rotated = app.as_key("boss", Method::POST, &format!("{KEYS}/{id}/rotate"), Some(json!({}))).await;
    assert_eq!(rotated.status, 409, "a rotation does not bring it back");
}

#[tokio::test]
async fn a_rotated_keys_old_secret_opens_until_its_grace_is_over() {
    let app = TestApp::open();
    manager(&app).await;
    let (id, first) = made(&app, json!({"scopes": ["read"]})).await;
    let path = format!("{KEYS}/{id}/rotate");
    let rotate = async |grace_hours: u32| {
        let body = json!({"grace_hours": grace_hours});
        app.as_key("boss", Method::POST, &path, Some(body)).await
    };
    let answer = rotate(2).await.json();
    assert_eq!(answer["key"]["id"], *id);
    assert_eq!(answer["key"]["old_secret_valid_until"], "2026-11-22T14:00:00Z");
    let second = answer["secret"].as_str().unwrap().to_owned();
    assert!(opens(&app, &first).await && opens(&app, &second).await);
    app.clock.advance(Duration::from_hours(2));
    assert!(!opens(&app, &first).await && opens(&app, &second).await);
    let third = rotate(0).await.json();
    assert_eq!(third["key"]["old_secret_valid_until"], Value::Null);
    assert!(!opens(&app, &second).await, "without a grace at once");
    assert_eq!(rotate(169).await.fields(), ["grace_hours"]);
    // Both secrets end with the key.
    rotate(10).await;
    app.revoke(&id).await;
    assert!(!opens(&app, third["secret"].as_str().unwrap()).await);
}

#[tokio::test]
async fn a_key_gives_no_scope_it_does_not_have() {
    let app = TestApp::open();
    manager(&app).await;
    for scope in ["chat", "operate", "admin"] {
        let refused = app.as_key("boss", Method::POST, KEYS, Some(json!({"scopes": [scope]}))).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json()["required_scope"], scope);
    }
    app.key("talker", "shop", &[Scope::Chat]).await;
    let path = format!("{KEYS}/talker/rotate");
    assert_eq!(app.as_key("boss", Method::POST, &path, Some(json!({}))).await.status, 403);
    let path = format!("{KEYS}/talker");
    assert_eq!(app.as_key("boss", Method::DELETE, &path, None).await.status, 204, "revoking gives nothing");
}

#[tokio::test]
async fn another_tenants_keys_do_not_exist() {
    let app = TestApp::open();
    manager(&app).await;
    app.key("theirs", "other", &[Scope::Read]).await;
    let path = format!("{KEYS}/theirs");
    assert_eq!(app.as_key("boss", Method::DELETE, &path, None).await.status, 404);
    let rotate = app.as_key("boss", Method::POST, &format!("{path}/rotate"), Some(json!({}))).await;
    assert_eq!(rotate.status, 404);
    assert!(!app.as_key("boss", Method::GET, KEYS, None).await.text.contains("theirs"));
    assert!(opens(&app, "theirs").await);
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let app = TestApp::open();
    manager(&app).await;
    for (body, field) in [
        (json!({"scopes": []}), "scopes"),
        (json!({"scopes": ["read"], "requests_per_minute": 0}), "requests_per_minute"),
        (json!({"scopes": ["read"], "expires_in_days": 0}), "expires_in_days"),
        (json!({"scopes": ["read"], "expires_in_days": 4_000_000_000_u32}), "expires_in_days"),
        (json!({"scopes": ["read"], "name": "x".repeat(101)}), "name"),
        (json!({"scopes": ["read"], "name": "a\nb"}), "name"),
    ] {
        let refused = app.as_key("boss", Method::POST, KEYS, Some(body.clone())).await;
        assert_eq!(refused.fields(), [field], "{body}");
    }
    let odd = app.as_key("boss", Method::POST, KEYS, Some(json!({"scopes": ["root"]}))).await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn an_admin_makes_keys_for_tenants_that_are_new() {
    let app = TestApp::open();
    app.key("root", "default", &[Scope::Admin]).await;
    let body = json!({"scopes": ["read"]});
    let path = format!("{KEYS}?tenant_id=new-shop");
    let made = app.as_key("root", Method::POST, &path, Some(body)).await.json();
    let secret = made["secret"].as_str().unwrap();
    let me = app.as_key(secret, Method::GET, "/api/v1/session", None).await.json();
    assert_eq!(me["tenant_id"], "new-shop");
}
