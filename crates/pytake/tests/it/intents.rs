//! A tenant's own intents, from the first example to the version that is taken back.

use pytake_testkit::{Answer, TestApp};
use serde_json::{Value, json};

fn cake() -> Value {
    json!({"name": "encomenda_bolo", "description": "wants to order a cake", "department": "cozinha", "examples": [
        "quero encomendar um bolo pra sábado", "vcs fazem bolo de aniversário?", "preciso de um bolo de 2kg",
        "qto custa o bolo de chocolate", "dá pra fazer um bolo sem lactose?"]})
}

fn table() -> Value {
    json!({"name": "reserva_mesa", "description": "wants to book a table", "department": "salão", "examples": [
        "queria reservar uma mesa pra 4", "tem mesa livre hoje à noite?", "reserva pra domingo no almoço",
        "posso marcar uma mesa na varanda", "somos 8 pessoas, tem lugar?"]})
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.post(&format!("/api/v1/ai/{path}"), body).await
}

async fn put(app: &TestApp, body: Value) -> Answer {
    app.send("PUT", "/api/v1/ai/intents", None, Some(body)).await
}

async fn delete(app: &TestApp, path: &str) -> Answer {
    app.send("DELETE", path, None, None).await
}

async fn classify(app: &TestApp, message: &str) -> Value {
    let body = json!({"message": message, "user_id": "ana", "engine": "local"});
    app.post("/api/v1/ai/classify", body).await.json()
}

#[tokio::test]
async fn without_own_intents_the_built_in_ones_are_listed_and_count() {
    let app = TestApp::builder().start();
    let listing = app.get("/api/v1/ai/intents").await.json();
    assert_eq!((&listing["source"], &listing["version"]), (&json!("built_in"), &Value::Null));
    assert!(listing["items"].as_array().unwrap().len() >= 40);
    let body = classify(&app, "cadê meu pedido?").await;
    assert_eq!(
        (&body["intent"], &body["department"]),
        (&json!("order_status"), &json!("logistics")),
        "{body}"
    );
    assert_eq!(app.get("/api/v1/ai/intent-report").await.status, 404);
}

#[tokio::test]
async fn own_intents_count_from_the_moment_they_are_saved() {
    let app = TestApp::builder().start();
    for intent in [cake(), table()] {
        let created = post(&app, "intents", intent).await;
        assert_eq!(created.status, 201, "{}", created.text);
    }
    let body = classify(&app, "vocês fazem bolo de cenoura para amanhã?").await;
    assert_eq!(
        (&body["intent"], &body["department"]),
        (&json!("encomenda_bolo"), &json!("cozinha")),
        "{body}"
    );
    let body = classify(&app, "tem mesa para duas pessoas na sexta?").await;
    assert_eq!((&body["intent"], &body["department"]), (&json!("reserva_mesa"), &json!("salão")), "{body}");
    let body = json!({"message": "queria uma mesa perto da janela", "user_id": "ana",
        "analysis_type": ["intent", "category"], "engine": "local"});
    let analysis = app.post("/api/v1/ai/analyze", body).await.json()["analysis"].clone();
    assert_eq!(
        (&analysis["intent"]["primary"], &analysis["category"]["primary"]),
        (&json!("reserva_mesa"), &json!("salão"))
    );
    let report = app.get("/api/v1/ai/intent-report").await.json();
    assert_eq!(report["version"], 2);
    assert!(report["report"].is_object(), "{report}");
}

#[tokio::test]
async fn a_correction_is_an_example_of_one_intent_and_of_no_other() {
    let app = TestApp::builder().start();
    post(&app, "intents", cake()).await;
    post(&app, "intents", table()).await;
    let wrong = "somos 8 pessoas, tem lugar?";
    let corrected = post(&app, "intents/encomenda_bolo/corrections", json!({"text": wrong})).await;
    assert_eq!(
        (corrected.status.as_u16(), &corrected.json()["corrections"]),
        (201, &json!([wrong])),
        "{}",
        corrected.text
    );
    let listing = app.get("/api/v1/ai/intents").await.json();
    let examples = &listing["items"][1]["examples"];
    assert!(!examples.as_array().unwrap().contains(&json!(wrong)), "{examples}");
    let unknown = post(&app, "intents/nothing/corrections", json!({"text": "oi"})).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(post(&app, "intents/encomenda_bolo/corrections", json!({"text": " "})).await.status, 400);
}

#[tokio::test]
async fn an_earlier_version_can_be_taken_back() {
    let app = TestApp::builder().start();
    post(&app, "intents", cake()).await;
    post(&app, "intents", table()).await;
    assert_eq!(delete(&app, "/api/v1/ai/intents/reserva_mesa").await.status, 204);
    assert_eq!(delete(&app, "/api/v1/ai/intents").await.status, 204);
    assert_eq!(app.get("/api/v1/ai/intents").await.json()["source"], "built_in");
    let versions = app.get("/api/v1/ai/intent-versions").await.json();
    let numbers: Vec<_> =
        versions["items"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    let restored = post(&app, "intent-versions/2/restore", json!({})).await;
    assert_eq!(
        (restored.status.as_u16(), &restored.json()["version"]),
        (200, &json!(5)),
        "{}",
        restored.text
    );
    assert_eq!(classify(&app, "tem mesa livre na sexta?").await["intent"], "reserva_mesa");
    assert_eq!(post(&app, "intent-versions/99/restore", json!({})).await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_a_set_of_intents_is_refused_by_its_field() {
    let app = TestApp::builder().start();
    let field = |answer: &Answer| answer.json()["details"][0]["field"].clone();
    let named = |name: &str| json!({"name": name});
    for (body, place) in [
        (named("a\nb"), "name"),
        (named(""), "name"),
        (json!({"name": "x", "department": " "}), "department"),
        (json!({"name": "x", "examples": ["ok", "  "]}), "examples[1]"),
        (json!({"name": "x", "examples": vec!["e"; 501]}), "examples"),
    ] {
        let refused = post(&app, "intents", body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), field(&refused)),
            (400, json!(place)),
            "{body}: {}",
            refused.text
        );
    }
    let twice = json!({"intents": [named("x"), named("x")]});
    let refused = put(&app, twice).await;
    assert_eq!(
        (refused.status.as_u16(), field(&refused)),
        (400, json!("intents[1].name")),
        "{}",
        refused.text
    );
    assert_eq!(put(&app, json!({"intents": []})).await.status, 400);
    post(&app, "intents", named("x")).await;
    assert_eq!(post(&app, "intents", named("x")).await.status, 409);
    assert_eq!(delete(&app, "/api/v1/ai/intents/y").await.status, 404);
    let large = json!({"name": "y", "examples": vec!["e".repeat(500); 600]});
    assert_eq!(post(&app, "intents", large).await.status, 413);
}

#[tokio::test]
async fn one_example_and_the_same_example_twice_are_a_set() {
    let app = TestApp::builder().start();
    let created = post(&app, "intents", json!({"name": "só um", "examples": ["quero um boné azul"]})).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let twice = json!({"name": "duas vezes", "examples": ["cadê meu pedido?", "Cadê meu pedido?", "cadê meu pedido?"]});
    assert_eq!(post(&app, "intents", twice).await.status, 201);
    assert_eq!(classify(&app, "quero um boné azul").await["intent"], "só um");
}
