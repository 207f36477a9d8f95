//! How a turn that answers a channel's messages is written: the messages done, the reply in the outbox, or nothing.

use serde::{Deserialize, Serialize};

use super::OutboundContent;

/// A received item, numbered in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub i64);

/// The right to work on a conversation for some time. A worker that stalls and comes back finds that its token has
/// been passed (fencing token), and its result is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Grows with every claim of the conversation.
    pub token: i64,
}

/// A row of the outbox: the id that comes back in delivery reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutboxId(pub String);

/// Why a message is sent: decides what is checked just before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// The assistant answers. Not sent when a person has taken over or something newer has come meanwhile.
    Reply,
    /// The server says that a person takes over, confirms a stop, explains a limit: sent whoever has the conversation.
    Notice,
    /// A person of the business writes.
    Person,
}

impl OutboxKind {
    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Notice => "notice",
            Self::Person => "person",
        }
    }
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxDraft {
    /// Its id, fresh.
    pub id: OutboxId,
    /// Why.
    pub kind: OutboxKind,
    /// What.
    pub content: OutboundContent,
}

/// What a turn settles in the inbox, in the transaction that writes its messages.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Checked first, under the lock of the conversation.
    pub lease: Lease,
    /// The messages that are answered, or need no answer, with this.
    pub items: Vec<ItemId>,
    /// Sent in this order; empty where the assistant stays silent.
    pub outbound: Vec<OutboxDraft>,
    /// Whether nothing is kept when a message has arrived that is not among `items`.
    pub is_void_when_newer: bool,
}

/// What became of a turn's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// All of it is written.
    Written,
    /// Somebody else has the conversation now. Only what was billed is booked.
    Fenced,
    /// Something newer has arrived. Only what was billed is booked; the conversation is due again.
    Outdated,
}
