//! The port to a channel: what the inbox asks of it, and how it fails.

use std::time::Duration;

use async_trait::async_trait;
use pytake_understanding::language::Language;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Attachment, MediaKind, MediaRef, OutboundContent, Recipient};
use crate::id::NumberId;

/// A business number with the right to use it.
#[derive(Debug, Clone)]
pub struct NumberAccess {
    /// The number.
    pub number: NumberId,
    /// Goes to the channel's host only.
    pub access_token: SecretString,
}

/// Sends messages and fetches files. One call each: no retries, no waiting; those are the inbox's.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Writes a reply as messages of this channel: its marks instead of Markdown, split where it is too long, with
    /// choices as buttons or a list where they fit and as lines of text where they do not. At most three messages;
    /// empty only for an empty text.
    fn write(&self, text: &str, choices: &[String], language: Option<Language>) -> Vec<OutboundContent>;

    /// The host that messages are sent to, for the record of who processes what; `None`: not known.
    fn host(&self) -> Option<String> {
        None
    }

    /// Sends one message. `callback` comes back in the reports on it.
    ///
    /// # Errors
    /// [`SendFailure`], whose kind says whether the message may be on its way all the same.
    async fn send(
        &self,
        from: &NumberAccess,
        to: &Recipient,
        content: &OutboundContent,
        callback: &str,
    ) -> Result<Accepted, SendFailure>;

    /// Marks a customer's message, and those before it, as read; shows that somebody is typing where `with_typing`.
    ///
    /// # Errors
    /// [`SendFailure`]; harms nothing.
    async fn mark_read(
        &self,
        from: &NumberAccess,
        message_id: &str,
        with_typing: bool,
    ) -> Result<(), SendFailure>;

    /// Fetches a file, checks its size, hash and type, and gives it back.
    ///
    /// # Errors
    /// [`MediaFailure`].
    async fn fetch(
        &self,
        from: &NumberAccess,
        kind: MediaKind,
        media: &MediaRef,
    ) -> Result<FetchedMedia, MediaFailure>;

    /// Asks the channel about the number: does the token work, is the webhook subscribed.
    ///
    /// # Errors
    /// [`SendFailure`] where the channel does not answer or refuses the token.
    async fn health(&self, of: &NumberAccess, account: Option<&str>) -> Result<NumberHealth, SendFailure>;
}

/// The channel took a message. It is not delivered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The channel's id of the message.
    pub message_id: String,
    /// The address as the channel knows it, where it says so.
    pub recipient: Recipient,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct SendFailure {
    /// What kind of failure it is: decides what happens next.
    pub kind: SendFailureKind,
    /// The channel's error code.
    pub code: Option<i64>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// One line for the operator, without tokens, phone numbers and texts.
    pub message: String,
    /// How long the channel asks to wait.
    pub retry_after: Option<Duration>,
}

/// Kinds of failures, see the table in `docs/operations.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFailureKind {
    /// Nothing left this machine.
    NotSent,
    /// It left, and no answer came: it may be on its way.
    Unknown,
    /// The channel is in trouble.
    Temporary,
    /// The number, or the app, sends too fast.
    NumberRate,
    /// Too many messages to this person.
    PairRate,
    /// Messages of this number are reported as unwanted.
    SpamRate,
    /// The customer service window is closed.
    WindowClosed,
    /// The person cannot be reached.
    Undeliverable,
    /// The channel chose not to deliver it.
    NotDelivered,
    /// The person wants no marketing.
    MarketingStopped,
    /// The request was wrong: our mistake.
    BadRequest,
    /// A file was refused.
    MediaRefused,
    /// The customer's file could not be fetched by the channel.
    MediaMissing,
    /// Sender and recipient are the same.
    ToItself,
    /// This message needs a telephone number.
    NeedsPhone,
    /// The token or a permission is missing.
    Token,
    /// The account is locked, restricted or without payment.
    Account,
    /// The template is wrong.
    Template,
    /// A code this program does not know.
    Other,
}

/// A file that was fetched and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedMedia {
    /// The file, with the type its bytes say.
    pub file: Attachment,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
}

/// Why a file could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum MediaFailure {
    /// It may work later.
    #[error("{0}")]
    Temporary(String),
    /// The channel does not have it any more.
    #[error("the channel does not have the file any more")]
    Gone,
    /// Larger than allowed for its kind.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// Not what it claims to be, or of a type that is not taken.
    #[error("{0}")]
    Refused(String),
    /// The token is refused.
    #[error("{0}")]
    Token(String),
}

/// What the channel says about a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberHealth {
    /// The number as people write it.
    pub display_number: Option<String>,
    /// The name customers see.
    pub verified_name: Option<String>,
    /// The channel's opinion of its quality, such as `GREEN`.
    pub quality: Option<String>,
    /// Whether webhooks are subscribed; `None` where it could not be asked.
    pub is_subscribed: Option<bool>,
}
