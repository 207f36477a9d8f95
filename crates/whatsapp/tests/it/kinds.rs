//! What each kind of item becomes: snapshots, because the database keeps these events as they are.

use pytake_assistant::channel::{Event, EventKind, InboundContent};
use pytake_whatsapp::webhook::read;
use serde_json::{Value, json};

use crate::bodies::{body, message, value};

fn events(field: &str, value: &Value) -> Vec<Event> {
    read(body(field, value).to_string().as_bytes()).unwrap()
}

/// The only event of a body with one message.
fn event(rest: &Value) -> Event {
    let mut events = events("messages", &value(&json!({ "messages": [message(rest)] })));
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// The contents of messages, by what was sent.
fn contents(messages: &Value) -> Value {
    let mut contents = serde_json::Map::new();
    for (name, rest) in messages.as_object().unwrap() {
        let EventKind::Message(message) = event(rest).kind else { panic!("{name} is no message") };
        contents.insert(name.clone(), serde_json::to_value(message.content).unwrap());
    }
    Value::Object(contents)
}

#[test]
fn a_message_with_everything_around_it() {
    insta::assert_json_snapshot!(event(&json!({
        "type": "text",
        "text": { "body": "Tem no tamanho 38? 👟" },
        "group_id": "HBgLMTY1MDM4Nzk0MzkVAgA",
        "context": {
            "from": "551140028922", "id": "wamid.QUOTED", "frequently_forwarded": true,
            "referred_product": { "catalog_id": "1", "product_retailer_id": "SKU-38" },
        },
        "referral": {
            "source_url": "https://fb.me/abc", "source_id": "120226305854810726", "source_type": "ad",
            "headline": "Tênis", "body": "Até 50%", "ctwa_clid": "x", "welcome_message": { "text": "Oi!" },
        },
    })));
}

#[test]
fn a_message_of_somebody_without_telephone() {
    let value = json!({
        "metadata": { "phone_number_id": "106540352242922" },
        "contacts": [{ "profile": { "name": "Bia", "username": "@bia" }, "user_id": "BR.777" }],
        "messages": [{ "from_user_id": "BR.777", "id": "wamid.B", "timestamp": 1_767_229_500, "type": "text", "text": { "body": "oi" } }],
    });
    insta::assert_json_snapshot!(events("messages", &value));
}

#[test]
fn contents_that_say_something() {
    let media = |extra: Value| {
        let mut media =
            json!({ "id": "1003383421387256", "mime_type": "image/jpeg", "sha256": "SfInY0gGKTs=" });
        media.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        media
    };
    insta::assert_json_snapshot!(contents(&json!({
        "text": { "type": "text", "text": { "body": "oi" } },
        "image": { "type": "image", "image": media(json!({ "caption": "veja", "url": "https://lookaside.fbsbx.com/a" })) },
        "video": { "type": "video", "video": media(json!({})) },
        "audio": { "type": "audio", "audio": media(json!({ "voice": false })) },
        "voice note": { "type": "audio", "audio": media(json!({ "voice": true })) },
        "document": { "type": "document", "document": media(json!({ "filename": "nota.pdf", "caption": "nota" })) },
        "sticker": { "type": "sticker", "sticker": media(json!({ "animated": true })) },
        "location": { "type": "location", "location": { "latitude": -23.55, "longitude": "-46.63", "name": "Sé", "address": "São Paulo", "url": "https://x" } },
        "contacts": { "type": "contacts", "contacts": [
            { "name": { "formatted_name": "Ana Lima" }, "phones": [{ "phone": "+55 11 98765-4321", "wa_id": "5511987654321" }, { "wa_id": "551140028922" }] },
            { "name": { "first_name": "Bia", "last_name": "Souza" }, "phones": [] },
            { "origin": "contact_request", "vcard": "BEGIN:VCARD\nFN:Caio\nTEL:+5531988887777\nEND:VCARD" },
            {},
        ] },
        "button reply": { "type": "interactive", "interactive": { "type": "button_reply", "button_reply": { "id": "yes", "title": "Sim" } } },
        "list reply": { "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "id": "sedex", "title": "Sedex", "description": "2 dias" } } },
        "button of a template": { "type": "button", "button": { "payload": "PARAR", "text": "Parar" } },
        "button without payload": { "type": "button", "button": { "text": "Parar" } },
        "form": { "type": "interactive", "interactive": { "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent", "response_json": "{\"rating\":\"4\"}" } } },
        "form with an object": { "type": "interactive", "interactive": { "type": "nfm_reply", "nfm_reply": { "response_json": { "rating": 4 } } } },
        "order": { "type": "order", "order": { "catalog_id": "1", "text": "", "product_items": [
            { "product_retailer_id": "SKU-1", "quantity": 2, "item_price": 30, "currency": "BRL" },
            { "product_retailer_id": 7, "quantity": "1", "item_price": "19.90", "currency": "BRL" },
        ] } },
    })));
}

#[test]
fn contents_that_could_not_be_passed_on() {
    let errors = json!([{ "code": 131_060, "title": "This message is currently unavailable" }]);
    insta::assert_json_snapshot!(contents(&json!({
        "unsupported": { "type": "unsupported", "errors": [{ "code": 131_051 }], "unsupported": { "type": "poll_creation" } },
        "not available": { "type": "unsupported", "errors": errors },
        "unknown": { "type": "unknown", "errors": [{ "code": "131051", "details": "Message type is not supported" }] },
        "interactive missing": { "type": "interactive", "errors": errors },
        "too large": { "type": "video", "errors": [{ "code": 131_052 }] },
        "empty text": { "type": "text", "text": { "body": "" } },
        "media without id": { "type": "image", "image": { "mime_type": "image/jpeg" } },
        "nowhere": { "type": "location", "location": { "latitude": 91, "longitude": 0 } },
        "new type with an error": { "type": "hologram", "errors": errors },
    })));
}

#[test]
fn contents_that_nobody_waits_for() {
    insta::assert_json_snapshot!(contents(&json!({
        "reaction": { "type": "reaction", "reaction": { "message_id": "wamid.A", "emoji": "👍" } },
        "reaction taken back": { "type": "reaction", "reaction": { "message_id": "wamid.A", "emoji": "" } },
        "reaction gone": { "type": "reaction", "reaction": { "message_id": "wamid.A" } },
        "edit of a text": { "type": "edit", "edit": { "original_message_id": "wamid.A", "message": { "context": { "id": "M0" }, "type": "text", "text": { "body": "às 15h" } } } },
        "edit of a caption": { "type": "edit", "edit": { "original_message_id": "wamid.A", "message": { "type": "image", "image": { "id": "1", "caption": "nova" } } } },
        "revoke": { "type": "revoke", "revoke": { "original_message_id": "wamid.A" } },
        "call permission": { "type": "interactive", "interactive": { "type": "call_permission_reply", "call_permission_reply": { "response": "accept" } } },
        "welcome": { "type": "request_welcome" },
        "type of tomorrow": { "type": "hologram", "hologram": { "k": 1 } },
        "no type": {},
    })));
}

#[test]
fn customers_who_have_another_number_or_id() {
    let system = |rest: Value, system: Value| {
        let mut item = message(&json!({ "type": "system", "system": system }));
        for (name, part) in rest.as_object().unwrap() {
            item[name] = part.clone();
        }
        item
    };
    let nobody = json!({ "from": null, "from_user_id": null });
    let value = json!({
        "metadata": { "phone_number_id": "106540352242922" },
        "messages": [
            system(json!({ "id": "wamid.1" }), json!({ "type": "user_changed_number", "wa_id": "5511900001111", "user_id": "BR.2", "previous_user_id": "BR.1" })),
            system(json!({ "id": "wamid.2", "from_user_id": null }), json!({ "type": "user_changed_number", "wa_id": "5511900001111", "body": "Ana changed from 5511987654321 to 5511900001111" })),
            system(json!({ "id": "wamid.3", "from_user_id": "BR.2" }), json!({ "type": "user_changed_user_id", "user_id": "BR.2" })),
            system(nobody.clone(), json!({ "type": "user_changed_user_id", "user_id": "BR.2", "previous_user_id": "BR.1" })),
            system(nobody.clone(), json!({ "type": "customer_changed_number", "new_wa_id": "5511900001111", "wa_id": "5511987654321", "customer": "5511987654321" })),
            system(nobody.clone(), json!({ "type": "user_changed_user_id", "user_id": "BR.2" })),
            system(json!({}), json!({ "type": "customer_identity_changed", "body": "Ana changed her phone" })),
            system(json!({}), json!({ "type": "something_new" })),
        ],
    });
    insta::assert_json_snapshot!("system_messages", events("messages", &value));
    let value = json!({
        "metadata": { "phone_number_id": "106540352242922" },
        "user_id_update": [
            { "wa_id": "5511987654321", "user_id": { "previous": "BR.1", "current": "BR.2" } },
            { "wa_id": "5511987654321" },
        ],
    });
    insta::assert_json_snapshot!("user_id_updates", events("user_id_update", &value));
}

#[test]
fn reports_on_messages_of_the_business() {
    let value = value(&json!({ "statuses": [
        { "id": "wamid.A", "status": "sent", "timestamp": "1767225590", "recipient_id": "5511987654321", "biz_opaque_callback_data": "outbox-1",
          "pricing": { "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service" } },
        { "id": "wamid.A", "status": "delivered", "timestamp": 1_767_225_591, "recipient_user_id": "BR.1" },
        { "id": "wamid.A", "status": "read", "timestamp": "soon" },
        { "id": "wamid.A", "status": "played" },
        { "id": "wamid.B", "status": "failed", "timestamp": "1767225592", "recipient_id": "5511987654321", "errors": [{ "code": 131_047, "title": "Re-engagement message",
          "error_data": { "details": "More than 24 hours have passed since 5511987654321 wrote." } }] },
        { "id": "wamid.C", "status": "failed" },
        { "id": "wamid.D", "status": "deleted", "timestamp": "1767225592" },
        { "id": "pay", "type": "payment", "status": "failed", "timestamp": "1767225592" },
        { "status": "sent" },
        "sent",
    ] }));
    insta::assert_json_snapshot!(events("messages", &value));
}

#[test]
fn echoes_of_the_phone_app() {
    let value = value(&json!({ "message_echoes": [
        { "from": "551140028922", "to": "5511987654321", "id": "wamid.E1", "timestamp": "1767226130", "type": "text", "text": { "body": "Oi Ana, aqui é o João" } },
        { "from": "551140028922", "to_user_id": "BR.9", "id": "wamid.E2", "type": "image", "image": { "id": "1" } },
        { "to": "5511987654321" },
    ] }));
    insta::assert_json_snapshot!(events("smb_message_echoes", &value));
}

#[test]
fn conversations_that_another_system_holds() {
    let text = message(&json!({ "type": "text", "text": { "body": "oi" } }));
    let beside = value(&json!({ "messages": [text] }));
    let within = json!({
        "metadata": { "phone_number_id": "106540352242922" },
        "standby": {
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": "5511987654321" }],
            "messages": [text],
            "message_echoes": [{ "id": "wamid.agent", "message": { "to": "5511987654321", "type": "text", "text": { "body": "Olá" } } }],
        },
    });
    insta::assert_json_snapshot!([events("standby", &beside), events("standby", &within)]);
    for event in events("standby", &within) {
        assert!(!matches!(event.kind, EventKind::Echo(_)), "no person of the business wrote it");
    }
}

#[test]
fn preferences_about_marketing() {
    let preference = |category: &str, value: &str| json!({ "wa_id": "5511987654321", "user_id": "BR.1502576394655843", "category": category, "value": value, "timestamp": 1_731_705_721 });
    let value = value(&json!({ "user_preferences": [
        preference("marketing_messages", "stop"),
        preference("marketing_messages", "resume"),
        preference("marketing_messages", "signup"),
        preference("marketing_messages", "later"),
        preference("weather", "stop"),
    ] }));
    insta::assert_json_snapshot!(events("user_preferences", &value));
}

/// Field, whether it alarms, and what the operator reads.
fn notices(changes: &[(&str, Value)]) -> String {
    let mut lines = String::new();
    for (field, value) in changes {
        for event in events(field, value) {
            let line = match event.kind {
                EventKind::Notice { field, text, is_alarm } => {
                    format!("{} {field}: {text}\n", if is_alarm { "ALARM " } else { "notice" })
                }
                EventKind::Other { field } => format!("other  {field}\n"),
                kind => panic!("{kind:?}"),
            };
            lines.push_str(&line);
        }
    }
    lines
}

#[test]
fn what_an_operator_is_told() {
    let error = json!({ "code": 131_035, "title": "Webhook could not be delivered", "error_data": { "details": "for 5511987654321" } });
    let lines = notices(&[
        (
            "account_update",
            json!({ "event": "ACCOUNT_RESTRICTION", "phone_number": "551140028922", "restriction_info": [
            { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_641_330_498 }, { "restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION" }] }),
        ),
        (
            "account_update",
            json!({ "event": "ACCOUNT_VIOLATION", "violation_info": { "violation_type": "ADULT" } }),
        ),
        (
            "account_update",
            json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "SCHEDULE_FOR_DISABLE" } }),
        ),
        (
            "account_update",
            json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } }),
        ),
        ("account_update", json!({ "event": "VERIFIED_ACCOUNT", "phone_number": "551140028922" })),
        (
            "account_update",
            json!({ "event": "PARTNER_REMOVED", "waba_info": { "waba_id": "980198427658004" } }),
        ),
        ("account_update", json!("a text where an object is expected")),
        (
            "account_alerts",
            json!({ "entity_type": "PHONE_NUMBER", "alert_info": { "alert_type": "INCREASED_CAPABILITIES_ELIGIBILITY_DENIED", "alert_severity": "CRITICAL" } }),
        ),
        (
            "account_alerts",
            json!({ "alert_info": { "alert_type": "OBA_APPROVED", "alert_severity": "INFORMATIONAL" } }),
        ),
        ("account_review_update", json!({ "decision": "APPROVED" })),
        ("account_review_update", json!({ "decision": "REJECTED" })),
        (
            "phone_number_quality_update",
            json!({ "display_phone_number": "551140028922", "event": "FLAGGED", "current_limit": "TIER_10K" }),
        ),
        (
            "phone_number_quality_update",
            json!({ "display_phone_number": "551140028922", "event": "UNFLAGGED", "current_limit": "TIER_10K" }),
        ),
        (
            "phone_number_quality_update",
            json!({ "display_phone_number": "55", "event": "DOWNGRADE", "old_limit": "TIER_10K", "current_limit": "TIER_1K" }),
        ),
        (
            "phone_number_name_update",
            json!({ "display_phone_number": "551140028922", "decision": "APPROVED", "requested_verified_name": "Loja" }),
        ),
        (
            "business_capability_update",
            json!({ "max_daily_conversations_per_business": 2000, "max_phone_numbers_per_waba": 25 }),
        ),
        (
            "message_template_status_update",
            json!({ "event": "APPROVED", "message_template_id": 1, "message_template_name": "pedido", "message_template_language": "pt_BR", "reason": "NONE" }),
        ),
        (
            "message_template_status_update",
            json!({ "event": "PAUSED", "message_template_name": "pedido", "message_template_language": "pt_BR", "reason": null }),
        ),
        (
            "message_template_quality_update",
            json!({ "previous_quality_score": "GREEN", "new_quality_score": "YELLOW", "message_template_name": "pedido" }),
        ),
        (
            "message_template_components_update",
            json!({ "message_template_name": "pedido", "message_template_element": "Oi {{1}}" }),
        ),
        (
            "template_category_update",
            json!({ "message_template_name": "pedido", "previous_category": "UTILITY", "new_category": "MARKETING" }),
        ),
        ("payment_configuration_update", json!({ "configuration_name": "pix", "status": "Needs Testing" })),
        (
            "security",
            json!({ "display_phone_number": "551140028922", "event": "PIN_RESET_REQUEST", "requester": "61555822107539" }),
        ),
        (
            "messaging_handovers",
            json!({ "type": "control_passed", "recipient": { "phone_number_id": "1" }, "sender": { "phone_number": "5511987654321" },
            "control_passed": { "previous_owner_app_role": "meta_business_agent", "previous_owner_role": "ai_agent", "new_owner_role": "escalation", "metadata": "Ana quer falar" } }),
        ),
        ("messages", json!({ "metadata": { "phone_number_id": "1" }, "errors": [error] })),
        ("calls", json!({ "calls": [{ "id": "wacid.1", "event": "connect" }] })),
        ("group_lifecycle_update", json!({ "groups": [{ "type": "group_create", "subject": "Família" }] })),
        ("history", json!({ "history": [] })),
        ("a_field_of_tomorrow", json!([1, null])),
        ("messages", json!({ "metadata": { "phone_number_id": "1" } })),
        ("messages", json!(null)),
        ("5511987654321", json!({})),
    ]);
    insta::assert_snapshot!(lines);
}

