//! Bodies as they are put on the wire: as snapshots of our own, and against documents of others where they are at hand.

use std::path::PathBuf;

use pytake_assistant::channel::{Choice, Messenger, OutboundContent, Recipient};
use serde_json::{Map, Value, json};

use crate::stand_in::{Reply, StandIn, access, ana, text};

/// A document beside the checkout; says loudly when it is not there.
fn shared(path: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/whatsapp");
    let found = std::fs::read_to_string(folder.join(path)).ok();
    if found.is_none() {
        eprintln!("SKIPPED: {path} is not in ../shared/data/whatsapp");
    }
    found
}

async fn sent(to: &Recipient, content: &OutboundContent, callback: &str) -> Value {
    let server = StandIn::start(vec![Reply::json(200, r#"{"messages":[{"id":"wamid.A"}]}"#)]).await;
    server.client().send(&access(), to, content, callback).await.unwrap();
    server.received()[0].json()
}

async fn marked(with_typing: bool) -> Value {
    let server = StandIn::start(vec![Reply::json(200, r#"{"success":true}"#)]).await;
    server.client().mark_read(&access(), "wamid.X", with_typing).await.unwrap();
    server.received()[0].json()
}

fn choice(id: &str, title: &str, description: Option<&str>) -> Choice {
    Choice { id: id.to_owned(), title: title.to_owned(), description: description.map(str::to_owned) }
}

fn buttons() -> OutboundContent {
    let buttons = vec![choice("sim", "Sim", None), choice("nao", "Não", None)];
    OutboundContent::Buttons { body: "Escolha".to_owned(), buttons }
}

fn list() -> OutboundContent {
    let rows = vec![choice("1", "r1", Some("d"))];
    OutboundContent::List { body: "Lista".to_owned(), button: "Abrir".to_owned(), rows }
}

fn template(components: Value) -> OutboundContent {
    OutboundContent::Template { name: "hello_world".to_owned(), language: "pt_BR".to_owned(), components }
}

#[tokio::test]
async fn a_text_with_its_callback() {
    insta::assert_json_snapshot!(sent(&ana(), &text("Olá"), "outbox-1").await, @r#"
    {
      "messaging_product": "whatsapp",
      "recipient_type": "individual",
      "to": "+5511999990000",
      "type": "text",
      "text": {
        "body": "Olá",
        "preview_url": false
      },
      "biz_opaque_callback_data": "outbox-1"
    }
    "#);
}

#[tokio::test]
async fn buttons_and_lists() {
    insta::assert_json_snapshot!(json!([sent(&ana(), &buttons(), "o").await["interactive"], sent(&ana(), &list(), "o").await["interactive"]]), @r#"
    [
      {
        "type": "button",
        "body": {
          "text": "Escolha"
        },
        "action": {
          "buttons": [
            {
              "type": "reply",
              "reply": {
                "id": "sim",
                "title": "Sim"
              }
            },
            {
              "type": "reply",
              "reply": {
                "id": "nao",
                "title": "Não"
              }
            }
          ]
        }
      },
      {
        "type": "list",
        "body": {
          "text": "Lista"
        },
        "action": {
          "button": "Abrir",
          "sections": [
            {
              "rows": [
                {
                  "id": "1",
                  "title": "r1",
                  "description": "d"
                }
              ]
            }
          ]
        }
      }
    ]
    "#);
}

#[tokio::test]
async fn templates_with_and_without_parts() {
    let parts = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] }]);
    insta::assert_json_snapshot!(json!([sent(&ana(), &template(Value::Null), "o").await["template"], sent(&ana(), &template(parts), "o").await["template"]]), @r#"
    [
      {
        "name": "hello_world",
        "language": {
          "code": "pt_BR"
        }
      },
      {
        "name": "hello_world",
        "language": {
          "code": "pt_BR"
        },
        "components": [
          {
            "type": "body",
            "parameters": [
              {
                "type": "text",
                "text": "Ana"
              }
            ]
          }
        ]
      }
    ]
    "#);
}

#[tokio::test]
async fn marks_with_and_without_typing() {
    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X" });
    assert_eq!(marked(false).await, read);
    let mut typing = read;
    typing["typing_indicator"] = json!({ "type": "text" });
    assert_eq!(marked(true).await, typing);
}

/// The independent client writes the address without `+` and names its sections; headers and footers are not ours.
fn comparable(mut body: Value) -> Value {
    if let Some(Value::String(to)) = body.get_mut("to") {
        *to = to.trim_start_matches('+').to_owned();
    }
    if let Some(Value::Object(interactive)) = body.get_mut("interactive") {
        interactive.shift_remove("header");
        interactive.shift_remove("footer");
    }
    if let Some(Value::Object(section)) = body.pointer_mut("/interactive/action/sections/0") {
        section.shift_remove("title");
    }
    body
}

#[tokio::test]
async fn bodies_are_those_of_an_independent_client() {
    let Some(recorded) = shared("send_bodies_recorded_from_pywa.json") else { return };
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    let by_scoped_id = Recipient { phone: None, scoped_id: Some("BR.1502576394655843".to_owned()) };
    let with_preview =
        OutboundContent::Text { body: "veja https://example.com".to_owned(), preview_url: true };
    let ours = [
        ("text", sent(&ana(), &text("Olá"), "").await),
        ("text with link preview", sent(&ana(), &with_preview, "").await),
        ("text with opaque callback data", sent(&ana(), &text("Olá"), "outbox-1").await),
        ("text to a BSUID", sent(&by_scoped_id, &text("Olá"), "").await),
        ("reply buttons", sent(&ana(), &buttons(), "").await),
        ("list", sent(&ana(), &list(), "").await),
        ("mark as read", marked(false).await),
        ("typing indicator", marked(true).await),
    ];
    for (name, ours) in ours {
        let case = recorded["cases"].as_array().unwrap().iter().find(|case| case["case"] == name);
        let theirs = comparable(case.unwrap()["body"].clone());
        assert_eq!(comparable(ours), theirs, "{name}");
    }
}

/// The paths of all fields, with lists as one.
fn shape(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                shape(value, &format!("{path}/{name}"), into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| shape(item, &format!("{path}[]"), into)),
        _ if into.iter().any(|known| known == path) => {}
        _ => into.push(path.to_owned()),
    }
}

#[tokio::test]
async fn every_field_we_send_is_in_metas_examples() {
    let Some(examples) = shared("send_request_examples.json") else { return };
    let examples: Map<String, Value> = serde_json::from_str(&examples).unwrap();
    let mut known = vec![String::from("/biz_opaque_callback_data")];
    examples.values().for_each(|example| shape(example, "", &mut known));
    let parts = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] }]);
    let bodies = [
        sent(&ana(), &text("Olá"), "o").await,
        sent(&ana(), &buttons(), "o").await,
        sent(&ana(), &list(), "o").await,
        sent(&ana(), &template(parts), "o").await,
        marked(true).await,
    ];
    for body in bodies {
        let mut ours = Vec::new();
        shape(&body, "", &mut ours);
        for path in ours {
            assert!(known.contains(&path), "{path}");
        }
    }
}

