//! `POST /api/v1/ai/classify`: which of the available intents a message has.

use axum::Json;
use axum::extract::State;
use pytake_assistant::{ClassifyRequest, ClassifyResponse};

use crate::auth::{AnalyzeScope, Authorized};
use crate::input::Payload;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Choose an intent.
#[utoipa::path(
    post, path = "/api/v1/ai/classify", tag = "analysis", operation_id = "classify",
    request_body = schema::ClassifyRequest,
    responses((status = 200, description = "The intent", body = schema::ClassifyResponse)),
)]
pub(super) async fn classify(
    caller: Authorized<AnalyzeScope>,
    State(state): State<AppState>,
    Payload(mut request): Payload<ClassifyRequest>,
) -> Result<Json<ClassifyResponse>, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.classify_intent(&tenant, request).await?))
}
