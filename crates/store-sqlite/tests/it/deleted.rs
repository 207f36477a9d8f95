//! What is deleted is nowhere in the file any more, whoever deleted it.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use pytake_assistant::channel::{Event, EventKind};
use pytake_assistant::conversation::{Conversations, Summary};
use pytake_store::{Inbox, Privacy, ReceivedEvent, Reception};
use tempfile::TempDir;

use crate::open;
use crate::turns::{conversation, tenant, turn};

/// Whether the file or its log holds these words.
fn holds(folder: &TempDir, words: &str) -> bool {
    ["pytake.db", "pytake.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

fn reception(n: usize, body: &str) -> Reception {
    let kind = EventKind::Other { field: "test".to_owned() };
    let event = ReceivedEvent {
        event: Event { number: None, account: None, key: format!("k{n}"), kind },
        tenant: None,
        quiet: Duration::ZERO,
        quiet_at_most: Duration::ZERO,
    };
    Reception { body: Bytes::copy_from_slice(body.as_bytes()), events: vec![event] }
}

#[tokio::test]
async fn a_swept_body_and_a_replaced_summary_are_in_no_page() {
    const WORDS: &str = "jabuticaba furada";
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    // Longer than a page, so that whole pages become free.
    let long = format!("{WORDS} {}", "x".repeat(9_000)).repeat(2);
    for n in 0..20 {
        store.receive(reception(n, &long)).await.unwrap();
    }
    store.record(turn("default", "ana", "talk", 1)).await.unwrap();
    for text in [long, "short".to_owned()] {
        let summary = Summary { text, covers: 1 };
        store.put_summary(&tenant("default"), &conversation("talk"), summary).await.unwrap();
    }
    assert!(store.forget_deleted().await.unwrap());
    assert!(holds(&folder, WORDS), "it is there before");
    while store.sweep(Timestamp::MAX, 100).await.unwrap() > 0 {}
    assert!(store.forget_deleted().await.unwrap());
    assert!(!holds(&folder, WORDS));
}
