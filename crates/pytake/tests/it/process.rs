//! The binary as a process: starts, refusals, keys and operators beside a running server, and a kill.

use std::path::Path;
use std::process::{Command, Output};

use pytake_store::{AuditFilter, AuditLog};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};

use crate::emulator::server::Server;

fn pytake(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn question(user: &str) -> Value {
    json!({"message": "Qual o horário de vocês?", "user_id": user, "conversation_id": user})
}

#[test]
fn a_malformed_environment_stops_the_start_with_the_variables_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = pytake(folder.path(), &["serve"], &[("AI_DAILY_REQUEST_LIMIT", "many")]);
    assert!(!output.status.success());
    assert!(text(&output).contains("AI_DAILY_REQUEST_LIMIT is \"many\""), "{}", text(&output));
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn an_address_others_can_reach_needs_a_key_first() {
    let folder = tempfile::tempdir().unwrap();
    let output = pytake(folder.path(), &["serve"], &[("PYTAKE_LISTEN", "0.0.0.0:0")]);
    assert!(!output.status.success());
    assert!(text(&output).contains("pytake keys create"), "{}", text(&output));
}

#[test]
fn keys_made_and_revoked_beside_a_running_server_count_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    assert_eq!(server.chat(&question("ana")).0, 200, "open while there is no key");
    let made = pytake(folder.path(), &["keys", "create", "--tenant", "default", "--scope", "chat"], &[]);
    let secret = text(&made).lines().last().unwrap().to_owned();
    assert!(secret.starts_with("pytake_"), "{}", text(&made));
    assert_eq!(server.chat(&question("ana")).0, 401);
    assert_eq!(server.chat_with(Some(&secret), &question("ana")).0, 200);
    let listed = text(&pytake(folder.path(), &["keys", "list"], &[]));
    assert!(listed.contains("active") && !listed.contains(&secret), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    assert!(pytake(folder.path(), &["keys", "revoke", id], &[]).status.success());
    assert_eq!(server.chat_with(Some(&secret), &question("ana")).0, 401);
    assert_eq!(server.chat(&question("ana")).0, 401, "closed for good");
}

#[test]
fn a_rotated_key_keeps_its_id_and_loses_its_old_secret() {
    let folder = tempfile::tempdir().unwrap();
    let made = ["keys", "create", "--tenant", "default", "--scope", "chat", "--requests-per-minute", "60"];
    let made = pytake(folder.path(), &made, &[]);
    let first = text(&made).lines().last().unwrap().to_owned();
    let listed = text(&pytake(folder.path(), &["keys", "list"], &[]));
    let id = listed.split_whitespace().next().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    let rotate = |grace| {
        let output = pytake(folder.path(), &["keys", "rotate", id, "--grace-hours", grace], &[]);
        assert!(output.status.success(), "{}", text(&output));
        text(&output).lines().last().unwrap().to_owned()
    };
    let second = rotate("1");
    for secret in [&first, &second] {
        assert_eq!(server.chat_with(Some(secret), &question("ana")).0, 200);
    }
    let third = rotate("0");
    for (secret, status) in [(&first, 401), (&second, 401), (&third, 200)] {
        assert_eq!(server.chat_with(Some(secret), &question("ana")).0, status);
    }
}

#[test]
fn an_operator_made_beside_a_running_server_closes_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    assert_eq!(server.chat(&question("ana")).0, 200);
    let who = ["--tenant", "default", "--role", "owner", "--email", "Ana@Example.com", "--password-stdin"];
    let create = [&["operators", "create"], &who[..]].concat();
    let weak = with_input(folder.path(), &create, "password1234\n");
    assert!(!weak.status.success() && text(&weak).contains("the password is"), "{}", text(&weak));
    let made = with_input(folder.path(), &create, "três gatos no telhado\n");
    assert!(made.status.success() && !text(&made).contains("gatos"), "{}", text(&made));
    assert_eq!(server.chat(&question("ana")).0, 401);
    let listed = text(&pytake(folder.path(), &["operators", "list"], &[]));
    assert!(listed.contains("owner") && listed.contains("ana@example.com"), "{listed}");
    let last = pytake(folder.path(), &["operators", "disable", "ana@example.com"], &[]);
    assert!(!last.status.success() && text(&last).contains("last owner"), "{}", text(&last));
}

#[tokio::test]
async fn what_commands_change_and_look_at_is_in_the_tenants_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path(), &[]);
    assert_eq!(server.chat(&question("zoe-9917")).0, 200);
    let done = |arguments: &[&str]| {
        let output = pytake(folder.path(), arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    };
    done(&["tenants", "create", "shop"]);
    done(&["tenants", "settings", "shop"]);
    std::fs::write(folder.path().join("settings.json"), "{}").unwrap();
    done(&["tenants", "settings", "shop", "--file", "settings.json"]);
    done(&["tenants", "suspend", "shop"]);
    done(&["tenants", "resume", "shop"]);
    done(&["keys", "create", "--tenant", "shop", "--scope", "chat"]);
    done(&["export", "--tenant", "default", "--user", "zoe-9917"]);
    done(&["erase", "--tenant", "default", "--user", "zoe-9917", "--yes"]);

    let store = SqliteStore::open(&folder.path().join("data/pytake.db"), &SqliteOptions::default()).unwrap();
    let logged = async |tenant: &str| {
        let all = AuditFilter { limit: 200, ..AuditFilter::default() };
        store.audit(&tenant.parse().unwrap(), all).await.unwrap().items
    };
    let of_shop = logged("shop").await;
    let actions: Vec<&str> = of_shop.iter().map(|entry| entry.action.as_str()).collect();
    let changes = ["keys create", "tenants resume", "tenants suspend", "tenants settings", "tenants create"];
    assert_eq!(actions, changes, "newest first, and looking at settings is none");
    assert!(of_shop.iter().all(|entry| entry.author.as_str() == "command"));
    let of_default = logged("default").await;
    let actions: Vec<&str> = of_default.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["erase", "export"]);
    assert_eq!(of_default[1].object["user_id"], "erased", "nobody is named who was erased");
    assert!(of_default[0].object.contains_key("erasure_id"));
}

