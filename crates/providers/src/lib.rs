//! Model vendors, one file each, behind [`pytake_assistant::AIProviderTrait`].
//!
//! [`OpenAIProvider`], [`AnthropicProvider`] and [`CompatibleProvider`] call out; [`LocalProvider`] answers
//! from approved entries in this process; [`ScriptedProvider`] plays a script. None of them retries, waits or
//! limits: the router does. [`OpenAIModerator`] gives second opinions behind [`pytake_assistant::Moderator`],
//! [`OpenAITranscriber`] writes recordings down behind [`pytake_assistant::Transcriber`]. Differences between vendors and models are data, in `data/`.

mod catalog;
mod error;

mod anthropic;
mod compatible;
mod local;
mod openai;
mod scripted;
mod transcription;

mod capabilities;
mod chat_completions;
mod dialect;
mod exchange;
mod failure;
mod http;
mod lenient;
mod pictures;
mod refused;
mod schema_prompt;
mod sse;

pub use anthropic::{
    AnthropicConfig, AnthropicProvider, DEFAULT_ANTHROPIC_BASE_URL, DEFAULT_ANTHROPIC_MODEL,
    DEFAULT_ANTHROPIC_VERSION,
};
pub use catalog::{catalog, catalog_with_overrides};
pub use compatible::{CompatibleConfig, CompatibleProvider};
pub use error::ConfigError;
pub use local::{LOCAL_MODEL, LocalProvider};
pub use openai::{
    DEFAULT_OPENAI_BASE_URL, DEFAULT_OPENAI_MODEL, OPENAI_MODERATION_MODEL, OpenAIConfig, OpenAIModerator,
    OpenAIProvider,
};
pub use scripted::{ScriptedProvider, ScriptedStep};
pub use transcription::{OPENAI_TRANSCRIPTION_MODEL, OpenAITranscriber, TranscriberConfig};
