//! A chat request and its answer: the contract of `POST /api/v1/ai/chat`, also the library's.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::error::AIError;

/// A message to be answered. `Default` fills everything optional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatRequest {
    /// 1 to 4,096 characters (contract, section 4).
    pub message: String,
    /// Who writes, as the caller names them; 1 to 128 characters.
    pub user_id: String,
    /// The conversation it belongs to; one is made when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Scalars: facts about the customer and prompt variables; `system_prompt` replaces the tenant's prompt.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Id or name of a custom prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Preferred, then fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_provider: Option<AIProvider>,
    /// False: only the preferred provider, or an error.
    #[serde(default = "yes")]
    pub fallback: bool,
    /// The preferred provider's model; fallbacks use their own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Upper bound on the answer in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Whether earlier messages of the conversation are given to the model.
    #[serde(default = "yes")]
    pub include_history: bool,
    /// False keeps neither message nor answer, only usage.
    #[serde(default = "yes")]
    pub store: bool,
    /// Whether the answer comes as Server-Sent Events (HTTP only; the library has its own method).
    #[serde(default)]
    pub stream: bool,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

fn yes() -> bool {
    true
}

impl Default for ChatRequest {
    fn default() -> Self {
        Self {
            message: String::new(),
            user_id: String::new(),
            conversation_id: None,
            context: serde_json::Map::new(),
            prompt: None,
            preferred_provider: None,
            fallback: true,
            model: None,
            max_tokens: None,
            temperature: None,
            include_history: true,
            store: true,
            stream: false,
            tenant_id: None,
        }
    }
}

/// Which provider a caller wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AIProvider {
    /// `openai`
    OpenAI,
    /// `anthropic`
    Anthropic,
    /// `auto`: the operator's order.
    #[default]
    Auto,
    /// A name from the configuration: a compatible server, or `local`.
    Named(String),
}

impl AIProvider {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OpenAI => "openai",
            Self::Anthropic => "anthropic",
            Self::Auto => "auto",
            Self::Named(name) => name,
        }
    }
}

impl From<&str> for AIProvider {
    fn from(name: &str) -> Self {
        match name {
            "openai" => Self::OpenAI,
            "anthropic" => Self::Anthropic,
            "auto" => Self::Auto,
            other => Self::Named(other.to_owned()),
        }
    }
}

impl Serialize for AIProvider {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AIProvider {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// The answer to a chat request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatResponse {
    /// What the customer reads.
    pub response: String,
    /// Who answered: a provider's name, or `assistant` for a sentence of the server's own.
    pub provider: String,
    /// The model that answered, as the vendor names it.
    pub model: String,
    /// Input and output tokens of all billed calls of this turn.
    pub tokens_used: u64,
    /// The same by class, with the cost.
    pub usage: UsageReport,
    /// The conversation, for the next request.
    pub conversation_id: String,
    /// The stored answer; also given when nothing was stored.
    pub message_id: String,
    /// 0 to 1, or null where nothing honest can be said; its source is in `metadata.confidence_source`.
    pub confidence: Option<f32>,
    /// Why the model stopped: `stop`, `length`, `content_filter`, `tool_calls`, `other`.
    pub finish_reason: String,
    /// Strings: `processing_time_ms`, `provider`, `attempts`, `cached`, `language`, ….
    pub metadata: BTreeMap<String, String>,
    /// Why a person should take over, or null.
    pub handoff: Option<Handoff>,
    /// What the customer may choose from, to be shown as buttons or a list; empty: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// Tokens and money of a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// Prompt tokens, cached ones included.
    pub input_tokens: u64,
    /// Answer tokens, reasoning included.
    pub output_tokens: u64,
    /// Part of the input that was read from the provider's cache.
    pub cached_tokens: u64,
    /// Millionths of a US dollar; null where a price is unknown.
    pub cost_micro_usd: Option<i64>,
}

/// Why a person should take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Stable code: `asked_for_person`, `legal_threat`, `angry`, `urgent`, `assistant_decided`, `no_answer`; where the
    /// assistant only listens `person_attends` or `paused`; others may come.
    pub reason: String,
    /// One sentence for the operator.
    pub detail: String,
}

/// A piece of a streamed answer.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one event in a stream is the large one, and it is moved once")]
pub enum ChatEvent {
    /// More of `response`, already checked.
    Delta(String),
    /// The whole answer; the last event of a good stream.
    Done(ChatResponse),
    /// The stream ends in failure; nothing was stored as an answer.
    Error(AIError),
}

/// A streamed answer: deltas, then exactly one `Done` or `Error`.
pub type ChatStream = Pin<Box<dyn Stream<Item = ChatEvent> + Send>>;
