//! Who is next where not all may go: for a provider whose quota is used up, or for a place in a full server.
//!
//! Tenants take turns, conversations of a tenant take turns, and within a conversation the first come is
//! the first served: neither a busy tenant nor a batch of one tenant keeps the others waiting, nor takes the last
//! places from them. Pure; the waiting itself is in `turnstile.rs` and in the router's `link.rs`.

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

    /// Whether a call of this tenant would get a place: there is one, or another tenant has at least two more places
    /// than this one and loses its newest.
    pub(crate) fn has_room_for(&self, tenant: &TenantId) -> bool {
        self.waiting < self.limit || self.displaced_by(tenant).is_some()
    }

    /// Takes a place at the end of a conversation's lane, and says whose place was taken away for it; `None` when there
    /// is no room.
    pub(crate) fn join(
        &mut self,
        tenant: &TenantId,
        lane: &Arc<str>,
        bell: T,
    ) -> Option<(Ticket, Option<T>)> {
        let mut displaced = None;
        if self.waiting >= self.limit {
            let longest = self.displaced_by(tenant)?;
            displaced = self.take_newest(longest);
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting += 1;
        let at = position_or_push(&mut self.tenants, |t| t.id == *tenant, || Tenant::new(tenant.clone()));
        let lanes = &mut self.tenants[at].lanes;
        let at = position_or_push(lanes, |l| l.name == *lane, || Lane::new(lane.clone()));
        lanes[at].places.push_back((ticket, bell));
        Some((ticket, displaced))
    }

    /// Whether a place is still held.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        let mut lanes = self.tenants.iter().flat_map(|tenant| &tenant.lanes);
        lanes.any(|lane| lane.places.iter().any(|(held, _)| *held == ticket))
    }

    /// Whose turn it is.
    pub(crate) fn head(&self) -> Option<&(Ticket, T)> {
        self.tenants.front()?.lanes.front()?.places.front()
    }

    /// Serves the head; its tenant and its conversation go to the end of their rounds.
    pub(crate) fn serve(&mut self) -> Option<T> {
        self.serve_by(|_| Some(0)).map(|(_, bell)| bell)
    }

    /// Serves the tenant with the lowest rank, of equals the one whose turn it is; `None` is not served.
    pub(crate) fn serve_by(&mut self, rank: impl Fn(&TenantId) -> Option<usize>) -> Option<(TenantId, T)> {
        let ranked = self.tenants.iter().enumerate();
        let ranked = ranked.filter_map(|(place, tenant)| Some((rank(&tenant.id)?, place)));
        let (_, place) = ranked.min()?;
        let mut tenant = self.tenants.remove(place)?;
        let mut lane = tenant.lanes.pop_front()?;
        let (_, bell) = lane.places.pop_front()?;
        let id = tenant.id.clone();
        self.waiting -= 1;
        if !lane.places.is_empty() {
            tenant.lanes.push_back(lane);
        }
        if !tenant.lanes.is_empty() {
            self.tenants.push_back(tenant);
        }
        Some((id, bell))
    }

    /// The tenant with most places, where it has so many more than this one that taking one is fair.
    fn displaced_by(&self, tenant: &TenantId) -> Option<usize> {
        let own = self.tenants.iter().find(|t| t.id == *tenant).map_or(0, Tenant::len);
        let sizes = self.tenants.iter().enumerate().map(|(place, t)| (t.len(), place));
        sizes.max().filter(|(size, _)| *size > own + 1).map(|(_, place)| place)
    }

    /// Takes the newest place of a tenant's longest lane away.
    fn take_newest(&mut self, place: usize) -> Option<T> {
        let tenant = self.tenants.get_mut(place)?;
        let at = (0..tenant.lanes.len()).max_by_key(|at| tenant.lanes[*at].places.len())?;
        let (_, bell) = tenant.lanes[at].places.pop_back()?;
        self.waiting -= 1;
        tenant.lanes.retain(|lane| !lane.places.is_empty());
        self.tenants.retain(|tenant| !tenant.lanes.is_empty());
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
        queue.join(&tenant(who), &lane.into(), label.to_owned()).unwrap().0
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
    fn a_full_queue_has_room_for_who_has_less_than_the_others() {
        let mut queue = Queue::bounded(4);
        for n in 0..4 {
            join(&mut queue, "noisy", "c", &format!("noisy {n}"));
        }
        assert!(!queue.has_room_for(&tenant("noisy")));
        let (_, displaced) = queue.join(&tenant("quiet"), &"c".into(), "quiet 0".to_owned()).unwrap();
        assert_eq!(displaced.as_deref(), Some("noisy 3"));
        join(&mut queue, "quiet", "c", "quiet 1");
        assert!(!queue.has_room_for(&tenant("quiet")), "both have two");
        assert_eq!(queue.len(), 4);
        assert_eq!(served(&mut queue), ["noisy 0", "quiet 0", "noisy 1", "quiet 1"]);
    }

    #[test]
    fn the_lowest_rank_is_served_first_and_who_has_none_is_not() {
        let mut queue = Queue::bounded(10);
        for who in ["a", "b", "c"] {
            join(&mut queue, who, "c", who);
        }
        let rank = |id: &TenantId| match id.as_str() {
            "a" => Some(2),
            "b" => None,
            _ => Some(1),
        };
        let order: Vec<String> = std::iter::from_fn(|| queue.serve_by(rank).map(|(_, bell)| bell)).collect();
        assert_eq!(order, ["c", "a"]);
        assert_eq!(queue.len(), 1);
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
