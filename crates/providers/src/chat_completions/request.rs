//! The request body: what the dialect and the model take, and nothing else.

use std::borrow::Cow;

use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::{CompletionRequest, OutputSchema};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::capabilities::Capabilities;
use crate::dialect::{Dialect, StructuredOutput, TokenField};
use crate::exchange::WireRequest;
use crate::pictures::{InBase64, words_alone};
use crate::refused::{Parameter, Refused};
use crate::schema_prompt::with_schema;

/// 64 characters: OpenAI, `safety_identifier`.
const MAX_USER_CHARS: usize = 64;

/// A body, decided and not yet written.
pub(crate) struct Body<'a> {
    request: &'a CompletionRequest,
    dialect: &'static Dialect,
    is_streamed: bool,
    token_field: TokenField,
    temperature: Option<f32>,
    effort: Option<&'static str>,
    user: Option<(&'static str, &'a str)>,
    structured_output: StructuredOutput,
    asks_stream_usage: bool,
    has_privacy: bool,
    reads_images: bool,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        request: &'a CompletionRequest,
        is_streamed: bool,
        dialect: &'static Dialect,
        capabilities: Option<Capabilities>,
        reads_images: bool,
        refused: Refused,
    ) -> Self {
        let takes_sampling = capabilities.map_or(dialect.sampling, |model| model.sampling);
        let takes_schema = capabilities.is_none_or(|model| model.structured_output);
        let unless = |parameter| !refused.has(parameter);
        let user = dialect.user_field.zip(request.user_pseudonym.as_deref());
        Self {
            request,
            dialect,
            is_streamed,
            token_field: if refused.has(Parameter::TokenField) {
                dialect.token_field.other()
            } else {
                dialect.token_field
            },
            temperature: request.temperature.filter(|_| takes_sampling && unless(Parameter::Temperature)),
            effort: capabilities.and_then(|model| model.effort).filter(|_| unless(Parameter::Effort)),
            user: user.filter(|_| unless(Parameter::User)),
            structured_output: if takes_schema && unless(Parameter::Schema) {
                dialect.structured_output
            } else {
                StructuredOutput::None
            },
            asks_stream_usage: is_streamed && dialect.stream_usage && unless(Parameter::StreamUsage),
            has_privacy: !dialect.privacy_is_optional || unless(Parameter::Privacy),
            reads_images: reads_images && unless(Parameter::Images),
        }
    }

    /// Instructions first, then the conversation without its empty messages.
    fn messages(&self) -> Vec<WireMessage<'a>> {
        let mut messages = Vec::with_capacity(self.request.messages.len() + 1);
        let system = match (&self.request.schema, self.structured_output) {
            (Some(schema), StructuredOutput::JsonObject | StructuredOutput::None) => {
                with_schema(&self.request.system, schema)
            }
            _ => Cow::Borrowed(&*self.request.system),
        };
        if !system.is_empty() {
            messages.push(WireMessage {
                role: self.dialect.system_role,
                content: system,
                images: Vec::new(),
            });
        }
        for message in self.request.messages.iter().filter(|message| !message.content.trim().is_empty()) {
            let role = message.role.as_str();
            let (content, images) = if self.reads_images {
                (Cow::Borrowed(&*message.content), message.images.iter().collect())
            } else {
                (words_alone(message), Vec::new())
            };
            match messages.last_mut() {
                Some(last) if self.dialect.roles_alternate && last.role == role => {
                    let joined = last.content.to_mut();
                    joined.push_str("\n\n");
                    joined.push_str(&content);
                    last.images.extend(images);
                }
                _ => messages.push(WireMessage { role, content, images }),
            }
        }
        messages
    }
}

