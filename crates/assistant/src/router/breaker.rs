//! The circuit breaker: remembers that a provider does not work, so that nobody waits to find out again.
//!
//! Closed: calls pass. Open: calls are refused for a pause. When the pause is over exactly one call passes
//! as a probe ("half-open"); its outcome closes the breaker or opens it for twice as long. Pure: time and
//! jitter are passed in.

use std::time::Duration;

use serde::Serialize;

use crate::provider::{FailureKind, ProviderFailure};

/// The longest bench a vendor's `Retry-After` is obeyed for; a raised limit is noticed after it.
const LONGEST_BENCH: Duration = Duration::from_hours(1);

/// When the breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row that open it. At least 1.
    pub failures_to_open: u32,
    /// The first pause; each further one is twice as long.
    pub first_pause: Duration,
    /// The longest pause, and the first one where waiting mends nothing (key, billing, model).
    pub longest_pause: Duration,
}

impl Default for BreakerConfig {
    /// 3 failures, 5 seconds to 5 minutes: a hanging primary costs three callers their share of the
    /// deadline, and a mended one is back within five minutes.
    fn default() -> Self {
        Self {
            failures_to_open: 3,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_mins(5),
        }
    }
}

/// What the breaker looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// The pause is over; one probe may pass or is out.
    HalfOpen,
}

/// The breaker's word on one more call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// It may go.
    Pass,
    /// It may go as the probe; whoever takes it must settle or abandon it.
    Probe,
    /// It may not go.
    Refuse {
        /// When a probe may go; `None` while one is out.
        until: Option<Duration>,
        /// True where the vendor named the time itself (429), so that waiting for it makes sense.
        is_bench: bool,
    },
}

/// What a finished call says about the provider's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It works.
    Healthy,
    /// It answered, but to a request that was itself at fault: says nothing about the next one.
    Answered,
    /// The call ended before it could show anything.
    NoVerdict,
    /// It failed; several in a row open the breaker.
    Failure,
    /// It wants to be left alone, for as long as it says.
    Bench(Option<Duration>),
    /// It will not work until somebody mends it.
    Broken,
}

impl Effect {
    /// Reads a failure. An incomplete answer with a bill was finished by the vendor: the caller's token limit
    /// was too small, and that must not bench the provider for everybody.
    pub(crate) fn of(failure: &ProviderFailure) -> Self {
        match failure.kind {
            FailureKind::BadRequest | FailureKind::ContextTooLong | FailureKind::Refused => Self::Answered,
            FailureKind::Auth | FailureKind::Billing | FailureKind::ModelNotFound => Self::Broken,
            FailureKind::RateLimited => Self::Bench(failure.retry_after),
            FailureKind::Incomplete if failure.usage.is_some() => Self::Answered,
            FailureKind::Overloaded
            | FailureKind::ServerError
            | FailureKind::Incomplete
            | FailureKind::Malformed
            | FailureKind::Timeout
            | FailureKind::Connect => Self::Failure,
        }
    }

