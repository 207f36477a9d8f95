//! `/api/v1/customers`: a customer's data, handed over or erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::stream;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_store::{ErasureRecord, Export};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::audit::Witness;
use crate::auth::{Authorized, ManageScope};
use crate::input::{CustomerName, Id, Named};
use crate::problem::Problem;
use crate::retention::Customers;
use crate::schema;
use crate::state::AppState;

/// Erasures listed at most, the newest.
const LISTED: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(export)).routes(routes!(erase)).routes(routes!(erasures))
}

/// What remains of an erasure.
#[derive(Serialize, ToSchema)]
pub(super) struct ErasureView {
    /// Its id.
    id: String,
    /// Who had it done: `key:<id>`, `operator:<id>`, `command`, `open`.
    author: String,
    /// Under which names the sums of usage go on; they lead back to nobody.
    pseudonyms: Vec<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    begun_at: Timestamp,
    /// When it ended; absent: it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// Rows that were deleted or made anonymous, by kind.
    counts: BTreeMap<String, u64>,
}

impl From<ErasureRecord> for ErasureView {
    fn from(record: ErasureRecord) -> Self {
        Self {
            id: record.id,
            author: record.author.to_string(),
            pseudonyms: record.pseudonyms.iter().map(ToString::to_string).collect(),
            begun_at: record.begun_at,
            finished_at: record.finished_at,
            counts: record.counts,
        }
    }
}

/// Hand over everything that is kept of a customer.
///
/// JSON Lines, one object a line with a `kind` each: a `header` with `version`, `tenant_id` and `counts`, then `customer`,
/// `address`, `conversation`, `channel`, `summary`, `message` (with its analysis, and how each answer came to be: provider,
/// tokens, every attempt), `received`, `sent`, `file` with its `file_piece`s in base64, `batch_item`, `day`, `usage`, `processor`, and
/// `end` with the number of lines: without it the export was cut off. The customer is named as callers name them, or by the
/// id, the telephone or the scoped id of a channel.
#[utoipa::path(
    get, path = "/api/v1/customers/{user_id}/export", tag = "customers", operation_id = "exportCustomer",
    params(("user_id" = String, Path, description = "The customer, by any of their names")),
    responses((status = 200, description = "Everything, a line each", body = String, content_type = "application/x-ndjson")),
)]
pub(super) async fn export(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Id(CustomerName(name)): Id<CustomerName>,
) -> Result<Response, Problem> {
    let subject = state.store.subject(&caller.tenant, &name).await?.ok_or_else(CustomerName::missing)?;
    let export = Export::begin(Arc::clone(&state.store) as _, subject, state.clock.now()).await?;
    let pages = stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next_text().await {
            Ok(Some(text)) => Some((Ok(text), Some(export))),
            Ok(None) => None,
            Err(error) => {
                // The head is out: the missing end tells the reader.
                tracing::error!(%error, "an export was cut off");
                Some((Err(error), None))
            }
        }
    });
    let head = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"customer.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((head, Body::from_stream(pages)).into_response())
}

/// Erase a customer for good.
///
/// Messages, files, analyses, summaries, conversations, addresses, what was received and what was sent. Sums of usage go on
/// under a pseudonym. That the person wants no messages is remembered as a hash of the address. Answers when everything is
/// erased; when the caller leaves before, the server goes on by itself.
#[utoipa::path(
    delete, path = "/api/v1/customers/{user_id}", tag = "customers", operation_id = "eraseCustomer",
    params(("user_id" = String, Path, description = "The customer, by any of their names")),
    responses((status = 200, description = "What was erased", body = ErasureView)),
)]
pub(super) async fn erase(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Extension(witness): Extension<Witness>,
    Id(CustomerName(name)): Id<CustomerName>,
) -> Result<Json<ErasureView>, Problem> {
    // The audit log must not keep the name that is erased, not even of one that is unknown.
    witness.name("user_id", "erased");
    let erased = Customers::of(&state).erase(&caller.tenant, &name, &caller.author).await?;
    let erased = erased.ok_or_else(CustomerName::missing)?;
    witness.name("erasure_id", &erased.id);
    Ok(Json(erased.into()))
}

/// List the erasures, newest first.
///
/// The newest 200. Who had somebody erased and when, not who it was.
#[utoipa::path(
    get, path = "/api/v1/erasures", tag = "customers", operation_id = "listErasures",
    responses((status = 200, description = "The erasures", body = schema::Page<ErasureView>)),
)]
pub(super) async fn erasures(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<ErasureView>>, Problem> {
    let records = state.store.erasures(&caller.tenant, LISTED).await?;
    Ok(whole(records.into_iter().map(ErasureView::from).collect()))
}
