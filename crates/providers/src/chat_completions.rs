//! The chat-completions wire, as OpenAI defined it and as others speak it.

mod answer;
mod request;

use pytake_assistant::provider::{Completion, CompletionRequest, Destination, ProviderFailure};
use secrecy::SecretString;

use crate::capabilities::{self, Capabilities};
use crate::dialect::Dialect;
use crate::error::ConfigError;
use crate::exchange::{Exchange, Wire};
use crate::http::{Endpoint, KeyHeader, host};
use crate::refused::{Parameter, Refused};

/// The wire in one dialect.
#[derive(Debug)]
pub(crate) struct ChatCompletions {
    dialect: &'static Dialect,
    models: &'static [Capabilities],
    /// The operator's word on whether models of this server read pictures; `None`: as the tables say.
    reads_images: Option<bool>,
}

impl ChatCompletions {
    pub(crate) fn new(dialect: &'static Dialect, reads_images: Option<bool>) -> Self {
        Self { dialect, models: dialect.capabilities.map_or(&[], capabilities::family), reads_images }
    }

    /// The wire with its endpoint below a base URL.
    pub(crate) fn connect(
        provider: &str,
        base_url: &str,
        key: Option<&SecretString>,
        dialect: &'static Dialect,
        reads_images: Option<bool>,
    ) -> Result<Exchange<Self>, ConfigError> {
        let place = dialect.key_header.map_or(KeyHeader::Bearer, KeyHeader::Named);
        let endpoint = Endpoint::new(provider, base_url, "chat/completions", (place, key), &[])?;
        Ok(Exchange::new(endpoint, Self::new(dialect, reads_images)))
    }
}

impl Exchange<ChatCompletions> {
    /// Where the calls go, and with which fields against storing and training.
    pub(crate) fn destination(&self) -> Destination {
        let dialect = self.wire().dialect;
        Destination {
            host: host(self.url()),
            has_key: self.has_key(),
            sends_pseudonym: dialect.user_field.is_some(),
            privacy_fields: dialect.privacy.clone(),
            is_privacy_refused: dialect.privacy_is_optional && self.has_refused(Parameter::Privacy),
        }
    }
}

impl Wire for ChatCompletions {
    type Request<'a> = request::Body<'a>;
    type Builder = answer::Builder;

    const REQUEST_ID: &'static str = "x-request-id";

    fn request<'a>(
        &'a self,
        request: &'a CompletionRequest,
        is_streamed: bool,
        refused: Refused,
    ) -> request::Body<'a> {
        let capabilities = capabilities::of(self.models, &request.model);
        let reads_images = self
            .reads_images
            .unwrap_or_else(|| capabilities.map_or(self.dialect.reads_images, |model| model.reads_images));
        request::Body::new(request, is_streamed, self.dialect, capabilities, reads_images, refused)
    }

    fn read(&self, body: &[u8]) -> Result<Completion, ProviderFailure> {
        answer::read(body, self.dialect)
    }

    fn builder(&self) -> answer::Builder {
        answer::Builder::new(self.dialect)
    }
}
