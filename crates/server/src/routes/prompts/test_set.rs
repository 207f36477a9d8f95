//! Test sets of prompts.

use axum::Json;
use axum::extract::State;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::{TestRun, TestSet};
use pytake_assistant::service::{TestReport, TestRunRequest, TestSetDraft};

use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::routes::whole;
use crate::schema;
use crate::state::AppState;

/// Read the test set of a prompt.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/tests", tag = "prompts", operation_id = "readPromptTests",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "The test set; without cases where nobody wrote one", body = schema::TestSet)),
)]
pub(super) async fn read(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<TestSet>, Problem> {
    Ok(Json(state.assistant.prompt_tests(&caller.tenant, &id).await?))
}

/// Replace the test set of a prompt.
#[utoipa::path(
    put, path = "/api/v1/ai/prompts/{id}/tests", tag = "prompts", operation_id = "replacePromptTests",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::TestSetDraft,
    responses((status = 200, description = "The test set", body = schema::TestSet)),
)]
pub(super) async fn replace(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(draft): Payload<TestSetDraft>,
) -> Result<Json<TestSet>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id)?;
    Ok(Json(state.assistant.put_prompt_tests(&tenant, &id, draft.cases).await?))
}

/// Run the test set of a prompt on one of its versions.
///
/// Each case is a chat that is booked as `prompt_test` and leaves no conversation. How it went is kept with the version.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/{id}/tests/run", tag = "prompts", operation_id = "runPromptTests",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::TestRunRequest,
    responses(
        (status = 200, description = "How each case went; limits, money and providers that fail make failed cases", body = schema::TestReport),
        (status = 409, description = "`conflict`: there are no cases", body = schema::Error),
    ),
)]
pub(super) async fn run(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut request): Payload<TestRunRequest>,
) -> Result<Json<TestReport>, Problem> {
    let author = caller.author.clone();
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    Ok(Json(state.assistant.run_prompt_tests(&tenant, &id, request.version, &author).await?))
}

/// List the last test run of each version, newest version first.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/{id}/tests/runs", tag = "prompts", operation_id = "listPromptTestRuns",
    params(("id" = String, Path, description = "The prompt")),
    responses((status = 200, description = "Those of the newest 20 versions that were tested", body = schema::Page<schema::TestRun>)),
)]
pub(super) async fn runs(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
) -> Result<Json<Page<TestRun>>, Problem> {
    Ok(whole(state.assistant.prompt_test_runs(&caller.tenant, &id).await?))
}
