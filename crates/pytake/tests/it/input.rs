//! Bad input: the contract's error with the field's name, and nothing changed.

use axum::body::Body;
use axum::http::Request;
use pytake_store::Scope;
use pytake_testkit::TestApp;
use serde_json::{Value, json};

async fn app() -> TestApp {
    TestApp::builder().start().with_shop().await
}

fn fields(body: &Value) -> Vec<&str> {
    let details = body["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    details.iter().filter_map(|detail| detail["field"].as_str()).collect()
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let app = app().await;
    let cases = [
        (json!({"user_id": "ana"}), "message"),
        (json!({"message": "Oi"}), "user_id"),
        (json!({"message": "", "user_id": "ana"}), "message"),
        (json!({"message": "x".repeat(4097), "user_id": "ana"}), "message"),
        (json!({"message": "Oi", "user_id": "x".repeat(129)}), "user_id"),
        (json!({"message": 7, "user_id": "ana"}), "message"),
        (json!({"message": "Oi", "user_id": "ana", "temperature": 7}), "temperature"),
        (json!({"message": "Oi", "user_id": "ana", "temperature": "hot"}), "temperature"),
        (json!({"message": "Oi", "user_id": "ana", "max_tokens": -5}), "max_tokens"),
        (json!({"message": "Oi", "user_id": "ana", "max_tokens": 0}), "max_tokens"),
        (json!({"message": "Oi", "user_id": "ana", "preferred_provider": "clippy"}), "preferred_provider"),
        (json!({"message": "Oi\u{0}", "user_id": "ana"}), "message"),
        (json!({"message": "Oi", "user_id": "ana", "context": {"cart": [1]}}), "context.cart"),
        (json!({"message": "Oi", "user_id": "ana", "context": "gold"}), "context"),
        (json!({"message": "Oi", "user_id": "ana", "conversation_id": "a b"}), "conversation_id"),
        (json!({"mesage": "Oi", "user_id": "ana"}), "mesage"),
    ];
    for (request, field) in cases {
        let answer = app.post("/api/v1/ai/chat", request.clone()).await;
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["error"]),
            (400, &json!("invalid_request")),
            "{request}: {body}"
        );
        assert!(fields(&body).contains(&field), "{field} is not named for {request}: {body}");
        assert_eq!(answer.headers["x-request-id"], body["request_id"].as_str().unwrap());
    }
    assert_eq!(app.get("/api/v1/ai/usage/ana").await.status, 404, "nothing was counted");
    assert_eq!(app.get("/api/v1/ai/conversations").await.json()["items"], json!([]));
}

