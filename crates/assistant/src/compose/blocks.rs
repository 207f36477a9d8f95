//! The tagged parts of a prompt: customer data, facts, summary; each as much as the budget allows.

use pytake_understanding::language::Language;
use serde_json::{Map, Value};

use super::{Budget, tokens};
use crate::answers::FoundAnswer;
use crate::instructions::{defused, fence};

/// One token for the line break or blank line between two parts.
pub(super) const JOIN_TOKENS: u64 = 1;
/// `[f10] ` and the line break after the title, at most.
const LABEL_TOKENS: u64 = 6;
/// The two tags around a block with their line breaks: `<conversation_summary>` takes 6, and as many at its end.
const TAGS_TOKENS: u64 = 12;
/// Replaces the system prompt (contract, section 4) and is therefore not a fact about the customer.
const SYSTEM_PROMPT: &str = "system_prompt";

/// True where the context holds facts about the customer.
pub(super) fn has_context(context: &Map<String, Value>) -> bool {
    context.iter().any(|(name, value)| line(name, value).is_some())
}

/// The customer's data, one line each.
pub(super) fn context(
    context: &Map<String, Value>,
    budget: &mut Budget,
    left_out: &mut Vec<String>,
) -> Option<String> {
    let mut block = Block::new("customer_data");
    for (name, value) in context {
        let Some(line) = line(name, value) else { continue };
        if !block.add(&line, budget) {
            left_out.push(format!("customer data {name}"));
        }
    }
    block.close()
}

/// The approved answers, labelled in the order in which they went in, with their ids.
pub(super) fn facts(
    facts: &[FoundAnswer],
    language: Option<Language>,
    budget: &mut Budget,
    left_out: &mut Vec<String>,
) -> (Option<String>, Vec<String>) {
    let mut block = Block::new("facts");
    let mut ids = Vec::new();
    for found in facts {
        let answer = &found.answer;
        let title = answer.questions.first().map_or("", String::as_str);
        let text = answer.text_in(language).map_or("", |text| text.text.as_str());
        let entry = format!("[f{}] {title}\n{text}", ids.len() + 1);
        if block.add_counted(&entry, found.tokens + LABEL_TOKENS, budget) {
            ids.push(answer.id.as_str().to_owned());
        } else {
            left_out.push(format!("fact {}", answer.id.as_str()));
        }
    }
    (block.close(), ids)
}

/// The summary of older messages.
pub(super) fn summary(text: &str, budget: &mut Budget, left_out: &mut Vec<String>) -> Option<String> {
    let mut block = Block::new("conversation_summary");
    if !block.add(text, budget) {
        left_out.push("summary".to_owned());
    }
    block.close()
}

/// A block that grows while the budget lasts.
struct Block {
    label: &'static str,
    text: String,
}

impl Block {
    fn new(label: &'static str) -> Self {
        Self { label, text: String::new() }
    }

    /// Adds an entry if it fits; the first one pays for the tags.
    fn add(&mut self, entry: &str, budget: &mut Budget) -> bool {
        let counted = tokens(&defused(entry));
        self.add_counted(entry, counted, budget)
    }

    /// Adds an entry of known length if it fits.
    fn add_counted(&mut self, entry: &str, counted: u64, budget: &mut Budget) -> bool {
        let tags = if self.text.is_empty() { TAGS_TOKENS } else { 0 };
        let counted = counted + tags;
        if !budget.try_take(counted + JOIN_TOKENS) {
            return false;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(entry);
        true
    }

    fn close(self) -> Option<String> {
        (!self.text.is_empty()).then(|| fence(self.label, &self.text))
    }
}

/// One line of customer data; `None` for what is not a fact about the customer.
fn line(name: &str, value: &Value) -> Option<String> {
    if name == SYSTEM_PROMPT {
        return None;
    }
    let value = match value {
        Value::String(text) if text.contains(char::is_control) => Value::from(text.as_str()).to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is_set) => is_set.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let name = name.replace(char::is_control, " ");
    Some(format!("{name}: {value}"))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::answers::{AnswerText, ApprovedAnswer};
    use crate::id::AnswerId;

    pub(in crate::compose) fn answer(id: &str, question: &str, text: &str) -> FoundAnswer {
        let text = AnswerText { language: Language::Portuguese, text: text.to_owned() };
        let answer = ApprovedAnswer {
            id: AnswerId::new(id).expect("a valid id"),
            questions: vec![question.to_owned()],
            answers: vec![text],
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let tokens = answer.longest_tokens();
        FoundAnswer { answer: Arc::new(answer), score: 1.0, tokens }
    }

    #[test]
    fn a_value_cannot_fake_another_line() {
        let found = line("na\nme", &json!("Ana\ncredit: 100"));
        assert_eq!(found.as_deref(), Some("na me: \"Ana\\ncredit: 100\""));
        assert_eq!(line("a", &json!(null)), None);
        assert_eq!(line("system_prompt", &json!("x")), None);
    }

    #[test]
    fn labels_follow_the_answers_that_went_in() {
        let long = "muito ".repeat(100);
        let found = [answer("a", "A", &long), answer("b", "B", "b"), answer("c", "C", "c")];
        let mut left_out = Vec::new();
        let (block, ids) = facts(&found, None, &mut Budget { used: 0, max: 60 }, &mut left_out);
        assert_eq!(block.as_deref(), Some("<facts>\n[f1] B\nb\n[f2] C\nc\n</facts>"));
        assert_eq!((ids, left_out), (vec!["b".to_owned(), "c".to_owned()], vec!["fact a".to_owned()]));
    }
}
