//! Optional parameters that a model refused: left out from then on.
//!
//! Some models take no temperature, some servers no schema, some want the other name of the token limit.
//! What we added on our own and the vendor names in its refusal is dropped, the call is made once more, and
//! the model's name is remembered so that the next call is right at once.

use std::sync::Arc;

use parking_lot::RwLock;
use pytake_assistant::provider::FailureKind;
use rustc_hash::FxHashMap;

use crate::failure::VendorError;

/// A parameter a request can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// Sampling temperature.
    Temperature = 1,
    /// How much to think: `reasoning_effort`, `output_config.effort`.
    Effort = 2,
    /// Thinking switched off (Anthropic).
    Thinking = 4,
    /// The answer's schema; the prompt asks for it instead.
    Schema = 8,
    /// The customer's pseudonym.
    User = 16,
    /// Numbers at the end of a stream.
    StreamUsage = 32,
    /// The token limit's name: the other one is used instead.
    TokenField = 64,
    /// A field against storing or training, in a dialect that can do without.
    Privacy = 128,
    /// The customer's pictures; the prompt says that there are some.
    Images = 256,
}

impl Parameter {
    /// False for what may be wrong with one request alone: a picture can be too large, or none.
    fn is_of_model(self) -> bool {
        self != Self::Images
    }
}

/// A set of parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refused(u16);

impl Refused {
    pub(crate) fn has(self, parameter: Parameter) -> bool {
        self.0 & parameter as u16 != 0
    }

    pub(crate) fn with(self, parameter: Parameter) -> Self {
        Self(self.0 | parameter as u16)
    }
}

/// 256 models: nobody uses more on purpose, and names come from callers.
const MAX_MODELS: usize = 256;

/// What each model of a provider refused since the start.
#[derive(Debug, Default)]
pub(crate) struct RefusedByModel(RwLock<FxHashMap<Arc<str>, Refused>>);

impl RefusedByModel {
    pub(crate) fn of(&self, model: &str) -> Refused {
        self.0.read().get(model).copied().unwrap_or_default()
    }

    /// Whether any model refused the parameter.
    pub(crate) fn has_any(&self, parameter: Parameter) -> bool {
        self.0.read().values().any(|refused| refused.has(parameter))
    }

    pub(crate) fn remember(&self, model: &Arc<str>, parameter: Parameter) {
        if !parameter.is_of_model() {
            return;
        }
        if parameter == Parameter::Privacy {
            tracing::warn!(
                model = &**model,
                "the server refuses our field against storing and training; it is asked without"
            );
        }
        let mut by_model = self.0.write();
        if by_model.len() < MAX_MODELS || by_model.contains_key(model) {
            let refused = by_model.entry(model.clone()).or_default();
            *refused = refused.with(parameter);
        }
    }
}

/// How vendors say that they do not take a parameter, in lower case.
const REFUSALS: [&str; 10] = [
    "not support",
    "unsupported",
    "does not accept",
    "not permitted",
    "not allowed",
    "unrecognized",
    "unknown",
    "unexpected",
    "deprecated",
    "extra ",
];

/// Which of the parameters that were sent, by field name, the vendor refused; `None` where it meant
/// something else.
pub(crate) fn refused_parameter(
    error: &VendorError,
    status: u16,
    sent: &[(&str, Parameter)],
) -> Option<Parameter> {
    if !matches!(status, 400 | 422) || error.kind(status) != FailureKind::BadRequest {
        return None;
    }
    let message = error.message.to_lowercase();
    // Whatever is wrong with a picture: too many pixels, a broken file, a model that reads none.
    let blames_picture =
        || [Some(&message), error.param.as_ref()].into_iter().flatten().any(|text| text.contains("image"));
    if sent.iter().any(|(_, parameter)| *parameter == Parameter::Images) && blames_picture() {
        return Some(Parameter::Images);
    }
    let is_refusal = error.is_named("unsupported_parameter")
        || error.is_named("unsupported_value")
        || error.is_named("unknown_parameter")
        || REFUSALS.iter().any(|phrase| message.contains(phrase));
    if !is_refusal {
        return None;
    }
    if let Some(param) = &error.param {
        let field =
            |name: &str| param == name || param.strip_prefix(name).is_some_and(|p| p.starts_with('.'));
        return sent.iter().find(|(name, _)| field(name)).map(|(_, parameter)| *parameter);
    }
    sent.iter().find(|(name, _)| has_word(&message, name)).map(|(_, parameter)| *parameter)
}

