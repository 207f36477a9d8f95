//! Requests about messages, their answers, and conversations.

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
}

/// Why a person should take over.
#[derive(ToSchema)]
struct Handoff {
    /// Stable code: `asked_for_person`, `legal_threat`, `assistant_decided`, `no_answer`, ….
    reason: String,
    /// One sentence for the operator.
    detail: String,
}

/// What to find out about a message.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum AnalysisType {
    Sentiment,
    Emotion,
    Intent,
    Entity,
    Language,
    Priority,
    Category,
    Toxicity,
    Spam,
    Injection,
}

/// Who analyses: `local` on the device, `provider` a model, `auto` the device where it can.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum Engine {
    Local,
    Provider,
    Auto,
}

/// A message to be analysed.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalyzeRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who wrote it.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// What to find out.
    #[schema(min_items = 1)]
    analysis_type: Vec<AnalysisType>,
    /// Scalars: facts about the customer.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Map<String, Value>,
    /// Who analyses; `auto` when absent.
    #[schema(nullable = false)]
    engine: Option<Engine>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// What was found.
#[derive(ToSchema)]
pub(crate) struct AnalyzeResponse {
    /// One entry per asked type:
    /// - `sentiment`: `polarity` negative, neutral or positive, `score` -1 to 1, `emotions`, `satisfaction`
    /// - `intent`: `primary`, `confidence`, `secondary`
    /// - `entity`: `entities` with `type`, `text`, `value`, `start`, `end` (UTF-8 byte offsets), `confidence`, and
    ///   one key per type with the first value
    /// - `language`: `code` (BCP 47), `alternatives`
    /// - `priority`: `level` low, normal, high or urgent, `reason`, `reasons`
    /// - `category`: `primary`
    /// - `toxicity`, `spam`, `injection`: `flagged`, `score`, `categories`
    #[schema(value_type = Object)]
    analysis: BTreeMap<String, Value>,
    /// By type, 0 to 1, or null where nothing honest can be said.
    confidence: BTreeMap<String, Option<f32>>,
    /// `local` when all of it was found on the device, else the provider.
    provider: String,
    /// Milliseconds from request to answer.
    processing_time_ms: u64,
}

/// A message whose intent is wanted.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassifyRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who wrote it.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// What to choose from; the tenant's own or the built-in set when absent.
    available_intents: Option<Vec<IntentOption>>,
    /// Scalars: facts about the customer.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Map<String, Value>,
    /// Who classifies; `auto` when absent.
    #[schema(nullable = false)]
    engine: Option<Engine>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// An intent to choose from: a bare name, or a name with a description and examples.
#[derive(ToSchema)]
#[serde(untagged)]
enum IntentOption {
    Name(String),
    Described {
        name: String,
        /// What it means.
        #[schema(nullable = false)]
        description: Option<String>,
        /// Messages that have it.
        #[schema(nullable = false)]
        examples: Option<Vec<String>>,
    },
}

/// The intent found.
#[derive(ToSchema)]
pub(crate) struct ClassifyResponse {
    /// One of the available ones, or `out_of_scope`.
    intent: String,
    /// 0 to 1, or null where nothing honest can be said.
    #[schema(required, minimum = 0, maximum = 1)]
    confidence: Option<f32>,
    /// The next best.
    alternatives: Vec<IntentScore>,
    /// Entities in the message, first value of each type.
    entities: BTreeMap<String, String>,
    /// `local`, or the provider.
    provider: String,
    /// Where the tenant's routing sends it, or null.
    #[schema(required)]
    department: Option<String>,
}

/// An intent with its score.
#[derive(ToSchema)]
struct IntentScore {
    intent: String,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
}

/// Who answers in a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Attendant {
    Assistant,
    Human,
}

/// A conversation without its messages.
#[derive(ToSchema)]
pub(crate) struct Conversation {
    id: String,
    /// The customer.
    user_id: String,
    /// Who answers.
    attendant: Attendant,
    /// Why a person was asked for, while one is.
    #[schema(nullable = false)]
    handoff_reason: Option<String>,
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