    /// Whether it counts as the provider's error in its statistics.
    pub(crate) fn is_error(self) -> bool {
        match self {
            Self::Failure | Self::Bench(_) | Self::Broken => true,
            Self::Healthy | Self::Answered | Self::NoVerdict => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Duration, is_bench: bool },
    Probing { since: Duration, is_bench: bool },
}

/// The memory about one model of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    state: State,
    /// Openings since it was last closed; the exponent of the pause.
    openings: u32,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { state: State::Closed { failures: 0 }, openings: 0 }
    }

    /// True while there is nothing to remember.
    pub(crate) fn is_untroubled(&self) -> bool {
        *self == Self::new()
    }

    pub(crate) fn state(&self, now: Duration) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } if now < until => BreakerState::Open,
            State::Open { .. } | State::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// What is left of the pause.
    pub(crate) fn open_for(&self, now: Duration) -> Duration {
        match self.state {
            State::Open { until, .. } => until.saturating_sub(now),
            State::Closed { .. } | State::Probing { .. } => Duration::ZERO,
        }
    }

    /// Whether a call might go, without taking the probe.
    pub(crate) fn permission(&self, now: Duration) -> Permission {
        match self.state {
            State::Closed { .. } => Permission::Pass,
            State::Open { until, .. } if now >= until => Permission::Probe,
            State::Open { until, is_bench } => Permission::Refuse { until: Some(until), is_bench },
            State::Probing { is_bench, .. } => Permission::Refuse { until: None, is_bench },
        }
    }

    /// Lets a call go, or not. A [`Permission::Probe`] is now taken.
    pub(crate) fn admit(&mut self, now: Duration) -> Permission {
        let permission = self.permission(now);
        if let (Permission::Probe, State::Open { is_bench, .. }) = (permission, self.state) {
            self.state = State::Probing { since: now, is_bench };
        }
        permission
    }

    /// Learns how an admitted call ended. Calls that were admitted before the breaker opened change nothing
    /// any more: sixty-four of them timing out together are one opening, not sixty-four.
    pub(crate) fn settle(
        &mut self,
        is_probe: bool,
        effect: Effect,
        now: Duration,
        config: &BreakerConfig,
        jitter: f64,
    ) {
        let failures = match (is_probe, self.state) {
            (false, State::Closed { failures }) => failures,
            (true, State::Probing { .. }) => config.failures_to_open,
            (false, State::Open { .. } | State::Probing { .. })
            | (true, State::Closed { .. } | State::Open { .. }) => return,
        };
        match effect {
            Effect::Healthy => *self = Self::new(),
            Effect::Answered if is_probe => *self = Self::new(),
            Effect::Answered => {}
            Effect::NoVerdict => self.abandon(is_probe),
            Effect::Failure if failures + 1 < config.failures_to_open => {
                self.state = State::Closed { failures: failures + 1 };
            }
            Effect::Failure | Effect::Bench(None) => self.open(now, self.pause(config, jitter), false),
            Effect::Bench(Some(wish)) => self.open(now, wish.min(LONGEST_BENCH), true),
            Effect::Broken => self.open(now, config.longest_pause, false),
        }
    }

    /// Learns that an admitted call was dropped: the next one may probe instead.
    pub(crate) fn abandon(&mut self, is_probe: bool) {
        if let (true, State::Probing { since, is_bench }) = (is_probe, self.state) {
            self.state = State::Open { until: since, is_bench };
        }
    }

    fn open(&mut self, now: Duration, pause: Duration, is_bench: bool) {
        self.state = State::Open { until: now.saturating_add(pause), is_bench };
        self.openings = self.openings.saturating_add(1);
    }

    /// Doubles from the first pause to the longest; jitter (0 to 1) shortens it by up to a quarter, so that
    /// replicas do not probe together.
    fn pause(&self, config: &BreakerConfig, jitter: f64) -> Duration {
        let doubled = config.first_pause.saturating_mul(2_u32.saturating_pow(self.openings));
        doubled.min(config.longest_pause).mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: BreakerConfig = BreakerConfig {
        failures_to_open: 3,
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_mins(5),
    };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn opened_at_zero() -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..3 {
            breaker.settle(false, Effect::Failure, Duration::ZERO, &CONFIG, 0.0);
        }
        breaker
    }

    #[test]
    fn the_third_failure_in_a_row_opens_it() {
        let mut breaker = Breaker::new();
        for effect in [Effect::Failure, Effect::Failure, Effect::Healthy, Effect::Failure, Effect::Failure] {
            breaker.settle(false, effect, Duration::ZERO, &CONFIG, 0.0);
            assert_eq!(breaker.state(Duration::ZERO), BreakerState::Closed);
        }
        breaker.settle(false, Effect::Failure, Duration::ZERO, &CONFIG, 0.0);
        assert_eq!(breaker.state(Duration::ZERO), BreakerState::Open);
        assert_eq!(breaker.open_for(Duration::ZERO), seconds(5));
    }

    #[test]
    fn a_request_at_fault_counts_neither_for_nor_against() {
        let mut breaker = Breaker::new();
        for effect in [Effect::Failure, Effect::Failure, Effect::Answered, Effect::Failure] {
            breaker.settle(false, effect, Duration::ZERO, &CONFIG, 0.0);
        }
        assert_eq!(breaker.state(Duration::ZERO), BreakerState::Open);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut breaker = opened_at_zero();
        let mut now = Duration::ZERO;
        let mut pauses = vec![breaker.open_for(now).as_secs()];
        for _ in 0..7 {
            now += breaker.open_for(now);
            assert_eq!(breaker.admit(now), Permission::Probe);
            breaker.settle(true, Effect::Failure, now, &CONFIG, 0.0);
            pauses.push(breaker.open_for(now).as_secs());
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn only_one_probe_passes() {
        let mut breaker = opened_at_zero();
        assert_eq!(breaker.admit(seconds(5)), Permission::Probe);
        assert_eq!(breaker.admit(seconds(5)), Permission::Refuse { until: None, is_bench: false });
        breaker.settle(true, Effect::Healthy, seconds(6), &CONFIG, 0.0);
        assert_eq!(breaker.admit(seconds(6)), Permission::Pass);
        assert!(breaker.is_untroubled());
    }

    #[test]
    fn a_dropped_probe_leaves_room_for_the_next() {
        let mut breaker = opened_at_zero();
        assert_eq!(breaker.admit(seconds(5)), Permission::Probe);
        breaker.abandon(true);
        assert_eq!(breaker.admit(seconds(5)), Permission::Probe);
    }

    #[test]
    fn a_wrong_key_opens_it_at_once_and_for_long() {
        let mut breaker = Breaker::new();
        breaker.settle(false, Effect::Broken, Duration::ZERO, &CONFIG, 0.0);
        assert_eq!(breaker.open_for(Duration::ZERO), seconds(300));
    }

    #[test]
    fn a_rate_limit_benches_for_as_long_as_the_vendor_says() {
        let mut breaker = Breaker::new();
        breaker.settle(false, Effect::Bench(Some(seconds(2))), Duration::ZERO, &CONFIG, 0.0);
        assert_eq!(
            breaker.permission(seconds(1)),
            Permission::Refuse { until: Some(seconds(2)), is_bench: true }
        );
        assert_eq!(breaker.permission(seconds(2)), Permission::Probe);
    }

    #[test]
    fn calls_from_before_the_opening_change_nothing() {
        let mut breaker = opened_at_zero();
        let before = breaker;
        for effect in [Effect::Failure, Effect::Healthy, Effect::Broken] {
            breaker.settle(false, effect, seconds(1), &CONFIG, 0.0);
        }
        assert_eq!(breaker, before);
    }

    #[test]
    fn a_small_token_limit_does_not_bench_the_provider() {
        let mut failure = ProviderFailure::new(FailureKind::Incomplete, "nothing but reasoning");
        assert_eq!(Effect::of(&failure), Effect::Failure);
        failure.usage = Some(crate::money::TokenUsage::default());
        assert_eq!(Effect::of(&failure), Effect::Answered);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Pass(u64),
        Ask,
        End(usize, Effect),
        Drop(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let effect = prop_oneof![
            1 => Just(Effect::Healthy),
            1 => Just(Effect::Answered),
            1 => Just(Effect::NoVerdict),
            4 => Just(Effect::Failure),
            1 => (0_u64..10_000).prop_map(|s| Effect::Bench(Some(seconds(s)))),
            1 => Just(Effect::Bench(None)),
            1 => Just(Effect::Broken),
        ];
        let event = prop_oneof![
            1 => (0_u64..400).prop_map(Event::Pass),
            3 => Just(Event::Ask),
            3 => (any::<usize>(), effect).prop_map(|(call, effect)| Event::End(call, effect)),
            1 => any::<usize>().prop_map(Event::Drop),
        ];
        prop::collection::vec(event, 1..200)
    }

    proptest! {
        #[test]
        fn whatever_happens_one_probe_is_out_and_every_refusal_ends(events in events(), jitter in 0.0..1.0) {
            let mut breaker = Breaker::new();
            let mut now = Duration::ZERO;
            let mut calls: Vec<bool> = Vec::new();
            for event in events {
                match event {
                    Event::Pass(by) => now += seconds(by),
                    Event::Ask => match breaker.admit(now) {
                        Permission::Pass => calls.push(false),
                        Permission::Probe => calls.push(true),
                        Permission::Refuse { until: Some(until), .. } => {
                            prop_assert!(until > now && until <= now + LONGEST_BENCH);
                        }
                        Permission::Refuse { until: None, .. } => {
                            prop_assert!(calls.contains(&true), "refused for a probe that is not out");
                        }
                    },
                    Event::End(call, effect) if !calls.is_empty() => {
                        let is_probe = calls.swap_remove(call % calls.len());
                        breaker.settle(is_probe, effect, now, &CONFIG, jitter);
                        if is_probe && effect == Effect::Healthy {
                            prop_assert_eq!(breaker.permission(now), Permission::Pass);
                        }
                        if is_probe && effect == Effect::Failure {
                            prop_assert_eq!(breaker.state(now), BreakerState::Open);
                        }
                    }
                    Event::Drop(call) if !calls.is_empty() => {
                        let is_probe = calls.swap_remove(call % calls.len());
                        breaker.abandon(is_probe);
                    }
                    Event::End(..) | Event::Drop(_) => {}
                }
                prop_assert!(calls.iter().filter(|is_probe| **is_probe).count() <= 1);
            }
        }
    }
}
