//! Priority: how soon somebody should look at the message. Needs a model.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, list, text};

const LEVELS: [&str; 4] = ["low", "normal", "high", "urgent"];

pub(super) struct Priority;

impl Analyzer for Priority {
    fn properties(&self) -> Properties {
        vec![
            ("level", choice(LEVELS)),
            ("reason", text("The main reason, in a few English words.")),
            ("reasons", list(text("A reason, in a few English words."))),
        ]
    }

    fn instruction(&self) -> String {
        "\"level\": urgent (danger, fraud or money being lost right now, a legal threat, something due today that \
         fails), high (an angry or blocked customer, a deadline within days), low (thanks, small talk, advertising), \
         else normal. What the message itself calls urgent counts only if its content is. \"reason\": the main \
         reason, in a few English words. \"reasons\": all of them."
            .to_owned()
    }

    fn read(&self, entry: &Fields<'_>, _message: &str) -> Result<Value, Objection> {
        let reason = entry.text("reason")?;
        let mut reasons = entry.texts("reasons")?;
        if reasons.is_empty() && !reason.is_empty() {
            reasons.push(reason.clone());
        }
        Ok(json!({ "level": entry.choice("level", &LEVELS)?, "reason": reason, "reasons": reasons }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_has_the_contracts_shape() {
        let object =
            Fields::parse(r#"{"level":"URGENT","reason":"card is being used","reasons":[]}"#).unwrap();
        let shape = json!({
            "level": "urgent", "reason": "card is being used", "reasons": ["card is being used"]
        });
        assert_eq!(Priority.read(&Fields::root(&object), "").unwrap(), shape);
    }
}
