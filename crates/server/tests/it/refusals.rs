//! The error object, wherever an error comes from.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::app::TestApp;

const CHAT: &str = "/api/v1/ai/chat";

fn sent(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(Method::POST).uri(CHAT).header("content-type", content_type);
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn an_unknown_route_and_a_wrong_method_are_answered_with_the_object() {
    let app = TestApp::open();
    let unknown = app.get("/api/v2/nothing").await;
    insta::assert_json_snapshot!("unknown route", unknown.json());
    let wrong = app.delete(CHAT).await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "POST"));
    insta::assert_json_snapshot!("wrong method", wrong.json());
}

/// Made from the document, so that a new route cannot be forgotten.
#[tokio::test]
async fn a_path_that_is_no_text_is_answered_with_the_object_on_every_route() {
    let app = TestApp::open();
    let document: Value = serde_json::from_str(&pytake_server::openapi()).unwrap();
    let mut tried = 0;
    for (pattern, operations) in document["paths"].as_object().unwrap() {
        if !pattern.contains('{') {
            continue;
        }
        let segments = pattern.split('/').map(|part| if part.starts_with('{') { "%FF" } else { part });
        let path = segments.collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let request = Request::builder().method(method.clone()).uri(&path);
            let request = request.header("content-type", "application/json").body("{}".into()).unwrap();
            let refused = app.send(request).await;
            assert!([400, 404].contains(&refused.status.as_u16()), "{method} {path}: {refused:?}");
            assert_eq!(refused.header("content-type"), "application/json", "{method} {path}");
            assert!(refused.json()["request_id"].is_string(), "{method} {path}: {refused:?}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_in_words() {
    let app = TestApp::open();
    let form = app.send(sent("application/x-www-form-urlencoded", "message=oi")).await;
    assert_eq!((form.status.as_u16(), &*form.error()), (415, "unsupported_media_type"));
    for broken in ["", "{", "[]", "null", "{\"message\": \"\\ud800\", \"user_id\": \"u\"}"] {
        let refused = app.send(sent("application/json", broken)).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (400, "invalid_request"), "{broken}");
    }
    let invalid =
        app.send(sent("application/json", &b"{\"message\": \"\xff\", \"user_id\": \"u\"}"[..])).await;
    insta::assert_json_snapshot!("invalid utf-8", invalid.json());
}

#[tokio::test]
async fn an_unknown_analysis_type_lists_the_known_ones() {
    let app = TestApp::open();
    let body = json!({"message": "oi", "user_id": "u", "analysis_type": ["mood"]});
    let refused = app.post("/api/v1/ai/analyze", body).await;
    insta::assert_json_snapshot!("unknown analysis type", refused.json());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = TestApp::open();
    let refused = app.send(sent("application/json", vec![b' '; 256 * 1024 + 1])).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (413, "payload_too_large"));
}

#[tokio::test]
async fn every_answer_carries_the_callers_sane_id_or_one_of_ours() {
    let app = TestApp::open();
    let with = |id: &str| Request::builder().uri("/nothing").header("x-request-id", id).body(Body::empty());
    let kept = app.send(with("order-17").unwrap()).await;
    assert_eq!((kept.header("x-request-id"), &kept.json()["request_id"]), ("order-17", &json!("order-17")));
    let replaced = app.send(with("two words").unwrap()).await;
    assert_eq!(replaced.header("x-request-id"), replaced.json()["request_id"].as_str().unwrap());
    assert_ne!(replaced.header("x-request-id"), "two words");
    for path in ["/", "/docs", "/health/live", "/metrics", "/api/v1/ai/usage"] {
        let answer = app.get(path).await;
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}
