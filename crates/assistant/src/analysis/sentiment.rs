//! Sentiment: how the writer feels about their matter, as one scale.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::emotion::{EMOTIONS, shown};
use super::fields::{Fields, Objection, Properties, choice, list, number, score};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

const POLARITIES: [&str; 3] = ["negative", "neutral", "positive"];
const SATISFACTION: [&str; 5] =
    ["very_dissatisfied", "dissatisfied", "neutral", "satisfied", "very_satisfied"];

pub(super) struct Sentiment;

impl Analyzer for Sentiment {
    fn properties(&self, _: &Topics) -> Properties {
        vec![
            ("polarity", choice(POLARITIES)),
            ("score", number("-1 (as negative as can be) to 1 (as positive as can be).")),
            ("emotions", list(choice(EMOTIONS))),
            ("satisfaction", choice(SATISFACTION)),
        ]
    }

    fn instruction(&self, _: &Topics) -> String {
        format!(
            "\"polarity\" ({}) of the writer's feeling about their matter, not of the topic's; a plain question is \
             neutral. \"score\": -1 to 1, with the sign of the polarity. \"emotions\": those clearly shown, from {}; \
             often none. \"satisfaction\" with the business: {}.",
            POLARITIES.join(", "),
            EMOTIONS.join(", "),
            SATISFACTION.join(", "),
        )
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        Ok(json!({
            "polarity": entry.choice("polarity", &POLARITIES)?,
            "score": score(entry.between("score", -1.0, 1.0)?),
            "emotions": entry.choices("emotions", &EMOTIONS)?,
            "satisfaction": entry.choice("satisfaction", &SATISFACTION)?,
        }))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let found = subject.sentiment();
        let emotions: Vec<&str> = shown(subject).into_iter().map(|(emotion, _)| emotion).collect();
        let value = json!({
            "polarity": found.polarity.as_str(),
            "score": score(found.score),
            "emotions": emotions,
            "satisfaction": found.satisfaction,
        });
        Finding { value, confidence: Some(found.confidence()) }
    }

    fn ask_below(&self) -> f32 {
        0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str) -> Result<Value, Objection> {
        let object = Fields::parse(entry)?;
        Sentiment.read(&Fields::root(&object), "", &Topics::of(&[]))
    }

    #[test]
    fn a_sentiment_has_the_contracts_shape() {
        let entry =
            r#"{"polarity":"Negative","score":-0.8,"emotions":["anger"],"satisfaction":"very dissatisfied"}"#;
        let shape = json!({
            "polarity": "negative", "score": -0.8, "emotions": ["anger"], "satisfaction": "very_dissatisfied"
        });
        assert_eq!(read(entry).unwrap(), shape);
    }

    #[test]
    fn a_score_outside_its_range_is_objected_to() {
        let entry = r#"{"polarity":"negative","score":-8,"emotions":[],"satisfaction":"neutral"}"#;
        assert!(read(entry).unwrap_err().contains("\"score\" must be a number from -1 to 1"));
    }
}
