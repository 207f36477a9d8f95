//! Requests per minute, taken literally: never more than the quota in any 60 seconds.
//!
//! A sliding-window log. GCRA, which needs only one number, was weighed against it: with a burst of a whole
//! quota it lets through nearly twice the quota in its first minute, and with a smaller burst the first
//! customers wait although the quota is unused. The log costs eight bytes per call of the last minute. Pure.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE_MICROS: u64 = 60_000_000;

/// Calls of the last minute against a quota.
#[derive(Debug)]
pub(crate) struct Limiter {
    quota: usize,
    /// When each call of the last minute went, in microseconds, oldest first.
    taken: VecDeque<u64>,
}

impl Limiter {
    /// A quota of 0 is taken as 1: a provider nobody may call is switched off elsewhere.
    pub(crate) fn per_minute(quota: u32) -> Self {
        Self { quota: usize::try_from(quota.max(1)).unwrap_or(usize::MAX), taken: VecDeque::new() }
    }

    /// Takes a call out of the quota, or says how long there is none.
    pub(crate) fn try_take(&mut self, now: Duration) -> Result<(), Duration> {
        let now = micros(now);
        while self.taken.front().is_some_and(|at| at + MINUTE_MICROS <= now) {
            self.taken.pop_front();
        }
        match self.taken.front() {
            Some(oldest) if self.taken.len() >= self.quota => {
                Err(Duration::from_micros(oldest + MINUTE_MICROS - now))
            }
            _ => {
                self.taken.push_back(now);
                Ok(())
            }
        }
    }

    /// How long a call waits when `ahead` others go before it.
    pub(crate) fn wait(&self, now: Duration, ahead: usize) -> Duration {
        let now = micros(now);
        let expired = self.taken.iter().take_while(|at| *at + MINUTE_MICROS <= now).count();
        let free = self.quota - (self.taken.len() - expired);
        let whole_minutes = MINUTE_MICROS.saturating_mul((ahead / self.quota) as u64);
        let in_this_minute = match (ahead % self.quota).checked_sub(free) {
            None => 0,
            Some(place) => self.taken.get(expired + place).map_or(0, |at| at + MINUTE_MICROS - now),
        };
        Duration::from_micros(whole_minutes.saturating_add(in_this_minute))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX - MINUTE_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_whole_quota_may_go_at_once_and_then_waits_for_its_minute() {
        let mut limiter = Limiter::per_minute(2);
        let start = Duration::from_secs(7);
        assert_eq!(limiter.try_take(start), Ok(()));
        assert_eq!(limiter.try_take(start + Duration::from_secs(1)), Ok(()));
        assert_eq!(limiter.try_take(start + Duration::from_secs(2)), Err(Duration::from_secs(58)));
        assert_eq!(limiter.try_take(start + MINUTE), Ok(()));
        assert_eq!(limiter.try_take(start + MINUTE), Err(Duration::from_secs(1)));
    }

    #[test]
    fn the_wait_counts_those_ahead() {
        let mut limiter = Limiter::per_minute(2);
        limiter.try_take(Duration::ZERO).unwrap();
        let now = Duration::from_secs(10);
        let waits: Vec<u64> = (0..5).map(|ahead| limiter.wait(now, ahead).as_secs()).collect();
        // One slot is free, the other returns at 60 s; both again a minute later.
        assert_eq!(waits, [0, 50, 60, 110, 120]);
    }

    proptest! {
        #[test]
        fn no_minute_ever_sees_more_than_the_quota(
            quota in 1_u32..20,
            steps in prop::collection::vec(0_u64..9_000, 1..300),
        ) {
            let mut limiter = Limiter::per_minute(quota);
            let mut now = Duration::ZERO;
            let mut went: Vec<Duration> = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                let predicted = limiter.wait(now, 0);
                match limiter.try_take(now) {
                    Ok(()) => {
                        prop_assert_eq!(predicted, Duration::ZERO);
                        went.push(now);
                    }
                    Err(wait) => {
                        prop_assert_eq!(predicted, wait);
                        prop_assert!(wait > Duration::ZERO && wait <= MINUTE);
                    }
                }
                let in_window = went.iter().filter(|at| now < **at + MINUTE).count();
                prop_assert!(in_window <= quota as usize);
            }
        }

        #[test]
        fn an_unused_quota_is_never_refused(quota in 1_u32..50) {
            let mut limiter = Limiter::per_minute(quota);
            for _ in 0..quota {
                prop_assert_eq!(limiter.try_take(Duration::from_secs(1)), Ok(()));
            }
        }
    }
}
