//! Anthropic: Claude through the Messages API.

mod answer;
mod request;

use std::fmt;

use async_trait::async_trait;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, Destination, ProviderFailure,
};
use secrecy::{ExposeSecret, SecretString};

use crate::capabilities;
use crate::error::ConfigError;
use crate::exchange::{Exchange, Wire};
use crate::http::{Endpoint, KeyHeader, host};
use crate::refused::Refused;

/// The small current Claude.
pub const DEFAULT_ANTHROPIC_MODEL: &str = "claude-haiku-5-5";
/// Without the version path, as Anthropic's own SDKs read `ANTHROPIC_BASE_URL`.
pub const DEFAULT_ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com";
/// The version that refuses sampling parameters; what we never send with it.
pub const DEFAULT_ANTHROPIC_VERSION: &str = "2026-10-21";

/// The last version under which sampling parameters may be sent, to models that take them.
const SAMPLING_VERSION: &str = "2023-06-01";

/// How to reach Anthropic.
#[derive(Debug, Clone)]
pub struct AnthropicConfig {
    /// The key; the provider is unavailable where it is empty.
    pub api_key: SecretString,
    /// Without `/v1`; a trailing `/v1` is understood as well.
    pub base_url: String,
    /// The model where the caller names none.
    pub default_model: String,
    /// Requests a minute; `None`: no limit of ours.
    pub rate_limit: Option<u32>,
    /// The `anthropic-version` header, for gateways that know only an older one.
    pub version: String,
}

impl AnthropicConfig {
    /// Anthropic itself, with the default model and 50 requests a minute (`AI_ANTHROPIC_RATE_LIMIT`).
    pub fn new(api_key: impl Into<SecretString>) -> Self {
        Self {
            api_key: api_key.into(),
            base_url: DEFAULT_ANTHROPIC_BASE_URL.to_owned(),
            default_model: DEFAULT_ANTHROPIC_MODEL.to_owned(),
            rate_limit: Some(50),
            version: DEFAULT_ANTHROPIC_VERSION.to_owned(),
        }
    }
}

/// Claude.
pub struct AnthropicProvider {
    exchange: Exchange<Messages>,
    default_model: String,
    rate_limit: Option<u32>,
    has_key: bool,
}

impl AnthropicProvider {
    /// Prepares the client; connects to nothing yet.
    ///
    /// # Errors
    /// A base URL, key or version that cannot be used, or certificates that cannot be read.
    pub fn new(config: AnthropicConfig) -> Result<Self, ConfigError> {
        let trimmed = config.base_url.trim().trim_end_matches('/');
        let base_url = trimmed.strip_suffix("/v1").unwrap_or(trimmed);
        let key = (KeyHeader::Named("x-api-key"), Some(&config.api_key));
        let version = [("anthropic-version", config.version.as_str())];
        let endpoint = Endpoint::new("anthropic", base_url, "v1/messages", key, &version)?;
        let takes_sampling = config.version == SAMPLING_VERSION;
        Ok(Self {
            exchange: Exchange::new(endpoint, Messages { takes_sampling }),
            default_model: config.default_model,
            rate_limit: config.rate_limit,
            has_key: !config.api_key.expose_secret().trim().is_empty(),
        })
    }
}

impl fmt::Debug for AnthropicProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnthropicProvider")
            .field("url", &self.exchange.url().as_str())
            .field("default_model", &self.default_model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AIProviderTrait for AnthropicProvider {
    fn name(&self) -> &'static str {
        "anthropic"
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
        Destination {
            host: host(self.exchange.url()),
            has_key: self.has_key,
            sends_pseudonym: true,
            ..Destination::default()
        }
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

/// The Messages wire.
#[derive(Debug)]
pub(crate) struct Messages {
    takes_sampling: bool,
}

impl Wire for Messages {
    type Request<'a> = request::Body<'a>;
    type Builder = answer::Builder;

    const REQUEST_ID: &'static str = "request-id";

    fn request<'a>(
        &'a self,
        request: &'a CompletionRequest,
        is_streamed: bool,
        refused: Refused,
    ) -> request::Body<'a> {
        let capabilities = capabilities::of(capabilities::family("anthropic"), &request.model);
        request::Body::new(request, is_streamed, self.takes_sampling, capabilities, refused)
    }

    fn read(&self, body: &[u8]) -> Result<Completion, ProviderFailure> {
        answer::read(body)
    }

    fn builder(&self) -> answer::Builder {
        answer::Builder::default()
    }
}