impl WireRequest for Body<'_> {
    fn optional(&self) -> Vec<(&'static str, Parameter)> {
        let mut sent = vec![(self.token_field.name(), Parameter::TokenField)];
        sent.extend(self.temperature.map(|_| ("temperature", Parameter::Temperature)));
        sent.extend(self.effort.map(|_| ("reasoning_effort", Parameter::Effort)));
        sent.extend(self.user.map(|(field, _)| (field, Parameter::User)));
        if self.asks_stream_usage {
            sent.push(("stream_options", Parameter::StreamUsage));
        }
        if self.request.schema.is_some() && self.structured_output != StructuredOutput::None {
            sent.push(("response_format", Parameter::Schema));
            sent.push(("json_schema", Parameter::Schema));
        }
        if self.reads_images && self.request.messages.iter().any(|message| !message.images.is_empty()) {
            sent.push(("image", Parameter::Images));
        }
        if self.has_privacy && self.dialect.privacy_is_optional {
            sent.extend(self.dialect.privacy.keys().map(|field| (field.as_str(), Parameter::Privacy)));
        }
        sent
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", &*self.request.model)?;
        body.serialize_entry("messages", &self.messages())?;
        body.serialize_entry(self.token_field.name(), &self.request.max_output_tokens.max(1))?;
        if let Some(temperature) = self.temperature {
            body.serialize_entry("temperature", &temperature)?;
        }
        if let Some(effort) = self.effort {
            body.serialize_entry("reasoning_effort", effort)?;
        }
        if let Some(schema) = &self.request.schema {
            match self.structured_output {
                StructuredOutput::JsonSchema => {
                    body.serialize_entry(
                        "response_format",
                        &ResponseFormat::JsonSchema { json_schema: NamedSchema::new(schema) },
                    )?;
                }
                StructuredOutput::JsonObjectWithSchema => {
                    let format = ResponseFormat::JsonObject { schema: Some(&schema.schema) };
                    body.serialize_entry("response_format", &format)?;
                }
                StructuredOutput::JsonObject => {
                    body.serialize_entry("response_format", &ResponseFormat::JsonObject { schema: None })?;
                }
                StructuredOutput::None => {}
            }
        }
        if let Some((field, user)) = self.user {
            let end = user.char_indices().nth(MAX_USER_CHARS).map_or(user.len(), |(end, _)| end);
            body.serialize_entry(field, &user[..end])?;
        }
        if self.is_streamed {
            body.serialize_entry("stream", &true)?;
        }
        if self.asks_stream_usage {
            body.serialize_entry("stream_options", &StreamOptions { include_usage: true })?;
        }
        if self.has_privacy {
            for (field, value) in &self.dialect.privacy {
                body.serialize_entry(field, value)?;
            }
        }
        body.end()
    }
}

struct WireMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    images: Vec<&'a Attachment>,
}

/// A text, or with pictures a list of parts.
impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut message = serializer.serialize_map(Some(2))?;
        message.serialize_entry("role", self.role)?;
        if self.images.is_empty() {
            message.serialize_entry("content", &self.content)?;
        } else {
            let mut parts: Vec<Part<'_>> = self
                .images
                .iter()
                .map(|image| Part::ImageUrl { image_url: ImageUrl { url: DataUrl(image) } })
                .collect();
            parts.push(Part::Text { text: &self.content });
            message.serialize_entry("content", &parts)?;
        }
        message.end()
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    ImageUrl { image_url: ImageUrl<'a> },
    Text { text: &'a str },
}

#[derive(serde::Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

/// The picture itself where its address could stand.
struct DataUrl<'a>(&'a Attachment);

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("data:{};base64,{}", self.0.mime_type, InBase64(self.0)))
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonSchema {
        json_schema: NamedSchema<'a>,
    },
    JsonObject {
        #[serde(skip_serializing_if = "Option::is_none")]
        schema: Option<&'a serde_json::Value>,
    },
}

#[derive(serde::Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    schema: &'a serde_json::Value,
    strict: bool,
}

impl<'a> NamedSchema<'a> {
    fn new(schema: &'a OutputSchema) -> Self {
        Self { name: schema.name, schema: &schema.schema, strict: true }
    }
}

#[derive(serde::Serialize)]
struct StreamOptions {
    include_usage: bool,
}
