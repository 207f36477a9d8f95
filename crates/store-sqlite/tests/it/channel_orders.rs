//! Whatever happens in whatever order, every message is settled once, in turn, and every reply is sent once or says that
//! it may be the second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use pytake_assistant::channel::{
    Accepted, DeliveryState, Event, EventKind, InboundContent, InboundMessage, OutboundContent, OutboxDraft,
    OutboxId, OutboxKind, Recipient, Recorded, SendFailure, SendFailureKind, Sender, Settlement,
    StatusUpdate,
};
use pytake_assistant::clock::{Clock, TestClock};
use pytake_assistant::conversation::{Conversations, Exchange, TurnRecord};
use pytake_assistant::id::{CountingIds, NumberId};
use pytake_store::{Claim, Inbox, Outbox, OutboxFilter, OutboxState, ReceivedEvent, Reception, Sending};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

use crate::turns::{at, tenant, turn};

const CUSTOMERS: usize = 3;
const LEASE: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_secs(2);
const QUIET_AT_MOST: Duration = Duration::from_secs(12);
/// Longer than the sender's own time-out, as the server has it.
const UNKNOWN_AFTER: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
enum Step {
    /// A webhook with messages of a customer, written so many seconds before; some of them were delivered before.
    Receive {
        customer: usize,
        messages: Vec<(bool, i64)>,
    },
    Claim,
    /// A worker ends its turn, with so many replies.
    Settle {
        worker: usize,
        replies: usize,
        is_void_when_newer: bool,
    },
    Postpone {
        worker: usize,
    },
    /// A worker is gone.
    Crash {
        worker: usize,
    },
    Advance {
        seconds: u64,
    },
    Take,
    Accepted {
        sender: usize,
    },
    Failed {
        sender: usize,
        kind: SendFailureKind,
    },
    /// A sender is gone, nobody knows whether before or after the call.
    Lose {
        sender: usize,
    },
    Report {
        message: usize,
        state: DeliveryState,
    },
    SettleUnknown,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..8_usize;
    let kinds = [
        SendFailureKind::NotSent,
        SendFailureKind::PairRate,
        SendFailureKind::NumberRate,
        SendFailureKind::WindowClosed,
        SendFailureKind::Unknown,
    ];
    let states = [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read, DeliveryState::Failed];
    let messages = prop::collection::vec((prop::bool::weighted(0.2), 0..20_i64), 1..4);
    let step = prop_oneof![
        6 => (0..CUSTOMERS, messages).prop_map(|(customer, messages)| Step::Receive { customer, messages }),
        6 => Just(Step::Claim),
        6 => (which.clone(), 0..3_usize, any::<bool>()).prop_map(|(worker, replies, is_void_when_newer)| {
            Step::Settle { worker, replies, is_void_when_newer }
        }),
        1 => which.clone().prop_map(|worker| Step::Postpone { worker }),
        1 => which.clone().prop_map(|worker| Step::Crash { worker }),
        6 => (1..40_u64).prop_map(|seconds| Step::Advance { seconds }),
        6 => Just(Step::Take),
        4 => which.clone().prop_map(|sender| Step::Accepted { sender }),
        3 => (which.clone(), prop::sample::select(kinds.to_vec()))
            .prop_map(|(sender, kind)| Step::Failed { sender, kind }),
        1 => which.clone().prop_map(|sender| Step::Lose { sender }),
        4 => (which, prop::sample::select(states.to_vec()))
            .prop_map(|(message, state)| Step::Report { message, state }),
        2 => Just(Step::SettleUnknown),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_order_of_events_loses_a_message_or_answers_it_twice(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in &steps {
                world.step(step).await;
            }
            world.finish().await;
        });
    }
}

/// A lease as its holder sees it.
struct Worker {
    claim: Claim,
    runs_out: Duration,
}

/// What the world knows apart from the store.
struct World {
    store: SqliteStore,
    clock: TestClock,
    received: BTreeMap<String, usize>,
    settled: BTreeSet<String>,
    workers: Vec<Worker>,
    senders: Vec<Sending>,
    /// Replies by conversation, in the order of their settlements.
    queued: BTreeMap<String, Vec<String>>,
    /// Tries of each reply that may have reached the customer.
    may_have_arrived: BTreeMap<String, u32>,
    taken: BTreeSet<String>,
    /// Rows whose sending the store was told the end of.
    accepted: BTreeMap<String, String>,
    in_flight: BTreeMap<String, String>,
    next: usize,
}

