//! What a message holds, by its type.

use pytake_assistant::channel::{ContactCard, InboundContent, MediaKind, MediaRef, OrderItem};
use serde_json::Value;

use super::{fields, sender, vcard};

/// The name of a type that has none, or none we would repeat.
const NAMELESS: &str = "unknown";

/// Reads the content of a message or an echo. `code`: the error told with it.
///
/// A type that says something and whose content is missing or unreadable is [`InboundContent::Unsupported`]: somebody
/// wrote and waits for an answer. What nobody waits for becomes [`InboundContent::Other`].
pub(super) fn read(item: &Value, code: Option<i64>) -> InboundContent {
    let kind = fields::name(item, "type").unwrap_or(NAMELESS);
    if kind == "edit" {
        return edit(item).unwrap_or_else(|| other(kind));
    }
    read_as(kind, item, code)
}

/// Everything but an edit, which holds one of these.
fn read_as(kind: &str, item: &Value, code: Option<i64>) -> InboundContent {
    let of = item.get(kind).unwrap_or(&Value::Null);
    let content = match kind {
        "text" => fields::text(of, "body").map(|text| InboundContent::Text { text }),
        "image" => media(MediaKind::Image, of),
        "video" => media(MediaKind::Video, of),
        "audio" if fields::flag(of, "voice") => media(MediaKind::Voice, of),
        "audio" => media(MediaKind::Audio, of),
        "document" => media(MediaKind::Document, of),
        "sticker" => media(MediaKind::Sticker, of),
        "location" => location(of),
        "contacts" => contacts(fields::list(item, "contacts")),
        "interactive" => interactive(of),
        "button" => choice(of, "payload", "text"),
        "order" => order(of),
        "reaction" => return reaction(of).unwrap_or_else(|| other(kind)),
        "revoke" => return revoke(of).unwrap_or_else(|| other(kind)),
        "unsupported" => None,
        // A type of tomorrow, a welcome that was asked for, an edit of an edit: kept. With an error: not passed on.
        _ if code.is_none() || kind == "edit" || kind == "request_welcome" => return other(kind),
        _ => None,
    };
    content.unwrap_or_else(|| unsupported(kind, item, code))
}

fn other(kind: &str) -> InboundContent {
    InboundContent::Other { name: kind.to_owned() }
}

fn unsupported(kind: &str, item: &Value, code: Option<i64>) -> InboundContent {
    let kind = match kind {
        "unsupported" => item.get("unsupported").and_then(|of| fields::name(of, "type")),
        NAMELESS => None,
        _ => Some(kind),
    };
    InboundContent::Unsupported { kind: kind.map(str::to_owned), code }
}

fn media(kind: MediaKind, of: &Value) -> Option<InboundContent> {
    let media = MediaRef {
        id: fields::text_or_number(of, "id")?,
        mime_type: fields::text(of, "mime_type"),
        sha256: fields::text(of, "sha256"),
        file_name: fields::text(of, "filename"),
        url: fields::text(of, "url"),
    };
    Some(InboundContent::Media { kind, media, caption: fields::text(of, "caption") })
}

fn location(of: &Value) -> Option<InboundContent> {
    let latitude = fields::decimal(of, "latitude").filter(|degrees| degrees.abs() <= 90.0)?;
    let longitude = fields::decimal(of, "longitude").filter(|degrees| degrees.abs() <= 180.0)?;
    Some(InboundContent::Location {
        latitude,
        longitude,
        name: fields::text(of, "name"),
        address: fields::text(of, "address"),
    })
}

fn contacts(cards: &[Value]) -> Option<InboundContent> {
    if cards.is_empty() {
        return None;
    }
    Some(InboundContent::Contacts { cards: cards.iter().map(card).collect() })
}

/// A card has a name and telephones, or since 2026 perhaps only a vCard.
fn card(of: &Value) -> ContactCard {
    let vcard = vcard::read(fields::str(of, "vcard").unwrap_or_default());
    let mut phones = Vec::new();
    for phone in fields::list(of, "phones") {
        phones.extend(fields::text(phone, "phone").or_else(|| sender::phone(phone, "wa_id")));
    }
    ContactCard {
        name: of.get("name").and_then(card_name).or(vcard.name),
        phones: if phones.is_empty() { vcard.phones } else { phones },
    }
}

