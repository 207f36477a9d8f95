//! OpenAI: chat completions at OpenAI itself, and its moderation.

mod moderation;

pub use moderation::{OPENAI_MODERATION_MODEL, OpenAIModerator};

use std::fmt;

use async_trait::async_trait;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, Destination, ProviderFailure,
};
use secrecy::{ExposeSecret, SecretString};

use crate::chat_completions::ChatCompletions;
use crate::dialect;
use crate::error::ConfigError;
use crate::exchange::Exchange;

/// The small current model.
pub const DEFAULT_OPENAI_MODEL: &str = "gpt-6-luna";
/// With the version path, as OpenAI's own SDKs read `OPENAI_BASE_URL`.
pub const DEFAULT_OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// How to reach OpenAI.
#[derive(Debug, Clone)]
pub struct OpenAIConfig {
    /// The key; the provider is unavailable where it is empty.
    pub api_key: SecretString,
    /// Ends in `/v1`.
    pub base_url: String,
    /// The model where the caller names none.
    pub default_model: String,
    /// Requests a minute; `None`: no limit of ours.
    pub rate_limit: Option<u32>,
}

impl OpenAIConfig {
    /// OpenAI itself, with the default model and 60 requests a minute (`AI_OPENAI_RATE_LIMIT`).
    pub fn new(api_key: impl Into<SecretString>) -> Self {
        Self {
            api_key: api_key.into(),
            base_url: DEFAULT_OPENAI_BASE_URL.to_owned(),
            default_model: DEFAULT_OPENAI_MODEL.to_owned(),
            rate_limit: Some(60),
        }
    }
}

/// OpenAI's models.
///
/// The dialect is OpenAI's whatever the base URL, so that a gateway in front of it works; another server
/// behind that variable is better configured as a [`crate::CompatibleProvider`].
pub struct OpenAIProvider {
    exchange: Exchange<ChatCompletions>,
    default_model: String,
    rate_limit: Option<u32>,
    has_key: bool,
}

impl OpenAIProvider {
    /// Prepares the client; connects to nothing yet.
    ///
    /// # Errors
    /// A base URL or key that cannot be used, or certificates that cannot be read.
    pub fn new(config: OpenAIConfig) -> Result<Self, ConfigError> {
        let dialect = dialect::named("openai")?;
        let key = Some(&config.api_key);
        Ok(Self {
            exchange: ChatCompletions::connect("openai", &config.base_url, key, dialect, None)?,
            default_model: config.default_model,
            rate_limit: config.rate_limit,
            has_key: !config.api_key.expose_secret().trim().is_empty(),
        })
    }
}

impl fmt::Debug for OpenAIProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAIProvider")
            .field("url", &self.exchange.url().as_str())
            .field("default_model", &self.default_model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AIProviderTrait for OpenAIProvider {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn default_model(&self) -> &str {
        &self.default_model
    }

    fn is_available(&self) -> bool {
        self.has_key
    }

    fn rate_limit(&self) -> Option<u32> {
        self.rate_limit
    }

    fn takes_own_keys(&self) -> bool {
        true
    }

    fn destination(&self) -> Destination {
        self.exchange.destination()
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        self.exchange.complete(&request).await
    }

    async fn chat_completion_stream(
        &self,
        request: CompletionRequest,
    ) -> Result<CompletionStream, ProviderFailure> {
        self.exchange.stream(&request).await
    }
}
