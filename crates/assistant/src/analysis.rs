//! Analysis: what a message says about its writer and their matter, and which intent it has.
//!
//! Here stand the contract of `POST /api/v1/ai/analyze` and `classify`, also the library's. Each kind of
//! analysis is one file beside this one and one line of the table in `analyzer.rs`, which says how to add one;
//! everything here is pure. [`Assistant::analyze`](crate::Assistant::analyze) does the calls. Messages are
//! analysed whatever they say: the content filter guards answers, and nothing is answered here.

mod analyzer;
mod category;
pub(crate) mod checked;
pub(crate) mod classify;
mod departments;
mod emotion;
mod entity;
mod fields;
mod finding;
mod injection;
mod intent;
mod intents;
mod language;
mod plan;
mod priority;
mod prompt;
mod sentiment;
mod spam;
mod toxicity;

pub(crate) use analyzer::find_on_device;
pub(crate) use entity::flat as flat_entities;
pub(crate) use finding::{Finding, Subject};
pub(crate) use plan::{Plan, plan};
pub(crate) use prompt::{Prompt, analysis_prompt, read_answer};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One kind of analysis. A new one is a variant here and a file in `analysis/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
}

impl AnalysisType {
    /// The name on the wire and in a model's answer.
    pub fn as_str(self) -> &'static str {
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
        }
    }
}

/// Who analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisEngine {
    /// On the device only; types it cannot find yet are refused by name.
    Local,
    /// A model only, one call for all types.
    Provider,
    /// On the device what it does well (language, toxicity, spam, injection), by one call what it does not.
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
    /// By type, in the contract's shapes.
    pub analysis: BTreeMap<AnalysisType, serde_json::Value>,
    /// By type, 0 to 1: what the model said of itself, or the device's calibrated figure (language); null where
    /// nothing honest can be said (a pattern has no probability).
    pub confidence: BTreeMap<AnalysisType, Option<f32>>,
    /// `local` when all of it was found on the device, else the provider.
    pub provider: String,
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
    /// What to choose from, 1 to 200; absent: the built-in set for support and sales.
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
    /// 0 to 1, what the model said of itself; null where nothing honest can be said.
    pub confidence: Option<f32>,
    /// The next best.
    pub alternatives: Vec<IntentScore>,
    /// Entities found on the device, first value of each type.
    pub entities: BTreeMap<String, String>,
    /// `local`, or the provider.
    pub provider: String,
    /// The department of a built-in intent; null for the caller's own and for `out_of_scope`.
    pub department: Option<String>,
}

/// An intent with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentScore {
    /// The intent.
    pub intent: String,
    /// 0 to 1.
    pub confidence: f32,
}
