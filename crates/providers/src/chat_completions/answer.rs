//! Reads answers, whole and streamed. Every field is optional; only the text and the reason for its end are
//! insisted on.

use std::mem;

use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Completion, FailureKind, FinishReason, ProviderFailure};
use serde::Deserialize;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::exchange::{AnswerBuilder, Progress, unreadable};
use crate::failure::{in_place_of_an_answer, without_text};
use crate::lenient::{Count, Text};
use crate::sse::SseEvent;

/// A whole answer or one chunk of a streamed one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    model: Text,
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    /// Groq's place for the numbers of a stream.
    x_groq: Option<XGroq>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    message: Option<Message>,
    delta: Option<Message>,
    finish_reason: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Text,
    refusal: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct XGroq {
    usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
}

impl Usage {
    /// The numbers in our classes; `None` where there are none.
    fn normalised(&self, dialect: &Dialect) -> Option<TokenUsage> {
        if self.prompt_tokens.0.is_none() && self.completion_tokens.0.is_none() {
            return None;
        }
        let input = self.prompt_tokens.0.unwrap_or(0);
        let mut output = self.completion_tokens.0.unwrap_or(0);
        let prompt = self.prompt_tokens_details.as_ref();
        let cached = prompt.and_then(|details| details.cached_tokens.0).or(self.prompt_cache_hit_tokens.0);
        let cache_write = prompt.and_then(|details| details.cache_write_tokens.0);
        let details = self.completion_tokens_details.as_ref();
        let mut reasoning = details.and_then(|details| details.reasoning_tokens.0).unwrap_or(0);
        if dialect.output_is_rest_of_total {
            let rest = self.total_tokens.0.unwrap_or(0).saturating_sub(input);
            reasoning = reasoning.max(rest.saturating_sub(output));
            output = output.max(rest);
        }
        let cached = cached.unwrap_or(0).min(input);
        Some(TokenUsage {
            input_tokens: input,
            cached_tokens: cached,
            cache_write_tokens: cache_write.unwrap_or(0).min(input - cached),
            cache_write_long_tokens: 0,
            output_tokens: output,
            reasoning_tokens: reasoning.min(output),
            is_estimated: false,
        })
    }
}

/// Reads a whole answer.
pub(super) fn read(body: &[u8], dialect: &'static Dialect) -> Result<Completion, ProviderFailure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    let mut builder = Builder::new(dialect);
    let has_choice = answer.choices.as_ref().is_some_and(|choices| !choices.is_empty());
    builder.take(answer)?;
    if !has_choice {
        let failure = ProviderFailure::new(FailureKind::Malformed, "the answer has no choices");
        return Err(ProviderFailure { usage: builder.usage, ..failure });
    }
    builder.finish()
}

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Builder {
    dialect: &'static Dialect,
    text: String,
    has_refusal: bool,
    model: String,
    finish: Option<String>,
    usage: Option<TokenUsage>,
}

impl Builder {
    pub(super) fn new(dialect: &'static Dialect) -> Self {
        Self {
            dialect,
            text: String::new(),
            has_refusal: false,
            model: String::new(),
            finish: None,
            usage: None,
        }
    }

    /// Takes an answer or a chunk and returns its text, which is already part of the builder's.
    fn take(&mut self, answer: Answer) -> Result<String, ProviderFailure> {
        if let Some(error) = answer.error {
            return Err(in_place_of_an_answer(&error));
        }
        let usage = answer.usage.or(answer.x_groq.and_then(|groq| groq.usage));
        if let Some(usage) = usage.and_then(|usage| usage.normalised(self.dialect)) {
            self.usage = Some(usage);
        }
        if self.model.is_empty() {
            self.model = answer.model.into_string();
        }
        let Some(choice) = answer.choices.into_iter().flatten().next() else { return Ok(String::new()) };
        let finish = choice.finish_reason.into_string();
        if !finish.is_empty() {
            self.finish = Some(finish);
        }
        let Some(message) = choice.message.or(choice.delta) else { return Ok(String::new()) };
        self.has_refusal |= !message.refusal.as_str().is_empty();
        let text = message.content.into_string();
        self.text.push_str(&text);
        Ok(text)
    }
}

