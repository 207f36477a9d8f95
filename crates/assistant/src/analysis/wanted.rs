//! A type that a request asks for, with what knows it: an analyzer of ours, or the embedding program's.

use std::sync::Arc;

use serde_json::Value;

use super::AnalysisType;
use super::analyzer::{Analyzer, analyzer};
use super::custom::{Custom, CustomAnalyses};
use super::fields::{Fields, Objection, closed, confidence};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

/// A type that is there.
#[derive(Clone)]
pub(crate) struct Wanted {
    kind: AnalysisType,
    by: By,
}

#[derive(Clone)]
enum By {
    BuiltIn(&'static dyn Analyzer),
    Custom(Arc<Custom>),
}

impl Wanted {
    /// `None`: nobody knows this type.
    pub(super) fn find(kind: AnalysisType, customs: &CustomAnalyses) -> Option<Self> {
        let by = match analyzer(&kind) {
            Some(built_in) => By::BuiltIn(built_in),
            None => By::Custom(customs.find(kind.as_str())?),
        };
        Some(Self { kind, by })
    }

    pub(crate) fn kind(&self) -> &AnalysisType {
        &self.kind
    }

    pub(super) fn name(&self) -> &str {
        self.kind.as_str()
    }

    /// What a model is told about the fields of its entry.
    pub(super) fn instruction(&self, topics: &Topics) -> String {
        match &self.by {
            By::BuiltIn(analyzer) => analyzer.instruction(topics),
            By::Custom(custom) => custom.instruction.clone(),
        }
    }

    /// The schema of a model's entry, `confidence` included.
    pub(super) fn schema(&self, topics: &Topics) -> Value {
        match &self.by {
            By::BuiltIn(analyzer) => {
                closed(analyzer.properties(topics).into_iter().chain([("confidence", confidence())]))
            }
            By::Custom(custom) => custom.schema.clone(),
        }
    }

    /// Reads a model's entry out of its answer.
    ///
    /// # Errors
    /// What is wrong with it, for the model's one repair.
    pub(super) fn read(
        &self,
        answer: &Fields<'_>,
        message: &str,
        topics: &Topics,
    ) -> Result<Finding, Objection> {
        match &self.by {
            By::BuiltIn(analyzer) => {
                let entry = answer.object(self.name())?;
                let value = analyzer.read(&entry, message, topics)?;
                Ok(Finding { value, confidence: Some(entry.share("confidence")?) })
            }
            By::Custom(custom) => custom.read(answer, message),
        }
    }

    /// What the device finds; `None` where a custom analysis needs a model for this message.
    pub(super) fn on_device(&self, subject: &Subject<'_>) -> Option<Finding> {
        match &self.by {
            By::BuiltIn(analyzer) => Some(analyzer.look(subject)),
            By::Custom(custom) => custom.on_device(subject.text()),
        }
    }

    /// The confidence below which the engine `auto` asks a model.
    pub(super) fn ask_below(&self) -> f32 {
        match &self.by {
            By::BuiltIn(analyzer) => analyzer.ask_below(),
            By::Custom(_) => 0.0,
        }
    }
}
