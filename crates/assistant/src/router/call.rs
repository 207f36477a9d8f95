//! What is asked of the router and what comes back.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use serde::Serialize;

use super::breaker::BreakerState;
use super::terms::Terms;
use crate::id::TenantId;
use crate::money::TokenUsage;
use crate::provider::{Completion, CompletionRequest, ProviderPlace};
use crate::tenant::ModelChoice;
use crate::trail::AttemptRecord;

/// Which method of a provider is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// An answer for a person.
    Chat,
    /// A summary for later turns.
    Summary,
    /// A filled analysis schema.
    Analyze,
    /// One of the available intents.
    Classify,
    /// A message in another language.
    Translate,
}

/// The caller's verdict on a complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// Fit to send.
    Accept,
    /// Useless; says why. The next provider is asked.
    Malformed(String),
    /// Nearly right. The same provider is asked once more and told the objection; a second one means the next
    /// provider.
    Repair {
        /// What is wrong and what would be right, for the model.
        objection: String,
    },
}

/// Judges an answer, knowing where it came from. Called once per answer; must be quick.
pub type Accept = Arc<dyn Fn(&Completion, ProviderPlace) -> Acceptance + Send + Sync>;

/// One turn's need for an answer. Cheap to clone.
#[derive(Clone)]
pub struct RoutedCall {
    /// The prompt. Its `model` is ignored: it is chosen per provider.
    pub request: CompletionRequest,
    /// Which method of the provider.
    pub task: Task,
    /// A provider's name; `None` or `auto`: the operator's order.
    pub preferred: Option<String>,
    /// Whether others may answer when the preferred (or first) provider cannot.
    pub fallback: bool,
    /// The model of the preferred (or first) provider; the others use their own.
    pub model: Option<String>,
    /// What the tenant's calls go by.
    pub terms: Arc<Terms>,
    /// For fairness between tenants.
    pub tenant: TenantId,
    /// The conversation, or a name for a batch: calls of one lane keep their order, lanes take turns.
    pub lane: Arc<str>,
    /// When an answer must be there, on [`Clock::elapsed`](crate::Clock::elapsed).
    pub deadline: Duration,
    /// Tokens of the prompt, as counted.
    pub input_tokens: u64,
    /// False when nothing paid may be called any more.
    pub remote_allowed: bool,
    /// The models that the money covers: besides them only the local provider may answer. `None`: any.
    pub covered: Option<Arc<[ModelChoice]>>,
    /// False where the local provider has nothing to say, as for a summary.
    pub local_allowed: bool,
    /// The check every complete answer must pass.
    pub accept: Accept,
    /// What this turn has tried before, when it asks a second time.
    pub earlier: Earlier,
}

/// Whom a call would like to ask, before there is one; as the fields of [`RoutedCall`].
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// A provider's name; `None` or `auto`: the operator's order.
    pub preferred: Option<&'a str>,
    /// Whether others may answer when the preferred (or first) provider cannot.
    pub fallback: bool,
    /// The model of the preferred (or first) provider.
    pub model: Option<&'a str>,
    /// What the tenant's calls go by.
    pub terms: &'a Terms,
}

/// Calls that a turn made before. They count against its budget and are reported with the new ones; a provider
/// that failed among them is asked again only when nobody else is there.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// Every call in order.
    pub attempts: Vec<AttemptRecord>,
    /// Every call with usage, none of them an answer any more.
    pub billed: Vec<Billed>,
}

/// What a call needs of a provider's quotas, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) lane: &'a Arc<str>,
    /// Tokens of the prompt and the longest answer.
    pub(crate) tokens: u64,
}

impl RoutedCall {
    pub(crate) fn need(&self) -> Need<'_> {
        let tokens = self.input_tokens.saturating_add(self.request.max_output_tokens.into());
        Need { tenant: &self.tenant, lane: &self.lane, tokens }
    }

    /// Whether the money covers a model of a provider.
    pub(super) fn covers(&self, provider: &str, model: &str) -> bool {
        let is_it = |choice: &ModelChoice| choice.provider == provider && choice.model == model;
        self.covered.as_ref().is_none_or(|covered| covered.iter().any(is_it))
    }
}

