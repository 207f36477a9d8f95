//! What a job does with an item that failed, and when it tells how far it is. Pure.

use std::time::Duration;

use pytake_assistant::AIError;
use pytake_assistant::error::LimitScope;
use pytake_store::{Job, JobState};

/// Tries of an item whose providers failed.
const MAX_TRIES: u32 = 3;

/// Times an item is taken without anything coming of it, the process having died perhaps: then nobody tries any more.
const MAX_TAKES: u32 = 6;

/// The pause after the first failure of providers; it doubles. By then a breaker has probed the provider again.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// How long an item waits for its limits at most, from its job's arrival; then the refusal is its result. In a day a
/// limit of one request a minute lets a whole batch of 1,000 through.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The shortest and the longest wait for a limit before it is looked at again: it may have been changed.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// How long a suspended tenant's items wait before they are looked at again.
pub(super) const WHILE_SUSPENDED: Duration = Duration::from_mins(1);

/// What becomes of an item that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The failure is its result.
    Result,
    /// It is tried again after so long.
    Again(Duration),
    /// It only has to wait.
    Wait {
        wait: Duration,
        /// Whether all items of its tenant have to.
        is_tenants: bool,
    },
}

/// What becomes of an item that failed in this way. `age` is how long ago its job came.
///
/// What is wrong with the request itself, and a day or a budget that is used up, stays so. Providers recover, and a rate
/// has room again.
pub(super) fn after(failure: &AIError, tries: u32, age: Duration) -> Next {
    match failure {
        AIError::RateLimitExceeded { scope, retry_after } if age < LONGEST_WAIT => Next::Wait {
            wait: (*retry_after).clamp(SHORTEST, LONGEST),
            is_tenants: !matches!(scope, LimitScope::User | LimitScope::Conversation),
        },
        AIError::ProviderError { .. } | AIError::DeadlineExceeded { .. } | AIError::Storage(_)
            if tries < MAX_TRIES =>
        {
            Next::Again(FIRST_PAUSE * 2_u32.saturating_pow(tries.saturating_sub(1)))
        }
        _ => Next::Result,
    }
}

/// Whether an item was taken so often without a result that it is not asked any more.
pub(super) fn is_given_up(tries: u32) -> bool {
    tries > MAX_TAKES
}

/// Whether operators are told: at the end, and at each further tenth.
pub(super) fn is_worth_telling(job: &Job) -> bool {
    let tenth = |finished: u32| u64::from(finished) * 10 / u64::from(job.total.max(1));
    job.state == JobState::Done || tenth(job.finished) > tenth(job.finished.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pytake_assistant::Author;
    use pytake_assistant::id::TenantId;

    use super::*;

    #[test]
    fn providers_get_three_tries_and_a_wrong_request_one() {
        let failed = AIError::ProviderError { attempts: Vec::new() };
        let next: Vec<_> = (1..=3).map(|tries| after(&failed, tries, Duration::ZERO)).collect();
        assert_eq!(next, [Next::Again(FIRST_PAUSE), Next::Again(FIRST_PAUSE * 2), Next::Result]);
        let wrong = AIError::invalid("message", "must not be empty");
        assert_eq!(after(&wrong, 1, Duration::ZERO), Next::Result);
    }

    /// Waits were counted as tries: a batch of a tenant with few places at a time was given up after two minutes.
    #[test]
    fn a_limit_is_waited_for_as_long_as_it_takes_but_not_for_ever() {
        let full = |scope| AIError::RateLimitExceeded { scope, retry_after: Duration::from_secs(7) };
        let wait = |is_tenants| Next::Wait { wait: Duration::from_secs(7), is_tenants };
        for (scope, is_tenants) in [
            (LimitScope::Tenant, true),
            (LimitScope::Server, true),
            (LimitScope::Provider, true),
            (LimitScope::User, false),
            (LimitScope::Conversation, false),
        ] {
            assert_eq!(after(&full(scope), 5_000, Duration::from_hours(20)), wait(is_tenants));
        }
        assert_eq!(after(&full(LimitScope::Tenant), 1, LONGEST_WAIT), Next::Result);
        let long =
            AIError::RateLimitExceeded { scope: LimitScope::User, retry_after: Duration::from_hours(2) };
        let next = after(&long, 1, Duration::ZERO);
        assert_eq!(next, Next::Wait { wait: LONGEST, is_tenants: false }, "it may be raised meanwhile");
    }

    #[test]
    fn a_job_tells_at_each_tenth_and_at_its_end() {
        let job = |finished| Job {
            id: "j".to_owned(),
            tenant: TenantId::default_tenant(),
            author: Author::open(),
            state: if finished == 25 { JobState::Done } else { JobState::Open },
            total: 25,
            finished,
            failed: 0,
            created_at: Timestamp::UNIX_EPOCH,
            finished_at: None,
        };
        let told: Vec<u32> = (1..=25).filter(|finished| is_worth_telling(&job(*finished))).collect();
        assert_eq!(told, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]);
    }
}
