//! Who is calling, and what they may do.
//!
//! A handler states the scope it needs in its signature, `Authorized<ChatScope>`, so that the check cannot be
//! forgotten. Keys and sessions are looked up on every request: one that was made or ended by a command beside the
//! server counts at once.

pub(crate) mod cookie;
mod host;
mod same_origin;
pub(crate) mod secret;

use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_store::{ApiKeyRecord, KnownKey, KnownSession, OperatorRecord, Scope, SessionRecord};
use tracing::warn;

use crate::access::sign_in::SignedIn;
use crate::audit::Witness;
use crate::edge::note_tenant;
use crate::input::query_value;
use crate::limits;
use crate::problem::Problem;
use crate::state::AppState;

/// When a credential, a key or a session, is needed (`PYTAKE_AUTH`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// Open while there has never been a key or an operator, closed from the first one on. Only for a server that
    /// listens on loopback: on any other address it would be open to everybody.
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
    const SCOPE: Option<Scope>;
}

macro_rules! scopes {
    ($($name:ident => $scope:ident),*) => {$(
        #[doc = concat!("Requires `Scope::", stringify!($scope), "`.")]
        pub(crate) struct $name;
        impl RequiredScope for $name {
            const SCOPE: Option<Scope> = Some(Scope::$scope);
        }
    )*};
}
scopes!(
    ChatScope => Chat,
    AnalyzeScope => Analyze,
    ReadScope => Read,
    PromptsScope => Prompts,
    OperateScope => Operate,
    ManageScope => Manage,
    AdminScope => Admin
);

/// Requires nothing but to be somebody: for what everybody may do with their own session.
pub(crate) struct AnyScope;
impl RequiredScope for AnyScope {
    const SCOPE: Option<Scope> = None;
}

/// A caller that has the scope `S`, and the tenant it acts for.
pub(crate) struct Authorized<S> {
    /// The caller's tenant, or the one an admin asked for in the query.
    pub(crate) tenant: TenantId,
    /// Who is calling.
    pub(crate) author: Author,
    /// With what they came.
    pub(crate) credential: Credential,
    /// What they may do.
    pub(crate) scopes: Vec<Scope>,
    shown: Shown,
    witness: Option<Witness>,
    scope: PhantomData<S>,
}

/// What a request showed: hashes of secrets, so that it can be looked at again.
#[derive(Clone, Copy)]
enum Shown {
    Key([u8; 32]),
    Session([u8; 32]),
    Nothing,
}

/// With what somebody came.
pub(crate) enum Credential {
    /// An API key.
    Key {
        /// Its id.
        id: String,
        /// Requests it may make in a minute; `None`: as many as its tenant.
        requests_per_minute: Option<u32>,
    },
    /// A session.
    Session(Box<(SessionRecord, OperatorRecord)>),
    /// Nothing, on an open server.
    Open,
}

impl<S> Authorized<S> {
    /// The tenant a body asks for, if the caller is an admin; else the caller's own.
    pub(crate) fn tenant_for(self, asked: Option<String>) -> Result<TenantId, Problem> {
        let tenant = match asked {
            Some(asked) if self.is_admin() => chosen_tenant(&asked)?,
            _ => self.tenant,
        };
        if let Some(witness) = &self.witness {
            witness.saw(&tenant, &self.author);
        }
        Ok(tenant)
    }

    /// Whether the caller may do everything, for every tenant.
    pub(crate) fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::Admin)
    }

    /// Whether the caller has all of these. Nobody gives, or takes over, what they do not have.
    ///
    /// # Errors
    /// 403 with the first one that is missing.
    pub(crate) fn must_have(&self, scopes: &[Scope]) -> Result<(), Problem> {
        let missing = scopes.iter().find(|scope| !has(&self.scopes, **scope));
        missing.map_or(Ok(()), |scope| Err(lacks(*scope)))
    }

    /// Writes the request for this tenant into the audit log: it is what is changed.
    pub(crate) fn concerns(&self, tenant: &TenantId) {
        if let Some(witness) = &self.witness {
            witness.saw(tenant, &self.author);
        }
    }

    /// Writes the request into the audit log although it is refused.
    pub(crate) fn audit_refusal(&self) {
        if let Some(witness) = &self.witness {
            witness.saw_refused(&self.tenant, &self.author);
        }
    }

    /// The session the caller came with, and whose it is.
    pub(crate) fn session(&self) -> Option<&(SessionRecord, OperatorRecord)> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            Credential::Key { .. } | Credential::Open => None,
        }
    }

    /// Names in the audit log what the request made.
    pub(crate) fn made(&self, what: &str, id: &str) {
        if let Some(witness) = &self.witness {
            witness.name(what, id);
        }
    }
}

