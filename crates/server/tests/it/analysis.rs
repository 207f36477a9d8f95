//! `analyze` and `classify`.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_language_is_found_on_the_device() {
    let app = TestApp::open();
    let body = json!({"message": "Bom dia, vocês entregam amanhã?", "user_id": "ana",
        "analysis_type": ["language"], "engine": "local"});
    let answer = app.post("/api/v1/ai/analyze", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["analysis"]["language"]["code"], "pt");
    assert_eq!(answer.json()["provider"], "local");
}

/// The contract's names.
const EVERY_TYPE: [&str; 10] = [
    "sentiment",
    "emotion",
    "intent",
    "entity",
    "language",
    "priority",
    "category",
    "toxicity",
    "spam",
    "injection",
];

#[tokio::test]
async fn every_type_has_its_documented_shape_from_device_and_provider() {
    let app = TestApp::open();
    for (engine, types) in [("provider", EVERY_TYPE), ("local", EVERY_TYPE)] {
        let body = json!({"message": "Oi, sou a Ana, meu e-mail é ana@loja.com", "user_id": "ana",
            "analysis_type": types, "engine": engine});
        let answer = app.post("/api/v1/ai/analyze", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["analysis"].as_object().unwrap().len(), types.len());
    }
}

#[tokio::test]
async fn nothing_to_find_out_is_refused() {
    let app = TestApp::open();
    let body = json!({"message": "oi", "user_id": "ana", "analysis_type": []});
    assert_eq!(app.post("/api/v1/ai/analyze", body).await.fields(), ["analysis_type"]);
    let body = json!({"message": "oi", "user_id": "ana", "available_intents": ["a", 3]});
    assert_eq!(app.post("/api/v1/ai/classify", body).await.fields(), ["available_intents[1]"]);
}
