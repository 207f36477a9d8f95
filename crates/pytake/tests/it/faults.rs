//! The fault matrix: first provider faulty, second healthy, each cell started cold, whole and streamed.

use std::time::Duration;

use pytake_testkit::{Act, FakeVendor, TestApp, Wire};
use serde_json::{Value, json};

const GOOD: &str = "Entregamos em todo o Brasil, pode ficar tranquila.";

/// Long enough that a hanging first provider leaves the second its time.
const TIMEOUT: Duration = Duration::from_millis(2_400);

struct Cell {
    name: &'static str,
    act: Act,
    /// Calls that the faulty provider gets, whole and streamed.
    calls: (usize, usize),
    /// Whether the streamed call had shown text before the fault, and so may only end in an error.
    breaks_stream: bool,
}

fn cells() -> Vec<Cell> {
    let cell = |name, act, calls| Cell { name, act, calls, breaks_stream: false };
    let late = |name, act, calls| Cell { name, act, calls, breaks_stream: true };
    let no_choices = Act::Raw {
        status: 200,
        headers: vec![],
        body: json!({"id": "x", "object": "chat.completion", "choices": [], "model": "m"}).to_string(),
    };
    vec![
        cell("503", Act::error(Wire::OpenAI, 503, "server_is_overloaded"), (2, 2)),
        cell("429 with Retry-After", Act::rate_limited(Wire::OpenAI, 30), (1, 1)),
        cell("401", Act::error(Wire::OpenAI, 401, "invalid_api_key"), (1, 1)),
        cell("hang", Act::Hang, (1, 1)),
        cell("200 with HTML", Act::html(), (1, 1)),
        cell("200 with no choices", no_choices, (1, 1)),
        cell("body cut", Act::CutBody, (1, 1)),
        late("stream cut after 3 chunks", Act::StreamCut(3), (1, 1)),
        cell("error as first event", Act::StreamError(0), (1, 2)),
        late("error after 3 chunks", Act::StreamError(3), (1, 1)),
    ]
}

async fn app(faulty: &FakeVendor, healthy: &FakeVendor) -> TestApp {
    TestApp::builder()
        .vendor(Wire::OpenAI, faulty)
        .vendor(Wire::Anthropic, healthy)
        .timeout(TIMEOUT)
        .start()
        .with_shop()
        .await
}

#[tokio::test]
async fn a_whole_answer_is_complete_whatever_the_first_provider_does() {
    for cell in cells() {
        let faulty = FakeVendor::start(Wire::OpenAI, vec![cell.act.clone()]).await;
        let healthy = FakeVendor::start(Wire::Anthropic, vec![Act::Say(GOOD.into())]).await;
        let answer = app(&faulty, &healthy).await.chat("Vocês entregam em Recife?", "ana", &json!({})).await;
        assert_eq!(answer.status, 200, "{}: {}", cell.name, answer.text);
        let body = answer.json();
        assert_eq!(
            (&body["response"], &body["provider"]),
            (&json!(GOOD), &json!("anthropic")),
            "{}",
            cell.name
        );
        assert_eq!((faulty.calls(), healthy.calls()), (cell.calls.0, 1), "{}", cell.name);
    }
}

#[tokio::test]
async fn a_streamed_answer_falls_over_silently_until_text_was_shown() {
    for cell in cells() {
        let faulty = FakeVendor::start(Wire::OpenAI, vec![cell.act.clone()]).await;
        let healthy = FakeVendor::start(Wire::Anthropic, vec![Act::Say(GOOD.into())]).await;
        let app = app(&faulty, &healthy).await;
        let question = json!({"stream": true, "conversation_id": "c"});
        let answer = app.chat("Vocês entregam em Recife?", "ana", &question).await;
        let events = answer.events();
        let (last, data) = events.last().expect("a stream has a last event");
        if cell.breaks_stream {
            assert_eq!(last, "error", "{}: {}", cell.name, answer.text);
            assert!(events.len() > 1, "{}: an error after text comes after text", cell.name);
            assert_eq!(data["error"], "provider_error", "{}", cell.name);
            let stored = app.get("/api/v1/ai/conversations/c").await;
            assert_eq!(stored.status, 404, "{}: nothing is stored as an answer", cell.name);
            assert_eq!((faulty.calls(), healthy.calls()), (cell.calls.1, 0), "{}", cell.name);
        } else {
            assert_eq!(last, "done", "{}: {}", cell.name, answer.text);
            assert_eq!(
                (&data["response"], &data["provider"]),
                (&json!(GOOD), &json!("anthropic")),
                "{}",
                cell.name
            );
            assert_eq!(shown(&events), GOOD, "{}: the deltas are the response", cell.name);
            assert_eq!((faulty.calls(), healthy.calls()), (cell.calls.1, 1), "{}", cell.name);
        }
    }
}

