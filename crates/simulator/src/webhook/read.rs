//! Reads bodies, whatever they hold: only what is there is taken.

use serde_json::Value;

use super::{Business, Customer};
use crate::journal::{Choice, Shown};

/// What a webhook brings of what people wrote.
#[derive(Debug)]
pub(crate) enum Item {
    Message {
        number: String,
        message_id: String,
        timestamp: u64,
        customer: Customer,
        shown: Shown,
        wants_answer: bool,
    },
    Echo {
        customer: Customer,
        shown: Shown,
    },
}

/// Types of messages that people expect an answer to.
const WANTING_ANSWER: &[&str] = &[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "interactive",
    "button",
    "order",
];

pub(crate) fn items(body: &Value) -> Vec<Item> {
    let mut items = Vec::new();
    for (_, value) in values(body) {
        let number = text_of(&value["metadata"]["phone_number_id"]).unwrap_or_default();
        for message in value["messages"].as_array().into_iter().flatten() {
            let Some(message_id) = text_of(&message["id"]) else { continue };
            items.push(Item::Message {
                number: number.clone(),
                message_id,
                timestamp: timestamp_of(&message["timestamp"]).unwrap_or_default(),
                customer: sender(value, message),
                shown: shown_of_incoming(message),
                wants_answer: message["type"].as_str().is_some_and(|kind| WANTING_ANSWER.contains(&kind))
                    && message["group_id"].is_null(),
            });
        }
        for echo in value["message_echoes"].as_array().into_iter().flatten() {
            let Some(to) = text_of(&echo["to"]) else { continue };
            items.push(Item::Echo { customer: Customer::of_address(&to), shown: shown_of_incoming(echo) });
        }
    }
    items
}

/// The ids of the messages that customers wrote, in their order.
pub fn message_ids(body: &Value) -> Vec<String> {
    let id = |item| match item {
        Item::Message { message_id, .. } => Some(message_id),
        Item::Echo { .. } => None,
    };
    items(body).into_iter().filter_map(id).collect()
}

/// The business numbers that occur in a body, each once.
pub fn businesses(body: &Value) -> Vec<Business> {
    let mut businesses: Vec<Business> = Vec::new();
    for (entry, value) in values(body) {
        let Some(number) = text_of(&value["metadata"]["phone_number_id"]) else { continue };
        if businesses.iter().any(|business| business.number == number) {
            continue;
        }
        businesses.push(Business {
            account: text_of(&entry["id"]).unwrap_or_default(),
            number,
            display_number: text_of(&value["metadata"]["display_phone_number"]).unwrap_or_default(),
        });
    }
    businesses
}

/// The newest time that a message, echo or report in the body carries.
pub(crate) fn newest_timestamp(body: &Value) -> Option<u64> {
    let mut newest = None;
    for (_, value) in values(body) {
        for list in ["messages", "message_echoes", "statuses"] {
            for item in value[list].as_array().into_iter().flatten() {
                newest = newest.max(timestamp_of(&item["timestamp"]));
            }
        }
    }
    newest
}

fn values(body: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let entries = body["entry"].as_array().into_iter().flatten();
    entries.flat_map(|entry| {
        let changes = entry["changes"].as_array().into_iter().flatten();
        changes.map(move |change| (entry, &change["value"]))
    })
}

/// Seconds since 1970, written as a string or as a number.
pub(crate) fn timestamp_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The sender, with what the contact of the same id says.
fn sender(value: &Value, message: &Value) -> Customer {
    let phone = text_of(&message["from"]);
    let user_id = text_of(&message["from_user_id"]);
    let contacts = value["contacts"].as_array().into_iter().flatten();
    let mut customer = Customer { name: None, phone, user_id, username: None };
    for contact in contacts {
        let (wa_id, scoped) = (text_of(&contact["wa_id"]), text_of(&contact["user_id"]));
        let is_same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        if is_same(&wa_id, &customer.phone) || is_same(&scoped, &customer.user_id) {
            customer.phone = customer.phone.or(wa_id);
            customer.user_id = customer.user_id.or(scoped);
            customer.name = text_of(&contact["profile"]["name"]);
            customer.username = text_of(&contact["profile"]["username"]);
            break;
        }
    }
    customer
}

fn shown_of_incoming(message: &Value) -> Shown {
    let kind = message["type"].as_str().unwrap_or("?");
    let content = &message[kind];
    let text = match kind {
        "text" => string(&content["body"]),
        "button" => string(&content["text"]),
        "interactive" => {
            let reply = content["type"].as_str().map_or(&Value::Null, |kind| &content[kind]);
            format!("[{}]", reply["title"].as_str().unwrap_or("interactive"))
        }
        "reaction" => format!("[reaction {}]", content["emoji"].as_str().unwrap_or("taken back")),
        _ => media_line(kind, content),
    };
    Shown { kind: kind.to_owned(), text, ..Shown::default() }
}

/// A message of the business as the customer sees it.
pub(crate) fn shown_of_outgoing(body: &Value) -> Shown {
    let kind = body["type"].as_str().unwrap_or("text");
    let content = &body[kind];
    let mut shown = Shown { kind: kind.to_owned(), ..Shown::default() };
    shown.text = match kind {
        "text" => string(&content["body"]),
        "interactive" => {
            shown.is_list = content["type"] == "list";
            shown.choices = choices(&content["action"]);
            let parts = [&content["header"]["text"], &content["body"]["text"], &content["footer"]["text"]];
            parts.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        "reaction" => format!("[reaction {}]", content["emoji"].as_str().unwrap_or("taken back")),
        "template" => format!("[template {}]", content["name"].as_str().unwrap_or("?")),
        _ => media_line(kind, content),
    };
    shown
}

fn choices(action: &Value) -> Vec<Choice> {
    let choice = |value: &Value| Choice {
        id: string(&value["id"]),
        title: string(&value["title"]),
        description: text_of(&value["description"]),
    };
    let mut choices = Vec::new();
    for button in action["buttons"].as_array().into_iter().flatten() {
        choices.push(choice(&button["reply"]));
    }
    for section in action["sections"].as_array().into_iter().flatten() {
        choices.extend(section["rows"].as_array().into_iter().flatten().map(choice));
    }
    if let Some(label) = action["parameters"]["display_text"].as_str() {
        choices.push(Choice { id: String::new(), title: label.to_owned(), description: None });
    }
    choices
}

fn media_line(kind: &str, content: &Value) -> String {
    let said = [&content["caption"], &content["filename"], &content["name"]];
    match said.into_iter().find_map(Value::as_str) {
        Some(said) => format!("[{kind}] {said}"),
        None if content["voice"] == true => "[voice note]".to_owned(),
        None => format!("[{kind}]"),
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn anything_at_all_is_read_without_a_panic() {
        for body in [
            json!(null),
            json!([]),
            json!({"entry": 3}),
            json!({"entry": [{"changes": [{"value": {"messages": [null, 3, {"id": 4}, {"id": "a", "type": 7}]}}]}]}),
        ] {
            let items = items(&body);
            assert!(items.len() <= 1);
            assert!(businesses(&body).is_empty());
            assert_eq!(newest_timestamp(&body), None);
        }
    }

    #[test]
    fn buttons_and_rows_are_what_the_customer_can_press() {
        let list = json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "Qual?"},
            "action": {"button": "Abrir", "sections": [{"rows": [{"id": "1", "title": "Azul", "description": "P"}]}]}}});
        let shown = shown_of_outgoing(&list);
        assert!(shown.is_list);
        assert_eq!((shown.text.as_str(), shown.choices[0].title.as_str()), ("Qual?", "Azul"));
    }
}
