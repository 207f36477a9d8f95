//! The request body of the Messages API, which refuses every field it does not know.

use std::borrow::Cow;

use pytake_assistant::provider::{CompletionRequest, PromptMessage};
use serde::Serialize;

use crate::capabilities::Capabilities;
use crate::exchange::WireRequest;
use crate::refused::{Parameter, Refused};
use crate::schema_prompt::with_schema;

/// 512 characters: Anthropic, `metadata.user_id`.
const MAX_USER_CHARS: usize = 512;

/// A body, fields in the order of the documentation.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    system: Cow<'a, str>,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Typed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Typed<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'a serde_json::Value,
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        request: &'a CompletionRequest,
        is_streamed: bool,
        takes_sampling: bool,
        capabilities: Option<Capabilities>,
        refused: Refused,
    ) -> Self {
        let unless = |parameter| !refused.has(parameter);
        let takes_sampling = takes_sampling && capabilities.is_some_and(|model| model.sampling);
        let takes_schema =
            capabilities.is_none_or(|model| model.structured_output) && unless(Parameter::Schema);
        let schema = request.schema.as_deref();
        let system = match schema {
            Some(schema) if !takes_schema => with_schema(&request.system, schema),
            _ => Cow::Borrowed(&*request.system),
        };
        let effort = capabilities.and_then(|model| model.effort).filter(|_| unless(Parameter::Effort));
        let format = schema
            .filter(|_| takes_schema)
            .map(|schema| Format { kind: "json_schema", schema: &schema.schema });
        let has_output_config = effort.is_some() || format.is_some();
        Self {
            model: &request.model,
            max_tokens: request.max_output_tokens.max(1),
            system,
            messages: request.messages.iter().filter_map(wire_message).collect(),
            temperature: request
                .temperature
                .filter(|_| takes_sampling && unless(Parameter::Temperature))
                // Anthropic's range ends at 1.
                .map(|temperature| temperature.min(1.0)),
            thinking: capabilities
                .and_then(|model| model.thinking)
                .filter(|_| unless(Parameter::Thinking))
                .map(|kind| Typed { kind }),
            output_config: has_output_config.then_some(OutputConfig { effort, format }),
            metadata: request
                .user_pseudonym
                .as_deref()
                .filter(|_| unless(Parameter::User))
                .map(|user| Metadata { user_id: first_chars(user, MAX_USER_CHARS) }),
            stream: is_streamed,
        }
    }
}

/// Empty texts are refused; messages of one role after another are joined by the API itself.
fn wire_message(message: &PromptMessage) -> Option<WireMessage<'_>> {
    let has_text = !message.content.trim().is_empty();
    has_text.then(|| WireMessage { role: message.role.as_str(), content: &message.content })
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

impl WireRequest for Body<'_> {
    fn optional(&self) -> Vec<(&'static str, Parameter)> {
        let mut sent = Vec::new();
        sent.extend(self.temperature.map(|_| ("temperature", Parameter::Temperature)));
        sent.extend(self.thinking.as_ref().map(|_| ("thinking", Parameter::Thinking)));
        if let Some(config) = &self.output_config {
            sent.extend(config.effort.map(|_| ("effort", Parameter::Effort)));
            sent.extend(config.format.as_ref().map(|_| ("output_config", Parameter::Schema)));
            sent.extend(config.effort.map(|_| ("output_config", Parameter::Effort)));
        }
        sent.extend(self.metadata.as_ref().map(|_| ("metadata", Parameter::User)));
        sent
    }
}
