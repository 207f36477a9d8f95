//! The request body of the Messages API, which refuses every field it does not know.

use std::borrow::Cow;

use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::{CompletionRequest, PromptMessage};
use serde::Serialize;

use crate::capabilities::Capabilities;
use crate::exchange::WireRequest;
use crate::pictures::{InBase64, length_in_base64, words_alone};
use crate::refused::{Parameter, Refused};
use crate::schema_prompt::with_schema;

/// 512 characters: Anthropic, `metadata.user_id`.
const MAX_USER_CHARS: usize = 512;

/// 5 MiB in base64, counted as text: Anthropic, vision. Newer models take more; a larger one is rare in a chat.
const MAX_IMAGE_CHARS: usize = 5 << 20;

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
    #[serde(skip)]
    has_images: bool,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Content<'a>,
}

/// A text, or with pictures a list of blocks.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<Block<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Image { source: Source<'a> },
    Text { text: &'a str },
}

#[derive(Serialize)]
struct Source<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    media_type: &'a str,
    data: InBase64<'a>,
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
        // Every Claude since the third does; one that is not listed is newer.
        let reads_images = capabilities.is_none_or(|model| model.reads_images) && unless(Parameter::Images);
        let has_output_config = effort.is_some() || format.is_some();
        Self {
            model: &request.model,
            max_tokens: request.max_output_tokens.max(1),
            system,
            messages: request.messages.iter().filter_map(|m| wire_message(m, reads_images)).collect(),
            has_images: reads_images && request.messages.iter().any(|m| shown(m).next().is_some()),
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
fn wire_message(message: &PromptMessage, reads_images: bool) -> Option<WireMessage<'_>> {
    if message.content.trim().is_empty() {
        return None;
    }
    let images: Vec<&Attachment> = if reads_images { shown(message).collect() } else { Vec::new() };
    let content = if images.is_empty() {
        Content::Text(words_alone(message))
    } else {
        // Pictures first: so Claude reads them best (Anthropic, vision).
        let mut blocks: Vec<Block<'_>> = images.into_iter().map(image_block).collect();
        blocks.push(Block::Text { text: &message.content });
        Content::Blocks(blocks)
    };
    Some(WireMessage { role: message.role.as_str(), content })
}

/// Those of a message's pictures that are not too large.
fn shown(message: &PromptMessage) -> impl Iterator<Item = &Attachment> {
    message.images.iter().filter(|image| length_in_base64(image) <= MAX_IMAGE_CHARS)
}

fn image_block(image: &Attachment) -> Block<'_> {
    Block::Image { source: Source { kind: "base64", media_type: &image.mime_type, data: InBase64(image) } }
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
        if self.has_images {
            sent.push(("image", Parameter::Images));
        }
        sent.extend(self.metadata.as_ref().map(|_| ("metadata", Parameter::User)));
        sent
    }
}
