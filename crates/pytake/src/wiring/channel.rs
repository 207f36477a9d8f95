//! Builds the WhatsApp channel: Meta's client, and what lies between them and the engine.

use std::sync::Arc;

use pytake_assistant::AIError;
use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::{TenantId, UuidSource};
use pytake_inbox::{Channel, ChannelSettings, NewNumber};
use pytake_server::Batches;
use pytake_store::NumberSettings;
use pytake_whatsapp::{WhatsApp, WhatsAppConfig};

use super::{Wired, WiringError};
use crate::config::Config;

/// Makes the WhatsApp channel. Calls nobody; nothing runs in it until it is told to.
///
/// # Errors
/// [`WiringError`] naming the variable behind what cannot be built.
pub fn channel(config: &Config, wired: &Wired) -> Result<Channel, WiringError> {
    let whatsapp = &config.whatsapp;
    let defaults = WhatsAppConfig::default();
    let meta = WhatsApp::new(WhatsAppConfig {
        base_url: whatsapp.base_url.clone().unwrap_or(defaults.base_url),
        version: whatsapp.version.clone(),
        media_hosts: defaults.media_hosts,
        connect_timeout: defaults.connect_timeout,
        request_timeout: defaults.request_timeout,
        media_timeout: defaults.media_timeout,
    })
    .map_err(|error| WiringError::Channel(error.to_string()))?;
    let (app_secret, verify_token) = match &whatsapp.number {
        Some(number) => (Some(number.app_secret.clone()), Some(number.verify_token.clone())),
        None => (None, None),
    };
    let sealer = Arc::clone(&wired.sealer);
    let channel = Channel::builder(&wired.store, wired.assistant.clone(), Arc::new(meta), sealer)
        .webhook_secrets(app_secret, verify_token)
        .settings(ChannelSettings {
            quiet: whatsapp.quiet,
            quiet_at_most: whatsapp.quiet_at_most,
            unknown_after: whatsapp.report_wait,
            lease: ChannelSettings::lease_for(config.settings.request_timeout),
            ..ChannelSettings::default()
        })
        .build();
    Ok(channel)
}

/// Makes the batches. Nothing runs in them until they are told to.
pub fn batches(config: &Config, wired: &Wired) -> Batches {
    Batches::new(
        wired.assistant.clone(),
        Arc::clone(&wired.store) as _,
        Arc::new(SystemClock::new()),
        Arc::new(UuidSource),
        config.settings.request_timeout,
    )
}

/// Makes the number of the environment known, where there is one.
///
/// # Errors
/// The number is another tenant's, or the database failed.
pub async fn adopt_number(config: &Config, channel: &Channel) -> Result<(), AIError> {
    let Some(number) = &config.whatsapp.number else { return Ok(()) };
    let new = NewNumber {
        number: number.number.clone(),
        tenant: TenantId::default_tenant(),
        account: number.account.clone(),
        display_number: None,
        access_token: Some(number.access_token.clone()),
        app_secret: None,
        verify_token: None,
        settings: NumberSettings::default(),
    };
    channel.adopt_number(new).await
}
