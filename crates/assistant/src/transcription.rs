//! Voice into words: the seam to models that write down what is said, and what is made of their answer.
//!
//! `service/transcription.rs` counts, asks and books. A vendor is one implementation of [`Transcriber`].

mod format;
pub mod metrics;

pub use format::AudioFormat;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pytake_understanding::language::Language;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::channel::Attachment;
use crate::chat::UsageReport;
use crate::clock::Clock;
use crate::error::AIError;
use crate::guard::Guards;
use crate::id::TenantId;
use crate::money::TokenUsage;
use crate::provider::{Destination, FailureKind, ProviderFailure};
use crate::router::{Access, BreakerConfig, Terms, kind_name};
use crate::spans;
use crate::trail::AttemptRecord;
use crate::turn::MAX_MESSAGE_CHARS;

/// 25 MiB: the longest file of OpenAI's transcription, and of `POST /api/v1/ai/transcribe`.
pub const MAX_AUDIO_BYTES: usize = 25 << 20;

/// What was said, as a model heard it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The words; may be empty.
    pub text: String,
    /// The language it heard, as a BCP 47 tag, where the vendor tells.
    pub language: Option<String>,
    /// Length of the recording, where the vendor tells.
    pub seconds: Option<f64>,
    /// The vendor's own numbers; `None` when it sent none.
    pub usage: Option<TokenUsage>,
}

/// A model that writes down what is said.
///
/// Implementations do no retries, keep no limits and have no deadline: whoever asks owns these. They must be
/// cancel-safe: the future is dropped when time is up.
#[async_trait]
pub trait Transcriber: Send + Sync + fmt::Debug + 'static {
    /// Its name in answers, usage and metrics: `openai`, or the operator's.
    fn name(&self) -> &str;

    /// The model it asks.
    fn model(&self) -> &str;

    /// Writes down a recording, whose media type is the one its bytes have.
    ///
    /// # Errors
    /// The kind says whose fault it was; the message holds nothing of what was said.
    async fn transcribe(
        &self,
        audio: &Attachment,
        language: Option<Language>,
    ) -> Result<Transcript, ProviderFailure>;

    /// Whether it works with a tenant's own key.
    fn takes_own_keys(&self) -> bool {
        false
    }

    /// As [`Transcriber::transcribe`], with a tenant's own key. Asked only of one that takes them.
    ///
    /// # Errors
    /// As [`Transcriber::transcribe`].
    async fn transcribe_with_key(
        &self,
        _audio: &Attachment,
        _language: Option<Language>,
        _key: &SecretString,
    ) -> Result<Transcript, ProviderFailure> {
        Err(ProviderFailure::new(FailureKind::Auth, "it takes no keys of tenants"))
    }

    /// Where its calls go.
    fn destination(&self) -> Destination {
        Destination::default()
    }
}

/// A recording, written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscribeResponse {
    /// What was said, on one line; 1 to 4,096 characters.
    pub text: String,
    /// True where more was said than fits a message.
    pub truncated: bool,
    /// The language that was heard, as a BCP 47 tag, where the vendor tells.
    pub language: Option<String>,
    /// Length of the recording, where the vendor tells.
    pub seconds: Option<f64>,
    /// Who wrote it down.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Tokens, where the model counts any, and the cost, where its price is known.
    pub usage: UsageReport,
    /// How long it took.
    pub processing_time_ms: u64,
}

/// A transcriber with the memory of how it does.
pub(crate) struct Stenographer {
    transcriber: Arc<dyn Transcriber>,
    guards: Guards,
}

impl Stenographer {
    pub(crate) fn new(
        transcriber: Arc<dyn Transcriber>,
        timeout: Duration,
        config: BreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        metrics::describe();
        Self { transcriber, guards: Guards::new(timeout, config, clock) }
    }

    pub(crate) fn name(&self) -> &str {
        self.transcriber.name()
    }

