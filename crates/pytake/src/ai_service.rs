//! `AIService`: the engine for programs that bring their own server, or none.

use std::sync::Arc;

use pytake_assistant::channel::Attachment;
use pytake_assistant::error::AIError;
use pytake_assistant::id::{PromptId, TenantId, UserId};
use pytake_assistant::prompts::CustomPrompt;
use pytake_assistant::service::{PromptDraft, RenderRequest, RenderedPrompt, UserUsageReport};
use pytake_assistant::{
    AIProviderTrait, AnalyzeRequest, AnalyzeResponse, Assistant, Author, ChatRequest, ChatResponse,
    ChatStream, ClassifyRequest, ClassifyResponse, CustomAnalysis, ModerateRequest, ModerateResponse,
    Moderator, Settings, TranscribeResponse, Transcriber, TranslateRequest, TranslateResponse,
};
use pytake_providers::LocalProvider;
use pytake_store_sqlite::SqliteStore;
use pytake_understanding::language::Language;
use serde_json::{Map, Value};

use crate::config::{Config, Database, Source};
use crate::demo::demo_shop;
use crate::wiring;

/// Answers, analyses and accounts, for one tenant. `Clone + Send + Sync`; cheap to clone; needs a tokio runtime.
///
/// It has no web framework in its signature: any server can hold it, see the examples.
#[derive(Clone, Debug)]
pub struct AIService {
    state: Result<Ready, Arc<str>>,
}

#[derive(Clone, Debug)]
struct Ready {
    assistant: Assistant,
    tenant: TenantId,
}

/// Puts an [`AIService`] together without reading the environment.
#[derive(Default)]
pub struct AIServiceBuilder {
    providers: Vec<Arc<dyn AIProviderTrait>>,
    analyses: Vec<Arc<dyn CustomAnalysis>>,
    moderator: Option<Arc<dyn Moderator>>,
    transcriber: Option<Arc<dyn Transcriber>>,
    settings: Settings,
    store: Option<SqliteStore>,
    with_demo: bool,
}

impl AIServiceBuilder {
    /// Adds a provider; the first one added is asked first. The local one is always there, and last.
    #[must_use]
    pub fn provider(mut self, provider: impl AIProviderTrait) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }

    /// Adds a type of analysis, which requests name as [`AnalysisType::Custom`](crate::AnalysisType::Custom).
    #[must_use]
    pub fn analysis(mut self, analysis: impl CustomAnalysis) -> Self {
        self.analyses.push(Arc::new(analysis));
        self
    }

    /// Gives second opinions on messages that the content filter is in doubt about; their text goes to it.
    #[must_use]
    pub fn moderator(mut self, moderator: impl Moderator) -> Self {
        self.moderator = Some(Arc::new(moderator));
        self
    }

    /// Writes recordings down; they go to it.
    #[must_use]
    pub fn transcriber(mut self, transcriber: impl Transcriber) -> Self {
        self.transcriber = Some(Arc::new(transcriber));
        self
    }

    /// Limits and defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Keeps data in this store; without one it is kept in memory and gone at the end.
    #[must_use]
    pub fn store(mut self, store: SqliteStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Starts with the demo shop's approved answers, when the store is new.
    #[must_use]
    pub fn demo_shop(mut self) -> Self {
        self.with_demo = true;
        self
    }

    /// The finished service.
    ///
    /// # Errors
    /// [`AIError::Configuration`] when no store can be made in memory, or an analysis cannot be added (its name is not
    /// one, built in or taken, or its schema is not strict); [`AIError::Storage`] when the demo shop cannot be written.
    pub fn build(self) -> Result<AIService, AIError> {
        let store = match self.store {
            Some(store) => store,
            None => SqliteStore::in_memory().map_err(|error| AIError::Configuration(error.to_string()))?,
        };
        if self.with_demo {
            let (profile, answers) = demo_shop();
            futures::executor::block_on(store.seed_if_new(&profile, &answers))?;
        }
        let order = self.providers.iter().map(|provider| provider.name().to_owned()).collect();
        let mut builder = Assistant::builder(Arc::new(store))
            .settings(self.settings)
            .catalog(pytake_providers::catalog())
            .router(pytake_assistant::router::RouterConfig { order, ..Default::default() });
        for provider in self.providers {
            builder = builder.provider(provider);
        }
        for analysis in self.analyses {
            builder = builder.analysis(analysis)?;
        }
        if let Some(moderator) = self.moderator {
            builder = builder.moderator(moderator);
        }
        if let Some(transcriber) = self.transcriber {
            builder = builder.transcriber(transcriber);
        }
        let assistant = builder.provider(Arc::new(LocalProvider::new())).build();
        Ok(AIService::of(assistant, TenantId::default_tenant()))
    }
}

impl Default for AIService {
    fn default() -> Self {
        Self::new()
    }
}

impl AIService {
    /// Reads the environment, as the server does. Without `DATABASE_URL` nothing is kept on disk.
    ///
    /// A configuration that cannot work does not panic: every call then answers
    /// [`AIError::Configuration`], which names the variable. [`AIService::from_env`] says so at once.
    pub fn new() -> Self {
        Self::from_env().unwrap_or_else(|error| Self { state: Err(error.to_string().into()) })
    }

