//! `/api/v1/ai/budget`: what is spent and what is left.

use axum::Json;
use axum::extract::State;
use pytake_assistant::id::UserId;
use pytake_assistant::service::BudgetReport;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Authorized, ReadScope};
use crate::input::Params;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read))
}

/// Whose budgets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BudgetParams {
    /// With this customer's, too.
    user_id: Option<String>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// Read the budgets: caps, what is spent and reserved, and what happens at the cap.
#[utoipa::path(
    get, path = "/api/v1/ai/budget", tag = "usage", operation_id = "readBudget",
    params(BudgetParams),
    responses((status = 200, description = "The budgets as they are now", body = schema::BudgetReport)),
)]
async fn read(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<BudgetParams>,
) -> Result<Json<BudgetReport>, Problem> {
    let user = params.user_id.map(UserId::new).transpose();
    let user = user.map_err(|why| Problem::invalid("user_id", why.to_string()))?;
    Ok(Json(state.assistant.budget(&caller.tenant, user.as_ref()).await?))
}
