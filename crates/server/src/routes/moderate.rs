//! `POST /api/v1/ai/moderate`: would a chat stop this message, and why.

use axum::Json;
use axum::extract::State;
use pytake_assistant::{ModerateRequest, ModerateResponse};

use crate::auth::{AnalyzeScope, Authorized};
use crate::input::Payload;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Moderate a message.
#[utoipa::path(
    post, path = "/api/v1/ai/moderate", tag = "analysis", operation_id = "moderate",
    request_body = schema::ModerateRequest,
    responses((status = 200, description = "What is wrong with it, if anything", body = schema::ModerateResponse)),
)]
pub(super) async fn moderate(
    caller: Authorized<AnalyzeScope>,
    State(state): State<AppState>,
    Payload(mut request): Payload<ModerateRequest>,
) -> Result<Json<ModerateResponse>, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.moderate(&tenant, request).await?))
}
