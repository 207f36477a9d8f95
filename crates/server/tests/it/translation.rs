//! `translate`.

use serde_json::{Value, json};

use crate::app::TestApp;

const PATH: &str = "/api/v1/ai/translate";

fn body(message: &str, target: &str) -> Value {
    json!({"message": message, "user_id": "ana", "target_language": target})
}

#[tokio::test]
async fn a_translation_has_its_documented_shape() {
    let app = TestApp::open();
    let answer = app.post(PATH, body("Cadê meu pedido 4711? Já paguei ontem.", "en")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = answer.json();
    assert_eq!((&said["provider"], &said["model"]), (&json!("obedient"), &json!("obedient-1")));
    assert_eq!((&said["source_language"], &said["target_language"]), (&json!("pt"), &json!("en")));
    assert_eq!(said["usage"]["input_tokens"], 30);
    let same = app.post(PATH, body("Cadê meu pedido 4711? Já paguei ontem.", "pt-BR")).await.json();
    assert_eq!((&same["provider"], &same["usage"]["cost_micro_usd"]), (&json!("local"), &json!(0)), "{same}");
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let app = TestApp::open();
    assert_eq!(app.post(PATH, body("", "p")).await.fields(), ["message", "target_language"]);
    let mut request = body("Oi", "en");
    request["source_language"] = json!("pt_BR");
    assert_eq!(app.post(PATH, request).await.fields(), ["source_language"]);
    let mut request = body("Oi", "en");
    request["context"] = json!({});
    assert_eq!(app.post(PATH, request).await.fields(), ["context"]);
    let missing = json!({"message": "Oi", "user_id": "ana"});
    assert_eq!(app.post(PATH, missing).await.fields(), ["target_language"]);
}
