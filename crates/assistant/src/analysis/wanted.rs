//! A type that a request asks for, with what knows it: an analyzer of ours, or the embedding program's.

use std::sync::Arc;

use serde_json::Value;

use super::analyzer::{Analyzer, Device, analyzer};
use super::custom::{Custom, CustomAnalyses};
use super::fields::{Fields, Objection, closed, confidence};
use super::finding::{Finding, Subject};
use super::{AnalysisEngine, AnalysisType};

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

/// What the device does for a type.
#[derive(Debug, Clone)]
pub(crate) enum OnDevice {
    /// It looks at the message when its time comes.
    Look(fn(&Subject<'_>) -> Finding),
    /// The custom analysis was asked, since only that says whether it can, and has found it.
    Found(Finding),
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
    pub(super) fn instruction(&self) -> String {
        match &self.by {
            By::BuiltIn(analyzer) => analyzer.instruction(),
            By::Custom(custom) => custom.instruction.clone(),
        }
    }

    /// The schema of a model's entry, `confidence` included.
    pub(super) fn schema(&self) -> Value {
        match &self.by {
            By::BuiltIn(analyzer) => {
                closed(analyzer.properties().into_iter().chain([("confidence", confidence())]))
            }
            By::Custom(custom) => custom.schema.clone(),
        }
    }

    /// Reads a model's entry out of its answer.
    ///
    /// # Errors
    /// What is wrong with it, for the model's one repair.
    pub(super) fn read(&self, answer: &Fields<'_>, message: &str) -> Result<Finding, Objection> {
        match &self.by {
            By::BuiltIn(analyzer) => {
                let entry = answer.object(self.name())?;
                let value = analyzer.read(&entry, message)?;
                Ok(Finding { value, confidence: Some(entry.share("confidence")?) })
            }
            By::Custom(custom) => custom.read(answer, message),
        }
    }

    /// What the device does for it; `None` where a model is asked, or is needed and not there.
    pub(super) fn on_device(
        &self,
        message: &str,
        engine: AnalysisEngine,
        has_model: bool,
    ) -> Option<OnDevice> {
        let analyzer = match (&self.by, engine) {
            (_, AnalysisEngine::Provider) => return None,
            (By::Custom(custom), AnalysisEngine::Local | AnalysisEngine::Auto) => {
                return custom.on_device(message).map(OnDevice::Found);
            }
            (By::BuiltIn(analyzer), AnalysisEngine::Local | AnalysisEngine::Auto) => analyzer,
        };
        match analyzer.device() {
            Device::FirstChoice(look) => Some(OnDevice::Look(look)),
            Device::SecondChoice(look) if engine == AnalysisEngine::Local || !has_model => {
                Some(OnDevice::Look(look))
            }
            Device::SecondChoice(_) | Device::Unable => None,
        }
    }
}

impl OnDevice {
    /// The finding.
    pub(crate) fn finding(self, subject: &Subject<'_>) -> Finding {
        match self {
            Self::Look(look) => look(subject),
            Self::Found(finding) => finding,
        }
    }
}
