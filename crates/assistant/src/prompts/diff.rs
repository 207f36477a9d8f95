//! What changed from one version of a prompt to another. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::prompts::{CustomPrompt, PromptField};

/// Pairs of lines up to which lines are matched; beyond, the whole text counts as replaced. Matching so many takes
/// some milliseconds at worst, and no template that people write has a thousand lines.
const MAX_PAIRS: usize = 1_000_000;

/// What changed from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptDiff {
    /// The one version.
    pub from: u32,
    /// The other.
    pub to: u32,
    /// The template's lines as a unified diff with three lines of context; empty where it is the same.
    pub template: String,
    /// Everything else that differs.
    pub changed: Vec<ChangedField>,
}

/// Something besides the template that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedField {
    /// `name`, `description`, `variables`, or `fields.` with the name of a field.
    pub field: String,
    /// Before; null: there was none.
    pub from: Value,
    /// After; null: there is none.
    pub to: Value,
}

/// Compares two versions.
pub(crate) fn diff(from: &CustomPrompt, to: &CustomPrompt) -> PromptDiff {
    let mut changed = Vec::new();
    let mut compare = |field: &str, from: Value, to: Value| {
        if from != to {
            changed.push(ChangedField { field: field.to_owned(), from, to });
        }
    };
    compare("name", json!(from.name), json!(to.name));
    compare("description", json!(from.description), json!(to.description));
    compare("variables", json!(from.variables), json!(to.variables));
    for field in &from.fields {
        compare(&format!("fields.{}", field.name), json!(field), json!(named(&to.fields, &field.name)));
    }
    for field in &to.fields {
        if named(&from.fields, &field.name).is_none() {
            compare(&format!("fields.{}", field.name), Value::Null, json!(field));
        }
    }
    let names = [from, to].map(|prompt| format!("version {}", prompt.version));
    PromptDiff {
        from: from.version,
        to: to.version,
        template: lines(&from.template, &to.template, &names),
        changed,
    }
}

fn named<'a>(fields: &'a [PromptField], name: &str) -> Option<&'a PromptField> {
    fields.iter().find(|field| field.name == name)
}

fn lines(from: &str, to: &str, names: &[String; 2]) -> String {
    if from == to {
        return String::new();
    }
    let count = |text: &str| text.lines().count().max(1);
    if count(from).saturating_mul(count(to)) <= MAX_PAIRS {
        let diff = TextDiff::from_lines(from, to);
        return diff.unified_diff().context_radius(3).header(&names[0], &names[1]).to_string();
    }
    let mut text = format!("--- {}\n+++ {}\n@@ -1,{} +1,{} @@\n", names[0], names[1], count(from), count(to));
    for line in from.lines() {
        text.extend(["-", line, "\n"]);
    }
    for line in to.lines() {
        text.extend(["+", line, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> [String; 2] {
        ["version 1".to_owned(), "version 2".to_owned()]
    }

    #[test]
    fn changed_lines_are_shown_with_what_is_around_them() {
        insta::assert_snapshot!(lines("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n", &names()), @r"
        --- version 1
        +++ version 2
        @@ -1,5 +1,5 @@
         a
         b
        -c
        +C
         d
         e
        ");
        assert_eq!(lines("a", "a", &names()), "");
    }

    #[test]
    fn a_text_of_very_many_lines_counts_as_replaced() {
        let (from, to) = ("a\n".repeat(2_000), "b\n".repeat(2_000));
        let text = lines(&from, &to, &names());
        assert_eq!((text.matches("\n-a").count(), text.matches("\n+b").count()), (2_000, 2_000));
    }
}