/// Meta's description says `allOf` over parts that each forbid the fields of the others, which nothing satisfies: the
/// parts are put together, and what the description leaves out (our callback, which the reference documents) is added.
fn merged(schemas: &Value, name: &str) -> Value {
    let mut whole =
        json!({ "type": "object", "properties": { "biz_opaque_callback_data": { "type": "string" } } });
    let mut required = Vec::new();
    for part in schemas[name]["allOf"].as_array().unwrap() {
        let part = match part.get("$ref").and_then(Value::as_str) {
            Some(path) => &schemas[path.rsplit('/').next().unwrap()],
            None => part,
        };
        for (field, schema) in part["properties"].as_object().unwrap() {
            whole["properties"][field] = schema.clone();
        }
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    whole["required"] = required.into();
    whole["additionalProperties"] = json!(false);
    whole
}

#[tokio::test]
async fn bodies_are_valid_by_metas_description() {
    let Some(document) = shared("openapi/business-messaging-api_v23.0.yaml") else { return };
    let mut document: Value = serde_saphyr::from_str(&document).unwrap();
    // Required by the description, absent in all of its own examples but one.
    document["components"]["schemas"]["LanguageObject"]["required"] = json!(["code"]);
    let parts = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] }]);
    let cases = [
        ("TextMessage", sent(&ana(), &text("Olá"), "o").await),
        ("InteractiveMessage", sent(&ana(), &buttons(), "o").await),
        ("InteractiveMessage", sent(&ana(), &list(), "o").await),
        ("TemplateMessage", sent(&ana(), &template(parts), "o").await),
    ];
    for (name, body) in cases {
        let mut schema = merged(&document["components"]["schemas"], name);
        schema["components"] = document["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\n{body:#}");
        let mut wrong = body;
        wrong["unknown"] = json!(1);
        assert!(!validator.is_valid(&wrong), "{name}: a validator that takes anything proves nothing");
    }
}
