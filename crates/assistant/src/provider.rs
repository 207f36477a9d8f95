//! The seam to model vendors: what is asked of one, what it gives back, how it fails.
//!
//! Nothing here knows a wire format. A new vendor is one implementation of [`AIProviderTrait`] in one file
//! and one line where providers are built (see `examples/new_provider.rs`).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{Stream, StreamExt};
use pytake_understanding::language::Language;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::answers::{Fit, FoundAnswer};
use crate::channel::Attachment;
use crate::money::TokenUsage;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The customer.
    User,
    /// The assistant, or a person of the business.
    Assistant,
}

impl Role {
    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who spoke.
    pub role: Role,
    /// What was said.
    pub content: Arc<str>,
    /// Pictures that came with it, see [`pictures`](crate::pictures); only a user's message has any.
    pub images: Arc<[Attachment]>,
}

impl PromptMessage {
    /// A message of words alone.
    pub fn new(role: Role, content: impl Into<Arc<str>>) -> Self {
        Self { role, content: content.into(), images: Arc::default() }
    }
}

/// A JSON schema the answer should follow. Asked for where the provider can, checked by us always.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSchema {
    /// `^[a-zA-Z0-9_-]{1,64}$` (OpenAI, structured outputs).
    pub name: &'static str,
    /// Strict form: every object closed, every property required.
    pub schema: serde_json::Value,
}

/// What the engine knows about the turn besides the prompt, for providers that answer without a model.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The customer's message alone.
    pub message: Arc<str>,
    /// Its language, or the conversation's.
    pub language: Option<Language>,
    /// Approved answers that search found, best first.
    pub answers: Vec<FoundAnswer>,
    /// How well they fit.
    pub fit: Fit,
    /// The assistant's last reply did not know and offered a person.
    pub has_offered_person: bool,
    /// The business's name, for sentences that mention it.
    pub business_name: Arc<str>,
}

/// One call to a provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CompletionRequest {
    /// The vendor's model id.
    pub model: Arc<str>,
    /// Instructions; empty when there are none.
    pub system: Arc<str>,
    /// Alternating or not; the first is the user's.
    pub messages: Arc<[PromptMessage]>,
    /// Upper bound on the answer, invisible reasoning included. At least 1.
    pub max_output_tokens: u32,
    /// 0 to 2; left out where the model refuses it.
    pub temperature: Option<f32>,
    /// Structured output, where wanted.
    pub schema: Option<Arc<OutputSchema>>,
    /// A stable pseudonym of the customer for the vendor's abuse detection; never a phone number.
    pub user_pseudonym: Option<Arc<str>>,
    /// What the engine found out on the device.
    pub evidence: Arc<Evidence>,
    /// The tenant's own key, to be used instead of the provider's; set by the router, and only for a provider that
    /// [takes them](AIProviderTrait::takes_own_keys).
    pub key: Option<SecretString>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// It had said everything, or met a stop sequence.
    Stop,
    /// It met the token limit.
    Length,
    /// The vendor's filter cut it.
    ContentFilter,
    /// It wants a tool called.
    ToolCalls,
    /// Something the vendor added later.
    Other,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The text; JSON where a schema was asked for and kept.
    pub text: String,
    /// The model that answered, as the vendor names it.
    pub model: String,
    /// Why it stopped.
    pub finish: FinishReason,
    /// The vendor's own numbers; `None` when it sent none.
    pub usage: Option<TokenUsage>,
    /// The vendor's request id, for their support.
    pub provider_request_id: Option<String>,
    /// 0 to 1 where the provider can honestly say one (the local provider: how probable it is that the approved answer fits), with its source.
    pub confidence: Option<(f32, &'static str)>,
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// More text, never empty.
    Text(String),
    /// The end, exactly once, and only after a stop that the vendor announced. Its `text` is the whole answer.
    Done(Completion),
}

/// A streamed answer. It ends after [`StreamEvent::Done`] or after the first error; a stream that ends with
/// neither is incomplete.
pub type CompletionStream = Pin<Box<dyn Stream<Item = Result<StreamEvent, ProviderFailure>> + Send>>;

