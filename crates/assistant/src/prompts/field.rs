//! What an owner fills in of a prompt without touching its template. Pure.

use serde::{Deserialize, Serialize};

use crate::error::FieldProblem;
use crate::prompts::BuiltIn;
use crate::template;

/// Most fields of a prompt: what a person fills in in one sitting. A choice.
const MAX_FIELDS: usize = 40;
/// Most entries of a list, and options of a choice. A choice.
const MAX_ENTRIES: usize = 50;
/// Longest value of any kind, in characters: a quarter of the longest template.
const MAX_VALUE_CHARS: u32 = 4_000;

/// A field of a prompt, with the value it has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptField {
    /// How the template names it: `{{name}}`.
    pub name: String,
    /// What the form shows above it; 1 to 100 characters.
    pub label: String,
    /// What the form explains; at most 500 characters.
    #[serde(default)]
    pub help: String,
    /// What goes in.
    #[serde(default)]
    pub kind: FieldKind,
    /// What may be chosen, for a choice; 1 to 50 of 1 to 200 characters.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether it must not be left empty.
    #[serde(default)]
    pub required: bool,
    /// The longest value, or entry of a list, 1 to 4,000 characters; by default 200, and 2,000 for a long text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// The value.
    #[serde(default)]
    pub value: FieldValue,
}

/// What goes into a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    #[default]
    Text,
    /// Several lines.
    LongText,
    /// Short texts, one below the other.
    List,
    /// One of the options.
    Choice,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// Of a text, a long text, a choice.
    Text(String),
    /// Of a list.
    List(Vec<String>),
}

impl Default for FieldValue {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl FieldValue {
    /// What was filled in, as it is.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(entries) => entries.as_slice(),
        };
        texts.iter().map(String::as_str)
    }

    /// Whether nothing was filled in.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(entries) => entries.is_empty(),
        }
    }

    /// As it stands in the prompt: a list has a line for each entry.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::List(entries) => {
                entries.iter().map(|entry| format!("- {}", entry.trim())).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

impl PromptField {
    fn longest(&self) -> u32 {
        // A line of a form, and a page of it. A choice.
        let usual = if self.kind == FieldKind::LongText { 2_000 } else { 200 };
        self.max_chars.unwrap_or(usual)
    }

    /// What is wrong with a value, in words; `None`: nothing.
    fn objection(&self, value: &FieldValue) -> Option<String> {
        if value.is_empty() {
            return self.required.then(|| "is required; fill it in".to_owned());
        }
        match (self.kind, value) {
            (FieldKind::List, FieldValue::Text(_)) => Some("must be a list of texts".to_owned()),
            (FieldKind::List, FieldValue::List(entries)) => {
                let is_entry = |entry: &String| !entry.trim().is_empty() && self.is_line(entry);
                let is_good = entries.len() <= MAX_ENTRIES && entries.iter().all(is_entry);
                let longest = self.longest();
                (!is_good).then(|| {
                    format!(
                        "must have at most {MAX_ENTRIES} entries of one line of 1 to {longest} characters"
                    )
                })
            }
            (_, FieldValue::List(_)) => Some("must be a text".to_owned()),
            (FieldKind::Choice, FieldValue::Text(text)) => {
                let is_option = self.options.iter().any(|option| option == text);
                (!is_option).then(|| format!("must be one of: {}", self.options.join(", ")))
            }
            (FieldKind::Text, FieldValue::Text(text)) => (!self.is_line(text))
                .then(|| format!("must be one line of at most {} characters", self.longest())),
            (FieldKind::LongText, FieldValue::Text(text)) => {
                let has_controls = text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
                let is_good = !has_controls && fits(text, self.longest());
                (!is_good).then(|| {
                    format!(
                        "must have at most {} characters, none of them control characters",
                        self.longest()
                    )
                })
            }
        }
    }

    fn is_line(&self, text: &str) -> bool {
        !text.chars().any(char::is_control) && fits(text, self.longest())
    }
}

fn fits(text: &str, max_chars: u32) -> bool {
    text.chars().count() <= max_chars as usize
}

