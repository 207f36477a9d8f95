//! A channel for tests that writes everything as one text, with the choices below, and sends nothing. Also read by
//! `tests/it/channel.rs`.

use async_trait::async_trait;
use pytake_understanding::language::Language;

use super::{
    Accepted, FetchedMedia, MediaFailure, MediaKind, MediaRef, Messenger, NumberAccess, NumberHealth,
    OutboundContent, Recipient, SendFailure,
};

pub(crate) struct PlainMessenger;

#[async_trait]
impl Messenger for PlainMessenger {
    fn write(&self, text: &str, choices: &[String], _: Option<Language>) -> Vec<OutboundContent> {
        let lines = [text].into_iter().chain(choices.iter().map(String::as_str));
        let body = lines.collect::<Vec<_>>().join("\n");
        vec![OutboundContent::Text { body, preview_url: false }]
    }

    async fn send(
        &self,
        _: &NumberAccess,
        _: &Recipient,
        _: &OutboundContent,
        _: &str,
    ) -> Result<Accepted, SendFailure> {
        unreachable!("no turn sends")
    }

    async fn mark_read(&self, _: &NumberAccess, _: &str, _: bool) -> Result<(), SendFailure> {
        unreachable!("no turn marks")
    }

    async fn fetch(
        &self,
        _: &NumberAccess,
        _: MediaKind,
        _: &MediaRef,
    ) -> Result<FetchedMedia, MediaFailure> {
        unreachable!("no turn fetches")
    }

    async fn health(&self, _: &NumberAccess, _: Option<&str>) -> Result<NumberHealth, SendFailure> {
        unreachable!("no turn asks")
    }
}
