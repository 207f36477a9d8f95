//! What a tenant says of its intents, and its bounds.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::IntentError;
use crate::built_in::OUT_OF_SCOPE;

/// Intents of one set: as many as a request of the API may name.
pub const MAX_INTENTS: usize = 200;

/// Examples of one intent.
pub const MAX_EXAMPLES_PER_INTENT: usize = 500;

/// Examples of all intents together. Training keeps a number per example and intent: with 200 intents 16 MB,
/// and again as much for the held-out models.
pub const MAX_EXAMPLES: usize = 20_000;

/// Characters of a name, a description or an example: as long as a message of the API.
pub const MAX_TEXT_CHARACTERS: usize = 4_096;

/// One thing a message may be about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Intent {
    /// What it is called, e.g. `cancel_order`; its words are read.
    pub name: String,
    /// What it means, in a sentence; may be empty.
    #[serde(default)]
    pub description: String,
    /// Messages that have it; may be none.
    #[serde(default)]
    pub examples: Vec<String>,
}

impl Intent {
    /// An intent of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The name as words: `cancel_order`, `cancelOrder` and `cancel-order` read `cancel order`.
    pub(super) fn spoken_name(&self) -> String {
        let mut spoken = String::with_capacity(self.name.len() + 4);
        let mut after_lower = false;
        for c in self.name.chars() {
            let is_word = c.is_alphanumeric();
            let is_border = !is_word || (after_lower && c.is_uppercase());
            if is_border && !spoken.is_empty() && !spoken.ends_with(' ') {
                spoken.push(' ');
            }
            if is_word {
                spoken.extend(c.to_lowercase());
            }
            after_lower = c.is_lowercase();
        }
        spoken.truncate(spoken.trim_end().len());
        spoken
    }
}

/// The intents that a message is one of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IntentSet {
    /// The intents, in the order in which equal ones are answered.
    pub intents: Vec<Intent>,
}

impl IntentSet {
    /// Intents of which only the names are known.
    pub fn of_names<Name: Into<String>>(names: impl IntoIterator<Item = Name>) -> Self {
        Self { intents: names.into_iter().map(Intent::named).collect() }
    }

    /// Checks all bounds and names.
    pub(super) fn check(&self) -> Result<(), IntentError> {
        if self.intents.is_empty() {
            return Err(IntentError::NoIntent);
        }
        bounded("the set", "intents", self.intents.len(), MAX_INTENTS)?;
        let total = self.intents.iter().map(|intent| intent.examples.len()).sum();
        bounded("the set", "examples", total, MAX_EXAMPLES)?;
        let mut names = FxHashSet::default();
        for (index, intent) in self.intents.iter().enumerate() {
            let name = intent.name.trim();
            let problem = match name {
                "" => Some("is empty"),
                OUT_OF_SCOPE => Some("is reserved for messages that have no intent of the set"),
                name if !names.insert(name) => Some("is taken by another intent"),
                _ => None,
            };
            if let Some(problem) = problem {
                return Err(IntentError::Name { index, problem });
            }
            let what = format!("intents[{index}]");
            bounded(&what, "examples", intent.examples.len(), MAX_EXAMPLES_PER_INTENT)?;
            for text in intent.examples.iter().chain([&intent.name, &intent.description]) {
                // A character has at least one byte, so that short texts need no counting.
                if text.len() > MAX_TEXT_CHARACTERS {
                    bounded(&what, "characters in one text", text.chars().count(), MAX_TEXT_CHARACTERS)?;
                }
            }
        }
        Ok(())
    }
}

fn bounded(what: &str, unit: &'static str, found: usize, bound: usize) -> Result<(), IntentError> {
    if found <= bound {
        return Ok(());
    }
    Err(IntentError::TooMany { what: what.to_owned(), unit, found, bound })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_words_however_they_are_written() {
        for name in ["cancel_order", "cancelOrder", "Cancel-Order", " cancel\norder ", "CANCEL_ORDER"] {
            assert_eq!(Intent::named(name).spoken_name(), "cancel order", "{name:?}");
        }
        assert_eq!(Intent::named("rastrear pedido").spoken_name(), "rastrear pedido");
        assert_eq!(Intent::named("__💥").spoken_name(), "");
    }

    #[test]
    fn every_bound_says_which_it_is() {
        let refused = |set: IntentSet| set.check().expect_err("out of bounds").to_string();
        assert_eq!(refused(IntentSet::default()), "there is no intent to choose from");
        let many = IntentSet::of_names((0..201).map(|n| format!("intent{n}")));
        assert_eq!(refused(many), "the set has 201 intents; at most 200 are possible");
        let texts = Intent { examples: vec![String::new(); 501], ..Intent::named("a") };
        let texts = IntentSet { intents: vec![Intent::named("b"), texts] };
        assert_eq!(refused(texts), "intents[1] has 501 examples; at most 500 are possible");
        let long = Intent { description: "é".repeat(4_097), ..Intent::named("a") };
        let long = IntentSet { intents: vec![long] };
        assert_eq!(refused(long), "intents[0] has 4097 characters in one text; at most 4096 are possible");
    }

    #[test]
    fn names_must_be_there_once_and_free() {
        let refused = |names: [&str; 2]| IntentSet::of_names(names).check().expect_err("bad name");
        for (names, problem) in [
            (["a", " "], "is empty"),
            (["a", "a "], "is taken by another intent"),
            (["a", OUT_OF_SCOPE], "is reserved for messages that have no intent of the set"),
        ] {
            assert_eq!(refused(names), IntentError::Name { index: 1, problem });
        }
    }
}
