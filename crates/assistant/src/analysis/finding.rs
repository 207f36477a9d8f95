//! What an analysis gives back.

use pytake_understanding::filter::Category;
use serde_json::{Value, json};

use super::fields::{Fields, Objection, score};

/// The result of one type of analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// In the shape that the type has on the wire.
    pub value: Value,
    /// 0 to 1; `None` where nothing honest can be said.
    pub confidence: Option<f32>,
}

/// A yes or no of the device, as `{flagged, score, categories}`.
///
/// `probability` is the head's, which is calibrated; where only a rule says yes, the score is null, since a rule has no
/// probability.
pub(super) fn flags(flagged: bool, by_rule: bool, probability: f32, categories: &[&str]) -> Finding {
    let by_head = probability >= 0.5;
    let known = by_head || !by_rule;
    let value = json!({
        "flagged": flagged,
        "score": if known { score(probability) } else { Value::Null },
        "categories": if flagged { categories } else { &[] },
    });
    let confidence = known.then_some(if flagged { probability } else { 1.0 - probability });
    Finding { value, confidence }
}

/// The same shape from a model's entry, where there is only one category.
pub(super) fn said_flags(entry: &Fields<'_>, category: Category) -> Result<Value, Objection> {
    let flagged = entry.flag("flagged")?;
    let categories: &[&str] = if flagged { &[category.as_str()] } else { &[] };
    Ok(json!({ "flagged": flagged, "score": score(entry.share("score")?), "categories": categories }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_stands_behind_a_head_and_none_behind_a_rule() {
        assert_eq!(
            flags(true, false, 0.9, &["spam"]).value,
            json!({"flagged": true, "score": 0.9, "categories": ["spam"]})
        );
        assert_eq!(flags(true, true, 0.1, &["spam"]).value["score"], Value::Null);
        assert_eq!(flags(true, true, 0.1, &["spam"]).confidence, None);
        let quiet = flags(false, false, 0.25, &["spam"]);
        assert_eq!((quiet.value["categories"].clone(), quiet.confidence), (json!([]), Some(0.75)));
    }
}
