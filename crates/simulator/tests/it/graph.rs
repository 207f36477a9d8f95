//! The Graph API's answers when all goes well, and when the caller is wrong.

use std::collections::HashSet;

use pytake_simulator::{Business, Graph, GraphOptions, MediaFile, Reports};
use serde_json::{Value, json};

use crate::echo::{call, client, request};

const NUMBER: &str = "106540352242922";

fn text(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text",
        "text": {"body": "Olá"}, "biz_opaque_callback_data": "row-1"})
}

async fn graph() -> Graph {
    let options = GraphOptions {
        token: Some("t".to_owned()),
        numbers: vec![Business::default()],
        reports: Reports::off(),
        ..GraphOptions::default()
    };
    Graph::start(options).await.unwrap()
}

#[tokio::test]
async fn a_message_is_taken_under_an_id_that_no_other_has() {
    let graph = graph().await;
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let (status, answer) =
            call(&client(), &graph.base_url(), NUMBER, &text("+5511987654321")).await.unwrap();
        assert_eq!(status, 200);
        assert_eq!(answer["contacts"][0]["input"], "+5511987654321");
        assert_eq!(answer["contacts"][0]["wa_id"], "5511987654321");
        let id = answer["messages"][0]["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("wamid.") && id.ends_with('='), "{id}");
        ids.insert(id);
    }
    assert_eq!(ids.len(), 20);
    assert_eq!(graph.sent()[3].callback.as_deref(), Some("row-1"));
    assert_eq!(graph.duplicates(), [("row-1".to_owned(), 20)]);
    assert_eq!(graph.journal().counts().duplicates, 19);
}

#[tokio::test]
async fn mistakes_are_answered_in_metas_form() {
    let graph = graph().await;
    let url = |number: &str| format!("{}/v26.0/{number}/messages", graph.base_url());
    let right = text("5511987654321");
    let mut long = right.clone();
    long["text"]["body"] = json!("a".repeat(4_097));
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"});
    let mut answers = Vec::new();
    for (url, token, body) in [
        (url(NUMBER), None, &right),
        (url(NUMBER), Some("wrong"), &right),
        (url("1"), Some("t"), &right),
        (url(NUMBER), Some("t"), &long),
        (url(NUMBER), Some("t"), &mark),
        (format!("{}/messages", graph.base_url()), Some("t"), &right),
    ] {
        let (status, body) = request(&client(), "POST", &url, token, body).await.unwrap();
        answers.push(json!({"status": status, "body": serde_json::from_slice::<Value>(&body).unwrap()}));
    }
    assert!(graph.sent().is_empty());
    let codes: Vec<_> = graph.calls().iter().map(|call| call.code).collect();
    assert_eq!(codes, [Some(190), Some(190), Some(100), Some(100), Some(131_009), Some(2500)]);
    insta::assert_json_snapshot!(answers);
}

#[tokio::test]
async fn a_file_is_found_by_its_id_and_then_by_its_address() {
    let graph = graph().await;
    let file = MediaFile::new("audio/ogg; codecs=opus", "som");
    graph.put_media("900", file.clone());
    let url = format!("{}/v26.0/900?phone_number_id={NUMBER}", graph.base_url());
    let (status, told) = request(&client(), "GET", &url, Some("t"), &Value::Null).await.unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((status, &told["file_size"], &told["sha256"]), (200, &json!(3), &json!(file.sha256())));
    let address = told["url"].as_str().unwrap();
    let (status, bytes) = request(&client(), "GET", address, Some("t"), &Value::Null).await.unwrap();
    assert_eq!((status, &bytes[..]), (200, &b"som"[..]));
    assert_eq!(
        request(&client(), "GET", address, None, &Value::Null).await.unwrap().0,
        401,
        "needs the token too"
    );
    let unknown = format!("{}/v26.0/901?phone_number_id={NUMBER}", graph.base_url());
    assert_eq!(request(&client(), "GET", &unknown, Some("t"), &Value::Null).await.unwrap().0, 400);
}

#[tokio::test]
async fn questions_about_the_number_and_the_account_are_answered() {
    let graph = graph().await;
    let ask = async |path: &str| {
        let url = format!("{}/v26.0/{path}", graph.base_url());
        let (_, body) = request(&client(), "GET", &url, Some("t"), &Value::Null).await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let number = ask(&format!("{NUMBER}?fields=display_phone_number,quality_rating,nothing")).await;
    assert_eq!(
        number,
        json!({"id": NUMBER, "display_phone_number": "551140028922", "quality_rating": "GREEN"})
    );
    assert_eq!(ask("1?fields=id").await["error"]["error_subcode"], 33);
    let account = Business::default().account;
    assert_eq!(ask(&format!("{account}/subscribed_apps")).await["data"].as_array().unwrap().len(), 1);
    graph.unsubscribe(&account);
    assert_eq!(ask(&format!("{account}/subscribed_apps")).await, json!({"data": []}));
}
