//! How many watch at a time: each stream keeps a connection, and nobody may take all of the server's.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pytake_assistant::id::TenantId;

/// Streams of one tenant at a time: a page of the console has one. 64 tenants that use all of theirs take the 4,096
/// connections of the server.
pub(super) const MOST_OF_ONE: usize = 64;

/// Open streams by tenant. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<TenantId, usize>>>);

/// One open stream; given back when dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    watchers: Watchers,
    tenant: TenantId,
}

impl Watchers {
    /// Counts a stream; `None` where the tenant has as many as it may have.
    pub(super) fn enter(&self, tenant: &TenantId) -> Option<Watcher> {
        let mut open = self.0.lock();
        let streams = open.entry(tenant.clone()).or_default();
        if *streams >= MOST_OF_ONE {
            return None;
        }
        *streams += 1;
        Some(Watcher { watchers: self.clone(), tenant: tenant.clone() })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut open = self.watchers.0.lock();
        if let Some(streams) = open.get_mut(&self.tenant) {
            *streams = streams.saturating_sub(1);
            if *streams == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_streams_and_takes_none_from_another() {
        let watchers = Watchers::default();
        let (shop, other) = (TenantId::new("shop").unwrap(), TenantId::new("other").unwrap());
        let mut open: Vec<_> = (0..MOST_OF_ONE).map(|_| watchers.enter(&shop).unwrap()).collect();
        assert!(watchers.enter(&shop).is_none());
        open.push(watchers.enter(&other).unwrap());
        open.remove(0);
        open.push(watchers.enter(&shop).unwrap());
        drop(open);
        assert!(watchers.0.lock().is_empty());
    }
}
