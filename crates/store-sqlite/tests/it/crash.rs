//! A process that is killed while it writes loses nothing that was acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use pytake_assistant::conversation::Conversations;
use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Ledger, UsageQuery};
use pytake_store::Audit;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

use crate::turns::{conversation, tenant, turn};

/// Where the child writes; unset in an ordinary run of the tests.
const PLACE: &str = "PYTAKE_TEST_CRASH_DATABASE";

/// Writers in the child.
const WRITERS: u8 = 8;

#[tokio::test]
async fn every_turn_acknowledged_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::records_until_it_is_killed", "--ignored", "--nocapture"])
        .env(PLACE, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged: Vec<i64> = Vec::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    // A line that the kill has torn in two has no full stop.
    let number = |line: String| line.strip_prefix("recorded ")?.strip_suffix('.')?.parse::<i64>().ok();
    acknowledged.extend(lines.by_ref().filter_map(number).take(400));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts too.
    acknowledged.extend(lines.filter_map(number));
    assert!(acknowledged.len() >= 400, "the child died early");

    let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
    let mut stored = Vec::new();
    for writer in 0..WRITERS {
        let place = conversation(&format!("c{writer}"));
        let messages = store.messages(&TenantId::default_tenant(), &place, 0, u64::MAX).await.unwrap();
        assert_eq!(messages.len() % 2, 0, "a turn is there whole or not at all");
        stored.extend(messages.into_iter().map(|message| message.id.to_string()));
    }
    for n in &acknowledged {
        assert!(stored.contains(&format!("q-{n}")) && stored.contains(&format!("a-{n}")), "turn {n} is lost");
    }
    let query = UsageQuery::default();
    let booked = store.usage(&tenant("default"), query.clone()).await.unwrap();
    assert_eq!(booked, store.usage_from_ledger(&tenant("default"), query).await.unwrap());
    assert_eq!(booked[0].requests, stored.len() as u64 / 2, "the books tell of the same turns");
}

/// Not a test: the process that the one above starts and kills.
#[tokio::test]
#[ignore = "the child process of every_turn_acknowledged_before_a_kill_is_there_after_it"]
async fn records_until_it_is_killed() {
    let Some(path) = std::env::var_os(PLACE) else { return };
    let store = SqliteStore::open(path.as_ref(), &SqliteOptions::default()).unwrap();
    let store = Arc::new(store);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let place = format!("c{writer}");
            for n in (i64::from(writer)..).step_by(usize::from(WRITERS)) {
                store.record(turn("default", "ana", &place, n)).await.unwrap();
                writeln!(std::io::stderr(), "recorded {n}.").unwrap();
            }
        });
    }
    writers.join_all().await;
}
