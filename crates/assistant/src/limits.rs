//! How much at a time: limits of tenants, customers and keys, and places in the server, fair between tenants.
//!
//! The decisions are pure (`window`, `usage`, `queue`, `gate`); this file keeps them behind one short lock that is never
//! held across an await. All state is this process's. Replicas that shared it would replace [`Limits`] and nothing else.

mod gate;
pub(crate) mod metrics;
mod queue;
mod turnstile;
mod usage;
mod window;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

pub use self::turnstile::{NoPlace, Pass, Turnstile};
pub use self::usage::Standing;

pub(crate) use self::queue::{Queue, Ticket};
pub(crate) use self::usage::Refusal;
pub(crate) use self::window::{Taken, Window};

use self::usage::{Counted, Usage};
use crate::clock::Clock;
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::router::Billed;
use crate::tenant::TenantLimits;

/// Turns of one tenant that wait here for their permit; those beyond come back later, so that a tenant over its limit
/// does not take the places of others' turns.
const MAX_PATIENT: usize = 4;
/// The longest that a turn waits for its permit before it is given back: as long as it would wait for a provider
/// (`RouterConfig::max_queue_wait`).
const PATIENCE: Duration = Duration::from_secs(5);

/// What is in use. Clones share it.
#[derive(Clone)]
pub(crate) struct Limits {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    usage: Mutex<Usage>,
    /// Rung when a request ends.
    ended: Notify,
    /// Turns that wait for a permit, by tenant.
    patient: Mutex<rustc_hash::FxHashMap<TenantId, usize>>,
}

/// The right to one request; its place is free again when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Limits,
    tenant: TenantId,
    user: UserId,
    counted: Counted,
    tokens: Option<Taken>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        metrics::describe();
        let inner = Inner { clock, usage: Mutex::default(), ended: Notify::new(), patient: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Notes what a tenant may, as far as nobody asks for a permit.
    pub(crate) fn know(&self, tenant: &TenantId, limits: &TenantLimits) {
        self.inner.usage.lock().know(tenant, limits);
    }

    /// Whether a tenant's limits were noted in the last minute or two.
    pub(crate) fn knows(&self, tenant: &TenantId) -> bool {
        self.inner.usage.lock().limits(tenant).is_some()
    }

    /// Lets a request in, or says what keeps it out.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`].
    pub(crate) fn admit(
        &self,
        tenant: &TenantId,
        user: &UserId,
        limits: &TenantLimits,
    ) -> Result<Permit, AIError> {
        self.try_admit(tenant, user, limits).map_err(Refusal::into_error)
    }

    /// Lets a turn in that has nobody to tell that it may not: waits for the permit for a while, and else says when to
    /// come back.
    ///
    /// # Errors
    /// As [`Limits::admit`].
    ///
    /// # Cancel safety
    /// A dropped wait leaves nothing behind.
    pub(crate) async fn admit_in_time(
        &self,
        tenant: &TenantId,
        user: &UserId,
        limits: &TenantLimits,
        time_left: Duration,
    ) -> Result<Permit, AIError> {
        let refusal = match self.try_admit(tenant, user, limits) {
            Ok(permit) => return Ok(permit),
            Err(refusal) => refusal,
        };
        let patience = time_left.min(PATIENCE);
        let Some(_patient) = self.wait_with(tenant).filter(|_| refusal.wait <= patience) else {
            return Err(self.later(tenant, refusal));
        };
        let again = self.admit_again(tenant, user, limits);
        match tokio::time::timeout(patience, again).await {
            Ok(permit) => Ok(permit),
            Err(_) => Err(self.later(tenant, refusal)),
        }
    }

    /// What would keep a request of the tenant out now, by the limits its last one met.
    pub(crate) fn would_refuse(&self, tenant: &TenantId) -> Option<Refusal> {
        let now = self.inner.clock.elapsed();
        self.inner.usage.lock().would_refuse(tenant, now)
    }

    /// How a tenant's requests a minute stand; `None` where nothing limits them.
    pub(crate) fn standing(&self, tenant: &TenantId) -> Option<Standing> {
        let now = self.inner.clock.elapsed();
        self.inner.usage.lock().standing(tenant, now)
    }

    /// Counts a request of a key.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`] with the scope `key`.
    pub(crate) fn admit_key(&self, key: &str, quota: u32) -> Result<Standing, AIError> {
        let now = self.inner.clock.elapsed();
        self.inner.usage.lock().admit_key(key, quota, now).map_err(Refusal::into_error)
    }

    /// How the requests a minute of a key stand; counts nothing.
    pub(crate) fn key_standing(&self, key: &str, quota: u32) -> Standing {
        let now = self.inner.clock.elapsed();
        self.inner.usage.lock().key_standing(key, quota, now)
    }

    /// Requests of one customer on a UTC day: the tenant's limit or the server's, whichever is lower.
    pub(crate) fn requests_per_day(&self, tenant: &TenantId, of_server: u64) -> u64 {
        let usage = self.inner.usage.lock();
        usage.limits(tenant).map_or(of_server, |limits| requests_per_day(limits, of_server))
    }

    /// [`Limits::admit`], for who can still do something else.
    pub(crate) fn try_admit(
        &self,
        tenant: &TenantId,
        user: &UserId,
        limits: &TenantLimits,
    ) -> Result<Permit, Refusal> {
        let now = self.inner.clock.elapsed();
        let counted = self.inner.usage.lock().admit(tenant, user, limits, now)?;
        Ok(Permit { limits: self.clone(), tenant: tenant.clone(), user: user.clone(), counted, tokens: None })
    }

    /// Tries until there is a permit: after the wait that was named, or when a request ends.
    async fn admit_again(&self, tenant: &TenantId, user: &UserId, limits: &TenantLimits) -> Permit {
        loop {
            // Registered before it is tried: an end in between is not missed.
            let ended = self.inner.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            match self.try_admit(tenant, user, limits) {
                Ok(permit) => return permit,
                Err(refusal) => {
                    let _ended_or_due = tokio::time::timeout(refusal.wait, ended).await;
                }
            }
        }
    }

    fn later(&self, tenant: &TenantId, refusal: Refusal) -> AIError {
        let now = self.inner.clock.elapsed();
        let wait = self.inner.usage.lock().defer(tenant, refusal, now);
        Refusal { wait, ..refusal }.into_error()
    }

    fn wait_with(&self, tenant: &TenantId) -> Option<Patient> {
        let mut patient = self.inner.patient.lock();
        let waiting = patient.entry(tenant.clone()).or_default();
        if *waiting >= MAX_PATIENT {
            return None;
        }
        *waiting += 1;
        Some(Patient { inner: Arc::clone(&self.inner), tenant: tenant.clone() })
    }
}

