//! The outbox: what is to be sent, one row a message, committed before the call.
//!
//! A row goes `queued` → `sending` → the delivery states. In a conversation one row is in flight at a time, in their
//! order, and the next one waits until the one before was delivered, for at most 5 seconds. Rows are queued by
//! [`Conversations::record`](pytake_assistant::Conversations::record) and by [`Outbox::queue`].

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::channel::{
    Accepted, DeliveryState, NextStep, OutboundContent, OutboxDraft, OutboxId, OutboxKind, Recipient,
    SendFailure,
};
use pytake_assistant::conversation::{Attendant, ConversationMessage, Page};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, NumberId, TenantId};

/// What came of sending a message again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// It waits to be sent.
    Queued,
    /// It neither failed nor was withheld.
    Refused,
    /// The tenant has no such message.
    Unknown,
}

/// Stores what is to be sent.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Adds a person's message to the conversation and queues it; the conversation is theirs from then on. False: no
    /// channel brought such a conversation.
    async fn queue(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        message: ConversationMessage,
        outbound: Vec<OutboxDraft>,
    ) -> Result<bool, StorageError>;

    /// Takes the next message that may be sent and marks it as being sent, committed. Numbers and conversations that
    /// are held are passed over, and everything of a suspended tenant; tenants take turns. `None`: nothing may be sent
    /// now.
    async fn take(&self) -> Result<Option<Sending>, StorageError>;

    /// How long until [`take`](Self::take) finds something; `None`: nothing waits.
    async fn next_send_in(&self) -> Result<Option<Duration>, StorageError>;

    /// The channel took it. A row that somebody else has taken meanwhile, or of which a report came first, keeps the
    /// further state.
    async fn accepted(&self, sending: &SendingKey, accepted: &Accepted) -> Result<(), StorageError>;

    /// It was not sent. A try that has been passed, or of which a report came first, changes nothing and is told to
    /// await it. Applies [`after_failure`](pytake_assistant::channel::after_failure) and says what follows;
    /// texts of the conversation that wait behind it are merged into it where the policy says so. That the customer
    /// stopped marketing ([`SendFailureKind::MarketingStopped`](pytake_assistant::channel::SendFailureKind)) is noted.
    async fn failed(
        &self,
        sending: &SendingKey,
        failure: &SendFailure,
        jitter: f64,
    ) -> Result<NextStep, StorageError>;

    /// It is not sent any more, because of `why`: `window_closed`, `taken_over`, `opted_out`, `newer_input`, ….
    async fn withheld(&self, sending: &SendingKey, why: &'static str) -> Result<(), StorageError>;

    /// Ends the waiting for reports of messages that have been `sending` for longer than `after`: each is sent once
    /// more, marked as a possible duplicate, or fails where the number holds such messages; one that was repeated already
    /// fails. Returns those that will be sent again and those that failed.
    async fn settle_unknown(&self, after: Duration) -> Result<Vec<(OutboxId, bool)>, StorageError>;

    /// Lists rows, newest first.
    async fn outbox(&self, tenant: &TenantId, filter: OutboxFilter) -> Result<Page<OutboxRow>, StorageError>;

    /// Sends a row that failed or was withheld again, now as a person's message ([`OutboxKind::Person`]): somebody
    /// decided so, and what holds a reply back does not hold it.
    async fn resend(&self, tenant: &TenantId, id: &OutboxId) -> Result<Resent, StorageError>;

    /// Deletes messages that came to their end (delivered, failed, withheld, merged) and last changed before, and
    /// reports on messages that are not the outbox's; at most `limit` of each. One that the channel has and never
    /// reported on stays for 31 days in any case: it may be delivered for 30. What waits or is being sent stays. Returns
    /// how many went; call it again while it is not 0. `before` must be days ago: the limits of a conversation count
    /// the rows of 24 hours, and a report on a message that is gone is taken for one on somebody else's.
    async fn sweep_outbox(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;

    /// How far a message with the channel's id has come, also one that we did not send.
    async fn delivery(
        &self,
        tenant: &TenantId,
        number: &NumberId,
        message_id: &str,
    ) -> Result<Option<DeliveryState>, StorageError>;
}

/// Names a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendingKey {
    /// Whose.
    pub tenant: TenantId,
    /// The row.
    pub id: OutboxId,
    /// Which try this is, from 1: a stalled sender that comes back finds that it has been passed.
    pub attempt: u32,
}

/// A message that is being sent, with what is checked just before.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Its name.
    pub key: SendingKey,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// From which number.
    pub number: NumberId,
    /// To whom.
    pub recipient: Recipient,
    /// Why.
    pub kind: OutboxKind,
    /// What.
    pub content: OutboundContent,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Whether it may be the second of its kind.
    pub is_possible_duplicate: bool,
    /// See [`ChannelConversation::window_from`](crate::ChannelConversation).
    pub window_from: Option<Timestamp>,
    /// Who has the conversation.
    pub attendant: Attendant,
    /// The customer wants no automatic messages, since then.
    pub opted_out_at: Option<Timestamp>,
    /// A message of the customer arrived after this was queued, and nothing of the same turn was sent before.
    pub is_outdated: bool,
}

/// Which rows to list.
#[derive(Debug, Clone, Default)]
pub struct OutboxFilter {
    /// Only of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only in this state.
    pub state: Option<OutboxState>,
    /// Continue after this cursor, as given in [`Page::next`]; one that is malformed lists from the start.
    pub after: Option<String>,
    /// At most this many, 1 to 200.
    pub limit: u32,
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxState {
    /// Waits.
    Queued,
    /// Is being sent, or nobody knows.
    Sending,
    /// The channel has it.
    Out(DeliveryState),
    /// It is not sent any more.
    Withheld,
    /// Became part of the row before.
    Merged,
}

impl OutboxState {
    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Out(state) => state.as_str(),
            Self::Withheld => "withheld",
            Self::Merged => "merged",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let own = [Self::Queued, Self::Sending, Self::Withheld, Self::Merged];
        let out = DeliveryState::ALL.map(Self::Out);
        own.into_iter().chain(out).find(|state| state.as_str() == name)
    }
}

/// A row as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// From which number.
    pub number: NumberId,
    /// Why.
    pub kind: OutboxKind,
    /// What.
    pub content: OutboundContent,
    /// Where it is.
    pub state: OutboxState,
    /// Tries so far.
    pub attempts: u32,
    /// The channel's id.
    pub message_id: Option<String>,
    /// Why it failed, was withheld, or waits.
    pub reason: Option<String>,
    /// The channel's error code.
    pub code: Option<i64>,
    /// Whether the customer may have it twice.
    pub is_possible_duplicate: bool,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
