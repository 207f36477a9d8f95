//! `/api/v1/ai/intents`: what customers write about. Every change is a new version of the whole set, trained at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytake_assistant::conversation::Page;
use pytake_assistant::intents::{Intent, IntentSetVersion};
use pytake_assistant::service::{CorrectionDraft, IntentDraft, IntentListing, IntentReport, IntentsDraft};

use super::whole;
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, IntentName, Payload, Version};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// List the intents.
///
/// The tenant's own; where it has none, the built-in set for support and sales, without its examples.
#[utoipa::path(
    get, path = "/api/v1/ai/intents", tag = "intents", operation_id = "listIntents",
    responses((status = 200, description = "All of them", body = schema::IntentListing)),
)]
pub(super) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<IntentListing>, Problem> {
    Ok(Json(state.assistant.intents(&caller.tenant).await?))
}

/// Replace all intents.
#[utoipa::path(
    put, path = "/api/v1/ai/intents", tag = "intents", operation_id = "replaceIntents",
    request_body = schema::IntentsDraft,
    responses(
        (status = 200, description = "The new set", body = schema::IntentListing),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn replace_all(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Payload(draft): Payload<IntentsDraft>,
) -> Result<Json<IntentListing>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id)?;
    Ok(Json(state.assistant.put_intents(&tenant, draft.intents).await?))
}

/// Go back to the built-in intents.
///
/// The versions of the tenant's own set stay and can be restored.
#[utoipa::path(
    delete, path = "/api/v1/ai/intents", tag = "intents", operation_id = "deleteIntents",
    responses(
        (status = 204, description = "The built-in set counts"),
        (status = 404, description = "`not_found`: there were none of one's own", body = schema::Error),
    ),
)]
pub(super) async fn delete_all(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    state.assistant.delete_intents(&caller.tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Create an intent.
///
/// A tenant's first own intent replaces the built-in set.
#[utoipa::path(
    post, path = "/api/v1/ai/intents", tag = "intents", operation_id = "createIntent",
    request_body = schema::IntentDraft,
    responses(
        (status = 201, description = "The intent", body = schema::Intent),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn create(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Payload(mut draft): Payload<IntentDraft>,
) -> Result<(StatusCode, Json<Intent>), Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let intent = state.assistant.create_intent(&tenant, draft.into()).await?;
    Ok((StatusCode::CREATED, Json(intent)))
}

/// Replace an intent.
#[utoipa::path(
    put, path = "/api/v1/ai/intents/{name}", tag = "intents", operation_id = "replaceIntent",
    params(("name" = String, Path, description = "The intent's name")),
    request_body = schema::IntentDraft,
    responses(
        (status = 200, description = "The intent", body = schema::Intent),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn replace(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(name): Id<IntentName>,
    Payload(mut draft): Payload<IntentDraft>,
) -> Result<Json<Intent>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    Ok(Json(state.assistant.update_intent(&tenant, &name.0, draft.into()).await?))
}

/// Delete an intent.
#[utoipa::path(
    delete, path = "/api/v1/ai/intents/{name}", tag = "intents", operation_id = "deleteIntent",
    params(("name" = String, Path, description = "The intent's name")),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(name): Id<IntentName>,
) -> Result<StatusCode, Problem> {
    state.assistant.delete_intent(&caller.tenant, &name.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Assign a message that was read wrongly.
///
/// It becomes an example of this intent, and is taken from every other.
#[utoipa::path(
    post, path = "/api/v1/ai/intents/{name}/corrections", tag = "intents", operation_id = "correctIntent",
    params(("name" = String, Path, description = "The intent's name")),
    request_body = schema::CorrectionDraft,
    responses(
        (status = 201, description = "The intent with its corrections", body = schema::Intent),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn correct(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(name): Id<IntentName>,
    Payload(draft): Payload<CorrectionDraft>,
) -> Result<(StatusCode, Json<Intent>), Problem> {
    let tenant = caller.tenant_for(draft.tenant_id)?;
    let intent = state.assistant.correct_intent(&tenant, &name.0, &draft.text).await?;
    Ok((StatusCode::CREATED, Json(intent)))
}

/// Read what the last training found out.
///
/// Which intents are confused, which examples contradict each other, which intents have too few.
#[utoipa::path(
    get, path = "/api/v1/ai/intent-report", tag = "intents", operation_id = "readIntentReport",
    responses((status = 200, description = "The report on the tenant's own set", body = schema::IntentReport)),
)]
pub(super) async fn report(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<IntentReport>, Problem> {
    Ok(Json(state.assistant.intent_report(&caller.tenant).await?))
}

/// List the versions of the tenant's own intents, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/intent-versions", tag = "intents", operation_id = "listIntentVersions",
    responses((status = 200, description = "The last 50", body = schema::Page<schema::IntentSetVersion>)),
)]
pub(super) async fn versions(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<IntentSetVersion>>, Problem> {
    Ok(whole(state.assistant.intent_versions(&caller.tenant).await?))
}

/// Make an earlier version the newest.
#[utoipa::path(
    post, path = "/api/v1/ai/intent-versions/{version}/restore", tag = "intents", operation_id = "restoreIntents",
    params(("version" = u64, Path, description = "The version")),
    responses(
        (status = 200, description = "The set as it is again", body = schema::IntentListing),
        (status = 409, description = "`conflict`: taken, full, or changed by somebody else meanwhile", body = schema::Error),
    ),
)]
pub(super) async fn restore(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(version): Id<Version>,
) -> Result<Json<IntentListing>, Problem> {
    Ok(Json(state.assistant.restore_intents(&caller.tenant, version.0).await?))
}
