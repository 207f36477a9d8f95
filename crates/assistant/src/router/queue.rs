//! Who is next for a provider whose quota is used up.
//!
//! Tenants take turns, conversations of a tenant take turns, and within a conversation the first come is
//! the first served: neither a busy tenant nor a batch of one tenant keeps the others waiting. Pure; the
//! waiting itself is in `link.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::id::TenantId;

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Places by tenant and conversation. `T` is how a waiting call is woken.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    tenants: VecDeque<Tenant<T>>,
    waiting: usize,
    limit: usize,
    next_ticket: u64,
}

#[derive(Debug)]
struct Tenant<T> {
    id: TenantId,
    lanes: VecDeque<Lane<T>>,
}

#[derive(Debug)]
struct Lane<T> {
    name: Arc<str>,
    places: VecDeque<(Ticket, T)>,
}

impl<T> Queue<T> {
    /// At most `limit` calls wait.
    pub(crate) fn bounded(limit: usize) -> Self {
        Self { tenants: VecDeque::new(), waiting: 0, limit, next_ticket: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting >= self.limit
    }

    /// Takes a place at the end of a conversation's lane; `None` when the queue is full.
    pub(crate) fn join(&mut self, tenant: &TenantId, lane: &Arc<str>, bell: T) -> Option<Ticket> {
        if self.is_full() {
            return None;
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting += 1;
        let at = position_or_push(&mut self.tenants, |t| t.id == *tenant, || Tenant::new(tenant.clone()));
        let lanes = &mut self.tenants[at].lanes;
        let at = position_or_push(lanes, |l| l.name == *lane, || Lane::new(lane.clone()));
        lanes[at].places.push_back((ticket, bell));
        Some(ticket)
    }

    /// Whose turn it is.
    pub(crate) fn head(&self) -> Option<&(Ticket, T)> {
        self.tenants.front()?.lanes.front()?.places.front()
    }

    /// Serves the head; its tenant and its conversation go to the end of their rounds.
    pub(crate) fn serve(&mut self) -> Option<T> {
        let mut tenant = self.tenants.pop_front()?;
        let mut lane = tenant.lanes.pop_front()?;
        let (_, bell) = lane.places.pop_front()?;
        self.waiting -= 1;
        if !lane.places.is_empty() {
            tenant.lanes.push_back(lane);
        }
        if !tenant.lanes.is_empty() {
            self.tenants.push_back(tenant);
        }
        Some(bell)
    }

    /// Gives up a place. The order of the others does not change.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        for tenant in &mut self.tenants {
            for lane in &mut tenant.lanes {
                let before = lane.places.len();
                lane.places.retain(|(held, _)| *held != ticket);
                self.waiting -= before - lane.places.len();
            }
            tenant.lanes.retain(|lane| !lane.places.is_empty());
        }
        self.tenants.retain(|tenant| !tenant.lanes.is_empty());
    }

    /// How many of those waiting now go before a newcomer, at most.
    pub(crate) fn ahead_of(&self, tenant: &TenantId, lane: &str) -> usize {
        let own = self.tenants.iter().find(|t| t.id == *tenant);
        let ahead_in_tenant = own.map_or(0, |own| {
            let sizes = own.lanes.iter().map(|l| (l.name.as_ref() == lane, l.places.len()));
            ahead_in_round(sizes, |in_lane| in_lane)
        });
        let sizes = self.tenants.iter().map(|t| (t.id == *tenant, t.len()));
        ahead_in_round(sizes, |_| ahead_in_tenant)
    }
}

impl<T> Tenant<T> {
    fn new(id: TenantId) -> Self {
        Self { id, lanes: VecDeque::new() }
    }

    fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.places.len()).sum()
    }
}

impl<T> Lane<T> {
    fn new(name: Arc<str>) -> Self {
        Self { name, places: VecDeque::new() }
    }
}

/// In a round where each takes one at a time, a newcomer behind `k` of its own waits for those and for at
/// most `k + 1` of everybody else.
fn ahead_in_round(
    sizes: impl Iterator<Item = (bool, usize)> + Clone,
    own_ahead: impl Fn(usize) -> usize,
) -> usize {
    let own = sizes.clone().find(|(is_own, _)| *is_own).map_or(0, |(_, size)| size);
    let own = own_ahead(own);
    let others = sizes.filter(|(is_own, _)| !is_own).map(|(_, size)| size.min(own + 1));
    own + others.sum::<usize>()
}

fn position_or_push<E>(
    list: &mut VecDeque<E>,
    is_it: impl Fn(&E) -> bool,
    make: impl FnOnce() -> E,
) -> usize {
    if let Some(at) = list.iter().position(is_it) {
        return at;
    }
    list.push_back(make());
    list.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn join(queue: &mut Queue<String>, who: &str, lane: &str, label: &str) -> Ticket {
        queue.join(&tenant(who), &lane.into(), label.to_owned()).unwrap()
    }

    fn served(queue: &mut Queue<String>) -> Vec<String> {
        std::iter::from_fn(|| queue.serve()).collect()
    }

    #[test]
    fn a_noisy_tenant_does_not_keep_the_others_waiting() {
        let mut queue = Queue::bounded(1_000);
        for n in 0..500 {
            join(&mut queue, "noisy", &format!("c{n}"), "noisy");
        }
        join(&mut queue, "quiet", "c", "quiet 1");
        join(&mut queue, "quiet", "c", "quiet 2");
        assert_eq!(served(&mut queue)[..5], ["noisy", "quiet 1", "noisy", "quiet 2", "noisy"]);
    }

    #[test]
    fn a_batch_does_not_keep_its_own_tenants_customers_waiting() {
        let mut queue = Queue::bounded(1_000);
        for _ in 0..100 {
            join(&mut queue, "shop", "batch", "item");
        }
        join(&mut queue, "shop", "ana", "hello");
        assert_eq!(queue.ahead_of(&tenant("shop"), "ben"), 2);
        assert_eq!(served(&mut queue)[..3], ["item", "hello", "item"]);
    }

    #[test]
    fn a_conversation_stays_in_order() {
        let mut queue = Queue::bounded(10);
        for n in 0..4 {
            join(&mut queue, "shop", "ana", &format!("ana {n}"));
            join(&mut queue, "shop", "ben", &format!("ben {n}"));
        }
        let order = served(&mut queue);
        let ana: Vec<&String> = order.iter().filter(|label| label.starts_with("ana")).collect();
        assert_eq!(ana, ["ana 0", "ana 1", "ana 2", "ana 3"]);
    }

    #[test]
    fn whoever_leaves_leaves_no_place_behind() {
        let mut queue = Queue::bounded(2);
        let first = join(&mut queue, "a", "x", "first");
        join(&mut queue, "b", "y", "second");
        assert!(queue.join(&tenant("c"), &"z".into(), "third".to_owned()).is_none());
        queue.leave(first);
        queue.leave(first);
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.head().map(|(_, label)| label.as_str()), Some("second"));
        assert_eq!(queue.tenants.len(), 1);
    }

    #[test]
    fn a_newcomer_is_not_promised_more_than_it_gets() {
        let mut queue = Queue::bounded(100);
        for n in 0..9 {
            join(&mut queue, ["a", "b", "c"][n % 3], "lane", "other");
        }
        let promised = queue.ahead_of(&tenant("d"), "lane");
        join(&mut queue, "d", "lane", "newcomer");
        let place = served(&mut queue).iter().position(|label| label == "newcomer").unwrap();
        assert_eq!((promised, place), (3, 3));
    }
}
