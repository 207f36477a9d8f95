//! `/api/v1/ai/profile`: what the business says about itself.

use axum::Json;
use axum::extract::State;
use pytake_assistant::tenant::TenantProfile;

use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::Payload;
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

/// Replace the tenant's profile.
///
/// Fields that are left out become empty; the next message goes by it.
#[utoipa::path(
    put, path = "/api/v1/ai/profile", tag = "content", operation_id = "replaceProfile",
    request_body = schema::TenantProfile,
    responses((status = 200, description = "The profile", body = schema::TenantProfile)),
)]
pub(super) async fn replace(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Payload(profile): Payload<TenantProfile>,
) -> Result<Json<TenantProfile>, Problem> {
    Ok(Json(state.assistant.put_profile(&caller.tenant, profile).await?))
}