/// They need no key: whoever reads them learned how much each business talks.
#[test]
fn metrics_name_no_number() {
    const NUMBER: &str = "106540352242922";
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(
        folder.path(),
        &[
            ("WHATSAPP_ACCESS_TOKEN", "a-token"),
            ("WHATSAPP_APP_SECRET", "0123456789abcdef0123456789abcdef"),
            ("WHATSAPP_VERIFY_TOKEN", "a-word"),
            ("WHATSAPP_PHONE_NUMBER_ID", NUMBER),
            ("WHATSAPP_API_BASE_URL", "http://127.0.0.1:9"),
        ],
    );
    // Read for the first time right after the start.
    let mut shown = (0..5_000).map(|_| server.send("GET", "/metrics", "", "").1);
    let shown = shown.find(|shown| shown.contains("pytake_outbox_service_messages")).unwrap();
    assert!(!shown.contains(NUMBER), "{shown}");
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::in_folder(folder.path(), &[]);
    let second = pytake(folder.path(), &["serve"], &[("PYTAKE_LISTEN", "127.0.0.1:0")]);
    assert!(!second.status.success());
    assert!(text(&second).contains("pytake.db"), "{}", text(&second));
}

#[test]
fn messages_usage_and_limits_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let limit = [("AI_DAILY_REQUEST_LIMIT", "3")];
    let server = Server::in_folder(folder.path(), &limit);
    for _ in 0..3 {
        assert_eq!(server.chat(&question("ana")).0, 200);
    }
    server.kill();
    let server = Server::in_folder(folder.path(), &limit);
    let (status, body) = server.chat(&question("ana"));
    assert_eq!((status, &body["error"]), (429, &json!("daily_limit_exceeded")), "{body}");
    let usage = server.get("/api/v1/ai/usage/ana");
    assert_eq!(usage["total_requests"], 3, "{usage}");
    let conversation = server.get("/api/v1/ai/conversations/ana");
    assert_eq!(conversation["messages"].as_array().unwrap().len(), 6, "{conversation}");
}

#[test]
fn doctor_says_what_works_and_what_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let good = pytake(folder.path(), &["doctor"], &[]);
    assert!(good.status.success(), "{}", text(&good));
    // A port nobody listens on.
    let environment = [("OPENAI_API_KEY", "sk-secret"), ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")];
    let bad = pytake(folder.path(), &["doctor"], &environment);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).contains("FAIL  openai") && !text(&bad).contains("sk-secret"), "{}", text(&bad));
}

#[cfg(unix)]
#[test]
fn doctor_says_when_others_can_read_the_key_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let made = text(&pytake(folder.path(), &["doctor"], &[]));
    assert!(!made.contains("key file"), "{made}");
    let key = folder.path().join("data/pytake.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = text(&pytake(folder.path(), &["doctor"], &[]));
    assert!(open.contains("note  key file") && open.contains("rights 640"), "{open}");
}

#[test]
fn a_sealing_key_is_replaced_beside_a_running_server_and_no_secret_is_logged() {
    const OWN: &str = "sk-of-the-tenant-never-shown";
    const OLD: &str = "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w=";
    const NEW: &str = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=";
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{NEW},{OLD}");
    // A port nobody listens on.
    let nobody = ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    let with = |keys| [("PYTAKE_SECRET_KEY", keys), nobody, ("AI_LOG_LEVEL", "debug")];
    let server = Server::in_folder(folder.path(), &with(OLD));
    let body = json!({"key": OWN}).to_string();
    let (status, said) = server.send("PUT", "/api/v1/provider-keys/openai", "", &body);
    assert_eq!(status, 200, "{said}");
    assert_eq!(server.chat(&question("ana")).1["provider"], "local", "nobody is there");
    let log = server.stop();
    let server = Server::in_folder(folder.path(), &with(&both));
    let rotated = pytake(folder.path(), &["secrets", "rotate"], &with(&both));
    assert!(rotated.status.success(), "{}", text(&rotated));
    assert!(text(&rotated).contains("0 of numbers, 1 of tenants at vendors"), "{}", text(&rotated));
    assert_eq!(server.get("/api/v1/provider-keys")["items"][0]["is_usable"], true);
    let log = log + &server.stop();
    let (mended, lost) = (with(NEW), with(OLD));
    let doctor = |environment| text(&pytake(folder.path(), &["doctor"], environment));
    let (good, bad) = (doctor(&mended), doctor(&lost));
    assert!(good.contains("ok    secrets"), "{good}");
    assert!(bad.contains("FAIL  secrets") && bad.contains("hown at openai, tenant default"), "{bad}");
    for output in [log, good, bad, text(&rotated)] {
        assert!(!output.contains(OWN) && !output.contains(OLD) && !output.contains(NEW), "{output}");
    }
}

#[test]
fn the_terminal_chat_answers_and_says_why() {
    use std::io::Write;
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let mut chat = Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(["chat", "--why"])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    chat.stdin.take().unwrap().write_all("What are your opening hours?\n".as_bytes()).unwrap();
    let output = chat.wait_with_output().unwrap();
    let said = text(&output);
    assert!(said.contains("We are open Monday to Friday") && said.contains("understand"), "{said}");
}

#[test]
fn the_openapi_document_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let printed = pytake(folder.path(), &["openapi"], &[]);
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(document["paths"]["/api/v1/ai/chat"]["post"].is_object());
}
