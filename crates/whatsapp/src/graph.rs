//! Meta's Graph API as a [`Messenger`]: one call each, no retries, no waiting.
//!
//! The path of every call is: a body (`send.rs`), the exchange (`graph/exchange.rs`), and what the answer says
//! (`graph/answer.rs`). The token is shown to the configured host and, for files, to the hosts of files only.

mod answer;
mod client;
mod config;
mod exchange;

use async_trait::async_trait;
use pytake_assistant::channel::{
    Accepted, FetchedMedia, MediaFailure, MediaKind, MediaRef, Messenger, NumberAccess, NumberHealth,
    OutboundContent, Recipient, SendFailure,
};
use pytake_understanding::language::Language;
use secrecy::SecretString;
use serde_json::Value;

pub(crate) use answer::read as read_answer;
pub(crate) use config::Hosts;
pub use config::{ConfigError, WhatsAppConfig};
pub(crate) use exchange::{Exchange, Reply, is_plain_id, own_failure};

use crate::{format, media, send};

/// WhatsApp by Meta's Cloud API.
#[derive(Debug)]
pub struct WhatsApp {
    exchange: Exchange,
    hosts: Hosts,
    config: WhatsAppConfig,
    /// Of the address that is called.
    host: Option<String>,
}

impl WhatsApp {
    /// Prepares the client; nothing is called.
    ///
    /// # Errors
    /// An address or a version that cannot work, named by its variable, or encryption that cannot be set up.
    pub fn new(config: WhatsAppConfig) -> Result<Self, ConfigError> {
        let root = config.root()?;
        let hosts = config.hosts()?;
        let port = root.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = root.host_str().map(|host| format!("{host}{port}"));
        let exchange = Exchange::new(root, &config)?;
        Ok(Self { exchange, hosts, config, host })
    }

    async fn asked(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &SecretString,
    ) -> Result<Value, SendFailure> {
        let reply = self.exchange.get(path, query, token).await?;
        answer::read(&reply)
    }
}

#[async_trait]
impl Messenger for WhatsApp {
    fn write(&self, text: &str, choices: &[String], language: Option<Language>) -> Vec<OutboundContent> {
        format::write(text, choices, language)
    }

    fn host(&self) -> Option<String> {
        self.host.clone()
    }

    async fn send(
        &self,
        from: &NumberAccess,
        to: &Recipient,
        content: &OutboundContent,
        callback: &str,
    ) -> Result<Accepted, SendFailure> {
        let body = send::message(to, content, callback)?;
        let reply = self.exchange.post(&path(from), &body, &from.access_token).await?;
        answer::accepted(&reply)
    }

    async fn mark_read(
        &self,
        from: &NumberAccess,
        message_id: &str,
        with_typing: bool,
    ) -> Result<(), SendFailure> {
        let body = send::read_mark(message_id, with_typing);
        let reply = self.exchange.post(&path(from), &body, &from.access_token).await?;
        answer::succeeded(&reply)
    }

    async fn fetch(
        &self,
        from: &NumberAccess,
        kind: MediaKind,
        media: &MediaRef,
    ) -> Result<FetchedMedia, MediaFailure> {
        let work = media::fetch(&self.exchange, &self.hosts, from, kind, media);
        match tokio::time::timeout(self.config.media_timeout, work).await {
            Ok(fetched) => fetched,
            Err(_) => Err(MediaFailure::Temporary("the file did not arrive in time".to_owned())),
        }
    }

    async fn health(&self, of: &NumberAccess, account: Option<&str>) -> Result<NumberHealth, SendFailure> {
        const FIELDS: &[(&str, &str)] = &[("fields", "display_phone_number,verified_name,quality_rating")];
        let number = self.asked(of.number.as_str(), FIELDS, &of.access_token).await;
        let number = number.map_err(exchange::as_question)?;
        let text = |field: &str| number.get(field).and_then(Value::as_str).map(str::to_owned);
        Ok(NumberHealth {
            display_number: text("display_phone_number"),
            verified_name: text("verified_name"),
            quality: text("quality_rating"),
            is_subscribed: self.is_subscribed(account, &of.access_token).await,
        })
    }
}

impl WhatsApp {
    /// Whether any app gets the account's webhooks; a token may lack the right to ask, which says nothing.
    async fn is_subscribed(&self, account: Option<&str>, token: &SecretString) -> Option<bool> {
        let account = account.filter(|account| is_plain_id(account))?;
        let apps = self.asked(&format!("{account}/subscribed_apps"), &[], token).await.ok()?;
        Some(!apps.get("data")?.as_array()?.is_empty())
    }
}

fn path(from: &NumberAccess) -> String {
    format!("{}/messages", from.number)
}
