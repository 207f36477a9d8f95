//! What goes wrong on the way, whole and streamed, at both vendors.

use std::time::Duration;

use futures::StreamExt;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{
    Completion, CompletionStream, FailureKind, FinishReason, ProviderFailure, StreamEvent,
};

use crate::bodies::{
    KEY, anthropic, both, chat_answer, chat_events, compatible, messages_answer, messages_events, openai,
    request,
};
use crate::server::{Reply, Server};

async fn ask(provider: &dyn AIProviderTrait) -> Result<Completion, ProviderFailure> {
    provider.chat_completion(request(provider.default_model())).await
}

/// The pieces that came, and how it ended.
async fn collect(mut stream: CompletionStream) -> (Vec<String>, Result<Completion, ProviderFailure>) {
    let mut pieces = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(StreamEvent::Text(text)) => pieces.push(text),
            Ok(StreamEvent::Done(completion)) => {
                assert!(stream.next().await.is_none(), "nothing comes after the end");
                return (pieces, Ok(completion));
            }
            Err(failure) => {
                assert!(stream.next().await.is_none(), "nothing comes after a failure");
                return (pieces, Err(failure));
            }
        }
    }
    panic!("the stream ended without an end");
}

async fn stream(provider: &dyn AIProviderTrait) -> (Vec<String>, Result<Completion, ProviderFailure>) {
    match provider.chat_completion_stream(request(provider.default_model())).await {
        Ok(stream) => collect(stream).await,
        Err(failure) => (Vec::new(), Err(failure)),
    }
}

#[tokio::test]
async fn whole_answers_arrive() {
    for (index, body) in [chat_answer(), messages_answer()].iter().enumerate() {
        let headers = [("x-request-id", "req-1"), ("request-id", "req-1")];
        let server = Server::start(vec![Reply::with_headers(200, &headers, body)]).await;
        let completion = ask(both(&server.url)[index].as_ref()).await.unwrap();
        assert_eq!(completion.text, "Acima de R$ 99.");
        assert_eq!(completion.finish, FinishReason::Stop);
        assert_eq!(completion.usage.map(|usage| usage.total()), Some(28));
        assert_eq!(completion.provider_request_id.as_deref(), Some("req-1"));
    }
}

#[tokio::test]
async fn streams_arrive_however_they_are_cut() {
    let text = ["Acima", " de R$ 99 🎉", " — olá"];
    for size in [1, 2, 3, 7, 64, 100_000] {
        for (index, events) in [chat_events(&text, true), messages_events(&text, true)].iter().enumerate() {
            let server = Server::start(vec![Reply::events(events, size)]).await;
            let (pieces, end) = stream(both(&server.url)[index].as_ref()).await;
            assert_eq!(pieces, text);
            let completion = end.unwrap();
            assert_eq!(completion.text, text.concat());
            assert_eq!(completion.usage.map(|usage| usage.total()), Some(28));
            assert_eq!(completion.provider_request_id.as_deref(), Some("req-7"));
        }
    }
}

