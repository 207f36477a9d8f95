//! Makes bodies.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::journal::{Choice, State};

/// A business number and the account it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// Id of the WhatsApp Business account (WABA).
    pub account: String,
    /// Id of the phone number.
    pub number: String,
    /// The phone number, in digits.
    pub display_number: String,
}

impl Default for Business {
    /// The ids of the samples in Meta's documentation, with a telephone of São Paulo.
    fn default() -> Self {
        Self {
            account: "102290129340398".to_owned(),
            number: "106540352242922".to_owned(),
            display_number: "551140028922".to_owned(),
        }
    }
}

/// Who writes. At least one of `phone` and `user_id` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The name of the profile.
    #[serde(default)]
    pub name: Option<String>,
    /// Telephone in digits.
    #[serde(default)]
    pub phone: Option<String>,
    /// Business-scoped user id.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The handle.
    #[serde(default)]
    pub username: Option<String>,
}

impl Default for Customer {
    /// Ana of São Paulo.
    fn default() -> Self {
        Self {
            name: Some("Ana".to_owned()),
            phone: Some("5511987654321".to_owned()),
            user_id: Some("BR.1502576394655843".to_owned()),
            username: None,
        }
    }
}

impl Customer {
    /// One of many, all different: for loads.
    pub fn numbered(number: u32) -> Self {
        Self {
            name: Some(format!("Cliente {number}")),
            // Mobiles of nine digits begin with 9.
            phone: Some(format!("5511{}", 900_000_000 + u64::from(number) % 100_000_000)),
            user_id: Some(format!("BR.{}", 7_000_000_000_000_000 + u64::from(number))),
            username: None,
        }
    }

    /// Somebody of whom only one id is known: digits are a telephone.
    pub(crate) fn of_address(address: &str) -> Self {
        let digits = address.trim_start_matches('+');
        let is_phone = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            name: None,
            phone: is_phone.then(|| digits.to_owned()),
            user_id: (!is_phone).then(|| address.to_owned()),
            username: None,
        }
    }

    fn contact(&self) -> Value {
        let mut contact = json!({ "profile": {} });
        for (name, value) in [("name", &self.name), ("username", &self.username)] {
            if let Some(value) = value {
                contact["profile"][name] = json!(value);
            }
        }
        for (name, value) in [("wa_id", &self.phone), ("user_id", &self.user_id)] {
            if let Some(value) = value {
                contact[name] = json!(value);
            }
        }
        contact
    }
}

/// A message of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    id: String,
    at: u64,
    kind: String,
    content: Value,
    context: Option<Value>,
}

impl Written {
    /// A text, written at a time in seconds since 1970.
    pub fn text(id: impl Into<String>, at: u64, body: &str) -> Self {
        Self::of_type(id, at, "text", json!({ "body": body }))
    }

    /// Any type, with the object that is named after it.
    pub fn of_type(id: impl Into<String>, at: u64, kind: &str, content: Value) -> Self {
        Self { id: id.into(), at, kind: kind.to_owned(), content, context: None }
    }

    /// A button or a row of a list, chosen in the message `answers`.
    pub fn chosen(
        id: impl Into<String>,
        at: u64,
        choice: &Choice,
        is_list: bool,
        business: &Business,
        answers: &str,
    ) -> Self {
        let kind = if is_list { "list_reply" } else { "button_reply" };
        let mut reply = json!({ "id": choice.id, "title": choice.title });
        if let Some(description) = &choice.description {
            reply["description"] = json!(description);
        }
        let written = Self::of_type(id, at, "interactive", json!({ "type": kind, kind: reply }));
        written.quoting(&business.display_number, answers)
    }

    /// As an answer to a message that `from` wrote.
    #[must_use]
    pub fn quoting(mut self, from: &str, message_id: &str) -> Self {
        self.context = Some(json!({ "from": from, "id": message_id }));
        self
    }

    fn message(&self, customer: &Customer) -> Value {
        let mut message = json!({});
        if let Some(context) = &self.context {
            message["context"] = context.clone();
        }
        for (name, value) in [("from", &customer.phone), ("from_user_id", &customer.user_id)] {
            if let Some(value) = value {
                message[name] = json!(value);
            }
        }
        message["id"] = json!(self.id);
        message["timestamp"] = json!(self.at.to_string());
        message["type"] = json!(self.kind);
        message[self.kind.as_str()] = self.content.clone();
        message
    }
}

fn envelope(business: &Business, field: &str, more: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": business.display_number, "phone_number_id": business.number },
    });
    if let (Some(value), Some(more)) = (value.as_object_mut(), more.as_object()) {
        value.extend(more.clone());
    }
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": business.account, "changes": [{ "value": value, "field": field }] }],
    })
}

/// One webhook with messages of one customer.
pub fn post(business: &Business, customer: &Customer, written: &[Written]) -> Value {
    let messages: Vec<Value> = written.iter().map(|written| written.message(customer)).collect();
    envelope(business, "messages", &json!({ "contacts": [customer.contact()], "messages": messages }))
}

