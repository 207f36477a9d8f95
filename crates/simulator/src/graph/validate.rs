//! Whether Meta would take a request: required fields and limits (WhatsApp Cloud API, send messages).
//!
//! Lengths are counted in UTF-16 units. Meta does not say what it counts; this is the strictest of the usual readings
//! for texts with emoji, so what passes here passes there.

use serde_json::Value;

use super::failure::Failure;

/// A request that is right.
#[derive(Debug, PartialEq)]
pub(super) enum Order<'a> {
    Send(Message<'a>),
    Mark { message_id: &'a str, is_typing: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// `to`, else `recipient`, as it was written.
    pub(super) recipient: &'a str,
    pub(super) callback: Option<&'a str>,
}

/// Types of messages, as the error names them.
const TYPES: &[&str] = &[
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];

pub(super) fn read_order(body: &Value) -> Result<Order<'_>, Failure> {
    if body["messaging_product"] != "whatsapp" {
        return Err(Failure::parameter("The parameter messaging_product is required."));
    }
    if body.get("status").is_some() {
        return read_mark(body);
    }
    let recipient = recipient(body)?;
    if !body["recipient_type"].is_null()
        && body["recipient_type"] != "individual"
        && body["recipient_type"] != "group"
    {
        return Err(Failure::parameter("Param recipient_type must be one of {INDIVIDUAL, GROUP}"));
    }
    let kind = body["type"].as_str().unwrap_or("text");
    if !TYPES.contains(&kind) {
        let types = TYPES.join(", ").to_uppercase();
        return Err(Failure::parameter(&format!("Param type must be one of {{{types}}} - got \"{kind}\".")));
    }
    let content = &body[kind];
    if !(content.is_object() || kind == "contacts" && content.is_array()) {
        return Err(Failure::parameter(&format!("The parameter {kind} is required.")));
    }
    match kind {
        "text" => text(content)?,
        "interactive" => interactive(content)?,
        "template" => template(content)?,
        "reaction" => required(content, "reaction", "message_id")?,
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, content)?,
        _ => {}
    }
    let callback = body["biz_opaque_callback_data"].as_str();
    at_most(callback.unwrap_or_default(), 512, "biz_opaque_callback_data")?;
    if !body["context"].is_null() {
        required(&body["context"], "context", "message_id")?;
    }
    Ok(Order::Send(Message { recipient, callback }))
}

fn read_mark(body: &Value) -> Result<Order<'_>, Failure> {
    if body["status"] != "read" {
        return Err(Failure::parameter("Param status must be one of {READ}"));
    }
    let Some(message_id) = body["message_id"].as_str() else {
        return Err(Failure::parameter("The parameter message_id is required."));
    };
    let typing = &body["typing_indicator"];
    if !typing.is_null() && typing["type"] != "text" {
        return Err(Failure::parameter("Param typing_indicator['type'] must be one of {TEXT}"));
    }
    Ok(Order::Mark { message_id, is_typing: !typing.is_null() })
}