/// Checks the fields of a prompt and their values; each problem names its place.
pub(crate) fn check_fields(fields: &[PromptField], problems: &mut Vec<FieldProblem>) {
    if fields.len() > MAX_FIELDS {
        problems.push(FieldProblem::new("fields", format!("must have at most {MAX_FIELDS} entries")));
        return;
    }
    for (place, field) in fields.iter().enumerate() {
        let mut refuse = |part: &str, problem: String| {
            problems.push(FieldProblem::new(format!("fields[{place}].{part}"), problem));
        };
        if let Err(problem) = template::check_name(&field.name) {
            refuse("name", problem);
        } else if BuiltIn::named(&field.name).is_some() {
            refuse("name", format!("`{}` is filled by the server; choose another name", field.name));
        }
        if field.label.trim().is_empty() || field.label.chars().count() > 100 {
            refuse("label", "must have 1 to 100 characters".to_owned());
        }
        if field.help.chars().count() > 500 {
            refuse("help", "must have at most 500 characters".to_owned());
        }
        if field.max_chars.is_some_and(|max| !(1..=MAX_VALUE_CHARS).contains(&max)) {
            refuse("max_chars", format!("must be from 1 to {MAX_VALUE_CHARS}"));
            continue;
        }
        let is_option = |option: &String| (1..=200).contains(&option.trim().chars().count());
        let has_options = (1..=MAX_ENTRIES).contains(&field.options.len());
        match field.kind {
            FieldKind::Choice if !has_options || !field.options.iter().all(is_option) => {
                refuse("options", format!("must have 1 to {MAX_ENTRIES} entries of 1 to 200 characters"));
                continue;
            }
            FieldKind::Text | FieldKind::LongText | FieldKind::List if !field.options.is_empty() => {
                refuse("options", "only a choice has options".to_owned());
            }
            FieldKind::Text | FieldKind::LongText | FieldKind::List | FieldKind::Choice => {}
        }
        if let Some(objection) = field.objection(&field.value) {
            refuse("value", objection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(fields: &serde_json::Value) -> Vec<String> {
        let fields: Vec<PromptField> = serde_json::from_value(fields.clone()).unwrap();
        let mut problems = Vec::new();
        check_fields(&fields, &mut problems);
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn good_fields_of_every_kind_are_accepted() {
        let good = json!([
            {"name": "tone", "label": "Tom", "value": "leve"},
            {"name": "rules", "label": "Regras", "kind": "long_text", "value": "um\ndois"},
            {"name": "products", "label": "Produtos", "kind": "list", "value": ["chapéus", "bonés"]},
            {"name": "style", "label": "Estilo", "kind": "choice", "options": ["a", "b"], "value": "b"},
            {"name": "empty", "label": "Vazio", "kind": "list"},
        ]);
        assert_eq!(problems(&good), Vec::<String>::new());
    }

    #[test]
    fn every_value_that_does_not_fit_its_field_is_named() {
        let bad = json!([
            {"name": "a", "label": "A", "required": true, "value": " "},
            {"name": "b", "label": "B", "value": "two\nlines"},
            {"name": "c", "label": "C", "max_chars": 3, "value": "four"},
            {"name": "d", "label": "D", "kind": "list", "value": "text"},
            {"name": "e", "label": "E", "kind": "list", "value": ["", "x"]},
            {"name": "f", "label": "F", "kind": "choice", "options": ["x"], "value": "y"},
            {"name": "g", "label": "G", "value": ["x"]},
        ]);
        let expected: Vec<String> = (0..7).map(|place| format!("fields[{place}].value")).collect();
        assert_eq!(problems(&bad), expected);
    }

    #[test]
    fn a_field_that_cannot_be_used_is_named() {
        let bad = json!([
            {"name": "Tone", "label": ""},
            {"name": "today", "label": "Hoje", "options": ["x"]},
            {"name": "c", "label": "C", "kind": "choice"},
            {"name": "d", "label": "D", "max_chars": 0},
        ]);
        let expected = [
            "fields[0].name",
            "fields[0].label",
            "fields[1].name",
            "fields[1].options",
            "fields[2].options",
            "fields[3].max_chars",
        ];
        assert_eq!(problems(&bad), expected);
    }

    #[test]
    fn a_list_is_a_line_for_each_entry() {
        let list = FieldValue::List(vec!["a".to_owned(), " b ".to_owned()]);
        assert_eq!(list.text(), "- a\n- b");
        assert_eq!(FieldValue::default().text(), "");
    }
}