/// Whose fault it was; decides what happens next (see `router::plan`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// Our request is wrong: sent nowhere else.
    BadRequest,
    /// The prompt is too long: only a model with a larger context may try.
    ContextTooLong,
    /// The key is wrong or may not: bench the provider, alert.
    Auth,
    /// No money or quota left at the vendor: bench, alert, never retried.
    Billing,
    /// The model does not exist (any more): next provider.
    ModelNotFound,
    /// Too many requests: bench until `retry_after`, next provider at once.
    RateLimited,
    /// The vendor has no capacity: retry once if time allows.
    Overloaded,
    /// The vendor broke: retry once if time allows.
    ServerError,
    /// The vendor's policy refused: an answer of ours, no shopping around.
    Refused,
    /// The answer ended before its end: next provider.
    Incomplete,
    /// The answer is not what it should be (HTML, no choices, wrong JSON): next provider.
    Malformed,
    /// Nothing came in time: next provider.
    Timeout,
    /// No connection: retry once if time allows, nothing was sent.
    Connect,
}

/// How a provider failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct ProviderFailure {
    /// Whose fault.
    pub kind: FailureKind,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// What the vendor said: bounded to 300 characters, keys redacted.
    pub message: String,
    /// The vendor's wish, when positive and sane.
    pub retry_after: Option<Duration>,
    /// Tokens the vendor reported although the answer cannot be used; they are billed.
    pub usage: Option<TokenUsage>,
}

impl ProviderFailure {
    /// A failure without status or numbers.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into(), retry_after: None, usage: None }
    }
}

/// Where a provider runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderPlace {
    /// Over the network; may fail, may cost.
    Remote,
    /// In this process; costs nothing and is the last link of every chain.
    Local,
}

/// Where calls go, and what they ask of the vendor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Destination {
    /// The host that is called, with a port that is not the usual one; `None`: not known.
    pub host: Option<String>,
    /// Whether the server has a key for it.
    pub has_key: bool,
    /// Whether a stable pseudonym of the customer goes with every call.
    pub sends_pseudonym: bool,
    /// Fields against storing and training that go with every call, as they are written there.
    pub privacy_fields: serde_json::Map<String, serde_json::Value>,
    /// Some model refused those fields and is asked without them.
    pub is_privacy_refused: bool,
}

/// A source of answers.
///
/// Implementations do no retries and keep no limits: the router owns both, with the deadline. They must be
/// cancel-safe: the router drops the future when time is up.
#[async_trait]
pub trait AIProviderTrait: Send + Sync + fmt::Debug + 'static {
    /// Its name in requests, configuration and metrics: `openai`, `anthropic`, `local`, or the operator's.
    fn name(&self) -> &str;

    /// The model used when the caller names none.
    fn default_model(&self) -> &str;

    /// Where it runs.
    fn place(&self) -> ProviderPlace {
        ProviderPlace::Remote
    }

    /// False when it cannot work as configured (a key is missing).
    fn is_available(&self) -> bool {
        true
    }

    /// Requests a minute the operator allows; `None`: no limit.
    fn rate_limit(&self) -> Option<u32> {
        None
    }

    /// Whether it works with a tenant's own key, [`CompletionRequest::key`], also where it has none itself.
    fn takes_own_keys(&self) -> bool {
        false
    }

    /// Where its calls go, for the record of who processes what.
    fn destination(&self) -> Destination {
        Destination::default()
    }

    /// Answers, whole.
    ///
    /// # Errors
    /// The kind says whose fault it was. A success is complete: non-empty text, a finish reason.
    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure>;

    /// Answers in pieces. The default gives the whole answer as one.
    ///
    /// # Errors
    /// Before the first piece as `Err` here, later inside the stream.
    async fn chat_completion_stream(
        &self,
        request: CompletionRequest,
    ) -> Result<CompletionStream, ProviderFailure> {
        let completion = self.chat_completion(request).await?;
        let events = [Ok(StreamEvent::Text(completion.text.clone())), Ok(StreamEvent::Done(completion))];
        Ok(futures::stream::iter(events).boxed())
    }

    /// Fills an analysis schema for a message. The default is a structured chat completion.
    ///
    /// # Errors
    /// As [`AIProviderTrait::chat_completion`].
    async fn analyze_message(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        self.chat_completion(request).await
    }

    /// Chooses one of the available intents. The default is a structured chat completion.
    ///
    /// # Errors
    /// As [`AIProviderTrait::chat_completion`].
    async fn classify_intent(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        self.chat_completion(request).await
    }
}
