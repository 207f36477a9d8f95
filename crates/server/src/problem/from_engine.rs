//! How each error of the assistant looks on the wire.

use std::error::Error;

use axum::http::StatusCode;
use pytake_assistant::error::{LimitScope, StorageError};
use pytake_assistant::trail::AttemptRecord;
use pytake_assistant::{AIError, ErrorKind};
use serde_json::{Value, json};
use tracing::error;

use super::{Problem, details};

impl From<AIError> for Problem {
    fn from(failure: AIError) -> Self {
        let kind = failure.kind();
        let plain = Self::new(status_of(kind), code_of(kind), failure.to_string());
        match failure {
            AIError::InvalidRequest(problems) => Self::invalid_fields(&problems),
            AIError::Forbidden(problems) => plain.with("details", details(&problems)),
            AIError::ContentFilterViolation { categories, fallback_response, stopped_by } => plain
                .with("categories", json!(categories))
                .with("fallback_response", fallback_response)
                .with("stopped_by", stopped_by),
            AIError::TokenLimitExceeded { current, max } => plain.with("current", current).with("max", max),
            AIError::RateLimitExceeded { scope, retry_after } => {
                plain.retry_after(retry_after).with("scope", json!(scope))
            }
            AIError::DailyLimitExceeded { limit, retry_after } => {
                plain.retry_after(retry_after).with("scope", json!(LimitScope::User)).with("limit", limit)
            }
            AIError::BudgetExceeded { scope, retry_after } => {
                plain.retry_after(retry_after).with("scope", scope.owner()).with("period", scope.period())
            }
            AIError::ProviderError { attempts } | AIError::DeadlineExceeded { attempts } => {
                plain.with("attempts", attempts.iter().map(attempt).collect::<Vec<_>>())
            }
            AIError::Storage(cause) => Self::from(cause),
            AIError::Configuration(cause) => {
                error!(error.message = cause, "the configuration does not work");
                Self::unavailable()
            }
            // NotFound, UserNotFound, Conflict and ServiceUnavailable say everything in their sentence; a kind
            // that is added later does too, until it gets fields of its own here.
            _ => plain,
        }
    }
}

impl From<StorageError> for Problem {
    fn from(failure: StorageError) -> Self {
        let cause = failure.source().map(ToString::to_string).unwrap_or_default();
        error!(error.message = %failure, error.cause = cause, "the database failed");
        Self::unavailable()
    }
}

/// What a caller may know of an attempt. The provider's own words stay in the trail.
fn attempt(record: &AttemptRecord) -> Value {
    json!({
        "provider": record.provider,
        "model": record.model,
        "kind": record.kind,
        "status": record.status,
        "ms": record.ms,
    })
}

fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::ContentFilterViolation | ErrorKind::TokenLimitExceeded => {
            StatusCode::BAD_REQUEST
        }
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound | ErrorKind::UserNotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::NoSpeech => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::RateLimitExceeded | ErrorKind::DailyLimitExceeded | ErrorKind::BudgetExceeded => {
            StatusCode::TOO_MANY_REQUESTS
        }
        ErrorKind::ProviderError => StatusCode::BAD_GATEWAY,
        ErrorKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        // Added later and not placed here yet.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn code_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::ContentFilterViolation => "content_filter_violation",
        ErrorKind::TokenLimitExceeded => "token_limit_exceeded",
        ErrorKind::NotFound => "not_found",
        ErrorKind::UserNotFound => "user_not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::RateLimitExceeded => "rate_limit_exceeded",
        ErrorKind::DailyLimitExceeded => "daily_limit_exceeded",
        ErrorKind::BudgetExceeded => "budget_exceeded",
        ErrorKind::ProviderError => "provider_error",
        ErrorKind::ServiceUnavailable => "service_unavailable",
        ErrorKind::DeadlineExceeded => "deadline_exceeded",
        ErrorKind::NoSpeech => "no_speech",
        // Added later and not placed here yet.
        _ => "internal_error",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pytake_assistant::budget::BudgetScope;
    use pytake_assistant::error::FieldProblem;
    use pytake_assistant::id::CountingIds;
    use pytake_assistant::provider::FailureKind;

    use super::*;
    use crate::request_id::RequestId;

    fn shown(failure: AIError) -> Value {
        let problem = Problem::from(failure);
        let id = RequestId::of(&axum::http::HeaderMap::new(), &CountingIds::default());
        let mut object = problem.object(&id);
        object["(status)"] = problem.status().as_u16().into();
        object
    }

    fn attempts() -> Vec<AttemptRecord> {
        vec![AttemptRecord {
            provider: "openai".into(),
            model: "m".into(),
            kind: Some(FailureKind::Auth),
            status: Some(401),
            ms: 12,
            queued_ms: 0,
            message: Some("Incorrect API key provided: sk-…".into()),
            usage: None,
        }]
    }

    #[test]
    fn each_error_has_the_contracts_shape() {
        let wait = Duration::from_millis(1_500);
        let all = vec![
            shown(AIError::InvalidRequest(vec![
                FieldProblem::new("message", "must not be empty"),
                FieldProblem::new("temperature", "must be from 0 to 2"),
            ])),
            shown(AIError::Forbidden(vec![FieldProblem::new(
                "settings.budget",
                "may only be changed by an admin",
            )])),
            shown(AIError::ContentFilterViolation {
                categories: vec![],
                fallback_response: "Não posso ajudar com isso.".into(),
                stopped_by: "local".into(),
            }),
            shown(AIError::TokenLimitExceeded { current: 9_000, max: 8_000 }),
            shown(AIError::NotFound { what: "conversation" }),
            shown(AIError::UserNotFound),
            shown(AIError::Conflict("another prompt has this name".into())),
            shown(AIError::RateLimitExceeded { scope: LimitScope::Provider, retry_after: wait }),
            shown(AIError::DailyLimitExceeded { limit: 10, retry_after: wait }),
            shown(AIError::BudgetExceeded { scope: BudgetScope::TenantMonth, retry_after: wait }),
            shown(AIError::ProviderError { attempts: attempts() }),
            shown(AIError::ServiceUnavailable("no provider is configured for this".into())),
            shown(AIError::DeadlineExceeded { attempts: attempts() }),
        ];
        insta::assert_json_snapshot!(all);
    }

    #[test]
    fn neither_the_database_nor_the_configuration_is_quoted() {
        let inner = StorageError::new("record the turn", "UNIQUE constraint failed: messages.id");
        for failure in [AIError::Storage(inner), AIError::Configuration("OPENAI_API_KEY=sk-1".into())] {
            let text = shown(failure).to_string();
            assert!(!text.contains("UNIQUE") && !text.contains("sk-1") && !text.contains("record"), "{text}");
            assert!(text.contains("service_unavailable"));
        }
    }

    #[test]
    fn a_providers_own_words_are_not_quoted() {
        assert!(!shown(AIError::ProviderError { attempts: attempts() }).to_string().contains("API key"));
    }
}