/// True where the text holds the name and not a longer one around it.
fn has_word(text: &str, name: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(start, found)| {
        !text[..start].ends_with(in_name) && !text[start + found.len()..].starts_with(in_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: [(&str, Parameter); 5] = [
        ("temperature", Parameter::Temperature),
        ("max_tokens", Parameter::TokenField),
        ("response_format", Parameter::Schema),
        ("output_config.effort", Parameter::Effort),
        ("user", Parameter::User),
    ];

    fn refused(status: u16, body: &str) -> Option<Parameter> {
        refused_parameter(&VendorError::from_body(body.as_bytes()), status, &SENT)
    }

    #[test]
    fn the_parameter_a_vendor_names_is_found() {
        let rows = [
            (
                400,
                r#"{"error":{"message":"m","param":"temperature","code":"unsupported_value"}}"#,
                Some(Parameter::Temperature),
            ),
            (
                400,
                r#"{"error":{"message":"Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
                Some(Parameter::TokenField),
            ),
            (
                400,
                r#"{"error":{"message":"temperature: Extra inputs are not permitted","type":"invalid_request_error"}}"#,
                Some(Parameter::Temperature),
            ),
            (
                400,
                r#"{"error":{"message":"output_config.effort: not supported","type":"invalid_request_error"}}"#,
                Some(Parameter::Effort),
            ),
            (
                422,
                r#"{"detail":[{"loc":["body","user"],"msg":"Extra inputs are not permitted"}]}"#,
                Some(Parameter::User),
            ),
            (
                400,
                r#"{"error":{"message":"This model does not support response_format json_schema"}}"#,
                Some(Parameter::Schema),
            ),
        ];
        for (status, body, expected) in rows {
            assert_eq!(refused(status, body), expected, "{body}");
        }
    }

    #[test]
    fn other_complaints_change_nothing() {
        let rows = [
            (
                400,
                r#"{"error":{"message":"temperature must be at most 2","param":"temperature","code":"invalid_value"}}"#,
            ),
            (400, r#"{"error":{"message":"m","param":"messages","code":"unsupported_value"}}"#),
            (400, r#"{"error":{"message":"Unsupported parameter: 'max_completion_tokens'"}}"#),
            (404, r#"{"error":{"message":"temperature unsupported"}}"#),
            (400, r#"{"error":{"message":"temperature unsupported","code":"context_length_exceeded"}}"#),
        ];
        for (status, body) in rows {
            assert_eq!(refused(status, body), None, "{body}");
        }
    }

    #[test]
    fn a_picture_that_is_not_taken_is_left_out_of_this_request_alone() {
        let sent = [("temperature", Parameter::Temperature), ("image", Parameter::Images)];
        let complaints = [
            r#"{"error":{"message":"Invalid content type. image_url is only supported by certain models.","param":"messages.[1].content.[1].type"}}"#,
            r#"{"error":{"type":"invalid_request_error","message":"messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6275800 bytes > 5242880 bytes"}}"#,
        ];
        for body in complaints {
            let error = VendorError::from_body(body.as_bytes());
            assert_eq!(refused_parameter(&error, 400, &sent), Some(Parameter::Images), "{body}");
            assert_eq!(
                refused_parameter(&error, 400, &SENT),
                None,
                "nothing was sent that could be left out"
            );
        }
        let memory = RefusedByModel::default();
        memory.remember(&"m".into(), Parameter::Images);
        assert_eq!(memory.of("m"), Refused::default());
    }

    #[test]
    fn a_model_is_remembered_and_the_memory_is_bounded() {
        let memory = RefusedByModel::default();
        memory.remember(&"m".into(), Parameter::Temperature);
        memory.remember(&"m".into(), Parameter::Schema);
        assert!(memory.of("m").has(Parameter::Temperature) && memory.of("m").has(Parameter::Schema));
        assert_eq!(memory.of("other"), Refused::default());
        for number in 0..1_000 {
            memory.remember(&format!("model-{number}").into(), Parameter::User);
        }
        assert_eq!(memory.0.read().len(), MAX_MODELS);
    }
}
