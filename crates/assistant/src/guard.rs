//! A vendor that is asked outside of the router: for a limited time, and not at all for a while where it does not answer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::id::TenantId;
use crate::provider::{FailureKind, ProviderFailure};
use crate::router::{Access, Breaker, BreakerConfig, Effect, Permission};

/// Keys in use at the same time; a guard has some hundred bytes. A forgotten one costs a call to learn again.
const MOST_REMEMBERED: u64 = 10_000;

/// No vendor is left alone for longer than an hour, so that nothing older matters.
const KEPT_UNUSED: Duration = Duration::from_hours(1);

/// The memory of how a vendor does.
pub(crate) struct Guard {
    timeout: Duration,
    clock: Arc<dyn Clock>,
    config: BreakerConfig,
    breaker: Mutex<Breaker>,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Called<T> {
    pub(crate) answer: Result<T, ProviderFailure>,
    pub(crate) took: Duration,
}

impl Guard {
    pub(crate) fn new(timeout: Duration, config: BreakerConfig, clock: Arc<dyn Clock>) -> Self {
        Self { timeout, clock, config, breaker: Mutex::new(Breaker::new()) }
    }

    /// Lets one call through; `None` after failures, until the pause is over.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Pass> {
        let started = self.clock.elapsed();
        let permission = self.breaker.lock().admit(started);
        let is_probe = match permission {
            Permission::Refuse { .. } => return None,
            Permission::Pass => false,
            Permission::Probe => true,
        };
        Some(Pass { of: Arc::clone(self), is_probe, started, effect: Effect::NoVerdict })
    }
}

/// The guards of one vendor: of the server's key, and of each tenant's own, so that nobody's bad key keeps the vendor from
/// the others.
pub(crate) struct Guards {
    servers: Arc<Guard>,
    own: moka::sync::Cache<(TenantId, u64), Arc<Guard>>,
}

impl Guards {
    pub(crate) fn new(timeout: Duration, config: BreakerConfig, clock: Arc<dyn Clock>) -> Self {
        let own = moka::sync::Cache::builder().max_capacity(MOST_REMEMBERED).time_to_idle(KEPT_UNUSED);
        Self { servers: Arc::new(Guard::new(timeout, config, clock)), own: own.build() }
    }

    /// The guard of the key that is used; `None` where none may be.
    pub(crate) fn of(&self, tenant: &TenantId, access: Access<'_>) -> Option<Arc<Guard>> {
        match access {
            Access::Servers => Some(Arc::clone(&self.servers)),
            Access::Own { version, .. } => {
                let Guard { timeout, config, clock, .. } = &*self.servers;
                let make = || Arc::new(Guard::new(*timeout, *config, Arc::clone(clock)));
                Some(self.own.get_with((tenant.clone(), version), make))
            }
            Access::Denied => None,
        }
    }
}

/// One admitted call. Settled when it is dropped: a call that is given up half-way is no verdict, and another may probe.
pub(crate) struct Pass {
    of: Arc<Guard>,
    is_probe: bool,
    started: Duration,
    effect: Effect,
}

impl Pass {
    /// Waits for the call, for no longer than the operator's limit and what is left of the request.
    pub(crate) async fn call<T>(
        mut self,
        time_left: Duration,
        call: impl Future<Output = Result<T, ProviderFailure>>,
    ) -> Called<T> {
        let limit = self.of.timeout.min(time_left);
        let answer = tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            let message = format!("no answer in {} ms", limit.as_millis());
            Err(ProviderFailure::new(FailureKind::Timeout, message))
        });
        self.effect = match &answer {
            Ok(_) => Effect::Healthy,
            // It had less time than the operator gives it.
            Err(failure) if failure.kind == FailureKind::Timeout && limit < self.of.timeout => {
                Effect::NoVerdict
            }
            Err(failure) => Effect::of(failure),
        };
        Called { answer, took: self.of.clock.elapsed().saturating_sub(self.started) }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // No jitter: replicas that probe together do so with one call each.
        let now = self.of.clock.elapsed();
        self.of.breaker.lock().settle(self.is_probe, self.effect, now, &self.of.config, 0.0);
    }
}
