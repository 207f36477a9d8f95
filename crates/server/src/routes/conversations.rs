//! `/api/v1/ai/conversations`: reading them, handing them over, pausing, closing, answering as a person, deleting.

mod wire;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pytake_assistant::conversation::{Attendant, ConversationFilter, Page};
use pytake_assistant::id::{ConversationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(super) use self::wire::MessageView;
use self::wire::{ConversationView, DetailView};
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, Params, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// Which conversations to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Only this customer's.
    user_id: Option<String>,
    /// Only those that this kind of attendant answers.
    #[param(value_type = Option<schema::Attendant>)]
    attendant: Option<Attendant>,
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
    fn filter(self) -> Result<ConversationFilter, Problem> {
        let user = self.user_id.map(UserId::new).transpose();
        Ok(ConversationFilter {
            user: user.map_err(|why| Problem::invalid("user_id", why.to_string()))?,
            attendant: self.attendant,
            after: self.cursor,
            limit: self.limit,
        })
    }
}

/// List conversations, newest change first.
#[utoipa::path(
    get, path = "/api/v1/ai/conversations", tag = "conversations", operation_id = "listConversations",
    params(ListParams),
    responses((status = 200, description = "A page", body = schema::Page<schema::Conversation>)),
)]
pub(super) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let Page { items, next } = state.assistant.conversations(&caller.tenant, params.filter()?).await?;
    let now = state.clock.now();
    Ok(Json(Page { items: items.into_iter().map(|item| ConversationView::at(now, item)).collect(), next }))
}

/// Read a conversation.
///
/// With its newest 500 messages, oldest first. Every message of the assistant has its `trail`: why this reply.
#[utoipa::path(
    get, path = "/api/v1/ai/conversations/{id}", tag = "conversations", operation_id = "readConversation",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = DetailView)),
)]
pub(super) async fn read(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
) -> Result<Json<DetailView>, Problem> {
    let detail = state.assistant.conversation(&caller.tenant, &id).await?;
    Ok(Json(DetailView::at(state.clock.now(), detail)))
}

/// Delete a conversation with its messages.
///
/// Its usage stays.
#[utoipa::path(
    delete, path = "/api/v1/ai/conversations/{id}", tag = "conversations",
    operation_id = "deleteConversation",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn delete(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
) -> Result<StatusCode, Problem> {
    state.assistant.delete_conversation(&caller.tenant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who shall answer from now on.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOver {
    /// A person, or the assistant again.
    #[schema(value_type = schema::Attendant)]
    to: Attendant,
    /// Why, for people; at most 500 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// Give a conversation to a person, or back to the assistant.
#[utoipa::path(
    post, path = "/api/v1/ai/conversations/{id}/handoff", tag = "conversations",
    operation_id = "handOverConversation",
    params(("id" = String, Path, description = "The conversation")),
    request_body = HandOver,
    responses((status = 200, description = "As it is now", body = HandOver)),
)]
pub(super) async fn hand_over(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
    Payload(request): Payload<HandOver>,
) -> Result<Json<HandOver>, Problem> {
    state.assistant.hand_over(&caller.tenant, &id, request.to, request.reason.clone()).await?;
    Ok(Json(request))
}

/// How long the assistant stays silent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// From now, 1 to 10,080 (a week); null: it may speak again.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 1, maximum = 10_080)]
    minutes: Option<u32>,
}

impl Pause {
    fn until(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let problem = || Problem::invalid("minutes", "must be from 1 to 10080, or null".to_owned());
        match self.minutes {
            None => Ok(None),
            Some(minutes @ 1..=10_080) => {
                now.checked_add(SignedDuration::from_mins(minutes.into())).map(Some).map_err(|_| problem())
            }
            Some(_) => Err(problem()),
        }
    }
}

/// Keep the assistant silent in a conversation for a while.
///
/// Whoever has the conversation keeps it, and what customers write is kept and analysed.
#[utoipa::path(
    post, path = "/api/v1/ai/conversations/{id}/pause", tag = "conversations",
    operation_id = "pauseConversation",
    params(("id" = String, Path, description = "The conversation")),
    request_body = Pause,
    responses((status = 200, description = "The conversation as it is now", body = schema::Conversation)),
)]
pub(super) async fn pause(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
    Payload(request): Payload<Pause>,
) -> Result<Json<ConversationView>, Problem> {
    let now = state.clock.now();
    let paused = state.assistant.pause(&caller.tenant, &id, request.until(now)?).await?;
    Ok(Json(ConversationView::at(now, paused)))
}

/// Close a conversation.
///
/// The customer's next message opens it again, for the assistant.
#[utoipa::path(
    post, path = "/api/v1/ai/conversations/{id}/close", tag = "conversations",
    operation_id = "closeConversation",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation as it is now", body = schema::Conversation)),
)]
pub(super) async fn close(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    let closed = state.assistant.close(&caller.tenant, &id).await?;
    Ok(Json(ConversationView::at(state.clock.now(), closed)))
}

/// A message that a person of the business writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HumanMessage {
    /// 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
}

/// Answer as a person.
///
/// The conversation is theirs from then on, until it is handed back. On WhatsApp the customer gets it, within 24 hours of
/// their last message.
#[utoipa::path(
    post, path = "/api/v1/ai/conversations/{id}/messages", tag = "conversations",
    operation_id = "writeMessage",
    params(("id" = String, Path, description = "The conversation")),
    request_body = HumanMessage,
    responses(
        (status = 201, description = "The stored message", body = MessageView),
        (status = 409, description = "`conflict`: on WhatsApp, only templates may be sent now", body = schema::Error),
    ),
)]
pub(super) async fn write(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
    Payload(request): Payload<HumanMessage>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let message = state.channel.write_as_person(&caller.tenant, &id, request.message).await?;
    Ok((StatusCode::CREATED, Json(message.into())))
}
