//! Waits for a place at a [`Gate`], and gives it back.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::gate::Gate;
use super::metrics;
use super::queue::Ticket;
use crate::id::TenantId;

/// A gate with its waiting calls. Clones share it.
#[derive(Debug, Clone)]
pub struct Turnstile {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// For metrics.
    name: &'static str,
    gate: Mutex<Gate<oneshot::Sender<Pass>>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub struct Pass {
    /// `None`: there is nothing to give back.
    inner: Option<Arc<Inner>>,
    tenant: TenantId,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// Too many wait already, or others with fewer places came.
    Crowded,
    /// The time was over.
    Late,
}

impl Turnstile {
    /// So many places, and so many who may wait.
    pub fn new(name: &'static str, places: usize, max_waiting: usize) -> Self {
        Self { inner: Arc::new(Inner { name, gate: Mutex::new(Gate::new(places, max_waiting)) }) }
    }

    /// Takes a place, after a wait of at most `patience`. Within a tenant, lanes take turns.
    ///
    /// # Errors
    /// [`NoPlace`].
    ///
    /// # Cancel safety
    /// A dropped wait leaves nothing behind.
    pub async fn enter(&self, tenant: &TenantId, lane: &str, patience: Duration) -> Result<Pass, NoPlace> {
        let (place, admitted) = {
            let mut gate = self.inner.gate.lock();
            if gate.enter(tenant) {
                metrics::load_changed(self.inner.name, gate.load());
                return Ok(Pass { inner: Some(Arc::clone(&self.inner)), tenant: tenant.clone() });
            }
            let (bell, admitted) = oneshot::channel();
            let Some((ticket, displaced)) = gate.join(tenant, &lane.into(), bell) else {
                return Err(NoPlace::Crowded);
            };
            // Whoever waits on the other end learns it from that.
            drop(displaced);
            metrics::load_changed(self.inner.name, gate.load());
            (Place { inner: Arc::clone(&self.inner), ticket: Some(ticket) }, admitted)
        };
        match tokio::time::timeout(patience, admitted).await {
            Ok(Ok(pass)) => {
                place.serve();
                Ok(pass)
            }
            Ok(Err(_displaced)) => Err(NoPlace::Crowded),
            Err(_) => Err(NoPlace::Late),
        }
    }

    /// Places in use, and calls that wait for one.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (usize, usize) {
        self.inner.gate.lock().load()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        let mut leaving = self.tenant.clone();
        loop {
            let next = {
                let mut gate = inner.gate.lock();
                let next = gate.leave(&leaving);
                metrics::load_changed(inner.name, gate.load());
                next
            };
            let Some((tenant, bell)) = next else { return };
            let pass = Pass { inner: Some(Arc::clone(&inner)), tenant: tenant.clone() };
            let Err(mut unwanted) = bell.send(pass) else { return };
            // Nobody waits there any more: it goes to the next one.
            unwanted.inner = None;
            leaving = tenant;
        }
    }
}

/// A place in the queue that is given up when dropped.
struct Place {
    inner: Arc<Inner>,
    ticket: Option<Ticket>,
}

impl Place {
    fn serve(mut self) {
        self.ticket = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut gate = self.inner.gate.lock();
            gate.give_up(ticket);
            metrics::load_changed(self.inner.name, gate.load());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const SOON: Duration = Duration::from_secs(1);

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_gate_is_waited_for_and_dropped_waits_leave_nothing() {
        let turnstile = Turnstile::new("test", 1, 10);
        let (a, b) = (tenant("a"), tenant("b"));
        let first = turnstile.enter(&a, "x", SOON).await.unwrap();
        assert_eq!(turnstile.enter(&b, "x", SOON).await.unwrap_err(), NoPlace::Late);
        {
            let mut dropped = Box::pin(turnstile.enter(&b, "x", SOON));
            assert!(dropped.as_mut().now_or_never().is_none());
            assert_eq!(turnstile.load(), (1, 1));
        }
        assert_eq!(turnstile.load(), (1, 0));
        let mut waiting = Box::pin(turnstile.enter(&b, "x", SOON));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        let second = waiting.await.unwrap();
        drop(second);
        assert_eq!(turnstile.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_came_to_somebody_who_left_goes_on() {
        let turnstile = Turnstile::new("test", 1, 10);
        let a = tenant("a");
        let first = turnstile.enter(&a, "x", SOON).await.unwrap();
        let mut leaves = Box::pin(turnstile.enter(&a, "x", SOON));
        let mut stays = Box::pin(turnstile.enter(&a, "y", SOON));
        assert!(leaves.as_mut().now_or_never().is_none());
        assert!(stays.as_mut().now_or_never().is_none());
        drop(first);
        // It has been served by now and never looks.
        drop(leaves);
        assert!(stays.await.is_ok());
        assert_eq!(turnstile.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_one_tenant_makes_room_for_another() {
        let turnstile = Turnstile::new("test", 1, 2);
        let (noisy, quiet) = (tenant("noisy"), tenant("quiet"));
        let held = turnstile.enter(&noisy, "x", SOON).await.unwrap();
        let mut first = Box::pin(turnstile.enter(&noisy, "x", SOON));
        let mut second = Box::pin(turnstile.enter(&noisy, "y", SOON));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(turnstile.enter(&noisy, "z", SOON).await.unwrap_err(), NoPlace::Crowded);
        let mut other = Box::pin(turnstile.enter(&quiet, "x", SOON));
        assert!(other.as_mut().now_or_never().is_none());
        let lost = [first.as_mut().now_or_never(), second.as_mut().now_or_never()];
        assert_eq!(lost.iter().flatten().filter(|lost| lost.is_err()).count(), 1);
        drop((first, second));
        drop(held);
        assert!(other.now_or_never().unwrap().is_ok());
    }
}
