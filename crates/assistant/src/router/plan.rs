//! Who is asked next, and what a failure means for that. Pure.

use std::time::Duration;

use super::breaker::Permission;
use crate::provider::FailureKind;

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The same provider once more after a short pause, where time and budget allow; then the next.
    SameOnce,
    /// The next provider at once.
    Another,
    /// Only a provider whose model takes longer prompts.
    LargerContextOnly,
    /// Nobody: the request itself is at fault, or the answer is a refusal.
    Stop,
}

/// Reads a failure: whose fault was it?
pub(crate) fn after(kind: FailureKind) -> Next {
    match kind {
        FailureKind::BadRequest | FailureKind::Refused => Next::Stop,
        FailureKind::ContextTooLong => Next::LargerContextOnly,
        FailureKind::Overloaded | FailureKind::ServerError | FailureKind::Connect => Next::SameOnce,
        FailureKind::Auth
        | FailureKind::Billing
        | FailureKind::ModelNotFound
        | FailureKind::RateLimited
        | FailureKind::Incomplete
        | FailureKind::Malformed
        | FailureKind::Timeout => Next::Another,
    }
}

/// A provider of the turn's chain, as it looks now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) is_local: bool,
    /// Already failed this turn in a way that excludes it.
    pub(crate) is_out: bool,
    /// Its model takes prompts of this length.
    pub(crate) fits: bool,
    pub(crate) permission: Permission,
    /// Predicted wait for its quota; `None`: its queue is full.
    pub(crate) wait: Option<Duration>,
    /// What its answers usually take; zero where nothing is known yet.
    pub(crate) need: Duration,
}

/// What the turn can still afford.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) now: Duration,
    /// The longest acceptable wait.
    pub(crate) patience: Duration,
    /// Upstream calls and time are left.
    pub(crate) may_call: bool,
    /// No probe was made by this turn yet: a turn pays for one at most, which keeps a total outage near one
    /// upstream call a turn however far apart the turns are.
    pub(crate) may_probe: bool,
}

/// What to do now. Indices are places in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Ask this one, waiting for its quota if need be.
    Call(usize),
    /// Sleep: this one is benched by its vendor for a time worth waiting for.
    Await { index: usize, wait: Duration },
    /// Nobody is left.
    Nobody(Shortage),
}

/// Why nobody is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// The prompt is too long for every model of the chain.
    TooLong,
    /// Someone would be there after this time.
    Busy(Duration),
    /// Everyone failed or is known to be broken.
    Exhausted,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) choice: Choice,
    /// A better placed provider whose pause is over: worth a small call beside the caller's own.
    pub(crate) probe_beside: Option<usize>,
}

/// Chooses from a chain, best first, the local provider last unless it was asked for by name.
pub(crate) fn choose(chain: &[Candidate], limits: &Limits) -> Plan {
    if chain.first().is_some_and(|first| first.is_local && !first.is_out) {
        return Plan { choice: Choice::Call(0), probe_beside: None };
    }
    if limits.may_call {
        if let Some(index) = soonest_in_order(chain, limits) {
            let is_probe_due = |c: &Candidate| c.is_usable() && c.permission == Permission::Probe;
            let probe_beside = chain[..index].iter().position(is_probe_due);
            return Plan { choice: Choice::Call(index), probe_beside };
        }
        if let Some(choice) = own_probe(chain, limits).or_else(|| bench_worth_waiting_for(chain, limits)) {
            return Plan { choice, probe_beside: None };
        }
    }
    let local = chain.iter().position(|c| c.is_local && !c.is_out && !is_too_long(chain));
    let choice = local.map_or_else(|| Choice::Nobody(shortage(chain, limits)), Choice::Call);
    Plan { choice, probe_beside: None }
}

/// Remote providers that would take a call now or within the turn's patience.
pub(crate) fn passing(chain: &[Candidate], limits: &Limits) -> usize {
    chain.iter().filter(|c| c.passes(limits)).count()
}

