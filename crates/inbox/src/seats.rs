//! Whose turns are in work, so that one tenant's many conversations do not keep the others' waiting.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pytake_assistant::id::TenantId;

/// Turns in work by tenant. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Seats {
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
    all: usize,
}

/// One turn in work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    tenant: TenantId,
}

impl Seats {
    /// So many turns at once.
    pub(crate) fn new(all: usize) -> Self {
        Self { taken: Arc::default(), all }
    }

    /// Tenants that have their share or more: an equal one, if one more tenant came. Conversations of others go first.
    pub(crate) fn crowded(&self) -> Vec<TenantId> {
        let taken = self.taken.lock();
        let share = (self.all / (taken.len() + 1)).max(1);
        taken.iter().filter(|(_, turns)| **turns >= share).map(|(tenant, _)| tenant.clone()).collect()
    }

    /// Notes a turn of a tenant.
    pub(crate) fn sit(&self, tenant: &TenantId) -> Seat {
        *self.taken.lock().entry(tenant.clone()).or_default() += 1;
        Seat { seats: self.clone(), tenant: tenant.clone() }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(turns) = taken.get_mut(&self.tenant) {
            *turns = turns.saturating_sub(1);
            if *turns == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_its_share_lets_others_go_first() {
        let seats = Seats::new(6);
        let (noisy, other) = (TenantId::new("noisy").unwrap(), TenantId::new("other").unwrap());
        let mut held: Vec<Seat> = (0..2).map(|_| seats.sit(&noisy)).collect();
        assert!(seats.crowded().is_empty());
        held.push(seats.sit(&noisy));
        assert_eq!(seats.crowded(), std::slice::from_ref(&noisy), "half, as long as nobody else is there");
        let _seat = seats.sit(&other);
        assert_eq!(seats.crowded(), [noisy], "a third, as soon as somebody is");
        held.truncate(1);
        assert!(seats.crowded().is_empty());
    }
}
