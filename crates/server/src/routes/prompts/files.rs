//! Prompts as files.

use axum::Json;
use axum::extract::State;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::service::{ImportedPrompt, PromptFile, PromptImport};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Authorized, PromptsScope};
use crate::input::{Params, Payload};
use crate::problem::Problem;
use crate::routes::whole;
use crate::schema;
use crate::state::AppState;

/// Which prompts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Exported {
    /// Only this one; all when absent.
    id: Option<String>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

impl Exported {
    fn id(&self) -> Result<Option<PromptId>, Problem> {
        let id = self.id.as_deref().map(PromptId::new).transpose();
        id.map_err(|_| Problem::not_found("there is no such prompt"))
    }
}

/// Export prompts as one document, with their fields and test sets.
///
/// Each in the version in production, or the newest one where none was published.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/export", tag = "prompts", operation_id = "exportPrompts",
    params(Exported),
    responses(
        (status = 200, description = "The document, as the import takes it", body = schema::PromptFile),
        (status = 404, description = "`not_found`: there is no such prompt", body = schema::Error),
    ),
)]
pub(super) async fn export(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Params(asked): Params<Exported>,
) -> Result<Json<PromptFile>, Problem> {
    Ok(Json(state.assistant.export_prompts(&caller.tenant, asked.id()?.as_ref()).await?))
}

/// Import prompts from a document.
///
/// New names are created, known ones get a new version, a draft; nothing is published. A prompt that cannot be taken
/// does not keep the others out.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/import", tag = "prompts", operation_id = "importPrompts",
    request_body = schema::PromptImport,
    responses((status = 200, description = "What became of each, in their order", body = schema::Page<schema::ImportedPrompt>)),
)]
pub(super) async fn import(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Payload(mut document): Payload<PromptImport>,
) -> Result<Json<Page<ImportedPrompt>>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(document.tenant_id.take())?;
    Ok(whole(state.assistant.import_prompts(&tenant, document, &author).await?))
}