/// Requests of one customer on a UTC day: the tenant's limit or the server's, whichever is lower.
pub(crate) fn requests_per_day(limits: &TenantLimits, of_server: u64) -> u64 {
    limits.user_requests_per_day.map_or(of_server, |own| of_server.min(own.into()))
}

impl Permit {
    /// Takes the tokens that a call may need at most; what was taken before is given back.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`].
    pub(crate) fn take_tokens(&mut self, amount: u64) -> Result<(), AIError> {
        self.try_take_tokens(amount).map_err(Refusal::into_error)
    }

    fn try_take_tokens(&mut self, amount: u64) -> Result<(), Refusal> {
        self.used_tokens(0);
        let inner = &self.limits.inner;
        let now = inner.clock.elapsed();
        self.tokens = inner.usage.lock().take_tokens(&self.tenant, amount, now)?;
        Ok(())
    }

    /// [`Permit::take_tokens`] for a turn that has nobody to tell: waits for a while, and else says when to come back.
    ///
    /// # Errors
    /// As [`Permit::take_tokens`].
    pub(crate) async fn take_tokens_in_time(
        &mut self,
        amount: u64,
        time_left: Duration,
    ) -> Result<(), AIError> {
        let patience = time_left.min(PATIENCE);
        let Err(mut refusal) = self.try_take_tokens(amount) else { return Ok(()) };
        if refusal.wait <= patience
            && let Some(_patient) = self.limits.wait_with(&self.tenant)
        {
            tokio::time::sleep(refusal.wait).await;
            match self.try_take_tokens(amount) {
                Ok(()) => return Ok(()),
                Err(still) => refusal = still,
            }
        }
        Err(self.limits.later(&self.tenant, refusal))
    }

    /// Ends a request that was let in and is refused by another limit: it counts against nothing.
    pub(crate) fn uncount(&mut self) {
        let counted = std::mem::take(&mut self.counted);
        self.limits.inner.usage.lock().uncount(&self.tenant, &self.user, counted);
        self.limits.inner.ended.notify_waiters();
    }

    /// Says what the calls really used.
    pub(crate) fn used(&mut self, billed: &[Billed]) {
        self.used_tokens(billed.iter().map(|call| call.usage.total()).sum());
    }