#[test]
fn control_that_is_passed_names_its_number() {
    let value = json!({ "type": "control_passed", "recipient": { "phone_number_id": "106540352242922" } });
    assert_eq!(events("messaging_handovers", &value)[0].number.as_ref().unwrap().as_str(), "106540352242922");
}

#[test]
fn a_message_without_id_or_number_is_kept() {
    let text = json!({ "id": "wamid.A", "type": "text", "text": { "body": "oi" } });
    let bodies = [
        json!({ "metadata": { "phone_number_id": "not a number!" }, "messages": [text] }),
        json!({ "messages": [text] }),
        json!({ "metadata": { "phone_number_id": "1" }, "messages": [{ "type": "text" }] }),
        json!({ "metadata": { "phone_number_id": "1" }, "messages": [null] }),
    ];
    for value in bodies {
        let events = events("messages", &value);
        assert!(matches!(&events[..], [Event { kind: EventKind::Other { .. }, .. }]), "{events:?}");
        assert!(events[0].key.starts_with("o:"));
    }
}

#[test]
fn other_bodies_are_kept_whole() {
    for body in [
        &br#"{"object":"page","entry":[]}"#[..],
        b"[]",
        b"null",
        b"7",
        br#""x""#,
        br#"{"entry":[{"changes":[]}]}"#,
    ] {
        let events = read(body).unwrap();
        assert!(
            matches!(&events[..], [Event { number: None, kind: EventKind::Other { .. }, .. }]),
            "{events:?}"
        );
    }
    assert!(read(br#"{"object":"whatsapp_business_account","entry":[]}"#).unwrap().is_empty());
    assert_eq!(
        read(br#"{"object":"whatsapp_business_account","entry":[{"id":"1"},null]}"#).unwrap().len(),
        2
    );
    for body in [&b""[..], b"oi", b"{", b"\xff\xfe"] {
        assert!(read(body).is_err());
    }
}

#[test]
fn a_text_cut_through_a_character_costs_no_message() {
    let body =
        br#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
        "metadata":{"phone_number_id":"1"},"messages":[
        {"id":"a","from":"5511987654321","type":"text","text":{"body":"oi \ud83d"}},
        {"id":"b","from":"5511987654321","type":"text","text":{"body":"\u0000","body":"tudo bem?"}}]}}]}]}"#;
    let texts: Vec<String> = read(body)
        .unwrap()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Message(message) => match message.content {
                InboundContent::Text { text } => Some(text),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["oi \u{fffd}", "tudo bem?"]);
}

