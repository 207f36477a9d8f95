//! Priority: how soon somebody should look at the message. On the device by the rules of
//! [`pytake_understanding::priority`], with the tenant's weights.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, list, text};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

const LEVELS: [&str; 4] = ["low", "normal", "high", "urgent"];

pub(super) struct Priority;

impl Analyzer for Priority {
    fn properties(&self, _: &Topics) -> Properties {
        vec![
            ("level", choice(LEVELS)),
            ("reason", text("The main reason, in a few English words.")),
            ("reasons", list(text("A reason, in a few English words."))),
        ]
    }

    fn instruction(&self, _: &Topics) -> String {
        "\"level\": urgent (danger, fraud or money being lost right now, a legal threat, something due today that \
         fails), high (an angry or blocked customer, a deadline within days), low (thanks, small talk, advertising), \
         else normal. What the message itself calls urgent counts only if its content is. \"reason\": the main \
         reason, in a few English words. \"reasons\": all of them."
            .to_owned()
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        let reason = entry.text("reason")?;
        let mut reasons = entry.texts("reasons")?;
        if reasons.is_empty() && !reason.is_empty() {
            reasons.push(reason.clone());
        }
        Ok(json!({ "level": entry.choice("level", &LEVELS)?, "reason": reason, "reasons": reasons }))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let found = subject.priority();
        let reasons: Vec<&str> = found.reasons.iter().map(|reason| reason.text()).collect();
        let reason = reasons.first().copied().unwrap_or_default();
        // A rule says which, and has no probability.
        Finding {
            value: json!({ "level": found.level.as_str(), "reason": reason, "reasons": reasons }),
            confidence: None,
        }
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
        assert_eq!(Priority.read(&Fields::root(&object), "", &Topics::of(&[])).unwrap(), shape);
    }
}
