//! `/api/v1/settings`: what a tenant may use and spend, in versions.

use axum::Json;
use axum::extract::State;
use pytake_assistant::conversation::Page;
use pytake_assistant::service::{CurrentSettings, SettingsDraft};
use pytake_assistant::tenant::{SettingsRight, TenantSettings, TenantVersion, Versioned};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::{Authorized, ManageScope};
use crate::input::{Id, Payload, Version};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read, replace))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(restore))
}

/// An admin may change everything, and on a server without keys everybody is one.
fn right_of(caller: &Authorized<ManageScope>) -> SettingsRight {
    if caller.is_admin() { SettingsRight::Everything } else { SettingsRight::Unlocked }
}

/// Read the tenant's settings.
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "tenants", operation_id = "readSettings",
    responses(
        (status = 200, description = "The settings in force", body = schema::CurrentSettings),
        (status = 404, description = "`not_found`: there is no such tenant", body = schema::Error),
    ),
)]
pub(super) async fn read(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<CurrentSettings>, Problem> {
    Ok(Json(state.assistant.settings(&caller.tenant).await?))
}

/// Replace the tenant's settings.
///
/// What is left out goes back to what the operator of the server decided; the next message goes by it. `prices`, `locked`
/// and the sections that `locked` names stay as they are for everybody but an admin: sent back otherwise, or left out, they
/// are refused with 403 by name.
#[utoipa::path(
    put, path = "/api/v1/settings", tag = "tenants", operation_id = "replaceSettings",
    request_body = schema::SettingsDraft,
    responses(
        (status = 200, description = "The settings in force", body = schema::CurrentSettings),
        (status = 404, description = "`not_found`: there is no such tenant", body = schema::Error),
        (status = 409, description = "`conflict`: changed by somebody else since `version`", body = schema::Error),
    ),
)]
pub(super) async fn replace(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Payload(draft): Payload<SettingsDraft>,
) -> Result<Json<CurrentSettings>, Problem> {
    let right = right_of(&caller);
    Ok(Json(state.assistant.put_settings(&caller.tenant, draft, caller.author, right).await?))
}

/// List the versions of the settings, newest first.
#[utoipa::path(
    get, path = "/api/v1/settings/versions", tag = "tenants", operation_id = "listSettingsVersions",
    responses((status = 200, description = "The last 50", body = schema::Page<schema::TenantVersion>)),
)]
pub(super) async fn versions(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<TenantVersion>>, Problem> {
    Ok(whole(state.assistant.settings_versions(&caller.tenant).await?))
}

/// Read a version of the settings.
#[utoipa::path(
    get, path = "/api/v1/settings/versions/{version}", tag = "tenants", operation_id = "readSettingsVersion",
    params(("version" = u64, Path, description = "The version")),
    responses((status = 200, description = "The version", body = schema::SettingsVersion)),
)]
pub(super) async fn version(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Id(version): Id<Version>,
) -> Result<Json<Versioned<TenantSettings>>, Problem> {
    Ok(Json(state.assistant.settings_version(&caller.tenant, version.0).await?))
}

/// Make an earlier version of the settings the newest.
///
/// Where it would change what only an admin may, it is refused as a whole with 403 by name.
#[utoipa::path(
    post, path = "/api/v1/settings/versions/{version}/restore", tag = "tenants",
    operation_id = "restoreSettings",
    params(("version" = u64, Path, description = "The version")),
    responses((status = 200, description = "The settings in force", body = schema::CurrentSettings)),
)]
pub(super) async fn restore(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Id(version): Id<Version>,
) -> Result<Json<CurrentSettings>, Problem> {
    let right = right_of(&caller);
    Ok(Json(state.assistant.restore_settings(&caller.tenant, version.0, caller.author, right).await?))
}
