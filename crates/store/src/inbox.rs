//! The inbox: what a channel brought, kept from the moment it was acknowledged until it is settled.
//!
//! Conversations are claimed, not messages; see `docs/adr/0002-inbox-in-sql.md`. Times of leases and due dates are
//! the database's. What these calls write is committed so that it survives a power cut, before they return.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pytake_assistant::channel::{Event, InboundMessage, ItemId, Lease, Recipient, SendFailure};
use pytake_assistant::conversation::Conversation;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};

/// Stores what channels bring.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores a webhook's body and each of its events, in one transaction, in the order given. What is known already is
    /// ignored: a unique key decides, not a read.
    ///
    /// - **Message**: finds or makes the customer (scoped id first, then telephone in its canonical form; the two are
    ///   merged where one message shows both), finds or makes the conversation of (tenant, number, customer), and makes
    ///   it due: `quiet` from now, again with each message, never later than `quiet_at_most` after the first that
    ///   waits, at once for a choice. A closed conversation is opened for the assistant. Content that wants no answer,
    ///   groups, standby, and senders without any id are kept and make nothing due. A sender who is one of our own
    ///   numbers (of the same tenant, by [`NumberRecord::display_number`](crate::NumberRecord)) is kept and dropped. An
    ///   **edit** replaces the content of a message that still waits, a **revoke** takes it out, also where they come
    ///   before it; a draft that does not know of that is void. Otherwise they are only kept.
    /// - **Status**: moves the outbox row named by callback or message id, never backwards
    ///   ([`DeliveryState::after`](pytake_assistant::channel::DeliveryState::after)); a state of a message we do not
    ///   know is kept by its id. A failure goes through
    ///   [`after_failure`](pytake_assistant::channel::after_failure) like one that was answered at once. The first
    ///   delivery of a `service` message counts for the number's month.
    /// - **Echo**: adds the message to the conversation (made where there is none), gives it to a person
    ///   (`phone_app`), and withholds replies that are queued. An echo of a message of our own outbox is ignored.
    /// - **Identity**: adds the new address to the customer. A new telephone replaces the old one, which names nobody
    ///   from then on: whoever gets it next is another person.
    /// - **Preference**: notes whether the customer stopped marketing.
    ///
    /// # Errors
    /// The database failed: nothing is kept, and the channel must be told so.
    async fn receive(&self, reception: Reception) -> Result<Receipt, StorageError>;

    /// Takes the conversation that has been due for the longest, and holds it for `lease`. A lease that ran out is
    /// free, and counts as a failed attempt: what kills a worker is not tried for ever. `None`: nothing is due.
    async fn claim(&self, lease: Duration) -> Result<Option<Claim>, StorageError>;

    /// [`claim`](Self::claim) among the conversations of tenants that are not named.
    async fn claim_of_others(
        &self,
        lease: Duration,
        than: &[TenantId],
    ) -> Result<Option<Claim>, StorageError>;

    /// How long until [`claim`](Self::claim) finds something; `None`: nothing waits.
    async fn next_claim_in(&self) -> Result<Option<Duration>, StorageError>;

    /// Settles items that need neither a turn nor a message, and gives the conversation back; false: fenced. What has
    /// arrived meanwhile keeps its time.
    async fn dismiss(&self, claimed: &ClaimKey, items: &[ItemId]) -> Result<bool, StorageError>;

    /// Gives the conversation back with everything pending, due again after `wait`, and counts a failed attempt; false:
    /// fenced.
    async fn postpone(&self, claimed: &ClaimKey, wait: Duration) -> Result<bool, StorageError>;

    /// Gives the conversation back with everything pending, due again after `wait`, as if it had not been claimed; false:
    /// fenced. For turns that failed at nothing but a limit.
    async fn defer(&self, claimed: &ClaimKey, wait: Duration) -> Result<bool, StorageError>;

    /// Notes that the customer wants no more automatic messages, or wants them again.
    async fn set_opted_out(
        &self,
        tenant: &TenantId,
        user: &UserId,
        is_opted_out: bool,
        at: Timestamp,
    ) -> Result<(), StorageError>;

    /// What the inbox knows about a conversation; `None` when no channel brought it.
    async fn channel_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<Option<ChannelConversation>, StorageError>;

    /// The customer by id, also by the id of one who was merged into another.
    async fn customer(&self, tenant: &TenantId, user: &UserId) -> Result<Option<Customer>, StorageError>;

    /// How full the inbox is.
    async fn backlog(&self) -> Result<Backlog, StorageError>;

    /// Deletes bodies and settled items that arrived before, idempotency keys with them; at most `limit` of each. Returns how many went; call it again while it is not 0. Nothing
    /// here keeps the caller from too late a `before`: keys must be kept for at least 8 days, the channel repeats for 7.
    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;
}

