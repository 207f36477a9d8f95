//! The messages of `data/intents`: examples of the built-in intents, and messages that have none.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Example {
    pub(crate) text: String,
    /// The intent, or `out_of_scope`.
    pub(crate) label: String,
    #[serde(skip)]
    pub(crate) language: &'static str,
}

/// The product's languages, as the files name them.
pub(crate) const LANGUAGES: [&str; 3] = ["pt", "es", "en"];

/// Reads `<name>.<language>.jsonl` of every language.
pub(crate) fn read(folder: &Path, name: &str) -> anyhow::Result<Vec<Example>> {
    let mut examples = Vec::new();
    for language in LANGUAGES {
        let path = folder.join(format!("{name}.{language}.jsonl"));
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = || format!("{}, line {}", path.display(), at + 1);
            let example: Example = serde_json::from_str(line).with_context(place)?;
            examples.push(Example { language, ..example });
        }
    }
    Ok(examples)
}
