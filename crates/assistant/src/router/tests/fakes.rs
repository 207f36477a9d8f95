//! Providers that do what a test says, and a clock that follows the paused runtime.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::id::TenantId;
use crate::money::{ModelCatalog, TokenUsage};
use crate::provider::{
    AIProviderTrait, Completion, CompletionRequest, CompletionStream, Evidence, FailureKind, FinishReason,
    PromptMessage, ProviderFailure, ProviderPlace, Role, StreamEvent,
};
use crate::router::{
    Acceptance, Earlier, RouteEvent, RouteFailure, Routed, RoutedAnswer, RoutedCall, Router, RouterConfig,
    Task,
};

/// What a provider does with one call.
#[derive(Clone)]
pub(super) enum Act {
    Answer(&'static str),
    AnswerAfter(Duration, &'static str),
    AnswerWithoutUsage(&'static str),
    Fail(ProviderFailure),
    Hang,
    /// Streams this many chunks, then ends without an end.
    Cut(usize),
    /// Streams this many chunks, then an error event.
    Break(usize),
    /// Streams this many chunks, then nothing more.
    Stall(usize),
}

pub(super) fn fail(kind: FailureKind) -> Act {
    Act::Fail(ProviderFailure::new(kind, "scripted"))
}

pub(super) fn fail_for(kind: FailureKind, retry_after: Duration) -> Act {
    Act::Fail(ProviderFailure { retry_after: Some(retry_after), ..ProviderFailure::new(kind, "scripted") })
}

/// A provider with a script: the last act is repeated.
pub(super) struct Fake {
    name: &'static str,
    place: ProviderPlace,
    rate_limit: Option<u32>,
    /// Whether the server has a key for it.
    has_key: bool,
    script: Mutex<Vec<Act>>,
    pub(super) requests: Mutex<Vec<CompletionRequest>>,
    running: AtomicUsize,
    pub(super) most_running: AtomicUsize,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Fake {
    fn make(name: &'static str, place: ProviderPlace, rate: Option<u32>, script: Vec<Act>) -> Arc<Self> {
        Arc::new(Self::of(name, place, rate, true, script))
    }

    fn of(
        name: &'static str,
        place: ProviderPlace,
        rate: Option<u32>,
        has_key: bool,
        script: Vec<Act>,
    ) -> Self {
        Self {
            name,
            place,
            rate_limit: rate,
            has_key,
            script: Mutex::new(script),
            requests: Mutex::default(),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
        }
    }

    /// One that the server has no key for.
    pub(super) fn without_key(name: &'static str, script: impl Into<Vec<Act>>) -> Arc<Self> {
        Arc::new(Self::of(name, ProviderPlace::Remote, None, false, script.into()))
    }

    pub(super) fn remote(name: &'static str, script: impl Into<Vec<Act>>) -> Arc<Self> {
        Self::make(name, ProviderPlace::Remote, None, script.into())
    }

    pub(super) fn limited(name: &'static str, per_minute: u32, script: impl Into<Vec<Act>>) -> Arc<Self> {
        Self::make(name, ProviderPlace::Remote, Some(per_minute), script.into())
    }

    pub(super) fn local() -> Arc<Self> {
        Self::make("local", ProviderPlace::Local, None, vec![Act::AnswerWithoutUsage("from here")])
    }

    pub(super) fn calls(&self) -> usize {
        self.requests.lock().len()
    }

    /// What it does from now on.
    pub(super) fn act(&self, act: Act) {
        *self.script.lock() = vec![act];
    }

    fn begin(self: &Fake, request: CompletionRequest) -> (Act, Running<'_>) {
        self.requests.lock().push(request);
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_running.fetch_max(running, Ordering::Relaxed);
        let mut script = self.script.lock();
        let act = if script.len() > 1 { script.remove(0) } else { script[0].clone() };
        (act, Running(self))
    }

    fn completion(&self, text: &str, usage: Option<TokenUsage>) -> Completion {
        Completion {
            text: text.to_owned(),
            model: format!("{}-model-2026", self.name),
            finish: FinishReason::Stop,
            usage,
            provider_request_id: None,
            confidence: None,
        }
    }
}

struct Running<'a>(&'a Fake);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) const USAGE: TokenUsage = TokenUsage {
    input_tokens: 100,
    cached_tokens: 0,
    cache_write_tokens: 0,
    cache_write_long_tokens: 0,
    output_tokens: 10,
    reasoning_tokens: 0,
    is_estimated: false,
};

#[async_trait]
impl AIProviderTrait for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn default_model(&self) -> &'static str {
        "default"
    }

    fn place(&self) -> ProviderPlace {
        self.place
    }

    fn rate_limit(&self) -> Option<u32> {
        self.rate_limit
    }

    fn is_available(&self) -> bool {
        self.has_key
    }

