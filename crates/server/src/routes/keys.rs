//! `/api/v1/keys`: API keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_store::{ApiKeyRecord, Scope};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::access::keys::{self, KeyWish};
use crate::auth::{Authorized, ManageScope};
use crate::input::{Payload, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke)).routes(routes!(rotate))
}

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct KeyView {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// The first 8 characters of the secret after `pytake_`.
    prefix: String,
    /// What it allows.
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<Scope>,
    /// Requests it may make in a minute, or null: as many as its tenant.
    #[schema(required)]
    requests_per_minute: Option<u32>,
    /// When it was made, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on it is no longer valid, or null.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When it was revoked, or null.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to about a minute, or null.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation opens too, or null: it does not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    old_secret_valid_until: Option<Timestamp>,
}

impl KeyView {
    fn at(now: Timestamp, key: ApiKeyRecord) -> Self {
        let old_secret_valid_until = key.previous.map(|previous| previous.valid_until);
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            requests_per_minute: key.requests_per_minute,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            old_secret_valid_until: old_secret_valid_until.filter(|until| now < *until),
        }
    }
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
struct NewKeyView {
    /// The key.
    key: KeyView,
    /// What to send as `Authorization: Bearer`. Told this once.
    secret: String,
}

impl NewKeyView {
    fn at(now: Timestamp, (key, secret): (ApiKeyRecord, SecretString)) -> Self {
        Self { key: KeyView::at(now, key), secret: secret.expose_secret().to_owned() }
    }
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApiKeyDraft)]
struct KeyDraft {
    /// A name for people; at most 100 characters.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// What it allows; nothing that the caller may not do.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    scopes: Vec<Scope>,
    /// Requests it may make in a minute; left out: as many as its tenant.
    #[schema(minimum = 1)]
    requests_per_minute: Option<u32>,
    /// Days after which it ends by itself, 1 to 3,650; left out: never.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

impl From<KeyDraft> for KeyWish {
    fn from(draft: KeyDraft) -> Self {
        Self {
            name: draft.name,
            scopes: draft.scopes,
            requests_per_minute: draft.requests_per_minute,
            expires_in_days: draft.expires_in_days,
        }
    }
}

/// List the keys, oldest first, also those that are over.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "access", operation_id = "listKeys",
    responses((status = 200, description = "All of them", body = schema::Page<KeyView>)),
)]
async fn list(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let now = state.clock.now();
    let keys = state.store.keys(Some(&caller.tenant)).await?;
    Ok(whole(keys.into_iter().map(|key| KeyView::at(now, key)).collect()))
}

/// Make a key.
///
/// Its secret is in this answer and nowhere else. For an admin, a tenant that is new is made with it.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "access", operation_id = "createKey",
    request_body = KeyDraft,
    responses(
        (status = 201, description = "The key and its secret", body = NewKeyView),
        (status = 409, description = "`conflict`: the tenant has 200 keys in force", body = schema::Error),
    ),
)]
async fn create(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Payload(draft): Payload<KeyDraft>,
) -> Result<(StatusCode, Json<NewKeyView>), Problem> {
    let made = keys::create(&state, &caller, draft.into()).await?;
    Ok((StatusCode::CREATED, Json(NewKeyView::at(state.clock.now(), made))))
}

/// How a key gets a new secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRotation)]
struct Rotation {
    /// For so many hours the old secret opens too, 0 to 168.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 168)]
    grace_hours: u32,
}

/// Give a key a new secret.
///
/// Id, name, scopes and expiry stay. The old secret ends at once, or after the grace.
#[utoipa::path(
    post, path = "/api/v1/keys/{id}/rotate", tag = "access", operation_id = "rotateKey",
    params(("id" = String, Path, description = "The key")),
    request_body = Rotation,
    responses(
        (status = 200, description = "The key and its new secret", body = NewKeyView),
        (status = 409, description = "`conflict`: it was revoked or has expired, or somebody else has just rotated it",
            body = schema::Error),
    ),
)]
async fn rotate(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
    Payload(rotation): Payload<Rotation>,
) -> Result<Json<NewKeyView>, Problem> {
    let rotated = keys::rotate(&state, &caller, &id, rotation.grace_hours).await?;
    Ok(Json(NewKeyView::at(state.clock.now(), rotated)))
}

/// Revoke a key, at once.
#[utoipa::path(
    delete, path = "/api/v1/keys/{id}", tag = "access", operation_id = "revokeKey",
    params(("id" = String, Path, description = "The key")),
    responses((status = 204, description = "It opens nothing any more")),
)]
async fn revoke(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
) -> Result<StatusCode, Problem> {
    keys::revoke(&state, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
