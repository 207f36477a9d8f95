//! Webhooks: the bytes Meta sends, read into the product's own events. Pure; nothing is looked up and nothing is kept.
//!
//! Nothing that Meta adds or changes may make a message unreadable beside it, so every item is read on its own, field
//! by field: what is missing or of another kind costs only itself, and what is not known becomes
//! [`EventKind::Other`], to be kept.

mod content;
mod conversation;
mod echo;
mod errors;
mod fields;
mod identity;
mod json;
mod key;
mod message;
mod notice;
mod preference;
mod sender;
mod status;
mod vcard;

use pytake_assistant::channel::{Event, EventKind};
use pytake_assistant::id::NumberId;
use serde_json::Value;

/// The `object` of WhatsApp's webhooks. Other products of Meta have fields of the same names and other contents.
const OBJECT: &str = "whatsapp_business_account";

/// The body is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not JSON")]
pub struct NotJson;

/// Reads everything a body tells, in its order: all entries, changes, messages, reports and errors.
///
/// The caller bounds the body's size and checks its signature first.
///
/// # Errors
/// [`NotJson`], and nothing else: JSON of any shape gives events.
pub fn read(body: &[u8]) -> Result<Vec<Event>, NotJson> {
    let root = json::parse(body)?;
    let mut events = Vec::new();
    let object = fields::name(&root, "object").unwrap_or("object");
    let mut origin = Origin { account: None, time: None, field: object, number: None };
    if object != OBJECT {
        events.push(origin.other("body", &root));
        return Ok(events);
    }
    for entry in fields::list(&root, "entry") {
        origin = Origin { account: entry.get("id"), time: entry.get("time"), field: "entry", number: None };
        let changes = fields::list(entry, "changes");
        if changes.is_empty() {
            events.push(origin.other("entry", entry));
        }
        for change in changes {
            read_change(&origin, change, &mut events);
        }
    }
    Ok(events)
}

fn read_change(entry: &Origin, change: &Value, events: &mut Vec<Event>) {
    let value = change.get("value").unwrap_or(&Value::Null);
    let field = fields::name(change, "field").unwrap_or("change");
    let origin = Origin { field, number: number_of(value), ..entry.clone() };
    let before = events.len();
    match field {
        "messages" => conversation::read(&origin, value, false, events),
        "standby" => conversation::read_standby(&origin, value, events),
        "smb_message_echoes" => echo::read_all(&origin, value, events),
        "user_preferences" => preference::read_all(&origin, value, events),
        "user_id_update" => identity::read_updates(&origin, value, events),
        _ => events.extend(notice::read(&origin, value)),
    }
    if events.len() == before {
        events.push(origin.other("change", change));
    }
}

/// The business number a value is about. Where control of a conversation is passed it stands beside `recipient`.
fn number_of(value: &Value) -> Option<NumberId> {
    let of = |key: &str| fields::text_or_number(value.get(key)?, "phone_number_id");
    of("metadata").or_else(|| of("recipient")).and_then(|id| NumberId::new(id).ok())
}

/// Where something stands in a body, as far as it belongs to what is told.
#[derive(Debug, Clone)]
struct Origin<'a> {
    /// The account's id.
    account: Option<&'a Value>,
    /// When Meta told it.
    time: Option<&'a Value>,
    /// The webhook field.
    field: &'a str,
    /// The business number.
    number: Option<NumberId>,
}

/// What a body becomes that [`read`] cannot read: something to be kept and no more.
pub fn unreadable(body: &[u8]) -> Event {
    let kind = EventKind::Other { field: "unreadable".to_owned() };
    Event { number: None, account: None, key: key::body(body), kind }
}

impl Origin<'_> {
    /// An event from here.
    fn keyed(&self, key: String, kind: EventKind) -> Event {
        Event { number: self.number.clone(), account: self.account_id().map(str::to_owned), key, kind }
    }

    /// An event without an id of its own, known again by its content.
    fn event(&self, part: &str, item: &Value, kind: EventKind) -> Event {
        self.keyed(key::content(self, part, item), kind)
    }

    /// The account's id, where it looks like one.
    fn account_id(&self) -> Option<&str> {
        /// Those that are documented have 15 or 16 digits.
        const MAX_BYTES: usize = 64;
        let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        let id = self.account?.as_str()?;
        (!id.is_empty() && id.len() <= MAX_BYTES && id.chars().all(is_allowed)).then_some(id)
    }

    /// Something to be kept and no more.
    fn other(&self, part: &str, item: &Value) -> Event {
        self.event(part, item, self.unknown())
    }

    fn unknown(&self) -> EventKind {
        EventKind::Other { field: self.field.to_owned() }
    }
}
