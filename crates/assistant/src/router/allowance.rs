//! What a provider may be asked for: requests and tokens a minute, calls at the same time. Pure.
//!
//! Tokens are taken before the call, prompt and longest answer together, and corrected by what the vendor counted.

use std::time::Duration;

use super::ProviderAllowance;
use crate::limits::{Taken, Window};

/// How long a call takes at a provider of which nothing is known: about a short answer of a small model.
const CALL_GUESS: Duration = Duration::from_secs(1);

/// The limits, and what is used of them.
#[derive(Debug)]
pub(crate) struct Allowance {
    requests_per_minute: Option<u32>,
    limits: ProviderAllowance,
    requests: Window,
    tokens: Window,
}

/// Tokens that a call has taken; `None` where nobody counts them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reserved(Option<Taken>);

impl Allowance {
    pub(crate) fn new(requests_per_minute: Option<u32>, limits: ProviderAllowance) -> Self {
        Self { requests_per_minute, limits, requests: Window::default(), tokens: Window::default() }
    }

    pub(crate) fn limits(&self) -> ProviderAllowance {
        self.limits
    }

    pub(crate) fn is_unlimited(&self) -> bool {
        self.requests_per_minute.is_none() && self.limits == ProviderAllowance::default()
    }

    /// Takes everything that one call needs, or says how long something is missing.
    pub(crate) fn try_take(
        &mut self,
        now: Duration,
        tokens: u64,
        in_flight: usize,
        typical: Option<Duration>,
    ) -> Result<Reserved, Duration> {
        let wait = self.wait(now, 0, tokens, in_flight, typical);
        if !wait.is_zero() {
            return Err(wait);
        }
        if self.requests_per_minute.is_some() {
            self.requests.take(now, 1);
        }
        let counted = self.limits.tokens_per_minute.is_some();
        Ok(Reserved(counted.then(|| self.tokens.take(now, tokens))))
    }

    /// Says what a call used of the tokens it took; `None`: nobody knows, and they stay taken.
    pub(crate) fn settle(&mut self, reserved: Reserved, used: Option<u64>) {
        if let (Reserved(Some(taken)), Some(used)) = (reserved, used) {
            self.tokens.correct(taken, used);
        }
    }

    /// How long a call waits when `ahead` others go before it; of those it is assumed that they are as long.
    pub(crate) fn wait(
        &self,
        now: Duration,
        ahead: usize,
        tokens: u64,
        in_flight: usize,
        typical: Option<Duration>,
    ) -> Duration {
        let before = ahead as u64;
        let for_requests =
            self.requests_per_minute.map(|quota| self.requests.wait(now, quota.into(), before, 1));
        let for_tokens = self.limits.tokens_per_minute.map(|quota| {
            let tokens = tokens.clamp(1, u64::from(quota).max(1));
            self.tokens.wait(now, quota.into(), before.saturating_mul(tokens), tokens)
        });
        let for_place = self.limits.concurrent_calls.map(|most| {
            let most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
            rounds(ahead, most, in_flight) * typical.unwrap_or(CALL_GUESS).max(Duration::from_millis(1))
        });
        for_requests.max(for_tokens).max(for_place).unwrap_or_default()
    }
}

/// How many calls' times pass until there is a place.
fn rounds(ahead: usize, most: usize, in_flight: usize) -> u32 {
    let free = most.saturating_sub(in_flight);
    let missing = (ahead + 1).saturating_sub(free);
    u32::try_from(missing.div_ceil(most)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn allowance(tokens: Option<u32>, calls: Option<u32>) -> Allowance {
        let limits = ProviderAllowance { tokens_per_minute: tokens, concurrent_calls: calls };
        Allowance::new(Some(100), limits)
    }

    #[test]
    fn tokens_are_taken_whole_and_what_was_not_needed_comes_back() {
        let mut allowance = allowance(Some(1_000), None);
        let first = allowance.try_take(seconds(0), 800, 0, None).unwrap();
        assert_eq!(allowance.try_take(seconds(10), 300, 1, None).unwrap_err(), seconds(50));
        allowance.settle(first, Some(100));
        let second = allowance.try_take(seconds(10), 900, 1, None).unwrap();
        allowance.settle(second, None);
        assert_eq!(allowance.wait(seconds(20), 0, 100, 0, None), seconds(40));
    }

    #[test]
    fn what_is_refused_for_one_reason_takes_nothing_of_the_others() {
        let mut allowance = allowance(Some(1_000), Some(1));
        allowance.try_take(seconds(0), 100, 0, None).unwrap();
        for _ in 0..200 {
            assert!(allowance.try_take(seconds(1), 100, 1, None).is_err());
        }
        for _ in 0..9 {
            allowance.try_take(seconds(1), 100, 0, None).unwrap();
        }
    }

    #[test]
    fn a_place_is_waited_for_as_long_as_calls_take() {
        let allowance = allowance(None, Some(2));
        let wait = |ahead, in_flight| allowance.wait(seconds(0), ahead, 1, in_flight, Some(seconds(3)));
        assert_eq!(
            [wait(0, 0), wait(1, 0), wait(0, 2), wait(1, 2), wait(2, 2)].map(|w| w.as_secs()),
            [0, 0, 3, 3, 6]
        );
    }

    #[test]
    fn a_call_longer_than_the_quota_goes_when_nothing_else_did() {
        let mut allowance = allowance(Some(1_000), None);
        allowance.try_take(seconds(0), 5_000, 0, None).unwrap();
        assert_eq!(allowance.wait(seconds(1), 0, 1, 0, None), seconds(59));
        allowance.try_take(seconds(60), 5_000, 0, None).unwrap();
    }
}
