//! Two programs that are not ours on the same bodies: what they find is what we find.
//!
//! `./test readers` installs both and sets the variables; without them these tests are skipped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::Timestamp;
use pytake_assistant::channel::{Event, EventKind, InboundContent};
use pytake_whatsapp::signature::sign;
use pytake_whatsapp::webhook::read;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::bodies::{samples, shared_folder};

fn variable(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os(name).map(PathBuf::from);
    if found.is_none() {
        println!("SKIPPED: {name} is not set; ./test readers installs the reader and sets it");
    }
    found
}

/// Runs a script of ours with the other program and gives what it printed.
fn run(program: &Path, script: &str, arguments: &[&Path], input: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(script);
    let mut child = Command::new(program)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What both readers must agree on: ids, people, times, contents. As `kapso.mjs` prints it.
fn agreed(event: &Event) -> Option<Value> {
    let id = event.key.splitn(3, ':').nth(2);
    Some(match &event.kind {
        EventKind::Message(message) => json!({
            "id": id,
            "from": message.sender.phone,
            "user": message.sender.scoped_id,
            "quotes": message.quotes,
            "forwarded": message.is_forwarded,
            "time": message.sent_at.map(Timestamp::as_second),
            "content": content(&message.content),
            "group": message.group,
        }),
        EventKind::Echo(echo) => {
            json!({ "echo": echo.id, "to": echo.to.phone, "content": content(&echo.content) })
        }
        EventKind::Status(status) => json!({
            "status": status.message_id,
            "state": status.state.as_str(),
            "code": status.failure.as_ref().and_then(|failure| failure.code),
            "time": status.at.map(Timestamp::as_second),
            "billable": status.is_billable,
            "category": status.category,
        }),
        _ if event.key.starts_with("m:") => json!({ "system": id }),
        _ => return None,
    })
}

fn content(of: &InboundContent) -> Value {
    match of {
        InboundContent::Text { text } => json!(text),
        InboundContent::Media { media, caption, .. } => json!([media.id, media.sha256, caption]),
        InboundContent::Location { latitude, longitude, .. } => json!([latitude, longitude]),
        InboundContent::Contacts { cards } => json!(cards.iter().map(|card| &card.name).collect::<Vec<_>>()),
        InboundContent::Choice { id, title } => json!([id, title]),
        InboundContent::Form { answers, .. } => json!(answers),
        InboundContent::Order { items, .. } => {
            json!(items.iter().map(|item| &item.product).collect::<Vec<_>>())
        }
        InboundContent::Reaction { message_id, emoji } => json!([message_id, emoji]),
        InboundContent::Edit { message_id, content: inner } => json!([message_id, content(inner)]),
        InboundContent::Revoke { message_id } => json!([message_id]),
        InboundContent::Unsupported { .. } | InboundContent::Other { .. } => Value::Null,
    }
}

#[test]
fn kapso_finds_the_same_in_every_sample() {
    let Some(packages) = variable("PYTAKE_KAPSO") else { return };
    let Some(folder) = shared_folder("webhooks") else { return };
    let theirs = run(Path::new("node"), "kapso.mjs", &[&packages, &folder], "");
    let mut compared = 0;
    for (name, body) in samples(&folder) {
        let ours: Vec<Value> = read(body.as_bytes()).unwrap().iter().filter_map(agreed).collect();
        assert_eq!(Value::from(ours), theirs[&name], "{name}");
        compared += 1;
    }
    assert_eq!(compared, 143);
}

#[test]
fn pywa_accepts_what_we_sign() {
    let Some(python) = variable("PYTAKE_PYWA") else { return };
    let Some(folder) = shared_folder("webhooks") else { return };
    let secret = "um segredo com acentuação";
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    for (_, body) in samples(&folder) {
        let header = sign(body.as_bytes(), &SecretString::from(secret));
        let tampered = body.replacen("whatsapp", "whatsApp", 1);
        requests.push(json!({ "secret": secret, "body": body, "header": header }));
        requests.push(json!({ "secret": secret, "body": tampered, "header": header }));
        expected.extend([true, false]);
    }
    assert_eq!(run(&python, "pywa_signature.py", &[], &json!(requests).to_string()), json!(expected));
}
