//! What holds for every body: no panic, bounded keys, nothing lost beside something malformed, and keys that do not
//! depend on how updates are grouped.

use std::collections::BTreeSet;

use proptest::prelude::*;
use pytake_assistant::channel::Event;
use pytake_whatsapp::webhook::read;
use serde_json::{Map, Value, json};

use crate::bodies::{body, files, message, shared_folder, value};

/// Any JSON, with the names that mean something to us among its names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "object",
        "entry",
        "id",
        "time",
        "changes",
        "field",
        "value",
        "metadata",
        "phone_number_id",
        "contacts",
        "profile",
        "wa_id",
        "user_id",
        "messages",
        "statuses",
        "errors",
        "code",
        "title",
        "standby",
        "message_echoes",
        "from",
        "type",
        "timestamp",
        "text",
        "body",
        "interactive",
        "system",
        "status",
        "pricing",
        "context",
        "product_items",
        "order",
        "user_preferences",
        "user_id_update",
        "event",
        "recipient",
        "anything",
    ])
    .prop_map(str::to_owned)
}

/// A body of every kind we know, as it should be.
fn samples() -> Vec<Value> {
    let text = message(&json!({ "type": "text", "text": { "body": "oi" }, "context": { "id": "wamid.Q" } }));
    let media = message(&json!({ "type": "image", "image": { "id": "1", "caption": "veja" } }));
    let reply = message(
        &json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "id": "a", "title": "A" } } }),
    );
    let edit = message(&json!({ "type": "edit", "edit": { "original_message_id": "a", "message": text } }));
    let system = message(
        &json!({ "type": "system", "system": { "type": "user_changed_number", "wa_id": "5511900001111" } }),
    );
    let mut samples = vec![
        body("messages", &value(&json!({ "messages": [text, media, reply, edit, system] }))),
        body(
            "messages",
            &value(
                &json!({ "statuses": [{ "id": "a", "status": "failed", "errors": [{ "code": 1 }], "pricing": { "billable": true } }] }),
            ),
        ),
        body(
            "smb_message_echoes",
            &value(
                &json!({ "message_echoes": [{ "id": "e", "to": "5511987654321", "type": "text", "text": { "body": "oi" } }] }),
            ),
        ),
        body(
            "standby",
            &json!({ "metadata": { "phone_number_id": "1" }, "standby": { "messages": [text] } }),
        ),
        body(
            "user_preferences",
            &value(
                &json!({ "user_preferences": [{ "wa_id": "1", "category": "marketing_messages", "value": "stop" }] }),
            ),
        ),
        body(
            "account_update",
            &json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [{ "restriction_type": "X" }] }),
        ),
    ];
    if let Some(folder) = shared_folder("webhooks") {
        for (_, bytes) in files(&folder) {
            samples.push(serde_json::from_slice(&bytes).unwrap());
        }
    }
    samples
}

/// The JSON pointers of everything within a value.
fn pointers(of: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match of {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

fn read_value(body: &Value) -> Vec<Event> {
    let events = read(body.to_string().as_bytes()).unwrap();
    for event in &events {
        assert!((3..=512).contains(&event.key.len()), "{}", event.key);
        let stored = serde_json::to_string(event).unwrap();
        assert_eq!(
            serde_json::from_str::<Event>(&stored).unwrap(),
            *event,
            "what is stored is what was read"
        );
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_json_is_read(json in any_json(), field in any_name()) {
        read_value(&json);
        read_value(&body("messages", &json));
        read_value(&body(&field, &json));
        read_value(&body("messages", &value(&json!({ "messages": [message(&json!({ "type": field, field: json }))] }))));
    }

    #[test]
    fn what_is_malformed_costs_only_itself(
        index in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        json in any_json(),
    ) {
        let first = message(&json!({ "id": "first", "type": "text", "text": { "body": "a" } }));
        let last = message(&json!({ "id": "last", "type": "text", "text": { "body": "z" } }));
        let samples = samples_once();
        let mut middle = index.get(samples)["entry"][0]["changes"][0]["value"]["messages"][0].clone();
        let mut places = Vec::new();
        pointers(&middle, "", &mut places);
        *middle.pointer_mut(&places[place.index(places.len())]).unwrap() = json;
        let events = read_value(&body("messages", &value(&json!({ "messages": [first, middle, last] }))));
        let alone = read_value(&body("messages", &value(&json!({ "messages": [first, last] }))));
        prop_assert_eq!(events.len(), 3);
        prop_assert_eq!(&events[0], &alone[0]);
        prop_assert_eq!(&events[2], &alone[1]);
    }

    #[test]
    fn any_change_of_a_sample_is_read(
        index in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        json in any_json(),
        cut in any::<prop::sample::Index>(),
        flip in any::<u8>(),
    ) {
        let mut sample = index.get(samples_once()).clone();
        let mut places = Vec::new();
        pointers(&sample, "", &mut places);
        *sample.pointer_mut(&places[place.index(places.len())]).unwrap() = json;
        read_value(&sample);
        let mut bytes = sample.to_string().into_bytes();
        let at = cut.index(bytes.len());
        bytes[at] ^= flip;
        let _ = read(&bytes);
        let _ = read(&bytes[..at]);
    }

    #[test]
    fn keys_do_not_depend_on_the_grouping(indices in prop::collection::vec(any::<prop::sample::Index>(), 1..8)) {
        let mut entries = Vec::new();
        let mut alone = Vec::new();
        for index in indices {
            let sample = index.get(samples_once());
            entries.extend(sample["entry"].as_array().unwrap().iter().cloned());
            alone.extend(read_value(sample));
        }
        let together = read_value(&json!({ "object": "whatsapp_business_account", "entry": entries }));
        prop_assert_eq!(&together, &alone);
        let mut split = BTreeSet::new();
        for entry in entries {
            for change in entry["changes"].as_array().unwrap() {
                let mut entry = entry.clone();
                entry["changes"] = json!([change]);
                let events = read_value(&json!({ "object": "whatsapp_business_account", "entry": [entry] }));
                split.extend(events.into_iter().map(|event| event.key));
            }
        }
        let keys: BTreeSet<String> = together.into_iter().map(|event| event.key).collect();
        prop_assert_eq!(keys, split);
    }
}

fn samples_once() -> &'static [Value] {
    static SAMPLES: std::sync::LazyLock<Vec<Value>> = std::sync::LazyLock::new(samples);
    &SAMPLES
}
