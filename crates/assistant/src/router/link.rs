//! One provider of the chain with everything the router remembers of it: breakers, quota, queue, figures.
//!
//! All state is behind one short lock that is never held across an await. Whoever was let in holds a
//! [`Passage`]; dropping it, as a cancelled caller does, gives back what it held.

mod breakers;
mod entry;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::Notify;

pub(crate) use self::entry::TurnedAway;

use self::breakers::Breakers;
use super::ProviderAllowance;
use super::allowance::{Allowance, Reserved};
use super::breaker::{BreakerConfig, BreakerState, Effect, Permission};
use super::call::{Need, ProviderStatus};
use super::jitter::Jitter;
use super::metrics;
use super::stats::Stats;
use crate::clock::Clock;
use crate::id::TenantId;
use crate::limits::Queue;
use crate::provider::{AIProviderTrait, ProviderPlace};

/// What all links share.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) breaker: BreakerConfig,
    pub(crate) jitter: Jitter,
}

/// A provider and its memory.
pub(crate) struct Link {
    pub(crate) provider: Arc<dyn AIProviderTrait>,
    pub(crate) default_model: Arc<str>,
    /// The tenant's own key; `None`: the provider's.
    pub(crate) key: Option<SecretString>,
    /// Whose key it is; `None`: the server's.
    tenant: Option<TenantId>,
    shared: Arc<Shared>,
    state: Mutex<LinkState>,
    /// Rung whenever a breaker may have changed.
    changed: Notify,
}

struct LinkState {
    breakers: Breakers,
    allowance: Allowance,
    queue: Queue<Arc<Notify>>,
    stats: Stats,
}

/// What the planner wants to know.
pub(crate) struct Outlook {
    pub(crate) permission: Permission,
    /// `None`: the queue is full.
    pub(crate) wait: Option<Duration>,
    pub(crate) need: Duration,
}

impl Link {
    pub(crate) fn new(
        provider: Arc<dyn AIProviderTrait>,
        allowance: ProviderAllowance,
        max_queue: usize,
        shared: Arc<Shared>,
    ) -> Self {
        let allowance = Allowance::new(provider.rate_limit(), allowance);
        Self::with(provider, allowance, max_queue, None, shared)
    }

    /// A provider asked with a tenant's own key. The operator's limits are for the server's key and do not hold: the
    /// vendor's own word on this key does, and without a limit there is no queue.
    pub(crate) fn of_tenant(
        provider: Arc<dyn AIProviderTrait>,
        tenant: TenantId,
        key: SecretString,
        shared: &Arc<Shared>,
    ) -> Self {
        let allowance = Allowance::new(None, ProviderAllowance::default());
        Self::with(provider, allowance, 0, Some((tenant, key)), Arc::clone(shared))
    }

