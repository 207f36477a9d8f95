//! Tenants' own keys at vendors through the whole app: whose key goes where, what a bad one does, and that none comes out.

use std::sync::Arc;

use pytake_store::{ProviderKeys, Scope, Sealer, SealingKey};
use pytake_store_sqlite::SqliteStore;
use pytake_testkit::{Act, Answer, FakeVendor, TestApp, Wire};
use serde_json::{Value, json};

/// The server's key of the test app.
const SERVERS: &str = "test-key";
const OWN: &str = "sk-of-the-shop-3xQ9";

/// A tenant with a key that may manage it and chat.
async fn tenant(app: &TestApp, name: &str) -> String {
    app.key(name, &[Scope::Chat, Scope::Analyze, Scope::Read, Scope::Manage]).await
}

async fn set(app: &TestApp, key: &str, provider: &str, secret: &str) -> Answer {
    let path = format!("/api/v1/provider-keys/{provider}");
    app.send("PUT", &path, Some(key), Some(json!({"key": secret}))).await
}

/// Who answered.
async fn chat(app: &TestApp, key: &str) -> Value {
    let body = json!({"message": "Qual o preço do sapato azul?", "user_id": "ana"});
    let answer = app.send("POST", "/api/v1/ai/chat", Some(key), Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["provider"].clone()
}

fn says() -> Act {
    Act::Say("Um momento, já vejo isso para você.".to_owned())
}

#[tokio::test]
async fn one_tenants_own_key_and_the_servers_for_the_other() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says()]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let (shop, other) = (tenant(&app, "shop").await, tenant(&app, "other").await);
    let answer = set(&app, &shop, "openai", OWN).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!((chat(&app, &shop).await, chat(&app, &other).await), (json!("openai"), json!("openai")));
    let analyze = json!({"message": "Quero reembolso", "user_id": "ana", "engine": "provider",
        "analysis_type": ["sentiment"]});
    app.send("POST", "/api/v1/ai/analyze", Some(&shop), Some(analyze)).await;
    let keys = vendor.keys();
    assert_eq!(keys[..2], [OWN, SERVERS]);
    assert!(keys.len() > 2 && keys[2..].iter().all(|key| key == OWN), "{keys:?}");
}

#[tokio::test]
async fn a_key_that_is_refused_benches_the_vendor_for_its_tenant_alone_until_it_is_replaced() {
    let refused = Act::error(Wire::OpenAI, 401, "invalid_api_key");
    let vendor = FakeVendor::start(Wire::OpenAI, vec![refused, says()]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let (shop, other) = (tenant(&app, "shop").await, tenant(&app, "other").await);
    set(&app, &shop, "openai", "sk-a-key-that-is-refused").await;
    assert_eq!(chat(&app, &shop).await, "local");
    assert_eq!(chat(&app, &shop).await, "local");
    assert_eq!(vendor.calls(), 1, "it is not tried with every message");
    assert_eq!(chat(&app, &other).await, "openai");
    set(&app, &shop, "openai", OWN).await;
    assert_eq!(chat(&app, &shop).await, "openai", "at the next request");
    assert_eq!(vendor.keys(), ["sk-a-key-that-is-refused", SERVERS, OWN]);
}

#[tokio::test]
async fn a_deleted_key_gives_way_to_the_servers_at_the_next_request() {
    let vendor = FakeVendor::start(Wire::Anthropic, vec![says()]).await;
    let app = TestApp::builder().vendor(Wire::Anthropic, &vendor).start();
    let shop = tenant(&app, "shop").await;
    set(&app, &shop, "anthropic", OWN).await;
    chat(&app, &shop).await;
    let gone = async || app.send("DELETE", "/api/v1/provider-keys/anthropic", Some(&shop), None).await.status;
    assert_eq!((gone().await.as_u16(), gone().await.as_u16()), (204, 404));
    chat(&app, &shop).await;
    assert_eq!(vendor.keys(), [OWN, SERVERS]);
}

#[tokio::test]
async fn a_server_without_a_key_serves_tenants_with_their_own() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says()]).await;
    let app = TestApp::builder().vendor_with_key(Wire::OpenAI, &vendor, "").start();
    let (shop, other) = (tenant(&app, "shop").await, tenant(&app, "other").await);
    set(&app, &shop, "openai", OWN).await;
    assert_eq!((chat(&app, &shop).await, chat(&app, &other).await), (json!("openai"), json!("local")));
    let body = json!({"message": "Oi", "user_id": "ana", "preferred_provider": "openai"});
    let answer = app.send("POST", "/api/v1/ai/chat", Some(&other), Some(body)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["details"][0]["field"], "preferred_provider");
    assert_eq!(vendor.keys(), [OWN]);
}

