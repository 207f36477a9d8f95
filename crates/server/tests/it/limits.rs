//! Limits at the edge: refusals before the body, and the headers.

use std::time::Duration;

use axum::http::Method;
use pytake_store::Scope;
use serde_json::json;

use crate::app::TestApp;

const USAGE: &str = "/api/v1/ai/usage";
const CHAT: &str = "/api/v1/ai/chat";

async fn limited(app: &TestApp, id: &str, requests_per_minute: u32) -> String {
    let scopes = [Scope::Read, Scope::Chat];
    app.store_limited_key(id, "default", &scopes, None, Some(requests_per_minute)).await;
    id.to_owned()
}

#[tokio::test]
async fn a_limited_key_is_told_what_is_left_and_then_when_to_come_back() {
    let app = TestApp::open();
    let key = limited(&app, "k1", 2).await;
    let first = app.as_key(&key, Method::GET, USAGE, None).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), r#""key";q=2;w=60"#);
    assert_eq!(first.header("ratelimit"), r#""key";r=1;t=60"#);
    app.clock.advance(Duration::from_secs(10));
    let second = app.as_key(&key, Method::GET, USAGE, None).await;
    assert_eq!(second.header("ratelimit"), r#""key";r=0;t=50"#);
    app.clock.advance(Duration::from_millis(9_500));
    let third = app.as_key(&key, Method::GET, USAGE, None).await;
    assert_eq!((third.status.as_u16(), &*third.error()), (429, "rate_limit_exceeded"));
    assert_eq!(third.json()["scope"], "key");
    assert_eq!(third.json()["retry_after_ms"], 40_500);
    assert_eq!((third.header("retry-after"), third.header("ratelimit")), ("41", r#""key";r=0;t=41"#));
    app.clock.advance(Duration::from_millis(40_500));
    assert_eq!(app.as_key(&key, Method::GET, USAGE, None).await.status, 200);
}

#[tokio::test]
async fn one_keys_use_is_not_anothers_and_a_key_without_a_limit_hears_of_none() {
    let app = TestApp::open();
    let (one, other) = (limited(&app, "k1", 1).await, limited(&app, "k2", 1).await);
    let free = app.key("k3", "default", &[Scope::Read]).await;
    assert_eq!(app.as_key(&one, Method::GET, USAGE, None).await.status, 200);
    assert_eq!(app.as_key(&one, Method::GET, USAGE, None).await.status, 429);
    assert_eq!(app.as_key(&other, Method::GET, USAGE, None).await.status, 200);
    let answer = app.as_key(&free, Method::GET, USAGE, None).await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-policy")), (200, ""));
}

#[tokio::test]
async fn a_refusal_does_not_look_at_the_body() {
    let app = TestApp::open();
    let key = limited(&app, "k1", 1).await;
    let good = json!({"message": "Oi, sou a Ana", "user_id": "ana"});
    assert_eq!(app.as_key(&key, Method::POST, CHAT, Some(good)).await.status, 200);
    let bad = json!({"nothing": "that a chat knows"});
    assert_eq!(app.as_key(&key, Method::POST, CHAT, Some(bad)).await.status, 429);
}

#[tokio::test]
async fn what_the_tenants_limit_refuses_does_not_count_against_the_key() {
    let app = TestApp::open();
    let key = limited(&app, "k1", 3).await;
    let admin = app.key("k2", "default", &[Scope::Admin]).await;
    let settings = json!({"settings": {"limits": {"requests_per_minute": 1}}});
    assert_eq!(app.as_key(&admin, Method::PUT, "/api/v1/settings", Some(settings)).await.status, 200);
    let chat = || Some(json!({"message": "Oi, sou a Ana", "user_id": "ana"}));
    assert_eq!(app.as_key(&key, Method::POST, CHAT, chat()).await.status, 200);
    for _ in 0..5 {
        let refused = app.as_key(&key, Method::POST, CHAT, chat()).await;
        assert_eq!((refused.status.as_u16(), refused.json()["scope"].as_str()), (429, Some("tenant")));
        assert_eq!(refused.header("ratelimit"), r#""key";r=2;t=60, "tenant";r=0;t=60"#);
    }
    let usage = app.as_key(&key, Method::GET, USAGE, None).await;
    assert_eq!(usage.header("ratelimit"), r#""key";r=1;t=60, "tenant";r=0;t=60"#);
}

#[tokio::test]
async fn every_operation_of_the_api_documents_the_headers_and_the_refusal() {
    let document: serde_json::Value = serde_json::from_str(&pytake_server::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("429"), "{method} {path}");
            let own = responses.values().filter(|response| response.get("$ref").is_none());
            for response in own {
                assert!(response["headers"]["RateLimit"].is_object(), "{method} {path}");
            }
        }
    }
}
