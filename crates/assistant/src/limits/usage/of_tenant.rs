//! What one tenant and its customers use, against their limits. Pure.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::super::window::Window;
use super::Refusal;
use crate::error::LimitScope;
use crate::id::UserId;
use crate::tenant::TenantLimits;

/// When to come back where all places are taken: nobody knows when one comes free; an answer of a small model takes about
/// so long.
pub(super) const WHILE_BUSY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct TenantUsage {
    pub(super) requests: Window,
    pub(super) tokens: Window,
    pub(super) running: u32,
    /// Only those that a limit counts for.
    pub(super) customers: FxHashMap<UserId, CustomerUsage>,
    /// As of its last request.
    pub(super) limits: TenantLimits,
    /// When the turn that was sent away last has its place.
    pub(super) deferred_to: Duration,
}

#[derive(Debug, Default)]
pub(super) struct CustomerUsage {
    pub(super) requests: Window,
    pub(super) running: u32,
    pub(super) last: Duration,
}

/// How much of a limit of requests is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub quota: u32,
    /// What is left of it now.
    pub remaining: u32,
    /// When more is left than now; a minute where nothing is used.
    pub more_in: Duration,
}

impl TenantUsage {
    /// The limit that keeps a request out longest.
    pub(super) fn refusal(&self, user: &UserId, now: Duration) -> Option<Refusal> {
        let of_customer = self.customers.get(user).and_then(|customer| customer.refusal(&self.limits, now));
        self.refusal_of_tenant(now).into_iter().chain(of_customer).max_by_key(|refusal| refusal.wait)
    }

    pub(super) fn refusal_of_tenant(&self, now: Duration) -> Option<Refusal> {
        let limits = &self.limits;
        let requests = wait(limits.requests_per_minute, &self.requests, now);
        let tokens = wait(limits.tokens_per_minute, &self.tokens, now);
        let longest = requests.max(tokens).max(busy(limits.concurrent_requests, self.running));
        (!longest.is_zero()).then_some(Refusal { scope: LimitScope::Tenant, wait: longest })
    }

    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.running == 0
            && self.customers.is_empty()
            && self.requests.is_idle(now)
            && self.tokens.is_idle(now)
            && self.deferred_to <= now
    }
}

impl CustomerUsage {
    pub(super) fn refusal(&self, limits: &TenantLimits, now: Duration) -> Option<Refusal> {
        let requests = wait(limits.user_requests_per_minute, &self.requests, now);
        let longest = requests.max(busy(limits.user_concurrent_requests, self.running));
        (!longest.is_zero()).then_some(Refusal { scope: LimitScope::User, wait: longest })
    }

    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.running == 0 && self.requests.is_idle(now)
    }
}

pub(super) fn counts_customers(limits: &TenantLimits) -> bool {
    limits.user_requests_per_minute.is_some() || limits.user_concurrent_requests.is_some()
}

fn wait(quota: Option<u32>, window: &Window, now: Duration) -> Duration {
    quota.map_or(Duration::ZERO, |quota| window.wait(now, quota.into(), 0, 1))
}

fn busy(most: Option<u32>, running: u32) -> Duration {
    match most {
        Some(most) if running >= most.max(1) => WHILE_BUSY,
        Some(_) | None => Duration::ZERO,
    }
}

pub(super) fn stand(window: &Window, quota: u32, now: Duration) -> Standing {
    Standing {
        quota,
        remaining: u32::try_from(window.remaining(now, quota.into())).unwrap_or(quota),
        more_in: window.next_back(now).unwrap_or(Duration::from_mins(1)),
    }
}
