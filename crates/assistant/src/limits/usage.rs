//! What tenants, their customers and keys use, against their limits. Pure.

mod of_tenant;

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::window::{Taken, Window};
use crate::error::LimitScope;
use crate::id::{TenantId, UserId};
use crate::tenant::TenantLimits;

pub use of_tenant::Standing;
use of_tenant::{TenantUsage, counts_customers, stand};

/// Customers and keys that are remembered at most, of all tenants together. One entry takes about 200 bytes and 24 more
/// for each request of its last minute.
const MAX_ENTRIES: usize = 10_000;
/// How many go at once when there are too many, so that looking for them is not paid with every request.
const MAKE_ROOM: usize = MAX_ENTRIES / 10;
/// How often entries that remember nothing are looked for: what they remember is a minute.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// The longest that a turn which may wait is sent away for.
const LONGEST_DEFERRAL: Duration = Duration::from_mins(10);

/// A limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) scope: LimitScope,
    /// When there is room, as far as that can be known.
    pub(crate) wait: Duration,
}

/// What a request was counted as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    of_tenant: Option<Taken>,
    of_customer: Option<Taken>,
}

/// Everything that is in use.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    tenants: FxHashMap<TenantId, TenantUsage>,
    keys: FxHashMap<Box<str>, Window>,
    /// Customers of all tenants.
    customers: usize,
    swept: Duration,
}

impl Usage {
    /// Lets a request in, or says which limit keeps it out longest. All of it is taken, or nothing.
    pub(crate) fn admit(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
        limits: &TenantLimits,
        now: Duration,
    ) -> Result<Counted, Refusal> {
        self.sweep(now);
        let usage = self.tenants.entry(tenant.clone()).or_default();
        usage.limits = *limits;
        if let Some(refusal) = usage.refusal(user, now) {
            return Err(refusal);
        }
        usage.running += 1;
        let mut counted = Counted::default();
        if limits.requests_per_minute.is_some() {
            counted.of_tenant = Some(usage.requests.take(now, 1));
        }
        if counts_customers(limits) {
            if !usage.customers.contains_key(user) {
                self.customers += 1;
            }
            let customer = usage.customers.entry(user.clone()).or_default();
            counted.of_customer = Some(customer.requests.take(now, 1));
            customer.running += 1;
            customer.last = now;
        }
        if self.customers > MAX_ENTRIES {
            self.forget_some(now);
        }
        Ok(counted)
    }

    /// Takes back that a request was counted: it was let in and then refused.
    pub(crate) fn uncount(&mut self, tenant: &TenantId, user: &UserId, counted: Counted) {
        let Some(usage) = self.tenants.get_mut(tenant) else { return };
        if let Some(taken) = counted.of_tenant {
            usage.requests.correct(taken, 0);
        }
        if let (Some(taken), Some(customer)) = (counted.of_customer, usage.customers.get_mut(user)) {
            customer.requests.correct(taken, 0);
        }
    }

    /// Notes the limits of a tenant.
    pub(crate) fn know(&mut self, tenant: &TenantId, limits: &TenantLimits) {
        self.tenants.entry(tenant.clone()).or_default().limits = *limits;
    }

    /// A request has ended.
    pub(crate) fn end(&mut self, tenant: &TenantId, user: &UserId) {
        let Some(usage) = self.tenants.get_mut(tenant) else { return };
        usage.running = usage.running.saturating_sub(1);
        if let Some(customer) = usage.customers.get_mut(user) {
            customer.running = customer.running.saturating_sub(1);
        }
    }

    /// What would keep a request of the tenant out now, by the limits of its last one.
    pub(crate) fn would_refuse(&self, tenant: &TenantId, now: Duration) -> Option<Refusal> {
        self.tenants.get(tenant)?.refusal_of_tenant(now)
    }

