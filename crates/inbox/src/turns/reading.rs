//! Reads a burst: words of every message, what voice notes say, pictures for a model that may see them.

use std::time::Duration;

use pytake_assistant::channel::{Attachment, InboundContent, MediaKind, trusted_time};
use pytake_assistant::conversation::ChannelDetail;
use pytake_assistant::error::StorageError;
use pytake_assistant::service::{ChannelMessage, ServerSentence};
use pytake_store::{Claim, MediaState, OutboxFilter, PendingItem};
use tokio::time::Instant;

use crate::channel::Channel;
use crate::metrics;
use crate::registry::KnownNumber;
use crate::words::words;

/// The longest that a turn waits for files to be fetched, and again for voice to become text; within the lease.
const READ_WITHIN: Duration = Duration::from_secs(20);
/// How often a file is looked for that was not announced, because another process fetched it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Pictures that a model is shown (vendors' limits are higher; each costs about a thousand tokens).
const MAX_IMAGES: usize = 4;
/// Messages and rows that are searched for what a message answers.
const SEARCHED: u32 = 50;
/// The channel's error for a message that it could not pass on, typical for the first one after an advertisement: the
/// person is asked to repeat it.
const NOT_AVAILABLE: i64 = 131_060;

/// A burst in words.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) messages: Vec<ChannelMessage>,
    pub(super) images: Vec<Attachment>,
    /// The text of the message that the burst answers.
    pub(super) quoted: Option<String>,
    can_be_answered: bool,
    asks_for_repetition: bool,
}

impl Reading {
    /// What the server says where there are no words to answer.
    pub(super) fn sentence_instead(&self) -> Option<ServerSentence> {
        match (self.can_be_answered, self.asks_for_repetition) {
            (true, _) => None,
            (false, true) => Some(ServerSentence::PleaseRepeat),
            (false, false) => Some(ServerSentence::ReadsOnlyText),
        }
    }
}

impl Channel {
    /// Reads a burst without looking at files.
    pub(super) fn glance(claim: &Claim) -> Reading {
        let mut reading = Reading::default();
        for item in &claim.items {
            add(&mut reading, claim, item, None, false);
        }
        reading
    }

    /// Reads a burst with its files; what cannot be had in time is left out.
    pub(super) async fn read(&self, claim: &Claim, number: &KnownNumber) -> Reading {
        let settings = &number.record.settings;
        let patience = Patience::begin();
        let transcribes = settings.transcribes_voice && self.shared.assistant.can_transcribe();
        let mut reading = Reading { quoted: self.quoted(claim).await, ..Reading::default() };
        for item in &claim.items {
            let heard =
                if transcribes && is_voice(item) { self.hear(claim, item, &patience).await } else { None };
            let seen = match item.message.content {
                InboundContent::Media { kind: MediaKind::Image, .. }
                    if settings.shows_images && reading.images.len() < MAX_IMAGES =>
                {
                    self.file(claim, item, &patience).await
                }
                _ => None,
            };
            add(&mut reading, claim, item, heard.as_deref(), seen.is_some());
            reading.images.extend(seen);
        }
        reading
    }

    /// What a voice note says; `None` where that cannot be known now.
    async fn hear(&self, claim: &Claim, item: &PendingItem, patience: &Patience) -> Option<String> {
        if let Some(text) = self.shared.memory.heard(item.id) {
            return Some(text);
        }
        let Some(voice) = self.file(claim, item, patience).await else {
            metrics::voice("not_there");
            return None;
        };
        let language = Some(Self::language_of(claim));
        let (tenant, user) = (&claim.key.tenant, &claim.customer.id);
        let transcribing = self.shared.assistant.hear(tenant, user, voice, language);
        let text = match tokio::time::timeout(patience.for_voice(), transcribing).await {
            Ok(Ok(transcript)) => transcript.text.trim().to_owned(),
            Ok(Err(error)) => {
                tracing::warn!(item = item.id.0, error = %error, "a voice note was not transcribed");
                String::new()
            }
            Err(_) => {
                tracing::warn!(item = item.id.0, "a voice note was not transcribed in time");
                String::new()
            }
        };
        if text.is_empty() {
            metrics::voice("failed");
            return None;
        }
        metrics::voice("heard");
        self.shared.memory.keep_heard(item.id, text.clone());
        Some(text)
    }

