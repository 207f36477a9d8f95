//! A customer's data end to end: handed over whole, erased to the last byte, and never in a log.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pytake_assistant::clock::TestClock;
use pytake_server::Retention;
use pytake_simulator::{Business, Customer, GraphOptions, Written, join, post};
use pytake_store::Scope;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::{Act, FakeVendor, MetaApp, TestApp, Wire};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::emulator::server::Server;

const QUIET: Duration = Duration::from_millis(200);
const NOW: u64 = 1_795_348_800;

/// What only Ana says, is called and is reached by.
const ANA_S: [&str; 6] =
    ["jabuticaba furada", "Anacleta", "5531988887777", "553188887777", "BR.88123477", "wamid.ANA"];
/// What only the caller's customer says and is called.
const ZOE_S: [&str; 3] = ["xilofone amarelo", "zoe-9917", "conversa-de-zoe"];

fn ana() -> Customer {
    Customer {
        name: Some("Anacleta".to_owned()),
        phone: Some("553188887777".to_owned()),
        user_id: Some("BR.88123477".to_owned()),
        username: None,
    }
}

fn bia() -> Customer {
    Customer {
        name: Some("Bia".to_owned()),
        phone: Some("5511977776666".to_owned()),
        user_id: Some("BR.99000111".to_owned()),
        username: None,
    }
}

/// An app with a number, on a file in this folder.
async fn app(folder: &TempDir) -> MetaApp {
    let store = SqliteStore::open(&folder.path().join("pytake.db"), &SqliteOptions::default()).unwrap();
    let builder = TestApp::builder().store(Arc::new(store)).channel(|channel| {
        channel.quiet = QUIET;
        channel.quiet_at_most = QUIET * 4;
    });
    let started = builder.start_with_meta(GraphOptions::default(), &[Business::default()]).await;
    let _shop = started.app.clone().with_shop().await;
    started
}

fn said(customer: &Customer, id: &str, words: &str) -> Value {
    post(&Business::default(), customer, &[Written::text(id, NOW, words)])
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every byte of the database, its log and its index of the log.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

async fn total_usage(app: &TestApp) -> Value {
    app.get("/api/v1/ai/usage?group_by=day,provider,model").await.json()
}

#[tokio::test]
async fn an_export_holds_what_was_written_and_an_erasure_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let meta = app(&folder).await;
    let both = join(&[
        said(&ana(), "wamid.ANA1", "oi, minha jabuticaba furada chegou, quanto custa o frete?"),
        said(&bia(), "wamid.BIA1", "qual o horário, por favor? melancia quadrada"),
    ]);
    meta.webhooks.deliver(&both).await;
    meta.wait_for_quiet().await;
    meta.webhooks.deliver(&said(&ana(), "wamid.ANA2", "jabuticaba furada de novo")).await;
    meta.wait_for_quiet().await;
    for n in 0..60 {
        let words = format!("xilofone amarelo número {n}, quanto custa o frete?");
        let more = json!({"conversation_id": format!("conversa-de-zoe-{}", n % 4)});
        assert_eq!(meta.app.chat(&words, "zoe-9917", &more).await.status, 200);
    }
    let before = bytes_of(folder.path());
    for word in ANA_S.iter().chain(&ZOE_S).filter(|word| **word != "5531988887777") {
        assert!(holds(&before, word), "{word} is there before");
    }
    let usage = total_usage(&meta.app).await;

    let export = meta.app.get("/api/v1/customers/5531988887777/export").await;
    assert_eq!(
        (export.status.as_u16(), &export.headers["content-type"]),
        (200, &"application/x-ndjson".parse().unwrap())
    );
    let of_ana = lines(&export.text);
    assert_eq!(of_ana[0]["kind"], "header");
    assert_eq!(of_ana[0]["counts"]["message"], 4, "{}", of_ana[0]);
    let end = &of_ana[of_ana.len() - 1];
    assert_eq!((&end["kind"], &end["lines"]), (&json!("end"), &json!(of_ana.len())));
    for word in ANA_S {
        assert!(export.text.contains(word), "{word}");
    }
    assert!(!export.text.contains("melancia"), "nothing of Bia");
    let of_zoe = meta.app.get("/api/v1/customers/zoe-9917/export").await;
    assert_eq!(lines(&of_zoe.text)[0]["counts"]["message"], 120);

    for name in ["BR.88123477", "zoe-9917"] {
        let erased = meta.app.send("DELETE", &format!("/api/v1/customers/{name}"), None, None).await;
        assert_eq!(erased.status, 200, "{}", erased.text);
        assert!(erased.json()["finished_at"].is_string());
        let again = meta.app.send("DELETE", &format!("/api/v1/customers/{name}"), None, None).await;
        assert_eq!((again.status.as_u16(), &again.json()["error"]), (404, &json!("user_not_found")));
        let export = meta.app.get(&format!("/api/v1/customers/{name}/export")).await;
        assert_eq!(export.status, 404);
    }
    let after = bytes_of(folder.path());
    for word in ANA_S.iter().chain(&ZOE_S) {
        assert!(!holds(&after, word), "{word} is still there");
    }
    assert!(holds(&after, "melancia quadrada"), "Bia's stay");
    assert_eq!(total_usage(&meta.app).await, usage, "the sums stay");
    let list = meta.app.get("/api/v1/erasures").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["author"], "open");

    meta.webhooks.deliver(&said(&ana(), "wamid.ANA3", "quanto custa o frete?")).await;
    meta.wait_for_quiet().await;
    let anew = meta.app.get("/api/v1/customers/5531988887777/export").await;
    assert_eq!(lines(&anew.text)[0]["counts"]["message"], 2, "who writes again begins anew");
    let _ = meta
        .app
        .chat("quanto custa o frete?", "zoe-9917", &json!({"conversation_id": "conversa-de-zoe-1"}))
        .await;
    let anew = meta.app.get("/api/v1/customers/zoe-9917/export").await;
    assert_eq!(lines(&anew.text)[0]["counts"]["message"], 2);
}

