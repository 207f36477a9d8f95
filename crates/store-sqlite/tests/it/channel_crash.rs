//! A process that is killed while it receives has kept every reception it acknowledged, once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::{Event, EventKind, InboundContent, InboundMessage, Sender};
use pytake_assistant::id::NumberId;
use pytake_store::{Inbox, ReceivedEvent, Reception};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

use crate::turns::tenant;

/// Where the child writes; unset in an ordinary run of the tests.
const PLACE: &str = "PYTAKE_TEST_CHANNEL_CRASH_DATABASE";

/// Webhooks at once in the child.
const RECEIVERS: usize = 8;

/// Messages in each webhook.
const BATCH: usize = 3;

fn reception(n: usize) -> Reception {
    let event = |m: usize| {
        let number = NumberId::new("n1").unwrap();
        let id = format!("m{n}-{m}");
        let message = InboundMessage {
            number: number.clone(),
            id: id.clone(),
            sender: Sender { phone: Some(format!("55119{:08}", n % 50)), ..Sender::default() },
            group: None,
            sent_at: None,
            content: InboundContent::Text { text: "oi".to_owned() },
            quotes: None,
            product: None,
            is_forwarded: false,
            referral: None,
            is_standby: false,
        };
        ReceivedEvent {
            event: Event {
                number: Some(number),
                account: None,
                key: id,
                kind: EventKind::Message(Box::new(message)),
            },
            tenant: Some(tenant("default")),
            quiet: Duration::ZERO,
            quiet_at_most: Duration::ZERO,
        }
    };
    Reception { body: Bytes::from_static(b"{}"), events: (0..BATCH).map(event).collect() }
}

#[tokio::test]
async fn every_reception_acknowledged_before_a_kill_is_there_once_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "channel_crash::receives_until_it_is_killed", "--ignored", "--nocapture"])
        .env(PLACE, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged: Vec<usize> = Vec::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    // A line that the kill has torn in two has no full stop.
    let number = |line: String| line.strip_prefix("received ")?.strip_suffix('.')?.parse::<usize>().ok();
    acknowledged.extend(lines.by_ref().filter_map(number).take(200));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts too.
    acknowledged.extend(lines.filter_map(number));
    assert!(acknowledged.len() >= 200, "the child died early");

    let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
    let last = acknowledged.iter().max().copied().unwrap();
    for n in &acknowledged {
        let again = store.receive(reception(*n)).await.unwrap();
        assert_eq!((again.new, again.duplicates), (0, 3), "reception {n} is lost");
    }
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(claim) = store.claim(Duration::from_hours(1)).await.unwrap() {
        let items: Vec<_> = claim.items.iter().map(|item| item.id).collect();
        for item in claim.items {
            *waiting.entry(item.message.id).or_default() += 1;
        }
        assert!(store.dismiss(&claim.key, &items).await.unwrap());
    }
    assert!(waiting.values().all(|times| *times == 1), "each waits once");
    let is_there = |n: usize| (0..BATCH).filter(|m| waiting.contains_key(&format!("m{n}-{m}"))).count();
    for n in 0..=last + RECEIVERS {
        let messages = is_there(n);
        assert!(messages == 0 || messages == BATCH, "a reception is there whole or not at all");
        assert!(messages == BATCH || !acknowledged.contains(&n));
    }
}

/// Not a test: the process that the one above starts and kills.
#[tokio::test]
#[ignore = "the child process of every_reception_acknowledged_before_a_kill_is_there_once_after_it"]
async fn receives_until_it_is_killed() {
    let Some(path) = std::env::var_os(PLACE) else { return };
    let store = Arc::new(SqliteStore::open(path.as_ref(), &SqliteOptions::default()).unwrap());
    let mut receivers = tokio::task::JoinSet::new();
    for receiver in 0..RECEIVERS {
        let store = Arc::clone(&store);
        receivers.spawn(async move {
            for n in (receiver..).step_by(RECEIVERS) {
                store.receive(reception(n)).await.unwrap();
                writeln!(std::io::stderr(), "received {n}.").unwrap();
            }
        });
    }
    receivers.join_all().await;
}
