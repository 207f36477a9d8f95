//! Moderation: is a message one that must not be answered, and who says so?
//!
//! The device decides: patterns and heads, in `pytake_understanding::screening`. Where it is in doubt a vendor's
//! moderation model can be asked for a second opinion, through [`Moderator`]; without one nothing leaves the machine.
//! Here stand that seam, when it is asked and what its word counts for, and the contract of
//! `POST /api/v1/ai/moderate`, also the library's. `turn/second_opinion.rs` asks within a turn.

mod findings;
pub mod metrics;
mod second_opinion;
mod weight;

pub(crate) use findings::Findings;
pub(crate) use second_opinion::SecondOpinion;
pub(crate) use weight::{Doubt, counted};

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use pytake_understanding::filter::{Category, FilterLevel};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::analysis::AnalysisEngine;
use crate::error::{AIError, ErrorKind};
use crate::id::UserId;
use crate::provider::{Destination, FailureKind, ProviderFailure};
use crate::turn::{check_message, check_user};

/// What a moderation model says of a text, in the filter's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModerationOpinion {
    /// The model's own yes or no, also about what the filter has no word for.
    pub flagged: bool,
    /// What it flags, each once.
    pub categories: Vec<Category>,
    /// How sure it says it is, 0 to 1; only of categories that it knows. The vendor's figures, not calibrated here.
    pub scores: BTreeMap<Category, f32>,
    /// The model that answered, as the vendor names it.
    pub model: String,
}

/// A model that moderates texts at a vendor.
///
/// Implementations do no retries, keep no limits and have no deadline: whoever asks owns these. They must be
/// cancel-safe: the future is dropped when time is up.
#[async_trait]
pub trait Moderator: Send + Sync + fmt::Debug + 'static {
    /// Its name in answers, the decision trail and metrics: `openai`, or the program's own.
    fn name(&self) -> &str;

    /// The model it asks.
    fn model(&self) -> &str;

    /// Says what is wrong with a text, if anything.
    ///
    /// # Errors
    /// The kind says whose fault it was; the message holds nothing of the text.
    async fn moderate(&self, text: &str) -> Result<ModerationOpinion, ProviderFailure>;

    /// Whether it works with a tenant's own key.
    fn takes_own_keys(&self) -> bool {
        false
    }

    /// As [`Moderator::moderate`], with a tenant's own key. Asked only of one that takes them.
    ///
    /// # Errors
    /// As [`Moderator::moderate`].
    async fn moderate_with_key(
        &self,
        _text: &str,
        _key: &SecretString,
    ) -> Result<ModerationOpinion, ProviderFailure> {
        Err(ProviderFailure::new(FailureKind::Auth, "it takes no keys of tenants"))
    }

    /// Where its calls go.
    fn destination(&self) -> Destination {
        Destination::default()
    }
}

/// A message to be moderated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModerateRequest {
    /// 1 to 4,096 characters.
    pub message: String,
    /// Who wrote it; 1 to 128 characters.
    pub user_id: String,
    /// How strict to be; absent: as strict as the tenant's content filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<FilterLevel>,
    /// Who moderates: `local` the device alone, `provider` always the second opinion too, `auto` only in doubt.
    #[serde(default)]
    pub engine: AnalysisEngine,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What is wrong with the message, if anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModerateResponse {
    /// True where a chat would stop it.
    pub flagged: bool,
    /// Why, each once.
    pub categories: Vec<Category>,
    /// Every category, 0 to 1, by who is named in `provider`: the device's calibrated probability, or the vendor's own
    /// figure. Null where that one has none, as for what only a rule finds.
    pub scores: BTreeMap<Category, Option<f32>>,
    /// What was found and by which rule.
    pub matches: Vec<ModerationMatch>,
    /// `local`, or who gave the second opinion.
    pub provider: String,
    /// Why a second opinion that should have been heard was not, as the code of its error; the device's word stands
    /// alone. Null where none was needed or it came.
    pub degraded: Option<ErrorKind>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModerationMatch {
    /// What it is about.
    pub category: Category,
    /// The filter's rule, `tenant_block` for the tenant's own phrases, `meaning` for the device's heads, or the name of
    /// who gave the second opinion.
    pub rule: String,
}

/// A checked request.
#[derive(Debug)]
pub(crate) struct ModerationQuestion {
    pub(crate) user: UserId,
    pub(crate) message: String,
    pub(crate) level: Option<FilterLevel>,
    pub(crate) engine: AnalysisEngine,
}

impl ModerationQuestion {
    /// Checks every field and reports all problems at once.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field.
    pub(crate) fn check(request: ModerateRequest) -> Result<Self, AIError> {
        let mut problems = Vec::new();
        check_message(&request.message, &mut problems);
        let user = check_user(&request.user_id, &mut problems);
        match user {
            Some(user) if problems.is_empty() => {
                Ok(Self { user, message: request.message, level: request.level, engine: request.engine })
            }
            _ => Err(AIError::InvalidRequest(problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named() {
        let request = ModerateRequest { message: " ".into(), ..ModerateRequest::default() };
        let Err(AIError::InvalidRequest(problems)) = ModerationQuestion::check(request) else {
            panic!("it was accepted");
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["message", "user_id"]);
    }
}