    fn takes_own_keys(&self) -> bool {
        self.place == ProviderPlace::Remote
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        let (act, _running) = self.begin(request);
        match act {
            Act::Answer(text) => Ok(self.completion(text, Some(USAGE))),
            Act::AnswerAfter(delay, text) => {
                tokio::time::sleep(delay).await;
                Ok(self.completion(text, Some(USAGE)))
            }
            Act::AnswerWithoutUsage(text) => Ok(self.completion(text, None)),
            Act::Fail(failure) => Err(failure),
            Act::Hang => std::future::pending().await,
            Act::Cut(_) | Act::Break(_) | Act::Stall(_) => {
                Err(ProviderFailure::new(FailureKind::Incomplete, "body cut"))
            }
        }
    }

    async fn chat_completion_stream(
        &self,
        request: CompletionRequest,
    ) -> Result<CompletionStream, ProviderFailure> {
        let act = self.script.lock()[0].clone();
        let (chunks, end) = match act {
            Act::Cut(chunks) | Act::Stall(chunks) => (chunks, None),
            Act::Break(chunks) => (chunks, Some(ProviderFailure::new(FailureKind::Overloaded, "event"))),
            _ => {
                let completion = self.chat_completion(request).await?;
                let words = completion.text.split_inclusive(' ').map(str::to_owned);
                let mut events: Vec<_> = words.map(|word| Ok(StreamEvent::Text(word))).collect();
                events.push(Ok(StreamEvent::Done(completion)));
                return Ok(futures::stream::iter(events).boxed());
            }
        };
        self.begin(request);
        let text = (0..chunks).map(|_| Ok(StreamEvent::Text("chunk ".to_owned())));
        let events = futures::stream::iter(text.chain(end.map(Err)));
        if matches!(act, Act::Stall(_)) {
            return Ok(events.chain(futures::stream::pending()).boxed());
        }
        Ok(events.boxed())
    }
}

/// Follows the runtime's paused time.
pub(super) struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A router over fakes, with defaults for what a test does not care about.
pub(super) struct Bench {
    pub(super) router: Router,
    pub(super) clock: Arc<RuntimeClock>,
}

impl Bench {
    pub(super) fn new(providers: &[&Arc<Fake>]) -> Self {
        Self::with(providers, RouterConfig::default(), ModelCatalog::default())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the tests' clock")]
    pub(super) fn with(providers: &[&Arc<Fake>], config: RouterConfig, catalog: ModelCatalog) -> Self {
        let clock = Arc::new(RuntimeClock(Instant::now()));
        let providers = providers.iter().map(|p| Arc::clone(p) as Arc<dyn AIProviderTrait>).collect();
        let router = Router::new(providers, config, Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(catalog));
        Self { router, clock }
    }

    /// A call with 30 s, fallback, and no opinion.
    pub(super) fn call(&self) -> RoutedCall {
        let question = PromptMessage::new(Role::User, "Are you open?");
        RoutedCall {
            earlier: Earlier::default(),
            request: CompletionRequest {
                model: "".into(),
                system: "".into(),
                messages: [question].into(),
                max_output_tokens: 100,
                temperature: None,
                schema: None,
                user_pseudonym: None,
                evidence: Arc::new(Evidence::default()),
                key: None,
            },
            task: Task::Chat,
            preferred: None,
            fallback: true,
            model: None,
            terms: Arc::default(),
            tenant: TenantId::default_tenant(),
            lane: "conversation".into(),
            deadline: self.clock.elapsed() + Duration::from_secs(30),
            input_tokens: 7,
            remote_allowed: true,
            covered: None,
            local_allowed: true,
            accept: Arc::new(|_, _| Acceptance::Accept),
        }
    }

    pub(super) async fn ask(&self) -> Routed {
        self.router.complete(self.call()).await
    }

    /// The streamed call: text shown, and the end.
    pub(super) async fn hear(&self, call: RoutedCall) -> (String, Routed) {
        let mut shown = String::new();
        let mut events = self.router.stream(call);
        while let Some(event) = events.next().await {
            match event {
                RouteEvent::Text(text) => shown.push_str(&text),
                RouteEvent::Done(answer) => return (shown, Ok(*answer)),
                RouteEvent::Failed(failure) => return (shown, Err(failure)),
            }
        }
        panic!("a stream ended without its end");
    }

    /// How long something takes, in paused time.
    pub(super) async fn timed<T>(&self, work: impl Future<Output = T>) -> (T, Duration) {
        let before = self.clock.elapsed();
        let result = work.await;
        (result, self.clock.elapsed().saturating_sub(before))
    }
}

pub(super) fn kinds(attempts: &[crate::trail::AttemptRecord]) -> Vec<Option<FailureKind>> {
    attempts.iter().map(|attempt| attempt.kind).collect()
}

pub(super) fn answer(routed: Routed) -> RoutedAnswer {
    routed.expect("an answer")
}

pub(super) fn failure(routed: Routed) -> RouteFailure {
    routed.expect_err("a failure")
}
