//! `/api/v1/ai/answers`: what the business itself says; every reply is grounded in it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::answers::ApprovedAnswer;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::AnswerId;
use pytake_assistant::service::AnswerDraft;

use super::whole;
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, Payload, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// List the approved answers.
#[utoipa::path(
    get, path = "/api/v1/ai/answers", tag = "content", operation_id = "listAnswers",
    responses((status = 200, description = "All of them", body = schema::Page<schema::ApprovedAnswer>)),
)]
pub(super) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<ApprovedAnswer>>, Problem> {
    Ok(whole(state.assistant.answers(&caller.tenant).await?))
}

/// Create an approved answer.
///
/// With the `id` of an existing one, replace it. The next message finds it.
#[utoipa::path(
    post, path = "/api/v1/ai/answers", tag = "content", operation_id = "createAnswer",
    request_body = schema::AnswerDraft,
    responses(
        (status = 201, description = "The answer", body = schema::ApprovedAnswer),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn create(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Payload(mut draft): Payload<AnswerDraft>,
) -> Result<(StatusCode, Json<ApprovedAnswer>), Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let answer = state.assistant.put_answer(&tenant, draft).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Create or replace the approved answer with this id.
#[utoipa::path(
    put, path = "/api/v1/ai/answers/{id}", tag = "content", operation_id = "replaceAnswer",
    params(("id" = String, Path, description = "The answer")),
    request_body = schema::AnswerDraft,
    responses(
        (status = 200, description = "The answer", body = schema::ApprovedAnswer),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn replace(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
    Payload(mut draft): Payload<AnswerDraft>,
) -> Result<Json<ApprovedAnswer>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let draft = AnswerDraft { id: Some(id), ..draft };
    Ok(Json(state.assistant.put_answer(&tenant, draft).await?))
}

/// Delete an approved answer.
#[utoipa::path(
    delete, path = "/api/v1/ai/answers/{id}", tag = "content", operation_id = "deleteAnswer",
    params(("id" = String, Path, description = "The answer")),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<AnswerId>,
) -> Result<StatusCode, Problem> {
    state.assistant.delete_answer(&caller.tenant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
