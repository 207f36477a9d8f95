//! Analysis: what a message says about its writer and their matter, and which intent it has.
//!
//! Here stand the contract of `POST /api/v1/ai/analyze` and `classify`, also the library's. Each built-in type of
//! analysis is one file beside this one and one line of the table in `analyzer.rs`, which says how to add one; a
//! program adds its own as [`CustomAnalysis`]. Everything here is pure. [`Assistant::analyze`](crate::Assistant::analyze) does the calls. Messages are
//! analysed whatever they say: the content filter guards answers, and nothing is answered here.

mod analyzer;
mod category;
pub(crate) mod checked;
pub(crate) mod classify;
mod custom;
mod emotion;
mod entity;
mod fields;
mod finding;
mod injection;
mod intent;
mod language;
mod plan;
mod priority;
mod prompt;
mod sentiment;
mod spam;
mod subject;
mod topics;
mod toxicity;
mod wanted;

pub use custom::CustomAnalysis;
pub use finding::Finding;

pub(crate) use checked::check_intent;
pub(crate) use custom::CustomAnalyses;
pub(crate) use entity::flat as flat_entities;
pub(crate) use fields::{Fields, Objection, closed, objection, text};
pub(crate) use plan::{CONFIGURE, plan};
pub(crate) use prompt::{Prompt, analysis_prompt, read_answer};
pub(crate) use subject::Subject;
pub(crate) use topics::{Topics, built_in_intents};
pub(crate) use wanted::Wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::conversation::MessageAnalysis;
use crate::error::ErrorKind;

/// All that the device finds in a message, as it is kept with it: abuse only where it is flagged.
pub(crate) fn everything(subject: &Subject<'_>) -> MessageAnalysis {
    let look = |kind: AnalysisType| {
        let finding = analyzer::analyzer(&kind)?.look(subject);
        let is_kept = finding.value.get("flagged").is_none_or(|flagged| flagged == true);
        is_kept.then_some((kind, finding.value))
    };
    AnalysisType::BUILT_IN.into_iter().filter_map(look).collect()
}

/// One type of analysis; on the wire its name.
///
/// A built-in one is a variant with a place in [`AnalysisType::BUILT_IN`], and a file in `analysis/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
#[expect(missing_docs, reason = "each is the contract's word of the same name")]
#[non_exhaustive]
pub enum AnalysisType {
    Sentiment,
    Emotion,
    Intent,
    Entity,
    Language,
    Priority,
    Category,
    Toxicity,
    Spam,
    Injection,
    /// One that the embedding program registered, by its name. A request for one that it did not is refused.
    Custom(Arc<str>),
}

impl AnalysisType {
    /// All that need not be registered.
    pub const BUILT_IN: [Self; 10] = [
        Self::Sentiment,
        Self::Emotion,
        Self::Intent,
        Self::Entity,
        Self::Language,
        Self::Priority,
        Self::Category,
        Self::Toxicity,
        Self::Spam,
        Self::Injection,
    ];

    /// The name on the wire and in a model's answer.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sentiment => "sentiment",
            Self::Emotion => "emotion",
            Self::Intent => "intent",
            Self::Entity => "entity",
            Self::Language => "language",
            Self::Priority => "priority",
            Self::Category => "category",
            Self::Toxicity => "toxicity",
            Self::Spam => "spam",
            Self::Injection => "injection",
            Self::Custom(name) => name,
        }
    }
}

impl From<&str> for AnalysisType {
    /// The built-in one of that name, else a custom one.
    fn from(name: &str) -> Self {
        let built_in = Self::BUILT_IN.into_iter().find(|kind| kind.as_str() == name);
        built_in.unwrap_or_else(|| Self::Custom(name.into()))
    }
}

