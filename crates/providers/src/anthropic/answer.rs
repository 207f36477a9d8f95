//! Reads answers of the Messages API, whole and streamed.

use std::mem;

use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Completion, FailureKind, FinishReason, ProviderFailure};
use serde::Deserialize;
use serde_json::Value;

use crate::exchange::{AnswerBuilder, Progress, unreadable};
use crate::failure::{in_place_of_an_answer, without_text};
use crate::lenient::{Count, Text};
use crate::sse::SseEvent;

/// A whole answer, or the beginning of a streamed one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    model: Text,
    content: Option<Vec<Block>>,
    stop_reason: Text,
    usage: Option<Usage>,
    error: Option<Value>,
}

/// A piece of the answer; only those of type `text` are for the customer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block {
    #[serde(rename = "type")]
    kind: Text,
    text: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: Text,
    message: Option<Message>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    #[serde(rename = "type")]
    kind: Text,
    text: Text,
    stop_reason: Text,
}

/// Numbers as they come; those of a stream come in parts, the later ones cumulative.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation: Option<CacheCreation>,
    output_tokens: Count,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

impl Usage {
    fn update(&mut self, later: Self) {
        let newer = |old: &mut Count, new: Count| {
            if new.0.is_some() {
                *old = new;
            }
        };
        newer(&mut self.input_tokens, later.input_tokens);
        newer(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        newer(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        newer(&mut self.output_tokens, later.output_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }

    /// Anthropic's `input_tokens` are only the fresh ones; ours are the whole prompt.
    fn normalised(&self) -> Option<TokenUsage> {
        if self.input_tokens.0.is_none() && self.output_tokens.0.is_none() {
            return None;
        }
        let by_age = self.cache_creation.unwrap_or_default();
        let cache_write_long = by_age.ephemeral_1h_input_tokens.0.unwrap_or(0);
        let created = match self.cache_creation_input_tokens.0 {
            Some(created) => created.max(cache_write_long),
            None => cache_write_long.saturating_add(by_age.ephemeral_5m_input_tokens.0.unwrap_or(0)),
        };
        let fresh = self.input_tokens.0.unwrap_or(0);
        let cached = self.cache_read_input_tokens.0.unwrap_or(0);
        let output = self.output_tokens.0.unwrap_or(0);
        let thinking = self.output_tokens_details.and_then(|details| details.thinking_tokens.0).unwrap_or(0);
        Some(TokenUsage {
            input_tokens: fresh.saturating_add(created).saturating_add(cached),
            cached_tokens: cached,
            cache_write_tokens: created - cache_write_long,
            cache_write_long_tokens: cache_write_long,
            output_tokens: output,
            reasoning_tokens: thinking.min(output),
            is_estimated: false,
        })
    }
}

/// Reads a whole answer.
pub(super) fn read(body: &[u8]) -> Result<Completion, ProviderFailure> {
    let message: Message = serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    if message.content.is_none() && message.error.is_none() {
        return Err(ProviderFailure::new(FailureKind::Malformed, "the answer has no content"));
    }
    let mut builder = Builder::default();
    builder.begin(message)?;
    builder.is_complete = true;
    builder.finish()
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    text: String,
    model: String,
    stop_reason: String,
    usage: Usage,
    /// `message_stop` was seen.
    is_complete: bool,
}

impl Builder {
    fn begin(&mut self, message: Message) -> Result<(), ProviderFailure> {
        if let Some(error) = message.error {
            return Err(in_place_of_an_answer(&error));
        }
        self.model = message.model.into_string();
        self.stop_reason = message.stop_reason.into_string();
        self.usage.update(message.usage.unwrap_or_default());
        for block in message.content.into_iter().flatten() {
            if block.kind.as_str() == "text" {
                self.text.push_str(block.text.as_str());
            }
        }
        Ok(())
    }

    fn add(&mut self, text: String) -> Progress {
        if text.is_empty() {
            return Progress::Nothing;
        }
        self.text.push_str(&text);
        Progress::Text(text)
    }
}

impl AnswerBuilder for Builder {
    fn event(&mut self, event: &SseEvent) -> Result<Progress, ProviderFailure> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Progress::Nothing);
        }
        let parsed: Event =
            serde_json::from_str(data).map_err(|error| unreadable(data.as_bytes(), &error))?;
        if let Some(error) = parsed.error {
            return Err(in_place_of_an_answer(&error));
        }
        match parsed.kind.as_str() {
            "error" => Err(in_place_of_an_answer(&serde_json::from_str(data).unwrap_or_default())),
            "message_start" => {
                self.begin(parsed.message.unwrap_or_default())?;
                Ok(Progress::Nothing)
            }
            "content_block_start" => Ok(match parsed.content_block {
                Some(block) if block.kind.as_str() == "text" => self.add(block.text.into_string()),
                _ => Progress::Nothing,
            }),
            "content_block_delta" => Ok(match parsed.delta {
                Some(delta) if delta.kind.as_str() == "text_delta" => self.add(delta.text.into_string()),
                _ => Progress::Nothing,
            }),
            "message_delta" => {
                self.usage.update(parsed.usage.unwrap_or_default());
                let reason = parsed.delta.unwrap_or_default().stop_reason.into_string();
                if !reason.is_empty() {
                    self.stop_reason = reason;
                }
                Ok(Progress::Nothing)
            }
            "message_stop" => {
                self.is_complete = true;
                Ok(Progress::End)
            }
            // `ping`, `content_block_stop`, and whatever comes later.
            _ => Ok(Progress::Nothing),
        }
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.usage.normalised()
    }

