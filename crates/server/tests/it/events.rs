//! What operators watch.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Request};
use futures::StreamExt;
use pytake_assistant::tenant::Tenants;
use pytake_store::Scope;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::{TestApp, request};

/// An event as it came: name, id and data.
#[derive(Debug)]
struct Told {
    name: String,
    id: String,
    data: Value,
}

struct Watcher(BodyDataStream);

impl Watcher {
    async fn of(app: &TestApp, request: Request<Body>) -> Self {
        let answer = app.router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self(answer.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Told {
        let frame = self.0.next().await.expect("the stream goes on").unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let data = serde_json::from_str(&field("data: ")).unwrap();
        Told { name: field("event: "), id: field("id: "), data }
    }
}

fn watch(secret: Option<&str>, path: &str) -> Request<Body> {
    request(Method::GET, path, secret, None)
}

async fn chat(app: &TestApp, secret: Option<&str>, message: &str) {
    let body = json!({"message": message, "user_id": "ana", "conversation_id": "c1"});
    let answer = app.send(request(Method::POST, "/api/v1/ai/chat", secret, Some(body))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn whoever_watches_is_told_of_messages_replies_and_hand_overs() {
    let app = TestApp::open();
    let mut watcher = Watcher::of(&app, watch(None, "/api/v1/events")).await;
    chat(&app, None, "oi, tudo bem?").await;
    let told = watcher.next().await;
    assert_eq!((told.name.as_str(), &told.data["conversation_id"]), ("message", &json!("c1")));
    assert_eq!(told.data["data"]["messages"][0]["text"], "oi, tudo bem?");
    let told = watcher.next().await;
    assert_eq!((told.name.as_str(), &told.data["data"]["text"]), ("reply", &json!("Oi! Como posso ajudar?")));
    chat(&app, None, "quero falar com um atendente").await;
    let names = [watcher.next().await.name, watcher.next().await.name];
    assert_eq!(names, ["message", "reply"]);
    let told = watcher.next().await;
    assert_eq!((told.name.as_str(), &told.data["data"]["state"]), ("handoff", &json!("waiting")));
    assert_eq!(told.data["data"]["reason"], "asked_for_person");
    assert_eq!(told.data["data"]["summary"], "oi, tudo bem? / quero falar com um atendente");
    app.post("/api/v1/ai/conversations/c1/handoff", json!({"to": "assistant"})).await;
    let told = watcher.next().await;
    assert_eq!((told.name.as_str(), &told.data["data"]["state"]), ("handoff", &json!("assistant")));
}

#[tokio::test]
async fn whoever_comes_back_goes_on_where_it_was() {
    let app = TestApp::open();
    let mut watcher = Watcher::of(&app, watch(None, "/api/v1/events")).await;
    chat(&app, None, "oi").await;
    let first = watcher.next().await;
    drop(watcher);
    chat(&app, None, "e agora?").await;
    for again in [watch(None, &format!("/api/v1/events?last_event_id={}", first.id)), {
        let mut again = watch(None, "/api/v1/events");
        again.headers_mut().insert("last-event-id", first.id.parse().unwrap());
        again
    }] {
        let mut watcher = Watcher::of(&app, again).await;
        let told = [watcher.next().await, watcher.next().await];
        assert_eq!(told.map(|told| told.name), ["reply", "message"]);
    }
    let mut stranger = Watcher::of(&app, watch(None, "/api/v1/events?last_event_id=7")).await;
    assert_eq!(stranger.next().await.name, "missed", "an id of an earlier process");
    assert_eq!(stranger.next().await.id, first.id);
    let refused = app.get("/api/v1/events?last_event_id=first").await;
    assert_eq!(refused.fields(), ["last_event_id"]);
}

#[tokio::test]
async fn nobody_is_told_of_another_tenant() {
    let app = TestApp::open();
    let all = [Scope::Chat, Scope::Read];
    let (a, b) = (app.key("a", "shop-a", &all).await, app.key("b", "shop-b", &all).await);
    let lacking = app.key("c", "shop-a", &[Scope::Chat]).await;
    let mut watcher = Watcher::of(&app, watch(Some(&b), "/api/v1/events")).await;
    chat(&app, Some(&a), "sou da loja a").await;
    chat(&app, Some(&b), "sou da loja b").await;
    let told = watcher.next().await;
    assert_eq!(told.data["data"]["messages"][0]["text"], "sou da loja b", "{told:?}");
    assert!(told.data.get("tenant").is_none());
    assert_eq!(app.send(watch(Some(&lacking), "/api/v1/events")).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_that_it_lives_and_ends_after_a_while() {
    let app = TestApp::open();
    let mut watcher = Watcher::of(&app, watch(None, "/api/v1/events")).await;
    let mut beats = 0;
    while let Some(frame) = watcher.0.next().await {
        assert_eq!(&frame.unwrap()[..], b": still here\n\n");
        beats += 1;
    }
    assert_eq!(beats, 59, "every 15 s for 15 minutes");
}

#[tokio::test]
async fn one_tenant_does_not_take_every_connection_with_its_streams() {
    let app = TestApp::open();
    let follow = || app.router().oneshot(watch(None, "/api/v1/events"));
    let mut open = Vec::new();
    for _ in 0..64 {
        let stream = follow().await.unwrap();
        assert_eq!(stream.status(), 200);
        open.push(stream);
    }
    let refused = app.get("/api/v1/events").await;
    assert_eq!((refused.status.as_u16(), refused.json()["scope"].as_str()), (429, Some("tenant")));
    open.pop();
    assert_eq!(follow().await.unwrap().status(), 200);
}

/// A stream went on for up to a quarter of an hour with a key that was revoked.
#[tokio::test]
async fn nothing_is_told_to_who_would_not_be_let_in_any_more() {
    let app = TestApp::open();
    let mut open = Watcher::of(&app, watch(None, "/api/v1/events")).await;
    app.key("talker", "shop", &[Scope::Chat]).await;
    chat(&app, Some("talker"), "oi").await;
    app.key("owner", "default", &[Scope::Chat]).await;
    chat(&app, Some("owner"), "oi").await;
    assert!(open.0.next().await.is_none(), "the first key closes the server");

    app.key("gone", "shop", &[Scope::Read]).await;
    let soon = app.now() + Duration::from_mins(1);
    app.store_key("short", "shop", &[Scope::Read], Some(soon)).await;
    app.key("stays", "shop", &[Scope::Read]).await;
    app.key("root", "default", &[Scope::Admin]).await;
    let mut watchers = Vec::new();
    for (key, path) in [
        ("gone", "/api/v1/events"),
        ("short", "/api/v1/events"),
        ("stays", "/api/v1/events"),
        ("root", "/api/v1/events?tenant_id=shop"),
    ] {
        watchers.push((key, Watcher::of(&app, watch(Some(key), path)).await));
    }
    app.revoke("gone").await;
    app.clock.advance(Duration::from_mins(1));
    chat(&app, Some("talker"), "alguém aí?").await;
    for (key, watcher) in &mut watchers {
        let frame = watcher.0.next().await;
        assert_eq!(frame.is_some(), ["stays", "root"].contains(key), "{key}");
    }
    let (_, stays) = &mut watchers[2];
    app.store().set_suspended(&"shop".parse().unwrap(), Some(app.now())).await.unwrap();
    assert!(stays.0.next().await.is_none(), "the rest of the turn is not for a suspended tenant");
}

#[tokio::test]
async fn a_quiet_stream_ends_soon_after_its_key_is_revoked() {
    let app = TestApp::open();
    app.key("gone", "shop", &[Scope::Read]).await;
    let mut watcher = Watcher::of(&app, watch(Some("gone"), "/api/v1/events")).await;
    app.revoke("gone").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(15)).await;
    tokio::time::resume();
    // Shorter than the time to the next heart beat, which would come instead.
    let ended =
        tokio::time::timeout(Duration::from_secs(10), async { while watcher.0.next().await.is_some() {} });
    ended.await.expect("nobody is kept connected who would not be let in");
}