impl Candidate {
    fn is_usable(&self) -> bool {
        !self.is_local && !self.is_out && self.fits
    }

    fn is_within(&self, patience: Duration) -> bool {
        self.wait.is_some_and(|wait| wait <= patience)
    }

    fn passes(&self, limits: &Limits) -> bool {
        self.is_usable() && self.permission == Permission::Pass && self.is_within(limits.patience)
    }
}

/// The first in order, unless waiting for it takes longer than another needs for the whole answer.
fn soonest_in_order(chain: &[Candidate], limits: &Limits) -> Option<usize> {
    let passing = || chain.iter().enumerate().filter(|(_, c)| c.passes(limits));
    let wait = |c: &Candidate| c.wait.unwrap_or(Duration::MAX);
    let is_beaten = |index: usize, candidate: &Candidate| {
        passing().any(|(other, c)| other != index && wait(candidate) > wait(c).saturating_add(c.need))
    };
    passing().find(|(index, candidate)| !is_beaten(*index, candidate)).map(|(index, _)| index)
}

/// With nobody else to ask, the caller's own call is the probe.
fn own_probe(chain: &[Candidate], limits: &Limits) -> Option<Choice> {
    let is_due =
        |c: &Candidate| c.is_usable() && c.permission == Permission::Probe && c.is_within(limits.patience);
    let index = chain.iter().position(is_due)?;
    limits.may_probe.then_some(Choice::Call(index))
}

/// A vendor that named its time is waited for, once; one that is broken is not.
fn bench_worth_waiting_for(chain: &[Candidate], limits: &Limits) -> Option<Choice> {
    if !limits.may_probe {
        return None;
    }
    let benched = chain.iter().enumerate().filter(|(_, c)| c.is_usable());
    let waits = benched.filter_map(|(index, c)| Some((index, bench(c, limits.now)?)));
    let (index, wait) = waits.min_by_key(|(_, wait)| *wait)?;
    (wait <= limits.patience).then_some(Choice::Await { index, wait })
}

fn bench(candidate: &Candidate, now: Duration) -> Option<Duration> {
    match candidate.permission {
        Permission::Refuse { until: Some(until), is_bench: true } => Some(until.saturating_sub(now)),
        // Another call is finding out; it will know after about one answer's time.
        Permission::Refuse { until: None, is_bench: true } => Some(candidate.need.max(PROBE_GUESS)),
        Permission::Refuse { is_bench: false, .. } | Permission::Pass | Permission::Probe => None,
    }
}

/// How long a probe is waited for when nothing is known of the provider: about a short answer of a small model.
const PROBE_GUESS: Duration = Duration::from_secs(1);

fn is_too_long(chain: &[Candidate]) -> bool {
    let mut remote = chain.iter().filter(|c| !c.is_local).peekable();
    remote.peek().is_some() && remote.all(|c| !c.fits)
}

