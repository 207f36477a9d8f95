//! OpenAI's transcription endpoint, at OpenAI and at servers that have the same one: Groq, vLLM, local whisper servers.

use std::fmt;

use async_trait::async_trait;
use pytake_assistant::channel::Attachment;
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Destination, FailureKind, ProviderFailure};
use pytake_assistant::transcription::AudioFormat;
use pytake_assistant::{Transcriber, Transcript};
use pytake_understanding::language::Language;
use reqwest::multipart::{Form, Part};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::dialect;
use crate::error::ConfigError;
use crate::exchange::unreadable;
use crate::failure::{VendorError, in_place_of_an_answer};
use crate::http::{Endpoint, KeyHeader, host, retry_after};
use crate::lenient::{Count, Text};

/// OpenAI's current model; whisper-1 and the gpt-4o ones are switched off on 2027-02-26.
pub const OPENAI_TRANSCRIPTION_MODEL: &str = "gpt-transcribe";

/// The longest tag that is believed: RFC 5646 recommends room for 35 characters.
const MAX_TAG_CHARS: usize = 35;

/// How to reach a server that transcribes.
#[derive(Debug, Clone)]
pub struct TranscriberConfig {
    /// `openai`, or the operator's name for it: in answers, metrics and the price table.
    pub name: String,
    /// With the version path: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, where the server wants one.
    pub api_key: Option<SecretString>,
    /// The model to ask.
    pub model: String,
    /// A name of `data/dialects.json`, for the header of the key; `None`: told by the address.
    pub dialect: Option<String>,
}

/// A server with OpenAI's transcription endpoint.
pub struct OpenAITranscriber {
    name: String,
    model: String,
    endpoint: Endpoint,
}

impl OpenAITranscriber {
    /// Prepares the client; connects to nothing yet.
    ///
    /// # Errors
    /// An unknown dialect, a base URL or key that cannot be used, or certificates that cannot be read.
    pub fn new(config: TranscriberConfig) -> Result<Self, ConfigError> {
        let dialect = dialect::of_server(config.dialect.as_deref(), &config.base_url)?;
        let place = dialect.key_header.map_or(KeyHeader::Bearer, KeyHeader::Named);
        let key = (place, config.api_key.as_ref());
        let endpoint = Endpoint::new(&config.name, &config.base_url, "audio/transcriptions", key, &[])?;
        Ok(Self { name: config.name, model: config.model, endpoint })
    }
}

impl fmt::Debug for OpenAITranscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAITranscriber")
            .field("name", &self.name)
            .field("url", &self.endpoint.url().as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transcriber for OpenAITranscriber {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn takes_own_keys(&self) -> bool {
        true
    }

    fn destination(&self) -> Destination {
        Destination {
            host: host(self.endpoint.url()),
            has_key: self.endpoint.has_key(),
            ..Destination::default()
        }
    }

    async fn transcribe(
        &self,
        audio: &Attachment,
        language: Option<Language>,
    ) -> Result<Transcript, ProviderFailure> {
        self.ask(&self.endpoint, audio, language).await
    }

    async fn transcribe_with_key(
        &self,
        audio: &Attachment,
        language: Option<Language>,
        key: &SecretString,
    ) -> Result<Transcript, ProviderFailure> {
        self.ask(&self.endpoint.with_key(key)?, audio, language).await
    }
}

impl OpenAITranscriber {
    async fn ask(
        &self,
        endpoint: &Endpoint,
        audio: &Attachment,
        language: Option<Language>,
    ) -> Result<Transcript, ProviderFailure> {
        let response = endpoint.post_form(form(&self.model, audio, language)?).await?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            let wait = retry_after(response.headers());
            let error = VendorError::from_body(&endpoint.read_error(response).await);
            return Err(error.failure(status, endpoint.excerpt(&error.message), wait));
        }
        let body = endpoint.read(response).await?;
        read(&body).map_err(|failure| ProviderFailure {
            message: endpoint.excerpt(&failure.message),
            status: failure.status.or(Some(status)),
            ..failure
        })
    }
}

/// The fields every server of this kind knows, and no other.
fn form(model: &str, audio: &Attachment, language: Option<Language>) -> Result<Form, ProviderFailure> {
    let unsent = |what: &str| ProviderFailure::new(FailureKind::BadRequest, what);
    let format = AudioFormat::of(&audio.bytes).ok_or_else(|| unsent("the file holds no known sound"))?;
    let length = audio.bytes.len() as u64;
    // Servers tell the format by the end of the name.
    let file = Part::stream_with_length(audio.bytes.clone(), length)
        .file_name(format!("audio.{}", format.extension()))
        .mime_str(format.mime_type())
        .map_err(|_| unsent("the media type cannot be sent"))?;
    let mut form = Form::new().text("model", model.to_owned()).text("response_format", "json");
    if let Some(language) = language {
        form = form.text("language", language.code());
    }
    Ok(form.part("file", file))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    text: Text,
    languages: Value,
    language: Value,
    duration: Value,
    usage: Value,
    error: Option<Value>,
}

