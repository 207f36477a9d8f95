//! `POST /api/v1/ai/translate`: a message in another language.

use axum::Json;
use axum::extract::State;
use pytake_assistant::{TranslateRequest, TranslateResponse};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{AnalyzeScope, Authorized};
use crate::input::Payload;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(translate))
}

/// Translate a message.
///
/// A translation has every number, link, e-mail address and code of the message, and no link or address of its own; a
/// model that fails at it is told so once. What is written in the wanted language already comes back as it is.
#[utoipa::path(
    post, path = "/api/v1/ai/translate", tag = "analysis", operation_id = "translate",
    request_body = schema::TranslateRequest,
    responses((status = 200, description = "The translation", body = schema::TranslateResponse)),
)]
async fn translate(
    caller: Authorized<AnalyzeScope>,
    State(state): State<AppState>,
    Payload(mut request): Payload<TranslateRequest>,
) -> Result<Json<TranslateResponse>, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.translate(&tenant, request).await?))
}
