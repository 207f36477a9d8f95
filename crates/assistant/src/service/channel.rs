//! Turns that a channel brings: a burst of messages in, one reply into the outbox.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use pytake_understanding::language::Language;
use tracing::Instrument;

use super::finishing::Finishing;
use super::{Assistant, run};
use crate::channel::{Attachment, ItemId, Lease, Messenger};
use crate::chat::ChatResponse;
use crate::conversation::ChannelDetail;
use crate::error::AIError;
use crate::events::Events;
use crate::id::{ConversationId, TenantId, UserId};
use crate::phrases;
use crate::turn::{Outlet, TurnRequest};

/// Messages of one customer, gathered by a channel, to be answered in one turn.
#[derive(Debug, Clone)]
pub struct ChannelTurn {
    /// The customer.
    pub user: UserId,
    /// The conversation; made when it does not exist.
    pub conversation: ConversationId,
    /// What was written, in its order; at least one.
    pub messages: Vec<ChannelMessage>,
    /// Facts about the customer, scalars.
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Country calling code of the customer's telephone, where known: what language a short message may be in.
    pub calling_code: Option<u16>,
    /// Pictures for a model that reads them.
    pub images: Vec<Attachment>,
    /// Whether the first reply in the conversation says that a machine answers.
    pub discloses: bool,
    /// What it settles, and how a reply is written.
    pub delivery: ChannelDelivery,
}

/// One of the messages.
#[derive(Debug, Clone)]
pub struct ChannelMessage {
    /// What the assistant reads: the text, or what there is in words. Not empty.
    pub text: String,
    /// When it was written.
    pub sent_at: Timestamp,
    /// What the channel knows of it.
    pub detail: ChannelDetail,
}

/// How a turn gets back to the channel.
#[derive(Clone)]
pub struct ChannelDelivery {
    /// The right to the conversation.
    pub lease: Lease,
    /// The messages this turn settles.
    pub items: Vec<ItemId>,
    /// See [`Settlement::is_void_when_newer`](crate::channel::Settlement).
    pub is_void_when_newer: bool,
    /// Writes a reply as messages of the channel.
    pub messenger: Arc<dyn Messenger>,
}

/// What the server says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSentence {
    /// No more automatic messages.
    OptedOut,
    /// Automatic messages again.
    OptedIn,
    /// Only text is read: for voice notes and files nobody here can read.
    ReadsOnlyText,
    /// The message did not arrive: please send it again.
    PleaseRepeat,
    /// A limit of messages or money is reached.
    LimitReached,
    /// Nothing else can be said now; offers a person.
    Safe,
    /// A sentence that is already in the customer's language.
    Verbatim(String),
    /// Nothing: the messages are kept where people read them.
    Nothing,
}

/// What became of a channel's turn.
#[derive(Debug, Clone)]
pub enum Answered {
    /// It is written. The response is empty where the assistant stays silent.
    Recorded(Box<ChatResponse>),
    /// Somebody else has the conversation now; nothing was written.
    Fenced,
    /// Something newer has arrived; nothing was written, and the conversation is due again.
    Outdated,
}

impl Answered {
    /// The answer to a caller, whom nobody fences.
    pub(crate) fn of_caller(self) -> Result<ChatResponse, AIError> {
        match self {
            Self::Recorded(response) => Ok(*response),
            Self::Fenced | Self::Outdated => {
                Err(AIError::Conflict("another turn of the conversation came first".to_owned()))
            }
        }
    }
}

impl fmt::Debug for ChannelDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ChannelDelivery");
        shown.field("lease", &self.lease).field("items", &self.items).finish_non_exhaustive()
    }
}

impl ServerSentence {
    /// Stable name for logs and trails.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::OptedIn => "opted_in",
            Self::ReadsOnlyText => "reads_only_text",
            Self::PleaseRepeat => "please_repeat",
            Self::LimitReached => "limit_reached",
            Self::Safe => "safe",
            Self::Verbatim(_) => "verbatim",
            Self::Nothing => "nothing",
        }
    }

    /// What the customer reads.
    pub(crate) fn text(&self, language: Option<Language>) -> String {
        match self {
            Self::OptedOut => phrases::opted_out(language).to_owned(),
            Self::OptedIn => phrases::opted_in(language).to_owned(),
            Self::ReadsOnlyText => phrases::reads_only_text(language).to_owned(),
            Self::PleaseRepeat => phrases::please_repeat(language).to_owned(),
            Self::LimitReached => phrases::limit_reached(language).to_owned(),
            Self::Safe => phrases::safe_reply(language).to_owned(),
            Self::Verbatim(text) => text.trim().to_owned(),
            Self::Nothing => String::new(),
        }
    }

    /// Whether it confirms what the customer has just decided: that is said also while a person has the conversation.
    pub(crate) fn confirms(&self) -> bool {
        matches!(self, Self::OptedOut | Self::OptedIn)
    }

    /// Whether a yes to it asks for a person.
    pub(crate) fn offers_person(&self) -> bool {
        matches!(self, Self::Safe)
    }
}

impl Assistant {
    /// Answers a burst of messages: the same turn as [`Assistant::chat`], settled in the inbox.
    ///
    /// # Errors
    /// Every kind of [`AIError`]; nothing is settled then.
    ///
    /// # Cancel safety
    /// A dropped call does not stop the turn: it finishes within its deadline and is recorded, or fenced where somebody
    /// else has the conversation by then.
    pub async fn answer(&self, tenant: &TenantId, turn: ChannelTurn) -> Result<Answered, AIError> {
        self.take_turn(tenant, turn, None).await
    }

    /// Settles a burst with a sentence of the server's own; no model is asked, no request is counted. While a person
    /// has the conversation, or it is paused, only [`ServerSentence::OptedOut`] and [`ServerSentence::OptedIn`] are
    /// said; the burst is settled all the same.
    ///
    /// # Errors
    /// Storage; [`AIError::InvalidRequest`] for a turn without messages.
    ///
    /// # Cancel safety
    /// As [`Assistant::answer`].
    pub async fn say(
        &self,
        tenant: &TenantId,
        turn: ChannelTurn,
        sentence: ServerSentence,
    ) -> Result<Answered, AIError> {
        self.take_turn(tenant, turn, Some(sentence)).await
    }

    /// What operators watch.
    pub fn events(&self) -> &Events {
        &self.engine.events
    }

    async fn take_turn(
        &self,
        tenant: &TenantId,
        turn: ChannelTurn,
        sentence: Option<ServerSentence>,
    ) -> Result<Answered, AIError> {
        let request = TurnRequest::of_channel(tenant.clone(), turn, sentence, &self.checked_against())?;
        let engine = Arc::clone(&self.engine);
        let turn = async move { run(&engine, request, Outlet::Whole).await.0 };
        Finishing::new(&self.engine.tasks, turn.in_current_span()).await
    }
}
