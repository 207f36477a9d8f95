//! Conversations as they are stored, and the record a turn leaves.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::analysis::AnalysisType;
use crate::error::StorageError;
use crate::id::{ConversationId, MessageId, TenantId, UserId};
use crate::ledger::{LedgerEntry, ReservationId};
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
    /// Messages stored.
    pub message_count: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
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
    /// The reservation this settles.
    pub reservation: Option<ReservationId>,
    /// When the turn ended.
    pub at: Timestamp,
}

/// A question and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where it belongs; created when it does not exist.
    pub conversation: ConversationId,
    /// The customer's message.
    pub question: ConversationMessage,
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

    /// Writes a finished turn in one transaction: conversation, messages, ledger, roll-ups, reservation.
    ///
    /// When `exchange` names a conversation of another user, nothing is written and the error says so.
    async fn record(&self, turn: TurnRecord) -> Result<(), StorageError>;

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
    async fn set_attendant(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        attendant: Attendant,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Adds a message a person wrote; false when there is no such conversation.
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
