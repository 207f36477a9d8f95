//! Batches at the edge: what breaks, what does not exist, what is too much.

use axum::http::Method;
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::TestApp;

const BATCH: &str = "/api/v1/ai/batch";

fn chat(message: &str) -> Value {
    json!({"operation": "chat", "request": {"message": message, "user_id": "ana"}})
}

/// In the background, such an item took a worker with it for good, and with four of them nobody worked any more.
#[tokio::test]
async fn an_item_that_breaks_takes_no_other_with_it() {
    let app = TestApp::open();
    let items = json!([chat("provider panics, I bought a thing"), chat("Oi, sou a Ana")]);
    let answer = app.post(BATCH, json!({"items": items})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answers = answer.json()["items"].clone();
    assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!(500), &json!(200)), "{answers}");
    assert_eq!(answers[0]["body"]["error"], "internal_error");
}

#[tokio::test]
async fn a_tenant_has_at_most_a_hundred_open_batches() {
    let app = TestApp::open();
    let submit = || app.post(BATCH, json!({"items": [chat("Oi")], "background": true}));
    let first = submit().await.json()["id"].as_str().unwrap().to_owned();
    for _ in 1..100 {
        assert_eq!(submit().await.status, 202);
    }
    let refused = submit().await;
    assert_eq!((refused.status.as_u16(), refused.json()["scope"].as_str()), (429, Some("tenant")));
    assert_eq!(refused.header("retry-after"), "60");
    app.delete(&format!("{BATCH}/{first}")).await;
    assert_eq!(submit().await.status, 202);
}

#[tokio::test]
async fn a_revoked_keys_batches_end() {
    let app = TestApp::open();
    let key = app.key("k1", "default", &[Scope::Chat, Scope::Read]).await;
    let reader = app.key("k2", "default", &[Scope::Read]).await;
    let body = json!({"items": [chat("Oi")], "background": true});
    let id =
        app.as_key(&key, Method::POST, BATCH, Some(body)).await.json()["id"].as_str().unwrap().to_owned();
    app.revoke(&key).await;
    let job = app.as_key(&reader, Method::GET, &format!("{BATCH}/{id}"), None).await.json();
    assert_eq!(job["state"], "cancelled");
}
