//! One conversation, one turn at a time; different conversations in parallel.
//!
//! Within a process. Turns wait in the order they came; how many may wait is bounded.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::OwnedMutexGuard;

use crate::error::{AIError, LimitScope};
use crate::id::{ConversationId, TenantId};
use crate::limits::metrics;

/// Turns that may wait or run in one conversation: more than a person types in a deadline of 30 s.
const MAX_TURNS: usize = 32;

type Key = (TenantId, ConversationId);

#[derive(Debug, Default)]
struct Lane {
    turns: usize,
    lock: Arc<tokio::sync::Mutex<()>>,
}

/// The lanes in use; a lane exists only while a turn runs or waits in it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lanes {
    lanes: Arc<Mutex<FxHashMap<Key, Lane>>>,
}

/// The right to run a turn in a conversation; given back when dropped.
#[derive(Debug)]
pub(crate) struct LanePass {
    // Field order is drop order: the lock is free before the place is given back.
    _turn: OwnedMutexGuard<()>,
    _place: Place,
}

#[derive(Debug)]
struct Place {
    lanes: Lanes,
    key: Key,
}

impl Lanes {
    /// Waits for the conversation's earlier turns, at most `time_left`.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`] when too many wait already, [`AIError::DeadlineExceeded`] when the time
    /// is over.
    ///
    /// # Cancel safety
    /// A dropped wait gives its place back.
    pub(crate) async fn enter(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        time_left: Duration,
    ) -> Result<LanePass, AIError> {
        let key = (tenant.clone(), conversation.clone());
        let lock = {
            let mut lanes = self.lanes.lock();
            let lane = lanes.entry(key.clone()).or_default();
            if lane.turns >= MAX_TURNS {
                metrics::refused(LimitScope::Conversation);
                return Err(AIError::RateLimitExceeded {
                    scope: LimitScope::Conversation,
                    retry_after: Duration::from_secs(1),
                });
            }
            lane.turns += 1;
            Arc::clone(&lane.lock)
        };
        let place = Place { lanes: self.clone(), key };
        match tokio::time::timeout(time_left, lock.lock_owned()).await {
            Ok(turn) => Ok(LanePass { _turn: turn, _place: place }),
            Err(_) => Err(AIError::DeadlineExceeded { attempts: Vec::new() }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.key) {
            lane.turns -= 1;
            if lane.turns == 0 {
                lanes.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(conversation: &str) -> (TenantId, ConversationId) {
        (TenantId::default_tenant(), ConversationId::new(conversation).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_turn_waits_for_the_first_and_another_conversation_does_not() {
        let lanes = Lanes::default();
        let (tenant, a) = key("a");
        let (_, b) = key("b");
        let soon = Duration::from_millis(50);
        let first = lanes.enter(&tenant, &a, soon).await.unwrap();
        assert!(lanes.enter(&tenant, &b, soon).await.is_ok());
        assert!(matches!(lanes.enter(&tenant, &a, soon).await, Err(AIError::DeadlineExceeded { .. })));
        drop(first);
        assert!(lanes.enter(&tenant, &a, soon).await.is_ok());
        assert!(lanes.lanes.lock().is_empty(), "no lane is left behind");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_in_one_conversation_is_turned_away() {
        let lanes = Lanes::default();
        let (tenant, a) = key("a");
        let _running = lanes.enter(&tenant, &a, Duration::from_secs(1)).await.unwrap();
        let waiting: Vec<_> = (1..MAX_TURNS)
            .map(|_| {
                let (lanes, tenant, a) = (lanes.clone(), tenant.clone(), a.clone());
                tokio::spawn(async move { lanes.enter(&tenant, &a, Duration::from_secs(9)).await.is_ok() })
            })
            .collect();
        tokio::task::yield_now().await;
        let refused = lanes.enter(&tenant, &a, Duration::from_secs(1)).await;
        assert!(matches!(refused, Err(AIError::RateLimitExceeded { scope: LimitScope::Conversation, .. })));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
