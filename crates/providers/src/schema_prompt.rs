//! Asking for JSON in the prompt, where a server or a model takes no schema.

use std::borrow::Cow;

use pytake_assistant::provider::OutputSchema;

/// The instructions with the schema at their end. The word JSON is in it: OpenAI and DeepSeek refuse
/// `json_object` where the prompt does not say it.
pub(crate) fn with_schema<'a>(system: &str, schema: &OutputSchema) -> Cow<'a, str> {
    let gap = if system.is_empty() { "" } else { "\n\n" };
    Cow::Owned(format!(
        "{system}{gap}Answer with one JSON object and nothing around it. It must be valid against this JSON \
         Schema:\n{}",
        schema.schema
    ))
}
