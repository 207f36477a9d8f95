//! The engine others hold: one handle, cheap to clone, safe to share.

mod analysis;
mod answers;
mod budget;
mod channel;
mod conversations;
mod finishing;
mod forgetting;
mod intents;
mod limits;
mod person;
mod prices;
mod processors;
mod profile;
mod prompts;
mod tenants;
mod transcription;
mod usage;

pub use answers::AnswerDraft;
pub use budget::{BudgetReport, CapReport};
pub use channel::{Answered, ChannelDelivery, ChannelMessage, ChannelTurn, ServerSentence};
pub use conversations::ConversationDetail;
pub use intents::{CorrectionDraft, IntentDraft, IntentListing, IntentReport, IntentSource, IntentsDraft};
pub(crate) use prices::Quote;
pub use processors::{Processing, Processor, Shared};
pub(crate) use prompts::ForPurpose;
pub use prompts::{
    EstimatedCost, FieldValues, FiledPrompt, ImportOutcome, ImportedPrompt, PromptDraft, PromptFile,
    PromptImport, PublishRequest, Publishing, RenderRequest, RenderedPrompt, RollBackRequest, TestReport,
    TestRunRequest, TestSetDraft, TestedBefore, VariableListing,
};
pub use tenants::{CurrentSettings, SettingsDraft, TenantDetail, TenantDraft};
pub use usage::UserUsageReport;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::Storage;
use crate::analysis::{CustomAnalyses, CustomAnalysis};
use crate::answer_cache::AnswerCache;
use crate::chat::{ChatEvent, ChatRequest, ChatResponse, ChatStream};
use crate::clock::{Clock, SystemClock};
use crate::error::AIError;
use crate::events::Events;
use crate::id::{IdSource, TenantId, UuidSource};
use crate::intent_models::IntentModels;
use crate::lanes::Lanes;
use crate::limits::{Limits, Turnstile};
use crate::moderation::{Moderator, SecondOpinion};
use crate::money::ModelCatalog;
use crate::provider::AIProviderTrait;
use finishing::Finishing;

use crate::router::{OwnKeys, ProviderStatus, Router, RouterConfig};
use crate::settings::Settings;
use crate::summary::Summaries;
use crate::tenant_view::TenantViews;
use crate::transcription::{Stenographer, Transcriber};
use crate::turn::{self, CheckedAgainst, Outlet, TurnRequest};

/// Deltas a slow reader may lag behind before the turn waits for it.
const STREAM_BUFFER: usize = 64;

/// Requests that may wait for a place: as many as may wait for a provider (`RouterConfig::max_queue`).
const MAX_WAITING: usize = 1_000;
/// Desks for each processor. One would leave it idle while a turn waits for the database; more let the work that waits
/// for the processor grow, where nobody can be served in turn (docs/benchmarks.md, one noisy tenant).
const DESKS_PER_PROCESSOR: usize = 2;

/// What every turn works with.
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn Storage>,
    pub(crate) router: Router,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) catalog: Arc<ModelCatalog>,
    pub(crate) tenants: TenantViews,
    pub(crate) intent_models: IntentModels,
    pub(crate) lanes: Lanes,
    pub(crate) limits: Limits,
    /// Places for requests in work.
    pub(crate) places: Turnstile,
    /// Places for those that work on this machine and do not wait for a model.
    pub(crate) desks: Turnstile,
    /// `None`: no answer is given twice.
    pub(crate) answer_cache: Option<AnswerCache>,
    pub(crate) custom_analyses: CustomAnalyses,
    /// `None`: no text goes to a moderation model.
    pub(crate) second_opinion: Option<SecondOpinion>,
    /// `None`: recordings stay unheard.
    pub(crate) stenographer: Option<Stenographer>,
    pub(crate) summaries: Summaries,
    pub(crate) events: Events,
    /// Turns in flight and background summaries; drained at shutdown.
    pub(crate) tasks: TaskTracker,
    provider_names: Vec<String>,
    /// Names of the providers that cost nothing.
    local_providers: Vec<String>,
    max_attempts: u32,
}

impl Engine {
    /// Time left until a deadline.
    pub(crate) fn time_left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }
}

/// The assistant: chat, analysis, prompts, usage. `Clone`, `Send`, `Sync`; needs a running tokio runtime.
#[derive(Clone)]
pub struct Assistant {
    engine: Arc<Engine>,
}