#[tokio::test]
async fn a_customer_belongs_to_one_tenant_and_needs_the_scope_manage() {
    let app = TestApp::builder().with_keys_required().start();
    let (own, other) = (app.key("shop", &[Scope::Chat]).await, app.key("other", &[Scope::Manage]).await);
    let chat = json!({"message": "oi", "user_id": "ana"});
    assert_eq!(app.send("POST", "/api/v1/ai/chat", Some(&own), Some(chat)).await.status, 200);
    for (method, path) in [("GET", "/api/v1/customers/ana/export"), ("DELETE", "/api/v1/customers/ana")] {
        assert_eq!(app.send(method, path, Some(&own), None).await.status, 403);
        assert_eq!(app.send(method, path, Some(&other), None).await.status, 404);
    }
    let manager = app.key("shop", &[Scope::Manage]).await;
    assert_eq!(app.send("DELETE", "/api/v1/customers/ana", Some(&manager), None).await.status, 200);
    let listed = app.send("GET", "/api/v1/erasures", Some(&other), None).await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn what_is_older_than_a_tenant_wants_is_swept() {
    const DAY: Duration = Duration::from_hours(24);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let store = Arc::new(SqliteStore::open(&path, &SqliteOptions::default()).unwrap());
    let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let app = TestApp::builder().store(Arc::clone(&store)).clock(Arc::new(clock.clone())).start();
    let sweep = || {
        let (store, clock) = (Arc::clone(&store) as _, Arc::new(clock.clone()) as _);
        let retention = Retention::new(store, app.assistant.clone(), app.channel.clone(), clock);
        async move { retention.sweep(&CancellationToken::new()).await.unwrap().done }
    };
    for (user, message) in [("ana", "qual o horário?"), ("bia", "quero falar com um atendente")] {
        assert_eq!(app.chat(message, user, &json!({"conversation_id": user})).await.status, 200);
    }
    clock.advance(20 * DAY);
    assert_eq!(app.chat("qual o horário?", "caio", &json!({"conversation_id": "caio"})).await.status, 200);
    clock.advance(20 * DAY);
    assert_eq!(sweep().await, 0, "a tenant that says nothing keeps everything");
    let settings = json!({"retention": {"conversations_days": 30, "usage_days": 30}}).to_string();
    let beside = rusqlite::Connection::open(&path).unwrap();
    beside.execute("UPDATE tenants SET settings = ?1 WHERE tenant_id = 'default'", [settings]).unwrap();
    assert_eq!(sweep().await, 3, "Ana's conversation, and two bookings");
    let left = app.get("/api/v1/ai/conversations").await.json();
    let mut left: Vec<&str> =
        left["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, ["bia", "caio"], "somebody waits for a person in Bia's");
    let usage = app.get("/api/v1/ai/usage?group_by=user").await.json();
    assert!(!usage.to_string().contains("\"ana\"") && usage.to_string().contains("\"caio\""), "{usage}");
    assert_eq!(sweep().await, 0);
}

#[tokio::test]
async fn a_tenant_that_cannot_be_swept_keeps_no_other_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let store = Arc::new(SqliteStore::open(&path, &SqliteOptions::default()).unwrap());
    let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let app = TestApp::builder().store(Arc::clone(&store)).clock(Arc::new(clock.clone())).start();
    assert_eq!(app.chat("qual o horário?", "ana", &json!({"conversation_id": "ana"})).await.status, 200);
    let beside = rusqlite::Connection::open(&path).unwrap();
    let settings = json!({"retention": {"conversations_days": 30}}).to_string();
    beside.execute("UPDATE tenants SET settings = ?1 WHERE tenant_id = 'default'", [settings]).unwrap();
    let broken =
        "INSERT INTO tenants (tenant_id, version, profile, settings) VALUES ('aaa', 1, '{}', 'broken')";
    beside.execute(broken, []).unwrap();
    clock.advance(Duration::from_hours(24 * 40));
    let (store, clock) = (Arc::clone(&store) as _, Arc::new(clock.clone()) as _);
    let retention = Retention::new(store, app.assistant.clone(), app.channel.clone(), clock);
    assert!(retention.sweep(&CancellationToken::new()).await.is_err(), "it is told");
    let left = app.get("/api/v1/ai/conversations").await.json();
    assert_eq!(left["items"], json!([]), "{left}");
}

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_a_customer_says_or_is_called_by_is_logged() {
    const OURS: &str = "pytake=debug,pytake_assistant=debug,pytake_inbox=debug,pytake_providers=debug,\
        pytake_server=debug,pytake_store=debug,pytake_store_sqlite=debug,pytake_whatsapp=debug";
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(OURS)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // One thread runs everything of this test, so that it logs here and nobody else does.
    let _guard = tracing::subscriber::set_default(subscriber);
    let echoing = Act::Raw {
        status: 400,
        headers: vec!["content-type: application/json".to_owned()],
        body: json!({"error": {"message": "bad: xilofone amarelo zoe@exemplo.com.br", "type": "invalid_request_error"}})
            .to_string(),
    };
    let vendor =
        FakeVendor::start(Wire::OpenAI, vec![echoing, Act::Say("Oi! xilofone amarelo".to_owned())]).await;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("pytake.db"), &SqliteOptions::default()).unwrap();
    let builder =
        TestApp::builder().store(Arc::new(store)).vendor(Wire::OpenAI, &vendor).channel(|channel| {
            channel.quiet = QUIET;
            channel.quiet_at_most = QUIET * 4;
        });
    let meta = builder.start_with_meta(GraphOptions::default(), &[Business::default()]).await;
    let words = "xilofone amarelo, meu e-mail é zoe@exemplo.com.br e o telefone 5531977776666";
    for _ in 0..2 {
        meta.app.chat(words, "zoe-9917", &json!({"conversation_id": "conversa-de-zoe"})).await;
    }
    meta.webhooks.deliver(&said(&ana(), "wamid.ANA1", "jabuticaba furada, quanto custa o frete?")).await;
    meta.wait_for_quiet().await;
    meta.app.get("/api/v1/customers/zoe-9917/export").await;
    meta.app.send("DELETE", "/api/v1/customers/553188887777", None, None).await;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("a customer was erased"), "something was logged: {logged}");
    for word in
        ["jabuticaba", "xilofone", "zoe@", "zoe-9917", "Anacleta", "88887777", "77776666", "BR.88123477"]
    {
        let line = logged.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{word} is in the log: {line:?}");
    }
}

