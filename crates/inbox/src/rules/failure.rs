//! What happens when a turn failed: again later, a sentence of the server's own, or a person.

use std::time::Duration;

use pytake_assistant::AIError;
use pytake_assistant::error::LimitScope;
use pytake_assistant::service::ServerSentence;

/// Turns of one burst that may fail before the customer is told something: 2 + 4 + 8 + 16 s, half a minute, is what a
/// person waits before writing again.
const TRIES: u32 = 5;
/// First wait; doubles.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// A turn is not tried again sooner after a limit was met, so that many of them do not only try.
const SHORTEST_DEFERRAL: Duration = Duration::from_secs(1);
/// Longer than the assistant ever asks for: its limits are by the minute.
const LONGEST_DEFERRAL: Duration = Duration::from_mins(15);
/// A database that is down is asked once a minute.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Failed turns after which not even a sentence of the server's own could be written, for a reason that is not the
/// database's: the burst goes to a person, so that it does not block the conversation for good.
pub(crate) const GIVE_UP_AFTER: u32 = 8;

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AfterError {
    /// The server speaks.
    Say(ServerSentence),
    /// The server says that a limit is reached, unless it said so lately.
    SayLimit,
    /// The same again, after a wait.
    Postpone(Duration),
    /// The same again when the limit that was met has room; it is no failure.
    Defer(Duration),
}

/// Decides after a turn that failed; `failed_attempts` counts those before it.
pub(crate) fn after_error(error: &AIError, failed_attempts: u32) -> AfterError {
    match error {
        AIError::ContentFilterViolation { fallback_response, .. } => {
            AfterError::Say(ServerSentence::Verbatim(fallback_response.clone()))
        }
        AIError::DailyLimitExceeded { .. } | AIError::BudgetExceeded { .. } => AfterError::SayLimit,
        // The customer has nothing to do with how much the business may use, and is told nothing.
        AIError::RateLimitExceeded {
            scope: LimitScope::Tenant | LimitScope::User | LimitScope::Server,
            retry_after,
        } => AfterError::Defer((*retry_after).clamp(SHORTEST_DEFERRAL, LONGEST_DEFERRAL)),
        // Without its database the server can say nothing; the messages are safe in the inbox.
        AIError::Storage(_) => AfterError::Postpone(wait(failed_attempts, error.retry_after())),
        AIError::RateLimitExceeded { .. }
        | AIError::ProviderError { .. }
        | AIError::ServiceUnavailable(_)
        | AIError::DeadlineExceeded { .. } => {
            if failed_attempts + 1 < TRIES {
                AfterError::Postpone(wait(failed_attempts, error.retry_after()))
            } else {
                AfterError::Say(ServerSentence::Safe)
            }
        }
        // Ours to mend; the customer is not left without a word.
        _ => AfterError::Say(ServerSentence::Safe),
    }
}

/// The wait after a failure: doubles with each before it, and is never shorter than what was asked for.
pub(crate) fn wait(failed_attempts: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failed_attempts.min(16));
    doubled.max(asked.unwrap_or_default()).min(LONGEST_WAIT)
}

/// True where the failure is a mistake of ours that somebody must look at.
pub(crate) fn is_our_mistake(error: &AIError) -> bool {
    matches!(
        error,
        AIError::InvalidRequest(_)
            | AIError::Conflict(_)
            | AIError::NotFound { .. }
            | AIError::UserNotFound
            | AIError::TokenLimitExceeded { .. }
            | AIError::Configuration(_)
    )
}

#[cfg(test)]
mod tests {
    use pytake_assistant::budget::BudgetScope;
    use pytake_assistant::error::StorageError;

    use super::*;

    fn seconds(of: &AfterError) -> Option<u64> {
        match of {
            AfterError::Postpone(wait) => Some(wait.as_secs()),
            AfterError::Defer(_) | AfterError::Say(_) | AfterError::SayLimit => None,
        }
    }

    #[test]
    fn a_turn_that_may_succeed_later_is_tried_five_times() {
        let error = AIError::ProviderError { attempts: Vec::new() };
        let waits: Vec<_> = (0..4).map(|failed| seconds(&after_error(&error, failed))).collect();
        assert_eq!(waits, [Some(2), Some(4), Some(8), Some(16)]);
        assert_eq!(after_error(&error, 4), AfterError::Say(ServerSentence::Safe));
        assert_eq!(after_error(&error, u32::MAX - 1), AfterError::Say(ServerSentence::Safe));
    }

    #[test]
    fn a_database_that_is_down_is_waited_for() {
        let error = AIError::Storage(StorageError::new("record the turn", "disk full"));
        assert_eq!(seconds(&after_error(&error, 0)), Some(2));
        assert_eq!(seconds(&after_error(&error, 4)), Some(32));
        assert_eq!(seconds(&after_error(&error, 400)), Some(60));
    }

    #[test]
    fn a_rate_limit_names_its_own_wait_within_bounds() {
        let limited = |retry_after| AIError::RateLimitExceeded { scope: LimitScope::Provider, retry_after };
        assert_eq!(seconds(&after_error(&limited(Duration::from_secs(7)), 0)), Some(7));
        assert_eq!(seconds(&after_error(&limited(Duration::from_hours(7)), 0)), Some(60));
    }

    #[test]
    fn a_limit_of_the_tenants_is_waited_for_and_never_told() {
        for scope in [LimitScope::Tenant, LimitScope::User, LimitScope::Server] {
            let limited = |retry_after| AIError::RateLimitExceeded { scope, retry_after };
            let wait = Duration::from_secs(90);
            for failed_attempts in [0, 4, 100] {
                assert_eq!(after_error(&limited(wait), failed_attempts), AfterError::Defer(wait));
            }
            assert_eq!(after_error(&limited(Duration::ZERO), 0), AfterError::Defer(SHORTEST_DEFERRAL));
        }
    }

    #[test]
    fn what_the_filter_stopped_is_answered_with_its_sentence() {
        let error = AIError::ContentFilterViolation {
            categories: Vec::new(),
            fallback_response: "Posso ajudar com outra coisa?".to_owned(),
            stopped_by: "local".to_owned(),
        };
        let said = ServerSentence::Verbatim("Posso ajudar com outra coisa?".to_owned());
        assert_eq!(after_error(&error, 0), AfterError::Say(said));
    }

    #[test]
    fn a_limit_is_told_and_a_mistake_of_ours_is_not() {
        let day = AIError::DailyLimitExceeded { limit: 1, retry_after: Duration::ZERO };
        assert_eq!(after_error(&day, 0), AfterError::SayLimit);
        assert_eq!(
            after_error(
                &AIError::BudgetExceeded { scope: BudgetScope::TenantMonth, retry_after: Duration::ZERO },
                0
            ),
            AfterError::SayLimit
        );
        let mistake = AIError::invalid("context", "is too long");
        assert_eq!(after_error(&mistake, 0), AfterError::Say(ServerSentence::Safe));
        assert!(is_our_mistake(&mistake) && !is_our_mistake(&day));
    }
}
