//! Chat requests and their answers, and conversations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::numbers::UsageReport;

/// A message to be answered.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "message": "Qual o horário de funcionamento?", "user_id": "cliente-17",
}))]
pub(crate) struct ChatRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who writes, as the caller names them.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// The conversation it belongs to; one is made when absent.
    conversation_id: Option<String>,
    /// Scalars. `system_prompt` replaces the tenant's prompt text; all others are facts about the customer and
    /// prompt variables.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Map<String, Value>,
    /// Id or name of a custom prompt.
    prompt: Option<String>,
    /// `openai`, `anthropic`, `auto`, or a configured name: preferred, then fallback.
    preferred_provider: Option<String>,
    /// False: only the preferred provider, or an error.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    fallback: bool,
    /// The preferred provider's model.
    model: Option<String>,
    /// Upper bound on the answer in tokens.
    #[schema(minimum = 1)]
    max_tokens: Option<u32>,
    /// How freely the model chooses its words; left out where a model refuses it.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Whether earlier messages of the conversation are given to the model.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    include_history: bool,
    /// False keeps neither message nor answer, only usage.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    store: bool,
    /// Whether the answer comes as Server-Sent Events.
    #[schema(value_type = Option<bool>, default = false, nullable = false)]
    stream: bool,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// The answer to a chat request.
#[derive(ToSchema)]
pub(crate) struct ChatResponse {
    /// What the customer reads.
    response: String,
    /// Who answered: a provider's name, or `assistant` for a sentence of the server's own.
    provider: String,
    /// The model that answered, as the vendor names it.
    model: String,
    /// Input and output tokens of all billed calls of this turn.
    tokens_used: u64,
    usage: UsageReport,
    /// The conversation, for the next request.
    conversation_id: String,
    /// The stored answer.
    message_id: String,
    /// 0 to 1, or null where nothing honest can be said; its source is in `metadata.confidence_source`.
    #[schema(required, minimum = 0, maximum = 1)]
    confidence: Option<f32>,
    /// Why the model stopped: `stop`, `length`, `content_filter`, `tool_calls`, `other`.
    finish_reason: String,
    /// `processing_time_ms`, `provider`, `attempts`, `cached`, `language`, ….
    metadata: BTreeMap<String, String>,
    /// Why a person should take over, or null.
    #[schema(required)]
    handoff: Option<Handoff>,
    /// What the customer may choose from, to be shown as buttons or a list; absent: nothing.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 10)]
    choices: Vec<String>,
}

/// Why a person should take over.
#[derive(ToSchema)]
struct Handoff {
    /// Stable code: `asked_for_person`, `legal_threat`, `angry`, `urgent`, `assistant_decided`, `no_answer`; where the
    /// assistant only listens `person_attends` or `paused`; others may come.
    reason: String,
    /// One sentence for the operator.
    detail: String,
}

/// Who answers in a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Attendant {
    Assistant,
    Human,
}

/// Who has a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum ConversationState {
    /// The assistant answers.
    Assistant,
    /// A person is asked for and has not written yet; the assistant only listens, as in the states below.
    Waiting,
    /// A person has it.
    Human,
    /// The assistant is silent for a while.
    Paused,
    /// It is over, until the customer writes again.
    Closed,
}

/// A conversation without its messages.
#[derive(ToSchema)]
pub(crate) struct Conversation {
    id: String,
    /// The customer.
    user_id: String,
    /// Who has it now, in one word.
    state: ConversationState,
    /// Who answers, pauses and closing aside.
    attendant: Attendant,
    /// Why a person was asked for, while one is.
    #[schema(nullable = false)]
    handoff_reason: Option<String>,
    /// Since when a person is asked for and none has written.
    #[schema(nullable = false, format = DateTime)]
    waiting_since: Option<String>,
    /// When a person of the business last wrote or took the conversation.
    #[schema(nullable = false, format = DateTime)]
    person_at: Option<String>,
    /// The assistant is silent until then.
    #[schema(nullable = false, format = DateTime)]
    paused_until: Option<String>,
    /// When it was closed; the customer's next message opens it again.
    #[schema(nullable = false, format = DateTime)]
    closed_at: Option<String>,
    /// Number of messages at the time it last came back from a person to the assistant.
    #[schema(nullable = false)]
    resumed_at: Option<u64>,
    /// Messages stored.
    message_count: u64,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A running summary of the older part of a conversation.
#[derive(ToSchema)]
pub(crate) struct Summary {
    text: String,
    /// How many messages, counted from the first, it covers.
    covers: u64,
}
