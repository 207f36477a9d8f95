//! The shelf in this process's memory: bounded in bytes, and fair between tenants.
//!
//! When it is full, the tenant that holds most gives its least recently used answer away. So a tenant that holds no more
//! than its even share never loses one to another, whatever the other does, and a tenant that is alone may use all.
//! A general cache knows nothing of tenants; hence a map of our own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::key::Key;
use super::metrics;
use super::shelf::{KeptAnswer, MAX_SIBLINGS, Place, Shelf};
use crate::clock::Clock;
use crate::id::TenantId;
use crate::settings::CacheBounds;

/// What the maps take for one answer beside the answer itself, in bytes, added up from their rows with as much spare room as
/// a map may have: the entry with its key 240, its two rows by age and by use 170, its wording 170, the counters of an
/// [`Arc`] and of the allocator 60.
const OVERHEAD: usize = 640;

#[derive(Debug)]
struct Entry {
    answer: Arc<KeptAnswer>,
    similar: Option<Key>,
    expires: Duration,
    bytes: usize,
    /// When it was kept, and when it was last used, as ticks.
    kept: u64,
    used: u64,
}

/// What one tenant has.
#[derive(Debug, Default)]
struct Share {
    entries: FxHashMap<Key, Entry>,
    by_use: BTreeMap<u64, Key>,
    siblings: FxHashMap<Key, Vec<Key>>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Shares {
    by_tenant: FxHashMap<TenantId, Share>,
    /// In the order in which they expire: all live equally long.
    by_age: BTreeMap<u64, (Duration, TenantId, Key)>,
    bytes: usize,
    tick: u64,
}

/// Answers in memory.
pub(super) struct MemoryShelf {
    bounds: CacheBounds,
    clock: Arc<dyn Clock>,
    // Held for map operations only, never across a wait.
    shares: Mutex<Shares>,
}

impl std::fmt::Debug for MemoryShelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryShelf").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl MemoryShelf {
    pub(super) fn new(bounds: CacheBounds, clock: Arc<dyn Clock>) -> Self {
        Self { bounds, clock, shares: Mutex::default() }
    }
}

#[async_trait]
impl Shelf for MemoryShelf {
    async fn find(&self, tenant: &TenantId, key: &Key) -> Option<Arc<KeptAnswer>> {
        self.shares.lock().find(tenant, key, self.clock.elapsed())
    }

    async fn siblings(&self, tenant: &TenantId, similar: &Key) -> Vec<Arc<KeptAnswer>> {
        let now = self.clock.elapsed();
        let mut shares = self.shares.lock();
        let keys = shares.by_tenant.get(tenant).and_then(|share| share.siblings.get(similar)).cloned();
        keys.unwrap_or_default().iter().filter_map(|key| shares.find(tenant, key, now)).collect()
    }

    async fn keep(&self, tenant: &TenantId, place: Place, answer: Arc<KeptAnswer>) {
        let now = self.clock.elapsed();
        let mut shares = self.shares.lock();
        shares.drop_expired(now);
        shares.keep(tenant, place, answer, now.saturating_add(self.bounds.ttl));
        shares.fit(self.bounds.max_bytes);
        metrics::holds(shares.bytes, shares.by_age.len());
    }

    async fn forget(&self, tenant: &TenantId) {
        let mut shares = self.shares.lock();
        shares.forget(tenant);
        metrics::holds(shares.bytes, shares.by_age.len());
    }
}

impl Shares {
    fn find(&mut self, tenant: &TenantId, key: &Key, now: Duration) -> Option<Arc<KeptAnswer>> {
        let tick = self.next_tick();
        let share = self.by_tenant.get_mut(tenant)?;
        let entry = share.entries.get_mut(key).filter(|entry| entry.expires > now)?;
        share.by_use.remove(&entry.used);
        share.by_use.insert(tick, *key);
        entry.used = tick;
        Some(Arc::clone(&entry.answer))
    }

