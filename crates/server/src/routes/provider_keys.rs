//! `/api/v1/provider-keys`: a tenant's own keys at model vendors. Keys go in and never come out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_store::{NewProviderKey, ProviderKeyView};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::{Authorized, ManageScope};
use crate::input::{Id, Payload, ProviderName};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, delete))
}

/// A key at a vendor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderKeyDraft {
    /// The key as the vendor gave it: 12 to 4,096 visible ASCII characters.
    #[schema(value_type = String, format = Password)]
    key: SecretString,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// A key at a vendor, without the key.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderKey)]
pub(super) struct ProviderKeyWire {
    /// The provider it is for.
    #[schema(example = "openai")]
    provider: String,
    /// Its last four characters.
    #[schema(example = "3xQ9")]
    hint: String,
    /// Whether this server can open it. While it cannot, the provider is not asked for this tenant; set the key again.
    is_usable: bool,
    /// When it was set, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Who set it: `key:<id>`, `operator:<id>`, `command` or `open`.
    author: String,
}

impl From<ProviderKeyView> for ProviderKeyWire {
    fn from(view: ProviderKeyView) -> Self {
        let ProviderKeyView { provider, hint, is_usable, created_at, author } = view;
        Self { provider, hint, is_usable, created_at, author: author.to_string() }
    }
}

/// List the tenant's own keys at vendors.
#[utoipa::path(
    get, path = "/api/v1/provider-keys", tag = "providers", operation_id = "listProviderKeys",
    responses((status = 200, description = "All of them, without the keys", body = schema::Page<ProviderKeyWire>)),
)]
pub(super) async fn list(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<ProviderKeyWire>>, Problem> {
    let keys = state.provider_keys.list(&caller.tenant).await?;
    Ok(whole(keys.into_iter().map(ProviderKeyWire::from).collect()))
}

/// Set the tenant's own key at a vendor.
///
/// From the next request on the provider is asked with it and never with the server's key.
#[utoipa::path(
    put, path = "/api/v1/provider-keys/{provider}", tag = "providers", operation_id = "putProviderKey",
    params(("provider" = String, Path, description = "The provider's name: `openai`, `anthropic`, or a compatible server's")),
    request_body = ProviderKeyDraft,
    responses((status = 200, description = "What is known of the key", body = ProviderKeyWire)),
)]
pub(super) async fn put(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Id(ProviderName(provider)): Id<ProviderName>,
    Payload(mut draft): Payload<ProviderKeyDraft>,
) -> Result<Json<ProviderKeyWire>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    state.assistant.check_takes_own_keys(&provider)?;
    let new = NewProviderKey { tenant, provider, key: draft.key, author };
    Ok(Json(state.provider_keys.put(new, state.clock.now()).await?.into()))
}

/// Delete the tenant's own key at a vendor.
///
/// From the next request on the server's key is used again, where there is one.
#[utoipa::path(
    delete, path = "/api/v1/provider-keys/{provider}", tag = "providers", operation_id = "deleteProviderKey",
    params(("provider" = String, Path, description = "The provider")),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Id(ProviderName(provider)): Id<ProviderName>,
) -> Result<StatusCode, Problem> {
    state.provider_keys.delete(&caller.tenant, &provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
