//! `/api/v1/ai/prompts`: a tenant's custom prompts. Versions, previews, publishing, tests and files stand below.

mod files;
mod publish;
mod render;
mod test_set;
mod versions;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::CustomPrompt;
use pytake_assistant::service::{FieldValues, PromptDraft};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(render::variables))
        .routes(routes!(files::export))
        .routes(routes!(files::import))
        .routes(routes!(read, update, delete))
        .routes(routes!(fill_in))
        .routes(routes!(versions::list))
        .routes(routes!(versions::read))
        .routes(routes!(versions::compare))
        .routes(routes!(render::render))
        .routes(routes!(publish::publish))
        .routes(routes!(publish::roll_back))
        .routes(routes!(publish::list))
        .routes(routes!(test_set::read, test_set::replace))
        .routes(routes!(test_set::run))
        .routes(routes!(test_set::runs))
}

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
    let author = caller.author.clone();
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let prompt = state.assistant.create_prompt(&tenant, draft, &author).await?;
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
///
/// It is a draft: chats go on using the version in production, where one was published.
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
    let author = caller.author.clone();
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    Ok(Json(state.assistant.update_prompt(&tenant, &id, draft, &author).await?))
}

/// Fill in fields of a prompt.
///
/// Makes a new version; the template and the fields that are not named stay.
#[utoipa::path(
    put, path = "/api/v1/ai/prompts/{id}/fields", tag = "prompts", operation_id = "fillInPrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::FieldValues,
    responses(
        (status = 200, description = "The new version", body = schema::CustomPrompt),
        (status = 409, description = "`conflict`: changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn fill_in(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut filled): Payload<FieldValues>,
) -> Result<Json<CustomPrompt>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(filled.tenant_id.take())?;
    Ok(Json(state.assistant.fill_in_prompt(&tenant, &id, filled, &author).await?))
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
