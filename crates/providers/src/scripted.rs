//! A provider that plays a script: for tests, examples and the benchmark.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, FailureKind, FinishReason, ProviderFailure, StreamEvent,
};

/// Requests that are kept for tests to look at; older ones are forgotten.
const MAX_KEPT_REQUESTS: usize = 64;

/// What happens at one call.
#[derive(Debug, Clone)]
pub enum ScriptedStep {
    /// A complete answer of this text; streamed word by word.
    Text(String),
    /// A complete answer in every detail.
    Answer(Completion),
    /// A failure.
    Fail(ProviderFailure),
    /// Never answers; the caller drops the call.
    Hang,
    /// Streamed: these pieces, then the failure. Whole: the failure.
    FailAfter(Vec<String>, ProviderFailure),
    /// Streamed: these pieces, then nothing ever again. Whole: never answers.
    HangAfter(Vec<String>),
}

/// Plays its steps in order, then the last word over and over, and counts the calls.
#[derive(Debug)]
pub struct ScriptedProvider {
    name: String,
    model: String,
    steps: Mutex<VecDeque<ScriptedStep>>,
    afterwards: ScriptedStep,
    calls: AtomicU64,
    requests: Mutex<VecDeque<CompletionRequest>>,
}

impl ScriptedProvider {
    /// A provider of that name that fails with [`FailureKind::ServerError`] until told otherwise.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            model: "scripted".to_owned(),
            steps: Mutex::default(),
            afterwards: ScriptedStep::Fail(ProviderFailure::new(
                FailureKind::ServerError,
                "the script has ended",
            )),
            calls: AtomicU64::new(0),
            requests: Mutex::default(),
        }
    }

    /// One that gives the same answer to every call.
    pub fn answering(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { afterwards: ScriptedStep::Text(text.into()), ..Self::new(name) }
    }

    /// Sets the default model.
    #[must_use]
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// Adds a step to the script.
    #[must_use]
    pub fn then(self, step: ScriptedStep) -> Self {
        self.steps.lock().push_back(step);
        self
    }

    /// Adds a failure of a kind to the script.
    #[must_use]
    pub fn then_fail(self, kind: FailureKind) -> Self {
        self.then(ScriptedStep::Fail(ProviderFailure::new(kind, "as scripted")))
    }

    /// What every call gets once the script has ended.
    #[must_use]
    pub fn afterwards(self, step: ScriptedStep) -> Self {
        Self { afterwards: step, ..self }
    }

    /// Calls so far, failed ones included.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The last requests, oldest first, at most 64.
    pub fn requests(&self) -> Vec<CompletionRequest> {
        self.requests.lock().iter().cloned().collect()
    }

    fn next_step(&self, request: &CompletionRequest) -> ScriptedStep {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut requests = self.requests.lock();
        if requests.len() == MAX_KEPT_REQUESTS {
            requests.pop_front();
        }
        requests.push_back(request.clone());
        self.steps.lock().pop_front().unwrap_or_else(|| self.afterwards.clone())
    }
}

fn complete(text: String, request: &CompletionRequest) -> Completion {
    let words = |text: &str| u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX);
    let usage = TokenUsage {
        input_tokens: request.messages.iter().map(|message| words(&message.content)).sum(),
        output_tokens: words(&text),
        ..TokenUsage::default()
    };
    Completion {
        text,
        model: request.model.to_string(),
        finish: FinishReason::Stop,
        usage: Some(usage),
        provider_request_id: None,
        confidence: None,
    }
}

/// Text, pieces of it, then the end.
fn pieces(completion: Completion) -> Vec<Result<StreamEvent, ProviderFailure>> {
    let words = completion.text.split_inclusive(' ').map(|word| Ok(StreamEvent::Text(word.to_owned())));
    let mut events: Vec<_> = words.collect();
    events.push(Ok(StreamEvent::Done(completion)));
    events
}

fn texts(pieces: Vec<String>) -> Vec<Result<StreamEvent, ProviderFailure>> {
    pieces.into_iter().map(|piece| Ok(StreamEvent::Text(piece))).collect()
}

#[async_trait]
impl AIProviderTrait for ScriptedProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn default_model(&self) -> &str {
        &self.model
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        match self.next_step(&request) {
            ScriptedStep::Text(text) => Ok(complete(text, &request)),
            ScriptedStep::Answer(completion) => Ok(completion),
            ScriptedStep::Fail(failure) | ScriptedStep::FailAfter(_, failure) => Err(failure),
            ScriptedStep::Hang | ScriptedStep::HangAfter(_) => std::future::pending().await,
        }
    }

    async fn chat_completion_stream(
        &self,
        request: CompletionRequest,
    ) -> Result<CompletionStream, ProviderFailure> {
        let events = match self.next_step(&request) {
            ScriptedStep::Text(text) => pieces(complete(text, &request)),
            ScriptedStep::Answer(completion) => pieces(completion),
            ScriptedStep::Fail(failure) => return Err(failure),
            ScriptedStep::FailAfter(first, failure) => {
                let mut events = texts(first);
                events.push(Err(failure));
                events
            }
            ScriptedStep::Hang => return std::future::pending().await,
            ScriptedStep::HangAfter(first) => {
                return Ok(stream::iter(texts(first)).chain(stream::pending()).boxed());
            }
        };
        Ok(stream::iter(events).boxed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn request() -> CompletionRequest {
        CompletionRequest {
            model: "m".into(),
            system: "".into(),
            messages: Arc::new([]),
            max_output_tokens: 1,
            temperature: None,
            schema: None,
            user_pseudonym: None,
            evidence: Arc::default(),
            key: None,
        }
    }

    #[tokio::test]
    async fn the_script_is_played_in_order_and_calls_are_counted() {
        let provider = ScriptedProvider::answering("openai", "at last").then_fail(FailureKind::RateLimited);
        let failure = provider.chat_completion(request()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::RateLimited);
        for _ in 0..2 {
            assert_eq!(provider.chat_completion(request()).await.unwrap().text, "at last");
        }
        assert_eq!((provider.calls(), provider.requests().len()), (3, 3));
    }

    #[tokio::test]
    async fn a_stream_may_break_after_its_first_pieces() {
        let failure = ProviderFailure::new(FailureKind::Incomplete, "cut");
        let provider =
            ScriptedProvider::new("p").then(ScriptedStep::FailAfter(vec!["a".into()], failure.clone()));
        let events: Vec<_> = provider.chat_completion_stream(request()).await.unwrap().collect().await;
        assert_eq!(events, [Ok(StreamEvent::Text("a".into())), Err(failure)]);
        assert!(provider.chat_completion_stream(request()).await.is_err(), "the script has ended");
    }
}
