//! Who is calling, and what they may do.
//!
//! A handler states the scope it needs in its signature, `Authorized<ChatScope>`, so that the check cannot be
//! forgotten. Keys are looked up on every request: one that was made or revoked by a command beside the
//! server counts at once.

mod host;
pub(crate) mod secret;

use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use pytake_assistant::id::TenantId;
use pytake_store::{ApiKeyRecord, Scope};
use tracing::warn;

use crate::edge::note_tenant;
use crate::input::query_value;
use crate::problem::Problem;
use crate::state::AppState;

/// When a key is needed (`PYTAKE_AUTH`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// Open while the store has no key, closed from the first one on. Only for a server that listens on
    /// loopback: on any other address, revoking the last key would open it to everybody.
    #[default]
    Auto,
    /// Always.
    Required,
}

impl FromStr for AuthMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "required" => Ok(Self::Required),
            other => Err(format!("must be auto or required, not {other:?}")),
        }
    }
}

/// A scope as a type, for [`Authorized`].
pub(crate) trait RequiredScope: Send {
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident => $scope:ident),*) => {$(
        #[doc = concat!("Requires `Scope::", stringify!($scope), "`.")]
        pub(crate) struct $name;
        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$scope;
        }
    )*};
}
scopes!(
    ChatScope => Chat,
    AnalyzeScope => Analyze,
    ReadScope => Read,
    PromptsScope => Prompts,
    OperateScope => Operate
);

/// A caller that has the scope `S`, and the tenant it acts for.
pub(crate) struct Authorized<S> {
    /// The key's tenant, or the one an admin asked for in the query.
    pub(crate) tenant: TenantId,
    is_admin: bool,
    scope: PhantomData<S>,
}

impl<S> Authorized<S> {
    /// The tenant a body asks for, if the caller is an admin; else the caller's own.
    pub(crate) fn tenant_for(self, asked: Option<String>) -> Result<TenantId, Problem> {
        match asked {
            Some(asked) if self.is_admin => chosen_tenant(&asked),
            _ => Ok(self.tenant),
        }
    }
}

impl<S: RequiredScope> FromRequestParts<AppState> for Authorized<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = match bearer(&parts.headers)? {
            Some(secret) => by_key(state, secret, S::SCOPE).await?,
            None => without_key(state, &parts.headers).await?,
        };
        let asked = if caller.is_admin { query_value(parts.uri.query(), "tenant_id") } else { None };
        let tenant = match asked {
            Some(asked) => chosen_tenant(&asked)?,
            None => caller.tenant,
        };
        note_tenant(tenant.as_str());
        Ok(Self { tenant, is_admin: caller.is_admin, scope: PhantomData })
    }
}

struct Caller {
    tenant: TenantId,
    is_admin: bool,
}

async fn by_key(state: &AppState, secret: &str, needed: Scope) -> Result<Caller, Problem> {
    let record = state.store.key_by_hash(&secret::hash_secret(secret)).await?;
    let now = state.clock.now();
    let Some(record) = record.filter(|record| record.is_valid(now)) else {
        return Err(Problem::unauthorized("This API key is not valid: unknown, expired or revoked"));
    };
    let is_admin = record.scopes.contains(&Scope::Admin);
    if !is_admin && !record.scopes.contains(&needed) {
        return Err(lacks(needed));
    }
    note_use(state, &record, now).await;
    Ok(Caller { tenant: record.tenant, is_admin })
}

/// Without a key the caller is the owner of the machine, or nobody.
async fn without_key(state: &AppState, headers: &HeaderMap) -> Result<Caller, Problem> {
    let is_open = match state.auth {
        AuthMode::Auto => !state.store.has_keys().await?,
        AuthMode::Required => false,
    };
    if !is_open {
        return Err(Problem::unauthorized("An API key is needed: Authorization: Bearer <key>"));
    }
    if !host::is_this_machine(headers) {
        return Err(Problem::unauthorized(
            "Without an API key the server answers only under localhost or an IP address; \
             make a key with `pytake keys create`",
        ));
    }
    Ok(Caller { tenant: TenantId::default_tenant(), is_admin: true })
}

/// At most once a minute, so that using a key costs no write per request.
async fn note_use(state: &AppState, record: &ApiKeyRecord, now: Timestamp) {
    const AT_MOST_EVERY: Duration = Duration::from_mins(1);
    let is_fresh = |last: Timestamp| now.duration_since(last).unsigned_abs() < AT_MOST_EVERY;
    if record.last_used_at.is_some_and(is_fresh) {
        return;
    }
    if let Err(failure) = state.store.touch_key(&record.id, now).await {
        // The request goes on: when a key was last used is for people to look at, nothing depends on it.
        warn!(error.message = %failure, "could not note the use of a key");
    }
}

fn lacks(scope: Scope) -> Problem {
    let name = scope.as_str();
    let message = format!("This API key lacks the scope {name}");
    Problem::new(StatusCode::FORBIDDEN, "forbidden", message).with("required_scope", name)
}

fn chosen_tenant(asked: &str) -> Result<TenantId, Problem> {
    TenantId::new(asked).map_err(|why| Problem::invalid("tenant_id", why.to_string()))
}

/// The secret of `Authorization: Bearer <secret>`; `None` without the header.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    const EXPECTED: &str = "The Authorization header must read: Bearer <key>";
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::unauthorized(EXPECTED))?;
    let (scheme, secret) = text.trim().split_once(' ').ok_or(Problem::unauthorized(EXPECTED))?;
    let secret = secret.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || secret.is_empty() {
        return Err(Problem::unauthorized(EXPECTED));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with_authorization(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for text in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(bearer(&with_authorization(text)), Ok(Some("abc")), "{text}");
        }
    }

    #[test]
    fn a_credential_that_is_not_a_key_is_refused_not_ignored() {
        for text in ["Basic YTpi", "Bearer", "Bearer ", "abc"] {
            assert_eq!(bearer(&with_authorization(text)).unwrap_err().status(), 401, "{text}");
        }
        assert_eq!(bearer(&HeaderMap::new()), Ok(None));
    }
}