/// A telephone of at most 15 digits (E.164) after an optional `+`, else a business-scoped id.
fn recipient(body: &Value) -> Result<&str, Failure> {
    if let Some(to) = body["to"].as_str() {
        let digits = to.strip_prefix('+').unwrap_or(to);
        let is_phone = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        return if is_phone {
            Ok(to)
        } else {
            Err(Failure::parameter("Param to is not a valid phone number."))
        };
    }
    let Some(recipient) = body["recipient"].as_str() else {
        return Err(Failure::parameter("The parameter to is required."));
    };
    // Two letters of a country, a dot, up to 128 alphanumerics; the parent form has `ENT.` in between.
    let is_scoped = recipient.split_once('.').is_some_and(|(country, rest)| {
        let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=128).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if is_scoped { Ok(recipient) } else { Err(Failure::parameter("Param recipient is not a valid user id.")) }
}

fn text(content: &Value) -> Result<(), Failure> {
    let Some(body) = content["body"].as_str() else {
        return Err(Failure::parameter("The parameter text['body'] is required."));
    };
    if body.trim().is_empty() {
        return Err(Failure::missing("The text body is empty."));
    }
    if units(body) > 4_096 {
        return Err(Failure::parameter("Param text['body'] must be at most 4096 characters long."));
    }
    if !content["preview_url"].is_null() && !content["preview_url"].is_boolean() {
        return Err(Failure::parameter("Param text['preview_url'] must be a boolean."));
    }
    Ok(())
}

fn interactive(content: &Value) -> Result<(), Failure> {
    let kind = content["type"].as_str().unwrap_or_default();
    if !content["header"].is_null() {
        between(&content["header"]["text"], 1, 60, "header text", content["header"]["type"] != "text")?;
    }
    between(&content["footer"]["text"], 1, 60, "footer text", content["footer"].is_null())?;
    let body = &content["body"]["text"];
    let action = &content["action"];
    match kind {
        "button" => {
            between(body, 1, 1_024, "body text", false)?;
            buttons(action)
        }
        "list" => {
            between(body, 1, 4_096, "body text", false)?;
            list(action)
        }
        "cta_url" => {
            between(body, 1, 1_024, "body text", false)?;
            between(&action["parameters"]["display_text"], 1, 20, "display_text", false)?;
            required(&action["parameters"], "parameters", "url")
        }
        "" => Err(Failure::parameter("The parameter interactive['type'] is required.")),
        _ => between(body, 1, 4_096, "body text", true),
    }
}

fn buttons(action: &Value) -> Result<(), Failure> {
    let buttons = action["buttons"].as_array().map_or(&[][..], Vec::as_slice);
    if !(1..=3).contains(&buttons.len()) {
        return Err(Failure::value("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"));
    }
    let mut ids = Vec::new();
    let mut titles = Vec::new();
    for button in buttons {
        if button["type"] != "reply" {
            return Err(Failure::value("Button type must be reply"));
        }
        let reply = &button["reply"];
        between(&reply["id"], 1, 256, "Button id", false)?;
        between(&reply["title"], 1, 20, "Button title", false)?;
        ids.push(reply["id"].as_str());
        titles.push(reply["title"].as_str());
    }
    different(ids, "Button ids")?;
    different(titles, "Button titles")
}

fn list(action: &Value) -> Result<(), Failure> {
    between(&action["button"], 1, 20, "Button label", false)?;
    let sections = action["sections"].as_array().map_or(&[][..], Vec::as_slice);
    if !(1..=10).contains(&sections.len()) {
        return Err(Failure::value("Invalid sections count. Min: 1, Max: 10"));
    }
    let mut ids = Vec::new();
    for section in sections {
        // A title is needed where there are several sections.
        between(&section["title"], 1, 24, "Section title", sections.len() == 1)?;
        let rows = section["rows"].as_array().map_or(&[][..], Vec::as_slice);
        if rows.is_empty() {
            return Err(Failure::missing("A section has no rows."));
        }
        for row in rows {
            between(&row["id"], 1, 200, "Row id", false)?;
            between(&row["title"], 1, 24, "Row title", false)?;
            between(&row["description"], 1, 72, "Row description", true)?;
            ids.push(row["id"].as_str());
        }
    }
    if ids.len() > 10 {
        return Err(Failure::value("Total row count exceed max allowed count: 10"));
    }
    different(ids, "Row ids")
}

fn template(content: &Value) -> Result<(), Failure> {
    required(content, "template", "name")?;
    required(&content["language"], "template['language']", "code")
}

fn media(kind: &str, content: &Value) -> Result<(), Failure> {
    if content["id"].is_null() && content["link"].is_null() {
        return Err(Failure::missing(&format!("{kind} needs an id or a link.")));
    }
    // 1,024 characters: WhatsApp Cloud API, captions.
    between(&content["caption"], 0, 1_024, "caption", true)
}

fn required(object: &Value, name: &str, field: &str) -> Result<(), Failure> {
    match object[field].as_str() {
        Some(text) if !text.is_empty() => Ok(()),
        _ => Err(Failure::parameter(&format!("The parameter {name}['{field}'] is required."))),
    }
}

fn between(value: &Value, least: usize, most: usize, name: &str, is_optional: bool) -> Result<(), Failure> {
    let Some(text) = value.as_str() else {
        return if is_optional { Ok(()) } else { Err(Failure::missing(&format!("{name} is missing."))) };
    };
    if (least..=most).contains(&units(text)) {
        return Ok(());
    }
    Err(Failure::value(&format!("{name} length invalid. Min length: {least}, Max length: {most}")))
}

fn at_most(text: &str, most: usize, name: &str) -> Result<(), Failure> {
    if units(text) <= most {
        return Ok(());
    }
    Err(Failure::parameter(&format!("Param {name} must be at most {most} characters long.")))
}

fn different(mut values: Vec<Option<&str>>, name: &str) -> Result<(), Failure> {
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    if values.len() == count { Ok(()) } else { Err(Failure::value(&format!("{name} must be different."))) }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(body: &Value) -> (i64, String) {
        match read_order(body) {
            Err(failure) => {
                let error = failure.body();
                let details = error["error"]["error_data"]["details"].as_str().unwrap_or_default();
                (
                    failure.code,
                    format!("{} {details}", error["error"]["message"].as_str().unwrap_or_default()),
                )
            }
            Ok(_) => (0, String::new()),
        }
    }

    fn text_of(length: usize) -> Value {
        json!({"messaging_product": "whatsapp", "to": "+5511987654321", "type": "text",
            "text": {"body": "a".repeat(length)}})
    }

    fn with_interactive(interactive: &Value) -> Value {
        json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": "interactive",
            "interactive": interactive})
    }

    fn with_buttons(titles: &[&str]) -> Value {
        let button =
            |(place, title)| json!({"type": "reply", "reply": {"id": format!("{place}"), "title": title}});
        let buttons: Vec<Value> = titles.iter().enumerate().map(button).collect();
        with_interactive(&json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": buttons}}))
    }

    fn with_rows(count: usize, title: &str, description: &str) -> Value {
        let row = |place| json!({"id": format!("{place}"), "title": title, "description": description});
        let rows: Vec<Value> = (0..count).map(row).collect();
        with_interactive(&json!({"type": "list", "body": {"text": "?"},
            "action": {"button": "Abrir", "sections": [{"rows": rows}]}}))
    }

    #[test]
    fn a_text_of_4096_is_taken_and_one_more_is_refused_in_metas_words() {
        assert_eq!(refusal(&text_of(4_096)).0, 0);
        let (code, message) = refusal(&text_of(4_097));
        assert_eq!(code, 100);
        assert!(
            message.starts_with("(#100) Param text['body'] must be at most 4096 characters long."),
            "{message}"
        );
        assert_eq!(refusal(&text_of(0)).0, 131_008);
    }

    #[test]
    fn three_buttons_of_twenty_are_taken_and_no_more() {
        assert_eq!(refusal(&with_buttons(&["Sim", "Não", &"a".repeat(20)])).0, 0);
        assert_eq!(refusal(&with_buttons(&["1", "2", "3", "4"])).0, 131_009);
        assert_eq!(refusal(&with_buttons(&[&"a".repeat(21)])).0, 131_009);
        assert_eq!(refusal(&with_buttons(&["Sim", "Sim"])).0, 131_009);
        assert_eq!(refusal(&with_buttons(&[])).0, 131_009);
    }

    #[test]
    fn ten_rows_are_taken_and_no_more() {
        assert_eq!(refusal(&with_rows(10, &"a".repeat(24), &"b".repeat(72))).0, 0);
        for body in
            [with_rows(11, "a", "b"), with_rows(1, &"a".repeat(25), "b"), with_rows(1, "a", &"b".repeat(73))]
        {
            assert_eq!(refusal(&body).0, 131_009);
        }
    }

    #[test]
    fn whoever_is_not_named_rightly_is_refused() {
        for (to, code) in [("5511987654321", 0), ("+5511987654321", 0), ("11 98765", 100), ("", 100)] {
            let mut body = text_of(1);
            body["to"] = json!(to);
            assert_eq!(refusal(&body).0, code, "{to}");
        }
        for (recipient, code) in [("BR.1502576394655843", 0), ("BR.ENT.15", 0), ("15025", 100), ("BR.", 100)]
        {
            let body = json!({"messaging_product": "whatsapp", "recipient": recipient, "type": "text",
                "text": {"body": "oi"}});
            assert_eq!(refusal(&body).0, code, "{recipient}");
        }
    }

    #[test]
    fn a_mark_needs_the_message_and_knows_one_kind_of_typing() {
        let mut mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X",
            "typing_indicator": {"type": "text"}});
        assert_eq!(read_order(&mark), Ok(Order::Mark { message_id: "wamid.X", is_typing: true }));
        mark["typing_indicator"]["type"] = json!("voice");
        assert_eq!(refusal(&mark).0, 100);
    }

    #[test]
    fn anything_at_all_is_refused_without_a_panic() {
        for body in [
            json!(null),
            json!([1]),
            json!({"messaging_product": "whatsapp", "to": 3}),
            json!({"type": "text"}),
        ] {
            assert_ne!(refusal(&body).0, 0);
        }
    }
}
