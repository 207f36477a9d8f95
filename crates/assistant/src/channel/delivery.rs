//! What became of a message that was sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SendFailure;
use crate::id::NumberId;

/// How far a message has come. Ordered: a later report never moves a message back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The channel took it.
    Accepted,
    /// It left for the customer's telephone.
    Sent,
    /// It is there.
    Delivered,
    /// It was seen.
    Read,
    /// It was listened to.
    Played,
    /// It will not arrive; the end, whatever comes later.
    Failed,
}

impl DeliveryState {
    /// Every state, in order.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Sent, Self::Delivered, Self::Read, Self::Played, Self::Failed];

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }

    /// The state after a report: the further one. A failure ends the path, but what a person has read has arrived.
    #[must_use]
    pub fn after(self, report: Self) -> Self {
        match (self, report) {
            (Self::Failed, _) => Self::Failed,
            (Self::Delivered | Self::Read | Self::Played, Self::Failed) => self,
            (now, next) => now.max(next),
        }
    }
}

/// A report on a message that the business sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// The business number it was sent from.
    pub number: NumberId,
    /// The channel's id of the message.
    pub message_id: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// When, to the second; `None` where the report does not say.
    pub at: Option<Timestamp>,
    /// What we gave along when we sent it: the id of the outbox row, where it is ours.
    pub callback: Option<String>,
    /// The price category, such as `service`, where the report names one.
    pub category: Option<String>,
    /// Whether the channel charges for it, where the report says so.
    pub is_billable: Option<bool>,
    /// Why it failed, with [`DeliveryState::Failed`].
    pub failure: Option<SendFailure>,
}