/// A webhook for what a person at the business wrote from the phone app.
pub fn echo_post(business: &Business, customer: &Customer, id: &str, at: u64, body: &str) -> Value {
    let to = customer.phone.as_ref().or(customer.user_id.as_ref());
    let echo = json!({
        "from": business.display_number, "to": to, "id": id, "timestamp": at.to_string(),
        "type": "text", "text": { "body": body },
    });
    envelope(business, "smb_message_echoes", &json!({ "message_echoes": [echo] }))
}

/// A webhook with a report on a message of the business. `code`: why it failed.
pub fn status_post(
    business: &Business,
    customer: &Customer,
    message_id: &str,
    state: State,
    at: u64,
    code: Option<i64>,
) -> Value {
    status_value(business, customer, &status(customer, message_id, state, at, code))
}

/// The inner object of a report.
pub(crate) fn status(
    customer: &Customer,
    message_id: &str,
    state: State,
    at: u64,
    code: Option<i64>,
) -> Value {
    let mut status = json!({ "id": message_id, "status": state.as_str(), "timestamp": at.to_string() });
    for (name, value) in [("recipient_id", &customer.phone), ("recipient_user_id", &customer.user_id)] {
        if let Some(value) = value {
            status[name] = json!(value);
        }
    }
    if let Some(code) = code {
        let title = crate::graph::title_of(code);
        status["errors"] = json!([{ "code": code, "title": title, "message": title,
            "error_data": { "details": "Told to fail." },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/" }]);
    }
    status
}

/// The body around the inner object; a report of a failure comes without the customer's contact.
pub(crate) fn status_value(business: &Business, customer: &Customer, status: &Value) -> Value {
    let mut more = json!({});
    if status["status"] != "failed" {
        more["contacts"] = json!([customer.contact()]);
    }
    more["statuses"] = json!([status]);
    envelope(business, "messages", &more)
}

/// Puts several webhooks into one, as Meta does when there is much to tell.
pub fn join(posts: &[Value]) -> Value {
    let mut entries = Vec::new();
    for post in posts {
        entries.extend(post["entry"].as_array().into_iter().flatten().cloned());
    }
    json!({ "object": "whatsapp_business_account", "entry": entries })
}

/// Takes a webhook apart, into one for each message, echo and status.
pub fn split(post: &Value) -> Vec<Value> {
    let mut posts = Vec::new();
    for entry in post["entry"].as_array().into_iter().flatten() {
        for change in entry["changes"].as_array().into_iter().flatten() {
            for list in ["messages", "message_echoes", "statuses"] {
                for item in change["value"][list].as_array().into_iter().flatten() {
                    let mut value = change["value"].clone();
                    if let Some(object) = value.as_object_mut() {
                        object.retain(|name, _| {
                            !["messages", "message_echoes", "statuses"].contains(&name.as_str())
                        });
                    }
                    value[list] = json!([item]);
                    let change = json!({ "value": value, "field": change["field"] });
                    posts.push(json!({
                        "object": post["object"],
                        "entry": [{ "id": entry["id"], "changes": [change] }],
                    }));
                }
            }
        }
    }
    posts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_looks_as_it_does_in_metas_documentation() {
        let body = post(
            &Business::default(),
            &Customer::default(),
            &[Written::text("wamid.1", 1_767_225_600, "oi")],
        );
        let message = json!({"from": "5511987654321", "from_user_id": "BR.1502576394655843", "id": "wamid.1",
            "timestamp": "1767225600", "type": "text", "text": {"body": "oi"}});
        let contact =
            json!({"profile": {"name": "Ana"}, "wa_id": "5511987654321", "user_id": "BR.1502576394655843"});
        let metadata = json!({"display_phone_number": "551140028922", "phone_number_id": "106540352242922"});
        let value = json!({"messaging_product": "whatsapp", "metadata": metadata, "contacts": [contact],
            "messages": [message]});
        let entry = json!({"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]});
        assert_eq!(body, json!({"object": "whatsapp_business_account", "entry": [entry]}));
    }

    #[test]
    fn what_is_joined_and_split_again_has_every_item_once() {
        let texts: Vec<Value> = (0..3)
            .map(|number| {
                let written =
                    [Written::text(format!("wamid.{number}"), 1, "oi"), Written::text("wamid.X", 2, "?")];
                post(&Business::default(), &Customer::numbered(number), &written)
            })
            .collect();
        let joined = join(&texts);
        assert_eq!(joined["entry"].as_array().map(Vec::len), Some(3));
        let apart = split(&joined);
        assert_eq!(apart.len(), 6);
        assert_eq!(apart[0]["entry"][0]["changes"][0]["value"]["messages"][0]["id"], "wamid.0");
        assert_eq!(apart[5]["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"], "?");
    }

    #[test]
    fn many_customers_have_different_telephones_of_thirteen_digits() {
        let (first, last) = (Customer::numbered(0), Customer::numbered(99_999_999));
        assert_eq!(first.phone.as_deref(), Some("5511900000000"));
        assert_eq!(last.phone.map(|phone| phone.len()), Some(13));
    }
}
