//! Whose item is next: tenants take turns, whatever number of batches each has. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pytake_assistant::id::TenantId;

/// Tenants that are passed over when the next item is looked for.
#[derive(Debug)]
pub(super) struct Round {
    /// Items of one tenant in work at a time.
    most_of_one: usize,
    in_work: BTreeMap<TenantId, usize>,
    /// Tenants that met a limit, and until when.
    held: BTreeMap<TenantId, Duration>,
    /// Tenants that had their turn in this round.
    served: BTreeSet<TenantId>,
}

impl Round {
    pub(super) fn new(most_of_one: usize) -> Self {
        Self {
            most_of_one: most_of_one.max(1),
            in_work: BTreeMap::new(),
            held: BTreeMap::new(),
            served: BTreeSet::new(),
        }
    }

    /// Whose items are not to be taken now.
    pub(super) fn passed_over(&mut self, now: Duration) -> Vec<TenantId> {
        self.held.retain(|_, until| *until > now);
        let crowded = self.in_work.iter().filter(|(_, items)| **items >= self.most_of_one);
        let all: BTreeSet<&TenantId> =
            self.served.iter().chain(self.held.keys()).chain(crowded.map(|(tenant, _)| tenant)).collect();
        all.into_iter().cloned().collect()
    }

    /// Begins the next round; false where nobody had a turn in this one.
    pub(super) fn begin_anew(&mut self) -> bool {
        !std::mem::take(&mut self.served).is_empty()
    }

    /// An item of the tenant was taken.
    pub(super) fn taken(&mut self, tenant: &TenantId) {
        self.served.insert(tenant.clone());
        *self.in_work.entry(tenant.clone()).or_default() += 1;
    }

    /// An item of the tenant is no longer in work.
    pub(super) fn ended(&mut self, tenant: &TenantId) {
        if let Some(items) = self.in_work.get_mut(tenant) {
            *items = items.saturating_sub(1);
            if *items == 0 {
                self.in_work.remove(tenant);
            }
        }
    }

    /// Nothing of the tenant is taken before then.
    pub(super) fn hold(&mut self, tenant: &TenantId, until: Duration) {
        let held = self.held.entry(tenant.clone()).or_default();
        *held = until.max(*held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Takes and ends items as the workers do, one at a time; who had them.
    fn served(round: &mut Round, waiting: &mut BTreeMap<&str, usize>, items: usize) -> String {
        let mut order = String::new();
        while order.len() < items {
            let passed = round.passed_over(Duration::ZERO);
            // The store gives the one with the most batches first: it was served longest ago.
            let mut open: Vec<(&str, usize)> =
                waiting.iter().map(|(name, left)| (*name, *left)).filter(|(_, left)| *left > 0).collect();
            open.sort_by_key(|(_, left)| std::cmp::Reverse(*left));
            let Some((name, _)) = open.into_iter().find(|(name, _)| !passed.contains(&tenant(name))) else {
                assert!(round.begin_anew(), "nobody is next");
                continue;
            };
            round.taken(&tenant(name));
            round.ended(&tenant(name));
            *waiting.get_mut(name).unwrap() -= 1;
            order.push_str(name);
        }
        order
    }

    #[test]
    fn a_tenant_with_many_batches_has_as_many_turns_as_one_with_few() {
        let mut round = Round::new(3);
        let mut waiting = BTreeMap::from([("a", 1_000), ("b", 2), ("c", 1)]);
        assert_eq!(served(&mut round, &mut waiting, 6), "abcaba");
    }

    #[test]
    fn whoever_has_its_share_in_work_is_passed_over() {
        let mut round = Round::new(2);
        let (a, b) = (tenant("a"), tenant("b"));
        for _ in 0..2 {
            round.taken(&a);
            round.begin_anew();
        }
        assert_eq!(round.passed_over(Duration::ZERO), std::slice::from_ref(&a));
        round.taken(&b);
        round.begin_anew();
        round.ended(&a);
        assert!(round.passed_over(Duration::ZERO).is_empty());
    }

    #[test]
    fn who_met_a_limit_is_passed_over_until_there_is_room() {
        let mut round = Round::new(2);
        let a = tenant("a");
        round.hold(&a, seconds(10));
        round.hold(&a, seconds(5));
        assert_eq!(round.passed_over(seconds(9)), std::slice::from_ref(&a));
        assert!(round.passed_over(seconds(10)).is_empty());
        assert!(!round.begin_anew());
    }
}