    fn with(
        provider: Arc<dyn AIProviderTrait>,
        allowance: Allowance,
        max_queue: usize,
        own: Option<(TenantId, SecretString)>,
        shared: Arc<Shared>,
    ) -> Self {
        let state = LinkState {
            breakers: Breakers::new(provider.default_model()),
            allowance,
            queue: Queue::bounded(max_queue),
            stats: Stats::new(),
        };
        let (tenant, key) = own.unzip();
        Self {
            default_model: provider.default_model().into(),
            provider,
            key,
            tenant,
            shared,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    pub(crate) fn is_local(&self) -> bool {
        self.provider.place() == ProviderPlace::Local
    }

    /// How things stand for one more call.
    pub(crate) fn outlook(&self, model: &str, need: &Need<'_>) -> Outlook {
        let now = self.shared.clock.elapsed();
        let state = self.state.lock();
        Outlook {
            permission: state.breakers.permission(model, now),
            wait: state.predicted_wait(now, need),
            need: state.stats.typical().unwrap_or_default(),
        }
    }

    /// What an answer usually takes.
    pub(crate) fn typical(&self) -> Option<Duration> {
        self.state.lock().stats.typical()
    }

    /// Sleeps until a bench of this provider may be over: its time has passed, or another call found out.
    /// True when the whole time was slept.
    pub(crate) async fn bench_may_be_over(&self, model: &str, wait: Duration) -> bool {
        let changed = self.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let now = self.shared.clock.elapsed();
        if self.state.lock().breakers.permission(model, now) == Permission::Pass {
            return false;
        }
        tokio::time::timeout(wait.max(SHORTEST_SLEEP), changed).await.is_err()
    }

    /// What the API shows.
    pub(crate) fn status(&self) -> ProviderStatus {
        let now = self.shared.clock.elapsed();
        let state = self.state.lock();
        let breaker = state.breakers.of(&self.default_model);
        let (tenant, lane) = (TenantId::default_tenant(), Arc::from(""));
        let wait = state.predicted_wait(now, &Need { tenant: &tenant, lane: &lane, tokens: 1 });
        let allowance = state.allowance.limits();
        ProviderStatus {
            name: self.provider.name().to_owned(),
            model: self.default_model.to_string(),
            place: self.provider.place(),
            available: self.provider.is_available(),
            state: breaker.state(now),
            open_for_ms: whole_ms(breaker.open_for(now)),
            p50_ms: state.stats.percentile_ms(50),
            p95_ms: state.stats.percentile_ms(95),
            error_rate: state.stats.error_rate(),
            in_flight: state.stats.in_flight,
            queued: state.queue.len(),
            predicted_wait_ms: wait.map(whole_ms),
            rate_limit: self.provider.rate_limit(),
            tokens_per_minute: allowance.tokens_per_minute,
            max_concurrent: allowance.concurrent_calls,
        }
    }

    fn settle(&self, passage: &Passage, effect: Effect, used: Option<u64>) {
        let now = self.shared.clock.elapsed();
        let jitter = if effect.is_error() { self.shared.jitter.next() } else { 0.0 };
        let mut state = self.state.lock();
        state.stats.in_flight -= 1;
        state.allowance.settle(passage.reserved, used);
        match effect {
            Effect::Healthy => state.stats.answered(now.saturating_sub(passage.started)),
            Effect::Failure | Effect::Bench(_) | Effect::Broken => state.stats.failed(),
            Effect::Answered | Effect::NoVerdict => {}
        }
        let before = state.breakers.of(&passage.model).state(now);
        let config = &self.shared.breaker;
        state.breakers.settle(&passage.model, passage.is_probe, effect, now, config, jitter);
        let breaker = state.breakers.of(&passage.model);
        // A place or tokens came back: whoever is next may go earlier than it was told.
        if let Some((_, bell)) = state.queue.head() {
            bell.notify_one();
        }
        drop(state);
        if before != breaker.state(now) || passage.is_probe {
            self.announce(&passage.model, breaker.state(now), breaker.open_for(now), effect);
        }
    }

    /// A breaker changed: says so and lets everyone look again.
    fn announce(&self, model: &Arc<str>, state: BreakerState, open_for: Duration, effect: Effect) {
        match &self.tenant {
            Some(tenant) => self.tell_of_tenants(tenant, model, state, open_for, effect),
            None => self.tell(model, state, open_for, effect),
        }
        self.changed.notify_waiters();
        self.wake_head();
    }

    /// Of a tenant's own key: the gauge is the server's, and the mending the tenant's.
    fn tell_of_tenants(
        &self,
        tenant: &TenantId,
        model: &str,
        state: BreakerState,
        open_for: Duration,
        effect: Effect,
    ) {
        let provider = self.provider.name();
        match state {
            BreakerState::Open => tracing::warn!(
                provider,
                model,
                %tenant,
                is_refused = effect == Effect::Broken,
                open_for_ms = whole_ms(open_for),
                "the provider is benched for the tenant's own key"
            ),
            BreakerState::Closed => {
                tracing::info!(provider, model, %tenant, "the provider works again with the tenant's own key");
            }
            BreakerState::HalfOpen => {}
        }
    }

    fn tell(&self, model: &Arc<str>, state: BreakerState, open_for: Duration, effect: Effect) {
        let provider = self.provider.name();
        if *model == self.default_model {
            metrics::breaker_changed(provider, model, state);
        }
        match (state, effect) {
            (BreakerState::Open, Effect::Broken) => tracing::error!(
                provider,
                model = &**model,
                open_for_ms = whole_ms(open_for),
                "the provider refuses our key, our account or the model; it is benched until somebody mends it"
            ),
            (BreakerState::Open, _) => tracing::warn!(
                provider,
                model = &**model,
                open_for_ms = whole_ms(open_for),
                "the provider is benched"
            ),
            (BreakerState::Closed, _) => {
                tracing::info!(provider, model = &**model, "the provider works again");
            }
            (BreakerState::HalfOpen, _) => {}
        }
    }

    fn wake_head(&self) {
        if let Some((_, bell)) = self.state.lock().queue.head() {
            bell.notify_one();
        }
    }
}

/// A wait of nothing would only spin.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

enum Admission {
    In { is_probe: bool, reserved: Reserved },
    Refused,
    NotYet(Duration),
}

impl LinkState {
    fn admit(&mut self, model: &Arc<str>, tokens: u64, now: Duration) -> Admission {
        if matches!(self.breakers.permission(model, now), Permission::Refuse { .. }) {
            return Admission::Refused;
        }
        let typical = self.stats.typical();
        let reserved = match self.allowance.try_take(now, tokens, self.stats.in_flight, typical) {
            Ok(reserved) => reserved,
            Err(wait) => return Admission::NotYet(wait.max(SHORTEST_SLEEP)),
        };
        Admission::In { is_probe: self.breakers.admit(model, now) == Permission::Probe, reserved }
    }

    fn predicted_wait(&self, now: Duration, need: &Need<'_>) -> Option<Duration> {
        if self.allowance.is_unlimited() {
            return Some(Duration::ZERO);
        }
        if !self.queue.has_room_for(need.tenant) {
            return None;
        }
        let ahead = self.queue.ahead_of(need.tenant, need.lane);
        Some(self.allowance.wait(now, ahead, need.tokens, self.stats.in_flight, self.stats.typical()))
    }
}

/// The right to one call. Settle it; a dropped one counts as never made.
pub(crate) struct Passage {
    link: Arc<Link>,
    model: Arc<str>,
    is_probe: bool,
    started: Duration,
    reserved: Reserved,
    is_settled: bool,
}

impl Passage {
    pub(crate) fn is_probe(&self) -> bool {
        self.is_probe
    }

    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    /// Says how the call ended and how many tokens it used; `None`: nobody knows, and what was reserved stays taken.
    pub(crate) fn settle(mut self, effect: Effect, used: Option<u64>) {
        self.is_settled = true;
        self.link.settle(&self, effect, used);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if !self.is_settled {
            self.link.settle(self, Effect::NoVerdict, None);
        }
    }
}

pub(crate) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
