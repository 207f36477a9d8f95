//! Servers that speak OpenAI's chat completions in a dialect of their own: Ollama, vLLM, llama.cpp, Groq,
//! Mistral, Gemini, DeepSeek, OpenRouter, Azure, and whatever else does.

use std::fmt;

use async_trait::async_trait;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, Destination, ProviderFailure,
};
use secrecy::SecretString;

use crate::chat_completions::ChatCompletions;
use crate::dialect;
use crate::error::ConfigError;
use crate::exchange::Exchange;

/// How to reach a compatible server.
#[derive(Debug, Clone)]
pub struct CompatibleConfig {
    /// The operator's name for it, used in requests, metrics and the price table.
    pub name: String,
    /// With the version path: `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The key, where the server wants one.
    pub api_key: Option<SecretString>,
    /// The model where the caller names none.
    pub model: String,
    /// Requests a minute; `None`: no limit of ours.
    pub rate_limit: Option<u32>,
    /// A name of `data/dialects.json`; `None`: told by the address, else `generic`.
    pub dialect: Option<String>,
    /// Whether its models read pictures; `None`: as far as it is known here, which is not for most.
    pub reads_images: Option<bool>,
}

/// A compatible server.
pub struct CompatibleProvider {
    name: String,
    exchange: Exchange<ChatCompletions>,
    model: String,
    rate_limit: Option<u32>,
}

impl CompatibleProvider {
    /// Prepares the client; connects to nothing yet.
    ///
    /// # Errors
    /// An unknown dialect, a base URL or key that cannot be used, or certificates that cannot be read.
    pub fn new(config: CompatibleConfig) -> Result<Self, ConfigError> {
        let dialect = dialect::of_server(config.dialect.as_deref(), &config.base_url)?;
        let key = config.api_key.as_ref();
        Ok(Self {
            exchange: ChatCompletions::connect(
                &config.name,
                &config.base_url,
                key,
                dialect,
                config.reads_images,
            )?,
            name: config.name,
            model: config.model,
            rate_limit: config.rate_limit,
        })
    }
}

impl fmt::Debug for CompatibleProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompatibleProvider")
            .field("name", &self.name)
            .field("url", &self.exchange.url().as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl AIProviderTrait for CompatibleProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn default_model(&self) -> &str {
        &self.model
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
