//! What operators watch while it happens: new messages, replies, hand-overs, alarms.
//!
//! In memory and bounded: whoever was away asks the stored conversations. One tenant never sees another's.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::id::{ConversationId, TenantId};

/// Events kept for those who reconnect, and the most a slow reader may lag behind.
const KEPT: usize = 1_024;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantEventKind {
    /// A customer wrote.
    Message,
    /// The assistant or a person answered.
    Reply,
    /// A conversation goes to a person, or back.
    Handoff,
    /// A message's delivery changed.
    Delivery,
    /// A customer opted out or in.
    Consent,
    /// A batch in the background has come further.
    Batch,
    /// Something an operator should look at.
    Alarm,
    /// A mark of a budget was passed.
    Budget,
}

impl TenantEventKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Reply => "reply",
            Self::Handoff => "handoff",
            Self::Delivery => "delivery",
            Self::Consent => "consent",
            Self::Batch => "batch",
            Self::Alarm => "alarm",
            Self::Budget => "budget",
        }
    }
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct TenantEvent {
    /// Grows, also from one process to the next: the microsecond of the start, and one more for each event.
    pub id: u64,
    /// Whose.
    #[serde(skip)]
    pub tenant: TenantId,
    /// What happened.
    pub kind: TenantEventKind,
    /// When.
    pub at: Timestamp,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// More, by kind.
    pub data: serde_json::Value,
}

/// Where events are published and read.
#[derive(Debug, Clone)]
pub struct Events {
    kept: Arc<Mutex<Kept>>,
    sender: broadcast::Sender<Arc<TenantEvent>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The id that was given last.
    next_id: u64,
    /// The newest id that is not kept any more.
    forgotten: u64,
    events: VecDeque<Arc<TenantEvent>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { kept: Arc::default(), sender: broadcast::channel(KEPT).0 }
    }
}

impl Events {
    /// Nothing has happened yet. Ids begin at the microsecond of the start, so that those of an earlier process are
    /// smaller: nobody makes a million events a second.
    pub fn starting_at(start: Timestamp) -> Self {
        let events = Self::default();
        let first = u64::try_from(start.as_microsecond()).unwrap_or_default();
        {
            let mut kept = events.kept.lock();
            (kept.next_id, kept.forgotten) = (first, first);
        }
        events
    }

    /// Tells everybody who listens. Never waits.
    pub fn publish(
        &self,
        tenant: &TenantId,
        kind: TenantEventKind,
        conversation_id: Option<ConversationId>,
        at: Timestamp,
        data: serde_json::Value,
    ) {
        let mut kept = self.kept.lock();
        kept.next_id += 1;
        let event = Arc::new(TenantEvent {
            id: kept.next_id,
            tenant: tenant.clone(),
            kind,
            at,
            conversation_id,
            data,
        });
        if kept.events.len() == KEPT
            && let Some(oldest) = kept.events.pop_front()
        {
            kept.forgotten = oldest.id;
        }
        kept.events.push_back(Arc::clone(&event));
        // Sent under the lock, so that nobody sees events out of order; an error means that nobody listens.
        let _ = self.sender.send(event);
    }

    /// Forgets events of a tenant that are about something; whoever missed them is told to read anew.
    pub fn forget(&self, tenant: &TenantId, is_about: impl Fn(&TenantEvent) -> bool) {
        let mut kept = self.kept.lock();
        let mut newest = kept.forgotten;
        kept.events.retain(|event| {
            let goes = event.tenant == *tenant && is_about(event);
            if goes {
                newest = newest.max(event.id);
            }
            !goes
        });
        kept.forgotten = newest;
    }

    /// Those after `last_id` that are still kept, and everything that follows, of all tenants: the reader picks its
    /// own.
    pub fn follow(
        &self,
        last_id: Option<u64>,
    ) -> (Vec<Arc<TenantEvent>>, broadcast::Receiver<Arc<TenantEvent>>) {
        let kept = self.kept.lock();
        let missed = last_id.map_or_else(Vec::new, |last| {
            kept.events.iter().filter(|event| event.id > last).map(Arc::clone).collect()
        });
        (missed, self.sender.subscribe())
    }

    /// True where something may have happened after `last_id` that is not kept any more, also in an earlier process.
    pub fn has_forgotten_after(&self, last_id: u64) -> bool {
        last_id < self.kept.lock().forgotten
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn publish(events: &Events, times: usize) {
        for _ in 0..times {
            let tenant = TenantId::default_tenant();
            events.publish(&tenant, TenantEventKind::Message, None, Timestamp::UNIX_EPOCH, json!({}));
        }
    }

    #[test]
    fn whoever_reconnects_gets_what_was_missed_and_what_follows() {
        let events = Events::starting_at(Timestamp::from_microsecond(7_000).unwrap());
        publish(&events, 3);
        let (kept, mut live) = events.follow(Some(7_001));
        assert_eq!(kept.iter().map(|event| event.id).collect::<Vec<_>>(), [7_002, 7_003]);
        publish(&events, 1);
        assert_eq!(live.try_recv().unwrap().id, 7_004);
        assert!(events.follow(None).0.is_empty(), "who was never here has missed nothing");
    }

    #[test]
    fn what_is_to_be_forgotten_goes_and_is_known_to_have_gone() {
        let events = Events::starting_at(Timestamp::from_microsecond(7_000).unwrap());
        publish(&events, 3);
        events.forget(&TenantId::new("other").unwrap(), |_| true);
        events.forget(&TenantId::default_tenant(), |event| event.id == 7_002);
        let kept: Vec<u64> = events.follow(Some(0)).0.iter().map(|event| event.id).collect();
        assert_eq!(kept, [7_001, 7_003]);
        assert!(events.has_forgotten_after(7_001) && !events.has_forgotten_after(7_002));
    }

    #[test]
    fn what_is_forgotten_is_known_to_be() {
        let events = Events::starting_at(Timestamp::from_microsecond(7_000).unwrap());
        assert!(events.has_forgotten_after(6_999), "an earlier process may have told more");
        publish(&events, KEPT);
        assert!(!events.has_forgotten_after(7_000));
        publish(&events, 1);
        assert!(events.has_forgotten_after(7_000) && !events.has_forgotten_after(7_001));
        assert_eq!(events.follow(Some(0)).0.len(), KEPT);
    }
}
