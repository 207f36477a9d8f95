//! How servers that speak chat completions differ: `data/dialects.json`, one entry a server.
//!
//! Differences are data. Code asks a dialect's fields and never its name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::http::excerpt;

/// Used where neither the name nor the address tells more.
const FALLBACK: &str = "generic";

/// One server's ways.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dialect {
    /// Hosts (`*.` before a domain: any below it) or ports (`*:11434`) that give it away.
    hosts: Vec<&'static str>,
    /// The header that carries the key; absent: `Authorization: Bearer`.
    #[serde(default)]
    pub(crate) key_header: Option<&'static str>,
    /// The name of the token limit. Sending the wrong one is an error or, at Ollama, no limit at all.
    pub(crate) token_field: TokenField,
    /// How a JSON answer is asked for.
    pub(crate) structured_output: StructuredOutput,
    /// Understands `stream_options.include_usage`.
    #[serde(default = "yes")]
    pub(crate) stream_usage: bool,
    /// The role of instructions.
    #[serde(default = "system")]
    pub(crate) system_role: &'static str,
    /// Messages of one role after another are joined.
    #[serde(default)]
    pub(crate) roles_alternate: bool,
    /// Where the customer's pseudonym goes; absent: nowhere.
    #[serde(default)]
    pub(crate) user_field: Option<&'static str>,
    /// Models that `capabilities` does not list take a temperature.
    #[serde(default = "yes")]
    pub(crate) sampling: bool,
    /// Models that `capabilities` does not list read pictures.
    #[serde(default)]
    pub(crate) reads_images: bool,
    /// The family of models in `data/capabilities.json`.
    #[serde(default)]
    pub(crate) capabilities: Option<&'static str>,
    /// Thinking is missing from `completion_tokens` but part of `total_tokens`.
    #[serde(default)]
    pub(crate) output_is_rest_of_total: bool,
    /// Fields against storing and training, which every request carries.
    #[serde(default)]
    pub(crate) privacy: Map<String, Value>,
    /// Whether a server that refuses those fields is asked without them.
    #[serde(default)]
    pub(crate) privacy_is_optional: bool,
}

/// The two names of the token limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenField {
    /// OpenAI's present one.
    MaxCompletionTokens,
    /// OpenAI's old one, which most others kept.
    MaxTokens,
}

impl TokenField {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::MaxTokens => "max_tokens",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::MaxCompletionTokens => Self::MaxTokens,
            Self::MaxTokens => Self::MaxCompletionTokens,
        }
    }
}

/// How a server is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StructuredOutput {
    /// `{"type":"json_schema","json_schema":{"name","schema","strict"}}`.
    JsonSchema,
    /// `{"type":"json_object","schema":{…}}`.
    JsonObjectWithSchema,
    /// `{"type":"json_object"}`; the schema stands in the prompt.
    JsonObject,
    /// In the prompt only.
    None,
}

fn yes() -> bool {
    true
}

fn system() -> &'static str {
    "system"
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "as_of")]
    _as_of: &'static str,
    dialects: BTreeMap<&'static str, Dialect>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/dialects.json")).expect("a test reads the same file")
});

/// The dialect of a name.
pub(crate) fn named(name: &str) -> Result<&'static Dialect, ConfigError> {
    TABLE.dialects.get(name).ok_or_else(|| ConfigError::Dialect {
        name: name.to_owned(),
        known: TABLE.dialects.keys().copied().collect::<Vec<_>>().join(", "),
    })
}

/// The dialect that the operator names, else the one that the address gives away.
pub(crate) fn of_server(name: Option<&str>, base_url: &str) -> Result<&'static Dialect, ConfigError> {
    if let Some(name) = name {
        return named(name);
    }
    let refused = |_| ConfigError::BaseUrl { url: excerpt(base_url, None), problem: "is not a URL" };
    Ok(of_url(&Url::parse(base_url.trim()).map_err(refused)?))
}

/// The dialect that an address gives away.
fn of_url(url: &Url) -> &'static Dialect {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let matches = |pattern: &str| {
        if let Some(wanted) = pattern.strip_prefix("*:") {
            return wanted.parse() == Ok(port);
        }
        match pattern.strip_prefix('*') {
            Some(domain) => host.ends_with(domain),
            None => host == pattern,
        }
    };
    let found = TABLE.dialects.values().find(|dialect| dialect.hosts.iter().any(|host| matches(host)));
    found.unwrap_or_else(|| &TABLE.dialects[FALLBACK])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(url: &str) -> &'static str {
        let dialect = of_url(&Url::parse(url).unwrap());
        TABLE.dialects.iter().find(|(_, other)| std::ptr::eq(*other, dialect)).map(|(name, _)| *name).unwrap()
    }

    #[test]
    fn an_address_gives_its_dialect_away() {
        let rows = [
            ("https://api.openai.com/v1", "openai"),
            ("https://shop.openai.azure.com/openai/v1", "azure"),
            ("http://127.0.0.1:11434/v1", "ollama"),
            ("http://gpu-box:8000/v1", "vllm"),
            ("http://localhost:8080/v1", "llama.cpp"),
            ("https://api.groq.com/openai/v1", "groq"),
            ("https://api.mistral.ai/v1", "mistral"),
            ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
            ("https://api.deepseek.com", "deepseek"),
            ("https://openrouter.ai/api/v1", "openrouter"),
            ("https://models.example.com/v1", "generic"),
            ("http://127.0.0.1:9999/v1", "generic"),
        ];
        for (url, expected) in rows {
            assert_eq!(guessed(url), expected, "{url}");
        }
    }

    #[test]
    fn an_unknown_dialect_is_refused_with_the_known_ones() {
        let text = named("klingon").unwrap_err().to_string();
        assert!(text.contains("klingon") && text.contains("ollama") && text.contains("generic"), "{text}");
    }

    #[test]
    fn vendors_that_can_be_told_not_to_keep_or_train_are_told() {
        let told: Vec<(&str, String, bool)> = TABLE
            .dialects
            .iter()
            .filter(|(_, dialect)| !dialect.privacy.is_empty())
            .map(|(name, d)| (*name, Value::from(d.privacy.clone()).to_string(), d.privacy_is_optional))
            .collect();
        let expected = [
            ("openai", r#"{"store":false}"#.to_owned(), true),
            ("openrouter", r#"{"provider":{"data_collection":"deny"}}"#.to_owned(), false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn every_dialect_names_a_family_that_exists() {
        for (name, dialect) in &TABLE.dialects {
            if let Some(family) = dialect.capabilities {
                assert!(!crate::capabilities::family(family).is_empty(), "{name}");
            }
        }
    }
}
