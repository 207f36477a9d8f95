//! What is not Meta's is not taken, and what is strange harms nothing.

use axum::body::Body;
use axum::http::Request;
use pytake_simulator::{Business, Customer, Written, post, signature};
use pytake_testkit::{APP_SECRET, Answer, MetaApp, VERIFY_TOKEN};
use serde_json::json;

use super::{app, second_business};

async fn webhook(app: &MetaApp, body: &[u8], signature: Option<&str>) -> Answer {
    let mut request =
        Request::builder().method("POST").uri("/webhooks/whatsapp").header("host", "shop.example");
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    app.app.send_raw(request.body(Body::from(body.to_vec())).unwrap()).await
}

#[tokio::test]
async fn only_meta_proves_that_the_address_is_ours() {
    let app = app().await;
    let ask = |token: &str| {
        format!("/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    let proved = app.app.get(&ask(VERIFY_TOKEN)).await;
    assert_eq!((proved.status.as_u16(), proved.text.as_str()), (200, "1158201444"));
    assert!(proved.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(app.app.get(&ask("guessed")).await.status, 403);
    assert_eq!(app.app.get("/webhooks/whatsapp").await.status, 403);
}

#[tokio::test]
async fn what_is_not_signed_is_not_taken() {
    let app = app().await;
    let body =
        post(&Business::default(), &Customer::default(), &[Written::text("wamid.X", 1, "oi")]).to_string();
    let body = body.as_bytes();
    let right = signature(APP_SECRET, body);
    for wrong in [None, Some("sha256="), Some("sha1=00"), Some(signature("another", body).as_str())] {
        assert_eq!(webhook(&app, body, wrong).await.status, 401, "{wrong:?}");
    }
    let mut changed = body.to_vec();
    changed[20] ^= 1;
    assert_eq!(webhook(&app, &changed, Some(&right)).await.status, 401);
    assert_eq!(webhook(&app, body, Some(&right)).await.status, 200);
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_eq!(webhook(&app, &large, Some(&signature(APP_SECRET, &large))).await.status, 413);
}

#[tokio::test]
async fn anything_that_is_signed_is_taken_and_nothing_strange_is_answered() {
    let app = app().await;
    let strange = [
        "not json",
        "",
        "[]",
        "null",
        r#"{"object":"page","entry":[]}"#,
        r#"{"object":"whatsapp_business_account","entry":[]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"new","value":{"x":[1,null]}}]}]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"106540352242922"},"messages":[{"id":"wamid.S","type":"from_the_future","from":"5511999990000"},{"type":"text","text":{"body":"no id, no sender"}},7,null]}}]}]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"999"},"messages":[{"id":"wamid.Z","type":"text","from":"5511999990000","text":{"body":"of nobody's number"}}]}}]}]}"#,
    ];
    for body in strange {
        let answer = webhook(&app, body.as_bytes(), Some(&signature(APP_SECRET, body.as_bytes()))).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    }
    app.wait_for_quiet().await;
    assert!(app.graph.sent().is_empty());
    assert!(super::conversations(&app).await.iter().all(|known| super::said(known, "assistant").is_empty()));
}

#[tokio::test]
async fn a_tenants_app_secret_speaks_for_its_own_numbers_only() {
    let app = app().await;
    let key = app.app.key("shop-1", &[pytake_store::Scope::Operate, pytake_store::Scope::Read]).await;
    let path = format!("/api/v1/whatsapp/numbers/{}", second_business().number);
    let own = json!({"access_token": "t", "app_secret": "secret-of-shop-1"});
    assert_eq!(app.app.send("PUT", &path, Some(&key), Some(own)).await.status, 200);
    for (business, text) in [(Business::default(), "wamid.K1"), (second_business(), "wamid.K2")] {
        let body = post(&business, &Customer::default(), &[Written::text(text, 1, "oi")]).to_string();
        let signed = signature("secret-of-shop-1", body.as_bytes());
        assert_eq!(webhook(&app, body.as_bytes(), Some(&signed)).await.status, 200);
    }
    app.wait_for_quiet().await;
    let numbers: Vec<String> = app.graph.sent().into_iter().map(|sent| sent.number).collect();
    assert_eq!(numbers, [second_business().number], "nothing was said for the other tenant's number");
}

#[tokio::test]
async fn a_number_of_another_tenant_does_not_exist() {
    let app = app().await;
    let key = app.app.key("shop-1", &[pytake_store::Scope::Operate, pytake_store::Scope::Read]).await;
    let path = format!("/api/v1/whatsapp/numbers/{}", Business::default().number);
    assert_eq!(app.app.send("DELETE", &path, Some(&key), None).await.status, 404);
    assert_eq!(app.app.send("POST", &format!("{path}/stop"), Some(&key), None).await.status, 404);
    let taken = app.app.send("PUT", &path, Some(&key), Some(json!({"access_token": "t"}))).await;
    assert_eq!(taken.status, 409, "{}", taken.text);
    let unknown = app.app.send("PUT", &path, Some(&key), Some(json!({"token": "t"}))).await;
    assert!(unknown.status == 400 && unknown.text.contains("token"), "{}", unknown.text);
}
