//! Putting versions into production, and going back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::{CustomPrompt, Publication};
use pytake_assistant::service::{PublishRequest, Publishing, RollBackRequest, TestReport};
use serde_json::json;

use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::routes::whole;
use crate::schema;
use crate::state::AppState;

/// Put a version of a prompt into production.
///
/// Runs its test set first, where it has one. From the next message on the version is used.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/{id}/publish", tag = "prompts", operation_id = "publishPrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::PublishRequest,
    responses(
        (status = 200, description = "The version in production", body = schema::CustomPrompt),
        (
            status = 409,
            description = "`conflict`: the test set did not pass, and `tests` says how it went (`force` publishes all the same); \
                or another version came into production while it ran",
            body = schema::Error,
        ),
    ),
)]
pub(super) async fn publish(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut request): Payload<PublishRequest>,
) -> Result<Json<CustomPrompt>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    match state.assistant.publish_prompt(&tenant, &id, request, &author).await? {
        Publishing::Published(prompt) => Ok(Json(*prompt)),
        Publishing::Failed(report) => Err(not_passed(&report)),
    }
}

fn not_passed(report: &TestReport) -> Problem {
    let run = &report.run;
    let message = format!("{} of {} test cases failed; nothing was published", run.failed, run.cases.len());
    Problem::new(StatusCode::CONFLICT, "conflict", message).with("tests", json!(report))
}

/// Put the version of a prompt into production that was there before.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/{id}/rollback", tag = "prompts", operation_id = "rollBackPrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::RollBackRequest,
    responses(
        (status = 200, description = "The version in production", body = schema::CustomPrompt),
        (status = 409, description = "`conflict`: no other version was in production", body = schema::Error),
    ),
)]
pub(super) async fn roll_back(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut request): Payload<RollBackRequest>,
) -> Result<Json<CustomPrompt>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.roll_back_prompt(&tenant, &id, request, &author).await?))
}

/// List what was in production, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/publications", tag = "prompts", operation_id = "listPromptPublications",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "The last 100", body = schema::Page<schema::Publication>)),
)]
pub(super) async fn list(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<Page<Publication>>, Problem> {
    Ok(whole(state.assistant.prompt_publications(&caller.tenant, &id).await?))
}