    /// The file of a message, waited for while it is being fetched.
    async fn file(&self, claim: &Claim, item: &PendingItem, patience: &Patience) -> Option<Attachment> {
        let tenant = &claim.key.tenant;
        loop {
            let fetched = self.shared.wake.fetched.notified();
            tokio::pin!(fetched);
            fetched.as_mut().enable();
            match self.shared.store.media_state(tenant, item.id).await {
                Ok(Some(MediaState::Stored)) => break,
                Ok(Some(MediaState::Wanted)) => {}
                Ok(Some(MediaState::Failed(_)) | None) => return None,
                Err(error) => {
                    tracing::warn!(item = item.id.0, error = %error, "could not ask for a file");
                    return None;
                }
            }
            let left = patience.for_files();
            if left.is_zero() {
                return None;
            }
            // Both arms are cancel-safe: the state is read again.
            tokio::select! {
                () = &mut fetched => {}
                () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
            }
        }
        match self.shared.store.media(tenant, item.id).await {
            Ok(stored) => {
                stored.map(|stored| Attachment { mime_type: stored.mime_type, bytes: stored.bytes })
            }
            Err(error) => {
                tracing::warn!(item = item.id.0, error = %error, "could not read a file");
                None
            }
        }
    }

    /// The text of the message that the newest quoting message of the burst answers, where it is known.
    async fn quoted(&self, claim: &Claim) -> Option<String> {
        let quotes = claim.items.iter().rev().find_map(|item| item.message.quotes.as_deref())?;
        match self.find_quoted(claim, quotes).await {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(error = %error, "could not look for a quoted message");
                None
            }
        }
    }

    async fn find_quoted(&self, claim: &Claim, quotes: &str) -> Result<Option<String>, StorageError> {
        let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
        let filter = OutboxFilter {
            conversation: Some(conversation.clone()),
            limit: SEARCHED,
            ..OutboxFilter::default()
        };
        for row in self.shared.store.outbox(tenant, filter).await?.items {
            if row.message_id.as_deref() == Some(quotes) {
                return Ok(Some(row.content.text().to_owned()));
            }
        }
        let history = self.shared.conversations.history(tenant, conversation, SEARCHED).await?;
        let is_quoted = |detail: &ChannelDetail| detail.message_id.as_deref() == Some(quotes);
        let found =
            history.recent.into_iter().find(|message| message.channel.as_ref().is_some_and(is_quoted));
        Ok(found.map(|message| message.content))
    }
}

fn is_voice(item: &PendingItem) -> bool {
    matches!(
        item.message.content,
        InboundContent::Media { kind: MediaKind::Voice | MediaKind::Audio, caption: None, .. }
    )
}

fn add(reading: &mut Reading, claim: &Claim, item: &PendingItem, heard: Option<&str>, is_seen: bool) {
    let message = &item.message;
    let words = words(&message.content, heard, is_seen, Channel::language_of(claim));
    reading.can_be_answered |= words.can_be_answered;
    reading.asks_for_repetition |=
        matches!(message.content, InboundContent::Unsupported { code: Some(NOT_AVAILABLE), .. });
    let is_plain = matches!(message.content, InboundContent::Text { .. });
    reading.messages.push(ChannelMessage {
        text: words.text,
        sent_at: trusted_time(message.sent_at, item.received_at),
        detail: ChannelDetail {
            message_id: Some(message.id.clone()),
            content: (!is_plain).then(|| message.content.clone()),
            quotes: message.quotes.clone(),
            ..ChannelDetail::default()
        },
    });
}

/// How long a turn waits for all of its files together.
struct Patience {
    files_until: Instant,
    voice_until: Instant,
}

impl Patience {
    #[expect(
        clippy::disallowed_methods,
        reason = "a time-out of the runtime, which tests pause; nothing is decided by it"
    )]
    fn begin() -> Self {
        let now = Instant::now();
        Self { files_until: now + READ_WITHIN, voice_until: now + 2 * READ_WITHIN }
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    fn for_files(&self) -> Duration {
        self.files_until.saturating_duration_since(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    fn for_voice(&self) -> Duration {
        self.voice_until.saturating_duration_since(Instant::now()).min(READ_WITHIN)
    }
}
