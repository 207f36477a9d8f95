//! `/api/v1/tenants`: every tenant of the server, for an admin.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::TenantId;
use pytake_assistant::service::{TenantDetail, TenantDraft};
use pytake_assistant::tenant::TenantEntry;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{AdminScope, Authorized};
use crate::input::{Id, Params, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read))
        .routes(routes!(suspend))
        .routes(routes!(resume))
}

/// Which tenants to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[serde(default = "crate::input::a_page")]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 200)]
    limit: u32,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// List the server's tenants, by id.
#[utoipa::path(
    get, path = "/api/v1/tenants", tag = "tenants", operation_id = "listTenants",
    params(ListParams),
    responses((status = 200, description = "A page", body = schema::Page<schema::TenantEntry>)),
)]
pub(super) async fn list(
    _: Authorized<AdminScope>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<TenantEntry>>, Problem> {
    Ok(Json(state.assistant.tenants(params.cursor.as_deref(), params.limit).await?))
}

/// Create a tenant.
#[utoipa::path(
    post, path = "/api/v1/tenants", tag = "tenants", operation_id = "createTenant",
    request_body = schema::TenantDraft,
    responses(
        (status = 201, description = "The tenant", body = schema::TenantDetail),
        (status = 409, description = "`conflict`: there is one of that id", body = schema::Error),
    ),
)]
pub(super) async fn create(
    caller: Authorized<AdminScope>,
    State(state): State<AppState>,
    Payload(draft): Payload<TenantDraft>,
) -> Result<(StatusCode, Json<TenantDetail>), Problem> {
    caller.concerns(&draft.id);
    let made = state.assistant.create_tenant(draft, caller.author).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Read a tenant with its profile and settings.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}", tag = "tenants", operation_id = "readTenant",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant", body = schema::TenantDetail)),
)]
pub(super) async fn read(
    _: Authorized<AdminScope>,
    State(state): State<AppState>,
    Id(id): Id<TenantId>,
) -> Result<Json<TenantDetail>, Problem> {
    Ok(Json(state.assistant.tenant(&id).await?))
}

/// Suspend a tenant.
///
/// Its keys open nothing any more; what its customers write on a channel is kept, and nothing is said or spent. One that
/// is suspended stays so.
#[utoipa::path(
    post, path = "/api/v1/tenants/{id}/suspend", tag = "tenants", operation_id = "suspendTenant",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant as it is now", body = schema::TenantDetail)),
)]
pub(super) async fn suspend(
    caller: Authorized<AdminScope>,
    State(state): State<AppState>,
    Id(id): Id<TenantId>,
) -> Result<Json<TenantDetail>, Problem> {
    caller.concerns(&id);
    Ok(Json(state.assistant.suspend_tenant(&id).await?))
}

/// Let a suspended tenant go on.
///
/// What arrived meanwhile is in its conversations and is not answered any more.
#[utoipa::path(
    post, path = "/api/v1/tenants/{id}/resume", tag = "tenants", operation_id = "resumeTenant",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant as it is now", body = schema::TenantDetail)),
)]
pub(super) async fn resume(
    caller: Authorized<AdminScope>,
    State(state): State<AppState>,
    Id(id): Id<TenantId>,
) -> Result<Json<TenantDetail>, Problem> {
    caller.concerns(&id);
    Ok(Json(state.assistant.resume_tenant(&id).await?))
}