impl From<String> for AnalysisType {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl Serialize for AnalysisType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Who analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisEngine {
    /// On the device only.
    Local,
    /// A model only, one call for all types.
    Provider,
    /// On the device; by one call what it is not sure of, where a provider is configured and the budget allows.
    #[default]
    Auto,
}

/// A message to be analysed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalyzeRequest {
    /// 1 to 4,096 characters.
    pub message: String,
    /// Who wrote it; 1 to 128 characters.
    pub user_id: String,
    /// What to find out; at least one.
    pub analysis_type: Vec<AnalysisType>,
    /// Scalars: facts about the customer.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Who analyses.
    #[serde(default)]
    pub engine: AnalysisEngine,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// The result: one entry per asked type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalyzeResponse {
    /// By type, in the contract's shapes or the custom analysis' own.
    pub analysis: BTreeMap<AnalysisType, serde_json::Value>,
    /// By type, 0 to 1: what the model said of itself, or the device's calibrated figure; null where nothing honest can
    /// be said (a rule has no probability).
    pub confidence: BTreeMap<AnalysisType, Option<f32>>,
    /// `local` when all of it was found on the device, else the provider.
    pub provider: String,
    /// Why a provider that should have been asked was not heard, as the code of its error; the device's findings stand
    /// in for it. Null where none was needed or it answered.
    pub degraded: Option<ErrorKind>,
    /// Milliseconds from request to answer.
    pub processing_time_ms: u64,
}

/// A message whose intent is wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifyRequest {
    /// 1 to 4,096 characters.
    pub message: String,
    /// Who wrote it; 1 to 128 characters.
    pub user_id: String,
    /// What to choose from, 1 to 200; absent: the tenant's own intents, or the built-in set for support and sales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_intents: Option<Vec<IntentOption>>,
    /// Scalars: facts about the customer.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub context: serde_json::Map<String, serde_json::Value>,
    /// Who classifies.
    #[serde(default)]
    pub engine: AnalysisEngine,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// An intent to choose from: a bare name, or a name with a description and examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntentOption {
    /// A bare name.
    Name(String),
    /// A described one.
    Described {
        /// Its name, 1 to 100 characters on one line, unique.
        name: String,
        /// What it means, at most 500 characters.
        #[serde(default)]
        description: String,
        /// Messages that have it, at most 50 of at most 500 characters. The model sees as many as fit its prompt.
        #[serde(default)]
        examples: Vec<String>,
    },
}

impl IntentOption {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Described { name, .. } => name,
        }
    }

    /// What it means; empty for a bare name.
    pub fn description(&self) -> &str {
        match self {
            Self::Name(_) => "",
            Self::Described { description, .. } => description,
        }
    }

    /// Messages that have it; none for a bare name.
    pub fn examples(&self) -> &[String] {
        match self {
            Self::Name(_) => &[],
            Self::Described { examples, .. } => examples,
        }
    }
}

/// The intent found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassifyResponse {
    /// One of the available ones, or `out_of_scope`.
    pub intent: String,
    /// 0 to 1: the device's calibrated figure, or what the model said of itself; null where nothing honest can be said.
    pub confidence: Option<f32>,
    /// The next best.
    pub alternatives: Vec<IntentScore>,
    /// Entities found on the device, first value of each type.
    pub entities: BTreeMap<String, String>,
    /// `local`, or the provider.
    pub provider: String,
    /// Where the tenant's routing sends it; null for intents of the request, for `out_of_scope` and where nobody needs
    /// to receive it.
    pub department: Option<String>,
    /// As [`AnalyzeResponse::degraded`].
    pub degraded: Option<ErrorKind>,
}

/// An intent with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentScore {
    /// The intent.
    pub intent: String,
    /// 0 to 1.
    pub confidence: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_its_name_on_the_wire_also_as_a_key() {
        let names = [
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
        assert_eq!(AnalysisType::BUILT_IN.map(|kind| serde_json::to_value(kind).unwrap()), names);
        for name in names.into_iter().chain(["churn_risk"]) {
            let text = format!(r#"{{"{name}":null}}"#);
            let by_type: BTreeMap<AnalysisType, Option<f32>> = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&by_type).unwrap(), text);
        }
        assert_eq!(AnalysisType::from("spam"), AnalysisType::Spam);
        assert_eq!(AnalysisType::from("churn_risk"), AnalysisType::Custom("churn_risk".into()));
    }
}
