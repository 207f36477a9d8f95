//! What a job does with an item that failed, and when it tells how far it is. Pure.

use std::time::Duration;

use pytake_assistant::AIError;
use pytake_store::{Job, JobState};

/// Tries of an item whose providers failed.
const MAX_TRIES: u32 = 3;

/// Tries of an item that only had to wait for its turn: with waits of a minute at most, about two hours.
const MAX_WAITS: u32 = 120;

/// The pause after the first failure of providers; it doubles. By then a breaker has probed the provider again.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// How long an item that failed waits before it is tried again; `None`: the failure is its result.
///
/// What is wrong with the request itself, and a day or a budget that is used up, stays so. Providers recover, and a rate
/// has room again.
pub(super) fn again_after(failure: &AIError, tries: u32) -> Option<Duration> {
    match failure {
        AIError::RateLimitExceeded { retry_after, .. } => {
            (tries < MAX_WAITS).then(|| (*retry_after).max(Duration::from_secs(1)))
        }
        AIError::ProviderError { .. } | AIError::DeadlineExceeded { .. } | AIError::Storage(_) => {
            (tries < MAX_TRIES).then(|| FIRST_PAUSE * 2_u32.saturating_pow(tries.saturating_sub(1)))
        }
        _ => None,
    }
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
    use pytake_assistant::error::LimitScope;
    use pytake_assistant::id::TenantId;

    use super::*;

    #[test]
    fn providers_get_three_tries_and_a_wrong_request_one() {
        let failed = AIError::ProviderError { attempts: Vec::new() };
        let waits: Vec<_> = (1..=3).map(|tries| again_after(&failed, tries)).collect();
        assert_eq!(waits, [Some(FIRST_PAUSE), Some(FIRST_PAUSE * 2), None]);
        assert_eq!(again_after(&AIError::invalid("message", "must not be empty"), 1), None);
    }

    #[test]
    fn a_rate_is_waited_for_as_long_as_it_says() {
        let wait = Duration::from_secs(7);
        let full = AIError::RateLimitExceeded { scope: LimitScope::Tenant, retry_after: wait };
        assert_eq!(again_after(&full, 50), Some(wait));
        assert_eq!(again_after(&full, MAX_WAITS), None);
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