impl fmt::Debug for RoutedCall {
    /// Leaves the prompt out: it is the customer's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedCall")
            .field("task", &self.task)
            .field("preferred", &self.preferred)
            .field("fallback", &self.fallback)
            .field("model", &self.model)
            .field("tenant", &self.tenant)
            .field("deadline", &self.deadline)
            .field("input_tokens", &self.input_tokens)
            .finish_non_exhaustive()
    }
}

/// Tokens of one call that somebody pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// Provider name.
    pub provider: String,
    /// The model as asked for: the key of the price table.
    pub model: String,
    /// The vendor's numbers; where it sent none, what we counted, marked as estimated.
    pub usage: TokenUsage,
    /// True for the call whose answer was accepted.
    pub is_answer: bool,
}

/// An accepted answer and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutedAnswer {
    /// The answer. Its usage is present for every remote provider.
    pub completion: Completion,
    /// Who gave it.
    pub provider: String,
    /// Where that one runs.
    pub place: ProviderPlace,
    /// Every call, the accepted one last.
    pub attempts: Vec<AttemptRecord>,
    /// Every call with usage, accepted or not.
    pub billed: Vec<Billed>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteFailureReason {
    /// A provider said that our request is wrong; nobody else was asked.
    BadRequest(String),
    /// The prompt is too long for every model that could be asked.
    ContextTooLong,
    /// A provider's policy refused; nobody else was asked.
    Refused(String),
    /// Nobody can answer now: none is configured, allowed or believed to work.
    NoProvider,
    /// There is no provider of this name.
    UnknownProvider(String),
    /// The tenant's terms do not allow what was asked for; nobody was asked.
    NotAllowed {
        /// The field of the request.
        field: &'static str,
        /// What would be allowed.
        problem: String,
    },
    /// Every provider's quota is used up for longer than a turn waits.
    QueueFull {
        /// When one would be free.
        retry_after: Duration,
    },
    /// Time ran out.
    Deadline,
    /// Everyone who was asked failed.
    AllFailed,
}

/// No answer, and what was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteFailure {
    /// Why.
    pub reason: RouteFailureReason,
    /// Every call in order.
    pub attempts: Vec<AttemptRecord>,
    /// Every call with usage; they are paid for although nothing came of them.
    pub billed: Vec<Billed>,
}

/// What became of a call.
pub type Routed = Result<RoutedAnswer, RouteFailure>;

/// A piece of a streamed call.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteEvent {
    /// More text of one and the same answer.
    Text(String),
    /// The end: the accepted answer, whole.
    Done(Box<RoutedAnswer>),
    /// The end: no answer. Text may have come before; it is not one.
    Failed(RouteFailure),
}

/// Events of a streamed call; it ends after the first `Done` or `Failed`, of which there is always one.
pub type RoutedStream = Pin<Box<dyn Stream<Item = RouteEvent> + Send>>;

/// A provider as `GET /api/v1/ai/providers` shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProviderStatus {
    /// Its name.
    pub name: String,
    /// Its default model; the breaker's state is this model's.
    pub model: String,
    /// Where it runs.
    pub place: ProviderPlace,
    /// Whether it is configured to work.
    pub available: bool,
    /// The breaker.
    pub state: BreakerState,
    /// What is left of the breaker's pause.
    pub open_for_ms: u64,
    /// Median of the last 128 answers; `None` before the first.
    pub p50_ms: Option<u32>,
    /// 95th percentile of the last 128 answers.
    pub p95_ms: Option<u32>,
    /// Failures among the last 100 calls, 0 to 1.
    pub error_rate: f64,
    /// Calls running now.
    pub in_flight: usize,
    /// Calls waiting for the quota.
    pub queued: usize,
    /// How long one more call would wait for the quota; `None`: the queue is full.
    pub predicted_wait_ms: Option<u64>,
    /// Requests per minute the operator allows.
    pub rate_limit: Option<u32>,
    /// Tokens per minute the operator allows, prompts and answers together.
    pub tokens_per_minute: Option<u32>,
    /// Calls at the same time that the operator allows.
    pub max_concurrent: Option<u32>,
}
