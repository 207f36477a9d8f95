//! A tenant's keys at vendors and its processors at the edge: scopes, tenants, and answers as documented.

use axum::http::Method;
use pytake_store::Scope;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn keys_are_for_providers_that_take_them_and_for_managers() {
    let app = TestApp::open();
    let manager = app.key("manager", "shop", &[Scope::Manage]).await;
    let reader = app.key("reader", "shop", &[Scope::Read]).await;
    let path = "/api/v1/provider-keys/obedient";
    let body = || Some(json!({"key": "sk-twelve-or-more"}));
    assert_eq!(app.as_key(&manager, Method::PUT, path, body()).await.status, 404, "it takes none");
    assert_eq!(app.as_key(&reader, Method::PUT, path, body()).await.status, 403);
    assert_eq!(app.as_key(&manager, Method::DELETE, path, None).await.status, 404);
    let listed = app.as_key(&manager, Method::GET, "/api/v1/provider-keys", None).await;
    assert_eq!((listed.status.as_u16(), listed.json()), (200, json!({"items": [], "next": null})));
    let strange = Some(json!({"key": "sk-twelve-or-more", "url": "http://169.254.169.254"}));
    assert_eq!(app.as_key(&manager, Method::PUT, path, strange).await.status, 400);
}

#[tokio::test]
async fn processors_are_as_documented_for_readers_of_the_tenant() {
    let app = TestApp::open();
    let reader = app.key("reader", "shop", &[Scope::Read]).await;
    let chatter = app.key("chatter", "shop", &[Scope::Chat]).await;
    let chat = json!({"message": "Oi", "user_id": "ana"});
    assert_eq!(app.as_key(&chatter, Method::POST, "/api/v1/ai/chat", Some(chat)).await.status, 200);
    assert_eq!(app.as_key(&chatter, Method::GET, "/api/v1/processors", None).await.status, 403);
    let answer = app.as_key(&reader, Method::GET, "/api/v1/processors", None).await;
    let items = answer.json()["items"].clone();
    let names: Vec<&str> =
        items.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["obedient", "hearing"]);
    assert_eq!((&items[0]["host"], &items[0]["answered_calls"]), (&json!(null), &json!(1)));
    assert_eq!(items[0]["last_used"], "2026-11-22");
}
