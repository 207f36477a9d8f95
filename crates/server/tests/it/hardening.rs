//! What browsers and strangers are kept from: see `SECURITY.md`.

use axum::body::Body;
use axum::http::{Method, Request};
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::{Answer, PAGE, TestApp};

const USAGE: &str = "/api/v1/ai/usage";
const CHAT: &str = "/api/v1/ai/chat";

async fn from_page(app: &TestApp, origin: &str, method: Method, path: &str, more: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("origin", origin);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let asks = [
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    from_page(app, origin, Method::OPTIONS, path, &asks).await
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_must_not_do() {
    let app = TestApp::open();
    let unauthorized = app.as_key("pytake_wrong", Method::GET, USAGE, None).await;
    assert_eq!(unauthorized.status, 401);
    let mut answers = vec![unauthorized, app.delete(CHAT).await, app.post(CHAT, json!({"message": 1})).await];
    for path in ["/", "/docs", "/health/live", "/metrics", USAGE, "/nothing", "/api-docs/openapi.json"] {
        answers.push(app.get(path).await);
    }
    answers.push(preflight(&app, PAGE, CHAT).await);
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(!answer.header("cache-control").is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_page_that_the_operator_named_may_ask_and_read_with_a_key() {
    let app = TestApp::open();
    app.key("k1", "default", &[Scope::Read]).await;
    let asked = preflight(&app, PAGE, CHAT).await;
    assert_eq!((asked.status.as_u16(), asked.header("access-control-allow-origin")), (204, PAGE));
    assert!(asked.header("access-control-allow-headers").contains("authorization"), "{asked:?}");
    assert!(asked.header("access-control-allow-methods").contains("POST"), "{asked:?}");
    let answer = from_page(&app, PAGE, Method::GET, USAGE, &[("authorization", "Bearer k1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, PAGE));
    assert_eq!(answer.header("vary"), "origin");
    // Its refusals can be read, too; the key is still needed.
    let refused = from_page(&app, PAGE, Method::GET, USAGE, &[]).await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, PAGE));
    for answer in [asked, answer, refused] {
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "never with a cookie");
    }
}

#[tokio::test]
async fn no_other_page_is_told_anything() {
    let app = TestApp::open();
    for (origin, path) in [
        ("https://evil.example", CHAT),
        ("null", CHAT),
        ("https://app.example.evil.example", CHAT),
        (PAGE, "/webhooks/whatsapp"),
        (PAGE, "/metrics"),
    ] {
        let asked = preflight(&app, origin, path).await;
        assert_eq!(asked.status, 405, "{origin} {path}");
        let read = from_page(&app, origin, Method::GET, path, &[]).await;
        for answer in [asked, read] {
            let told = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
            assert!(!told, "{origin} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn json_that_is_nested_too_deeply_is_refused_in_words() {
    let app = TestApp::open();
    for depth in [130, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"message": "oi", "user_id": "u", "context": {{"a": {nested}}}}}"#);
        let request =
            Request::builder().method(Method::POST).uri(CHAT).header("content-type", "application/json");
        let refused = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (400, "invalid_request"), "{refused:?}");
        assert!(refused.text.contains("nested too deeply"), "{refused:?}");
    }
}

/// Whoever could name an address could make the server ask for it. Addresses come from the operator's environment alone.
#[tokio::test]
async fn no_request_has_a_field_for_an_address() {
    let document: Value = serde_json::from_str(&pytake_server::openapi()).unwrap();
    let mut fields = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            names(&operation["requestBody"], &document, &mut Vec::new(), &mut fields);
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                fields.extend(parameter["name"].as_str().map(str::to_owned));
            }
        }
    }
    assert!(fields.len() > 50 && fields.iter().any(|field| field == "target_language"), "{}", fields.len());
    for field in fields {
        let parts: Vec<&str> = field.split(['_', '.']).collect();
        let is_address = ["url", "uri", "host", "endpoint", "address", "callback", "href", "link", "webhook"]
            .iter()
            .any(|word| parts.contains(word));
        assert!(!is_address, "{field} looks like an address that a caller could choose");
    }
}

/// Collects the names of all properties below a schema.
fn names(schema: &Value, document: &Value, seen: &mut Vec<String>, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                if !seen.iter().any(|known| known == reference) {
                    seen.push(reference.to_owned());
                    let target = document.pointer(reference.trim_start_matches('#')).unwrap();
                    names(target, document, seen, found);
                }
                return;
            }
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                found.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| names(value, document, seen, found));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, document, seen, found)),
        _ => {}
    }
}
