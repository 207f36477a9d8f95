//! The way of one turn through the providers: plan, get in, call, judge; until there is an answer or nobody left.
//!
//! Decisions are `plan.rs` and `deadline.rs`; this file keeps what the turn has learnt between them.

mod outcome;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::outcome::{Step, kind_name, used_by, used_without_word};

use super::Inner;
use super::attempt::Attempt;
use super::breaker::Permission;
use super::call::{Billed, Earlier, RouteFailure, RouteFailureReason, RoutedCall};
use super::deadline::Budget;
use super::link::{Link, TurnedAway};
use super::plan::{self, Candidate, Choice, Limits, Shortage};
use crate::provider::CompletionRequest;
use crate::trail::AttemptRecord;

/// A provider on the way, with the model it would be asked for.
pub(crate) struct Stage {
    link: Arc<Link>,
    model: Arc<str>,
    /// The model's longest prompt, where known.
    context: Option<u64>,
    is_out: bool,
    is_retried: bool,
    is_repaired: bool,
}

impl Stage {
    pub(crate) fn new(link: Arc<Link>, model: Arc<str>, context: Option<u64>) -> Self {
        Self { link, model, context, is_out: false, is_retried: false, is_repaired: false }
    }
}

/// The same provider once more.
struct Again {
    index: usize,
    pause: Duration,
    request: CompletionRequest,
}

/// A turn's state between its calls.
pub(crate) struct Journey {
    inner: Arc<Inner>,
    call: RoutedCall,
    chain: Vec<Stage>,
    budget: Budget,
    /// What is left of the time a turn may wait for quotas and benches.
    patience: Duration,
    has_probed: bool,
    /// Set once a prompt was too long: only models that take more than this.
    longer_than: Option<u64>,
    /// Somebody would have been there after this time.
    busy: Option<Duration>,
    again: Option<Again>,
    attempts: Vec<AttemptRecord>,
    billed: Vec<Billed>,
}

impl Journey {
    /// Chooses the chain of a call.
    ///
    /// # Errors
    /// [`RouteFailureReason::UnknownProvider`], [`RouteFailureReason::NotAllowed`] and
    /// [`RouteFailureReason::NoProvider`].
    pub(crate) fn begin(inner: Arc<Inner>, mut call: RoutedCall) -> Result<Self, RouteFailure> {
        let Earlier { attempts, billed } = std::mem::take(&mut call.earlier);
        let mut chain: Vec<Stage> = match inner.chain(&call) {
            Ok(chain) => chain,
            Err(reason) => return Err(RouteFailure { reason, attempts, billed }),
        };
        chain.retain(|stage| stage.link.is_local() || call.covers(stage.link.provider.name(), &stage.model));
        if chain.is_empty() {
            return Err(RouteFailure { reason: RouteFailureReason::NoProvider, attempts, billed });
        }
        let has_failed = |stage: &Stage| {
            attempts.iter().any(|a| a.kind.is_some() && a.provider == stage.link.provider.name())
        };
        if chain.iter().any(|stage| !has_failed(stage)) {
            for stage in &mut chain {
                stage.is_out = has_failed(stage);
            }
        }
        let now = inner.shared.clock.elapsed();
        let has_local = chain.iter().any(|stage| stage.link.is_local());
        let used = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let calls = inner.config.max_attempts.saturating_sub(used);
        let budget = Budget::new(now, call.deadline, calls, has_local);
        Ok(Self {
            patience: inner.config.max_queue_wait,
            inner,
            call,
            chain,
            budget,
            has_probed: false,
            longer_than: None,
            busy: None,
            again: None,
            attempts,
            billed,
        })
    }

    fn now(&self) -> Duration {
        self.inner.shared.clock.elapsed()
    }

