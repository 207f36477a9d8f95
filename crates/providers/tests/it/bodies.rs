//! Answers as the vendors send them, and requests for them.

use std::sync::Arc;

use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{CompletionRequest, OutputSchema, PromptMessage, Role};
use pytake_providers::{
    AnthropicConfig, AnthropicProvider, CompatibleConfig, CompatibleProvider, OpenAIConfig, OpenAIProvider,
};
use serde_json::json;

pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

pub(crate) fn request(model: &str) -> CompletionRequest {
    let message = |role, content: &str| PromptMessage::new(role, content);
    CompletionRequest {
        model: model.into(),
        system: "Be brief.".into(),
        messages: Arc::new([
            message(Role::User, "Oi"),
            message(Role::User, "Tem frete grátis?"),
            message(Role::Assistant, "Sim."),
            message(Role::User, "A partir de quanto?"),
        ]),
        max_output_tokens: 200,
        temperature: Some(0.7),
        schema: None,
        user_pseudonym: Some("u-7f3a".into()),
        evidence: Arc::default(),
        key: None,
    }
}

pub(crate) fn with_schema(request: CompletionRequest) -> CompletionRequest {
    let schema = json!({
        "type": "object",
        "properties": {"reply": {"type": "string"}, "action": {"type": ["string", "null"]}},
        "required": ["reply", "action"],
        "additionalProperties": false
    });
    CompletionRequest { schema: Some(Arc::new(OutputSchema { name: "reply", schema })), ..request }
}

pub(crate) fn openai(url: &str) -> OpenAIProvider {
    let config = OpenAIConfig { base_url: format!("{url}/v1/"), ..OpenAIConfig::new(KEY) };
    OpenAIProvider::new(config).unwrap()
}

pub(crate) fn anthropic(url: &str, version: &str) -> AnthropicProvider {
    let config = AnthropicConfig {
        base_url: url.to_owned(),
        version: version.to_owned(),
        ..AnthropicConfig::new(KEY)
    };
    AnthropicProvider::new(config).unwrap()
}

pub(crate) fn compatible(url: &str, dialect: &str) -> CompatibleProvider {
    CompatibleProvider::new(CompatibleConfig {
        name: "own".into(),
        base_url: format!("{url}/v1"),
        api_key: Some(KEY.into()),
        model: "m".into(),
        rate_limit: None,
        dialect: Some(dialect.into()),
        reads_images: None,
    })
    .unwrap()
}

/// Both vendors, so that a test can say the same of each.
pub(crate) fn both(url: &str) -> [Box<dyn AIProviderTrait>; 2] {
    [Box::new(openai(url)), Box::new(anthropic(url, "2026-10-21"))]
}

pub(crate) fn chat_answer() -> String {
    json!({
        "id": "c", "object": "chat.completion", "model": "gpt-6-luna-2026-10-01",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Acima de R$ 99."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}
    })
    .to_string()
}

pub(crate) fn messages_answer() -> String {
    json!({
        "id": "msg", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "Acima de R$ 99."}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 20, "output_tokens": 8}
    })
    .to_string()
}

pub(crate) fn chat_events(text: &[&str], has_end: bool) -> String {
    let mut events = String::from(": OPENROUTER PROCESSING\n\n");
    for piece in text {
        let chunk = json!({"model": "m", "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": null}], "usage": null});
        events += &format!("data: {chunk}\r\n\r\n");
    }
    if has_end {
        events += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        events += "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":8}}\n\n";
        events += "data: [DONE]\n\n";
    }
    events
}

pub(crate) fn messages_events(text: &[&str], has_end: bool) -> String {
    let start = json!({"type": "message_start", "message": {"model": "m", "content": [], "usage": {"input_tokens": 20, "output_tokens": 1}}});
    let mut events =
        format!("event: message_start\ndata: {start}\n\nevent: ping\ndata: {{\"type\":\"ping\"}}\n\n");
    for piece in text {
        let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}});
        events += &format!("event: content_block_delta\ndata: {delta}\n\n");
    }
    if has_end {
        let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}});
        events += &format!(
            "event: message_delta\ndata: {end}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
        );
    }
    events
}