fn card_name(of: &Value) -> Option<String> {
    if let Some(name) = fields::text(of, "formatted_name") {
        return Some(name);
    }
    let parts: Vec<&str> =
        ["first_name", "last_name"].iter().filter_map(|key| fields::str(of, key)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn interactive(of: &Value) -> Option<InboundContent> {
    let kind = fields::name(of, "type")?;
    let reply = of.get(kind).unwrap_or(&Value::Null);
    match kind {
        "button_reply" | "list_reply" => choice(reply, "id", "title"),
        "nfm_reply" => form(reply),
        _ => Some(InboundContent::Other { name: format!("interactive.{kind}") }),
    }
}

/// Where only one of the two is there it stands for both.
fn choice(of: &Value, id: &str, title: &str) -> Option<InboundContent> {
    let (id, title) = (fields::text(of, id), fields::text(of, title));
    let seen = title.clone().or_else(|| id.clone())?;
    Some(InboundContent::Choice { id: id.or(title)?, title: seen })
}

fn form(of: &Value) -> Option<InboundContent> {
    let answers = match of.get("response_json")? {
        Value::String(json) if !json.is_empty() => json.clone(),
        answers @ (Value::Object(_) | Value::Array(_)) => answers.to_string(),
        _ => return None,
    };
    Some(InboundContent::Form { name: fields::text(of, "name"), answers })
}

/// An order is read as a whole: with a line left out it would be another one.
fn order(of: &Value) -> Option<InboundContent> {
    let lines = fields::list(of, "product_items");
    if lines.is_empty() {
        return None;
    }
    let mut items = Vec::with_capacity(lines.len());
    for line in lines {
        items.push(OrderItem {
            product: fields::text_or_number(line, "product_retailer_id")?,
            quantity: fields::decimal(line, "quantity")?,
            price: fields::text_or_number(line, "item_price"),
            currency: fields::text(line, "currency"),
        });
    }
    Some(InboundContent::Order { text: fields::text(of, "text"), items })
}

fn reaction(of: &Value) -> Option<InboundContent> {
    Some(InboundContent::Reaction {
        message_id: fields::text(of, "message_id")?,
        emoji: fields::text(of, "emoji"),
    })
}

fn revoke(of: &Value) -> Option<InboundContent> {
    Some(InboundContent::Revoke { message_id: fields::text(of, "original_message_id")? })
}

fn edit(item: &Value) -> Option<InboundContent> {
    let of = item.get("edit")?;
    let message_id = fields::text(of, "original_message_id")?;
    let message = of.get("message")?;
    let content = read_as(fields::name(message, "type")?, message, None);
    Some(InboundContent::Edit { message_id, content: Box::new(content) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_from(item: &Value) -> InboundContent {
        read(item, None)
    }

    #[test]
    fn what_somebody_wrote_and_cannot_be_read_still_wants_an_answer() {
        for kind in [
            "text",
            "image",
            "audio",
            "location",
            "contacts",
            "interactive",
            "button",
            "order",
            "unsupported",
        ] {
            for content in [json!(null), json!(7), json!("x"), json!([]), json!({}), json!([[]])] {
                let mut item = json!({ "type": kind });
                item[kind] = content;
                assert!(read_from(&item).wants_answer(), "{item}");
            }
        }
    }

    #[test]
    fn what_nobody_waits_for_is_kept() {
        for kind in ["reaction", "edit", "revoke", "request_welcome", "poll"] {
            assert_eq!(read_from(&json!({ "type": kind })), other(kind));
        }
        assert_eq!(read_from(&json!({})), other("unknown"));
        assert_eq!(read_from(&json!({ "type": "5511987654321" })), other("unknown"));
        assert_eq!(
            read(&json!({ "type": "poll" }), Some(131_051)),
            InboundContent::Unsupported { kind: Some("poll".to_owned()), code: Some(131_051) }
        );
    }

    #[test]
    fn an_edit_of_an_edit_goes_no_deeper() {
        let edit = |inner: Value| json!({ "type": "edit", "edit": { "original_message_id": "a", "message": inner } });
        let content = Box::new(other("edit"));
        let twice = edit(edit(json!({ "type": "text", "text": { "body": "oi" } })));
        assert_eq!(read_from(&twice), InboundContent::Edit { message_id: "a".to_owned(), content });
    }

    #[test]
    fn an_order_with_an_unreadable_line_is_not_half_an_order() {
        let line =
            json!({ "product_retailer_id": "A", "quantity": "2", "item_price": 3.5, "currency": "BRL" });
        let whole = json!({ "type": "order", "order": { "product_items": [line] } });
        assert!(matches!(read_from(&whole), InboundContent::Order { items, .. } if items[0].quantity > 1.9));
        let torn = json!({ "type": "order", "order": { "product_items": [line, { "quantity": 1 }] } });
        assert!(matches!(read_from(&torn), InboundContent::Unsupported { .. }));
    }
}
