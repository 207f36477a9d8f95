//! `transcribe` through the whole app: who is asked, what it costs, and what is booked.

use std::time::Duration;

use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Ledger, Operation, UsageKey, UsageQuery, UsageRow};
use pytake_assistant::money::PicoUsd;
use pytake_testkit::{Act, Answer, FakeVendor, TestApp, TestAppBuilder, Wire};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/ai/transcribe";

/// The beginning of a voice note as WhatsApp sends them.
fn voice_note() -> Vec<u8> {
    let mut page = b"OggS\x00\x02".to_vec();
    page.extend([0; 20]);
    page.extend(b"\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00");
    page
}

fn said(answer: &Value) -> Act {
    Act::Raw { status: 200, headers: vec![], body: answer.to_string() }
}

fn twenty_seconds() -> Act {
    said(&json!({
        "text": " Oi, quero saber do meu pedido.\n", "languages": [{"code": "pt"}],
        "usage": {"type": "duration", "seconds": 20.0},
    }))
}

async fn app_with(act: Act, change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> (TestApp, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![act]).await;
    (change(TestApp::builder().transcriber(&vendor)).start(), vendor)
}

async fn app(act: Act) -> (TestApp, FakeVendor) {
    app_with(act, |builder| builder).await
}

async fn transcribe(app: &TestApp, file: &[u8]) -> Answer {
    app.post_form(PATH, None, &[("user_id", "ana")], file).await
}

async fn booked(app: &TestApp) -> Vec<UsageRow> {
    let query = UsageQuery { group_by: vec![UsageKey::Operation, UsageKey::Model], ..UsageQuery::default() };
    app.store.usage(&TenantId::default_tenant(), query).await.unwrap()
}

async fn requests_today(app: &TestApp) -> Value {
    app.get("/api/v1/ai/usage/ana").await.json()["requests_today"].clone()
}

#[tokio::test]
async fn a_voice_note_is_written_down_counted_and_paid_by_the_second() {
    let (app, vendor) = app(twenty_seconds()).await;
    let answer = transcribe(&app, &voice_note()).await;
    let body = answer.json();
    assert_eq!(answer.status, 200, "{body}");
    assert_eq!(body["text"], "Oi, quero saber do meu pedido.");
    assert_eq!((&body["language"], &body["seconds"]), (&json!("pt"), &json!(20.0)));
    assert_eq!((&body["provider"], &body["model"]), (&json!("openai"), &json!("gpt-transcribe")));
    // A third of 0.0045 USD.
    assert_eq!(body["usage"]["cost_micro_usd"], 1_500);
    assert_eq!(vendor.calls(), 1);
    let rows = booked(&app).await;
    assert_eq!((rows.len(), rows[0].operation, rows[0].requests), (1, Some(Operation::Transcription), 1));
    assert_eq!((rows[0].cost, rows[0].unpriced_calls), (PicoUsd::from_micro_usd(1_500), 0));
    assert_eq!(requests_today(&app).await, 1);
    let usage = app.get("/api/v1/ai/usage?group_by=operation").await.json();
    assert_eq!(usage["items"][0]["operation"], "transcription", "{usage}");
}

#[tokio::test]
async fn a_length_that_nobody_tells_costs_unknown_and_not_nothing() {
    let (app, _vendor) = app(said(&json!({"text": "Oi"}))).await;
    let body = transcribe(&app, &voice_note()).await.json();
    assert_eq!((&body["usage"]["cost_micro_usd"], &body["seconds"]), (&Value::Null, &Value::Null), "{body}");
    assert_eq!(booked(&app).await[0].unpriced_calls, 1);
}

#[tokio::test]
async fn silence_is_paid_for_and_counts_no_request() {
    let act = said(&json!({"text": "...", "usage": {"type": "duration", "seconds": 20.0}}));
    let (app, _vendor) = app(act).await;
    let answer = transcribe(&app, &voice_note()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (422, &json!("no_speech")));
    let rows = booked(&app).await;
    assert_eq!((rows[0].requests, rows[0].cost), (0, PicoUsd::from_micro_usd(1_500)));
    assert_eq!(requests_today(&app).await, 0);
}

#[tokio::test]
async fn a_vendor_that_fails_costs_the_user_nothing_and_is_left_alone_after_three_times() {
    let (app, vendor) = app(Act::error(Wire::OpenAI, 500, "server_error")).await;
    for _ in 0..3 {
        let answer = transcribe(&app, &voice_note()).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["error"]), (502, &json!("provider_error")));
        assert_eq!(body["attempts"][0]["kind"], "server_error");
    }
    let answer = transcribe(&app, &voice_note()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("service_unavailable")));
    assert_eq!(vendor.calls(), 3);
    assert_eq!(app.get("/api/v1/ai/usage/ana").await.status, 404, "nothing was counted");
}

#[tokio::test]
async fn one_that_hangs_is_waited_for_no_longer_than_the_limit() {
    let limited = |builder: TestAppBuilder| {
        builder.settings(|settings| settings.transcription_timeout = Duration::from_millis(100))
    };
    let (app, _vendor) = app_with(Act::Hang, limited).await;
    let answer = transcribe(&app, &voice_note()).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (504, &json!("deadline_exceeded")));
    assert_eq!(body["attempts"][0]["kind"], "timeout");
}

#[tokio::test]
async fn nobody_is_asked_for_what_is_no_sound_or_beyond_the_limits() {
    let (app, vendor) =
        app_with(twenty_seconds(), |builder| builder.settings(|settings| settings.daily_request_limit = 1))
            .await;
    let answer = transcribe(&app, b"%PDF-1.7").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["details"][0]["field"]), (400, &json!("file")));
    assert_eq!(vendor.calls(), 0);
    assert_eq!(transcribe(&app, &voice_note()).await.status, 200);
    assert_eq!(transcribe(&app, &voice_note()).await.json()["error"], "daily_limit_exceeded");
    assert_eq!(vendor.calls(), 1);
}

#[tokio::test]
async fn the_month_s_money_is_claimed_before_anybody_is_asked() {
    // A file of 64 KiB can be 111 s long: 0.0083 USD at most, and 0.0015 as it turns out.
    let mut file = voice_note();
    file.resize(64 << 10, 0);
    let capped = |builder: TestAppBuilder| {
        builder.settings(|settings| settings.monthly_budget = PicoUsd::parse_usd("0.009"))
    };
    let (app, vendor) = app_with(twenty_seconds(), capped).await;
    assert_eq!(transcribe(&app, &file).await.status, 200);
    let answer = transcribe(&app, &file).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (429, &json!("budget_exceeded")));
    assert_eq!((vendor.calls(), requests_today(&app).await), (1, json!(1)));
}

#[tokio::test]
async fn without_a_transcriber_it_says_what_to_configure() {
    let app = TestApp::builder().start();
    let answer = transcribe(&app, &voice_note()).await;
    assert_eq!(answer.status, 503);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("AI_TRANSCRIPTION_PROVIDER"), "{message}");
    assert!(!app.assistant.can_transcribe());
}
