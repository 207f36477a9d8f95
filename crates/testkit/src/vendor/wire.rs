//! The two wires, as far as a fake must speak them.

use serde_json::{Value, json};

/// Tokens that a fake bills.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The whole prompt.
    pub input: u64,
    /// Part of the prompt that was read from the vendor's cache.
    pub cached: u64,
    /// Part of the prompt that was written to the vendor's cache for a short time.
    pub written: u64,
    /// Part of the prompt that was written to the vendor's cache for an hour; Anthropic only.
    pub written_long: u64,
    /// The answer.
    pub output: u64,
}

impl Tokens {
    /// What every answer takes unless its act says otherwise.
    pub(super) const USUAL: Self = Self { input: 20, cached: 0, written: 0, written_long: 0, output: 7 };

    fn openai(self) -> Value {
        json!({
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.written},
        })
    }

    fn anthropic(self) -> Value {
        let written = self.written + self.written_long;
        json!({
            "input_tokens": self.input - self.cached - written,
            "cache_read_input_tokens": self.cached,
            "cache_creation_input_tokens": written,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written,
                "ephemeral_1h_input_tokens": self.written_long,
            },
            "output_tokens": self.output,
        })
    }
}

/// Whose wire is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Chat completions.
    OpenAI,
    /// Messages.
    Anthropic,
}

impl Wire {
    pub(super) fn error(self, kind: &str) -> Value {
        match self {
            Self::OpenAI => {
                json!({"error": {"message": "told to fail", "type": kind, "param": null, "code": kind}})
            }
            Self::Anthropic => json!({"type": "error", "error": {"type": kind, "message": "told to fail"}}),
        }
    }

    /// A whole answer.
    pub(super) fn answer(self, text: &str, tokens: Tokens) -> Value {
        match self {
            Self::OpenAI => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-6-luna",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                             "finish_reason": "stop", "logprobs": null}],
                "usage": tokens.openai(),
            }),
            Self::Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": tokens.anthropic(),
            }),
        }
    }

    /// A refusal by the vendor's policy, whole.
    pub(super) fn refusal(self, tokens: Tokens) -> Value {
        let mut answer = self.answer("", tokens);
        match self {
            Self::OpenAI => {
                answer["choices"][0]["message"]["content"] = Value::Null;
                answer["choices"][0]["message"]["refusal"] = json!("I cannot help with that.");
            }
            Self::Anthropic => {
                answer["content"] = json!([]);
                answer["stop_reason"] = json!("refusal");
            }
        }
        answer
    }

    /// The same, streamed: an answer without text whose end says so.
    pub(super) fn refusal_stream(self, tokens: Tokens) -> Vec<String> {
        let frames = self.stream(&[" ".to_owned()], true, tokens).into_iter();
        match self {
            Self::OpenAI => {
                let refused = "\"delta\":{\"refusal\":\"I cannot help with that.\"}";
                frames.map(|frame| frame.replace("\"delta\":{\"content\":\" \"}", refused)).collect()
            }
            Self::Anthropic => frames
                .filter(|frame| !frame.contains("content_block"))
                .map(|frame| frame.replace("\"stop_reason\":\"end_turn\"", "\"stop_reason\":\"refusal\""))
                .collect(),
        }
    }

    /// The frames of a streamed answer, with or without its end.
    pub(super) fn stream(self, pieces: &[String], is_ended: bool, tokens: Tokens) -> Vec<String> {
        match self {
            Self::OpenAI => openai_stream(pieces, is_ended, tokens),
            Self::Anthropic => anthropic_stream(pieces, is_ended, tokens),
        }
    }

    pub(super) fn stream_error(self) -> String {
        let error = self.error("overloaded_error");
        match self {
            Self::OpenAI => format!("data: {error}\n\n"),
            Self::Anthropic => format!("event: error\ndata: {error}\n\n"),
        }
    }
}

fn openai_stream(pieces: &[String], is_ended: bool, tokens: Tokens) -> Vec<String> {
    let chunk = |delta: &Value, finish: &Value, usage: &Value| {
        let choices = if delta.is_null() {
            json!([])
        } else {
            json!([{"index": 0, "delta": delta, "finish_reason": finish}])
        };
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
            "model": "gpt-6-luna", "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let nothing = Value::Null;
    let mut frames = Vec::new();
    if !pieces.is_empty() {
        frames.push(chunk(&json!({"role": "assistant", "content": ""}), &nothing, &nothing));
    }
    frames.extend(pieces.iter().map(|piece| chunk(&json!({"content": piece}), &nothing, &nothing)));
    if is_ended {
        frames.push(chunk(&json!({}), &json!("stop"), &nothing));
        frames.push(chunk(&nothing, &nothing, &tokens.openai()));
        frames.push("data: [DONE]\n\n".to_owned());
    }
    frames
}

fn anthropic_stream(pieces: &[String], is_ended: bool, tokens: Tokens) -> Vec<String> {
    let event = |data: Value| {
        let name = data["type"].as_str().unwrap_or_default().to_owned();
        format!("event: {name}\ndata: {data}\n\n")
    };
    let mut frames = Vec::new();
    if !pieces.is_empty() {
        frames.push(event(json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": Tokens { output: 1, ..tokens }.anthropic(),
        }})));
        let block = json!({"type": "text", "text": ""});
        frames.push(event(json!({"type": "content_block_start", "index": 0, "content_block": block})));
    }
    frames.extend(pieces.iter().map(|piece| {
        let delta = json!({"type": "text_delta", "text": piece});
        event(json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    }));
    if is_ended {
        frames.push(event(json!({"type": "content_block_stop", "index": 0})));
        let delta = json!({"stop_reason": "end_turn", "stop_sequence": null});
        frames.push(event(
            json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens.output}}),
        ));
        frames.push(event(json!({"type": "message_stop"})));
    }
    frames
}
