//! What takes time, with a clock that a test moves.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::{
    Accepted, Event, EventKind, InboundContent, InboundMessage, OutboundContent, OutboxDraft, OutboxId,
    OutboxKind, Recipient, Recorded, SendFailure, SendFailureKind, Sender, Settlement,
};
use pytake_assistant::clock::{Clock, TestClock};
use pytake_assistant::conversation::{Conversations, TurnRecord};
use pytake_assistant::id::NumberId;
use pytake_store::{Inbox, Outbox, ReceivedEvent, Reception};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

use crate::turns::{at, tenant, turn};

const QUIET: Duration = Duration::from_millis(2_500);
const AT_MOST: Duration = Duration::from_secs(12);
const LEASE: Duration = Duration::from_secs(90);

fn store() -> (SqliteStore, TestClock) {
    let clock = TestClock::at(at(0));
    let options = SqliteOptions { clock: Arc::new(clock.clone()), ..SqliteOptions::default() };
    (SqliteStore::in_memory_with(&options).unwrap(), clock)
}

async fn says(store: &SqliteStore, id: &str) {
    let number = NumberId::new("n1").unwrap();
    let message = InboundMessage {
        number: number.clone(),
        id: id.to_owned(),
        sender: Sender { phone: Some("5511999990000".to_owned()), ..Sender::default() },
        group: None,
        sent_at: None,
        content: InboundContent::Text { text: id.to_owned() },
        quotes: None,
        product: None,
        is_forwarded: false,
        referral: None,
        is_standby: false,
    };
    let event = ReceivedEvent {
        event: Event {
            number: Some(number),
            account: None,
            key: id.to_owned(),
            kind: EventKind::Message(Box::new(message)),
        },
        tenant: Some(tenant("default")),
        quiet: QUIET,
        quiet_at_most: AT_MOST,
    };
    store.receive(Reception { body: Bytes::new(), events: vec![event] }).await.unwrap();
}

async fn answers(store: &SqliteStore, n: i64, replies: &[&str]) {
    let claim = store.claim(LEASE).await.unwrap().unwrap();
    let draft = |id: &&str| OutboxDraft {
        id: OutboxId((*id).to_owned()),
        kind: OutboxKind::Reply,
        content: OutboundContent::Text { body: (*id).to_owned(), preview_url: false },
    };
    let record = TurnRecord {
        settlement: Some(Settlement {
            lease: claim.key.lease,
            items: claim.items.iter().map(|item| item.id).collect(),
            outbound: replies.iter().map(draft).collect(),
            is_void_when_newer: true,
        }),
        ..turn("default", claim.customer.id.as_str(), claim.key.conversation.as_str(), n)
    };
    assert_eq!(store.record(record).await.unwrap().recorded, Recorded::Written);
}

#[tokio::test]
async fn a_burst_is_due_when_it_is_quiet_and_twelve_seconds_after_its_first_at_the_latest() {
    let (store, clock) = store();
    says(&store, "m1").await;
    for n in 2..7 {
        clock.advance(Duration::from_secs(2));
        assert!(store.claim(LEASE).await.unwrap().is_none(), "before message {n}");
        says(&store, &format!("m{n}")).await;
    }
    assert_eq!(store.next_claim_in().await.unwrap(), Some(Duration::from_secs(2)), "12 seconds after m1");
    clock.advance(Duration::from_secs(2));
    assert_eq!(store.claim(LEASE).await.unwrap().unwrap().items.len(), 6);
    assert_eq!(store.next_claim_in().await.unwrap(), Some(LEASE), "whoever has it may be gone then");
    assert_eq!(store.backlog().await.unwrap().conversations, 1);
}

#[tokio::test]
async fn a_timer_that_was_stored_runs_on_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::at(at(0));
    let options = SqliteOptions { clock: Arc::new(clock.clone()), ..SqliteOptions::default() };
    let path = folder.path().join("pytake.db");
    says(&SqliteStore::open(&path, &options).unwrap(), "m1").await;
    let store = SqliteStore::open(&path, &options).unwrap();
    assert!(store.claim(LEASE).await.unwrap().is_none());
    clock.advance(QUIET);
    assert!(store.claim(LEASE).await.unwrap().is_some());
}

#[tokio::test]
async fn the_next_message_waits_five_seconds_for_a_delivery_nobody_reports() {
    let (store, clock) = store();
    says(&store, "m1").await;
    clock.advance(QUIET);
    answers(&store, 1, &["r1", "r2"]).await;
    let sending = store.take().await.unwrap().unwrap();
    let accepted = Accepted { message_id: "w1".to_owned(), recipient: Recipient::default() };
    store.accepted(&sending.key, &accepted).await.unwrap();
    assert_eq!(store.next_send_in().await.unwrap(), Some(Duration::from_secs(5)));
    clock.advance(Duration::from_micros(4_999_999));
    assert!(store.take().await.unwrap().is_none());
    clock.advance(Duration::from_micros(1));
    assert_eq!(store.take().await.unwrap().unwrap().key.id.0, "r2");
}

#[tokio::test]
async fn a_message_that_may_still_be_reported_on_is_kept_for_31_days() {
    const DAY: Duration = Duration::from_hours(24);
    let (store, clock) = store();
    says(&store, "m1").await;
    clock.advance(QUIET);
    answers(&store, 1, &["r1"]).await;
    let sending = store.take().await.unwrap().unwrap();
    let accepted = Accepted { message_id: "w1".to_owned(), recipient: Recipient::default() };
    store.accepted(&sending.key, &accepted).await.unwrap();
    clock.advance(31 * DAY);
    assert_eq!(store.sweep_outbox(clock.now(), 10).await.unwrap(), 0);
    clock.advance(Duration::from_micros(1));
    let week_before = clock.now() - 7 * DAY;
    assert_eq!(store.sweep_outbox(week_before - 25 * DAY, 10).await.unwrap(), 0, "nor before that");
    assert_eq!(store.sweep_outbox(week_before, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_merged_text_is_as_new_as_the_newest_in_it() {
    let (store, clock) = store();
    says(&store, "m1").await;
    clock.advance(QUIET);
    answers(&store, 1, &["r1"]).await;
    let sending = store.take().await.unwrap().unwrap();
    says(&store, "m2").await;
    clock.advance(QUIET);
    answers(&store, 2, &["r2"]).await;
    let failure = SendFailure {
        kind: SendFailureKind::PairRate,
        code: Some(131_056),
        status: None,
        message: "too many messages to this person".to_owned(),
        retry_after: None,
    };
    store.failed(&sending.key, &failure, 0.0).await.unwrap();
    assert!(store.take().await.unwrap().is_none());
    clock.advance(Duration::from_secs(1));
    let merged = store.take().await.unwrap().unwrap();
    assert_eq!((merged.key.id.0.as_str(), merged.content.text()), ("r1", "r1\n\nr2"));
    assert!(!merged.is_outdated, "the answer to the newest message is in it");
}
