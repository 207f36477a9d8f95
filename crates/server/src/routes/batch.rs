//! `/api/v1/ai/batch`: many questions at once.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use pytake_assistant::AIError;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::LimitScope;
use pytake_store::{Creation, ItemResult, Job, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{AnyScope, Authorized, ReadScope};
use crate::batch::{AT_ONCE, BatchItem, stored_body};
use crate::input::{Params, Payload, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Items of a batch, at most. A body has 256 KiB, which is about as many short questions.
const MAX_ITEMS: usize = 1_000;

/// Results on a page.
const PAGE: u32 = 100;

/// When to come back where a tenant has as many open batches as it may have: one takes minutes.
const WHILE_MANY: Duration = Duration::from_mins(1);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(submit, list)).routes(routes!(read, cancel)).routes(routes!(results))
}

/// Many questions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// What is asked, 1 to 1,000 items; answers come in this order.
    #[schema(value_type = Vec<schema::BatchItem>, min_items = 1, max_items = 1000)]
    items: Vec<BatchItem>,
    /// Whether the answers are fetched later. When absent: if there are more than 20 items, or an idempotency key.
    #[schema(nullable = false)]
    background: Option<bool>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[schema(nullable = false)]
    tenant_id: Option<String>,
}

impl Batch {
    fn check(&self, has_key: bool) -> Result<bool, Problem> {
        if self.items.is_empty() || self.items.len() > MAX_ITEMS {
            return Err(Problem::invalid("items", format!("must have 1 to {MAX_ITEMS} entries")));
        }
        for (place, item) in self.items.iter().enumerate() {
            if let Some((field, problem)) = item.misfit() {
                return Err(Problem::invalid(format!("items[{place}].request.{field}"), problem));
            }
        }
        let is_large = self.items.len() > AT_ONCE;
        match self.background {
            Some(false) if is_large => {
                let problem = format!("must be true, or left out, for more than {AT_ONCE} items");
                Err(Problem::invalid("background", problem))
            }
            Some(false) if has_key => Err(Problem::invalid(
                "background",
                "must be true, or left out, with an Idempotency-Key: what is answered at once is not kept",
            )),
            Some(chosen) => Ok(chosen),
            None => Ok(is_large || has_key),
        }
    }
}

/// The answers of a small batch, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchAnswers {
    /// Each with its own status.
    #[schema(value_type = Vec<schema::BatchAnswer>)]
    items: Vec<crate::batch::BatchAnswer>,
}

/// A batch in the background.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchJob {
    /// Its id.
    id: String,
    /// `open`, `done` or `cancelled`.
    state: &'static str,
    /// Its items.
    total: u32,
    /// Items that have their answer.
    finished: u32,
    /// Of those, the ones whose status is not 200.
    failed: u32,
    /// Who sent it.
    author: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it came to its end, or null.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    finished_at: Option<Timestamp>,
}

impl From<Job> for BatchJob {
    fn from(job: Job) -> Self {
        Self {
            state: job.state.as_str(),
            total: job.total,
            finished: job.finished,
            failed: job.failed,
            author: job.author.to_string(),
            created_at: job.created_at,
            finished_at: job.finished_at,
            id: job.id,
        }
    }
}

/// Ask many questions.
///
/// Up to 20 are answered at once. More become a job: 202 with its id, its progress under `/batch/{id}` and as events
/// (`batch`), its answers under `/batch/{id}/items`, kept for a week. With the header `Idempotency-Key` a batch can be
/// sent again without its being done twice. Each item is answered, limited and booked as if it came by itself; only
/// the limit of the API key counts the batch as one request. A tenant has at most 100 open batches.
#[utoipa::path(
    post, path = "/api/v1/ai/batch", tag = "batch", operation_id = "submitBatch",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name of the caller's own for this batch, 1 to 128 characters")),
    request_body = Batch,
    responses(
        (status = 200, description = "The answers", body = BatchAnswers),
        (status = 202, description = "It is worked on", body = BatchJob),
        (status = 409, description = "`conflict`: another batch has this Idempotency-Key", body = schema::Error),
    ),
)]
pub(super) async fn submit(
    caller: Authorized<AnyScope>,
    State(state): State<AppState>,
    headers: HeaderMap,
    Payload(mut batch): Payload<Batch>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    caller.must_have(&needed(&batch.items))?;
    let is_job = batch.check(key.is_some())?;
    let author = caller.author.clone();
    let tenant = caller.tenant_for(batch.tenant_id.take())?;
    if !is_job {
        return Ok(
            Json(BatchAnswers { items: state.batches.answer(&tenant, batch.items).await }).into_response()
        );
    }
    let (id, creation) = state.batches.submit(tenant.clone(), author, key, &batch.items).await?;
    let job = match creation {
        Creation::Created => state.batches.jobs().job(&tenant, &id).await?,
        Creation::Known(job) => Some(job),
        Creation::NameTaken => {
            let why = "Another batch was sent with this Idempotency-Key; a new batch needs a new one";
            return Err(Problem::new(StatusCode::CONFLICT, "conflict", why));
        }
        Creation::TooMany => {
            let full = AIError::RateLimitExceeded { scope: LimitScope::Tenant, retry_after: WHILE_MANY };
            return Err(full.into());
        }
    };
    Ok((StatusCode::ACCEPTED, Json(BatchJob::from(job.ok_or_else(no_batch)?))).into_response())
}

