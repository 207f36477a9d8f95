//! The way into a provider: at once, or after a wait in its queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::{Admission, Link, LinkState, Passage};
use crate::limits::Ticket;
use crate::router::allowance::Reserved;
use crate::router::breaker::Permission;
use crate::router::call::Need;
use crate::router::metrics;

/// Why a call was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// The breaker refuses by now.
    Refused,
    /// The queue is full or the wait was longer than predicted.
    Busy,
}

impl Link {
    /// Lets a call in, after a wait of at most `patience` for the quota.
    ///
    /// # Cancel safety
    /// A dropped call leaves neither a place in the queue nor a taken probe behind.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        model: &Arc<str>,
        need: &Need<'_>,
        patience: Duration,
    ) -> Result<Passage, TurnedAway> {
        if let Some(entry) = self.enter_at_once(model, need.tokens) {
            return entry;
        }
        let wait = self.wait_for_turn(model, need);
        tokio::time::timeout(patience, wait).await.unwrap_or(Err(TurnedAway::Busy))
    }

    /// `None` where the call has to wait: others do, or the quota is used up.
    fn enter_at_once(self: &Arc<Self>, model: &Arc<str>, tokens: u64) -> Option<Result<Passage, TurnedAway>> {
        let now = self.shared.clock.elapsed();
        let mut state = self.state.lock();
        if state.queue.head().is_some() {
            return None;
        }
        match state.admit(model, tokens, now) {
            Admission::In { is_probe, reserved } => {
                Some(Ok(self.passage(&mut state, model, is_probe, reserved, now)))
            }
            Admission::Refused => Some(Err(TurnedAway::Refused)),
            Admission::NotYet(_) => None,
        }
    }

    async fn wait_for_turn(
        self: &Arc<Self>,
        model: &Arc<str>,
        need: &Need<'_>,
    ) -> Result<Passage, TurnedAway> {
        let place = self.queue_up(need).ok_or(TurnedAway::Busy)?;
        loop {
            // A bell that rings between looking and waiting is kept by `notify_one`.
            match self.look(&place, model, need.tokens) {
                Look::In(passage) => return Ok(passage),
                Look::Refused => return Err(TurnedAway::Refused),
                Look::Displaced => return Err(TurnedAway::Busy),
                Look::NotFirst => place.bell.notified().await,
                Look::NotYet(wait) => {
                    let _woken_or_due = tokio::time::timeout(wait, place.bell.notified()).await;
                }
            }
        }
    }

    fn queue_up(self: &Arc<Self>, need: &Need<'_>) -> Option<Place> {
        let bell = Arc::new(Notify::new());
        let mut state = self.state.lock();
        let (ticket, displaced) = state.queue.join(need.tenant, need.lane, Arc::clone(&bell))?;
        if let Some(displaced) = displaced {
            displaced.notify_one();
        }
        metrics::queue_changed(self.provider.name(), state.queue.len());
        Some(Place { link: Arc::clone(self), ticket, bell })
    }

    fn look(self: &Arc<Self>, place: &Place, model: &Arc<str>, tokens: u64) -> Look {
        let now = self.shared.clock.elapsed();
        let mut state = self.state.lock();
        if state.queue.head().is_none_or(|(first, _)| *first != place.ticket) {
            return if state.queue.holds(place.ticket) { Look::NotFirst } else { Look::Displaced };
        }
        match state.admit(model, tokens, now) {
            Admission::In { is_probe, reserved } => {
                state.queue.serve();
                Look::In(self.passage(&mut state, model, is_probe, reserved, now))
            }
            Admission::Refused => Look::Refused,
            Admission::NotYet(wait) => Look::NotYet(wait),
        }
    }

    fn passage(
        self: &Arc<Self>,
        state: &mut LinkState,
        model: &Arc<str>,
        is_probe: bool,
        reserved: Reserved,
        now: Duration,
    ) -> Passage {
        state.stats.in_flight += 1;
        Passage {
            link: Arc::clone(self),
            model: Arc::clone(model),
            is_probe,
            started: now,
            reserved,
            is_settled: false,
        }
    }

    /// Takes the probe if one is due and the quota has room for it right now.
    pub(crate) fn enter_as_probe(self: &Arc<Self>, model: &Arc<str>, tokens: u64) -> Option<Passage> {
        let now = self.shared.clock.elapsed();
        let mut state = self.state.lock();
        if state.queue.head().is_some() || state.breakers.permission(model, now) != Permission::Probe {
            return None;
        }
        match state.admit(model, tokens, now) {
            Admission::In { is_probe, reserved } => {
                Some(self.passage(&mut state, model, is_probe, reserved, now))
            }
            Admission::Refused | Admission::NotYet(_) => None,
        }
    }
}

enum Look {
    In(Passage),
    Refused,
    /// Another tenant's call, which had less, has the place.
    Displaced,
    NotFirst,
    NotYet(Duration),
}

/// A place in the queue that is given up when dropped; then the next one is woken.
struct Place {
    link: Arc<Link>,
    ticket: Ticket,
    bell: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.link.state.lock();
            state.queue.leave(self.ticket);
            metrics::queue_changed(self.link.provider.name(), state.queue.len());
        }
        self.link.wake_head();
    }
}
