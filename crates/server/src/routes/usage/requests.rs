//! `/api/v1/ai/usage/requests`: every booked call with its cost.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::{ConversationId, UserId};
use pytake_assistant::ledger::{Booking, BookingFilter, Operation};
use pytake_assistant::money::PicoUsd;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::day;
use crate::auth::{Authorized, ReadScope};
use crate::input::Params;
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Which bookings to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct RequestParams {
    /// First UTC day, `YYYY-MM-DD`; from the beginning when absent.
    #[param(format = Date)]
    from: Option<String>,
    /// Last UTC day, included; until today when absent.
    #[param(format = Date)]
    to: Option<String>,
    /// Only this customer's.
    user_id: Option<String>,
    /// Only this conversation's.
    conversation_id: Option<String>,
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

impl RequestParams {
    fn filter(self) -> Result<BookingFilter, Problem> {
        let user = self.user_id.map(UserId::new).transpose();
        let conversation = self.conversation_id.map(ConversationId::new).transpose();
        Ok(BookingFilter {
            from: day("from", self.from.as_deref())?,
            to: day("to", self.to.as_deref())?,
            user: user.map_err(|why| Problem::invalid("user_id", why.to_string()))?,
            conversation: conversation.map_err(|why| Problem::invalid("conversation_id", why.to_string()))?,
            cursor: self.cursor,
            limit: self.limit,
        })
    }
}

/// One booked call.
#[derive(Serialize, ToSchema)]
pub(in crate::routes) struct BookedCall {
    /// Its number; grows with every booking.
    number: u64,
    /// When it was booked.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// For whom.
    user_id: String,
    /// For which conversation, or null where none was kept.
    #[schema(required)]
    conversation_id: Option<String>,
    /// The assistant's message that came of it, or null where none was kept.
    #[schema(required)]
    message_id: Option<String>,
    /// `chat`, `analyze`, `classify`, `summary`, `transcription`, `prompt_test` or `translation`.
    #[schema(value_type = String)]
    operation: Operation,
    /// `answer`: it was used. `failed`: it was billed and gave no answer, or one that was not fit to send. `cached`: an
    /// answer from before was given again.
    #[schema(example = "answer")]
    kind: &'static str,
    /// Who was asked.
    provider: String,
    /// For which model.
    model: String,
    /// Prompt tokens, cached ones included.
    input_tokens: u64,
    /// Answer tokens, reasoning included.
    output_tokens: u64,
    /// Part of the input that was read from the provider's cache.
    cached_tokens: u64,
    /// Whether the provider sent no numbers and they were counted here.
    is_estimated: bool,
    /// The cost in millionths of a US dollar, rounded; null where the price is unknown.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
    /// The cost in millionths of a millionth of a US dollar, exactly; null where the price is unknown.
    #[schema(required)]
    cost_pico_usd: Option<i64>,
    /// What an answer that was given again would have cost; null where nothing was, or that is unknown.
    #[schema(required)]
    saved_micro_usd: Option<i64>,
}

impl From<Booking> for BookedCall {
    fn from(booking: Booking) -> Self {
        let Booking { number, at, user, origin, entry } = booking;
        let is_cached = entry.is_cached || entry.saved.is_some();
        let kind = match (entry.is_answer, is_cached) {
            (_, true) => "cached",
            (true, false) => "answer",
            (false, false) => "failed",
        };
        Self {
            number,
            at,
            user_id: user,
            conversation_id: origin.conversation.map(|id| id.to_string()),
            message_id: origin.message.map(|id| id.to_string()),
            operation: entry.operation,
            kind,
            provider: entry.provider,
            model: entry.model,
            input_tokens: entry.usage.input_tokens,
            output_tokens: entry.usage.output_tokens,
            cached_tokens: entry.usage.cached_tokens,
            is_estimated: entry.usage.is_estimated,
            cost_micro_usd: entry.cost.map(PicoUsd::micro_usd),
            cost_pico_usd: entry.cost.map(|cost| cost.0),
            saved_micro_usd: entry.saved.map(PicoUsd::micro_usd),
        }
    }
}

/// List booked calls, newest first.
///
/// Every call of a provider that was billed, failed ones included, and every request that cost nothing.
#[utoipa::path(
    get, path = "/api/v1/ai/usage/requests", tag = "usage", operation_id = "listUsageRequests",
    params(RequestParams),
    responses((status = 200, description = "A page", body = schema::Page<BookedCall>)),
)]
pub(in crate::routes) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<RequestParams>,
) -> Result<Json<Page<BookedCall>>, Problem> {
    let Page { items, next } = state.assistant.bookings(&caller.tenant, params.filter()?).await?;
    Ok(Json(Page { items: items.into_iter().map(BookedCall::from).collect(), next }))
}