impl AnswerBuilder for Builder {
    fn event(&mut self, event: &SseEvent) -> Result<Progress, ProviderFailure> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return Ok(Progress::End);
        }
        if data.is_empty() {
            return Ok(Progress::Nothing);
        }
        let chunk: Answer =
            serde_json::from_str(data).map_err(|error| unreadable(data.as_bytes(), &error))?;
        if event.name == "error" && chunk.error.is_none() {
            return Err(in_place_of_an_answer(&serde_json::from_str(data).unwrap_or_default()));
        }
        let text = self.take(chunk)?;
        Ok(if text.is_empty() { Progress::Nothing } else { Progress::Text(text) })
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.usage
    }

    fn finish(&mut self) -> Result<Completion, ProviderFailure> {
        let usage = self.usage;
        let fail =
            |kind, message: &str| Err(ProviderFailure { usage, ..ProviderFailure::new(kind, message) });
        if self.has_refusal {
            return fail(FailureKind::Refused, "the model refused");
        }
        let finish = match self.finish.as_deref() {
            Some("stop" | "eos" | "end_turn") => FinishReason::Stop,
            Some("length" | "max_tokens" | "model_length") => FinishReason::Length,
            Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
            Some("content_filter") => {
                return fail(FailureKind::Refused, "the vendor's filter cut the answer");
            }
            Some("error") => return fail(FailureKind::ServerError, "the answer ended in an error"),
            Some(_) => FinishReason::Other,
            None => return fail(FailureKind::Incomplete, "the answer ended without a finish reason"),
        };
        if self.text.trim().is_empty() {
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
    use crate::dialect;

    fn whole(body: &str) -> Result<Completion, ProviderFailure> {
        read(body.as_bytes(), dialect::named("openai").unwrap())
    }

    fn answer(message: &str, finish: &str) -> String {
        format!(
            r#"{{"model":"m","choices":[{{"index":0,"message":{message},"finish_reason":{finish}}}],"usage":{{"prompt_tokens":9,"completion_tokens":4}}}}"#
        )
    }

    fn streamed(name: &str, frames: &[&str]) -> Result<(Vec<String>, Completion), ProviderFailure> {
        let mut builder = Builder::new(dialect::named(name).unwrap());
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

    #[test]
    fn a_complete_answer_is_read() {
        let completion = whole(&answer(r#"{"role":"assistant","content":"Oi!"}"#, "\"stop\"")).unwrap();
        assert_eq!((completion.text.as_str(), completion.finish), ("Oi!", FinishReason::Stop));
        assert_eq!(completion.usage.map(|usage| usage.total()), Some(13));
    }

    #[test]
    fn what_is_not_a_complete_answer_fails_in_its_kind() {
        let cut = answer(r#"{"content":"Oi!"}"#, "\"stop\"");
        let rows = [
            (answer(r#"{"content":""}"#, "\"stop\""), FailureKind::Incomplete),
            (answer(r#"{"content":null}"#, "\"length\""), FailureKind::Incomplete),
            (answer(r#"{"content":"x"}"#, "null"), FailureKind::Incomplete),
            (answer(r#"{"content":null,"refusal":"No."}"#, "\"stop\""), FailureKind::Refused),
            (answer(r#"{"content":"x"}"#, "\"content_filter\""), FailureKind::Refused),
            (answer(r#"{"content":null}"#, "\"tool_calls\""), FailureKind::Malformed),
            (answer(r#"{"content":"x"}"#, "\"error\""), FailureKind::ServerError),
            (r#"{"choices":[]}"#.to_owned(), FailureKind::Malformed),
            ("{}".to_owned(), FailureKind::Malformed),
            ("[1]".to_owned(), FailureKind::Malformed),
            ("<!doctype html><title>x</title>".to_owned(), FailureKind::Malformed),
            (cut[..cut.len() - 9].to_owned(), FailureKind::Incomplete),
            (String::new(), FailureKind::Incomplete),
            (r#"{"error":{"code":429,"message":"slow"}}"#.to_owned(), FailureKind::RateLimited),
            (r#"{"error":"broken"}"#.to_owned(), FailureKind::ServerError),
        ];
        for (body, expected) in rows {
            assert_eq!(whole(&body).unwrap_err().kind, expected, "{body}");
        }
    }

    #[test]
    fn tokens_of_an_unusable_answer_are_reported() {
        let failure = whole(&answer(r#"{"content":""}"#, "\"length\"")).unwrap_err();
        assert_eq!(failure.usage.map(|usage| usage.output_tokens), Some(4));
    }

    #[test]
    fn an_answer_cut_by_the_limit_is_an_answer() {
        let completion = whole(&answer(r#"{"content":"Half"}"#, "\"length\"")).unwrap();
        assert_eq!(completion.finish, FinishReason::Length);
    }

    #[test]
    fn an_unknown_finish_reason_is_other_and_blank_lines_may_come_first() {
        let body = format!("\n\n\r\n{}", answer(r#"{"content":"Oi"}"#, "\"insufficient_system_resource\""));
        assert_eq!(whole(&body).unwrap().finish, FinishReason::Other);
    }

    fn usage(name: &str, json: &str) -> Option<TokenUsage> {
        serde_json::from_str::<Usage>(json).unwrap().normalised(dialect::named(name).unwrap())
    }

    #[test]
    fn all_token_classes_are_read() {
        let json = r#"{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920,"cache_write_tokens":50},"completion_tokens_details":{"reasoning_tokens":256}}"#;
        let read = usage("openai", json).unwrap();
        let expected = TokenUsage {
            input_tokens: 2006,
            cached_tokens: 1920,
            cache_write_tokens: 50,
            output_tokens: 300,
            reasoning_tokens: 256,
            ..TokenUsage::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn dialects_count_in_their_own_way() {
        let deepseek = r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#;
        assert_eq!(usage("deepseek", deepseek).unwrap().cached_tokens, 64);
        let gemini =
            usage("gemini", r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":40}"#).unwrap();
        assert_eq!((gemini.output_tokens, gemini.reasoning_tokens), (30, 25));
        assert_eq!(usage("generic", r#"{"prompt_tokens":null}"#), None);
        let details = r#"{"prompt_tokens":"7","completion_tokens":2.0,"prompt_tokens_details":null}"#;
        assert_eq!(usage("generic", details).unwrap().total(), 9);
    }

    #[test]
    fn chunks_become_an_answer() {
        let (pieces, completion) = streamed("openai", &[
            r#"{"model":"m","choices":[],"prompt_filter_results":[]}"#,
            r#"{"model":"m","choices":[{"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"Olá"}}],"obfuscation":"x"}"#,
            r#"{"choices":[{"delta":{"content":", Ana"},"finish_reason":""}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#,
            "[DONE]",
        ])
        .unwrap();
        assert_eq!(pieces, ["Olá", ", Ana"]);
        assert_eq!((completion.text.as_str(), completion.model.as_str()), ("Olá, Ana", "m"));
        assert_eq!(completion.usage.map(|usage| usage.total()), Some(8));
    }

    #[test]
    fn groq_puts_the_numbers_of_a_stream_elsewhere() {
        let chunk = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":1}}}"#;
        assert_eq!(streamed("groq", &[chunk]).unwrap().1.usage.map(|usage| usage.total()), Some(2));
    }

    #[test]
    fn streams_that_fail_say_so() {
        let text = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
        let rows = [
            (vec![text, "[DONE]"], FailureKind::Incomplete),
            (vec![text], FailureKind::Incomplete),
            (
                vec![
                    text,
                    r#"{"error":{"code":502,"message":"m"},"choices":[{"delta":{},"finish_reason":"error"}]}"#,
                ],
                FailureKind::ServerError,
            ),
            (
                vec![r#"{"error":{"type":"server_error","code":"server_is_overloaded"}}"#],
                FailureKind::Overloaded,
            ),
            (
                vec![
                    text,
                    r#"{"choices":[{"delta":{"refusal":"I"}}]}"#,
                    r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
                ],
                FailureKind::Refused,
            ),
            (
                vec![text, r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#],
                FailureKind::Refused,
            ),
            (vec![r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, "[DONE]"], FailureKind::Incomplete),
            (vec![text, r#"{"choices":[{"de"#], FailureKind::Incomplete),
            (vec![text, "oops"], FailureKind::Malformed),
        ];
        for (frames, expected) in rows {
            assert_eq!(streamed("generic", &frames).unwrap_err().kind, expected, "{frames:?}");
        }
    }

    #[test]
    fn a_named_error_event_is_an_error_whatever_it_holds() {
        let mut builder = Builder::new(dialect::named("generic").unwrap());
        let event = SseEvent { name: "error".into(), data: r#"{"message":"m","code":503}"#.into() };
        assert_eq!(builder.event(&event).unwrap_err().kind, FailureKind::Overloaded);
    }
}
