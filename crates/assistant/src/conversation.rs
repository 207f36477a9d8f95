//! Conversations as they are stored, and the record a turn leaves.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::analysis::AnalysisType;
use crate::budget::{BudgetClaim, BudgetMark};
use crate::channel::{Echo, InboundContent, OutboxId, Recorded, Settlement};
use crate::error::StorageError;
use crate::id::{ConversationId, MessageId, TenantId, UserId};
use crate::ledger::{LedgerEntry, Origin, ReservationId};
use crate::money::{PicoUsd, TokenUsage};
use crate::provider::Role;
use crate::trail::Trail;

/// A stored message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationMessage {
    /// Its id.
    pub id: MessageId,
    /// Who spoke.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// o200k tokens of the content, counted once when it was stored.
    pub tokens: u32,
    /// When.
    pub created_at: Timestamp,
    /// BCP 47 code of its language, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the device found in it, in the shapes of `POST /api/v1/ai/analyze`; on customers' messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<MessageAnalysis>,
    /// How it came to be; on assistant messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerRecord>,
    /// How sure the answer was, 0 to 1, where something honest could be said; on assistant messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// What the channel knows of it; on messages that came or went through one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelDetail>,
}

impl ConversationMessage {
    /// What somebody said, with its tokens counted, and nothing else known of it.
    pub fn new(id: MessageId, role: Role, content: String, created_at: Timestamp) -> Self {
        Self {
            id,
            role,
            tokens: u32::try_from(pytake_tokenizer::count(&content)).unwrap_or(u32::MAX),
            content,
            created_at,
            language: None,
            analysis: None,
            answer: None,
            confidence: None,
            channel: None,
        }
    }

    /// Whether the customer never got it.
    pub fn is_unsent(&self) -> bool {
        self.channel.as_ref().is_some_and(|detail| detail.is_unsent)
    }

    /// A message that a person of the business wrote in the phone app.
    pub fn from_phone_app(echo: &Echo, id: MessageId, written_at: Timestamp) -> Self {
        let is_text = matches!(echo.content, InboundContent::Text { .. });
        let content = match echo.content.written().map(str::trim) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => echo.content.name_in_brackets(),
        };
        let channel = ChannelDetail {
            message_id: Some(echo.id.clone()),
            content: (!is_text).then(|| echo.content.clone()),
            is_echo: true,
            ..ChannelDetail::default()
        };
        Self { channel: Some(channel), ..Self::new(id, Role::Assistant, content, written_at) }
    }
}

/// What a channel knows of a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelDetail {
    /// The channel's id of a customer's message, or of one written in the phone app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What was sent, where it is more than the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<InboundContent>,
    /// The channel's id of the message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<String>,
    /// The rows of the outbox it was sent as.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<OutboxId>,
    /// Written by a person in the phone app.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_echo: bool,
    /// The customer never got it: it was withheld, or failed. Known in a [`History`] only, where the outbox is asked for it.
    #[serde(skip)]
    pub is_unsent: bool,
}

/// What a message says, by type of analysis. Abuse stands in it only where it is flagged.
pub type MessageAnalysis = BTreeMap<AnalysisType, serde_json::Value>;

/// What is kept of how an answer was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// Who answered.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Tokens of all billed calls of the turn.
    pub usage: TokenUsage,
    /// Cost of all billed calls; `None` where a price is unknown.
    pub cost: Option<PicoUsd>,
    /// Why this reply.
    pub trail: Trail,
}

/// Who answers in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attendant {
    /// The assistant.
    #[default]
    Assistant,
    /// A person; the assistant only reads.
    Human,
}

/// A conversation without its messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id within the tenant.
    pub id: ConversationId,
    /// The customer.
    pub user_id: UserId,
    /// Who answers.
    pub attendant: Attendant,
    /// Why a person was asked for, while one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff_reason: Option<String>,
    /// Since when a person is asked for and none has written; `None`: one has, or none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// When a person of the business last wrote or took the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_at: Option<Timestamp>,
    /// The assistant is silent until then, by a rule or an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// When an operator closed it; the customer's next message opens it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Number of messages at the time the conversation last came back from a person to the assistant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<u64>,
    /// Messages stored.
    pub message_count: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Conversation {
    /// Who has it at that time, in one word.
    pub fn state(&self, now: Timestamp) -> ConversationState {
        if self.closed_at.is_some() {
            ConversationState::Closed
        } else if self.attendant == Attendant::Human && self.waiting_since.is_some() {
            ConversationState::Waiting
        } else if self.attendant == Attendant::Human {
            ConversationState::Human
        } else if self.paused_until.is_some_and(|until| until > now) {
            ConversationState::Paused
        } else {
            ConversationState::Assistant
        }
    }
}