/// Reads an answer. One without a text is none; an empty text is an answer.
fn read(body: &[u8]) -> Result<Transcript, ProviderFailure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    if let Some(error) = answer.error.filter(|error| !error.is_null()) {
        return Err(in_place_of_an_answer(&error));
    }
    let Some(text) = answer.text.0 else {
        return Err(ProviderFailure::new(FailureKind::Malformed, "the answer has no text"));
    };
    let heard = [&answer.languages[0]["code"], &answer.languages[0], &answer.language];
    let language = heard.into_iter().find_map(|tag| tag.as_str().and_then(tag_of));
    let seconds = [&answer.usage["seconds"], &answer.duration].into_iter().find_map(seconds_of);
    Ok(Transcript { text, language, seconds, usage: tokens_of(&answer.usage) })
}

/// A language as a BCP 47 tag. Some servers write its English name, which is none.
fn tag_of(text: &str) -> Option<String> {
    let tag = text.trim();
    let is_subtag = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    let is_tag =
        (2..=3).contains(&primary.len()) && tag.len() <= MAX_TAG_CHARS && tag.split('-').all(is_subtag);
    is_tag.then(|| tag.to_owned())
}

/// A length as a number, or as text as older servers write it.
fn seconds_of(value: &Value) -> Option<f64> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

/// Tokens, of models that are billed by them.
fn tokens_of(usage: &Value) -> Option<TokenUsage> {
    let count = |name: &str| Count::deserialize(&usage[name]).ok()?.0;
    let (input_tokens, output_tokens) = (count("input_tokens")?, count("output_tokens")?);
    Some(TokenUsage { input_tokens, output_tokens, ..TokenUsage::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn heard(answer: &Value) -> Transcript {
        read(answer.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn openais_two_kinds_of_usage_are_read() {
        let by_length = json!({
            "text": "Oi", "languages": [{"code": "pt"}], "usage": {"type": "duration", "seconds": 3.25},
        });
        let expected = Transcript {
            text: "Oi".to_owned(),
            language: Some("pt".to_owned()),
            seconds: Some(3.25),
            usage: None,
        };
        assert_eq!(heard(&by_length), expected);
        let by_tokens = json!({"text": "Oi", "usage": {
            "type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
        }});
        let usage = TokenUsage { input_tokens: 14, output_tokens: 5, ..TokenUsage::default() };
        assert_eq!((heard(&by_tokens).usage, heard(&by_tokens).seconds), (Some(usage), None));
    }

    #[test]
    fn other_servers_say_less_or_say_it_elsewhere() {
        let groq = json!({"text": " Olá.", "x_groq": {"id": "req_1"}});
        assert_eq!(heard(&groq), Transcript { text: " Olá.".to_owned(), ..Transcript::default() });
        let whisper = json!({"task": "transcribe", "language": "portuguese", "duration": "2.1", "text": ""});
        assert_eq!(heard(&whisper), Transcript { seconds: Some(2.1), ..Transcript::default() });
        let odd = json!({"text": "a", "languages": [], "language": "pt-BR", "duration": -1, "usage": "none"});
        let found = heard(&odd);
        assert_eq!((found.language.as_deref(), found.seconds, found.usage), (Some("pt-BR"), None, None));
    }

    #[test]
    fn an_answer_without_a_text_is_none() {
        let kind = |body: &str| read(body.as_bytes()).unwrap_err().kind;
        assert_eq!(kind("{}"), FailureKind::Malformed);
        assert_eq!(kind(r#"{"text": null}"#), FailureKind::Malformed);
        assert_eq!(kind("<html></html>"), FailureKind::Malformed);
        assert_eq!(kind("Bom dia"), FailureKind::Malformed);
        assert_eq!(kind(""), FailureKind::Incomplete);
        assert_eq!(
            kind(r#"{"error": {"message": "m", "code": "insufficient_quota"}}"#),
            FailureKind::Billing
        );
    }

    #[test]
    fn a_file_without_sound_is_not_sent() {
        let file =
            Attachment { mime_type: "audio/ogg".to_owned(), bytes: bytes::Bytes::from_static(b"<html>") };
        assert_eq!(form("m", &file, None).unwrap_err().kind, FailureKind::BadRequest);
    }
}
