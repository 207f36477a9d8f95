//! A database that the release before wrote is migrated when it is opened, and everything in it still works.
//!
//! `fixtures/schema-3.sql` was written by that release through its own API: a shop with a WhatsApp number, a second
//! tenant, keys, prompts, conversations. A release that adds a migration adds the dump of the one before.

use std::path::Path;
use std::sync::Arc;

use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Ledger, UsageKey, UsageQuery};
use pytake_store::Audit;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::TestApp;
use serde_json::json;

/// The fixture's key of the tenant `default`, scope `admin`.
const ADMIN: &str = "pytake_xc_EzPny6IcwgoWLz7QOZP8cYGUQPVnAOOSOPx-NR6I";
/// The fixture's key of the tenant `padaria`, scopes `chat`, `read`, `prompts`, `operate`.
const BAKERY: &str = "pytake_BX4XnY5szulsi0ACIYCHRgyaJsrzmaufyDXPFzBnM5U";

fn migrated(folder: &Path) -> Arc<SqliteStore> {
    let file = folder.join("shop.db");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../fixtures/schema-3.sql")).unwrap();
    drop(old);
    Arc::new(SqliteStore::open(&file, &SqliteOptions::default()).unwrap())
}

#[tokio::test]
async fn a_shop_of_the_release_before_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::builder().store(migrated(folder.path())).with_keys_required().start();

    let ana = app.send("GET", "/api/v1/ai/conversations/c-ana", Some(ADMIN), None).await.json();
    assert_eq!(ana["messages"].as_array().map(Vec::len), Some(4), "{ana}");
    let again = json!({"message": "Qual o horário?", "user_id": "ana", "conversation_id": "c-ana"});
    let answer = app.send("POST", "/api/v1/ai/chat", Some(ADMIN), Some(again)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json()["response"].as_str().unwrap().contains("9h às 18h"), "{}", answer.text);

    let bia = app.send("GET", "/api/v1/ai/conversations/c-bia", Some(ADMIN), None).await.json();
    assert_eq!(bia["attendant"], "human", "{bia}");
    let numbers = app.send("GET", "/api/v1/whatsapp/numbers", Some(ADMIN), None).await.json();
    assert_eq!(numbers["items"].as_array().map(Vec::len), Some(1), "{numbers}");

    let prompts = app.send("GET", "/api/v1/ai/prompts", Some(BAKERY), None).await.json();
    assert_eq!(
        (&prompts["items"][0]["name"], &prompts["items"][0]["version"]),
        (&json!("pascoa"), &json!(2))
    );
    let with_prompt = json!({
        "message": "Vocês abrem no domingo?", "user_id": "caio", "prompt": "pascoa", "context": {"name": "Caio"},
    });
    let answer = app.send("POST", "/api/v1/ai/chat", Some(BAKERY), Some(with_prompt)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn what_was_booked_and_spent_before_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = migrated(folder.path());
    let app = TestApp::builder().store(Arc::clone(&store)).with_keys_required().start();

    let caio = app.send("GET", "/api/v1/ai/usage/caio", Some(BAKERY), None).await.json();
    assert_eq!((&caio["total_tokens"], &caio["cost_micro_usd"]), (&json!(1_200), &json!(200)), "{caio}");

    for tenant in ["default", "padaria"] {
        let tenant = TenantId::new(tenant).unwrap();
        let by = || UsageQuery {
            group_by: vec![UsageKey::Day, UsageKey::User, UsageKey::Provider, UsageKey::Operation],
            ..UsageQuery::default()
        };
        let rolled_up = store.usage(&tenant, by()).await.unwrap();
        assert_eq!(rolled_up, store.usage_from_ledger(&tenant, by()).await.unwrap());
        assert!(!rolled_up.is_empty());
    }
}