    /// Where it is asked, and with whose key by these terms.
    pub(crate) fn reached<'a>(&self, terms: &'a Terms) -> (Destination, Access<'a>) {
        let access = terms.access(self.name(), self.transcriber.takes_own_keys());
        (self.transcriber.destination(), access)
    }

    pub(crate) fn model(&self) -> &str {
        self.transcriber.model()
    }

    /// Writes down a recording of a tenant's, with its own key where it has one, for no longer than the operator's limit and what is left of the request.
    ///
    /// # Errors
    /// [`AIError::ServiceUnavailable`] while it rests after failures and where the tenant's terms do not let it be asked,
    /// [`AIError::DeadlineExceeded`], [`AIError::ProviderError`].
    pub(crate) async fn write_down(
        &self,
        tenant: &TenantId,
        terms: &Terms,
        audio: &Attachment,
        language: Option<Language>,
        time_left: Duration,
    ) -> Result<Transcript, AIError> {
        let access = terms.access(self.name(), self.transcriber.takes_own_keys());
        let Some(guard) = self.guards.of(tenant, access) else {
            return Err(AIError::ServiceUnavailable(format!(
                "{} may not be asked for this tenant: its settings do not allow it, or its own key cannot be used",
                self.name()
            )));
        };
        let Some(pass) = guard.admit() else {
            metrics::rested(self.name());
            return Err(AIError::ServiceUnavailable(format!(
                "{} has failed several times in a row and is asked to transcribe again in a while",
                self.name()
            )));
        };
        let span = spans::transcription_call(self.name(), self.model());
        let call = async {
            match access {
                Access::Own { key, .. } => self.transcriber.transcribe_with_key(audio, language, key).await,
                Access::Servers | Access::Denied => self.transcriber.transcribe(audio, language).await,
            }
        };
        let called = pass.call(time_left, call.instrument(span.clone())).await;
        match called.answer {
            Ok(transcript) => {
                let outcome = if has_words(&transcript.text) { "heard" } else { "no_speech" };
                metrics::answered(self.name(), outcome, called.took);
                Ok(transcript)
            }
            Err(failure) => {
                let kind = kind_name(failure.kind);
                metrics::answered(self.name(), kind, called.took);
                spans::provider_failed(&span, kind, failure.usage);
                tracing::warn!(provider = self.name(), kind, "a recording was not written down");
                let is_late = failure.kind == FailureKind::Timeout;
                let attempts = vec![self.attempt(failure, called.took)];
                Err(if is_late {
                    AIError::DeadlineExceeded { attempts }
                } else {
                    AIError::ProviderError { attempts }
                })
            }
        }
    }

    fn attempt(&self, failure: ProviderFailure, took: Duration) -> AttemptRecord {
        AttemptRecord {
            provider: self.name().to_owned(),
            model: self.model().to_owned(),
            kind: Some(failure.kind),
            status: failure.status,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            queued_ms: 0,
            message: Some(failure.message),
            usage: failure.usage,
        }
    }
}

/// Takes a recording as what its bytes are.
///
/// # Errors
/// [`AIError::InvalidRequest`] about `file`: nothing in it, too much, or no sound.
pub(crate) fn checked(audio: Attachment) -> Result<Attachment, AIError> {
    if audio.bytes.is_empty() {
        return Err(AIError::invalid("file", "must not be empty"));
    }
    if audio.bytes.len() > MAX_AUDIO_BYTES {
        return Err(AIError::invalid("file", "must have at most 25 MiB"));
    }
    let Some(format) = AudioFormat::of(&audio.bytes) else {
        let problem =
            "is no recording that can be read; send ogg, mp3, m4a, mp4, webm, wav, flac, aac, amr or 3gp";
        return Err(AIError::invalid("file", problem));
    };
    Ok(Attachment { mime_type: format.mime_type().to_owned(), bytes: audio.bytes })
}

/// The longest that a recording of so many bytes can be, for what it may cost at most.
///
/// 4,750 bits a second: the lowest rate of AMR, below Opus' 6,000. Only silence is kept in less.
pub(crate) fn longest(bytes: usize) -> Duration {
    const BITS_PER_SECOND: u64 = 4_750;
    Duration::from_secs((bytes as u64).saturating_mul(8).div_ceil(BITS_PER_SECOND))
}

