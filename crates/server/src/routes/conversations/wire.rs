//! How a stored conversation looks from outside: money in the API's unit, the answer's record flattened.

use jiff::Timestamp;
use pytake_assistant::chat::UsageReport;
use pytake_assistant::conversation::{
    AnswerRecord, Conversation, ConversationMessage, ConversationState, MessageAnalysis, Summary,
};
use pytake_assistant::service::ConversationDetail;
use pytake_assistant::trail::Trail;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema;

/// A conversation, and who has it now.
#[derive(Serialize)]
pub(crate) struct ConversationView {
    #[serde(flatten)]
    conversation: Conversation,
    state: ConversationState,
}

impl ConversationView {
    pub(super) fn at(now: Timestamp, conversation: Conversation) -> Self {
        Self { state: conversation.state(now), conversation }
    }
}

/// A conversation with its newest messages.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationDetail)]
pub(crate) struct DetailView {
    #[serde(flatten)]
    #[schema(value_type = schema::Conversation)]
    conversation: ConversationView,
    /// The running summary of the older part, or null.
    #[schema(required, value_type = Option<schema::Summary>)]
    summary: Option<Summary>,
    /// Oldest first.
    messages: Vec<MessageView>,
}

impl DetailView {
    pub(super) fn at(now: Timestamp, detail: ConversationDetail) -> Self {
        Self {
            conversation: ConversationView::at(now, detail.conversation),
            summary: detail.summary,
            messages: detail.messages.into_iter().map(MessageView::from).collect(),
        }
    }
}

/// A message. What tells how an answer was made is null in messages of people.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    /// Its id.
    id: String,
    /// `user` is the customer; `assistant` the assistant or a person of the business.
    #[schema(pattern = "^(user|assistant)$")]
    role: &'static str,
    /// What was said.
    content: String,
    /// When, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// BCP 47 code, where known.
    #[schema(required)]
    language: Option<String>,
    /// What was found in a customer's message, by type of analysis, in the shapes of `POST /api/v1/ai/analyze`; abuse
    /// only where it is flagged.
    #[schema(required, value_type = Option<Object>)]
    analysis: Option<MessageAnalysis>,
    /// Tokens of the content, o200k.
    tokens: u32,
    /// Who answered.
    #[schema(required)]
    provider: Option<String>,
    /// With which model.
    #[schema(required)]
    model: Option<String>,
    /// Tokens and cost of all billed calls of the turn.
    #[schema(required, value_type = Option<schema::UsageReport>)]
    usage: Option<UsageReport>,
    /// How sure the answer was, 0 to 1; null where nothing honest can be said.
    #[schema(required, minimum = 0, maximum = 1)]
    confidence: Option<f32>,
    /// Why this reply.
    #[schema(required, value_type = Option<schema::Trail>)]
    trail: Option<Trail>,
}

impl From<ConversationMessage> for MessageView {
    fn from(message: ConversationMessage) -> Self {
        let mut view = Self {
            id: message.id.to_string(),
            role: message.role.as_str(),
            content: message.content,
            created_at: message.created_at,
            language: message.language,
            analysis: message.analysis,
            tokens: message.tokens,
            provider: None,
            model: None,
            usage: None,
            confidence: message.confidence,
            trail: None,
        };
        if let Some(answer) = message.answer {
            view.usage = Some(usage(&answer));
            view.provider = Some(answer.provider);
            view.model = Some(answer.model);
            view.trail = Some(answer.trail);
        }
        view
    }
}

fn usage(answer: &AnswerRecord) -> UsageReport {
    UsageReport {
        input_tokens: answer.usage.input_tokens,
        output_tokens: answer.usage.output_tokens,
        cached_tokens: answer.usage.cached_tokens,
        cost_micro_usd: answer.cost.map(pytake_assistant::money::PicoUsd::micro_usd),
    }
}
