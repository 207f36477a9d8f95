//! What single models take and refuse: `data/capabilities.json`, with date and source in `data/README.md`.
//!
//! Wanted are short chat replies, so the table says how to think least where a model would think by itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What one model takes. The default, for models nobody listed, is what every model of a family takes:
/// no sampling, no word about thinking, structured output; whether those read pictures, their family knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capabilities {
    /// Id, or the beginning of ids: `gpt-6` is also `gpt-6-luna`, but not `gpt-6.1`.
    model: &'static str,
    /// Takes a temperature.
    #[serde(default)]
    pub(crate) sampling: bool,
    /// `reasoning_effort`, or Anthropic's `output_config.effort`.
    #[serde(default)]
    pub(crate) effort: Option<&'static str>,
    /// Anthropic's `thinking.type`.
    #[serde(default)]
    pub(crate) thinking: Option<&'static str>,
    /// Takes a JSON schema for its answer.
    #[serde(default = "yes")]
    pub(crate) structured_output: bool,
    /// Reads pictures.
    #[serde(default)]
    pub(crate) reads_images: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "as_of")]
    _as_of: &'static str,
    families: BTreeMap<&'static str, Vec<Capabilities>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/capabilities.json")).expect("a test reads the same file")
});

/// The models of one family.
pub(crate) fn family(name: &str) -> &'static [Capabilities] {
    TABLE.families.get(name).map_or(&[], Vec::as_slice)
}

/// The entry for a model: of all that begin its id, the longest.
pub(crate) fn of(family: &[Capabilities], model: &str) -> Option<Capabilities> {
    let begins = |entry: &&Capabilities| {
        let rest = model.strip_prefix(entry.model);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c == '.' || c.is_ascii_alphanumeric()))
    };
    family.iter().filter(begins).max_by_key(|entry| entry.model.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(model: &str) -> Option<&'static str> {
        of(family("openai"), model).and_then(|entry| entry.effort)
    }

    #[test]
    fn the_table_is_read() {
        assert!(family("openai").len() > 10 && family("anthropic").len() > 10);
        assert!(family("nobody").is_empty());
    }

    #[test]
    fn the_longest_beginning_decides_and_ends_at_a_boundary() {
        assert_eq!(effort("gpt-6-luna"), Some("none"));
        assert_eq!(effort("gpt-6.1-sol"), Some("none"));
        assert_eq!(effort("gpt-5-mini-2025-08-07"), Some("minimal"));
        assert_eq!(effort("gpt-5-chat-latest"), None);
        assert_eq!(effort("gpt-50"), None);
        assert!(of(family("openai"), "gpt-4.1-mini").is_some_and(|entry| entry.sampling));
        assert!(of(family("openai"), "gpt-6-luna").is_some_and(|entry| !entry.sampling));
    }

    #[test]
    fn the_small_claude_does_not_think_before_a_chat_reply() {
        let haiku = of(family("anthropic"), "claude-haiku-5-5").unwrap();
        assert_eq!(
            (haiku.thinking, haiku.sampling, haiku.structured_output),
            (Some("disabled"), false, true)
        );
        assert!(of(family("anthropic"), "claude-haiku-4-5-20251001").unwrap().sampling);
        assert!(!of(family("anthropic"), "claude-opus-4-7-20260416").unwrap().sampling);
    }
}
