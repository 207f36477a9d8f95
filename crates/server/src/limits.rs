//! Limits at the edge: refused before the body is read, and told to callers with every answer.
//!
//! [`count`] is called where a caller has proved who it is. What it counted goes with the request to the edge, which
//! writes the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4).

use std::fmt::Write;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::response::Response;
use parking_lot::Mutex;
use pytake_assistant::Standing;
use pytake_assistant::id::TenantId;
use pytake_store::Scope;

use crate::auth::Credential;
use crate::problem::{Problem, whole_seconds};
use crate::state::AppState;

/// The header with the limits that count.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The header with what is left of them.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What a request counts against. The edge puts an empty one into the request's extensions and reads it afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<Against>>);

#[derive(Debug, Clone, Default)]
struct Against {
    key: Option<Standing>,
    tenant: Option<TenantId>,
}

impl Counted {
    /// What the request with these extensions counts against; nothing where no edge is around it.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// For which tenant the request is; `None`: an admin may still name it in the body.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.0.lock().tenant.clone()
    }
}

/// Counts a request of a key, and refuses it while the limit of the key is reached or, where a turn is asked for, one of
/// the tenant. `tenant` is `None` for an admin who may still name another one in the body.
pub(crate) async fn count(
    state: &AppState,
    parts: &Parts,
    credential: &Credential,
    tenant: Option<&TenantId>,
    scope: Option<Scope>,
) -> Result<(), Problem> {
    let counted = Counted::of(&parts.extensions);
    counted.0.lock().tenant = tenant.cloned();
    // First, because a request that the tenant's limits refuse does not count against the key.
    let refused = match (tenant, scope) {
        (Some(tenant), Some(Scope::Chat | Scope::Analyze)) => {
            state.assistant.check_limits(tenant).await.err()
        }
        _ => None,
    };
    if let Credential::Key { id, requests_per_minute: Some(quota) } = credential {
        let standing = match &refused {
            Some(_) => Ok(state.assistant.key_standing(id, *quota)),
            None => state.assistant.admit_key(id, *quota),
        };
        match standing {
            Ok(standing) => counted.0.lock().key = Some(standing),
            Err(error) => {
                let more_in = error.retry_after().unwrap_or_default();
                let standing = Standing { quota: *quota, remaining: 0, more_in };
                counted.0.lock().key = Some(standing);
                return Err(error.into());
            }
        }
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

/// Tells a caller its limits, if it has any.
pub(crate) async fn write_headers(state: &AppState, counted: &Counted, response: &mut Response) {
    let Against { key, tenant } = counted.0.lock().clone();
    let of_tenant = match &tenant {
        Some(tenant) => state.assistant.standing(tenant).await,
        None => None,
    };
    let (mut policy, mut left) = (String::new(), String::new());
    for (name, standing) in [("key", key), ("tenant", of_tenant)] {
        let Some(Standing { quota, remaining, more_in }) = standing else { continue };
        let separator = if policy.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(policy, "{separator}\"{name}\";q={quota};w=60");
        let _ = write!(left, "{separator}\"{name}\";r={remaining};t={}", whole_seconds(more_in));
    }
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
        if !text.is_empty()
            && let Ok(value) = HeaderValue::try_from(text)
        {
            response.headers_mut().insert(name, value);
        }
    }
}