#[tokio::test]
async fn broken_answers_fail_in_their_kind_whole_and_streamed() {
    let cut = "{\"choices\":[{\"message\":{\"content\":\"Ac";
    let rows = [
        (Reply::html(200), FailureKind::Malformed),
        (Reply::html(502), FailureKind::ServerError),
        (Reply::html(503), FailureKind::Overloaded),
        (Reply::json(200, "{}"), FailureKind::Malformed),
        (Reply::json(200, r#"{"choices":[],"content":null}"#), FailureKind::Malformed),
        (Reply::json(200, cut), FailureKind::Incomplete),
        (Reply::json(200, ""), FailureKind::Incomplete),
        (Reply::json(200, r#"{"error":{"type":"overloaded_error","message":"m"}}"#), FailureKind::Overloaded),
        (Reply::cut(cut), FailureKind::Incomplete),
        (Reply::nothing(), FailureKind::Incomplete),
        (Reply::with_headers(302, &[("location", "http://127.0.0.1:1/")], ""), FailureKind::Malformed),
        (Reply::json(401, r#"{"error":{"message":"no"}}"#), FailureKind::Auth),
        (Reply::json(429, r#"{"error":{"message":"m","type":"insufficient_quota"}}"#), FailureKind::Billing),
        (Reply::json(529, ""), FailureKind::Overloaded),
    ];
    for (reply, expected) in rows {
        let server = Server::start(vec![reply.clone()]).await;
        for provider in both(&server.url) {
            assert_eq!(ask(provider.as_ref()).await.unwrap_err().kind, expected, "{reply:?}");
            let (pieces, end) = stream(provider.as_ref()).await;
            assert_eq!((pieces.len(), end.unwrap_err().kind), (0, expected), "{reply:?}");
        }
        assert_eq!(server.received().len(), 4, "no retries: {reply:?}");
    }
}

#[tokio::test]
async fn streams_that_end_early_are_failures_after_their_text() {
    let text = ["a", "b", "c"];
    for (index, events) in [chat_events(&text, false), messages_events(&text, false)].iter().enumerate() {
        for reply in [Reply::cut_events(events), Reply::events(events, 50)] {
            let server = Server::start(vec![reply]).await;
            let (pieces, end) = stream(both(&server.url)[index].as_ref()).await;
            assert_eq!(pieces, text);
            assert_eq!(end.unwrap_err().kind, FailureKind::Incomplete);
        }
    }
}

#[tokio::test]
async fn errors_inside_streams_come_before_or_after_the_first_piece() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n";
    for (index, text) in [chat_events(&["a"], false), messages_events(&["a"], false)].iter().enumerate() {
        let server = Server::start(vec![Reply::events(error, 9)]).await;
        let provider = &both(&server.url)[index];
        let first = provider.chat_completion_stream(request(provider.default_model())).await;
        assert_eq!(first.err().map(|failure| failure.kind), Some(FailureKind::Overloaded));

        let server = Server::start(vec![Reply::events(&format!("{text}{error}"), 9)]).await;
        let (pieces, end) = stream(both(&server.url)[index].as_ref()).await;
        assert_eq!(pieces, ["a"]);
        assert_eq!(end.unwrap_err().kind, FailureKind::Overloaded);
    }
}

#[tokio::test]
async fn tokens_used_before_a_stream_broke_are_reported() {
    let server = Server::start(vec![Reply::cut_events(&messages_events(&["a"], false))]).await;
    let (_, end) = stream(&anthropic(&server.url, "2026-10-21")).await;
    assert_eq!(end.unwrap_err().usage.map(|usage| usage.input_tokens), Some(20));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    for (index, body) in [chat_answer(), messages_answer()].iter().enumerate() {
        let server = Server::start(vec![Reply::json(200, body)]).await;
        let (pieces, end) = stream(both(&server.url)[index].as_ref()).await;
        assert_eq!(pieces, ["Acima de R$ 99."]);
        assert_eq!(end.unwrap().text, "Acima de R$ 99.");
    }
}

#[tokio::test]
async fn an_end_that_leaves_the_connection_open_is_an_end() {
    let server = Server::start(vec![Reply::hanging_events(&chat_events(&["a"], true))]).await;
    let (_, end) = stream(&openai(&server.url)).await;
    assert_eq!(end.unwrap().text, "a");
}

#[tokio::test]
async fn connections_are_used_again_whole_and_streamed() {
    let server = Server::start(vec![
        Reply::json(200, chat_answer()),
        Reply::events(&chat_events(&["a"], true), 40),
        Reply::json(503, "{}"),
        Reply::json(200, chat_answer()),
    ])
    .await;
    let provider = openai(&server.url);
    ask(&provider).await.unwrap();
    // Only up to the end, as a caller that has its answer does.
    let mut events = provider.chat_completion_stream(request("gpt-6-luna")).await.unwrap();
    while !matches!(events.next().await, Some(Ok(StreamEvent::Done(_)))) {}
    drop(events);
    ask(&provider).await.unwrap_err();
    ask(&provider).await.unwrap();
    assert_eq!((server.received().len(), server.connections()), (4, 1));
}

#[tokio::test]
async fn a_hanging_server_hangs_only_its_caller() {
    let server = Server::start(vec![Reply::hang(), Reply::json(200, chat_answer())]).await;
    let provider = openai(&server.url);
    let first = tokio::time::timeout(Duration::from_millis(50), ask(&provider)).await;
    assert!(first.is_err(), "the router's deadline ends it");
    assert!(ask(&provider).await.is_ok());
}

#[tokio::test]
async fn no_listener_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for provider in both(&url) {
        assert_eq!(ask(provider.as_ref()).await.unwrap_err().kind, FailureKind::Connect);
    }
}

#[tokio::test]
async fn a_wait_the_vendor_names_is_handed_on() {
    let slow = r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#;
    let server = Server::start(vec![
        Reply::with_headers(429, &[("retry-after-ms", "250"), ("retry-after", "9")], slow),
        Reply::with_headers(429, &[("retry-after", "0")], slow),
        Reply::json(429, r#"[{"error":{"code":429,"message":"m","details":[{"retryDelay":"34s"}]}}]"#),
    ])
    .await;
    let provider = compatible(&server.url, "gemini");
    for expected in [Some(Duration::from_millis(250)), None, Some(Duration::from_secs(34))] {
        let failure = ask(&provider).await.unwrap_err();
        assert_eq!((failure.kind, failure.retry_after), (FailureKind::RateLimited, expected));
        assert_eq!(failure.status, Some(429));
    }
}

#[tokio::test]
async fn keys_never_reach_a_failure() {
    let body =
        format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}. {}"}}}}"#, "x ".repeat(400));
    let server = Server::start(vec![Reply::json(401, body)]).await;
    for provider in both(&server.url) {
        let failure = ask(provider.as_ref()).await.unwrap_err();
        assert!(!format!("{failure:?} {provider:?}").contains(KEY), "{failure:?}");
        assert!(failure.message.chars().count() <= 300);
    }
}