    /// Takes the tokens that a call may need, or says how long there are not enough.
    pub(crate) fn take_tokens(
        &mut self,
        tenant: &TenantId,
        amount: u64,
        now: Duration,
    ) -> Result<Option<Taken>, Refusal> {
        let usage = self.tenants.entry(tenant.clone()).or_default();
        let Some(quota) = usage.limits.tokens_per_minute else { return Ok(None) };
        match usage.tokens.try_take(now, quota.into(), amount) {
            Ok(taken) => Ok(Some(taken)),
            Err(wait) => Err(Refusal { scope: LimitScope::Tenant, wait }),
        }
    }

    /// Says what a call really needed.
    pub(crate) fn correct_tokens(&mut self, tenant: &TenantId, taken: Taken, real: u64) {
        if let Some(usage) = self.tenants.get_mut(tenant) {
            usage.tokens.correct(taken, real);
        }
    }

    /// When a turn that may wait should come back: those that are sent away get times one after the other, so that they do
    /// not all come at once.
    pub(crate) fn defer(&mut self, tenant: &TenantId, refusal: Refusal, now: Duration) -> Duration {
        if refusal.scope == LimitScope::User {
            // Others of the tenant have nothing to do with it.
            return refusal.wait.min(LONGEST_DEFERRAL);
        }
        let usage = self.tenants.entry(tenant.clone()).or_default();
        let pace = match usage.limits.requests_per_minute {
            Some(quota) => Duration::from_mins(1) / quota.max(1),
            None => Duration::ZERO,
        };
        let due = (now + refusal.wait).max(usage.deferred_to + pace).min(now + LONGEST_DEFERRAL);
        usage.deferred_to = due;
        due.saturating_sub(now)
    }

    /// The limits of the tenant's last request.
    pub(crate) fn limits(&self, tenant: &TenantId) -> Option<&TenantLimits> {
        self.tenants.get(tenant).map(|usage| &usage.limits)
    }

    /// How a tenant's requests a minute stand; `None`: nothing limits them, or it has made none.
    pub(crate) fn standing(&self, tenant: &TenantId, now: Duration) -> Option<Standing> {
        let usage = self.tenants.get(tenant)?;
        Some(stand(&usage.requests, usage.limits.requests_per_minute?, now))
    }

    /// Counts a request of a key.
    pub(crate) fn admit_key(&mut self, key: &str, quota: u32, now: Duration) -> Result<Standing, Refusal> {
        self.sweep(now);
        if self.keys.len() >= MAX_ENTRIES && !self.keys.contains_key(key) {
            // Keys are made by those who manage the server; so many within a minute are none that anybody has.
            self.keys.retain(|_, window| !window.is_idle(now));
        }
        let window = self.keys.entry(key.into()).or_default();
        match window.try_take(now, quota.into(), 1) {
            Ok(_) => Ok(stand(window, quota, now)),
            Err(wait) => Err(Refusal { scope: LimitScope::Key, wait }),
        }
    }

    /// How a key's requests a minute stand.
    pub(crate) fn key_standing(&self, key: &str, quota: u32, now: Duration) -> Standing {
        match self.keys.get(key) {
            Some(window) => stand(window, quota, now),
            None => stand(&Window::default(), quota, now),
        }
    }

