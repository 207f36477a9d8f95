//! What comes in: messages of customers, and everything else a webhook tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Sender, StatusUpdate};
use crate::id::NumberId;

/// One thing a webhook tells, with the key that makes it happen once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The business number it is about; `None` for what concerns an account.
    pub number: Option<NumberId>,
    /// The channel's account it was told of (WhatsApp: WABA id), where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The same for every delivery of the same thing, different for everything else; at most 512 bytes.
    pub key: String,
    /// What it is.
    pub kind: EventKind,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A customer wrote, or did something in the conversation.
    Message(Box<InboundMessage>),
    /// A report on a message of the business.
    Status(Box<StatusUpdate>),
    /// A person of the business wrote from the phone app.
    Echo(Box<Echo>),
    /// A customer has another number or id.
    Identity(IdentityChange),
    /// A customer stopped or resumed marketing.
    Preference(MarketingPreference),
    /// Something an operator should know: quality, restrictions, errors of the account.
    Notice {
        /// The webhook field, or `errors`.
        field: String,
        /// One line for the operator; no personal data.
        text: String,
        /// True where sending may be affected.
        is_alarm: bool,
    },
    /// Anything else; kept, never answered.
    Other {
        /// The webhook field.
        field: String,
    },
}

/// A message of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The business number it was written to.
    pub number: NumberId,
    /// The channel's id, opaque.
    pub id: String,
    /// Who wrote. May be without any id: such a message is kept and cannot be answered.
    pub sender: Sender,
    /// The group it was written in; `None`: a conversation of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When it was written, to the second, as the channel says; `None` where it does not.
    pub sent_at: Option<Timestamp>,
    /// What was written.
    pub content: InboundContent,
    /// The channel's id of the message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<String>,
    /// Product the message was started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// True for a text that was passed on.
    #[serde(default)]
    pub is_forwarded: bool,
    /// The advertisement the conversation began at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// Another system holds the conversation (WhatsApp: field `standby`); to be read and not answered.
    #[serde(default)]
    pub is_standby: bool,
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InboundContent {
    /// A text.
    Text {
        /// As written.
        text: String,
    },
    /// A picture, a voice note, a document, ….
    Media {
        /// Which.
        kind: MediaKind,
        /// Where it can be fetched.
        media: MediaRef,
        /// The text below it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees, north is positive.
        latitude: f64,
        /// Degrees, east is positive.
        longitude: f64,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// Cards of contacts.
    Contacts {
        /// Each.
        cards: Vec<ContactCard>,
    },
    /// A button or a row of a list that was offered.
    Choice {
        /// The id that was given to it, or the payload of a template's button.
        id: String,
        /// What the customer saw on it.
        title: String,
    },
    /// A form that was filled in.
    Form {
        /// Its name, where known.
        name: Option<String>,
        /// The answers, as JSON text.
        answers: String,
    },
    /// An order from a catalogue.
    Order {
        /// What the customer wrote along.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// What is ordered.
        items: Vec<OrderItem>,
    },
    /// An emoji on a message; `None`: taken back.
    Reaction {
        /// The message it is on.
        message_id: String,
        /// The emoji.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
    },
    /// A message was changed.
    Edit {
        /// Which.
        message_id: String,
        /// Its content now.
        content: Box<InboundContent>,
    },
    /// A message was taken back.
    Revoke {
        /// Which.
        message_id: String,
    },
    /// The channel could not pass the message on.
    Unsupported {
        /// What it was, where known.
        kind: Option<String>,
        /// The channel's error code; 131060 asks for a repetition (WhatsApp: message not available).
        code: Option<i64>,
    },
    /// A type this program does not know; kept, never answered.
    Other {
        /// Its name.
        name: String,
    },
}

impl InboundContent {
    /// True for what wants an answer: everything that says something. Reactions, edits, revocations and unknown types
    /// never start a turn.
    pub fn wants_answer(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Media { .. }
            | Self::Location { .. }
            | Self::Contacts { .. }
            | Self::Choice { .. }
            | Self::Form { .. }
            | Self::Order { .. }
            | Self::Unsupported { .. } => true,
            Self::Reaction { .. } | Self::Edit { .. } | Self::Revoke { .. } | Self::Other { .. } => false,
        }
    }

    /// What it is in brackets, such as `[image]`: how a history shows what has no words.
    pub fn name_in_brackets(&self) -> String {
        let name = match self {
            Self::Text { .. } => "text",
            Self::Media { kind, .. } => match kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Audio => "audio",
                MediaKind::Voice => "voice note",
                MediaKind::Document => "document",
                MediaKind::Sticker => "sticker",
            },
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Choice { .. } => "choice",
            Self::Form { .. } => "form",
            Self::Order { .. } => "order",
            Self::Reaction { .. } => "reaction",
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "taken back",
            Self::Unsupported { .. } | Self::Other { .. } => "message",
        };
        format!("[{name}]")
    }

    /// True for a pressed button: nothing more is to be expected, so nothing is waited for.
    pub fn is_choice(&self) -> bool {
        matches!(self, Self::Choice { .. })
    }

    /// The text the customer wrote or chose, where there is one: also a caption.
    pub fn written(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            Self::Choice { title, .. } => Some(title),
            Self::Media { caption, .. } => caption.as_deref(),
            Self::Order { text, .. } => text.as_deref(),
            Self::Edit { content, .. } => content.written(),
            Self::Location { .. }
            | Self::Contacts { .. }
            | Self::Form { .. }
            | Self::Reaction { .. }
            | Self::Revoke { .. }
            | Self::Unsupported { .. }
            | Self::Other { .. } => None,
        }
    }
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound that was not recorded in the conversation.
    Audio,
    /// A voice note.
    Voice,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

/// A file at the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// The channel's id, valid for days.
    pub id: String,
    /// As the channel says, with parameters.
    pub mime_type: Option<String>,
    /// SHA-256 in base64, as the channel says.
    pub sha256: Option<String>,
    /// Name of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Where it can be fetched for some minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A file in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its real type, without parameters.
    pub mime_type: String,
    /// Its content.
    pub bytes: bytes::Bytes,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.mime_type, self.bytes.len())
    }
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactCard {
    /// Its name, where there is one.
    pub name: Option<String>,
    /// Its telephones, as written.
    pub phones: Vec<String>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The seller's id of the product.
    pub product: String,
    /// How many.
    pub quantity: f64,
    /// Price of one, in the currency's main unit, as text.
    pub price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}

/// The advertisement a conversation began at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// Its heading.
    pub headline: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// Its address.
    pub source_url: Option<String>,
    /// Its id.
    pub source_id: Option<String>,
}

/// A message that a person of the business wrote outside of this program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// The business number.
    pub number: NumberId,
    /// The channel's id.
    pub id: String,
    /// The customer.
    pub to: Sender,
    /// When, to the second.
    pub sent_at: Option<Timestamp>,
    /// What was written.
    pub content: InboundContent,
}

/// A customer has another number or id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityChange {
    /// As known before.
    pub before: Sender,
    /// As known from now on; what is absent has not changed or is not told.
    pub after: Sender,
}

/// A customer's choice about marketing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketingPreference {
    /// Who.
    pub sender: Sender,
    /// True: no marketing any more.
    pub is_stopped: bool,
}