/// The length that a vendor tells, where it can be one.
pub(crate) fn length(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A transcript as a message: on one line, without control characters, of at most 4,096 characters; true where more was
/// said. `None` where nothing was said: some models write a full stop or a note of music then.
pub(crate) fn message_of(text: &str) -> Option<(String, bool)> {
    if !has_words(text) {
        return None;
    }
    let mut message = String::new();
    let mut chars = 0;
    let between = |c: char| c.is_whitespace() || c.is_control();
    for word in text.split(between).filter(|word| !word.is_empty()) {
        // One more for the space before it, and one for the sign that something is missing.
        let needed = word.chars().count() + usize::from(chars > 0);
        if chars + needed > MAX_MESSAGE_CHARS {
            if chars == 0 {
                message.extend(word.chars().take(MAX_MESSAGE_CHARS - 1));
            } else if chars == MAX_MESSAGE_CHARS {
                message.pop();
            }
            message.push('…');
            return Some((message, true));
        }
        if chars > 0 {
            message.push(' ');
        }
        message.push_str(word);
        chars += needed;
    }
    Some((message, false))
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_transcript_becomes_one_clean_line() {
        let said = "  Bom dia!\r\n\u{0}Quero  saber do\tpedido\u{1b}[0m 123. ";
        assert_eq!(message_of(said), Some(("Bom dia! Quero saber do pedido [0m 123.".to_owned(), false)));
    }

    #[test]
    fn silence_is_no_message() {
        for nothing in ["", "  \n", ".", "…", "♪ ♪"] {
            assert_eq!(message_of(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn more_than_a_message_is_cut_at_a_word_and_said_to_be() {
        let (message, is_cut) = message_of(&"palavra ".repeat(600)).unwrap();
        assert!(is_cut && message.ends_with("palavra…"), "{message}");
        let (message, is_cut) = message_of(&"é".repeat(5_000)).unwrap();
        assert_eq!((message.chars().count(), is_cut), (4_096, true));
        let exact = "é".repeat(4_096);
        assert_eq!(message_of(&exact), Some((exact, false)));
        let full = format!("{} b", "a".repeat(4_096));
        assert_eq!(message_of(&full).unwrap().0.chars().count(), 4_096);
    }

    proptest! {
        #[test]
        fn a_message_is_always_short_enough_and_clean(text in "(\\PC|\\s|[a-zé]{1,900}|\u{0}){0,40}") {
            if let Some((message, is_cut)) = message_of(&text) {
                prop_assert!((1..=MAX_MESSAGE_CHARS).contains(&message.chars().count()));
                prop_assert!(!message.chars().any(char::is_control));
                let words = |text: &str| text.split(char::is_control).collect::<Vec<_>>().join(" ");
                let whole = words(&text).split_whitespace().collect::<Vec<_>>().join(" ");
                prop_assert_eq!(is_cut, message != whole);
            }
        }
    }

    #[test]
    fn a_file_is_taken_for_what_its_bytes_are() {
        let file = |bytes: &'static [u8]| Attachment {
            mime_type: "audio/ogg".to_owned(),
            bytes: bytes::Bytes::from_static(bytes),
        };
        assert_eq!(checked(file(b"ID3\x04\0\0")).unwrap().mime_type, "audio/mpeg");
        for bad in [b"".as_slice(), b"<html>not a sound</html>"] {
            let Err(AIError::InvalidRequest(problems)) = checked(file(bad)) else { panic!("it was taken") };
            assert_eq!(problems[0].field, "file");
        }
    }

    #[test]
    fn a_length_that_cannot_be_one_is_none() {
        assert_eq!(length(Some(2.5)), Some(Duration::from_millis(2_500)));
        for nonsense in [f64::NAN, -1.0, f64::INFINITY, 1e300] {
            assert_eq!(length(Some(nonsense)), None);
        }
        assert_eq!(longest(4_750), Duration::from_secs(8));
    }
}