    /// As [`AIService::new`], with the error.
    ///
    /// # Errors
    /// [`AIError::Configuration`] naming each malformed variable, or the database that cannot be opened.
    pub fn from_env() -> Result<Self, AIError> {
        let invalid = |why: String| AIError::Configuration(why);
        let source = Source::from_env().map_err(|error| invalid(error.to_string()))?;
        let mut config = Config::from_source(&source).map_err(|error| invalid(error.to_string()))?;
        if !source.is_set("DATABASE_URL") {
            config.database = Database::Memory;
        }
        let wired = wiring::wire(&config).map_err(|error| invalid(error.to_string()))?;
        Ok(Self::of(wired.assistant, TenantId::default_tenant()))
    }

    /// Starts without the environment.
    pub fn builder() -> AIServiceBuilder {
        AIServiceBuilder::default()
    }

    fn of(assistant: Assistant, tenant: TenantId) -> Self {
        Self { state: Ok(Ready { assistant, tenant }) }
    }

    /// The same service for another tenant of the same store.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { state: self.state.clone().map(|ready| Ready { tenant, ..ready }) }
    }

    fn ready(&self) -> Result<&Ready, AIError> {
        self.state.as_ref().map_err(|why| AIError::Configuration(why.to_string()))
    }

    /// Answers a message.
    ///
    /// # Errors
    /// Every kind of [`AIError`].
    pub async fn chat(&self, request: ChatRequest) -> Result<ChatResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.chat(&ready.tenant, request).await
    }

    /// Answers a message in pieces.
    ///
    /// # Errors
    /// As [`AIService::chat`], before the first piece; later failures are the stream's last event.
    pub async fn chat_stream(&self, request: ChatRequest) -> Result<ChatStream, AIError> {
        let ready = self.ready()?;
        ready.assistant.chat_stream(&ready.tenant, request).await
    }

    /// Analyses a message.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`], [`AIError::ServiceUnavailable`] where nothing configured can.
    pub async fn analyze(&self, request: AnalyzeRequest) -> Result<AnalyzeResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.analyze(&ready.tenant, request).await
    }

    /// Finds the intent of a message.
    ///
    /// # Errors
    /// As [`AIService::analyze`].
    pub async fn classify_intent(&self, request: ClassifyRequest) -> Result<ClassifyResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.classify_intent(&ready.tenant, request).await
    }

    /// Says whether a chat would stop a message, and why.
    ///
    /// # Errors
    /// As [`Assistant::moderate`].
    pub async fn moderate(&self, request: ModerateRequest) -> Result<ModerateResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.moderate(&ready.tenant, request).await
    }

    /// Says a message in another language.
    ///
    /// # Errors
    /// As [`Assistant::translate`].
    pub async fn translate(&self, request: TranslateRequest) -> Result<TranslateResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.translate(&ready.tenant, request).await
    }

    /// Writes down what a user says in a recording; see [`Assistant::transcribe`].
    ///
    /// # Errors
    /// As [`Assistant::transcribe`].
    pub async fn transcribe(
        &self,
        user: &UserId,
        audio: Attachment,
        language: Option<Language>,
    ) -> Result<TranscribeResponse, AIError> {
        let ready = self.ready()?;
        ready.assistant.transcribe(&ready.tenant, user, audio, language).await
    }

    /// Makes a custom prompt.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when the name is taken.
    pub async fn create_prompt(&self, draft: PromptDraft) -> Result<CustomPrompt, AIError> {
        let ready = self.ready()?;
        ready.assistant.create_prompt(&ready.tenant, draft, &Author::open()).await
    }

    /// All custom prompts, by name.
    ///
    /// # Errors
    /// [`AIError::Storage`].
    pub async fn prompts(&self) -> Result<Vec<CustomPrompt>, AIError> {
        let ready = self.ready()?;
        ready.assistant.prompts(&ready.tenant).await
    }

    /// Fills a prompt's places, for a preview.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming missing and unknown variables; [`AIError::NotFound`].
    pub async fn render_prompt(
        &self,
        id: &PromptId,
        variables: &Map<String, Value>,
    ) -> Result<RenderedPrompt, AIError> {
        let ready = self.ready()?;
        let request = RenderRequest { variables: variables.clone(), ..RenderRequest::default() };
        ready.assistant.render_prompt(&ready.tenant, id, request, None).await
    }

    /// What a customer used.
    ///
    /// # Errors
    /// [`AIError::UserNotFound`]; [`AIError::InvalidRequest`] for an id that cannot be one.
    pub async fn usage(&self, user_id: &str) -> Result<UserUsageReport, AIError> {
        let ready = self.ready()?;
        let user = UserId::new(user_id).map_err(|why| AIError::invalid("user_id", why.to_string()))?;
        ready.assistant.user_usage(&ready.tenant, &user).await
    }

    /// The engine itself: conversations, approved answers, providers' state.
    ///
    /// # Errors
    /// [`AIError::Configuration`] when there is none.
    pub fn assistant(&self) -> Result<&Assistant, AIError> {
        Ok(&self.ready()?.assistant)
    }
}
