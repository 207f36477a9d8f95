//! Intent: which of the business's intents the message has, its own or the built-in ones.
//!
//! [`super::classify`] is the same question with the caller's own intents.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, closed, confidence, list, score};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;
use crate::instructions::defused;
use pytake_understanding::built_in::OUT_OF_SCOPE;

/// Second thoughts kept.
const MAX_SECONDARY: usize = 3;

/// The least probability of a second thought: one that is right once in twenty times.
const WORTH_NAMING: f32 = 0.05;

/// See docs/understanding.md, "When a provider is asked".
pub(super) const ASK_BELOW: f32 = 0.5;

pub(super) struct Intent;

impl Analyzer for Intent {
    fn properties(&self, topics: &Topics) -> Properties {
        let entry = closed([("intent", choice(topics.intent_names())), ("confidence", confidence())]);
        vec![("primary", choice(topics.intent_names())), ("secondary", list(entry))]
    }

    fn instruction(&self, topics: &Topics) -> String {
        let mut text = format!(
            "\"primary\": the one intent that fits best, or {OUT_OF_SCOPE} if none fits. \"secondary\": up to \
             {MAX_SECONDARY} others that fit too, each with \"intent\" and \"confidence\". The intents:"
        );
        text.extend(
            topics
                .intents
                .iter()
                .map(|one| format!("\n  {}: {}", defused(&one.name), defused(&one.description))),
        );
        text
    }

    fn read(&self, entry: &Fields<'_>, _: &str, topics: &Topics) -> Result<Value, Objection> {
        let names = topics.intent_names();
        let primary = entry.name("primary", &names)?;
        let mut secondary: Vec<(&str, f32)> = Vec::new();
        for one in entry.objects("secondary")? {
            let found = (one.name("intent", &names)?, one.share("confidence")?);
            if found.0 != primary && !secondary.iter().any(|(intent, _)| *intent == found.0) {
                secondary.push(found);
            }
        }
        secondary.sort_by(|a, b| b.1.total_cmp(&a.1));
        secondary.truncate(MAX_SECONDARY);
        Ok(shape(primary, entry.share("confidence")?, secondary))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let choice = subject.intent();
        let secondary = choice.alternatives.iter().map(|other| (other.intent.as_str(), other.confidence));
        let secondary = secondary.filter(|(_, sure)| *sure >= WORTH_NAMING).take(MAX_SECONDARY);
        Finding {
            value: shape(choice.name(), choice.confidence, secondary),
            confidence: Some(choice.confidence),
        }
    }

    fn ask_below(&self) -> f32 {
        ASK_BELOW
    }
}

fn shape<'a>(primary: &str, sure: f32, secondary: impl IntoIterator<Item = (&'a str, f32)>) -> Value {
    let secondary: Vec<Value> = secondary
        .into_iter()
        .map(|(intent, sure)| json!({ "intent": intent, "confidence": score(sure) }))
        .collect();
    json!({ "primary": primary, "confidence": score(sure), "secondary": secondary })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str) -> Result<Value, Objection> {
        let object = Fields::parse(entry)?;
        Intent.read(&Fields::root(&object), "", &Topics::of(&[]))
    }

    #[test]
    fn an_intent_has_the_contracts_shape_without_the_primary_among_the_others() {
        let entry = r#"{"primary":"refund","confidence":0.8,"secondary":[
            {"intent":"refund","confidence":0.8},{"intent":"greeting","confidence":0.1},
            {"intent":"complaint","confidence":0.4}]}"#;
        let shape = json!({"primary": "refund", "confidence": 0.8, "secondary": [
            {"intent": "complaint", "confidence": 0.4}, {"intent": "greeting", "confidence": 0.1}]});
        assert_eq!(read(entry).unwrap(), shape);
    }

    #[test]
    fn an_invented_intent_is_objected_to() {
        let entry = r#"{"primary":"buy_the_moon","confidence":0.8,"secondary":[]}"#;
        assert!(read(entry).unwrap_err().contains("one of the names listed above"));
    }
}
