//! The fields `messages` and `standby`: what customers write, reports on what the business wrote, and errors.

use pytake_assistant::channel::{Event, EventKind};
use serde_json::Value;

use super::message::Around;
use super::sender::Contacts;
use super::{Origin, errors, fields, message, status};

/// Reads a value of the field `messages`. `is_standby`: another system holds the conversation.
pub(super) fn read(origin: &Origin, value: &Value, is_standby: bool, events: &mut Vec<Event>) {
    let around = Around { contacts: Contacts::of(value), code: errors::first_code(value), is_standby };
    for item in fields::list(value, "messages") {
        events.push(message::read(origin, item, &around));
    }
    for item in fields::list(value, "statuses") {
        events.push(status::read(origin, item));
    }
    for item in fields::list(value, "errors") {
        let notice =
            EventKind::Notice { field: "errors".to_owned(), text: errors::line(item), is_alarm: true };
        events.push(origin.event("errors", item, notice));
    }
}

/// Reads a value of the field `standby`. The messages stand in the value itself or, as deliveries since August 2026 are
/// reported to look, in an object `standby` beside `metadata`. Messages of the other system come as
/// `message_echoes`; no person of the business wrote them, so they are kept and are no echoes to us.
pub(super) fn read_standby(origin: &Origin, value: &Value, events: &mut Vec<Event>) {
    let held = value.get("standby").filter(|held| held.is_object()).unwrap_or(value);
    read(origin, held, true, events);
    for item in fields::list(held, "message_echoes") {
        events.push(origin.other("message_echoes", item));
    }
}
