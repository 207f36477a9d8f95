//! `POST /api/v1/ai/analyze`: what a message says about its writer and their matter.

use axum::Json;
use axum::extract::State;
use pytake_assistant::{AnalyzeRequest, AnalyzeResponse};

use crate::auth::{AnalyzeScope, Authorized};
use crate::input::Payload;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Analyse a message.
#[utoipa::path(
    post, path = "/api/v1/ai/analyze", tag = "analysis", operation_id = "analyze",
    request_body = schema::AnalyzeRequest,
    responses((status = 200, description = "One entry per asked type", body = schema::AnalyzeResponse)),
)]
pub(super) async fn analyze(
    caller: Authorized<AnalyzeScope>,
    State(state): State<AppState>,
    Payload(mut request): Payload<AnalyzeRequest>,
) -> Result<Json<AnalyzeResponse>, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.analyze(&tenant, request).await?))
}
