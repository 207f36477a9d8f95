//! What only a file has: being opened again, by two at once, and being unusable.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use pytake_assistant::Author;
use pytake_assistant::answers::{AnswerText, Answers, ApprovedAnswer};
use pytake_assistant::conversation::{ConversationFilter, Conversations};
use pytake_assistant::id::{AnswerId, ConversationId, TenantId, UserId};
use pytake_assistant::ledger::{Admission, Ledger, ReservationId, ReservationRequest};
use pytake_assistant::tenant::{Edit, TenantProfile, Tenants};
use pytake_store::{ApiKeyRecord, Health, Keys, Scope};
use pytake_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use pytake_understanding::language::Language;

use crate::turns::turn;
use crate::{open, turns};

fn refusal(path: &Path) -> String {
    let error = SqliteStore::open(path, &SqliteOptions::default()).unwrap_err();
    let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn reservation(n: usize) -> ReservationRequest {
    ReservationRequest {
        id: ReservationId(format!("r{n}")),
        tenant: TenantId::default_tenant(),
        user: UserId::new("ana").unwrap(),
        day: date(2026, 11, 22),
        daily_limit: Some(10),
        budgets: Vec::new(),
        at_most: pytake_assistant::money::PicoUsd::ZERO,
        cheaper: None,
        at: turns::at(0),
        holds_for: Duration::from_mins(1),
    }
}

fn key() -> ApiKeyRecord {
    ApiKeyRecord {
        id: "k1".into(),
        tenant: TenantId::default_tenant(),
        name: "till".into(),
        prefix: "pt_abcde".into(),
        secret_hash: [1; 32],
        previous: None,
        scopes: vec![Scope::Chat],
        requests_per_minute: None,
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).record(turn("default", "ana", "c1", 1)).await.unwrap();
    let store = open(&folder);
    let history = store.history(&TenantId::default_tenant(), &turns::conversation("c1"), 10).await.unwrap();
    assert_eq!(history.recent.len(), 2);
}

#[tokio::test]
async fn a_daily_limit_holds_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut admitted = 0;
    for opened in 0..4 {
        let store = Arc::new(open(&folder));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..16 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { store.reserve(reservation(opened * 16 + n)).await.unwrap() });
        }
        for admission in tasks.join_all().await {
            admitted += u32::from(admission == Admission::Admitted);
        }
        store.close();
    }
    assert_eq!(admitted, 10);
}

#[tokio::test]
async fn what_another_process_changes_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (server, command) = (open(&folder), open(&folder));
    server.lock_for_serving().unwrap();
    assert!(!server.has_keys().await.unwrap());
    command.create_key(&key()).await.unwrap();
    assert_eq!(server.key_by_hash(&[1; 32]).await.unwrap().unwrap().key, key());
    command.revoke_key(None, "k1", turns::at(1)).await.unwrap();
    let revoked = server.key_by_hash(&[1; 32]).await.unwrap().unwrap().key;
    assert_eq!(revoked.revoked_at, Some(turns::at(1)));
    assert!(!server.has_keys().await.unwrap());
}

#[tokio::test]
async fn two_writers_beside_each_other_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Arc::new(open(&folder)), Arc::new(open(&folder))];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&stores[usize::from(n % 2 == 0)]);
        tasks.spawn(async move { store.record(turn("default", "ana", "c1", n)).await.unwrap() });
    }
    tasks.join_all().await;
    let tenant = TenantId::default_tenant();
    let messages = stores[0].messages(&tenant, &turns::conversation("c1"), 0, 1_000).await.unwrap();
    assert_eq!(messages.len(), 200);
}

#[test]
fn a_second_server_is_refused_until_the_first_has_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (open(&folder), open(&folder));
    first.lock_for_serving().unwrap();
    first.lock_for_serving().unwrap();
    let refusal = second.lock_for_serving().unwrap_err();
    assert!(matches!(refusal, OpenError::Served { .. }));
    assert!(refusal.to_string().contains("pytake.db.lock"), "{refusal}");
    first.close();
    second.lock_for_serving().unwrap();
    SqliteStore::in_memory().unwrap().lock_for_serving().unwrap();
}