/// A webhook, read.
#[derive(Debug, Clone)]
pub struct Reception {
    /// The body as it came.
    pub body: Bytes,
    /// What it tells, in its order.
    pub events: Vec<ReceivedEvent>,
}

/// An event with what the configuration says about its number.
#[derive(Debug, Clone)]
pub struct ReceivedEvent {
    /// What happened.
    pub event: Event,
    /// Whose number it is; `None`: nobody's here. Such an event is kept and nothing follows from it.
    pub tenant: Option<TenantId>,
    /// Quiet time after each message.
    pub quiet: Duration,
    /// The longest that the first message waits.
    pub quiet_at_most: Duration,
}

/// What a webhook changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// Events that were new.
    pub new: u32,
    /// Events that were known.
    pub duplicates: u32,
    /// New events of numbers that are nobody's here.
    pub unrouted: u32,
    /// What followed, in order.
    pub changes: Vec<ReceivedChange>,
}

/// Something that followed from an event.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedChange {
    /// Whose.
    pub tenant: TenantId,
    /// Where, if it is about a conversation.
    pub conversation: Option<ConversationId>,
    /// What.
    pub kind: ReceivedChangeKind,
}

/// What followed.
#[derive(Debug, Clone, PartialEq)]
pub enum ReceivedChangeKind {
    /// A message waits for its turn.
    Waiting,
    /// A message was kept; it starts no turn.
    Kept,
    /// It was written by one of our own numbers.
    OwnNumber,
    /// A person took the conversation over from the phone app.
    TakenOver,
    /// A message of the outbox has come this far.
    Delivery {
        /// Which.
        outbox: pytake_assistant::channel::OutboxId,
        /// Now.
        state: pytake_assistant::channel::DeliveryState,
        /// Why it failed.
        failure: Option<SendFailure>,
        /// True where it will be sent again.
        is_retried: bool,
    },
    /// The report names this price category.
    Category(String),
    /// The number must stop sending.
    NumberStopped(NumberId, SendFailure),
    /// Two customers turned out to be one.
    Merged {
        /// The one who remains.
        into: UserId,
        /// The one who is gone.
        from: UserId,
    },
}

/// Names a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKey {
    /// Whose.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The right to it.
    pub lease: Lease,
}

/// A conversation that is due, with everything a decision about it needs.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its name.
    pub key: ClaimKey,
    /// The business number.
    pub number: NumberId,
    /// Who writes.
    pub customer: Customer,
    /// What waits, ordered by (sent, arrival); at most 30 items.
    pub items: Vec<PendingItem>,
    /// The stored conversation; `None` before its first turn.
    pub conversation: Option<Conversation>,
    /// Turns that failed in a row.
    pub failed_attempts: u32,
    /// Drafts that became void in a row, because something newer arrived.
    pub void_drafts: u32,
    /// Replies and notices that were queued in the last 10 minutes.
    pub sent_10_min: u32,
    /// Replies and notices that were queued in the last 24 hours.
    pub sent_day: u32,
    /// Texts of this customer in the last 2 minutes, those that wait included, oldest first; at most 10.
    pub recent_texts: Vec<String>,
    /// When the first of the items arrived.
    pub first_received_at: Timestamp,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingItem {
    /// Which.
    pub id: ItemId,
    /// What was written; an edit is already in it.
    pub message: InboundMessage,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Somebody who writes through a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The id everything of theirs is kept under.
    pub id: UserId,
    /// The name of their profile: untrusted.
    pub name: Option<String>,
    /// Their handle.
    pub username: Option<String>,
    /// Where an answer goes.
    pub recipient: Recipient,
    /// Since when they want no automatic messages.
    pub opted_out_at: Option<Timestamp>,
    /// Since when they want no marketing.
    pub marketing_stopped_at: Option<Timestamp>,
}

/// A conversation as the inbox sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelConversation {
    /// The business number.
    pub number: NumberId,
    /// Who writes.
    pub customer: Customer,
    /// The newest message that opens the customer service window, when it was written. A time that cannot be (in the
    /// future, or older than the channel repeats) counts as the time of arrival.
    pub window_from: Option<Timestamp>,
    /// Whether messages wait for their turn.
    pub is_pending: bool,
}

/// How full the inbox is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Conversations with messages that wait.
    pub conversations: u64,
    /// How long the longest waits beyond its due time.
    pub oldest_due: Duration,
    /// Messages that wait in the outbox.
    pub outbox: u64,
    /// Conversations a person has or is asked for.
    pub with_people: u64,
}