fn pytake(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn the_commands_hand_over_and_erase_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    let chat = json!({"message": "Qual o horário do xilofone?", "user_id": "zoe", "conversation_id": "z"});
    assert_eq!(server.chat(&chat).0, 200);
    let of_zoe = ["--tenant", "default", "--user", "zoe"];
    let (done, text) = pytake(folder.path(), &[&["export"], &of_zoe[..], &["--out", "zoe"]].concat());
    assert!(done, "{text}");
    let data = std::fs::read_to_string(folder.path().join("zoe/data.jsonl")).unwrap();
    assert_eq!(lines(&data).iter().filter(|line| line["kind"] == "message").count(), 2);
    let (done, text) = pytake(folder.path(), &[&["export"], &of_zoe[..], &["--out", "zoe"]].concat());
    assert!(!done && text.contains("zoe"), "a folder that is there is not touched: {text}");
    let (done, text) = pytake(folder.path(), &[&["erase"], &of_zoe[..]].concat());
    assert!(!done && text.contains("--yes"), "{text}");
    let (done, text) = pytake(folder.path(), &[&["erase"], &of_zoe[..], &["--yes"]].concat());
    assert!(done && text.contains("erased"), "{text}");
    let (done, text) = pytake(folder.path(), &[&["export"], &of_zoe[..]].concat());
    assert!(!done && text.contains("nothing is known"), "{text}");
    assert_eq!(server.get("/api/v1/ai/conversations")["items"], json!([]));
    let audit = server.get("/api/v1/audit")["items"].to_string();
    assert!(audit.contains("\"export\"") && audit.contains("\"erase\""), "{audit}");
    assert!(!audit.contains("zoe"), "whom they looked at is forgotten: {audit}");
}
