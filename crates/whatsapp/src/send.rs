//! Bodies for `POST /{phone_number_id}/messages` (WhatsApp Cloud API, messages).
//!
//! Limits are not checked here: `format.rs` writes within them, and what a person wrote beyond them is refused by Meta
//! with a reason that the operator sees.

use pytake_assistant::channel::{Choice, OutboundContent, Recipient, SendFailure, SendFailureKind};
use serde_json::{Map, Value, json};

use crate::graph::own_failure;

/// A message to one person. `callback` comes back in the reports on it.
///
/// # Errors
/// There is no address: [`SendFailureKind::Undeliverable`], nothing is sent.
pub(crate) fn message(
    to: &Recipient,
    content: &OutboundContent,
    callback: &str,
) -> Result<Value, SendFailure> {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    let (field, address) = address(to)?;
    body.insert(field.to_owned(), json!(address));
    let (kind, object) = object(content);
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), object);
    if !callback.is_empty() {
        body.insert("biz_opaque_callback_data".to_owned(), json!(callback));
    }
    Ok(Value::Object(body))
}

/// Marks a message, and those before it, as read.
pub(crate) fn read_mark(message_id: &str, with_typing: bool) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message_id });
    if with_typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    body
}

/// The telephone with `+`, without which Meta would put the business's country in front; else the scoped id, byte for
/// byte.
fn address(to: &Recipient) -> Result<(&'static str, String), SendFailure> {
    if let Some(phone) = &to.phone {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            return Ok(("to", format!("+{digits}")));
        }
    }
    match &to.scoped_id {
        Some(id) if !id.is_empty() => Ok(("recipient", id.clone())),
        _ => Err(own_failure(SendFailureKind::Undeliverable, "the customer has no address")),
    }
}

/// The name of the type and the object that it names.
fn object(content: &OutboundContent) -> (&'static str, Value) {
    match content {
        OutboundContent::Text { body, preview_url } => {
            ("text", json!({ "body": body, "preview_url": preview_url }))
        }
        OutboundContent::Buttons { body, buttons } => {
            let buttons: Vec<Value> = buttons.iter().map(button).collect();
            let action = json!({ "buttons": buttons });
            ("interactive", json!({ "type": "button", "body": { "text": body }, "action": action }))
        }
        OutboundContent::List { body, button, rows } => {
            let rows: Vec<Value> = rows.iter().map(row).collect();
            let action = json!({ "button": button, "sections": [{ "rows": rows }] });
            ("interactive", json!({ "type": "list", "body": { "text": body }, "action": action }))
        }
        OutboundContent::Template { name, language, components } => {
            let mut template = json!({ "name": name, "language": { "code": language } });
            if !components.is_null() {
                template["components"] = components.clone();
            }
            ("template", template)
        }
    }
}

fn button(choice: &Choice) -> Value {
    json!({ "type": "reply", "reply": { "id": choice.id, "title": choice.title } })
}

fn row(choice: &Choice) -> Value {
    let mut row = json!({ "id": choice.id, "title": choice.title });
    if let Some(description) = &choice.description {
        row["description"] = json!(description);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> OutboundContent {
        OutboundContent::Text { body: "Olá".to_owned(), preview_url: false }
    }

    fn to(phone: Option<&str>, scoped_id: Option<&str>) -> Recipient {
        Recipient { phone: phone.map(str::to_owned), scoped_id: scoped_id.map(str::to_owned) }
    }

    #[test]
    fn the_telephone_goes_before_the_scoped_id_and_has_a_plus() {
        for phone in ["5511999990000", "+55 11 99999-0000"] {
            let body = message(&to(Some(phone), Some("BR.1")), &text(), "o1").unwrap();
            assert_eq!(body["to"], "+5511999990000");
            assert_eq!(body.get("recipient"), None);
        }
    }

    #[test]
    fn without_a_telephone_the_scoped_id_is_sent_byte_for_byte() {
        for phone in [None, Some(""), Some("+")] {
            let body = message(&to(phone, Some("BR.aB1502")), &text(), "o1").unwrap();
            assert_eq!(body["recipient"], "BR.aB1502");
            assert_eq!(body.get("to"), None);
        }
    }

    #[test]
    fn a_customer_without_an_address_gets_nothing() {
        for to in [to(None, None), to(Some(""), Some(""))] {
            assert_eq!(message(&to, &text(), "o1").unwrap_err().kind, SendFailureKind::Undeliverable);
        }
    }
}
