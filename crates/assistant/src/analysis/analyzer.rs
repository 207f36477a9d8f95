//! The seam between types of analysis and the engine, and the table of all types.
//!
//! To add a type: a variant of [`AnalysisType`] with its name, a file with a unit struct that implements
//! [`Analyzer`], and a line in [`analyzer`]; the compiler asks for all three. Nothing else knows which types
//! there are.

use serde_json::Value;

use super::AnalysisType;
use super::fields::{Fields, Objection, Properties};
use super::finding::{Finding, Subject};
use super::{category, emotion, entity, injection, intent, language, priority, sentiment, spam, toxicity};

/// The table of all types.
pub(super) fn analyzer(kind: AnalysisType) -> &'static dyn Analyzer {
    match kind {
        AnalysisType::Sentiment => &sentiment::Sentiment,
        AnalysisType::Emotion => &emotion::Emotion,
        AnalysisType::Intent => &intent::Intent,
        AnalysisType::Entity => &entity::Entity,
        AnalysisType::Language => &language::LanguageOf,
        AnalysisType::Priority => &priority::Priority,
        AnalysisType::Category => &category::CategoryOf,
        AnalysisType::Toxicity => &toxicity::Toxicity,
        AnalysisType::Spam => &spam::Spam,
        AnalysisType::Injection => &injection::Injection,
    }
}

/// One type of analysis: what a model is asked, how its answer is read, what the device finds alone.
pub(super) trait Analyzer: Sync {
    /// The fields of the model's entry. `confidence` is added to every entry and read for it.
    fn properties(&self) -> Properties;

    /// What the model is told about the fields, after the type's name and a colon.
    fn instruction(&self) -> String;

    /// Reads the model's entry into the contract's shape.
    ///
    /// # Errors
    /// What is wrong with the entry, for the model's one repair.
    fn read(&self, entry: &Fields<'_>, message: &str) -> Result<Value, Objection>;

    /// What the device can do without a model.
    fn device(&self) -> Device {
        Device::Unable
    }
}

/// How good the device is at a type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Device {
    /// It cannot; a model is needed.
    Unable,
    /// It finds less than a model: it works where no model is asked or none is there.
    SecondChoice(fn(&Subject<'_>) -> Finding),
    /// No call is worth its price.
    FirstChoice(fn(&Subject<'_>) -> Finding),
}

impl Device {
    /// The analysis on the device, where there is one.
    pub(super) fn run(self) -> Option<fn(&Subject<'_>) -> Finding> {
        match self {
            Self::Unable => None,
            Self::SecondChoice(run) | Self::FirstChoice(run) => Some(run),
        }
    }
}

/// What the device finds; `None` where a model is needed.
pub(crate) fn find_on_device(kind: AnalysisType, subject: &Subject<'_>) -> Option<Finding> {
    analyzer(kind).device().run().map(|run| run(subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [&str; 10] = [
        "sentiment",
        "emotion",
        "intent",
        "entity",
        "language",
        "priority",
        "category",
        "toxicity",
        "spam",
        "injection",
    ];

    #[test]
    fn every_type_has_its_wire_name_and_explains_every_field() {
        for name in EVERY {
            let kind: AnalysisType = serde_json::from_value(name.into()).unwrap();
            assert_eq!(kind.as_str(), name);
            let instruction = analyzer(kind).instruction();
            for (field, _) in analyzer(kind).properties() {
                assert!(instruction.contains(&format!("\"{field}\"")), "{name} says nothing of {field}");
            }
        }
    }
}
