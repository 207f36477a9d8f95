//! The sample bodies beside the checkout: 143 of them, from six sources that are not us.

use std::collections::BTreeSet;
use std::fmt::Write;

use pytake_assistant::channel::{Event, EventKind, InboundContent, InboundMessage};
use pytake_whatsapp::webhook::read;
use serde_json::Value;

use crate::bodies::{files, samples, shared_folder};

/// One line about an event: its kind, without what was said.
fn describe(event: &Event) -> String {
    match &event.kind {
        EventKind::Message(message) => {
            format!("message: {}{}", describe_content(&message.content), circumstances(message))
        }
        EventKind::Status(status) => match &status.failure {
            Some(failure) => {
                format!("status: failed, {:?} {:?}", failure.code.unwrap_or_default(), failure.kind)
            }
            None => format!("status: {}", status.state.as_str()),
        },
        EventKind::Echo(echo) => format!("echo: {}", describe_content(&echo.content)),
        EventKind::Identity(_) => "identity".to_owned(),
        EventKind::Preference(preference) => format!("preference: stopped {}", preference.is_stopped),
        EventKind::Notice { field, is_alarm: true, .. } => format!("alarm: {field}"),
        EventKind::Notice { field, is_alarm: false, .. } => format!("notice: {field}"),
        EventKind::Other { field } => format!("other: {field}"),
    }
}

fn describe_content(content: &InboundContent) -> String {
    match content {
        InboundContent::Text { .. } => "text".to_owned(),
        InboundContent::Media { kind, caption, .. } => {
            format!("{kind:?}{}", if caption.is_some() { " with caption" } else { "" }).to_lowercase()
        }
        InboundContent::Location { .. } => "location".to_owned(),
        InboundContent::Contacts { cards } => format!("{} contacts", cards.len()),
        InboundContent::Choice { .. } => "choice".to_owned(),
        InboundContent::Form { .. } => "form".to_owned(),
        InboundContent::Order { items, .. } => format!("order of {}", items.len()),
        InboundContent::Reaction { emoji: Some(_), .. } => "reaction".to_owned(),
        InboundContent::Reaction { emoji: None, .. } => "reaction taken back".to_owned(),
        InboundContent::Edit { content, .. } => format!("edit to {}", describe_content(content)),
        InboundContent::Revoke { .. } => "revoke".to_owned(),
        InboundContent::Unsupported { kind, code } => {
            format!("unsupported {} {}", kind.as_deref().unwrap_or("-"), code.unwrap_or_default())
        }
        InboundContent::Other { name } => format!("other {name}"),
    }
}

fn circumstances(message: &InboundMessage) -> String {
    let mut text = String::new();
    for (is_so, word) in [
        (message.group.is_some(), "in a group"),
        (message.quotes.is_some(), "quoting"),
        (message.product.is_some(), "about a product"),
        (message.is_forwarded, "forwarded"),
        (message.referral.is_some(), "from an advertisement"),
        (message.is_standby, "standby"),
        (message.sent_at.is_none(), "without time"),
        (message.sender.phone.is_none(), "without telephone"),
        (message.sender.scoped_id.is_some(), "with BSUID"),
        (message.sender.name.is_none(), "without name"),
    ] {
        if is_so {
            text.push_str(", ");
            text.push_str(word);
        }
    }
    text
}

/// Items of a list in all changes of a field.
fn count(body: &Value, field: &str, name: &str) -> usize {
    let mut count = 0;
    for entry in body["entry"].as_array().into_iter().flatten() {
        for change in entry["changes"].as_array().into_iter().flatten() {
            if change["field"] == field {
                count += change["value"][name].as_array().map_or(0, Vec::len);
            }
        }
    }
    count
}

#[test]
fn every_item_of_every_sample_becomes_one_event() {
    let Some(folder) = shared_folder("webhooks") else { return };
    let samples = samples(&folder);
    assert_eq!(samples.len(), 143, "the samples have changed");
    for (name, body) in samples {
        let events = read(body.as_bytes()).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let keys = |prefix: &str| events.iter().filter(|event| event.key.starts_with(prefix)).count();
        assert_eq!(keys("m:"), count(&body, "messages", "messages"), "messages of {name}");
        assert_eq!(keys("s:"), count(&body, "messages", "statuses"), "statuses of {name}");
        assert_eq!(keys("e:"), count(&body, "smb_message_echoes", "message_echoes"), "echoes of {name}");
        assert!(!events.is_empty(), "{name} tells nothing");
        for event in &events {
            assert!(event.key.len() <= 512);
            let is_message = matches!(
                event.kind,
                EventKind::Message(_)
                    | EventKind::Identity(_)
                    | EventKind::Notice { .. }
                    | EventKind::Other { .. }
            );
            assert!(!event.key.starts_with("m:") || is_message, "{name}");
        }
    }
}

#[test]
fn samples_become_what_they_were_agreed_to_become() {
    let Some(folder) = shared_folder("webhooks") else { return };
    let mut table = String::new();
    for (name, body) in samples(&folder) {
        let lines: Vec<String> = read(body.as_bytes()).unwrap().iter().map(describe).collect();
        writeln!(table, "{} => {}", name.trim_end_matches(".json"), lines.join("; ")).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn scenarios_become_what_they_were_agreed_to_become() {
    let Some(folder) = shared_folder("scenarios") else { return };
    let mut table = String::new();
    for (name, bytes) in files(&folder) {
        let scenario: Value = serde_json::from_slice(&bytes).unwrap();
        let mut lines = Vec::new();
        let mut keys = BTreeSet::new();
        for post in scenario["posts"].as_array().unwrap() {
            for event in read(post.to_string().as_bytes()).unwrap() {
                lines.push(describe(&event));
                keys.insert(event.key);
            }
        }
        let name = name.trim_end_matches(".json");
        writeln!(table, "{name} => {} new of {}: {}", keys.len(), lines.len(), lines.join("; ")).unwrap();
    }
    insta::assert_snapshot!(table);
}
