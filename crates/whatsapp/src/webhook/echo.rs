//! The field `smb_message_echoes`: what a person of the business wrote in the phone app.

use pytake_assistant::channel::{Echo, Event, EventKind};
use serde_json::Value;

use super::sender::Contacts;
use super::{Origin, content, errors, fields, key, sender};

/// Reads every echo.
pub(super) fn read_all(origin: &Origin, value: &Value, events: &mut Vec<Event>) {
    let contacts = Contacts::of(value);
    for item in fields::list(value, "message_echoes") {
        events.push(read(origin, item, &contacts));
    }
}

fn read(origin: &Origin, item: &Value, contacts: &Contacts) -> Event {
    let (Some(number), Some(id)) = (&origin.number, fields::text(item, "id")) else {
        return origin.other("message_echoes", item);
    };
    let echo = Echo {
        number: number.clone(),
        to: contacts.complete(item, &sender::TO),
        sent_at: fields::time(item, "timestamp"),
        content: content::read(item, errors::first_code(item)),
        id,
    };
    let key = key::echo(number, &echo.id);
    origin.keyed(key, EventKind::Echo(Box::new(echo)))
}
