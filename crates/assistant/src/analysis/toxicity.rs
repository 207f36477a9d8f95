//! Toxicity: is the message an attack? On the device by the patterns of the content filter.
//!
//! Drugs, fraud and the like are no attack, and a writer who may harm themselves is not toxic: those are the
//! content filter's matter alone.

use pytake_understanding::filter::Category;
use serde_json::{Value, json};

use super::analyzer::{Analyzer, Device};
use super::fields::{Fields, Objection, Properties, choice, flag, list, number, score};

/// The categories of the filter that are attacks.
const ATTACKS: [Category; 5] =
    [Category::Violence, Category::Sexual, Category::Minors, Category::Hate, Category::Harassment];

pub(super) struct Toxicity;

impl Analyzer for Toxicity {
    fn properties(&self) -> Properties {
        vec![
            ("flagged", flag()),
            ("score", number("0 to 1: how probable it is.")),
            ("categories", list(choice(ATTACKS.map(Category::as_str)))),
        ]
    }

    fn instruction(&self) -> String {
        format!(
            "is it an attack on people? \"flagged\": true or false; anger about a product or a service is none. \
             \"score\": 0 to 1, how probable it is. \"categories\" that apply: {}; insults and threats are harassment, \
             contempt for groups is hate.",
            ATTACKS.map(Category::as_str).join(", "),
        )
    }

    fn read(&self, entry: &Fields<'_>, _message: &str) -> Result<Value, Objection> {
        let flagged = entry.flag("flagged")?;
        let categories = entry.choices("categories", &ATTACKS.map(Category::as_str))?;
        let categories = if flagged { categories } else { Vec::new() };
        Ok(json!({ "flagged": flagged, "score": score(entry.share("score")?), "categories": categories }))
    }

    fn device(&self) -> Device {
        Device::FirstChoice(|subject| subject.flags(&ATTACKS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_not_flagged_has_no_categories() {
        let object = Fields::parse(r#"{"flagged":false,"score":0.1,"categories":["hate"]}"#).unwrap();
        let shape = json!({"flagged": false, "score": 0.1, "categories": []});
        assert_eq!(Toxicity.read(&Fields::root(&object), "").unwrap(), shape);
    }
}