#[tokio::test]
async fn voice_and_second_opinions_go_with_the_tenants_own_key_too() {
    let heard = json!({"text": "Oi, sou a Ana.", "usage": {"type": "duration", "seconds": 2.5}});
    let voice = FakeVendor::start(
        Wire::OpenAI,
        vec![Act::Raw { status: 200, headers: vec![], body: heard.to_string() }],
    )
    .await;
    let verdict = json!({"id": "modr-1", "model": "omni-moderation-latest",
        "results": [{"flagged": false, "categories": {}, "category_scores": {}}]});
    let moderation = FakeVendor::start(
        Wire::OpenAI,
        vec![Act::Raw { status: 200, headers: vec![], body: verdict.to_string() }],
    )
    .await;
    let app =
        TestApp::builder().vendor(Wire::OpenAI, &voice).transcriber(&voice).moderator(&moderation).start();
    let (shop, other) = (tenant(&app, "shop").await, tenant(&app, "other").await);
    set(&app, &shop, "openai", OWN).await;
    for key in [&shop, &other] {
        let form =
            app.post_form("/api/v1/ai/transcribe", Some(key), &[("user_id", "ana")], b"ID3\x04\0\0").await;
        assert_eq!(form.status, 200, "{}", form.text);
        let body = json!({"message": "vocês são uns palhaços", "user_id": "ana", "engine": "provider"});
        let answer = app.send("POST", "/api/v1/ai/moderate", Some(key), Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(
        (voice.keys(), moderation.keys()),
        (vec![OWN.into(), SERVERS.into()], vec![OWN.into(), SERVERS.into()])
    );
}

#[tokio::test]
async fn a_key_goes_in_and_never_comes_out() {
    let echoed = format!("Incorrect API key provided: {OWN}. You can find yours at the vendor.");
    let body =
        json!({"error": {"message": echoed, "type": "invalid_request_error", "code": "invalid_api_key"}});
    let refusal = Act::Raw { status: 401, headers: vec![], body: body.to_string() };
    let vendor = FakeVendor::start(Wire::OpenAI, vec![refusal]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let shop = tenant(&app, "shop").await;
    let set = set(&app, &shop, "openai", OWN).await;
    let expected = json!({"provider": "openai", "hint": "3xQ9", "is_usable": true});
    let (mut view, author) = (set.json(), set.json()["author"].as_str().unwrap().to_owned());
    let known = view.as_object_mut().unwrap();
    assert!(known.remove("created_at").is_some() && known.remove("author").is_some());
    assert_eq!(view, expected);
    assert!(author.starts_with("key:"), "{author}");
    let listed = app.send("GET", "/api/v1/provider-keys", Some(&shop), None).await;
    assert_eq!(listed.json()["items"][0]["hint"], "3xQ9");
    // The vendor repeats the key in its error, which must not get into an answer or a trail.
    let asked =
        json!({"message": "Oi?", "user_id": "ana", "preferred_provider": "openai", "fallback": false});
    let failed = app.send("POST", "/api/v1/ai/chat", Some(&shop), Some(asked)).await;
    let processors = app.send("GET", "/api/v1/processors", Some(&shop), None).await;
    let records = app.store.provider_keys(None).await.unwrap();
    for text in [set.text, listed.text, failed.text, processors.text, format!("{records:?}")] {
        assert!(!text.contains(OWN), "{text}");
    }
    assert!(!records[0].sealed.0.windows(OWN.len()).any(|part| part == OWN.as_bytes()));
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_refused_by_field_and_unknown_providers_are_not_there() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says()]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let shop = tenant(&app, "shop").await;
    let reader = app.key("shop", &[Scope::Read, Scope::Operate]).await;
    for bad in ["", "too-short", "with spaces in between", "acentuação-não-cabe-aqui"] {
        let answer = set(&app, &shop, "openai", bad).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["details"][0]["field"]), (400, &json!("key")));
        assert!(bad.is_empty() || !answer.text.contains(bad));
    }
    for nobody in ["anthropic", "local", "nobody"] {
        assert_eq!(set(&app, &shop, nobody, OWN).await.status, 404, "{nobody}");
    }
    assert_eq!(set(&app, &reader, "openai", OWN).await.status, 403);
    assert_eq!(app.send("GET", "/api/v1/provider-keys", Some(&reader), None).await.status, 403);
}

#[tokio::test]
async fn a_key_sealed_with_a_lost_key_is_not_replaced_by_the_servers() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says()]).await;
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    let app = |key: SealingKey| {
        let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor).store(Arc::clone(&store));
        builder.sealer(Sealer::new(vec![key])).start()
    };
    let before = app(SealingKey::generate().unwrap());
    let shop = tenant(&before, "shop").await;
    set(&before, &shop, "openai", OWN).await;
    let after = app(SealingKey::generate().unwrap());
    assert_eq!(chat(&after, &shop).await, "local");
    assert_eq!(vendor.calls(), 0);
    let listed = after.send("GET", "/api/v1/provider-keys", Some(&shop), None).await;
    assert_eq!(listed.json()["items"][0]["is_usable"], false);
    set(&after, &shop, "openai", OWN).await;
    assert_eq!(chat(&after, &shop).await, "openai");
}

#[tokio::test]
async fn the_record_of_processors_says_who_gets_what_with_whose_key() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says()]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).transcriber(&vendor).start();
    let (shop, other) = (tenant(&app, "shop").await, tenant(&app, "other").await);
    set(&app, &shop, "openai", OWN).await;
    chat(&app, &shop).await;
    let of = async |key: &str| {
        app.send("GET", "/api/v1/processors", Some(key), None).await.json()["items"].clone()
    };
    let (shops, others) = (of(&shop).await, of(&other).await);
    let host = vendor.base_url().replace("http://", "").replace("/v1", "");
    let replies = &shops[0];
    assert_eq!(replies["name"], "openai");
    assert_eq!(replies["processing"], "replies");
    assert_eq!(replies["host"], host);
    assert_eq!(replies["key"], "tenant");
    assert_eq!(replies["data"], json!(["messages", "pseudonym"]));
    assert_eq!(replies["privacy_fields"], json!({"store": false}));
    assert_eq!(replies["answered_calls"], 1);
    assert!(replies["first_used"].is_string() && replies["first_used"] == replies["last_used"]);
    assert_eq!((&shops[1]["processing"], &shops[1]["data"]), (&json!("transcription"), &json!(["voice"])));
    assert_eq!((&others[0]["key"], &others[0]["answered_calls"]), (&json!("server"), &json!(0)));
    assert_eq!((shops.as_array().unwrap().len(), others.as_array().unwrap().len()), (2, 2), "{shops}");
}