    fn used_tokens(&mut self, real: u64) {
        if let Some(taken) = self.tokens.take() {
            self.limits.inner.usage.lock().correct_tokens(&self.tenant, taken, real);
            self.limits.inner.ended.notify_waiters();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Tokens of a call that nobody heard the end of stay taken: it may have been made.
        self.limits.inner.usage.lock().end(&self.tenant, &self.user);
        self.limits.inner.ended.notify_waiters();
    }
}

impl Refusal {
    /// What a caller is told; counted once.
    pub(crate) fn into_error(self) -> AIError {
        metrics::refused(self.scope);
        AIError::RateLimitExceeded { scope: self.scope, retry_after: self.wait }
    }
}

/// One turn that waits for its permit.
struct Patient {
    inner: Arc<Inner>,
    tenant: TenantId,
}

impl Drop for Patient {
    fn drop(&mut self) {
        let mut patient = self.inner.patient.lock();
        if let Some(waiting) = patient.get_mut(&self.tenant) {
            *waiting -= 1;
            if *waiting == 0 {
                patient.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::clock::SystemClock;
    use crate::money::TokenUsage;

    fn limits() -> (Limits, TenantId, UserId) {
        (Limits::new(Arc::new(SystemClock::new())), TenantId::default_tenant(), UserId::new("ana").unwrap())
    }

    fn wait_of(error: &AIError) -> Duration {
        assert!(matches!(error, AIError::RateLimitExceeded { .. }), "{error:?}");
        error.retry_after().unwrap()
    }

    #[tokio::test]
    async fn a_dropped_permit_gives_its_place_back() {
        let (limits, tenant, ana) = limits();
        let one = TenantLimits { concurrent_requests: Some(1), ..TenantLimits::default() };
        let permit = limits.admit(&tenant, &ana, &one).unwrap();
        assert!(limits.admit(&tenant, &ana, &one).is_err());
        let mut waiting = Box::pin(limits.admit_in_time(&tenant, &ana, &one, PATIENCE));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(permit);
        let permit = waiting.await.unwrap();
        assert_eq!(limits.inner.usage.lock().running(&tenant), 1);
        drop(permit);
        assert_eq!(limits.inner.usage.lock().running(&tenant), 0);
        assert!(limits.inner.patient.lock().is_empty());
    }

    #[tokio::test]
    async fn of_one_tenants_turns_only_a_few_wait_here() {
        let (limits, tenant, ana) = limits();
        let one = TenantLimits { concurrent_requests: Some(1), ..TenantLimits::default() };
        let _permit = limits.admit(&tenant, &ana, &one).unwrap();
        let mut waiting: Vec<_> =
            (0..MAX_PATIENT).map(|_| Box::pin(limits.admit_in_time(&tenant, &ana, &one, PATIENCE))).collect();
        assert!(waiting.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let refused = limits.admit_in_time(&tenant, &ana, &one, PATIENCE).now_or_never().unwrap();
        assert!(wait_of(&refused.unwrap_err()) > Duration::ZERO);
        drop(waiting);
        assert!(limits.inner.patient.lock().is_empty());
    }

    #[tokio::test]
    async fn a_wait_that_is_too_long_is_not_begun() {
        let (limits, tenant, ana) = limits();
        let one = TenantLimits { requests_per_minute: Some(1), ..TenantLimits::default() };
        drop(limits.admit(&tenant, &ana, &one).unwrap());
        let refused = limits.admit_in_time(&tenant, &ana, &one, PATIENCE).now_or_never().unwrap();
        assert!(wait_of(&refused.unwrap_err()) > Duration::from_secs(50));
    }

    #[test]
    fn tokens_are_taken_before_and_corrected_after() {
        let (limits, tenant, ana) = limits();
        let some = TenantLimits { tokens_per_minute: Some(1_000), ..TenantLimits::default() };
        let mut first = limits.admit(&tenant, &ana, &some).unwrap();
        first.take_tokens(900).unwrap();
        let mut second = limits.admit(&tenant, &ana, &some).unwrap();
        assert!(wait_of(&second.take_tokens(200).unwrap_err()) > Duration::from_secs(50));
        let usage = TokenUsage { input_tokens: 90, output_tokens: 10, ..TokenUsage::default() };
        let billed = Billed { provider: "p".into(), model: "m".into(), usage, is_answer: true };
        first.used(&[billed]);
        second.take_tokens(900).unwrap();
        drop(second);
        let mut third = limits.admit(&tenant, &ana, &some).unwrap_err();
        assert!(wait_of(&third) > Duration::from_secs(50), "tokens of a dropped call stay taken");
        third = limits.would_refuse(&tenant).unwrap().into_error();
        assert!(wait_of(&third) > Duration::from_secs(50));
    }

    #[test]
    fn the_lower_limit_of_a_day_counts() {
        let of = |own| TenantLimits { user_requests_per_day: own, ..TenantLimits::default() };
        assert_eq!(requests_per_day(&of(None), 1_000), 1_000);
        assert_eq!(requests_per_day(&of(Some(10)), 1_000), 10);
        assert_eq!(requests_per_day(&of(Some(5_000)), 1_000), 1_000);
    }
}
