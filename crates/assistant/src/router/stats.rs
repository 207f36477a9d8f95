//! What is known about a provider's recent speed and errors: a small ring, no histogram. Pure.

use std::time::Duration;

/// Latencies kept: enough for a 95th percentile that one outlier does not decide.
const RING: usize = 128;
/// Calls the error rate looks back on, one bit each.
const OUTCOMES: u32 = 100;
/// Weight of the newest latency in the running mean.
const NEWEST: f64 = 0.2;

/// Recent calls to one provider.
#[derive(Debug)]
pub(crate) struct Stats {
    latencies_ms: [u32; RING],
    latencies_seen: usize,
    mean_ms: f64,
    /// The newest outcome is the lowest bit; 1 is an error.
    outcomes: u128,
    outcomes_seen: u32,
    /// Calls running now.
    pub(crate) in_flight: usize,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self {
            latencies_ms: [0; RING],
            latencies_seen: 0,
            mean_ms: 0.0,
            outcomes: 0,
            outcomes_seen: 0,
            in_flight: 0,
        }
    }

    /// Records a complete answer.
    pub(crate) fn answered(&mut self, took: Duration) {
        self.outcome(false);
        let ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        self.latencies_ms[self.latencies_seen % RING] = ms;
        let weight = if self.latencies_seen == 0 { 1.0 } else { NEWEST };
        self.mean_ms += weight * (took.as_secs_f64() * 1_000.0 - self.mean_ms);
        self.latencies_seen += 1;
    }

    /// Records a failure of the provider.
    pub(crate) fn failed(&mut self) {
        self.outcome(true);
    }

    fn outcome(&mut self, is_error: bool) {
        let last = (1_u128 << OUTCOMES) - 1;
        self.outcomes = ((self.outcomes << 1) | u128::from(is_error)) & last;
        self.outcomes_seen = (self.outcomes_seen + 1).min(OUTCOMES);
    }

    /// What an answer usually takes (exponentially weighted mean); `None` before the first one.
    pub(crate) fn typical(&self) -> Option<Duration> {
        (self.latencies_seen > 0).then(|| Duration::from_secs_f64(self.mean_ms / 1_000.0))
    }

    /// The latency that `percent` of the recent answers did not exceed (nearest rank); `None` without any.
    pub(crate) fn percentile_ms(&self, percent: usize) -> Option<u32> {
        let mut sorted = self.latencies_ms[..self.latencies_seen.min(RING)].to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    /// Errors among the last 100 calls, 0 to 1; 0 before the first.
    pub(crate) fn error_rate(&self) -> f64 {
        f64::from(self.outcomes.count_ones()) / f64::from(self.outcomes_seen.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_before_the_first_call() {
        let stats = Stats::new();
        assert_eq!((stats.typical(), stats.percentile_ms(50)), (None, None));
        assert!(stats.error_rate().abs() < f64::EPSILON);
    }

    #[test]
    fn percentiles_are_of_the_recent_answers_only() {
        let mut stats = Stats::new();
        for _ in 0..1_000 {
            stats.answered(Duration::from_secs(9));
        }
        for ms in 1..=128 {
            stats.answered(Duration::from_millis(ms));
        }
        assert_eq!((stats.percentile_ms(50), stats.percentile_ms(95)), (Some(64), Some(122)));
    }

    #[test]
    fn the_error_rate_forgets_after_a_hundred_calls() {
        let mut stats = Stats::new();
        stats.failed();
        stats.answered(Duration::from_millis(1));
        assert!((stats.error_rate() - 0.5).abs() < 1e-9);
        for _ in 0..100 {
            stats.answered(Duration::from_millis(1));
        }
        assert!(stats.error_rate().abs() < f64::EPSILON);
    }

    #[test]
    fn the_typical_latency_follows_a_change() {
        let mut stats = Stats::new();
        stats.answered(Duration::from_millis(100));
        assert_eq!(stats.typical(), Some(Duration::from_millis(100)));
        for _ in 0..30 {
            stats.answered(Duration::from_secs(1));
        }
        assert!(stats.typical().unwrap() > Duration::from_millis(950));
    }
}