impl std::fmt::Debug for Assistant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assistant").field("providers", &self.engine.provider_names).finish_non_exhaustive()
    }
}

/// Puts an [`Assistant`] together. Only the store is required.
pub struct AssistantBuilder {
    store: Arc<dyn Storage>,
    providers: Vec<Arc<dyn AIProviderTrait>>,
    router: RouterConfig,
    settings: Settings,
    catalog: ModelCatalog,
    analyses: CustomAnalyses,
    moderator: Option<Arc<dyn Moderator>>,
    transcriber: Option<Arc<dyn Transcriber>>,
    own_keys: Option<Arc<dyn OwnKeys>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl AssistantBuilder {
    /// Adds a provider.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn AIProviderTrait>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Order, weights, attempts and breakers.
    #[must_use]
    pub fn router(mut self, config: RouterConfig) -> Self {
        self.router = config;
        self
    }

    /// Limits and defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Model facts and prices.
    #[must_use]
    pub fn catalog(mut self, catalog: ModelCatalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Adds a type of analysis.
    ///
    /// # Errors
    /// [`AIError::Configuration`] when its name is not one, built in or taken, or its schema is not strict.
    pub fn analysis(mut self, analysis: Arc<dyn CustomAnalysis>) -> Result<Self, AIError> {
        self.analyses.add(analysis)?;
        Ok(self)
    }

    /// Gives second opinions on messages that the content filter is in doubt about; their text goes to it.
    #[must_use]
    pub fn moderator(mut self, moderator: Arc<dyn Moderator>) -> Self {
        self.moderator = Some(moderator);
        self
    }

    /// Writes down what customers say; their recordings go to it.
    #[must_use]
    pub fn transcriber(mut self, transcriber: Arc<dyn Transcriber>) -> Self {
        self.transcriber = Some(transcriber);
        self
    }

    /// Asks providers with the tenants' own keys where they have some, and then never with the server's.
    #[must_use]
    pub fn own_keys(mut self, own_keys: Arc<dyn OwnKeys>) -> Self {
        self.own_keys = Some(own_keys);
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another source of ids, for tests.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// The finished assistant. Loads the token table and the models, so that the first request does not.
    pub fn build(self) -> Assistant {
        pytake_tokenizer::load();
        pytake_understanding::message::load();
        let catalog = Arc::new(self.catalog);
        let is_remote = |p: &Arc<dyn AIProviderTrait>| p.place() == crate::provider::ProviderPlace::Remote;
        let has_remote = self.providers.iter().any(is_remote);
        let local_providers: Vec<String> = self
            .providers
            .iter()
            .filter(|p| p.place() == crate::provider::ProviderPlace::Local)
            .map(|p| p.name().to_owned())
            .collect();
        let max_attempts = self.router.max_attempts;
        let (timeout, breaker) = (self.settings.moderation_timeout, self.router.breaker);
        let second_opinion = self
            .moderator
            .map(|moderator| SecondOpinion::new(moderator, timeout, breaker, Arc::clone(&self.clock)));
        let timeout = self.settings.transcription_timeout;
        let stenographer = self
            .transcriber
            .map(|transcriber| Stenographer::new(transcriber, timeout, breaker, Arc::clone(&self.clock)));
        let router = Router::new(self.providers, self.router, Arc::clone(&self.clock), Arc::clone(&catalog));
        let limits = Limits::new(Arc::clone(&self.clock));
        let places = self.settings.concurrent_requests as usize;
        let events = Events::starting_at(self.clock.now());
        // What this machine answers costs nothing and is not kept.
        let bounds = self.settings.answer_cache.filter(|_| has_remote);
        let answer_cache = bounds.map(|bounds| AnswerCache::in_memory(bounds, Arc::clone(&self.clock)));
        let engine = Engine {
            answer_cache,
            provider_names: router.provider_names(),
            router,
            tenants: TenantViews::new(self.settings.filter_level, self.own_keys),
            intent_models: IntentModels::new(),
            settings: self.settings,
            store: self.store,
            clock: self.clock,
            ids: self.ids,
            catalog,
            lanes: Lanes::default(),
            limits,
            places: Turnstile::new("server", places, MAX_WAITING),
            desks: Turnstile::new("desk", desks(), places),
            custom_analyses: self.analyses,
            second_opinion,
            stenographer,
            summaries: Summaries::default(),
            events,
            tasks: TaskTracker::new(),
            local_providers,
            max_attempts,
        };
        Assistant { engine: Arc::new(engine) }
    }
}

impl Assistant {
    /// Starts with a store; add providers, then [`AssistantBuilder::build`].
    pub fn builder(store: Arc<dyn Storage>) -> AssistantBuilder {
        AssistantBuilder {
            store,
            providers: Vec::new(),
            router: RouterConfig::default(),
            settings: Settings::default(),
            catalog: ModelCatalog::default(),
            analyses: CustomAnalyses::default(),
            moderator: None,
            transcriber: None,
            own_keys: None,
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(UuidSource),
        }
    }

    /// Answers a message.
    ///
    /// # Errors
    /// Every kind of [`AIError`].
    ///
    /// # Cancel safety
    /// A dropped call does not stop the turn: it finishes within its deadline and is recorded, because what a
    /// provider has answered is paid for.
    pub async fn chat(&self, tenant: &TenantId, request: ChatRequest) -> Result<ChatResponse, AIError> {
        let request = self.check(tenant, request)?;
        let engine = Arc::clone(&self.engine);
        let turn = async move { run(&engine, request, Outlet::Whole).await.0 };
        Finishing::new(&self.engine.tasks, turn.in_current_span()).await?.of_caller()
    }

    /// Answers a message in pieces. Failures before the first piece are returned here, later ones are the
    /// stream's last event.
    ///
    /// # Errors
    /// As [`Assistant::chat`].
    pub async fn chat_stream(&self, tenant: &TenantId, request: ChatRequest) -> Result<ChatStream, AIError> {
        let request = self.check(tenant, request)?;
        let engine = Arc::clone(&self.engine);
        let (events, mut received) = mpsc::channel(STREAM_BUFFER);
        let task = async move {
            let (result, _) = run(&engine, request, Outlet::stream(events.clone())).await;
            let last = result.and_then(Answered::of_caller).map_or_else(ChatEvent::Error, ChatEvent::Done);
            // An error means the reader left; the turn is recorded all the same.
            let _ = events.send(last).await;
        };
        self.engine.tasks.spawn(task.in_current_span());
        match received.recv().await {
            Some(ChatEvent::Error(error)) => Err(error),
            Some(first) => {
                let rest = futures::stream::poll_fn(move |context| received.poll_recv(context));
                Ok(futures::stream::once(std::future::ready(first)).chain(rest).boxed())
            }
            None => {
                Err(AIError::ServiceUnavailable("the turn was stopped before it had an answer".to_owned()))
            }
        }
    }

    /// Forgets every answer of a tenant that was kept to be given again.
    pub async fn forget_kept_answers(&self, tenant: &TenantId) {
        if let Some(cache) = &self.engine.answer_cache {
            cache.forget(tenant).await;
        }
    }

    /// State of every provider.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        self.engine.router.status()
    }

    /// Waits for turns in flight and background work. New turns are still accepted; stop those first.
    pub async fn drain(&self) {
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
        self.engine.router.shutdown().await;
    }

    fn check(&self, tenant: &TenantId, request: ChatRequest) -> Result<TurnRequest, AIError> {
        TurnRequest::check(tenant.clone(), request, &self.checked_against())
    }

    fn checked_against(&self) -> CheckedAgainst<'_> {
        CheckedAgainst {
            settings: &self.engine.settings,
            providers: &self.engine.provider_names,
            arrived_at: self.engine.clock.now(),
            now: self.engine.clock.elapsed(),
            fresh_conversation: self.engine.ids.next(),
        }
    }
}

fn desks() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get) * DESKS_PER_PROCESSOR
}

/// Runs a turn in its conversation's lane.
async fn run(
    engine: &Arc<Engine>,
    request: TurnRequest,
    mut outlet: Outlet,
) -> (Result<Answered, AIError>, Outlet) {
    let pass = if request.is_new_conversation {
        None
    } else {
        let time_left = engine.time_left(request.deadline);
        match engine.lanes.enter(&request.tenant, &request.conversation, time_left).await {
            Ok(pass) => Some(pass),
            Err(error) => return (Err(error), outlet),
        }
    };
    let result = turn::turn(engine, request, &mut outlet).await;
    drop(pass);
    (result, outlet)
}
