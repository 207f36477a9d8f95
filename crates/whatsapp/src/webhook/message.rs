//! One item of `messages`.

use pytake_assistant::channel::{Event, EventKind, InboundMessage, Referral};
use pytake_assistant::id::NumberId;
use serde_json::Value;

use super::sender::Contacts;
use super::{Origin, content, errors, fields, identity, key, sender};

/// What stands beside messages in their value.
pub(super) struct Around {
    /// Who they may be of.
    pub(super) contacts: Contacts,
    /// Why one could not be passed on, where that does not stand in the message.
    pub(super) code: Option<i64>,
    /// Another system holds the conversation.
    pub(super) is_standby: bool,
}

/// Reads a message. Without an id or a number it can be kept and no more.
pub(super) fn read(origin: &Origin, item: &Value, around: &Around) -> Event {
    let (Some(number), Some(id)) = (&origin.number, fields::text(item, "id")) else {
        return origin.other("messages", item);
    };
    let key = key::message(number, &id);
    let kind = if fields::str(item, "type") == Some("system") {
        identity::read_system(origin, item)
    } else {
        EventKind::Message(Box::new(read_message(number, id, item, around)))
    };
    origin.keyed(key, kind)
}

fn read_message(number: &NumberId, id: String, item: &Value, around: &Around) -> InboundMessage {
    let context = item.get("context").unwrap_or(&Value::Null);
    InboundMessage {
        number: number.clone(),
        id,
        sender: around.contacts.complete(item, &sender::FROM),
        group: fields::text(item, "group_id"),
        sent_at: fields::time(item, "timestamp"),
        content: content::read(item, errors::first_code(item).or(around.code)),
        quotes: fields::text(context, "id"),
        product: context.get("referred_product").and_then(|of| fields::text(of, "product_retailer_id")),
        is_forwarded: fields::flag(context, "forwarded") || fields::flag(context, "frequently_forwarded"),
        referral: item.get("referral").filter(|referral| referral.is_object()).map(read_referral),
        is_standby: around.is_standby,
    }
}

fn read_referral(referral: &Value) -> Referral {
    Referral {
        headline: fields::text(referral, "headline"),
        body: fields::text(referral, "body"),
        source_url: fields::text(referral, "source_url"),
        source_id: fields::text_or_number(referral, "source_id"),
    }
}