#[test]
fn a_body_of_a_thousand_updates_gives_a_thousand_events() {
    let mut messages = Vec::new();
    for index in 0..1_000 {
        messages.push(message(
            &json!({ "id": format!("wamid.{index}"), "type": "text", "text": { "body": "oi" } }),
        ));
    }
    let events = events("messages", &value(&json!({ "messages": messages })));
    assert_eq!(events.len(), 1_000);
    assert_eq!(events[999].key, "m:106540352242922:wamid.999");
}

#[test]
fn the_same_thing_has_the_same_key_and_another_time_another() {
    let at = |time: i64| {
        let mut body = body("account_review_update", &json!({ "decision": "REJECTED" }));
        body["entry"][0]["time"] = json!(time);
        read(body.to_string().as_bytes()).unwrap().remove(0).key
    };
    assert_eq!(at(1), at(1));
    assert_ne!(at(1), at(2), "told again later: it has happened again");
}

#[test]
fn every_event_says_of_which_account_it_was_told() {
    let statuses =
        json!([{ "id": "wamid.S", "status": "read", "timestamp": "1767229500", "recipient_id": "1" }]);
    let mut with_both = value(&json!({ "messages": [message(&json!({ "type": "text" }))] }));
    with_both["statuses"] = statuses;
    for (field, value) in [
        ("messages", with_both),
        ("account_review_update", json!({ "decision": "REJECTED" })),
        ("a_field_of_tomorrow", json!({ "a": 1 })),
    ] {
        let events = events(field, &value);
        assert!(!events.is_empty());
        for event in events {
            assert_eq!(event.account.as_deref(), Some("102290129340398"), "{event:?}");
        }
    }
    for id in [json!(""), json!("a b"), json!("1".repeat(65)), json!(null), json!({})] {
        let mut body = body("account_review_update", &json!({ "decision": "REJECTED" }));
        body["entry"][0]["id"] = id;
        assert_eq!(read(body.to_string().as_bytes()).unwrap()[0].account, None);
    }
}
