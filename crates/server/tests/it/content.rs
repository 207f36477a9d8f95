//! Prompts, approved answers, the profile.

use serde_json::json;

use crate::app::TestApp;

const PROMPTS: &str = "/api/v1/ai/prompts";

#[tokio::test]
async fn a_prompt_lives_from_creation_to_deletion() {
    let app = TestApp::open();
    let draft = json!({"name": "vendas", "template": "Loja {{loja}}", "variables": ["loja"]});
    let made = app.post(PROMPTS, draft.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("{PROMPTS}/{}", made.json()["id"].as_str().unwrap());

    assert_eq!(app.post(PROMPTS, draft).await.error(), "conflict");
    let next = json!({"name": "vendas", "template": "A loja {{loja}}.", "variables": ["loja"]});
    assert_eq!(app.put(&path, next).await.json()["version"], 2);
    let versions = app.get(&format!("{path}/versions")).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    assert!(versions["next"].is_null());

    let preview = app.post(&format!("{path}/render"), json!({"variables": {"loja": "{{x}}"}})).await;
    assert_eq!(preview.json()["text"], "A loja {{x}}.");
    let missing = app.post(&format!("{path}/render"), json!({"variables": {}})).await;
    assert_eq!((missing.status.as_u16(), missing.text.contains("loja")), (400, true));

    assert_eq!(app.delete(&path).await.status, 204);
    assert_eq!(app.get(&path).await.status, 404);
    assert_eq!(app.delete(&path).await.status, 404);
}

#[tokio::test]
async fn undeclared_variables_are_named() {
    let app = TestApp::open();
    let draft = json!({"name": "vendas", "template": "{{loja}} {{hora}}", "variables": ["loja"]});
    let refused = app.post(PROMPTS, draft).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("hora"), "{}", refused.text);
}

#[tokio::test]
async fn an_approved_answer_lives_from_creation_to_deletion() {
    let app = TestApp::open();
    let draft = json!({"questions": ["Entregam sábado?"],
        "answers": [{"language": "pt", "text": "Sim, até as 13h."}]});
    let made = app.put("/api/v1/ai/answers/entrega", draft.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json()["id"]), (200, &json!("entrega")), "{made:?}");
    assert_eq!(app.post("/api/v1/ai/answers", draft).await.status, 201);
    let listed = app.get("/api/v1/ai/answers").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(app.delete("/api/v1/ai/answers/entrega").await.status, 204);
    assert_eq!(app.delete("/api/v1/ai/answers/entrega").await.status, 404);
}

#[tokio::test]
async fn an_approved_answer_in_no_known_language_is_refused() {
    let app = TestApp::open();
    let draft = json!({"questions": ["a"], "answers": [{"language": "klingon", "text": "b"}]});
    let refused = app.post("/api/v1/ai/answers", draft).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (400, vec!["answers[0].language".to_owned()]));
}

#[tokio::test]
async fn the_profile_is_replaced_whole() {
    let app = TestApp::open();
    let profile = json!({"business_name": "Loja da Ana", "hours": "9h às 18h"});
    assert_eq!(app.put("/api/v1/ai/profile", profile).await.status, 200);
    app.put("/api/v1/ai/profile", json!({"business_name": "Ana"})).await;
    let read = app.get("/api/v1/ai/profile").await.json();
    assert_eq!((&read["business_name"], &read["hours"]), (&json!("Ana"), &json!("")));
    let refused = app.put("/api/v1/ai/profile", json!({"busines_name": "x"})).await;
    assert_eq!(refused.fields(), ["busines_name"]);
}