impl Authorized<AnyScope> {
    /// Whoever just signed in.
    pub(crate) fn signed_in(SignedIn { session, operator, .. }: SignedIn) -> Self {
        Self {
            tenant: operator.tenant.clone(),
            author: Author::operator(&operator.id),
            scopes: operator.scopes(),
            shown: Shown::Session(session.secret_hash),
            credential: Credential::Session(Box::new((session, operator))),
            witness: None,
            scope: PhantomData,
        }
    }
}

impl<S: RequiredScope> Authorized<S> {
    /// Whether the caller would be let in with the same credential now: for answers that go on after their request. Where
    /// that cannot be found out they are not.
    pub(crate) async fn is_still_let_in(&self, state: &AppState) -> bool {
        let now = state.clock.now();
        let found = match self.shown {
            Shown::Key(secret_hash) => {
                valid_key(state, &secret_hash, now).await.map(|key| Some((key.tenant, key.scopes)))
            }
            Shown::Session(secret_hash) => {
                let found = valid_session(state, &secret_hash, now).await;
                found.map(|found| found.map(|(_, operator)| (operator.tenant.clone(), operator.scopes())))
            }
            Shown::Nothing => {
                let open = || (TenantId::default_tenant(), vec![Scope::Admin]);
                is_open(state).await.map(|is_open| is_open.then(open))
            }
        };
        let Ok(Some((tenant, scopes))) = found else { return false };
        let is_ones_own = tenant == self.tenant || scopes.contains(&Scope::Admin);
        is_ones_own && S::SCOPE.is_none_or(|needed| has(&scopes, needed))
    }
}

impl<S: RequiredScope> FromRequestParts<AppState> for Authorized<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = match bearer(&parts.headers)? {
            Some(secret) => by_key(state, secret).await?,
            None => match by_session(state, &parts.method, &parts.headers).await? {
                Some(caller) => caller,
                None => without_credential(state, &parts.method, &parts.headers).await?,
            },
        };
        if let Some(needed) = S::SCOPE
            && !has(&caller.scopes, needed)
        {
            return Err(lacks(needed));
        }
        let is_admin = caller.scopes.contains(&Scope::Admin);
        let asked = if is_admin { query_value(parts.uri.query(), "tenant_id") } else { None };
        let is_settled = !is_admin || asked.is_some();
        let tenant = match asked {
            Some(asked) => chosen_tenant(&asked)?,
            None => caller.tenant,
        };
        note_tenant(tenant.as_str());
        let witness = parts.extensions.get::<Witness>().cloned();
        if let Some(witness) = &witness {
            witness.saw(&tenant, &caller.author);
        }
        limits::count(state, parts, &caller.credential, is_settled.then_some(&tenant), S::SCOPE).await?;
        Ok(Self {
            tenant,
            author: caller.author,
            credential: caller.credential,
            scopes: caller.scopes,
            shown: caller.shown,
            witness,
            scope: PhantomData,
        })
    }
}

struct Caller {
    tenant: TenantId,
    author: Author,
    credential: Credential,
    scopes: Vec<Scope>,
    shown: Shown,
}

async fn by_key(state: &AppState, secret: &str) -> Result<Caller, Problem> {
    let secret_hash = secret::hash_secret(secret);
    let now = state.clock.now();
    let record = valid_key(state, &secret_hash, now).await?;
    note_use(state, &record, now).await;
    Ok(Caller {
        author: Author::key(&record.id),
        credential: Credential::Key { id: record.id, requests_per_minute: record.requests_per_minute },
        tenant: record.tenant,
        scopes: record.scopes,
        shown: Shown::Key(secret_hash),
    })
}

async fn valid_key(
    state: &AppState,
    secret_hash: &[u8; 32],
    now: Timestamp,
) -> Result<ApiKeyRecord, Problem> {
    let known = state.store.key_by_hash(secret_hash).await?;
    let known = known.filter(|known| known.key.is_opened_by(secret_hash, now));
    let Some(KnownKey { key, is_suspended }) = known else {
        return Err(Problem::unauthorized("This API key is not valid: unknown, expired or revoked"));
    };
    // An admin goes on: somebody has to manage the tenant.
    if is_suspended && !key.scopes.contains(&Scope::Admin) {
        return Err(suspended());
    }
    Ok(key)
}