#[tokio::test]
async fn bodies_that_are_no_requests_are_refused() {
    let app = app().await;
    let post = |body: Body| {
        Request::builder()
            .method("POST")
            .uri("/api/v1/ai/chat")
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    };
    let cases = [
        (post(Body::from("{")), 400),
        (post(Body::from("")), 400),
        (post(Body::from(&b"{\"message\":\"\xff\",\"user_id\":\"ana\"}"[..])), 400),
        (post(Body::from("[]")), 400),
        (post(Body::from(format!("{{\"message\":\"{}\"}}", "x".repeat(10 * 1024 * 1024)))), 413),
    ];
    for (request, status) in cases {
        let answer = app.send_raw(request).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert!(
            answer.json()["error"].is_string() && answer.json()["request_id"].is_string(),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn more_tokens_than_allowed_says_how_many_are() {
    let answer = app().await.chat("Oi", "ana", &json!({"max_tokens": 5000})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "token_limit_exceeded");
    assert_eq!((&answer.json()["current"], &answer.json()["max"]), (&json!(5000), &json!(2000)));
}

#[tokio::test]
async fn prompts_name_the_variables_that_are_wrong() {
    let app = app().await;
    let prompts = "/api/v1/ai/prompts";
    let draft = |variables: Value| json!({"name": "vip", "description": "", "template": "Olá {{name}}, plano {{plan}}", "variables": variables});
    let missing = app.post(prompts, draft(json!(["name"]))).await;
    assert_eq!(
        (missing.status.as_u16(), fields(&missing.json())),
        (400, vec!["variables"]),
        "{}",
        missing.text
    );
    let made = app.post(prompts, draft(json!(["name", "plan"]))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app.post(prompts, draft(json!(["name", "plan"]))).await.status, 409, "the name is taken");

    let render = |variables: Value| {
        let (app, path) = (app.clone(), format!("{prompts}/{id}/render"));
        async move { app.post(&path, json!({"variables": variables})).await }
    };
    let incomplete = render(json!({"name": "Ana"})).await;
    assert_eq!(incomplete.status, 400);
    assert!(incomplete.text.contains("plan"), "{}", incomplete.text);
    let sneaky = render(json!({"name": "{{plan}}", "plan": "gold"})).await.json();
    assert_eq!(sneaky["text"], "Olá {{plan}}, plano gold", "a value never becomes syntax");
    assert!(sneaky["tokens"].as_u64().unwrap() > 3);

    let unknown = app.chat("Oi, tudo bem?", "ana", &json!({"prompt": "nobody"})).await;
    assert_eq!((unknown.status.as_u16(), fields(&unknown.json())), (400, vec!["prompt"]), "{}", unknown.text);
    let unfilled =
        app.chat("Oi, tudo bem?", "ana", &json!({"prompt": "vip", "context": {"name": "Ana"}})).await;
    assert_eq!(
        (unfilled.status.as_u16(), fields(&unfilled.json())),
        (400, vec!["context.plan"]),
        "{}",
        unfilled.text
    );

    let second =
        app.send("PUT", &format!("{prompts}/{id}"), None, Some(draft(json!(["plan", "name"])))).await;
    assert_eq!(second.json()["version"], 2, "{}", second.text);
    let versions = app.get(&format!("{prompts}/{id}/versions")).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2, "{versions}");
    assert_eq!(app.send("DELETE", &format!("{prompts}/{id}"), None, None).await.status, 204);
    assert_eq!(app.get(&format!("{prompts}/{id}")).await.status, 404);
}

#[tokio::test]
async fn another_tenants_objects_do_not_exist() {
    let app = app().await;
    let (ana, bia) = (app.key("shop-a", &[Scope::Admin]).await, app.key("shop-b", &[Scope::Admin]).await);
    let prompt = json!({"name": "vip", "description": "", "template": "Olá", "variables": []});
    let made = app.send("POST", "/api/v1/ai/prompts", Some(&ana), Some(prompt)).await.json();
    let chat = json!({"message": "Oi, tudo bem?", "user_id": "u", "conversation_id": "c"});
    assert_eq!(app.send("POST", "/api/v1/ai/chat", Some(&ana), Some(chat)).await.status, 200);
    let prompt_path = format!("/api/v1/ai/prompts/{}", made["id"].as_str().unwrap());
    for path in [prompt_path.as_str(), "/api/v1/ai/conversations/c", "/api/v1/ai/usage/u"] {
        assert_eq!(app.send("GET", path, Some(&ana), None).await.status, 200, "{path}");
        assert_eq!(app.send("GET", path, Some(&bia), None).await.status, 404, "{path}");
    }
    assert_eq!(app.send("DELETE", "/api/v1/ai/conversations/c", Some(&bia), None).await.status, 404);
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_no_more() {
    let app = app().await;
    assert_eq!(app.get("/api/v1/ai/providers").await.status, 200, "open while no key exists");
    let key = app.key("default", &[Scope::Chat]).await;
    let without = app.get("/api/v1/ai/providers").await;
    assert_eq!((without.status.as_u16(), &without.json()["error"]), (401, &json!("unauthorized")));
    let chat = json!({"message": "qual o horário?", "user_id": "u"});
    assert_eq!(app.send("POST", "/api/v1/ai/chat", Some(&key), Some(chat.clone())).await.status, 200);
    let beyond = app.send("GET", "/api/v1/ai/prompts", Some(&key), None).await;
    assert_eq!((beyond.status.as_u16(), &beyond.json()["error"]), (403, &json!("forbidden")));
    let wrong = app.send("POST", "/api/v1/ai/chat", Some("pytake_wrong"), Some(chat)).await;
    assert_eq!(wrong.status, 401);
}
