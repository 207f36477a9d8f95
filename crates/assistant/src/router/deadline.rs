//! One deadline and one budget of upstream calls for a whole turn, whatever happens on the way. Pure.

use std::time::Duration;

/// Kept back for the local provider, or a quarter of a shorter deadline; it needs milliseconds, and a slow
/// machine is the reason it might need more.
const LOCAL_RESERVE: Duration = Duration::from_millis(500);
/// An attempt gets at least this much of what is left: less is not enough for any vendor to answer.
const SHORTEST_SHARE: Duration = Duration::from_millis(250);
/// With less than this no upstream call is started.
const TOO_LITTLE: Duration = Duration::from_millis(50);

/// What is left of a turn's time and upstream calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    ends_at: Duration,
    reserve: Duration,
    calls_left: u32,
}

impl Budget {
    /// `ends_at` and `now` are readings of the same clock.
    pub(crate) fn new(now: Duration, ends_at: Duration, calls: u32, keeps_time_for_local: bool) -> Self {
        let whole = ends_at.saturating_sub(now);
        let reserve = if keeps_time_for_local { LOCAL_RESERVE.min(whole / 4) } else { Duration::ZERO };
        Self { ends_at, reserve, calls_left: calls }
    }

    /// Time until the deadline.
    pub(crate) fn left(&self, now: Duration) -> Duration {
        self.ends_at.saturating_sub(now)
    }

    /// Time that upstream calls and waiting for them may take.
    pub(crate) fn left_for_remote(&self, now: Duration) -> Duration {
        self.left(now).saturating_sub(self.reserve)
    }

    pub(crate) fn calls_left(&self) -> u32 {
        self.calls_left
    }

    /// Whether one more upstream call may start.
    pub(crate) fn allows_a_call(&self, now: Duration) -> bool {
        self.calls_left > 0 && self.left_for_remote(now) >= TOO_LITTLE
    }

    /// How long the next upstream call may take when `candidates` providers, itself included, could still be
    /// asked: an equal share, so that a hanging first one leaves time for the second.
    pub(crate) fn share(&self, now: Duration, candidates: usize) -> Duration {
        let calls = u32::try_from(candidates).unwrap_or(u32::MAX).min(self.calls_left).max(1);
        let left = self.left_for_remote(now);
        (left / calls).max(SHORTEST_SHARE).min(left)
    }

    /// Counts an upstream call.
    pub(crate) fn spend(&mut self) {
        self.calls_left = self.calls_left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_hanging_first_provider_leaves_half_for_the_second() {
        let mut budget = Budget::new(ms(0), ms(30_000), 3, true);
        assert_eq!(budget.share(ms(0), 2), ms(14_750));
        budget.spend();
        assert_eq!(budget.share(ms(14_750), 1), ms(14_750));
        assert!(!budget.allows_a_call(ms(29_500)));
        assert_eq!(budget.left(ms(29_500)), ms(500));
    }

    #[test]
    fn shares_are_cut_by_the_calls_left_not_by_the_providers() {
        let mut budget = Budget::new(ms(0), ms(30_000), 3, false);
        assert_eq!(budget.share(ms(0), 10), ms(10_000));
        budget.spend();
        budget.spend();
        assert_eq!(budget.share(ms(0), 10), ms(30_000));
        budget.spend();
        assert!(!budget.allows_a_call(ms(0)));
    }

    #[test]
    fn a_short_deadline_still_reaches_the_second_provider() {
        let budget = Budget::new(ms(0), ms(1_000), 3, true);
        assert_eq!(budget.share(ms(0), 2), ms(375));
        assert_eq!(budget.share(ms(600), 2), ms(150));
    }

    #[test]
    fn nothing_is_left_after_the_deadline() {
        let budget = Budget::new(ms(5), ms(1), 3, true);
        assert_eq!(budget.left(ms(5)), Duration::ZERO);
        assert!(!budget.allows_a_call(ms(5)));
    }
}