fn shown(events: &[(String, Value)]) -> String {
    let deltas = events.iter().filter(|(name, _)| name == "delta");
    deltas.map(|(_, data)| data["text"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_request_of_ours_that_is_wrong_is_sent_nowhere_else() {
    for stream in [false, true] {
        let refusal = Act::error(Wire::OpenAI, 400, "invalid_request_error");
        let faulty = FakeVendor::start(Wire::OpenAI, vec![refusal]).await;
        let healthy = FakeVendor::start(Wire::Anthropic, vec![Act::Say(GOOD.into())]).await;
        let app = app(&faulty, &healthy).await;
        let answer = app.chat("Vocês entregam em Recife?", "ana", &json!({"stream": stream})).await;
        assert_eq!(answer.status, 502, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["error"], "provider_error");
        assert_eq!(body["attempts"][0]["kind"], "bad_request");
        assert_eq!((faulty.calls(), healthy.calls()), (1, 0));
    }
}

#[tokio::test]
async fn from_the_fourth_call_on_a_hanging_primary_costs_nothing() {
    let faulty = FakeVendor::start(Wire::OpenAI, vec![Act::Hang]).await;
    let healthy = FakeVendor::start(Wire::Anthropic, vec![Act::Say(GOOD.into())]).await;
    let app = app(&faulty, &healthy).await;
    for call in 1..=8 {
        let answer = app.chat("Vocês entregam em Recife?", "ana", &json!({})).await;
        assert_eq!(answer.json()["response"], GOOD);
        // Counted instead of timed: the hanging provider is not asked at all any more.
        assert_eq!(faulty.calls(), call.min(3), "call {call}");
    }
    assert_eq!(healthy.calls(), 8);
}

#[tokio::test]
async fn a_total_outage_ends_in_an_approved_answer() {
    for stream in [false, true] {
        let openai =
            FakeVendor::start(Wire::OpenAI, vec![Act::error(Wire::OpenAI, 500, "server_error")]).await;
        let anthropic =
            FakeVendor::start(Wire::Anthropic, vec![Act::error(Wire::Anthropic, 529, "overloaded_error")])
                .await;
        let app = app(&openai, &anthropic).await;
        let answer = app.chat("Quanto custa o frete?", "ana", &json!({"stream": stream})).await;
        let body = if stream { answer.events().pop().expect("a last event").1 } else { answer.json() };
        assert_eq!(
            (&body["response"], &body["provider"]),
            (&json!("O frete custa R$ 12,00."), &json!("local"))
        );
        assert_eq!(openai.calls() + anthropic.calls(), 3, "three upstream calls are all a turn may make");
    }
}

#[tokio::test]
async fn without_fallback_only_the_preferred_provider_is_asked() {
    let faulty =
        FakeVendor::start(Wire::OpenAI, vec![Act::error(Wire::OpenAI, 401, "invalid_api_key")]).await;
    let healthy = FakeVendor::start(Wire::Anthropic, vec![Act::Say(GOOD.into())]).await;
    let app = app(&faulty, &healthy).await;
    let only = json!({"preferred_provider": "openai", "fallback": false});
    let answer = app.chat("Vocês entregam em Recife?", "ana", &only).await;
    assert_eq!(answer.status, 502, "{}", answer.text);
    assert_eq!((faulty.calls(), healthy.calls()), (1, 0));
    let usage = app.get("/api/v1/ai/usage/ana").await;
    assert_eq!(usage.status, 404, "a turn without an answer does not count: {}", usage.text);
}