impl World {
    fn new() -> Self {
        let clock = TestClock::at(at(0));
        let options = SqliteOptions {
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountingIds::default()),
            ..SqliteOptions::default()
        };
        Self {
            store: SqliteStore::in_memory_with(&options).unwrap(),
            clock,
            received: BTreeMap::new(),
            settled: BTreeSet::new(),
            workers: Vec::new(),
            senders: Vec::new(),
            queued: BTreeMap::new(),
            may_have_arrived: BTreeMap::new(),
            taken: BTreeSet::new(),
            accepted: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            next: 0,
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Receive { customer, messages } => self.receive(*customer, messages).await,
            Step::Claim => self.claim().await,
            Step::Settle { worker, replies, is_void_when_newer } => {
                if let Some(worker) = pick(&mut self.workers, *worker) {
                    self.settle(worker, *replies, *is_void_when_newer).await;
                }
            }
            Step::Postpone { worker } => {
                if let Some(worker) = pick(&mut self.workers, *worker) {
                    let is_mine = self.store.postpone(&worker.claim.key, QUIET).await.unwrap();
                    assert!(is_mine || worker.runs_out <= self.clock.elapsed());
                }
            }
            // The lease stays until it runs out; nobody comes back for it.
            Step::Crash { worker } => drop(pick(&mut self.workers, *worker)),
            Step::Advance { seconds } => self.clock.advance(Duration::from_secs(*seconds)),
            Step::Take => self.take().await,
            Step::Accepted { sender } => {
                if let Some(sending) = pick(&mut self.senders, *sender) {
                    self.accept(&sending).await;
                }
            }
            Step::Failed { sender, kind } => {
                if let Some(sending) = pick(&mut self.senders, *sender) {
                    self.fail(&sending, *kind).await;
                }
            }
            Step::Lose { sender } => drop(pick(&mut self.senders, *sender)),
            Step::Report { message, state } => self.report(*message, *state).await,
            Step::SettleUnknown => {
                for (id, _) in self.store.settle_unknown(UNKNOWN_AFTER).await.unwrap() {
                    self.in_flight.retain(|_, row| *row != id.0);
                }
            }
        }
    }

    async fn receive(&mut self, customer: usize, messages: &[(bool, i64)]) {
        let phone = format!("551199999000{customer}");
        let number = NumberId::new("n1").unwrap();
        let mut events = Vec::new();
        for (is_repeated, age) in messages {
            let known = self.received.iter().find(|(_, whose)| **whose == customer);
            let id = if let Some((id, _)) = known.filter(|_| *is_repeated) {
                id.clone()
            } else {
                self.next += 1;
                format!("m{}", self.next)
            };
            self.received.insert(id.clone(), customer);
            let message = InboundMessage {
                number: number.clone(),
                id: id.clone(),
                sender: Sender { phone: Some(phone.clone()), ..Sender::default() },
                group: None,
                sent_at: Some(
                    self.clock.now().saturating_add(jiff::SignedDuration::from_secs(-age)).unwrap(),
                ),
                content: InboundContent::Text { text: id.clone() },
                quotes: None,
                product: None,
                is_forwarded: false,
                referral: None,
                is_standby: false,
            };
            events.push(ReceivedEvent {
                event: Event {
                    number: Some(number.clone()),
                    account: None,
                    key: id,
                    kind: EventKind::Message(Box::new(message)),
                },
                tenant: Some(tenant("default")),
                quiet: QUIET,
                quiet_at_most: QUIET_AT_MOST,
            });
        }
        self.store.receive(Reception { body: Bytes::from_static(b"{}"), events }).await.unwrap();
    }

    async fn claim(&mut self) {
        let Some(claim) = self.store.claim(LEASE).await.unwrap() else { return };
        let now = self.clock.elapsed();
        for other in &self.workers {
            let is_same = other.claim.key.conversation == claim.key.conversation;
            assert!(!is_same || other.runs_out <= now, "two leases on one conversation");
        }
        let order: Vec<_> = claim.items.iter().map(|item| (item.message.sent_at, item.id)).collect();
        assert!(order.is_sorted());
        self.workers.push(Worker { claim, runs_out: now + LEASE });
    }

    async fn settle(&mut self, worker: Worker, replies: usize, is_void_when_newer: bool) {
        let Worker { claim, runs_out } = worker;
        let place = claim.key.conversation.to_string();
        let mut drafts = Vec::new();
        for _ in 0..replies {
            self.next += 1;
            let id = format!("r{}", self.next);
            let content = OutboundContent::Text { body: id.clone(), preview_url: false };
            drafts.push(OutboxDraft { id: OutboxId(id), kind: OutboxKind::Reply, content });
        }
        self.next += 1;
        let n = i64::try_from(self.next).unwrap();
        let example = turn("default", claim.customer.id.as_str(), &place, n);
        let record = TurnRecord {
            exchange: example.exchange.map(|exchange| Exchange { answer: None, ..exchange }),
            settlement: Some(Settlement {
                lease: claim.key.lease,
                items: claim.items.iter().map(|item| item.id).collect(),
                outbound: drafts.clone(),
                is_void_when_newer,
            }),
            ..turn("default", claim.customer.id.as_str(), &place, n)
        };
        match self.store.record(record).await.unwrap().recorded {
            Recorded::Written => {
                for item in &claim.items {
                    assert!(self.settled.insert(item.message.id.clone()), "answered twice");
                }
                self.queued.entry(place).or_default().extend(drafts.into_iter().map(|draft| draft.id.0));
            }
            Recorded::Outdated => assert!(is_void_when_newer),
            Recorded::Fenced => assert!(runs_out <= self.clock.elapsed(), "fenced within its lease"),
        }
    }

    async fn take(&mut self) {
        let Some(sending) = self.store.take().await.unwrap() else { return };
        let (id, place) = (sending.key.id.0.clone(), sending.conversation.to_string());
        assert!(!self.in_flight.contains_key(&place), "two in flight in one conversation");
        assert!(!self.accepted.contains_key(&id), "sent again after the channel took it");
        let tries = self.may_have_arrived.entry(id.clone()).or_default();
        assert!(*tries == 0 || sending.is_possible_duplicate, "a possible duplicate says so");
        assert!(*tries < 2, "at most one possible duplicate");
        *tries += 1;
        if self.taken.insert(id.clone()) {
            let rows = self.store.outbox(&tenant("default"), everything()).await.unwrap().items;
            for before in self.queued[&place].iter().take_while(|row| **row != id) {
                let is_merged =
                    rows.iter().any(|row| row.id.0 == *before && row.state == OutboxState::Merged);
                assert!(self.taken.contains(before) || is_merged, "{id} before {before}");
            }
        }
        self.in_flight.insert(place, id);
        self.senders.push(sending);
    }

    async fn accept(&mut self, sending: &Sending) {
        let id = &sending.key.id.0;
        let message_id = format!("w-{id}-{}", sending.key.attempt);
        let accepted = Accepted { message_id: message_id.clone(), recipient: Recipient::default() };
        self.store.accepted(&sending.key, &accepted).await.unwrap();
        let row = self.row(id).await;
        if row.message_id.as_ref() == Some(&message_id) {
            self.accepted.insert(id.clone(), message_id);
        }
        self.note_end(id, row.state);
    }

    async fn fail(&mut self, sending: &Sending, kind: SendFailureKind) {
        let failure =
            SendFailure { kind, code: None, status: None, message: "failed".to_owned(), retry_after: None };
        self.store.failed(&sending.key, &failure, 0.5).await.unwrap();
        let id = &sending.key.id.0;
        if kind != SendFailureKind::Unknown
            && let Some(tries) = self.may_have_arrived.get_mut(id)
        {
            // The channel said that it was not sent.
            *tries -= 1;
        }
        let row = self.row(id).await;
        self.note_end(id, row.state);
    }

    async fn report(&mut self, message: usize, state: DeliveryState) {
        let known: Vec<(String, String)> =
            self.accepted.iter().map(|(id, message)| (id.clone(), message.clone())).collect();
        let Some((id, message_id)) = known.get(message % known.len().max(1)) else { return };
        let status = StatusUpdate {
            number: NumberId::new("n1").unwrap(),
            message_id: message_id.clone(),
            state,
            at: None,
            callback: Some(id.clone()),
            category: None,
            is_billable: None,
            failure: None,
        };
        let event = ReceivedEvent {
            event: Event {
                number: Some(status.number.clone()),
                account: None,
                key: format!("{message_id} {}", state.as_str()),
                kind: EventKind::Status(Box::new(status)),
            },
            tenant: Some(tenant("default")),
            quiet: QUIET,
            quiet_at_most: QUIET_AT_MOST,
        };
        let before = self.row(id).await.state;
        self.store.receive(Reception { body: Bytes::new(), events: vec![event] }).await.unwrap();
        let after = self.row(id).await.state;
        let (OutboxState::Out(before), OutboxState::Out(after)) = (before, after) else {
            panic!("{before:?} became {after:?}");
        };
        assert_eq!(after, before.after(state), "never back");
    }

    fn note_end(&mut self, id: &str, state: OutboxState) {
        if state != OutboxState::Sending {
            self.in_flight.retain(|_, row| row != id);
        }
    }

    async fn row(&self, id: &str) -> pytake_store::OutboxRow {
        let rows = self.store.outbox(&tenant("default"), everything()).await.unwrap().items;
        rows.into_iter().find(|row| row.id.0 == id).unwrap()
    }

    /// Everybody does their work from now on: nothing may be left over.
    async fn finish(&mut self) {
        self.workers.clear();
        self.senders.clear();
        for _ in 0..400 {
            self.clock.advance(Duration::from_secs(61));
            self.step(&Step::SettleUnknown).await;
            self.claim().await;
            while let Some(worker) = self.workers.pop() {
                self.settle(worker, 1, false).await;
            }
            self.take().await;
            while let Some(sending) = self.senders.pop() {
                self.accept(&sending).await;
            }
            let is_quiet = self.store.next_claim_in().await.unwrap().is_none()
                && self.store.next_send_in().await.unwrap().is_none()
                && self.in_flight.is_empty();
            if is_quiet {
                break;
            }
        }
        let received: BTreeSet<String> = self.received.keys().cloned().collect();
        assert_eq!(self.settled, received, "every message is settled, none is lost");
        let rows = self.store.outbox(&tenant("default"), everything()).await.unwrap().items;
        for row in rows {
            assert!(
                !matches!(row.state, OutboxState::Queued | OutboxState::Sending),
                "{} is left over",
                row.id.0
            );
        }
    }
}

fn everything() -> OutboxFilter {
    OutboxFilter { limit: 200, ..OutboxFilter::default() }
}

fn pick<T>(from: &mut Vec<T>, which: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.remove(which % from.len()))
}
