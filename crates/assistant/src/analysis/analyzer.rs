//! The seam between the built-in types of analysis and the engine, and the table of them.
//!
//! To add a type: a variant of [`AnalysisType`] with its name and its place in [`AnalysisType::BUILT_IN`], a file
//! with a unit struct that implements [`Analyzer`], and a line in [`analyzer`]; the compiler asks for the name and
//! the line. Nothing else knows which types there are. One that needs no change here is a
//! [`CustomAnalysis`](super::CustomAnalysis).

use serde_json::Value;

use super::AnalysisType;
use super::fields::{Fields, Objection, Properties};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;
use super::{category, emotion, entity, injection, intent, language, priority, sentiment, spam, toxicity};

/// The table of the built-in types; `None` for a custom one.
pub(super) fn analyzer(kind: &AnalysisType) -> Option<&'static dyn Analyzer> {
    Some(match kind {
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
        AnalysisType::Custom(_) => return None,
    })
}

/// One type of analysis: what a model is asked, how its answer is read, what the device finds alone.
pub(super) trait Analyzer: Sync {
    /// The fields of the model's entry. `confidence` is added to every entry and read for it.
    fn properties(&self, topics: &Topics) -> Properties;

    /// What the model is told about the fields, after the type's name and a colon.
    fn instruction(&self, topics: &Topics) -> String;

    /// Reads the model's entry into the contract's shape.
    ///
    /// # Errors
    /// What is wrong with the entry, for the model's one repair.
    fn read(&self, entry: &Fields<'_>, message: &str, topics: &Topics) -> Result<Value, Objection>;

    /// What the device finds.
    fn look(&self, subject: &Subject<'_>) -> Finding;

    /// The confidence below which the engine `auto` asks a model, where one may be asked. 0: never, because no call
    /// is worth its price or no probability stands behind the finding. `docs/understanding.md` shows for each what
    /// share of messages it sends to a model and how right the device is about the rest.
    fn ask_below(&self) -> f32 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_type_explains_every_field() {
        for kind in AnalysisType::BUILT_IN {
            let analyzer = analyzer(&kind).unwrap();
            let topics = Topics::of(&[]);
            let instruction = analyzer.instruction(&topics);
            for (field, _) in analyzer.properties(&topics) {
                assert!(instruction.contains(&format!("\"{field}\"")), "{kind:?} says nothing of {field}");
            }
        }
    }
}