    fn keep(&mut self, tenant: &TenantId, place: Place, answer: Arc<KeptAnswer>, expires: Duration) {
        self.remove(tenant, &place.key);
        let tick = self.next_tick();
        let bytes = answer.size() + OVERHEAD;
        let entry = Entry { answer, similar: place.similar, expires, bytes, kept: tick, used: tick };
        self.by_age.insert(tick, (expires, tenant.clone(), place.key));
        self.bytes += bytes;
        let share = self.by_tenant.entry(tenant.clone()).or_default();
        share.bytes += bytes;
        share.by_use.insert(tick, place.key);
        share.entries.insert(place.key, entry);
        let Some(similar) = place.similar else { return };
        let siblings = share.siblings.entry(similar).or_default();
        if siblings.len() == MAX_SIBLINGS {
            siblings.remove(0);
        }
        siblings.push(place.key);
    }

    /// Takes an answer out wherever it stands.
    fn remove(&mut self, tenant: &TenantId, key: &Key) {
        let Some(share) = self.by_tenant.get_mut(tenant) else { return };
        let Some(entry) = share.entries.remove(key) else { return };
        share.by_use.remove(&entry.used);
        share.bytes -= entry.bytes;
        self.by_age.remove(&entry.kept);
        self.bytes -= entry.bytes;
        if let Some(similar) = entry.similar
            && let Some(siblings) = share.siblings.get_mut(&similar)
        {
            siblings.retain(|sibling| sibling != key);
            if siblings.is_empty() {
                share.siblings.remove(&similar);
            }
        }
        if share.entries.is_empty() {
            self.by_tenant.remove(tenant);
        }
    }

    fn drop_expired(&mut self, now: Duration) {
        while let Some((_, (expires, tenant, key))) = self.by_age.first_key_value() {
            if *expires > now {
                return;
            }
            let (tenant, key) = (tenant.clone(), *key);
            self.remove(&tenant, &key);
        }
    }

    /// Makes room: of the tenant that holds most, what was not used for longest. Looking for that tenant takes a
    /// microsecond for a thousand of them, and a call to a model came before.
    fn fit(&mut self, max_bytes: usize) {
        while self.bytes > max_bytes {
            let largest = self.by_tenant.iter().max_by_key(|(tenant, share)| (share.bytes, *tenant));
            let oldest = largest.and_then(|(tenant, share)| {
                let (_, key) = share.by_use.first_key_value()?;
                Some((tenant.clone(), *key))
            });
            let Some((tenant, key)) = oldest else { return };
            self.remove(&tenant, &key);
            metrics::evicted();
        }
    }

    fn forget(&mut self, tenant: &TenantId) {
        let Some(share) = self.by_tenant.remove(tenant) else { return };
        self.bytes -= share.bytes;
        for entry in share.entries.values() {
            self.by_age.remove(&entry.kept);
        }
    }