#[tokio::test]
async fn a_closed_store_leaves_one_complete_file_and_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.record(turn("default", "ana", "c1", 1)).await.unwrap();
    store.close();
    let log = std::fs::metadata(folder.path().join("pytake.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0);
    assert!(store.record(turn("default", "ana", "c1", 2)).await.is_err());
    assert!(store.check().await.is_err());
}

#[tokio::test]
async fn a_deleted_demo_stays_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = TenantId::default_tenant();
    let profile = TenantProfile { business_name: "Casa Verde".into(), ..Default::default() };
    let answer = ApprovedAnswer {
        id: AnswerId::new("delivery").unwrap(),
        questions: vec!["Prazo?".into()],
        answers: vec![AnswerText { language: Language::Portuguese, text: "3 dias".into() }],
        updated_at: turns::at(0),
    };
    let demo = std::slice::from_ref(&answer);
    {
        let store = open(&folder);
        assert!(store.seed_if_new(&profile, demo).await.unwrap());
        assert_eq!(store.profile(&tenant).await.unwrap(), Some(profile.clone()));
        assert_eq!(store.answers(&tenant).await.unwrap(), demo);
        store.delete_answer(&tenant, &answer.id).await.unwrap();
    }
    let store = open(&folder);
    assert!(!store.seed_if_new(&profile, demo).await.unwrap());
    assert!(store.answers(&tenant).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_default_tenant_in_use_is_not_filled() {
    let store = SqliteStore::in_memory().unwrap();
    let tenant = TenantId::default_tenant();
    let own = TenantProfile { business_name: "Minha Loja".into(), ..Default::default() };
    store.put_profile(&tenant, &own, &Edit::by(Author::open()), turns::at(0)).await.unwrap();
    assert!(!store.seed_if_new(&TenantProfile::default(), &[]).await.unwrap());
    assert_eq!(store.profile(&tenant).await.unwrap(), Some(own));
}

#[tokio::test]
async fn ten_thousand_conversations_are_listed_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (task..10_000).step_by(64) {
                store.record(turn("default", "ana", &format!("c{n}"), n)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let mut filter = ConversationFilter { limit: 200, ..Default::default() };
    let mut listed: Vec<ConversationId> = Vec::new();
    let mut pages = 0;
    loop {
        let page = store.conversations(&TenantId::default_tenant(), filter.clone()).await.unwrap();
        listed.extend(page.items.into_iter().map(|item| item.id));
        pages += 1;
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    listed.sort_unstable();
    listed.dedup();
    assert_eq!((pages, listed.len()), (50, 10_000));
}

#[test]
fn a_missing_directory_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("pytake.db");
    SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
    assert!(path.is_file());
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Ana, this is not a database, however long it may become. ".repeat(99))
        .unwrap();
    let refusal = refusal(&path);
    assert!(refusal.contains("letter.txt is damaged or not an SQLite database"), "{refusal}");
    assert!(refusal.contains("restore a backup"), "{refusal}");
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    {
        let store = open(&folder);
        store.record(turn("default", "ana", "c1", 1)).await.unwrap();
        store.close();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page keeps its header and loses the tables.
    bytes[100..4_096].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    let refusal = match SqliteStore::open(&path, &SqliteOptions::default()) {
        Err(_) => refusal(&path),
        Ok(store) => {
            let error = store.record(turn("default", "ana", "c1", 2)).await.unwrap_err();
            format!("{error}: {}", error.source)
        }
    };
    assert!(refusal.contains("pytake.db is damaged"), "{refusal}");
}

#[test]
fn a_directory_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path()).contains("is a directory; DATABASE_URL has to name a file in it"));
}

/// Linux's /proc takes no files, not even from root.
#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_refused_by_name() {
    let no_directory = refusal(Path::new("/proc/pytake/pytake.db"));
    assert!(no_directory.contains("could not create the directory /proc/pytake"), "{no_directory}");
    let no_file = refusal(Path::new("/proc/pytake.db"));
    assert!(no_file.contains("/proc/pytake.db cannot be written: give this user the right"), "{no_file}");
}
