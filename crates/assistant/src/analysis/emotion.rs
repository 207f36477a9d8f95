//! Emotion: which feelings the message shows, each with its strength.
//!
//! Shape: `{primary, emotions: [{emotion, score}]}`, strongest first; `primary` is `neutral` where none is shown.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, closed, list, number, score};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

/// Ekman's six basic emotions, and four that matter to a business.
pub(super) const EMOTIONS: [&str; 10] = [
    "joy",
    "sadness",
    "anger",
    "fear",
    "surprise",
    "disgust",
    "frustration",
    "disappointment",
    "gratitude",
    "confusion",
];
/// What is felt where nothing is shown.
const NONE_SHOWN: &str = "neutral";

pub(super) struct Emotion;

impl Analyzer for Emotion {
    fn properties(&self, _: &Topics) -> Properties {
        let entry = closed([("emotion", choice(EMOTIONS)), ("score", number("0 to 1: how strong it is."))]);
        vec![("emotions", list(entry))]
    }

    fn instruction(&self, _: &Topics) -> String {
        format!(
            "\"emotions\" the writer shows, each with \"emotion\" ({}) and \"score\" (0 to 1, how strong); an empty list \
             if none is shown.",
            EMOTIONS.join(", "),
        )
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        let mut shown: Vec<(&str, f32)> = Vec::new();
        for one in entry.objects("emotions")? {
            let found = (one.choice("emotion", &EMOTIONS)?, one.share("score")?);
            if !shown.iter().any(|(emotion, _)| *emotion == found.0) {
                shown.push(found);
            }
        }
        shown.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(shape(&shown))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        // Each emotion has its own probability, and none says whether another was missed.
        Finding { value: shape(&shown(subject)), confidence: None }
    }
}

/// The emotions that the device finds, the most probable first.
pub(super) fn shown(subject: &Subject<'_>) -> Vec<(&'static str, f32)> {
    subject.emotions().felt().into_iter().map(|(emotion, sure)| (emotion.as_str(), sure)).collect()
}

fn shape(shown: &[(&str, f32)]) -> Value {
    let primary = shown.first().map_or(NONE_SHOWN, |(emotion, _)| *emotion);
    let emotions: Vec<Value> = shown
        .iter()
        .map(|(emotion, strength)| json!({ "emotion": emotion, "score": score(*strength) }))
        .collect();
    json!({ "primary": primary, "emotions": emotions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str) -> Result<Value, Objection> {
        let object = Fields::parse(entry)?;
        Emotion.read(&Fields::root(&object), "", &Topics::of(&[]))
    }

    #[test]
    fn the_strongest_emotion_is_the_primary_one() {
        let entry = r#"{"emotions":[{"emotion":"fear","score":0.2},{"emotion":"anger","score":0.9}]}"#;
        let read = read(entry).unwrap();
        assert_eq!(read["primary"], "anger");
        assert_eq!(read["emotions"][1], json!({"emotion": "fear", "score": 0.2}));
    }

    #[test]
    fn no_emotion_is_neutral() {
        assert_eq!(read(r#"{"emotions":[]}"#).unwrap(), json!({"primary": "neutral", "emotions": []}));
    }

    #[test]
    fn an_unknown_emotion_is_objected_to_by_its_place() {
        let objection = read(r#"{"emotions":[{"emotion":"meh","score":0.2}]}"#).unwrap_err();
        assert!(objection.starts_with("The field \"emotions[0].emotion\" must be one of joy"), "{objection}");
    }
}