    /// Requests that run.
    #[cfg(test)]
    pub(crate) fn running(&self, tenant: &TenantId) -> u32 {
        self.tenants.get(tenant).map_or(0, |usage| usage.running)
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> (usize, usize) {
        (self.tenants.len(), self.customers)
    }

    /// Drops what remembers nothing.
    fn sweep(&mut self, now: Duration) {
        if now.saturating_sub(self.swept) < SWEEP_EVERY {
            return;
        }
        self.swept = now;
        let mut customers = 0;
        self.tenants.retain(|_, usage| {
            usage.customers.retain(|_, customer| !customer.is_idle(now));
            customers += usage.customers.len();
            !usage.is_idle(now)
        });
        self.customers = customers;
        self.keys.retain(|_, window| !window.is_idle(now));
    }

    /// Of the tenant with the most customers, those that have been silent for longest: no other tenant is treated
    /// otherwise because of it.
    fn forget_some(&mut self, now: Duration) {
        let Some(usage) = self.tenants.values_mut().max_by_key(|usage| usage.customers.len()) else { return };
        let before = usage.customers.len();
        usage.customers.retain(|_, customer| !customer.is_idle(now));
        if before - usage.customers.len() < MAKE_ROOM {
            let mut silent: Vec<Duration> = usage.customers.values().map(|customer| customer.last).collect();
            let place = MAKE_ROOM.min(silent.len().saturating_sub(1));
            let (_, until, _) = silent.select_nth_unstable(place);
            let until = *until;
            usage.customers.retain(|_, customer| customer.running > 0 || customer.last > until);
        }
        self.customers -= before - usage.customers.len();
    }
}

#[cfg(test)]
mod tests {
    use super::of_tenant::WHILE_BUSY;
    use super::*;
    use proptest::prelude::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_limit_that_keeps_out_longest_is_named() {
        let limits = TenantLimits {
            requests_per_minute: Some(1),
            user_concurrent_requests: Some(1),
            ..TenantLimits::default()
        };
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        usage.admit(&shop, &ana, &limits, seconds(0)).unwrap();
        let refused = usage.admit(&shop, &ana, &limits, seconds(10)).unwrap_err();
        assert_eq!(refused, Refusal { scope: LimitScope::Tenant, wait: seconds(50) });
        let refused = usage.admit(&shop, &ana, &limits, seconds(60)).unwrap_err();
        assert_eq!(refused, Refusal { scope: LimitScope::User, wait: WHILE_BUSY });
        usage.end(&shop, &ana);
        usage.admit(&shop, &ana, &limits, seconds(60)).unwrap();
    }

    #[test]
    fn what_was_refused_takes_nothing() {
        let limits = TenantLimits {
            requests_per_minute: Some(5),
            concurrent_requests: Some(1),
            ..TenantLimits::default()
        };
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        usage.admit(&shop, &ana, &limits, seconds(0)).unwrap();
        for _ in 0..100 {
            assert!(usage.admit(&shop, &ana, &limits, seconds(1)).is_err());
        }
        assert_eq!(usage.standing(&shop, seconds(1)).unwrap().remaining, 4);
        assert_eq!(usage.running(&shop), 1);
    }

    #[test]
    fn a_request_that_was_let_in_and_then_refused_does_not_count() {
        let limits = TenantLimits {
            requests_per_minute: Some(1),
            user_requests_per_minute: Some(1),
            ..TenantLimits::default()
        };
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        for second in 0..5 {
            let counted = usage.admit(&shop, &ana, &limits, seconds(second)).unwrap();
            usage.uncount(&shop, &ana, counted);
            usage.end(&shop, &ana);
        }
        assert_eq!(usage.standing(&shop, seconds(5)).unwrap().remaining, 1);
        usage.admit(&shop, &ana, &limits, seconds(5)).unwrap();
        assert!(usage.admit(&shop, &user("bia"), &limits, seconds(6)).is_err());
    }

    #[test]
    fn changed_limits_count_for_the_next_request() {
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        let of = |quota| TenantLimits { requests_per_minute: Some(quota), ..TenantLimits::default() };
        for _ in 0..3 {
            usage.admit(&shop, &ana, &of(10), seconds(0)).unwrap();
        }
        assert!(usage.admit(&shop, &ana, &of(2), seconds(0)).is_err());
        usage.admit(&shop, &ana, &of(4), seconds(0)).unwrap();
        usage.admit(&shop, &ana, &TenantLimits::default(), seconds(0)).unwrap();
    }

