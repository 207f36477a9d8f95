//! Versions of a prompt, and what changed between them.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::{CustomPrompt, PromptDiff};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Params};
use crate::problem::Problem;
use crate::routes::whole;
use crate::schema;
use crate::state::AppState;

/// List the versions of a prompt, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/versions", tag = "prompts", operation_id = "listPromptVersions",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "The newest 100; older ones are read by their number", body = schema::Page<schema::CustomPrompt>)),
)]
pub(super) async fn list(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<Page<CustomPrompt>>, Problem> {
    Ok(whole(state.assistant.prompt_versions(&caller.tenant, &id).await?))
}

/// A version in a path. One that cannot exist is answered like one that does not.
pub(super) struct PromptVersion {
    id: PromptId,
    version: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for PromptVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = || Problem::not_found("there is no such version");
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((id, version))) = path else { return Err(missing()) };
        match (PromptId::new(id), version.parse()) {
            (Ok(id), Ok(version)) => Ok(Self { id, version }),
            _ => Err(missing()),
        }
    }
}

/// Read one version of a prompt.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/versions/{version}", tag = "prompts", operation_id = "readPromptVersion",
    params(
        ("id" = String, Path, description = "The prompt"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses((status = 200, description = "The version", body = schema::CustomPrompt)),
)]
pub(super) async fn read(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    asked: PromptVersion,
) -> Result<Json<CustomPrompt>, Problem> {
    Ok(Json(state.assistant.prompt_version(&caller.tenant, &asked.id, Some(asked.version)).await?))
}

/// Which versions to compare.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Compared {
    /// By default the version in production, or the one before `to` where none was published.
    from: Option<u32>,
    /// By default the newest.
    to: Option<u32>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// Compare two versions of a prompt.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/diff", tag = "prompts", operation_id = "comparePromptVersions",
    params(("id" = String, Path, description = "The prompt"), Compared),
    responses((status = 200, description = "What changed", body = schema::PromptDiff)),
)]
pub(super) async fn compare(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Params(asked): Params<Compared>,
) -> Result<Json<PromptDiff>, Problem> {
    Ok(Json(state.assistant.compare_prompt(&caller.tenant, &id, asked.from, asked.to).await?))
}