fn shortage(chain: &[Candidate], limits: &Limits) -> Shortage {
    if is_too_long(chain) {
        return Shortage::TooLong;
    }
    let usable = chain.iter().filter(|c| c.is_usable());
    let busy = usable.filter_map(|c| match c.permission {
        Permission::Pass => Some(c.wait.unwrap_or(limits.patience)),
        Permission::Probe | Permission::Refuse { .. } => bench(c, limits.now),
    });
    busy.min().map_or(Shortage::Exhausted, Shortage::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Candidate = Candidate {
        is_local: false,
        is_out: false,
        fits: true,
        permission: Permission::Pass,
        wait: Some(Duration::ZERO),
        need: Duration::ZERO,
    };
    const LOCAL: Candidate = Candidate { is_local: true, ..READY };
    const BROKEN: Candidate =
        Candidate { permission: Permission::Refuse { until: Some(seconds(30)), is_bench: false }, ..READY };
    const PROBE_DUE: Candidate = Candidate { permission: Permission::Probe, ..READY };
    const LIMITS: Limits = Limits { now: seconds(10), patience: seconds(5), may_call: true, may_probe: true };

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn waiting(wait: u64, need: u64) -> Candidate {
        Candidate { wait: Some(seconds(wait)), need: seconds(need), ..READY }
    }

    fn benched(until: u64) -> Candidate {
        Candidate { permission: Permission::Refuse { until: Some(seconds(until)), is_bench: true }, ..READY }
    }

    fn chosen(chain: &[Candidate]) -> Choice {
        choose(chain, &LIMITS).choice
    }

    #[test]
    fn the_first_that_works_is_asked() {
        assert_eq!(chosen(&[READY, READY, LOCAL]), Choice::Call(0));
        assert_eq!(chosen(&[BROKEN, READY, LOCAL]), Choice::Call(1));
        assert_eq!(chosen(&[Candidate { is_out: true, ..READY }, BROKEN, LOCAL]), Choice::Call(2));
    }

    #[test]
    fn local_comes_last_unless_it_was_put_first() {
        assert_eq!(chosen(&[LOCAL, READY]), Choice::Call(0));
        assert_eq!(chosen(&[Candidate { is_out: true, ..LOCAL }, READY]), Choice::Call(1));
    }

    #[test]
    fn a_turn_goes_elsewhere_when_waiting_takes_longer_than_another_answer() {
        assert_eq!(chosen(&[waiting(2, 1), waiting(0, 1)]), Choice::Call(1));
        assert_eq!(chosen(&[waiting(2, 1), waiting(0, 3)]), Choice::Call(0));
    }

    #[test]
    fn a_wait_beyond_patience_ends_at_local_or_says_when_to_come_back() {
        assert_eq!(chosen(&[waiting(6, 1), LOCAL]), Choice::Call(1));
        assert_eq!(chosen(&[waiting(6, 1)]), Choice::Nobody(Shortage::Busy(seconds(6))));
        assert_eq!(chosen(&[Candidate { wait: None, ..READY }, LOCAL]), Choice::Call(1));
    }

    #[test]
    fn a_probe_costs_the_caller_nothing_while_another_works() {
        let plan = choose(&[PROBE_DUE, READY, LOCAL], &LIMITS);
        assert_eq!(plan, Plan { choice: Choice::Call(1), probe_beside: Some(0) });
        let plan = choose(&[READY, PROBE_DUE, LOCAL], &LIMITS);
        assert_eq!(plan.probe_beside, None);
    }

    #[test]
    fn the_callers_own_call_is_the_probe_when_nobody_else_works_but_only_once() {
        assert_eq!(chosen(&[BROKEN, PROBE_DUE, LOCAL]), Choice::Call(1));
        let limits = Limits { may_probe: false, ..LIMITS };
        assert_eq!(choose(&[BROKEN, PROBE_DUE, LOCAL], &limits).choice, Choice::Call(2));
    }

    #[test]
    fn a_short_bench_is_waited_for_and_a_broken_provider_is_not() {
        assert_eq!(chosen(&[benched(12), LOCAL]), Choice::Await { index: 0, wait: seconds(2) });
        assert_eq!(chosen(&[benched(16), LOCAL]), Choice::Call(1));
        assert_eq!(chosen(&[benched(16)]), Choice::Nobody(Shortage::Busy(seconds(6))));
        assert_eq!(chosen(&[BROKEN]), Choice::Nobody(Shortage::Exhausted));
    }

    #[test]
    fn a_prompt_too_long_for_every_model_is_the_callers_problem() {
        let small = Candidate { fits: false, ..READY };
        assert_eq!(chosen(&[small, small, LOCAL]), Choice::Nobody(Shortage::TooLong));
        assert_eq!(chosen(&[small, READY, LOCAL]), Choice::Call(1));
        assert_eq!(chosen(&[small, BROKEN, LOCAL]), Choice::Call(2));
    }

    #[test]
    fn without_budget_only_local_is_left() {
        let limits = Limits { may_call: false, ..LIMITS };
        assert_eq!(choose(&[READY, LOCAL], &limits).choice, Choice::Call(1));
    }
}
