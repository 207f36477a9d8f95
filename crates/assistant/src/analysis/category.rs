//! Category: the department a message belongs to. On the device it is where the intent is sent.
//!
//! Shape: `{primary, secondary: […]}`.

use pytake_understanding::built_in::OTHER_DEPARTMENT;
use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, list};
use super::finding::Finding;
use super::intent::ASK_BELOW;
use super::subject::Subject;
use super::topics::Topics;
use crate::instructions::defused;

/// Probability from which on an intent's department is concerned too.
const CONCERNED: f32 = 0.2;

pub(super) struct CategoryOf;

impl Analyzer for CategoryOf {
    fn properties(&self, topics: &Topics) -> Properties {
        let names = || choice(topics.department_names());
        vec![("primary", names()), ("secondary", list(names()))]
    }

    fn instruction(&self, topics: &Topics) -> String {
        let mut text =
            "\"primary\": the department that should get it. \"secondary\": others that are concerned, usually none. \
             The departments:"
                .to_owned();
        text.extend(
            topics
                .departments
                .iter()
                .map(|one| format!("\n  {}: {}", defused(&one.name), defused(&one.description))),
        );
        text
    }

    fn read(&self, entry: &Fields<'_>, _: &str, topics: &Topics) -> Result<Value, Objection> {
        let names = topics.department_names();
        let primary = entry.name("primary", &names)?;
        let mut secondary = entry.names("secondary", &names)?;
        secondary.retain(|department| *department != primary);
        Ok(json!({ "primary": primary, "secondary": secondary }))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let choice = subject.intent();
        let department = |intent: &str| subject.topics().department_of(intent).unwrap_or(OTHER_DEPARTMENT);
        let primary = department(choice.name());
        let mut secondary: Vec<&str> = Vec::new();
        for other in choice.alternatives.iter().filter(|other| other.confidence >= CONCERNED) {
            let other = department(&other.intent);
            if other != primary && other != OTHER_DEPARTMENT && !secondary.contains(&other) {
                secondary.push(other);
            }
        }
        Finding {
            value: json!({ "primary": primary, "secondary": secondary }),
            // Two intents of one department are not in doubt about it.
            confidence: Some(subject.share_of_intents(|intent| department(intent) == primary)),
        }
    }

    fn ask_below(&self) -> f32 {
        ASK_BELOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_a_department_and_the_others_are_others() {
        let object = Fields::parse(r#"{"primary":"billing","secondary":["billing","logistics"]}"#).unwrap();
        let shape = json!({"primary": "billing", "secondary": ["logistics"]});
        assert_eq!(CategoryOf.read(&Fields::root(&object), "", &Topics::of(&[])).unwrap(), shape);
    }
}
