//! Toxicity: is the message an attack? On the device by the patterns of the content filter and by a head.
//!
//! Drugs, fraud and the like are no attack: those are the content filter's matter alone. A writer who may harm
//! themselves attacks nobody; `self_harm` is named so that somebody looks, and such a message is answered with care.

use pytake_understanding::filter::{Category, FilterLevel};
use pytake_understanding::toxicity::ToxicityCategory;
use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, flag, list, number, score};
use super::finding::{Finding, flags};
use super::subject::Subject;
use super::topics::Topics;

/// The categories of the filter that are attacks, and the one that needs help.
const ATTACKS: [Category; 6] = [
    Category::Violence,
    Category::Sexual,
    Category::Minors,
    Category::Hate,
    Category::Harassment,
    Category::SelfHarm,
];

pub(super) struct Toxicity;

impl Analyzer for Toxicity {
    fn properties(&self, _: &Topics) -> Properties {
        vec![
            ("flagged", flag()),
            ("score", number("0 to 1: how probable it is.")),
            ("categories", list(choice(ATTACKS.map(Category::as_str)))),
        ]
    }

    fn instruction(&self, _: &Topics) -> String {
        format!(
            "is it an attack on people? \"flagged\": true or false; anger about a product or a service is none. \
             \"score\": 0 to 1, how probable it is. \"categories\" that apply: {}; insults and threats are harassment, \
             contempt for groups is hate.",
            ATTACKS.map(Category::as_str).join(", "),
        )
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        let flagged = entry.flag("flagged")?;
        let categories = entry.choices("categories", &ATTACKS.map(Category::as_str))?;
        let categories = if flagged { categories } else { Vec::new() };
        Ok(json!({ "flagged": flagged, "score": score(entry.share("score")?), "categories": categories }))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let mut categories = subject.verdict().categories();
        categories.retain(|category| ATTACKS.contains(category));
        let by_rule = !categories.is_empty();
        let mut named: Vec<&str> = categories.into_iter().map(Category::as_str).collect();
        let head = subject.toxicity();
        for category in head.named().into_iter().map(ToxicityCategory::as_str) {
            if !named.contains(&category) {
                named.push(category);
            }
        }
        flags(by_rule || head.is_flagged(FilterLevel::Normal), by_rule, head.score, &named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_not_flagged_has_no_categories() {
        let object = Fields::parse(r#"{"flagged":false,"score":0.1,"categories":["hate"]}"#).unwrap();
        let shape = json!({"flagged": false, "score": 0.1, "categories": []});
        assert_eq!(Toxicity.read(&Fields::root(&object), "", &Topics::of(&[])).unwrap(), shape);
    }
}
