//! `/api/v1/whatsapp/outbox`: what was sent, what waits, what failed and why.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::channel::{OutboundContent, OutboxId};
use pytake_assistant::conversation::Page;
use pytake_assistant::id::{ConversationId, NumberId};
use pytake_store::{OutboxFilter, OutboxRow, OutboxState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Params, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Which messages to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct ListParams {
    /// Only of this conversation.
    conversation_id: Option<String>,
    /// Only in this state: `queued`, `sending`, `accepted`, `sent`, `delivered`, `read`, `played`, `failed`, `withheld`,
    /// `merged`.
    state: Option<String>,
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

impl ListParams {
    fn filter(self) -> Result<OutboxFilter, Problem> {
        let conversation = self.conversation_id.map(ConversationId::new).transpose();
        let known = |name: String| {
            OutboxState::from_name(&name)
                .ok_or_else(|| Problem::invalid("state", format!("{name:?} is not a state of a message")))
        };
        Ok(OutboxFilter {
            conversation: conversation.map_err(|why| Problem::invalid("conversation_id", why.to_string()))?,
            state: self.state.map(known).transpose()?,
            after: self.cursor,
            limit: self.limit,
        })
    }
}

/// A message on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = OutboxMessage)]
pub(in crate::routes) struct OutboxWire {
    /// Its id; Meta gives it back as `biz_opaque_callback_data`.
    id: String,
    /// Where it belongs.
    conversation_id: String,
    /// From which number.
    number: String,
    /// `reply` of the assistant, `notice` of the server, or by a `person`.
    kind: &'static str,
    /// The text as it is sent; of a template its name.
    text: String,
    /// What is sent.
    #[schema(value_type = Object)]
    content: OutboundContent,
    /// Where it is.
    state: &'static str,
    /// Tries so far.
    attempts: u32,
    /// Meta's id, or null.
    #[schema(required)]
    message_id: Option<String>,
    /// Why it failed, was withheld, or waits, or null.
    #[schema(required)]
    reason: Option<String>,
    /// Meta's error code, or null.
    #[schema(required)]
    code: Option<i64>,
    /// Whether the customer may have it twice.
    is_possible_duplicate: bool,
    /// When it was queued, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    queued_at: Timestamp,
    /// When it last changed, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<OutboxRow> for OutboxWire {
    fn from(row: OutboxRow) -> Self {
        Self {
            id: row.id.0,
            conversation_id: row.conversation.to_string(),
            number: row.number.to_string(),
            kind: row.kind.as_str(),
            text: row.content.text().to_owned(),
            content: row.content,
            state: row.state.as_str(),
            attempts: row.attempts,
            message_id: row.message_id,
            reason: row.reason,
            code: row.code,
            is_possible_duplicate: row.is_possible_duplicate,
            queued_at: row.queued_at,
            updated_at: row.updated_at,
        }
    }
}

/// List what was sent, waits, or failed, newest first.
#[utoipa::path(
    get, path = "/api/v1/whatsapp/outbox", tag = "whatsapp", operation_id = "listOutbox",
    params(ListParams),
    responses((status = 200, description = "A page", body = schema::Page<OutboxWire>)),
)]
pub(in crate::routes) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<OutboxWire>>, Problem> {
    let page = state.channel.outbox(&caller.tenant, params.filter()?).await?;
    Ok(Json(Page { items: page.items.into_iter().map(OutboxWire::from).collect(), next: page.next }))
}

/// Send a message again that failed or was withheld.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/outbox/{id}/resend", tag = "whatsapp", operation_id = "resendMessage",
    params(("id" = String, Path, description = "The message")),
    responses(
        (status = 202, description = "It waits to be sent"),
        (status = 409, description = "`conflict`: it neither failed nor was withheld", body = schema::Error),
    ),
)]
pub(in crate::routes) async fn resend(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
) -> Result<StatusCode, Problem> {
    state.channel.resend(&caller.tenant, &OutboxId(id)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How far a message has come.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(in crate::routes) struct DeliveryWire {
    /// `accepted`, `sent`, `delivered`, `read`, `played`, `failed`.
    state: &'static str,
}

/// How far a message has come, by Meta's id; also one that another program sent.
#[utoipa::path(
    get, path = "/api/v1/whatsapp/numbers/{id}/messages/{message_id}", tag = "whatsapp", operation_id = "readDelivery",
    params(
        ("id" = String, Path, description = "The number"),
        ("message_id" = String, Path, description = "Meta's id of the message (wamid)"),
    ),
    responses((status = 200, description = "How far", body = DeliveryWire)),
)]
pub(in crate::routes) async fn delivery(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<DeliveryWire>, Problem> {
    let Path((number, message)) = path.map_err(|_| no_message())?;
    let number = NumberId::new(number).map_err(|_| no_message())?;
    let found = state.channel.delivery(&caller.tenant, &number, &message).await?;
    Ok(Json(DeliveryWire { state: found.ok_or_else(no_message)?.as_str() }))
}

fn no_message() -> Problem {
    Problem::not_found("there is no such message")
}
