//! `/api/v1/audit`: who changed what, and who looked.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_store::{AuditEntry, AuditFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Authorized, ManageScope};
use crate::input::Params;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// From this instant on, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this instant, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only by this author: `key:<id>`, `operator:<id>`, `command`, `open`, `stranger`.
    author: Option<String>,
    /// Only this action: method and route, such as `DELETE /api/v1/keys/{id}`, or a command.
    action: Option<String>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many at most, 1 to 200.
    #[serde(default = "crate::input::a_page")]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 200)]
    limit: u32,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

impl From<ListParams> for AuditFilter {
    fn from(params: ListParams) -> Self {
        Self {
            from: params.from,
            to: params.to,
            author: params.author,
            action: params.action,
            after: params.cursor,
            limit: params.limit,
        }
    }
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct EntryView {
    /// When, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who did it; `stranger`: somebody who failed to sign in.
    author: String,
    /// What: method and route, or a command.
    action: String,
    /// To what: the route's parameters and the ids of what was made.
    object: BTreeMap<String, String>,
    /// The status it was answered with, or null for a command.
    #[schema(required)]
    status: Option<u16>,
    /// The request's id, or null for a command.
    #[schema(required)]
    request_id: Option<String>,
    /// The address it came from directly, where that is known, or null.
    #[schema(required)]
    peer: Option<String>,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: entry.at,
            author: entry.author.to_string(),
            action: entry.action,
            object: entry.object,
            status: entry.status,
            request_id: entry.request_id,
            peer: entry.peer,
        }
    }
}

/// List what was done, newest first.
///
/// Every change that was made, every look at a customer's words, and every try to sign in to an account that exists.
/// Turns are not here; they have their own trail.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access", operation_id = "listAudit",
    params(ListParams),
    responses((status = 200, description = "A page", body = schema::Page<EntryView>)),
)]
async fn list(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let page = state.store.audit(&caller.tenant, params.into()).await?;
    Ok(Json(Page { items: page.items.into_iter().map(EntryView::from).collect(), next: page.next }))
}
