//! `pytake simulate` as people call it.

use std::process::{Command, Output};

fn simulate(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_pytake"))
        .arg("simulate")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("WHATSAPP_QUIET_MS", "100")
        .output()
        .unwrap()
}

#[test]
fn a_newcomer_sees_a_conversation_with_one_command() {
    let output = simulate(&["--say", "Oi", "--then", "quanto custa o frete?", "--pause-max", "50"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Ana   ") && said.contains("R$ 199,00") && said.contains("✓✓"), "{said}");
    assert!(said.contains("2 messages in, 2 replies, 0 duplicates, 2 read marks"), "{said}");
}

#[test]
fn what_is_expected_and_does_not_come_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.json");
    let steps = r#"{"about": "x", "posts": [{"say": "qual o horário?"}, {"expect": {"replies": 1, "says": "lasanha"}}]}"#;
    std::fs::write(&file, steps).unwrap();
    let output = simulate(&[file.to_str().unwrap(), "--wait", "2", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["failures"], serde_json::json!(["no reply contains \"lasanha\""]));
    assert_eq!(told["counts"]["replies"], 1);
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    // Port 9 (discard) is not in use on a machine of today; port 0 takes a free one for the Graph API.
    let arguments =
        ["--server", "http://127.0.0.1:9", "--graph", "127.0.0.1:0", "--app-secret", "s", "--say", "oi"];
    let output = simulate(&arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("nothing answers at http://127.0.0.1:9") && told.contains("WHATSAPP_API_BASE_URL"),
        "{told}"
    );
}

#[test]
fn nothing_to_play_is_said_at_once() {
    let output = simulate(&[]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--say"));
}
