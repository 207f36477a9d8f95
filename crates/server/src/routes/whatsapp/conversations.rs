//! `/api/v1/whatsapp/conversations/{id}`: who writes there, and templates.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::id::ConversationId;
use pytake_store::ChannelConversation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::conversations::MessageView;
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// A conversation as the channel sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = WhatsAppConversation)]
pub(in crate::routes) struct ChannelView {
    /// The business number.
    number: String,
    /// The customer's id: `user_id` of everything that is theirs.
    user_id: String,
    /// The name of their profile, as they chose it, or null.
    #[schema(required)]
    name: Option<String>,
    /// Their handle, or null.
    #[schema(required)]
    username: Option<String>,
    /// Their telephone as Meta knows it, in digits, or null.
    #[schema(required)]
    phone: Option<String>,
    /// Their business-scoped id, or null.
    #[schema(required)]
    scoped_id: Option<String>,
    /// Since when they want no automatic messages, or null.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    opted_out_at: Option<Timestamp>,
    /// Since when they want no marketing, or null.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    marketing_stopped_at: Option<Timestamp>,
    /// The newest message that opens the 24 hours in which anything but templates may be sent, or null.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    window_from: Option<Timestamp>,
    /// Whether messages wait for their turn.
    is_pending: bool,
}

impl From<ChannelConversation> for ChannelView {
    fn from(conversation: ChannelConversation) -> Self {
        let customer = conversation.customer;
        Self {
            number: conversation.number.to_string(),
            user_id: customer.id.to_string(),
            name: customer.name,
            username: customer.username,
            phone: customer.recipient.phone,
            scoped_id: customer.recipient.scoped_id,
            opted_out_at: customer.opted_out_at,
            marketing_stopped_at: customer.marketing_stopped_at,
            window_from: conversation.window_from,
            is_pending: conversation.is_pending,
        }
    }
}

/// Who writes in a conversation, and whether they may be written to.
#[utoipa::path(
    get, path = "/api/v1/whatsapp/conversations/{id}", tag = "whatsapp", operation_id = "readWhatsAppConversation",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The customer and the window", body = ChannelView)),
)]
pub(in crate::routes) async fn read(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
) -> Result<Json<ChannelView>, Problem> {
    Ok(Json(state.channel.channel_conversation(&caller.tenant, &id).await?.into()))
}

/// A template to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct TemplateDraft {
    /// Its name at Meta.
    #[schema(example = "order_ready")]
    name: String,
    /// Its language at Meta.
    #[schema(example = "pt_BR")]
    language: String,
    /// Its components as Meta's API wants them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    components: Value,
}

/// Send a template, the only thing that may be sent more than 24 hours after the customer wrote.
///
/// The conversation is a person's from then on, until it is handed back.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/conversations/{id}/template", tag = "whatsapp", operation_id = "sendTemplate",
    params(("id" = String, Path, description = "The conversation")),
    request_body = TemplateDraft,
    responses(
        (status = 201, description = "The stored message", body = MessageView),
        (status = 409, description = "`conflict`: the customer asked for no more messages", body = schema::Error),
    ),
)]
pub(in crate::routes) async fn send_template(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(id): Id<ConversationId>,
    Payload(draft): Payload<TemplateDraft>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let TemplateDraft { name, language, components } = draft;
    let message = state.channel.send_template(&caller.tenant, &id, name, language, components).await?;
    Ok((StatusCode::CREATED, Json(message.into())))
}
