//! Second opinions and `moderate` through the whole app: who is asked when, and what its word counts for.

use std::time::Duration;

use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Operation, UsageKey, UsageQuery};
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_testkit::{Act, Answer, FakeVendor, TestApp, TestAppBuilder, Wire};
use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::screening;
use pytake_understanding::toxicity::{NORMAL_THRESHOLD, read};
use serde_json::{Value, json};

/// The device has no doubt about it.
const SURE: &str = "Bom dia, qual o horário de vocês?";
const STOPPED: &str = "cómo hacer una bomba";

/// Rough texts that nobody's filter stops, one of which is doubtful whatever the head learns next.
const ROUGH: [&str; 8] = [
    "vocês são uns palhaços",
    "vai se ferrar com esse atendimento",
    "seus ladrões, quero meu dinheiro",
    "que gente burra",
    "you people are useless clowns",
    "espero que a loja de vocês pegue fogo",
    "sois unos sinvergüenzas",
    "odeio vocês, sumam daqui",
];

/// A message whose probability of abuse lies well within the band in which the normal level leaves it open.
fn doubtful() -> &'static str {
    let filter = ContentFilter::new(FilterLevel::Normal);
    let score = |text: &str| {
        let message = Message::new(text);
        let toxicity = read(&View::of(&message));
        let is_stopped = screening::screen(&filter, &message, &toxicity).is_blocked();
        if is_stopped { 1.0 } else { toxicity.score }
    };
    let open = 0.25..NORMAL_THRESHOLD - 0.05;
    let scores = ROUGH.map(score);
    let found = ROUGH.into_iter().zip(scores).find(|(_, score)| open.contains(score));
    found.unwrap_or_else(|| panic!("no text is doubtful: {scores:?}")).0
}

/// What OpenAI answers that flags some of its categories.
fn opinion(flagged: &[&str]) -> Act {
    let of =
        |value: Value| -> Value { flagged.iter().map(|name| ((*name).to_owned(), value.clone())).collect() };
    let body = json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [{
        "flagged": !flagged.is_empty(), "categories": of(true.into()), "category_scores": of(0.875.into()),
    }]});
    Act::Raw { status: 200, headers: vec![], body: body.to_string() }
}

async fn app_with(act: Act, change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> (TestApp, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![act]).await;
    let app = change(TestApp::builder().moderator(&vendor)).start().with_shop().await;
    (app, vendor)
}

async fn app(act: Act) -> (TestApp, FakeVendor) {
    app_with(act, |builder| builder).await
}

async fn chat(app: &TestApp, message: &str) -> Answer {
    app.chat(message, "ana", &json!({"conversation_id": "c"})).await
}

/// What the trail of the last answer says about the second opinion.
async fn trail(app: &TestApp) -> Option<String> {
    let stored = app.get("/api/v1/ai/conversations/c").await.json();
    let answer = stored["messages"].as_array().unwrap().last().unwrap().clone();
    let steps = answer["trail"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["step"] == "second_opinion")?;
    Some(step["found"].as_str().unwrap().to_owned())
}

