//! `GET /api/v1/ai/providers`: how each provider is doing.

use axum::Json;
use axum::extract::State;
use pytake_assistant::conversation::Page;
use pytake_assistant::router::ProviderStatus;

use super::whole;
use crate::auth::{Authorized, ReadScope};
use crate::schema;
use crate::state::AppState;

/// State, latency, error rate, limiter and breaker of each provider.
#[utoipa::path(
    get, path = "/api/v1/ai/providers", tag = "providers", operation_id = "listProviders",
    responses((status = 200, description = "All of them", body = schema::Page<schema::ProviderStatus>)),
)]
pub(super) async fn list(
    _: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Json<Page<ProviderStatus>> {
    whole(state.assistant.providers())
}
