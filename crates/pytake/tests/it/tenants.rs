//! Tenants: what another process changes is in force at the next message, and the commands that change it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{Edit, TenantLimits, TenantProfile, TenantSettings, Tenants};
use pytake_assistant::{Author, Clock};
use pytake_store::Scope;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::TestApp;
use pytake_understanding::language::Language;
use serde_json::{Value, json};

use crate::emulator::server::Server;

fn open(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&folder.join("pytake.db"), &SqliteOptions::default()).unwrap())
}

fn edit() -> Edit {
    Edit::by(Author::command())
}

#[tokio::test]
async fn what_another_process_changes_is_in_force_at_the_next_message() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::builder().store(open(folder.path())).start().with_shop().await;
    let beside = open(folder.path());
    let (tenant, now) = (TenantId::default_tenant(), pytake_assistant::clock::SystemClock::new().now());
    let said = async || app.chat("What are your opening hours?", "ana", &json!({})).await;
    assert_eq!(said().await.json()["metadata"]["language"], "en");

    let profile = TenantProfile { languages: vec![Language::Spanish], ..TenantProfile::default() };
    beside.put_profile(&tenant, &profile, &edit(), now).await.unwrap();
    assert_eq!(said().await.json()["metadata"]["language"], "es");

    beside.set_suspended(&tenant, Some(now)).await.unwrap();
    let refused = said().await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (409, &json!("conflict")), "{refused:?}");
    beside.set_suspended(&tenant, None).await.unwrap();
    assert_eq!(said().await.status, 200);

    let limits = TenantLimits { requests_per_minute: Some(600), ..TenantLimits::default() };
    let settings = TenantSettings { limits, ..TenantSettings::default() };
    beside.put_settings(&tenant, &settings, &edit(), now).await.unwrap();
    let read = app.get("/api/v1/settings").await.json();
    assert_eq!(
        (&read["version"], &read["settings"]["limits"]["requests_per_minute"]),
        (&json!(1), &json!(600))
    );
}

#[tokio::test]
async fn a_suspended_tenant_stops_alone() {
    let app = TestApp::builder().start();
    let (left, right) = (app.key("left", &[Scope::Chat]).await, app.key("right", &[Scope::Chat]).await);
    app.store
        .set_suspended(&TenantId::new("left").unwrap(), Some("2026-11-22T12:00:00Z".parse().unwrap()))
        .await
        .unwrap();
    let body = json!({"message": "oi", "user_id": "ana"});
    let refused = app.send("POST", "/api/v1/ai/chat", Some(&left), Some(body.clone())).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (403, &json!("forbidden")));
    assert_eq!(app.send("POST", "/api/v1/ai/chat", Some(&right), Some(body)).await.status, 200);
}

fn pytake(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn tenants_are_made_set_and_suspended_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    let done = |arguments: &[&str]| {
        let output = pytake(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    };
    let refused = |arguments: &[&str]| {
        let output = pytake(folder.path(), arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    };
    done(&["tenants", "create", "shop", "--name", "Casa Verde"]);
    assert!(refused(&["tenants", "create", "shop"]).contains("there is already a tenant shop"));
    let made = done(&["keys", "create", "--tenant", "shop", "--scope", "chat"]);
    let secret = made.lines().last().unwrap();
    let body = json!({"message": "oi", "user_id": "ana"});
    assert_eq!(server.chat_with(Some(secret), &body).0, 200);

    done(&["tenants", "suspend", "shop"]);
    assert_eq!(server.chat_with(Some(secret), &body).0, 403);
    let listed = done(&["tenants", "list"]);
    assert!(
        listed.lines().any(|line| line.starts_with("suspended") && line.ends_with("shop  Casa Verde")),
        "{listed}"
    );
    done(&["tenants", "resume", "shop"]);
    assert_eq!(server.chat_with(Some(secret), &body).0, 200);

    let file = folder.path().join("settings.json");
    std::fs::write(&file, r#"{"retention": {"conversations_days": 90}}"#).unwrap();
    let path = file.to_str().unwrap();
    let stored = done(&["tenants", "settings", "shop", "--file", path, "--note", "the new plan"]);
    assert!(stored.contains("version 1"), "{stored}");
    let stale = refused(&["tenants", "settings", "shop", "--file", path, "--version", "0"]);
    assert!(stale.contains("meanwhile"), "{stale}");
    let shown: Value = serde_json::from_str(&done(&["tenants", "settings", "shop"])).unwrap();
    assert_eq!(shown["retention"]["conversations_days"], 90);
    std::fs::write(&file, r#"{"retention": {"conversations_days": 0}}"#).unwrap();
    assert!(
        refused(&["tenants", "settings", "shop", "--file", path]).contains("retention.conversations_days")
    );
    let detail: Value = serde_json::from_str(&done(&["tenants", "show", "shop"])).unwrap();
    assert_eq!(
        (&detail["settings_version"], &detail["profile"]["business_name"]),
        (&json!(1), &json!("Casa Verde"))
    );
    assert!(refused(&["tenants", "show", "nobody"]).contains("there is no tenant nobody"));
}
