//! The two wires, as far as a fake must speak them.

use serde_json::{Value, json};

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

    /// A whole answer: 20 tokens in, 7 out.
    pub(super) fn answer(self, text: &str) -> Value {
        match self {
            Self::OpenAI => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-6-luna",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                             "finish_reason": "stop", "logprobs": null}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27},
            }),
            Self::Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 20, "output_tokens": 7},
            }),
        }
    }

    /// The frames of a streamed answer, with or without its end.
    pub(super) fn stream(self, pieces: &[String], is_ended: bool) -> Vec<String> {
        match self {
            Self::OpenAI => openai_stream(pieces, is_ended),
            Self::Anthropic => anthropic_stream(pieces, is_ended),
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

fn openai_stream(pieces: &[String], is_ended: bool) -> Vec<String> {
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
        let usage = json!({"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27});
        frames.push(chunk(&nothing, &nothing, &usage));
        frames.push("data: [DONE]\n\n".to_owned());
    }
    frames
}

fn anthropic_stream(pieces: &[String], is_ended: bool) -> Vec<String> {
    let event = |data: Value| {
        let name = data["type"].as_str().unwrap_or_default().to_owned();
        format!("event: {name}\ndata: {data}\n\n")
    };
    let mut frames = Vec::new();
    if !pieces.is_empty() {
        frames.push(event(json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 20, "output_tokens": 1},
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
        frames.push(event(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}})));
        frames.push(event(json!({"type": "message_stop"})));
    }
    frames
}
