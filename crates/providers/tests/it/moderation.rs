//! OpenAI's moderation: what is sent, what is read, how it fails.

use std::time::Duration;

use pytake_assistant::Moderator;
use pytake_assistant::provider::FailureKind;
use pytake_providers::{OpenAIConfig, OpenAIModerator};
use pytake_understanding::filter::Category;
use serde_json::{Value, json};

use crate::bodies::KEY;
use crate::server::{Reply, Server};
use crate::specifications::{assert_valid, document, known_fields, validator};

/// OpenAI's thirteen.
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// An answer that flags some.
fn answer(flagged: &[&str]) -> Value {
    let all = |of: &dyn Fn(bool) -> Value| -> Value {
        CATEGORIES.iter().map(|name| ((*name).to_owned(), of(flagged.contains(name)))).collect()
    };
    json!({
        "id": "modr-1",
        "model": "omni-moderation-latest-intents",
        "results": [{
            "flagged": !flagged.is_empty(),
            "categories": all(&|is_flagged| is_flagged.into()),
            "category_scores": all(&|is_flagged| if is_flagged { 0.93 } else { 0.0004 }.into()),
            "category_applied_input_types": all(&|_| json!(["text"])),
        }],
    })
}

fn moderator(url: &str) -> OpenAIModerator {
    let config = OpenAIConfig { base_url: format!("{url}/v1/"), ..OpenAIConfig::new(KEY) };
    OpenAIModerator::new(&config).unwrap()
}

#[tokio::test]
async fn a_text_is_sent_with_the_key_and_nothing_else_about_anybody() {
    let server = Server::start(vec![Reply::json(200, answer(&[]).to_string())]).await;
    let moderator = moderator(&server.url);
    let opinion = moderator.moderate("você é um \"lixo\"\n👀").await.unwrap();
    assert_eq!((opinion.flagged, opinion.categories), (false, vec![]));
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /v1/moderations HTTP/1.1");
    assert_eq!(received.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let expected = json!({"model": "omni-moderation-latest", "input": "você é um \"lixo\"\n👀"});
    assert_eq!(received.body, expected);
    assert_eq!((moderator.name(), moderator.model()), ("openai", "omni-moderation-latest"));
    assert!(!format!("{moderator:?}").contains(KEY));
}

#[tokio::test]
async fn every_category_of_openais_has_a_word_of_ours() {
    let expected: [&[Category]; 13] = [
        &[Category::Harassment],
        &[Category::Harassment, Category::Violence],
        &[Category::Hate],
        &[Category::Hate, Category::Violence],
        &[Category::Fraud],
        &[Category::Weapons],
        &[Category::SelfHarm],
        &[Category::SelfHarm],
        &[Category::SelfHarm],
        &[Category::Sexual],
        &[Category::Minors],
        &[Category::Violence],
        &[Category::Violence],
    ];
    for (name, ours) in CATEGORIES.into_iter().zip(expected) {
        let server = Server::start(vec![Reply::json(200, answer(&[name]).to_string())]).await;
        let opinion = moderator(&server.url).moderate("x").await.unwrap();
        assert_eq!((opinion.flagged, &opinion.categories[..]), (true, ours), "{name}");
        for (category, score) in &opinion.scores {
            let is_found = ours.contains(category);
            assert!(
                *score >= 0.0 && *score <= 1.0 && is_found == (*score > 0.5),
                "{name} {category:?} {score}"
            );
        }
    }
}

#[tokio::test]
async fn every_way_to_fail_has_its_kind_and_shows_no_key() {
    let said = |code: &str| {
        json!({"error": {"message": format!("no, {KEY}"), "type": code, "param": null, "code": code}})
            .to_string()
    };
    let page = "<!doctype html><html><body>Not here</body></html>";
    let rows = [
        (Reply::json(401, said("invalid_api_key")), FailureKind::Auth),
        (Reply::json(429, said("rate_limit_exceeded")), FailureKind::RateLimited),
        (Reply::json(429, said("insufficient_quota")), FailureKind::Billing),
        (Reply::json(503, said("server_is_overloaded")), FailureKind::Overloaded),
        (Reply::json(404, page), FailureKind::ModelNotFound),
        (Reply::html(200), FailureKind::Malformed),
        (Reply::json(200, json!({"results": []}).to_string()), FailureKind::Malformed),
        (Reply::json(200, said("server_error")), FailureKind::ServerError),
        (Reply::cut(&answer(&[]).to_string()), FailureKind::Incomplete),
        (Reply::nothing(), FailureKind::Incomplete),
    ];
    for (reply, kind) in rows {
        let server = Server::start(vec![reply.clone()]).await;
        let failure = moderator(&server.url).moderate("x").await.unwrap_err();
        assert_eq!(failure.kind, kind, "{reply:?}: {failure}");
        assert!(!failure.to_string().contains(KEY), "{failure}");
    }
    let limited = Reply::with_headers(429, &[("retry-after", "7")], &said("rate_limit_exceeded"));
    let server = Server::start(vec![limited]).await;
    let failure = moderator(&server.url).moderate("x").await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(moderator("http://127.0.0.1:9").moderate("x").await.unwrap_err().kind, FailureKind::Connect);
}

#[tokio::test]
async fn question_and_answer_are_as_openai_documents_them() {
    let Some(document) = document("openai.openapi.json") else { return };
    let body = answer(&["violence"]);
    assert_valid(&validator(&document, "CreateModerationResponse"), &body, "our fake's answer");
    let server = Server::start(vec![Reply::json(200, body.to_string())]).await;
    moderator(&server.url).moderate(&"ação ".repeat(800)).await.unwrap();
    let sent = server.received().remove(0).body;
    assert_valid(&validator(&document, "CreateModerationRequest"), &sent, "OpenAI");
    let known = known_fields(&document, "CreateModerationRequest");
    for field in sent.as_object().unwrap().keys() {
        assert!(known.contains(field), "{field} is no field of the document");
    }
    let result =
        &document["components"]["schemas"]["CreateModerationResponse"]["properties"]["results"]["items"];
    let mut documented: Vec<&str> = result["properties"]["categories"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    documented.sort_unstable();
    assert_eq!(documented, CATEGORIES, "a category that OpenAI has added");
}