    #[test]
    fn tokens_that_were_needed_more_than_thought_are_owed() {
        let limits = TenantLimits { tokens_per_minute: Some(1_000), ..TenantLimits::default() };
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        usage.admit(&shop, &ana, &limits, seconds(0)).unwrap();
        let taken = usage.take_tokens(&shop, 600, seconds(0)).unwrap().unwrap();
        assert_eq!(
            usage.take_tokens(&shop, 600, seconds(1)),
            Err(Refusal { scope: LimitScope::Tenant, wait: seconds(59) })
        );
        usage.correct_tokens(&shop, taken, 1_000);
        let refused = usage.admit(&shop, &ana, &limits, seconds(2)).unwrap_err();
        assert_eq!(refused.wait, seconds(58), "nothing is left: not even let in");
    }

    #[test]
    fn turns_that_are_sent_away_come_back_one_after_the_other() {
        let limits = TenantLimits { requests_per_minute: Some(60), ..TenantLimits::default() };
        let mut usage = Usage::default();
        let (shop, ana) = (tenant("shop"), user("ana"));
        usage.admit(&shop, &ana, &limits, seconds(0)).unwrap();
        let refusal = Refusal { scope: LimitScope::Tenant, wait: seconds(10) };
        let waits: Vec<u64> = (0..3).map(|_| usage.defer(&shop, refusal, seconds(0)).as_secs()).collect();
        assert_eq!(waits, [10, 11, 12]);
        for _ in 0..2_000 {
            assert!(usage.defer(&shop, refusal, seconds(0)) <= LONGEST_DEFERRAL);
        }
    }

    #[test]
    fn a_customer_over_its_own_limit_does_not_put_off_the_others() {
        let mut usage = Usage::default();
        let shop = tenant("shop");
        let of_customer = Refusal { scope: LimitScope::User, wait: seconds(55) };
        assert_eq!(usage.defer(&shop, of_customer, seconds(0)), seconds(55));
        let busy = Refusal { scope: LimitScope::Tenant, wait: WHILE_BUSY };
        assert_eq!(usage.defer(&shop, busy, seconds(0)), WHILE_BUSY);
    }

    #[test]
    fn memory_is_bounded_and_idle_entries_go() {
        let limits = TenantLimits { user_requests_per_minute: Some(1), ..TenantLimits::default() };
        let mut usage = Usage::default();
        let (noisy, quiet) = (tenant("noisy"), tenant("quiet"));
        usage.admit(&quiet, &user("ana"), &limits, seconds(0)).unwrap();
        usage.end(&quiet, &user("ana"));
        for n in 0..30_000 {
            let customer = user(&format!("u{n}"));
            usage.admit(&noisy, &customer, &limits, Duration::from_millis(1 + n)).unwrap();
            usage.end(&noisy, &customer);
            assert!(usage.entries().1 <= MAX_ENTRIES);
        }
        assert!(usage.admit(&quiet, &user("ana"), &limits, seconds(31)).is_err(), "it is still remembered");
        usage.admit(&quiet, &user("ben"), &limits, seconds(200)).unwrap();
        assert_eq!(usage.entries(), (1, 1));
    }

