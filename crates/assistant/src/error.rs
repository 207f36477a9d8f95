//! What can go wrong, in kinds a caller decides by.

use std::time::Duration;

use pytake_understanding::filter::Category;
use serde::{Deserialize, Serialize};

use crate::budget::BudgetScope;
use crate::trail::AttemptRecord;

/// One field of a request that cannot be accepted, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// The field's name as the caller wrote it, dotted for nested ones.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl FieldProblem {
    /// Names a field and its problem.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LimitScope {
    /// One customer: requests a minute, a day, or at the same time.
    User,
    /// The tenant: requests or tokens a minute, requests at the same time, or its budget.
    Tenant,
    /// One API key's requests a minute.
    Key,
    /// A provider's requests or tokens a minute, or calls at the same time.
    Provider,
    /// Turns waiting in one conversation.
    Conversation,
    /// The whole server.
    Server,
}

/// The database could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("could not {action}")]
pub struct StorageError {
    /// What was attempted, as a verb phrase: `record the turn`.
    pub action: &'static str,
    /// What the database said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl StorageError {
    /// Wraps a database's error with what was attempted.
    pub fn new(action: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// Every way a request to the assistant can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AIError {
    /// The request itself cannot be accepted; every offending field is named.
    #[error("the request is not valid: {}", describe(.0))]
    InvalidRequest(Vec<FieldProblem>),
    /// The caller may not change this; every field is named. Nothing was changed.
    #[error("the caller may not change this: {}", describe(.0))]
    Forbidden(Vec<FieldProblem>),
    /// The message was stopped by the content filter.
    #[error("the message was stopped by the content filter")]
    ContentFilterViolation {
        /// Why, most serious first.
        categories: Vec<Category>,
        /// A safe sentence in the customer's language.
        fallback_response: String,
        /// Who stopped it: `local`, the device, or who gave the second opinion.
        stopped_by: String,
    },
    /// The prompt does not fit.
    #[error("the request has {current} tokens; at most {max} are allowed")]
    TokenLimitExceeded {
        /// Tokens counted.
        current: u64,
        /// Tokens allowed.
        max: u64,
    },
    /// No such object for this tenant.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for: `conversation`, `prompt`, ….
        what: &'static str,
    },
    /// The user has no recorded usage.
    #[error("there is no usage for this user")]
    UserNotFound,
    /// The state of the object forbids it.
    #[error("{0}")]
    Conflict(String),
    /// Too many requests; later is fine.
    #[error("too many requests, try again in {} ms", .retry_after.as_millis())]
    RateLimitExceeded {
        /// Whose limit.
        scope: LimitScope,
        /// When to try again.
        retry_after: Duration,
    },
    /// The user's day is used up.
    #[error("the daily limit of {limit} requests is reached")]
    DailyLimitExceeded {
        /// Requests a day.
        limit: u64,
        /// Until the next UTC midnight.
        retry_after: Duration,
    },
    /// The money of the tenant or of the customer is used up.
    #[error("the budget is used up")]
    BudgetExceeded {
        /// Which budget.
        scope: BudgetScope,
        /// Until the budget starts anew.
        retry_after: Duration,
    },
    /// Every provider that was allowed refused or failed.
    #[error("no provider gave an answer")]
    ProviderError {
        /// What was tried.
        attempts: Vec<AttemptRecord>,
    },
    /// Nothing that is configured can do this now.
    #[error("{0}")]
    ServiceUnavailable(String),
    /// Nothing was said in a recording.
    #[error("there is no speech in this recording")]
    NoSpeech,
    /// The deadline passed.
    #[error("the deadline passed before an answer was complete")]
    DeadlineExceeded {
        /// What was tried.
        attempts: Vec<AttemptRecord>,
    },
    /// The configuration is wrong; the service cannot work until it is mended.
    #[error("the configuration is not valid: {0}")]
    Configuration(String),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What kind of failure, stable on the wire (`error` of the contract's error object).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the contract's code of the same name")]
#[non_exhaustive]
pub enum ErrorKind {
    InvalidRequest,
    Forbidden,
    ContentFilterViolation,
    TokenLimitExceeded,
    NotFound,
    UserNotFound,
    Conflict,
    RateLimitExceeded,
    DailyLimitExceeded,
    BudgetExceeded,
    ProviderError,
    ServiceUnavailable,
    DeadlineExceeded,
    NoSpeech,
}

impl AIError {
    /// One invalid field.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidRequest(vec![FieldProblem::new(field, problem)])
    }

    /// The stable code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidRequest(_) => ErrorKind::InvalidRequest,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::ContentFilterViolation { .. } => ErrorKind::ContentFilterViolation,
            Self::TokenLimitExceeded { .. } => ErrorKind::TokenLimitExceeded,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::UserNotFound => ErrorKind::UserNotFound,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::RateLimitExceeded { .. } => ErrorKind::RateLimitExceeded,
            Self::DailyLimitExceeded { .. } => ErrorKind::DailyLimitExceeded,
            Self::BudgetExceeded { .. } => ErrorKind::BudgetExceeded,
            Self::ProviderError { .. } => ErrorKind::ProviderError,
            Self::ServiceUnavailable(_) | Self::Configuration(_) | Self::Storage(_) => {
                ErrorKind::ServiceUnavailable
            }
            Self::DeadlineExceeded { .. } => ErrorKind::DeadlineExceeded,
            Self::NoSpeech => ErrorKind::NoSpeech,
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimitExceeded
            | ErrorKind::DailyLimitExceeded
            | ErrorKind::BudgetExceeded
            | ErrorKind::ProviderError
            | ErrorKind::DeadlineExceeded => true,
            ErrorKind::ServiceUnavailable => !matches!(self, Self::Configuration(_)),
            ErrorKind::InvalidRequest
            | ErrorKind::Forbidden
            | ErrorKind::ContentFilterViolation
            | ErrorKind::TokenLimitExceeded
            | ErrorKind::NotFound
            | ErrorKind::UserNotFound
            | ErrorKind::Conflict
            | ErrorKind::NoSpeech => false,
        }
    }

    /// When to try again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimitExceeded { retry_after, .. }
            | Self::DailyLimitExceeded { retry_after, .. }
            | Self::BudgetExceeded { retry_after, .. } => Some(*retry_after),
            Self::InvalidRequest(_)
            | Self::Forbidden(_)
            | Self::ContentFilterViolation { .. }
            | Self::TokenLimitExceeded { .. }
            | Self::NotFound { .. }
            | Self::UserNotFound
            | Self::Conflict(_)
            | Self::ProviderError { .. }
            | Self::ServiceUnavailable(_)
            | Self::DeadlineExceeded { .. }
            | Self::NoSpeech
            | Self::Configuration(_)
            | Self::Storage(_) => None,
        }
    }
}

fn describe(problems: &[FieldProblem]) -> String {
    let each: Vec<String> = problems.iter().map(|p| format!("{} {}", p.field, p.problem)).collect();
    each.join("; ")
}
