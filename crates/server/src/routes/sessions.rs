//! `/api/v1/session` and `/api/v1/sessions`: signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::TenantId;
use pytake_store::{Scope, SessionRecord};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operators::OperatorView;
use super::whole;
use crate::access::sign_in::{self, Visitor};
use crate::access::{operators, sessions};
use crate::audit::Witness;
use crate::auth::{AnyScope, Authorized, Credential, cookie};
use crate::input::{Payload, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::serve::Peer;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read, begin, end))
        .routes(routes!(change_password))
        .routes(routes!(list))
        .routes(routes!(end_one))
}

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
struct SignInDraft {
    /// The operator's e-mail address.
    email: String,
    /// Their password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A session, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    /// Its id; opens nothing.
    id: String,
    /// Whose it is.
    operator_id: String,
    /// What the browser called itself.
    user_agent: String,
    /// When it began, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to about a minute. It ends 12 hours later.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether this request came with it.
    is_current: bool,
}

impl SessionView {
    fn seen_from(current: Option<&str>, session: SessionRecord) -> Self {
        Self {
            is_current: current == Some(&session.id),
            id: session.id,
            operator_id: session.operator,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// The key a request came with.
#[derive(Serialize, ToSchema)]
struct KeyInUse {
    /// Its id.
    id: String,
    /// Requests it may make in a minute, or null: as many as its tenant.
    #[schema(required)]
    requests_per_minute: Option<u32>,
}

/// Who the caller is.
#[derive(Serialize, ToSchema)]
#[schema(as = WhoAmI)]
struct CallerView {
    /// The tenant the caller acts for.
    #[schema(value_type = String)]
    tenant_id: TenantId,
    /// How the caller is named where something says who did it.
    author: String,
    /// What the caller may do.
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<Scope>,
    /// Who is signed in, or null.
    #[schema(required)]
    operator: Option<OperatorView>,
    /// Their session, or null.
    #[schema(required)]
    session: Option<SessionView>,
    /// The API key, or null.
    #[schema(required)]
    key: Option<KeyInUse>,
}

impl From<Authorized<AnyScope>> for CallerView {
    fn from(caller: Authorized<AnyScope>) -> Self {
        let mut view = Self {
            tenant_id: caller.tenant,
            author: caller.author.to_string(),
            scopes: caller.scopes,
            operator: None,
            session: None,
            key: None,
        };
        match caller.credential {
            Credential::Key { id, requests_per_minute } => {
                view.key = Some(KeyInUse { id, requests_per_minute });
            }
            Credential::Session(both) => {
                let (session, operator) = *both;
                let id = session.id.clone();
                view.session = Some(SessionView::seen_from(Some(&id), session));
                view.operator = Some(operator.into());
            }
            Credential::Open => {}
        }
        view
    }
}

/// Sign in.
///
/// The answer sets the cookie `__Host-pytake_session` (on localhost `pytake_session`), which scripts cannot read and other sites cannot send. Whoever changes
/// something with it must be a page of this server (`Sec-Fetch-Site` or `Origin`). After five failures the next try
/// waits, longer each time.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "access", operation_id = "signIn",
    request_body = SignInDraft,
    responses(
        (status = 200, description = "Who signed in", body = CallerView,
            headers(("Set-Cookie" = String, description = "The session"))),
        (status = 429, description = "`rate_limit_exceeded`, scope `login`: wait before the next try", body = schema::Error,
            headers(("Retry-After" = u64, description = "Seconds, rounded up"))),
    ),
)]
async fn begin(
    State(state): State<AppState>,
    witness: Option<Extension<Witness>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Payload(draft): Payload<SignInDraft>,
) -> Result<impl IntoResponse, Problem> {
    let visitor = Visitor {
        email: draft.email,
        password: draft.password,
        peer: peer.map(|Extension(peer)| peer),
        user_agent: user_agent(&headers),
    };
    let witness = witness.map(|Extension(witness)| witness);
    let signed_in = sign_in::sign_in(&state, visitor, witness.as_ref()).await?;
    let kept = cookie::keep(&signed_in.secret, &headers);
    let view = CallerView::from(Authorized::signed_in(signed_in));
    Ok((AppendHeaders([(header::SET_COOKIE, kept)]), Json(view)))
}

fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.unwrap_or_default().replace(char::is_control, "")
}

/// Who am I.
///
/// For a session, a key, and on an open server for everybody.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "access", operation_id = "readSession",
    responses((status = 200, description = "Who is calling, for which tenant, and what they may do", body = CallerView)),
)]
async fn read(caller: Authorized<AnyScope>) -> Json<CallerView> {
    Json(caller.into())
}

/// Sign out.
///
/// Ends the session and makes the browser forget it.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "access", operation_id = "signOut",
    responses((status = 204, description = "There is no session any more")),
)]
async fn end(
    caller: Authorized<AnyScope>,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    sessions::end_own(&state, &caller).await?;
    let forgotten = cookie::forget(&headers);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, forgotten)])))
}

/// A new password, and the one there is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnPassword {
    /// The password there is.
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// 12 to 256 characters, without the e-mail address, not easily guessed.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 256)]
    password: SecretString,
}

/// Change the own password.
///
/// All own sessions end, this one too: sign in anew.
#[utoipa::path(
    post, path = "/api/v1/session/password", tag = "access", operation_id = "changeOwnPassword",
    request_body = OwnPassword,
    responses(
        (status = 204, description = "It is changed"),
        (status = 409, description = "`conflict`: the caller did not sign in, or somebody else has just changed the \
            password", body = schema::Error),
        (status = 429, description = "`rate_limit_exceeded`, scope `login`: wait before the next try", body = schema::Error,
            headers(("Retry-After" = u64, description = "Seconds, rounded up"))),
    ),
)]
async fn change_password(
    caller: Authorized<AnyScope>,
    State(state): State<AppState>,
    peer: Option<Extension<Peer>>,
    Payload(draft): Payload<OwnPassword>,
) -> Result<StatusCode, Problem> {
    let peer = peer.map(|Extension(peer)| peer);
    operators::change_own_password(&state, &caller, peer, draft.current_password, draft.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List sessions, oldest first.
///
/// With the scope `manage` all of the tenant, else the own ones.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "access", operation_id = "listSessions",
    responses((status = 200, description = "All that are in force", body = schema::Page<SessionView>)),
)]
async fn list(
    caller: Authorized<AnyScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<SessionView>>, Problem> {
    let current = caller.session().map(|(session, _)| session.id.as_str());
    let found = sessions::list(&state, &caller).await?;
    Ok(whole(found.into_iter().map(|session| SessionView::seen_from(current, session)).collect()))
}

/// End a session.
///
/// With the scope `manage` any of the tenant, else one of the own.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "access", operation_id = "endSession",
    params(("id" = String, Path, description = "The session")),
    responses((status = 204, description = "It opens nothing any more")),
)]
async fn end_one(
    caller: Authorized<AnyScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
) -> Result<StatusCode, Problem> {
    sessions::end(&state, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