    fn finish(&mut self) -> Result<Completion, ProviderFailure> {
        let usage = self.usage.normalised();
        let fail =
            |kind, message: &str| Err(ProviderFailure { usage, ..ProviderFailure::new(kind, message) });
        if !self.is_complete {
            return fail(FailureKind::Incomplete, "the stream ended without message_stop");
        }
        let is_empty = self.text.trim().is_empty();
        let finish = match self.stop_reason.as_str() {
            "end_turn" | "stop_sequence" => FinishReason::Stop,
            "model_context_window_exceeded" if is_empty => {
                return fail(FailureKind::ContextTooLong, "the prompt fills the model's context window");
            }
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => return fail(FailureKind::Refused, "the model refused"),
            "" => return fail(FailureKind::Incomplete, "the answer ended without a stop reason"),
            _ => FinishReason::Other,
        };
        if is_empty {
            let (kind, message) = without_text(finish);
            return fail(kind, message);
        }
        Ok(Completion {
            text: mem::take(&mut self.text),
            model: mem::take(&mut self.model),
            finish,
            usage,
            provider_request_id: None,
            confidence: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(content: &str, stop_reason: &str) -> Result<Completion, ProviderFailure> {
        let body = format!(
            r#"{{"id":"msg","type":"message","model":"m","content":{content},"stop_reason":{stop_reason},"usage":{{"input_tokens":12,"output_tokens":6,"cache_creation_input_tokens":300,"cache_read_input_tokens":2048,"cache_creation":{{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100}},"output_tokens_details":{{"thinking_tokens":2}}}}}}"#
        );
        read(body.as_bytes())
    }

    #[test]
    fn texts_are_picked_by_type_and_all_token_classes_are_read() {
        let content = r#"[{"type":"thinking","thinking":"hm","text":"no"},{"type":"text","text":"Oi"},{"type":"text","text":"!"}]"#;
        let completion = whole(content, "\"end_turn\"").unwrap();
        assert_eq!((completion.text.as_str(), completion.finish), ("Oi!", FinishReason::Stop));
        let expected = TokenUsage {
            input_tokens: 12 + 300 + 2048,
            cached_tokens: 2048,
            cache_write_tokens: 200,
            cache_write_long_tokens: 100,
            output_tokens: 6,
            reasoning_tokens: 2,
            is_estimated: false,
        };
        assert_eq!(completion.usage, Some(expected));
    }

    #[test]
    fn stop_reasons_become_answers_or_failures() {
        let text = r#"[{"type":"text","text":"a"}]"#;
        for (reason, expected) in [
            ("stop_sequence", FinishReason::Stop),
            ("max_tokens", FinishReason::Length),
            ("model_context_window_exceeded", FinishReason::Length),
            ("pause_turn", FinishReason::Other),
            ("something_new", FinishReason::Other),
        ] {
            assert_eq!(whole(text, &format!("\"{reason}\"")).unwrap().finish, expected, "{reason}");
        }
        for (content, reason, expected) in [
            ("[]", "\"end_turn\"", FailureKind::Incomplete),
            ("[]", "\"max_tokens\"", FailureKind::Incomplete),
            ("[]", "\"refusal\"", FailureKind::Refused),
            (text, "\"refusal\"", FailureKind::Refused),
            ("[]", "\"tool_use\"", FailureKind::Malformed),
            ("[]", "\"model_context_window_exceeded\"", FailureKind::ContextTooLong),
            (text, "null", FailureKind::Incomplete),
            ("null", "\"end_turn\"", FailureKind::Malformed),
        ] {
            assert_eq!(whole(content, reason).unwrap_err().kind, expected, "{content} {reason}");
        }
        assert!(whole("[]", "\"refusal\"").unwrap_err().usage.is_some());
    }

    #[test]
    fn an_error_in_place_of_an_answer_is_an_error() {
        let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(read(body.as_bytes()).unwrap_err().kind, FailureKind::Overloaded);
    }

    fn streamed(frames: &[&str]) -> Result<(Vec<String>, Completion), ProviderFailure> {
        let mut builder = Builder::default();
        let mut pieces = Vec::new();
        for frame in frames {
            let event = SseEvent { name: String::new(), data: (*frame).to_owned() };
            match builder.event(&event)? {
                Progress::Text(text) => pieces.push(text),
                Progress::Nothing => {}
                Progress::End => break,
            }
        }
        builder.finish().map(|completion| (pieces, completion))
    }

    const START: &str = r#"{"type":"message_start","message":{"model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_read_input_tokens":10,"output_tokens":1}}}"#;
    const TEXT: &str =
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Olá"}}"#;
    const END: &str =
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}"#;
    const STOP: &str = r#"{"type":"message_stop"}"#;

    #[test]
    fn events_become_an_answer_with_cumulative_numbers() {
        let (pieces, completion) = streamed(&[
            START,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            TEXT,
            r#"{"type":"something_new","delta":{"text":"no"}}"#,
            END,
            STOP,
        ])
        .unwrap();
        assert_eq!(pieces, ["Olá"]);
        let usage = completion.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (35, 10, 15));
    }

    #[test]
    fn streams_that_fail_say_so_with_what_they_used() {
        let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        for (frames, expected) in [
            (vec![START, TEXT, END], FailureKind::Incomplete),
            (vec![START, TEXT], FailureKind::Incomplete),
            (vec![START, TEXT, STOP], FailureKind::Incomplete),
            (vec![overloaded], FailureKind::Overloaded),
            (vec![START, TEXT, overloaded], FailureKind::Overloaded),
            (vec![START, END, STOP], FailureKind::Incomplete),
            (vec![START, "{\"type\":"], FailureKind::Incomplete),
        ] {
            assert_eq!(streamed(&frames).unwrap_err().kind, expected, "{frames:?}");
        }
        let usage = streamed(&[START, TEXT, END]).unwrap_err().usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (35, 15));
    }
}