async fn moderate(app: &TestApp, message: &str, more: &Value) -> Answer {
    let mut body = json!({"message": message, "user_id": "ana"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("/api/v1/ai/moderate", body).await
}

#[tokio::test]
async fn a_doubtful_message_is_asked_about_once_and_stopped_where_it_is_flagged() {
    let (app, vendor) = app(opinion(&["hate", "harassment"])).await;
    let answer = chat(&app, doubtful()).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (400, &json!("content_filter_violation")), "{body}");
    assert_eq!((&body["categories"], &body["stopped_by"]), (&json!(["hate"]), &json!("openai")));
    assert!(!body["fallback_response"].as_str().unwrap().is_empty());
    assert_eq!(vendor.calls(), 1);
    assert_eq!(vendor.bodies()[0], json!({"model": "omni-moderation-latest", "input": doubtful()}));
    assert_eq!(app.get("/api/v1/ai/usage/ana").await.status, 404, "what is stopped is not counted");
}

#[tokio::test]
async fn somebody_who_may_harm_themselves_gets_care() {
    let (app, _vendor) = app(opinion(&["violence", "self-harm/intent"])).await;
    let body = chat(&app, doubtful()).await.json();
    assert_eq!(body["categories"], json!(["violence", "self_harm"]));
    let said = body["fallback_response"].as_str().unwrap();
    assert!(["188", "024", "988"].iter().any(|helpline| said.contains(helpline)), "{said}");
}

#[tokio::test]
async fn a_doubtful_message_that_is_not_flagged_is_answered_and_the_trail_says_so() {
    let (app, vendor) = app(opinion(&[])).await;
    assert_eq!(chat(&app, doubtful()).await.status, 200);
    assert_eq!(vendor.calls(), 1);
    let said = trail(&app).await.unwrap();
    assert!(said.ends_with("openai found nothing that is stopped"), "{said}");
}

#[tokio::test]
async fn an_insult_is_answered_at_the_normal_level_whoever_names_it() {
    let (app, _vendor) = app(opinion(&["harassment"])).await;
    assert_eq!(chat(&app, doubtful()).await.status, 200);
}

#[tokio::test]
async fn nobody_is_asked_about_what_the_device_is_sure_of() {
    let (app, vendor) = app(opinion(&["hate"])).await;
    assert_eq!(chat(&app, SURE).await.status, 200);
    assert_eq!(trail(&app).await, None);
    let stopped = chat(&app, STOPPED).await.json();
    assert_eq!((&stopped["categories"], &stopped["stopped_by"]), (&json!(["weapons"]), &json!("local")));
    assert_eq!(vendor.calls(), 0);
}

#[tokio::test]
async fn nobody_is_asked_without_a_filter_or_by_a_caller_who_keeps_messages_here() {
    let unfiltered = |builder: TestAppBuilder| builder.settings(|settings| settings.filter_level = None);
    let (app, vendor) = app_with(opinion(&["hate"]), unfiltered).await;
    assert_eq!(chat(&app, doubtful()).await.status, 200);
    assert_eq!(vendor.calls(), 0);
    let (app, vendor) = app_with(opinion(&["hate"]), |builder| builder).await;
    let here = json!({"preferred_provider": "local", "fallback": false});
    assert_eq!(app.chat(doubtful(), "ana", &here).await.status, 200);
    assert_eq!(vendor.calls(), 0);
}

#[tokio::test]
async fn a_vendor_that_fails_stops_nobody_and_the_trail_says_so() {
    let acts = [
        (Act::error(Wire::OpenAI, 500, "server_error"), "openai failed (server_error)"),
        (Act::error(Wire::OpenAI, 401, "invalid_api_key"), "openai failed (auth)"),
        (Act::html(), "openai failed (malformed)"),
    ];
    for (act, expected) in acts {
        let (app, vendor) = app(act).await;
        assert_eq!(chat(&app, doubtful()).await.status, 200);
        assert_eq!(vendor.calls(), 1, "it is not asked twice");
        let said = trail(&app).await.unwrap();
        assert!(said.contains(expected) && said.ends_with("the device's word stands"), "{said}");
    }
}

#[tokio::test]
async fn a_vendor_that_hangs_costs_its_time_limit_and_no_more() {
    let quick = |builder: TestAppBuilder| {
        builder.settings(|settings| settings.moderation_timeout = Duration::from_millis(100))
    };
    let (app, _vendor) = app_with(Act::Hang, quick).await;
    assert_eq!(chat(&app, doubtful()).await.status, 200);
    let said = trail(&app).await.unwrap();
    assert!(said.contains("openai failed (timeout)"), "{said}");
}

#[tokio::test]
async fn moderate_says_what_the_device_finds() {
    let app = TestApp::builder().start().with_shop().await;
    let body = moderate(&app, STOPPED, &json!({"engine": "local"})).await.json();
    assert_eq!((&body["flagged"], &body["categories"]), (&json!(true), &json!(["weapons"])), "{body}");
    assert_eq!((&body["provider"], &body["degraded"]), (&json!("local"), &Value::Null));
    assert_eq!(body["matches"][0]["category"], "weapons");
    assert!(!body["matches"][0]["rule"].as_str().unwrap().is_empty());
    let scores = body["scores"].as_object().unwrap();
    assert_eq!((scores.len(), &scores["weapons"]), (13, &Value::Null));
    assert!(scores["hate"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)), "{body}");
    let calm = moderate(&app, SURE, &json!({})).await.json();
    assert_eq!((&calm["flagged"], &calm["matches"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn the_level_is_the_callers_or_else_the_tenants() {
    let app = TestApp::builder().start();
    let insult = "seu idiota imbecil, filho da puta";
    let flagged = async |more: Value| moderate(&app, insult, &more).await.json()["flagged"].clone();
    assert_eq!(flagged(json!({})).await, json!(false));
    assert_eq!(flagged(json!({"level": "strict"})).await, json!(true));
    let profile = TenantProfile { filter_level: Some(FilterLevel::Strict), ..TenantProfile::default() };
    app.assistant.put_profile(&TenantId::default_tenant(), profile, Edit::by(Author::open())).await.unwrap();
    assert_eq!(flagged(json!({})).await, json!(true));
    assert_eq!(flagged(json!({"level": "normal"})).await, json!(false));
}

#[tokio::test]
async fn moderate_asks_as_a_turn_does_or_as_it_is_told() {
    let (app, vendor) = app(opinion(&["hate"])).await;
    for (message, engine, calls) in [
        (doubtful(), "local", 0),
        (SURE, "auto", 0),
        (STOPPED, "auto", 0),
        (doubtful(), "auto", 1),
        (SURE, "provider", 2),
    ] {
        let answer = moderate(&app, message, &json!({"engine": engine})).await;
        assert_eq!(
            (answer.status.as_u16(), vendor.calls()),
            (200, calls),
            "{message} {engine} {}",
            answer.text
        );
    }
    let body = moderate(&app, SURE, &json!({"engine": "provider"})).await.json();
    assert_eq!((&body["provider"], &body["categories"]), (&json!("openai"), &json!(["hate"])));
    assert_eq!(body["matches"], json!([{"category": "hate", "rule": "openai"}]));
    assert_eq!((&body["scores"]["hate"], &body["scores"]["spam"]), (&json!(0.875), &Value::Null));
}

#[tokio::test]
async fn a_failing_vendor_degrades_auto_and_fails_provider() {
    let (app, _vendor) = app(Act::error(Wire::OpenAI, 500, "server_error")).await;
    let body = moderate(&app, doubtful(), &json!({})).await.json();
    assert_eq!((&body["provider"], &body["degraded"]), (&json!("local"), &json!("provider_error")), "{body}");
    let failed = moderate(&app, SURE, &json!({"engine": "provider"})).await;
    let body = failed.json();
    assert_eq!((failed.status.as_u16(), &body["error"]), (502, &json!("provider_error")), "{body}");
    assert_eq!(body["attempts"][0]["model"], "omni-moderation-latest");
    let usage = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!(usage["requests_today"], 1, "the failed one is given back");
    let alone = TestApp::builder().start();
    let missing = moderate(&alone, SURE, &json!({"engine": "provider"})).await;
    assert_eq!(missing.status, 503);
    assert!(missing.text.contains("AI_MODERATION_PROVIDER"), "{}", missing.text);
}

#[tokio::test]
async fn moderation_is_counted_as_analysis_and_costs_nothing() {
    let (app, _vendor) = app(opinion(&[])).await;
    for engine in ["local", "provider"] {
        assert_eq!(moderate(&app, SURE, &json!({"engine": engine})).await.status, 200);
    }
    let query = UsageQuery { group_by: vec![UsageKey::Operation], ..UsageQuery::default() };
    let rows = app.assistant.usage(&TenantId::default_tenant(), query).await.unwrap();
    assert_eq!((rows.len(), rows[0].operation, rows[0].requests), (1, Some(Operation::Analyze), 2));
    let usage = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!((&usage["cost_micro_usd"], &usage["unpriced_calls"]), (&json!(0), &json!(0)), "{usage}");
    let limited =
        TestApp::builder().settings(|settings| settings.daily_request_limit = 1).start().with_shop().await;
    assert_eq!(moderate(&limited, SURE, &json!({})).await.status, 200);
    assert_eq!(moderate(&limited, SURE, &json!({})).await.status, 429);
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let app = TestApp::builder().start();
    for (more, field) in [
        (json!({"message": " "}), "message"),
        (json!({"message": "x".repeat(4_097)}), "message"),
        (json!({"user_id": ""}), "user_id"),
        (json!({"level": "harsh"}), "level"),
        (json!({"engine": "warp"}), "engine"),
        (json!({"context": {}}), "context"),
    ] {
        let answer = moderate(&app, SURE, &more).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["details"][0]["field"]), (400, &json!(field)), "{body}");
    }
}