    /// The next call that may be made; waits for it where the plan says so.
    ///
    /// # Cancel safety
    /// Nothing is left behind in any provider when dropped.
    pub(crate) async fn next_attempt(&mut self) -> Result<Attempt, RouteFailure> {
        loop {
            let now = self.now();
            if self.budget.left(now).is_zero() {
                return Err(self.fail(RouteFailureReason::Deadline));
            }
            if let Some(again) = self.again.take() {
                match self.same_once_more(again).await {
                    Some(attempt) => return Ok(attempt),
                    None => continue,
                }
            }
            let plan = plan::choose(&self.candidates(), &self.limits(now));
            if let Some(index) = plan.probe_beside {
                self.inner.probe_beside(&self.chain[index].link, &self.chain[index].model);
            }
            match plan.choice {
                Choice::Call(index) => {
                    let request = self.call.request.clone();
                    if let Some(attempt) = self.enter(index, request).await {
                        return Ok(attempt);
                    }
                }
                Choice::Await { index, wait } => {
                    let stage = &self.chain[index];
                    if stage.link.bench_may_be_over(&stage.model, wait).await {
                        self.patience = self.patience.saturating_sub(wait);
                    }
                }
                Choice::Nobody(shortage) => return Err(self.nobody(shortage)),
            }
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let look = |stage: &Stage| {
            let outlook = stage.link.outlook(&stage.model, &self.call.need());
            Candidate {
                is_local: stage.link.is_local(),
                is_out: stage.is_out,
                fits: self.fits(stage),
                permission: outlook.permission,
                wait: outlook.wait,
                need: outlook.need,
            }
        };
        self.chain.iter().map(look).collect()
    }

    /// An unknown length fits until some model found the prompt too long.
    fn fits(&self, stage: &Stage) -> bool {
        match (stage.context, self.longer_than) {
            (Some(context), Some(longer_than)) => context > longer_than,
            (None, Some(_)) => false,
            (context, None) => context.is_none_or(|context| context >= self.call.input_tokens),
        }
    }

    fn limits(&self, now: Duration) -> Limits {
        Limits {
            now,
            patience: self.patience.min(self.budget.left_for_remote(now)),
            may_call: self.budget.allows_a_call(now),
            may_probe: !self.has_probed,
        }
    }

    /// Providers besides this one that would take the call.
    fn others(&self, index: usize, now: Duration) -> usize {
        let mut candidates = self.candidates();
        candidates[index].is_out = true;
        plan::passing(&candidates, &self.limits(now))
    }

    async fn enter(&mut self, index: usize, request: CompletionRequest) -> Option<Attempt> {
        let asked = self.now();
        let stage = &self.chain[index];
        let (link, model) = (Arc::clone(&stage.link), Arc::clone(&stage.model));
        let patience = self.limits(asked).patience;
        let passage = match link.enter(&model, &self.call.need(), patience).await {
            Ok(passage) => passage,
            Err(TurnedAway::Refused) => return None,
            Err(TurnedAway::Busy) => {
                let wait = link.outlook(&model, &self.call.need()).wait;
                self.busy = Some(wait.unwrap_or(self.inner.config.max_queue_wait));
                self.chain[index].is_out = true;
                return None;
            }
        };
        let now = self.now();
        let queued = now.saturating_sub(asked);
        self.patience = self.patience.saturating_sub(queued);
        let limit = if link.is_local() {
            self.budget.left(now)
        } else {
            self.budget.share(now, 1 + self.others(index, now))
        };
        if !link.is_local() {
            self.budget.spend();
            self.has_probed |= passage.is_probe();
        }
        let request = CompletionRequest { model: Arc::clone(&model), key: link.key.clone(), ..request };
        Some(Attempt { index, link, model, request, task: self.call.task, passage, limit, queued })
    }

    async fn same_once_more(&mut self, again: Again) -> Option<Attempt> {
        if !again.pause.is_zero() {
            tokio::time::sleep(again.pause).await;
        }
        let stage = &self.chain[again.index];
        let outlook = stage.link.outlook(&stage.model, &self.call.need());
        let is_ready = outlook.permission == Permission::Pass && outlook.wait == Some(Duration::ZERO);
        if is_ready && self.budget.allows_a_call(self.now()) {
            return self.enter(again.index, again.request).await;
        }
        self.chain[again.index].is_out = true;
        None
    }

    fn nobody(&mut self, shortage: Shortage) -> RouteFailure {
        let was_asked = !self.attempts.is_empty();
        let is_late = self.budget.left_for_remote(self.now()).is_zero();
        let reason = match (shortage, self.busy) {
            (Shortage::TooLong, _) => RouteFailureReason::ContextTooLong,
            (Shortage::Busy(_) | Shortage::Exhausted, _) if was_asked && is_late => {
                RouteFailureReason::Deadline
            }
            (Shortage::Busy(_) | Shortage::Exhausted, _) if was_asked => RouteFailureReason::AllFailed,
            (Shortage::Busy(retry_after), _) | (Shortage::Exhausted, Some(retry_after)) => {
                RouteFailureReason::QueueFull { retry_after }
            }
            (Shortage::Exhausted, None) => RouteFailureReason::NoProvider,
        };
        self.fail(reason)
    }

    fn fail(&mut self, reason: RouteFailureReason) -> RouteFailure {
        let attempts = std::mem::take(&mut self.attempts);
        RouteFailure { reason, attempts, billed: std::mem::take(&mut self.billed) }
    }

    /// Now, and the time left until the deadline.
    pub(crate) fn time(&self) -> (Duration, Duration) {
        let now = self.now();
        (now, self.budget.left(now))
    }
}