fn needed(items: &[BatchItem]) -> Vec<Scope> {
    let mut needed: Vec<Scope> = items.iter().map(BatchItem::scope).collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=128).contains(&text.len()));
    let wrong = || Problem::invalid("Idempotency-Key", "must have 1 to 128 printable ASCII characters");
    text.map(|text| Some(text.to_owned())).ok_or_else(wrong)
}

fn no_batch() -> Problem {
    Problem::not_found("there is no such batch")
}

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Where the page starts, as the page before said.
    cursor: Option<String>,
    /// Jobs on the page, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// List batches in the background, newest first.
#[utoipa::path(
    get, path = "/api/v1/ai/batch", tag = "batch", operation_id = "listBatches",
    params(ListParams),
    responses((status = 200, description = "A page", body = schema::Page<BatchJob>)),
)]
pub(super) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<BatchJob>>, Problem> {
    const USUAL_PAGE: u32 = 50;
    let limit = params.limit.unwrap_or(USUAL_PAGE);
    let page = state.batches.jobs().jobs(&caller.tenant, params.cursor, limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(BatchJob::from).collect(), next: page.next }))
}

/// How far a batch is.
#[utoipa::path(
    get, path = "/api/v1/ai/batch/{id}", tag = "batch", operation_id = "readBatch",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = BatchJob)),
)]
pub(super) async fn read(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
) -> Result<Json<BatchJob>, Problem> {
    let job = state.batches.jobs().job(&caller.tenant, &id).await?.ok_or_else(no_batch)?;
    Ok(Json(job.into()))
}

/// End a batch. What has its answer keeps it; what is being asked right now is finished and not kept.
#[utoipa::path(
    delete, path = "/api/v1/ai/batch/{id}", tag = "batch", operation_id = "cancelBatch",
    params(("id" = String, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = BatchJob)),
)]
pub(super) async fn cancel(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
) -> Result<Json<BatchJob>, Problem> {
    caller.must_have(&[Scope::Operate])?;
    let job = state.batches.jobs().cancel_job(&caller.tenant, &id).await?.ok_or_else(no_batch)?;
    Ok(Json(job.into()))
}

/// Which answers to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ResultParams {
    /// Where the page starts, as the page before said; the first item when absent.
    cursor: Option<String>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// An item's answer in a batch in the background.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchItemResult {
    /// The item's place, from 0.
    position: u32,
    /// The status that the same request would have got by itself, or null as long as there is none.
    #[schema(required)]
    status: Option<u16>,
    /// The body of that answer, or null.
    #[schema(required)]
    body: Value,
}

impl From<ItemResult> for BatchItemResult {
    fn from(item: ItemResult) -> Self {
        Self { position: item.position, status: item.status, body: stored_body(item.body.as_deref()) }
    }
}

/// Read the answers of a batch, in the order of its items, 100 on a page.
#[utoipa::path(
    get, path = "/api/v1/ai/batch/{id}/items", tag = "batch", operation_id = "readBatchItems",
    params(("id" = String, Path, description = "The batch"), ResultParams),
    responses((status = 200, description = "A page", body = schema::Page<BatchItemResult>)),
)]
pub(super) async fn results(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
    Params(params): Params<ResultParams>,
) -> Result<Json<Page<BatchItemResult>>, Problem> {
    let jobs = state.batches.jobs();
    let job = jobs.job(&caller.tenant, &id).await?.ok_or_else(no_batch)?;
    let from: u32 = params.cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
    let items = jobs.job_items(&caller.tenant, &id, from, PAGE).await?;
    let after = items.last().map_or(job.total, |item| item.position.saturating_add(1));
    let next = (after < job.total).then(|| after.to_string());
    Ok(Json(Page { items: items.into_iter().map(BatchItemResult::from).collect(), next }))
}
