//! Intent: which of the built-in intents the message has. Needs a model.
//!
//! [`super::classify`] is the same question with the caller's own intents.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, closed, confidence, list, score};
use super::intents::{BUILT_IN, OUT_OF_SCOPE};

/// Second thoughts kept.
const MAX_SECONDARY: usize = 3;

pub(super) struct Intent;

impl Analyzer for Intent {
    fn properties(&self) -> Properties {
        let entry = closed([("intent", choice(names())), ("confidence", confidence())]);
        vec![("primary", choice(names())), ("secondary", list(entry))]
    }

    fn instruction(&self) -> String {
        let mut text = format!(
            "\"primary\": the one intent that fits best, or {OUT_OF_SCOPE} if none fits. \"secondary\": up to \
             {MAX_SECONDARY} others that fit too, each with \"intent\" and \"confidence\". The intents:"
        );
        text.extend(BUILT_IN.iter().map(|intent| format!("\n  {}: {}", intent.name, intent.description)));
        text
    }

    fn read(&self, entry: &Fields<'_>, _message: &str) -> Result<Value, Objection> {
        let names: Vec<&str> = names().collect();
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
        let secondary: Vec<Value> = secondary
            .iter()
            .map(|(intent, sure)| json!({ "intent": intent, "confidence": score(*sure) }))
            .collect();
        let sure = score(entry.share("confidence")?);
        Ok(json!({ "primary": primary, "confidence": sure, "secondary": secondary }))
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|intent| intent.name).chain([OUT_OF_SCOPE])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str) -> Result<Value, Objection> {
        let object = Fields::parse(entry)?;
        Intent.read(&Fields::root(&object), "")
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
