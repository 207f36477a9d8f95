//! `/health/live` and `/health/ready`, for whatever starts and watches the server.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// A good state.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process answers at all.
#[utoipa::path(
    get, path = "/health/live", tag = "health", operation_id = "live", security(()),
    responses((status = 200, description = "It does", body = Health)),
)]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether it can do its work: the database is written and read.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "`service_unavailable`: it cannot", body = schema::Error),
    ),
)]
pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    state.store.check().await?;
    Ok(Json(Health { status: "ok" }))
}
