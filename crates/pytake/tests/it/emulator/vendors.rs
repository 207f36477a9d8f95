//! The provider clients alone: what each fault of the emulator is called on our side.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::{
    Completion, CompletionRequest, FailureKind, FinishReason, PromptMessage, ProviderFailure, Role,
    StreamEvent,
};
use pytake_providers::{AnthropicConfig, AnthropicProvider, OpenAIConfig, OpenAIProvider};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::llmock::Llmock;

const SENTENCE: &str = "Sim, entregamos em Campinas e em todo o estado de São Paulo.";

#[tokio::test]
async fn whole_and_streamed_answers_are_read_completely() {
    let Some(emulator) = Llmock::start() else { return };
    emulator.script(&json!([{ "type": "reply", "text": SENTENCE, "times": null }]));
    for provider in both(&emulator) {
        let whole = provider.chat_completion(request(&*provider)).await.unwrap();
        let (pieces, streamed) = streamed(&*provider).await;
        let streamed = streamed.unwrap();
        assert!(pieces.len() > 1 && pieces.concat() == SENTENCE, "{pieces:?}");
        for completion in [whole, streamed] {
            assert_eq!((completion.text.as_str(), completion.finish), (SENTENCE, FinishReason::Stop));
            let usage = completion.usage.expect("the emulator reports usage");
            assert!(usage.output_tokens > 0 && !usage.is_estimated, "{usage:?}");
        }
    }
    assert_eq!(emulator.requests().len(), 4, "one call each");
}

#[tokio::test]
async fn pictures_are_taken_as_they_are_sent() {
    let Some(emulator) = Llmock::start() else { return };
    emulator.script(&json!([{ "type": "reply", "text": SENTENCE, "times": null }]));
    let image = Attachment { mime_type: "image/png".to_owned(), bytes: b"\x89PNG".as_slice().into() };
    for provider in both(&emulator) {
        let mut request = request(&*provider);
        let mut question = request.messages[0].clone();
        question.images = Arc::new([image.clone()]);
        request.messages = Arc::new([question]);
        assert_eq!(provider.chat_completion(request).await.unwrap().text, SENTENCE, "{}", provider.name());
    }
    assert_eq!(emulator.requests().len(), 2, "none was refused and asked again");
}

#[tokio::test]
async fn errors_have_the_kind_that_decides_what_happens_next() {
    let Some(emulator) = Llmock::start() else { return };
    let cases = [
        (400, FailureKind::BadRequest),
        (401, FailureKind::Auth),
        (403, FailureKind::Auth),
        (429, FailureKind::RateLimited),
        (500, FailureKind::ServerError),
        (503, FailureKind::Overloaded),
        (529, FailureKind::Overloaded),
    ];
    for provider in both(&emulator) {
        for (status, kind) in cases {
            for is_streamed in [false, true] {
                emulator.reset();
                emulator.script(&json!([{ "type": "fail", "status": status, "retry_after": 7 }]));
                let failure = if is_streamed {
                    streamed(&*provider).await.1.unwrap_err()
                } else {
                    provider.chat_completion(request(&*provider)).await.unwrap_err()
                };
                let case = format!("{} {status}: {failure:?}", provider.name());
                assert_eq!((failure.kind, failure.status), (kind, Some(status)), "{case}");
                if kind == FailureKind::RateLimited {
                    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)), "{case}");
                }
                assert_eq!(emulator.requests().len(), 1, "a provider does not try again by itself: {case}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_breaks_fails_and_never_ends_well() {
    let Some(emulator) = Llmock::start() else { return };
    for provider in both(&emulator) {
        for (kind, after_chunks) in
            [("disconnect", 0), ("disconnect", 4), ("truncate", 0), ("truncate", 4), ("malformed", 4)]
        {
            emulator.reset();
            emulator.script(&json!([
                { "type": "reply", "text": SENTENCE },
                { "type": "stream_fault", "kind": kind, "after_chunks": after_chunks }
            ]));
            let (pieces, outcome) = streamed(&*provider).await;
            let case = format!("{} {kind} after {after_chunks}: {pieces:?}", provider.name());
            let failure = outcome.expect_err(&case);
            let is_fitting = matches!(failure.kind, FailureKind::Incomplete | FailureKind::Malformed);
            assert!(is_fitting, "{case} {failure:?}");
            assert!(SENTENCE.starts_with(&pieces.concat()), "{case}");
        }
    }
}

#[tokio::test]
async fn an_answer_cut_by_the_token_limit_says_so() {
    let Some(emulator) = Llmock::start() else { return };
    let reply: Value = json!({ "type": "reply", "text": SENTENCE, "finish_reason": "length", "times": null });
    emulator.script(&json!([reply]));
    for provider in both(&emulator) {
        let whole = provider.chat_completion(request(&*provider)).await.unwrap();
        let streamed = streamed(&*provider).await.1.unwrap();
        assert_eq!([whole.finish, streamed.finish], [FinishReason::Length; 2], "{}", provider.name());
    }
}

fn both(emulator: &Llmock) -> [Arc<dyn AIProviderTrait>; 2] {
    let mut openai = OpenAIConfig::new(SecretString::from("emulated"));
    openai.base_url = emulator.openai_base_url();
    let mut anthropic = AnthropicConfig::new(SecretString::from("emulated"));
    anthropic.base_url = emulator.anthropic_base_url();
    [Arc::new(OpenAIProvider::new(openai).unwrap()), Arc::new(AnthropicProvider::new(anthropic).unwrap())]
}

fn request(provider: &dyn AIProviderTrait) -> CompletionRequest {
    let question = PromptMessage::new(Role::User, "Vocês entregam em Campinas?");
    CompletionRequest {
        model: provider.default_model().into(),
        system: "Responda em português.".into(),
        messages: [question].into(),
        max_output_tokens: 200,
        temperature: None,
        schema: None,
        user_pseudonym: None,
        evidence: Arc::default(),
        key: None,
    }
}

/// The pieces that came, and how the stream ended.
async fn streamed(provider: &dyn AIProviderTrait) -> (Vec<String>, Result<Completion, ProviderFailure>) {
    let mut pieces = Vec::new();
    let mut stream = match provider.chat_completion_stream(request(provider)).await {
        Ok(stream) => stream,
        Err(failure) => return (pieces, Err(failure)),
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(StreamEvent::Text(text)) => pieces.push(text),
            Ok(StreamEvent::Done(completion)) => return (pieces, Ok(completion)),
            Err(failure) => return (pieces, Err(failure)),
        }
    }
    let failure = ProviderFailure::new(FailureKind::Incomplete, "the stream ended without a word about it");
    (pieces, Err(failure))
}