/// Who has a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// The assistant answers.
    Assistant,
    /// A person is asked for and has not written yet; the assistant is silent.
    Waiting,
    /// A person has it; the assistant is silent.
    Human,
    /// The assistant is silent for a while.
    Paused,
    /// It is over, until the customer writes again.
    Closed,
}

impl ConversationState {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Waiting => "waiting",
            Self::Human => "human",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }
}

/// What a turn needs to know of a conversation.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The conversation's state; `None`: it does not exist yet.
    pub conversation: Option<Conversation>,
    /// The newest messages, oldest first, at most as many as asked for; without their [`AnswerRecord`] and
    /// [`MessageAnalysis`], which no turn reads.
    pub recent: Vec<ConversationMessage>,
    /// Summary of what came before; `None` where none was made yet.
    pub summary: Option<Summary>,
}

/// A running summary of the older part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The text.
    pub text: String,
    /// How many messages, counted from the first, it covers.
    pub covers: u64,
}

/// Everything a finished turn writes, in one transaction.
#[derive(Debug, Clone)]
pub struct TurnRecord {
    /// Whose.
    pub tenant: TenantId,
    /// The customer.
    pub user: UserId,
    /// The exchange to keep; `None` where the caller asked for nothing to be stored, or nothing was answered.
    pub exchange: Option<Exchange>,
    /// Every billed or finished provider call, to be booked.
    pub ledger: Vec<LedgerEntry>,
    /// Where the bookings come from.
    pub origin: Origin,
    /// The caps in force, for which it is noted which marks the bookings pass.
    pub budgets: Vec<BudgetClaim>,
    /// The reservation this settles.
    pub reservation: Option<ReservationId>,
    /// What it settles in the inbox; `None` for a turn that no channel brought.
    pub settlement: Option<Settlement>,
    /// When the turn ended.
    pub at: Timestamp,
}

/// What became of a turn's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutcome {
    /// Whether it was written.
    pub recorded: Recorded,
    /// Marks that its bookings passed, each for the first time in its period.
    pub passed: Vec<BudgetMark>,
}

impl From<Recorded> for RecordOutcome {
    /// No mark was passed.
    fn from(recorded: Recorded) -> Self {
        Self { recorded, passed: Vec::new() }
    }
}

/// What the customer said and the answer to it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where it belongs; created when it does not exist.
    pub conversation: ConversationId,
    /// The customer's messages in their order: one from a caller, a whole burst from a channel. At least one.
    pub questions: Vec<ConversationMessage>,
    /// The assistant's; `None`: a person has the conversation and the assistant stays silent.
    pub answer: Option<ConversationMessage>,
    /// Set when the turn hands the conversation over.
    pub handoff_reason: Option<String>,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// Which conversations to list, newest change first.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Only this customer's.
    pub user: Option<UserId>,
    /// Only those answered by this kind of attendant.
    pub attendant: Option<Attendant>,
    /// Continue after this cursor, as given in [`Page::next`]; one that is malformed lists from the start.
    pub after: Option<String>,
    /// At most this many, 1 to 200.
    pub limit: u32,
}

/// Stores conversations.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// The state, newest `limit` messages and summary of a conversation. Called on every turn: a point read.
    async fn history(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<History, StorageError>;

    /// Messages `from..to`, counted from the first message of the conversation, oldest first.
    async fn messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        from: u64,
        to: u64,
    ) -> Result<Vec<ConversationMessage>, StorageError>;

    /// Writes a finished turn in one transaction: conversation, messages, ledger, roll-ups, reservation, and what it
    /// settles in the inbox. A settlement that comes too late writes nothing but ledger and reservation, see
    /// [`Recorded`].
    ///
    /// When `exchange` names a conversation of another user, nothing is written and the error says so.
    async fn record(&self, turn: TurnRecord) -> Result<RecordOutcome, StorageError>;

    /// Replaces the summary, unless one that covers more is already there.
    async fn put_summary(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        summary: Summary,
    ) -> Result<(), StorageError>;

    /// Lists conversations.
    async fn conversations(
        &self,
        tenant: &TenantId,
        filter: ConversationFilter,
    ) -> Result<Page<Conversation>, StorageError>;

    /// Gives a conversation to a person or back to the assistant; false when there is none.
    ///
    /// To a person sets `person_at`, clears `waiting_since`; back to the assistant clears both, `paused_until` and
    /// `closed_at`, and notes `resumed_at` where a person had it.
    async fn set_attendant(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        attendant: Attendant,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Keeps the assistant silent until then, or lets it speak again; false when there is no such conversation.
    async fn pause(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Closes a conversation; false when there is none. The customer's next message opens it again, for the assistant.
    async fn close(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Adds a message a person wrote, which makes the conversation theirs; false when there is no such conversation.
    async fn add_message(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        message: ConversationMessage,
    ) -> Result<bool, StorageError>;

    /// Deletes a conversation with its messages and summary; false when there was none. Usage stays.
    async fn delete_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<bool, StorageError>;
}
