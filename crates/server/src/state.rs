//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use pytake_assistant::service::Assistant;
use pytake_assistant::{Clock, IdSource};
use pytake_inbox::Channel;
use pytake_store::{Access, Health, Privacy, ProviderKeyring};

use crate::auth::AuthMode;
use crate::batch::Batches;
use crate::cors::CorsOrigins;
use crate::routes::Watchers;

/// What the edge itself asks of a store; conversations and usage go through the assistant.
pub trait ServerStore: Access + Health + Privacy + Send + Sync + 'static {}

impl<T: Access + Health + Privacy + Send + Sync + 'static> ServerStore for T {}

/// The parts of a running server. Cloning costs two reference counts.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
    watchers: Watchers,
}

/// See [`AppState::new`].
pub struct Parts {
    /// The engine.
    pub assistant: Assistant,
    /// The messaging channel.
    pub channel: Channel,
    /// Batches; nothing runs in them until they are told to.
    pub batches: Batches,
    /// Keys, operators, sessions, the audit log, and health.
    pub store: Arc<dyn ServerStore>,
    /// The tenants' own keys at vendors.
    pub provider_keys: ProviderKeyring,
    /// Whether a key is always needed.
    pub auth: AuthMode,
    /// Pages of other origins that may use the API from a browser.
    pub cors_origins: CorsOrigins,
    /// For key expiry and durations.
    pub clock: Arc<dyn Clock>,
    /// For request ids.
    pub ids: Arc<dyn IdSource>,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), watchers: Watchers::default() }
    }

    /// Who watches the events.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.watchers
    }
}

impl Deref for AppState {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}
