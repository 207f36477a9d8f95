//! `/api/v1/ai/prompts`: a tenant's custom prompts, their versions, and previews.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::CustomPrompt;
use pytake_assistant::service::{PromptDraft, RenderedPrompt};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::whole;
use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// List the prompts, by name.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts", tag = "prompts", operation_id = "listPrompts",
    responses((status = 200, description = "All of them", body = schema::Page<schema::CustomPrompt>)),
)]
pub(super) async fn list(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<CustomPrompt>>, Problem> {
    Ok(whole(state.assistant.prompts(&caller.tenant).await?))
}

/// Create a prompt.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts", tag = "prompts", operation_id = "createPrompt",
    request_body = schema::PromptDraft,
    responses(
        (status = 201, description = "The prompt", body = schema::CustomPrompt),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn create(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Payload(mut draft): Payload<PromptDraft>,
) -> Result<(StatusCode, Json<CustomPrompt>), Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let prompt = state.assistant.create_prompt(&tenant, draft).await?;
    Ok((StatusCode::CREATED, Json(prompt)))
}

/// Read a prompt in its newest version.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}", tag = "prompts", operation_id = "readPrompt",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "The prompt", body = schema::CustomPrompt)),
)]
pub(super) async fn read(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<CustomPrompt>, Problem> {
    Ok(Json(state.assistant.prompt(&caller.tenant, &id).await?))
}

/// Make a new version of a prompt.
#[utoipa::path(
    put, path = "/api/v1/ai/prompts/{id}", tag = "prompts", operation_id = "updatePrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::PromptDraft,
    responses(
        (status = 200, description = "The new version", body = schema::CustomPrompt),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn update(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut draft): Payload<PromptDraft>,
) -> Result<Json<CustomPrompt>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    Ok(Json(state.assistant.update_prompt(&tenant, &id, draft).await?))
}

/// Delete a prompt with all its versions.
#[utoipa::path(
    delete, path = "/api/v1/ai/prompts/{id}", tag = "prompts", operation_id = "deletePrompt",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<StatusCode, Problem> {
    state.assistant.delete_prompt(&caller.tenant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the versions of a prompt, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/versions", tag = "prompts", operation_id = "listPromptVersions",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "All of them", body = schema::Page<schema::CustomPrompt>)),
)]
pub(super) async fn versions(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<Page<CustomPrompt>>, Problem> {
    Ok(whole(state.assistant.prompt_versions(&caller.tenant, &id).await?))
}

/// Values for a preview.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenderRequest {
    /// One value for each variable of the prompt.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"name": "Ana"}))]
    variables: Map<String, Value>,
}

/// Preview a prompt with values.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/{id}/render", tag = "prompts", operation_id = "renderPrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = RenderRequest,
    responses((status = 200, description = "The text and its tokens", body = schema::RenderedPrompt)),
)]
pub(super) async fn render(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(request): Payload<RenderRequest>,
) -> Result<Json<RenderedPrompt>, Problem> {
    Ok(Json(state.assistant.render_prompt(&caller.tenant, &id, &request.variables).await?))
}
