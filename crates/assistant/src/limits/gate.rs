//! Places for so many at a time, fair between tenants. Pure; the waiting itself is in `turnstile.rs`.
//!
//! Whoever comes gets in as long as there is a place. When there is none, the next one that comes free goes to the tenant
//! that holds the fewest; of equals, to the one whose turn it is. So nobody keeps more than an equal share for longer than
//! what it has begun takes, while others wait.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::queue::{Queue, Ticket};
use crate::id::TenantId;

/// The places. `T` is how a waiting call is let in.
#[derive(Debug)]
pub(crate) struct Gate<T> {
    capacity: usize,
    /// Places that one tenant may hold, also while nobody waits: the others' first calls find a free one.
    most_of_one: usize,
    held: FxHashMap<TenantId, usize>,
    in_use: usize,
    waiting: Queue<T>,
}

impl<T> Gate<T> {
    /// So many places, and so many who may wait for one. One tenant holds at most three quarters of the places.
    pub(crate) fn new(capacity: usize, max_waiting: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            capacity,
            most_of_one: (capacity - capacity / 4).max(1),
            held: FxHashMap::default(),
            in_use: 0,
            waiting: Queue::bounded(max_waiting),
        }
    }

    /// Takes a place, if there is one. Those who wait while there is one may not have it.
    pub(crate) fn enter(&mut self, tenant: &TenantId) -> bool {
        let may = self.in_use < self.capacity && self.rank(tenant).is_some();
        if may {
            self.admit(tenant);
        }
        may
    }

    /// Waits for a place; with whom had to give up waiting for that. `None`: too many wait.
    pub(crate) fn join(
        &mut self,
        tenant: &TenantId,
        lane: &Arc<str>,
        bell: T,
    ) -> Option<(Ticket, Option<T>)> {
        self.waiting.join(tenant, lane, bell)
    }

    /// Waits no longer.
    pub(crate) fn give_up(&mut self, ticket: Ticket) {
        self.waiting.leave(ticket);
    }

    /// Gives a place back and says who has it now.
    pub(crate) fn leave(&mut self, tenant: &TenantId) -> Option<(TenantId, T)> {
        self.in_use = self.in_use.saturating_sub(1);
        if let Some(held) = self.held.get_mut(tenant) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(tenant);
            }
        }
        let (held, most) = (&self.held, self.most_of_one);
        let next = self.waiting.serve_by(|id| Some(held_by(held, id)).filter(|held| *held < most))?;
        self.admit(&next.0);
        Some(next)
    }

    /// Places in use, and calls that wait for one.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.in_use, self.waiting.len())
    }

    /// What a tenant holds, as long as it may hold one more.
    fn rank(&self, tenant: &TenantId) -> Option<usize> {
        Some(held_by(&self.held, tenant)).filter(|held| *held < self.most_of_one)
    }

    fn admit(&mut self, tenant: &TenantId) {
        self.in_use += 1;
        *self.held.entry(tenant.clone()).or_default() += 1;
    }
}

fn held_by(held: &FxHashMap<TenantId, usize>, tenant: &TenantId) -> usize {
    held.get(tenant).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn wait(gate: &mut Gate<&'static str>, who: &'static str) {
        gate.join(&tenant(who), &"c".into(), who).unwrap();
    }

    #[test]
    fn one_tenant_alone_leaves_a_quarter_for_the_others_first_calls() {
        let mut gate = Gate::new(8, 10);
        let entered = (0..8).filter(|_| gate.enter(&tenant("noisy"))).count();
        assert_eq!(entered, 6);
        assert!(gate.enter(&tenant("quiet")));
        wait(&mut gate, "noisy");
        assert!(
            gate.enter(&tenant("quiet")),
            "a waiting tenant that may not have the place does not block it"
        );
    }

    #[test]
    fn a_free_place_goes_to_who_holds_the_fewest() {
        let mut gate = Gate::new(4, 10);
        for who in ["noisy", "noisy", "noisy", "other"] {
            assert!(gate.enter(&tenant(who)));
        }
        for who in ["noisy", "noisy", "quiet", "quiet"] {
            wait(&mut gate, who);
        }
        let order: Vec<&str> =
            (0..3).filter_map(|_| gate.leave(&tenant("noisy")).map(|(_, bell)| bell)).collect();
        // It holds 2, 1, 1 (a tie with quiet's 1, and it is quiet's turn after noisy's).
        assert_eq!(order, ["quiet", "noisy", "quiet"]);
        assert_eq!(gate.load(), (4, 1));
    }

    proptest! {
        #[test]
        fn places_are_never_more_than_there_are_and_none_is_lost(
            capacity in 1_usize..9,
            steps in prop::collection::vec((0_usize..3, prop::bool::ANY), 1..200),
        ) {
            let names = ["a", "b", "c"];
            let mut gate: Gate<&str> = Gate::new(capacity, 20);
            let mut held = [0_usize; 3];
            for (who, comes) in steps {
                let id = tenant(names[who]);
                if comes {
                    if gate.enter(&id) {
                        held[who] += 1;
                    } else {
                        gate.join(&id, &"c".into(), names[who]);
                    }
                } else if held[who] > 0 {
                    held[who] -= 1;
                    if let Some((next, _)) = gate.leave(&id) {
                        held[names.iter().position(|name| *name == next.as_str()).unwrap()] += 1;
                    }
                }
                let (in_use, waiting) = gate.load();
                prop_assert_eq!(in_use, held.iter().sum::<usize>());
                prop_assert!(in_use <= capacity);
                prop_assert!(held.iter().all(|held| *held <= gate.most_of_one));
                prop_assert!(waiting == 0 || in_use >= gate.most_of_one);
            }
            for who in 0..3 {
                while held[who] > 0 {
                    held[who] -= 1;
                    if let Some((next, _)) = gate.leave(&tenant(names[who])) {
                        held[names.iter().position(|name| *name == next.as_str()).unwrap()] += 1;
                    }
                }
            }
            // Whoever was served while its tenant's turn had passed is left by the same loop again.
            let left: usize = held.iter().sum();
            prop_assert_eq!(gate.load().0, left);
        }
    }
}
