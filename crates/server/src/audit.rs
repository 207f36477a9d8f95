//! Writes the audit log: every change, and every look at a conversation.
//!
//! What is written follows from method and route alone, so a new route is in it without anybody thinking of it. Who it
//! was is told by `Authorized` through a [`Witness`] in the request. Bodies are never written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::RequestExt;
use axum::extract::{RawPathParams, Request};
use axum::http::{Method, StatusCode};
use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_store::AuditEntry;
use tracing::error;

use crate::metrics;
use crate::request_id::RequestId;
use crate::serve::Peer;
use crate::state::AppState;

/// Turns change nothing but their conversation, which has its own record; they write nothing here.
const TURNS: [&str; 7] = [
    "/api/v1/ai/chat",
    "/api/v1/ai/analyze",
    "/api/v1/ai/classify",
    "/api/v1/ai/moderate",
    "/api/v1/ai/transcribe",
    "/api/v1/ai/translate",
    "/api/v1/ai/batch",
];

/// Where customers' words, or answers to them, are read.
const LOOKS: [&str; 5] = [
    "/api/v1/ai/conversations/{id}",
    "/api/v1/whatsapp/conversations/{id}",
    "/api/v1/whatsapp/outbox",
    "/api/v1/ai/batch/{id}/items",
    "/api/v1/events",
];

/// Everything below it is about one customer.
const CUSTOMERS: &str = "/api/v1/customers/";

/// Longer parameters of a route are cut: ids have at most 128 characters.
const MAX_PARAMETER_CHARS: usize = 200;

/// Whether a request of this kind belongs into the log.
pub(crate) fn is_audited(method: &Method, route: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => LOOKS.contains(&route) || route.starts_with(CUSTOMERS),
        _ => route.starts_with("/api/") && !TURNS.contains(&route),
    }
}

/// Takes down who a request turned out to be, and what it made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Testimony>>);

#[derive(Debug, Default)]
struct Testimony {
    who: Option<(TenantId, Author)>,
    made: BTreeMap<String, String>,
    is_refusal_written: bool,
}

impl Witness {
    /// It was this one, for this tenant.
    pub(crate) fn saw(&self, tenant: &TenantId, author: &Author) {
        self.lock().who = Some((tenant.clone(), author.clone()));
    }

    /// It was to be written down although it was refused.
    pub(crate) fn saw_refused(&self, tenant: &TenantId, author: &Author) {
        self.saw(tenant, author);
        self.lock().is_refusal_written = true;
    }

    /// It is about this as well, besides what the route names.
    pub(crate) fn name(&self, what: &str, id: &str) {
        self.lock().made.insert(what.to_owned(), id.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Testimony> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a request before it is answered.
pub(crate) struct Observed {
    action: String,
    object: BTreeMap<String, String>,
    request_id: RequestId,
    peer: Option<Peer>,
    witness: Witness,
}

/// Gives the request its witness, and notes what it is about.
pub(crate) async fn observe(request: &mut Request, method: &str, route: &str, id: &RequestId) -> Observed {
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let mut object = BTreeMap::new();
    // Routes without parameters have none to extract.
    if let Ok(parameters) = request.extract_parts::<RawPathParams>().await {
        for (name, value) in &parameters {
            object.insert(name.to_owned(), value.chars().take(MAX_PARAMETER_CHARS).collect());
        }
    }
    Observed {
        action: format!("{method} {route}"),
        object,
        request_id: id.clone(),
        peer: request.extensions().get::<Peer>().copied(),
        witness,
    }
}

impl Observed {
    /// Writes the entry, if the answer is one that is written. The answer stands when it cannot be.
    pub(crate) async fn write(mut self, state: &AppState, status: StatusCode) {
        let testimony = std::mem::take(&mut *self.witness.lock());
        let Some((tenant, author)) = testimony.who else { return };
        if !status.is_success() && !testimony.is_refusal_written {
            return;
        }
        self.object.extend(testimony.made);
        let entry = AuditEntry {
            tenant,
            at: state.clock.now(),
            author,
            action: self.action,
            object: self.object,
            status: Some(status.as_u16()),
            request_id: Some(self.request_id.to_string()),
            peer: self.peer.map(|Peer(address)| address.to_string()),
        };
        if let Err(failure) = state.store.note_audit(&entry).await {
            metrics::audit_failed();
            error!(error.message = %failure, action = entry.action, "could not write the audit log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_looks_are_audited_and_turns_are_not() {
        for change in ["/api/v1/keys", "/api/v1/ai/prompts/{id}", "/api/v1/session", "/api/v1/of/the/future"]
        {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert!(is_audited(&method, change), "{method} {change}");
            }
            assert!(!is_audited(&Method::GET, change), "{change}");
        }
        for turn in TURNS {
            assert!(!is_audited(&Method::POST, turn), "{turn}");
        }
        for look in LOOKS.into_iter().chain(["/api/v1/customers/{user_id}/export"]) {
            assert!(is_audited(&Method::GET, look), "{look}");
        }
        for other in ["/health/live", "/webhooks/whatsapp", "(none)"] {
            assert!(!is_audited(&Method::POST, other), "{other}");
        }
    }

    #[test]
    fn the_looks_are_routes_of_the_document() {
        let (_, document) = crate::routes::documented();
        for look in LOOKS {
            assert!(document.paths.paths.contains_key(look), "{look}");
        }
    }
}