    #[test]
    fn keys_have_a_limit_of_their_own() {
        let mut usage = Usage::default();
        let standing = usage.admit_key("k1", 2, seconds(0)).unwrap();
        assert_eq!(standing, Standing { quota: 2, remaining: 1, more_in: seconds(60) });
        usage.admit_key("k1", 2, seconds(5)).unwrap();
        let refused = usage.admit_key("k1", 2, seconds(6)).unwrap_err();
        assert_eq!(refused, Refusal { scope: LimitScope::Key, wait: seconds(54) });
        usage.admit_key("k2", 2, seconds(6)).unwrap();
        assert_eq!(
            usage.key_standing("k1", 2, seconds(6)),
            Standing { quota: 2, remaining: 0, more_in: seconds(54) }
        );
        assert_eq!(usage.key_standing("k3", 2, seconds(6)).remaining, 2, "looking takes nothing");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Admit { tenant: usize, user: usize },
        End { which: usize },
        Tokens { tenant: usize, amount: u64 },
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0_usize..2, 0_usize..3).prop_map(|(tenant, user)| Step::Admit { tenant, user }),
            3 => (0_usize..20).prop_map(|which| Step::End { which }),
            2 => (0_usize..2, 1_u64..900).prop_map(|(tenant, amount)| Step::Tokens { tenant, amount }),
            2 => (0_u64..20_000).prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 1..200)
    }

    proptest! {
        /// Runs the same steps with both tenants and with the first alone: neither passes a limit, nothing leaks, and the
        /// first fares the same.
        #[test]
        fn no_interleaving_passes_a_limit_or_touches_another_tenant(steps in steps()) {
            let limits = TenantLimits {
                requests_per_minute: Some(7),
                tokens_per_minute: Some(1_000),
                concurrent_requests: Some(3),
                user_requests_per_minute: Some(4),
                user_concurrent_requests: Some(2),
                ..TenantLimits::default()
            };
            let tenants = [tenant("a"), tenant("b")];
            let users = [user("x"), user("y"), user("z")];
            let (mut both, mut alone) = (Usage::default(), Usage::default());
            let mut now = Duration::ZERO;
            let mut running: Vec<(usize, usize)> = Vec::new();
            let mut went: Vec<(usize, usize, Duration)> = Vec::new();
            let mut tokens: Vec<(usize, u64, Duration)> = Vec::new();
            for step in steps {
                match step {
                    Step::Wait(ms) => now += Duration::from_millis(ms),
                    Step::Admit { tenant, user } => {
                        let admitted = both.admit(&tenants[tenant], &users[user], &limits, now);
                        if tenant == 0 {
                            prop_assert_eq!(admitted, alone.admit(&tenants[0], &users[user], &limits, now));
                        }
                        if admitted.is_ok() {
                            running.push((tenant, user));
                            went.push((tenant, user, now));
                        }
                    }
                    Step::End { which } if !running.is_empty() => {
                        let (tenant, user) = running.remove(which % running.len());
                        both.end(&tenants[tenant], &users[user]);
                        if tenant == 0 {
                            alone.end(&tenants[0], &users[user]);
                        }
                    }
                    Step::End { .. } => {}
                    Step::Tokens { tenant, amount } => {
                        // Calls belong to requests, whose tenants are known.
                        both.know(&tenants[tenant], &limits);
                        alone.know(&tenants[0], &limits);
                        let taken = both.take_tokens(&tenants[tenant], amount, now);
                        if tenant == 0 {
                            prop_assert_eq!(taken, alone.take_tokens(&tenants[0], amount, now));
                        }
                        if let Ok(Some(_)) = taken {
                            tokens.push((tenant, amount, now));
                        }
                    }
                }
                for (tenant, name) in tenants.iter().enumerate() {
                    let in_minute = |at: &Duration| now < *at + Duration::from_mins(1);
                    let requests = went.iter().filter(|(t, _, at)| *t == tenant && in_minute(at)).count();
                    let used: u64 =
                        tokens.iter().filter(|(t, _, at)| *t == tenant && in_minute(at)).map(|(_, n, _)| n).sum();
                    let at_once = running.iter().filter(|(t, _)| *t == tenant).count();
                    prop_assert!(requests <= 7 && used <= 1_000 && at_once <= 3);
                    prop_assert_eq!(both.running(name) as usize, at_once);
                    for user in 0..3 {
                        let of_user = |t: &usize, u: &usize| *t == tenant && *u == user;
                        let requests = went.iter().filter(|(t, u, at)| of_user(t, u) && in_minute(at)).count();
                        let at_once = running.iter().filter(|(t, u)| of_user(t, u)).count();
                        prop_assert!(requests <= 4 && at_once <= 2);
                    }
                }
                // Whether an unused tenant is still remembered makes no difference.
                let left = |usage: &Usage| usage.standing(&tenants[0], now).map_or(7, |standing| standing.remaining);
                prop_assert_eq!(left(&both), left(&alone));
            }
        }
    }
}
