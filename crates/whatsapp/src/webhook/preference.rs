//! The field `user_preferences`: customers who stop or resume marketing.

use pytake_assistant::channel::{Event, EventKind, MarketingPreference};
use serde_json::Value;

use super::sender::Contacts;
use super::{Origin, fields, sender};

/// Reads every preference; those that are not about marketing are kept.
pub(super) fn read_all(origin: &Origin, value: &Value, events: &mut Vec<Event>) {
    let contacts = Contacts::of(value);
    for item in fields::list(value, "user_preferences") {
        let kind = match is_stopped(item) {
            Some(is_stopped) => {
                let sender = contacts.complete(item, &sender::WHOM);
                EventKind::Preference(MarketingPreference { sender, is_stopped })
            }
            None => origin.unknown(),
        };
        events.push(origin.event("user_preferences", item, kind));
    }
}

fn is_stopped(item: &Value) -> Option<bool> {
    if fields::str(item, "category") != Some("marketing_messages") {
        return None;
    }
    match fields::str(item, "value")? {
        "stop" => Some(true),
        // Signing up by a link is asking for them, too.
        "resume" | "signup" => Some(false),
        _ => None,
    }
}
