//! Customers who have another number or another BSUID: system messages, and the field `user_id_update`.

use pytake_assistant::channel::{Event, EventKind, IdentityChange, Sender};
use serde_json::Value;

use super::{Origin, fields, sender};

/// Reads a system message. `from` is who the customer was; contacts do not come with it.
pub(super) fn read_system(origin: &Origin, item: &Value) -> EventKind {
    let system = item.get("system").unwrap_or(&Value::Null);
    let change = match fields::str(system, "type") {
        Some("user_changed_number" | "customer_changed_number") => number_changed(item, system),
        Some("user_changed_user_id") => scoped_id_changed(item, system),
        Some(kind @ ("customer_identity_changed" | "user_identity_changed")) => {
            // Another telephone, the same number: of no consequence here.
            return EventKind::Notice {
                field: origin.field.to_owned(),
                text: kind.to_owned(),
                is_alarm: false,
            };
        }
        _ => None,
    };
    change.map_or_else(|| origin.unknown(), EventKind::Identity)
}

/// The new number is `wa_id`, before 2022 `new_wa_id`; the old one may stand in `customer`, too.
fn number_changed(item: &Value, system: &Value) -> Option<IdentityChange> {
    let phone = sender::phone(system, "new_wa_id").or_else(|| sender::phone(system, "wa_id"));
    let mut before = before(item, system);
    before.phone = before.phone.or_else(|| sender::phone(system, "customer"));
    told(before, Sender { phone, scoped_id: fields::text(system, "user_id"), ..Sender::default() })
}

fn scoped_id_changed(item: &Value, system: &Value) -> Option<IdentityChange> {
    let phone = sender::phone(system, "wa_id");
    told(
        before(item, system),
        Sender { phone, scoped_id: fields::text(system, "user_id"), ..Sender::default() },
    )
}

fn before(item: &Value, system: &Value) -> Sender {
    let mut before = sender::ids(item, &sender::FROM);
    before.scoped_id = fields::text(system, "previous_user_id").or(before.scoped_id);
    before
}

/// Reads the field `user_id_update`: `[{wa_id?, user_id{previous, current}}]`.
pub(super) fn read_updates(origin: &Origin, value: &Value, events: &mut Vec<Event>) {
    for item in fields::list(value, "user_id_update") {
        let ids = item.get("user_id").unwrap_or(&Value::Null);
        let phone = sender::phone(item, "wa_id");
        let id = |key: &str| Sender {
            phone: phone.clone(),
            scoped_id: fields::text(ids, key),
            ..Sender::default()
        };
        let change = told(id("previous"), id("current"));
        let kind = change.map_or_else(|| origin.unknown(), EventKind::Identity);
        events.push(origin.event("user_id_update", item, kind));
    }
}

/// What is the same before and after is not told as new. `None`: nothing to find the customer by, or nothing new.
fn told(mut before: Sender, mut after: Sender) -> Option<IdentityChange> {
    if before.scoped_id.is_some() && before.scoped_id == after.scoped_id {
        // Whose id came with the message: already the new one.
        before.scoped_id = None;
    }
    if before.phone.is_some() && before.phone == after.phone {
        after.phone = None;
    }
    let is_known = before.scoped_id.is_some() || before.phone.is_some();
    let is_new = after.scoped_id.is_some() || after.phone.is_some();
    (is_known && is_new).then_some(IdentityChange { before, after })
}