/// A cookie that opens nothing any more is like none: browsers keep it after the session is over.
async fn by_session(
    state: &AppState,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let Some(secret) = cookie::session(headers) else { return Ok(None) };
    let (secret_hash, now) = (secret::hash_secret(secret), state.clock.now());
    let Some((session, operator)) = valid_session(state, &secret_hash, now).await? else { return Ok(None) };
    same_origin::check(method, headers)?;
    note_session(state, &session, now).await;
    Ok(Some(Caller {
        tenant: operator.tenant.clone(),
        author: Author::operator(&operator.id),
        scopes: operator.scopes(),
        credential: Credential::Session(Box::new((session, operator))),
        shown: Shown::Session(secret_hash),
    }))
}

async fn valid_session(
    state: &AppState,
    secret_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<(SessionRecord, OperatorRecord)>, Problem> {
    let found = state.store.session_by_hash(secret_hash).await?;
    let is_valid = |known: &KnownSession| known.session.is_valid(now) && known.operator.disabled_at.is_none();
    let Some(KnownSession { session, operator, is_suspended }) = found.filter(is_valid) else {
        return Ok(None);
    };
    if is_suspended && !operator.is_admin {
        return Err(suspended());
    }
    Ok(Some((session, operator)))
}

/// Without a credential the caller is the owner of the machine, or nobody.
async fn without_credential(
    state: &AppState,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    if !is_open(state).await? {
        return Err(Problem::unauthorized(
            "An API key is needed: Authorization: Bearer <key>; or the cookie of a session",
        ));
    }
    if !host::is_this_machine(headers) {
        return Err(Problem::unauthorized(
            "Without an API key the server answers only under localhost or an IP address, and not through a proxy; \
             make a key with `pytake keys create`",
        ));
    }
    same_origin::check_open(method, headers, &state.cors_origins)?;
    Ok(Caller {
        tenant: TenantId::default_tenant(),
        author: Author::open(),
        credential: Credential::Open,
        scopes: vec![Scope::Admin],
        shown: Shown::Nothing,
    })
}

/// Whether the server is open to whoever reaches it. Never again once there was a key or an operator: who revokes the
/// last one would make everybody an admin.
async fn is_open(state: &AppState) -> Result<bool, Problem> {
    Ok(match state.auth {
        AuthMode::Auto => !state.store.had_keys().await? && !state.store.had_operators().await?,
        AuthMode::Required => false,
    })
}

fn has(scopes: &[Scope], needed: Scope) -> bool {
    scopes.contains(&needed) || scopes.contains(&Scope::Admin)
}

/// Uses are noted at most once a minute, so that using a key or a session costs no write per request.
const NOTED_AT_MOST_EVERY: Duration = Duration::from_mins(1);

fn is_to_be_noted(last: Option<Timestamp>, now: Timestamp) -> bool {
    // Not while a clock that was ahead has written a later instant: it stays, and each request would try.
    last.is_none_or(|last| {
        Duration::try_from(now.duration_since(last)).is_ok_and(|ago| ago >= NOTED_AT_MOST_EVERY)
    })
}

async fn note_session(state: &AppState, session: &SessionRecord, now: Timestamp) {
    if !is_to_be_noted(Some(session.last_seen_at), now) {
        return;
    }
    if let Err(failure) = state.store.touch_session(&session.tenant, &session.id, now).await {
        // The request goes on: at worst the session ends for idleness although it was used.
        warn!(error.message = %failure, "could not note the use of a session");
    }
}

async fn note_use(state: &AppState, record: &ApiKeyRecord, now: Timestamp) {
    if !is_to_be_noted(record.last_used_at, now) {
        return;
    }
    if let Err(failure) = state.store.touch_key(&record.id, now).await {
        // The request goes on: when a key was last used is for people to look at, nothing depends on it.
        warn!(error.message = %failure, "could not note the use of a key");
    }
}

fn suspended() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "The tenant is suspended")
}

fn lacks(scope: Scope) -> Problem {
    let name = scope.as_str();
    let message = format!("This needs the scope {name}");
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
    fn uses_are_noted_once_a_minute_and_not_while_a_later_one_is() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(is_to_be_noted(None, at(0)));
        assert!(!is_to_be_noted(Some(at(0)), at(59)) && is_to_be_noted(Some(at(0)), at(60)));
        // A clock that was ahead: each request would have written, and changed nothing.
        assert!(!is_to_be_noted(Some(at(3_600)), at(0)));
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
