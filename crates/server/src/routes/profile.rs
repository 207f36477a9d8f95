//! `/api/v1/ai/profile`: what the business says about itself, in versions.

use axum::Json;
use axum::extract::State;
use pytake_assistant::Author;
use pytake_assistant::conversation::Page;
use pytake_assistant::tenant::{Edit, TenantProfile, TenantVersion, Versioned};
use serde::Deserialize;
use utoipa::IntoParams;

use super::whole;
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, Params, Payload, Version};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Read the tenant's profile.
#[utoipa::path(
    get, path = "/api/v1/ai/profile", tag = "content", operation_id = "readProfile",
    responses(
        (status = 200, description = "The profile", body = schema::TenantProfile),
        (status = 404, description = "`not_found`: there is no such tenant", body = schema::Error),
    ),
)]
pub(super) async fn read(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<TenantProfile>, Problem> {
    Ok(Json(state.assistant.profile(&caller.tenant).await?))
}

/// What is said about a change beside it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EditParams {
    /// The version that the profile was made from; with another one as the newest by now, nothing is changed.
    version: Option<u64>,
    /// Why, for people; at most 500 characters on one line.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 500)]
    note: String,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

impl EditParams {
    fn by(self, author: Author) -> Edit {
        Edit { author, note: self.note, based_on: self.version }
    }
}

/// Replace the tenant's profile.
///
/// Fields that are left out become empty; the next message goes by it.
#[utoipa::path(
    put, path = "/api/v1/ai/profile", tag = "content", operation_id = "replaceProfile",
    params(EditParams),
    request_body = schema::TenantProfile,
    responses(
        (status = 200, description = "The profile", body = schema::TenantProfile),
        (status = 409, description = "`conflict`: changed by somebody else since `version`", body = schema::Error),
    ),
)]
pub(super) async fn replace(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Params(params): Params<EditParams>,
    Payload(profile): Payload<TenantProfile>,
) -> Result<Json<TenantProfile>, Problem> {
    let edit = params.by(caller.author);
    Ok(Json(state.assistant.put_profile(&caller.tenant, profile, edit).await?))
}

/// List the versions of the profile, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/profile/versions", tag = "content", operation_id = "listProfileVersions",
    responses((status = 200, description = "The last 50", body = schema::Page<schema::TenantVersion>)),
)]
pub(super) async fn versions(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<TenantVersion>>, Problem> {
    Ok(whole(state.assistant.profile_versions(&caller.tenant).await?))
}

/// Read a version of the profile.
#[utoipa::path(
    get, path = "/api/v1/ai/profile/versions/{version}", tag = "content", operation_id = "readProfileVersion",
    params(("version" = u64, Path, description = "The version")),
    responses((status = 200, description = "The version", body = schema::ProfileVersion)),
)]
pub(super) async fn version(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Id(version): Id<Version>,
) -> Result<Json<Versioned<TenantProfile>>, Problem> {
    Ok(Json(state.assistant.profile_version(&caller.tenant, version.0).await?))
}

/// Make an earlier version of the profile the newest.
#[utoipa::path(
    post, path = "/api/v1/ai/profile/versions/{version}/restore", tag = "content",
    operation_id = "restoreProfile",
    params(("version" = u64, Path, description = "The version")),
    responses((status = 200, description = "The profile as it is again", body = schema::TenantProfile)),
)]
pub(super) async fn restore(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(version): Id<Version>,
) -> Result<Json<TenantProfile>, Problem> {
    Ok(Json(state.assistant.restore_profile(&caller.tenant, version.0, caller.author).await?))
}
