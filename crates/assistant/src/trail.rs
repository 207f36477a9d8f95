//! The decision trail: why this reply.
//!
//! Every turn leaves one. It is stored with the assistant's message and shown by the API.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::money::TokenUsage;
use crate::provider::FailureKind;

/// What one step of a turn found or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step: `screen`, `second_opinion`, `understand`, `decide`, `mask`, `compose`, `reuse`, `generate`, `vet`.
    pub step: Cow<'static, str>,
    /// What it found, for a person; no message text.
    pub found: String,
}

/// One call to a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Provider name.
    pub provider: String,
    /// Model asked.
    pub model: String,
    /// What came of it: `None` for an accepted answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
    /// HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took.
    pub ms: u64,
    /// How long it waited for its place in the provider's queue before.
    #[serde(default)]
    pub queued_ms: u64,
    /// What was wrong, bounded and redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the vendor reported or, marked so, what we counted; present when it is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUsage>,
}

/// Everything that decided a reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// Steps in order.
    pub steps: Vec<StepRecord>,
    /// Provider calls in order.
    pub attempts: Vec<AttemptRecord>,
    /// Ids of approved answers that were given as facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Version of the price table the cost came from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub price_version: String,
    /// Version of the prompt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt_version: String,
}

impl Trail {
    /// Adds a step.
    pub fn step(&mut self, step: &'static str, found: impl Into<String>) {
        self.steps.push(StepRecord { step: Cow::Borrowed(step), found: found.into() });
    }
}