    fn next_tick(&mut self) -> u64 {
        self.tick += 1;
        self.tick
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use jiff::Timestamp;

    use super::*;
    use crate::clock::TestClock;
    use crate::id::MessageId;

    struct Room {
        shelf: MemoryShelf,
        clock: TestClock,
    }

    impl Room {
        /// Room for so many answers of one size.
        fn for_answers(count: usize) -> Self {
            let clock = TestClock::at(Timestamp::UNIX_EPOCH);
            let max_bytes = count * (answer(0).size() + OVERHEAD);
            let bounds = CacheBounds { ttl: Duration::from_mins(1), max_bytes };
            Self { shelf: MemoryShelf::new(bounds, Arc::new(clock.clone())), clock }
        }

        fn keep(&self, tenant: &str, number: u8) {
            let place = Place { key: key(number), similar: Some(key(200)) };
            self.shelf
                .keep(&tenant_of(tenant), place, Arc::new(answer(number)))
                .now_or_never()
                .expect("memory does not wait");
        }

        fn has(&self, tenant: &str, number: u8) -> bool {
            let (tenant, key) = (tenant_of(tenant), key(number));
            self.shelf.find(&tenant, &key).now_or_never().expect("memory does not wait").is_some()
        }
    }

    fn tenant_of(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn key(number: u8) -> Key {
        Key::of_bytes([number; 32])
    }

    fn answer(number: u8) -> KeptAnswer {
        KeptAnswer {
            text: format!("answer {number:03}"),
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            booked_model: "m".to_owned(),
            confidence: None,
            message: MessageId::new("m").unwrap(),
            cost: None,
            meaning: None,
        }
    }

    #[test]
    fn an_answer_is_found_until_its_time_is_over_and_by_its_own_tenant() {
        let room = Room::for_answers(4);
        room.keep("sol", 1);
        assert!(room.has("sol", 1) && !room.has("lua", 1) && !room.has("sol", 2));
        room.clock.advance(Duration::from_secs(59));
        assert!(room.has("sol", 1), "using it does not make it live longer");
        room.clock.advance(Duration::from_secs(1));
        assert!(!room.has("sol", 1));
        room.keep("lua", 2);
        assert_eq!(room.shelf.shares.lock().by_age.len(), 1, "what is over leaves no trace");
    }

    #[test]
    fn a_full_shelf_gives_away_what_was_not_used_for_longest() {
        let room = Room::for_answers(3);
        for number in 1..=3 {
            room.keep("sol", number);
        }
        assert!(room.has("sol", 1));
        room.keep("sol", 4);
        let there = [1, 2, 3, 4].map(|number| room.has("sol", number));
        assert_eq!(there, [true, false, true, true]);
    }

    #[test]
    fn a_greedy_tenant_pushes_nobody_below_an_even_share() {
        let room = Room::for_answers(8);
        for number in 0..4 {
            room.keep("sol", number);
        }
        for number in 0..100 {
            room.keep("lua", number);
        }
        assert!((0..4).all(|number| room.has("sol", number)));
        assert_eq!((0..100).filter(|number| room.has("lua", *number)).count(), 4);
    }

    #[test]
    fn one_tenant_alone_uses_all_and_gives_way_to_a_second() {
        let room = Room::for_answers(8);
        for number in 0..8 {
            room.keep("lua", number);
        }
        assert!((0..8).all(|number| room.has("lua", number)));
        for number in 0..3 {
            room.keep("sol", number);
        }
        assert_eq!((0..8).filter(|number| room.has("lua", *number)).count(), 5);
    }

    #[test]
    fn forgetting_a_tenant_leaves_the_others_and_no_trace() {
        let room = Room::for_answers(4);
        room.keep("sol", 1);
        room.keep("lua", 1);
        room.shelf.forget(&tenant_of("sol")).now_or_never().expect("memory does not wait");
        assert!(!room.has("sol", 1) && room.has("lua", 1));
        room.shelf.forget(&tenant_of("lua")).now_or_never().expect("memory does not wait");
        let shares = room.shelf.shares.lock();
        assert_eq!((shares.bytes, shares.by_age.len(), shares.by_tenant.len()), (0, 0, 0));
    }

    #[test]
    fn wordings_of_one_question_are_bounded() {
        let room = Room::for_answers(100);
        for number in 0..40 {
            room.keep("sol", number);
        }
        let found = room.shelf.siblings(&tenant_of("sol"), &key(200)).now_or_never().expect("no wait");
        assert_eq!(found.len(), MAX_SIBLINGS);
        assert_eq!(found.last().map(|answer| answer.text.as_str()), Some("answer 039"));
    }

    #[test]
    fn what_is_larger_than_the_shelf_is_not_kept() {
        let room = Room::for_answers(0);
        room.keep("sol", 1);
        assert!(!room.has("sol", 1));
        assert_eq!(room.shelf.shares.lock().bytes, 0);
    }
}
