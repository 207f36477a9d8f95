//! Many questions at once: in order, each with its own status, in the background when they are many.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use pytake_assistant::clock::TestClock;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::Tenants;
use pytake_server::Retention;
use pytake_store::Scope;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::TestApp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const BATCH: &str = "/api/v1/ai/batch";

fn chat(message: &str, user: &str) -> Value {
    json!({"operation": "chat", "request": {"message": message, "user_id": user}})
}

async fn app() -> TestApp {
    TestApp::builder().start().with_shop().await
}

/// Waits until a job is over; its workers run in this process.
async fn wait_for(app: &TestApp, id: &str) -> Value {
    for _ in 0..2_000 {
        let job = app.get(&format!("{BATCH}/{id}")).await.json();
        if job["state"] != "open" {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the batch {id} has no end");
}

#[tokio::test]
async fn few_questions_are_answered_at_once_in_their_order() {
    let app = app().await;
    let items = json!([
        chat("Quanto custa o frete?", "ana"),
        {"operation": "analyze", "request": {"message": "Adorei!", "user_id": "ana", "analysis_type": ["sentiment"]}},
        chat("", "ana"),
        {"operation": "classify", "request": {"message": "Cadê meu pedido?", "user_id": "ana"}},
    ]);
    let answer = app.post(BATCH, json!({"items": items})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answers = answer.json()["items"].clone();
    let statuses: Vec<u64> =
        answers.as_array().unwrap().iter().map(|a| a["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 400, 200]);
    assert_eq!(answers[0]["body"]["response"], "O frete custa R$ 12,00.");
    assert_eq!(answers[1]["body"]["analysis"]["sentiment"]["polarity"], "positive");
    assert_eq!(answers[2]["body"]["details"][0]["field"], "message");
    assert!(answers[3]["body"]["intent"].is_string());
    let usage = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!(usage["total_requests"], 3, "each is booked as if it came by itself");
}

#[tokio::test]
async fn many_questions_are_answered_in_the_background() {
    let app = app().await;
    let stop = CancellationToken::new();
    let working = tokio::spawn({
        let (batches, stop) = (app.batches.clone(), stop.clone());
        async move { batches.run(stop).await }
    });
    let items: Vec<Value> =
        (0..120).map(|place| chat("Quanto custa o frete?", &format!("user-{place}"))).collect();
    let submitted = app.post(BATCH, json!({"items": items})).await;
    assert_eq!(submitted.status, 202, "{}", submitted.text);
    let id = submitted.json()["id"].as_str().unwrap().to_owned();
    let done = wait_for(&app, &id).await;
    assert_eq!(
        (&done["state"], &done["finished"], &done["failed"]),
        (&json!("done"), &json!(120), &json!(0))
    );

    let first = app.get(&format!("{BATCH}/{id}/items")).await.json();
    let next = first["next"].as_str().unwrap();
    let rest = app.get(&format!("{BATCH}/{id}/items?cursor={next}")).await.json();
    let both = [&first, &rest].map(|page| page["items"].as_array().unwrap().len());
    assert_eq!((both, &rest["next"]), ([100, 20], &Value::Null));
    assert_eq!(rest["items"][19]["position"], 119);
    assert_eq!(rest["items"][19]["body"]["response"], "O frete custa R$ 12,00.");
    stop.cancel();
    working.await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_sent_twice_is_done_once() {
    let app = app().await;
    let send = |message: &str, context: &str| {
        let request = format!(r#"{{"message":"{message}","user_id":"ana","context":{context}}}"#);
        let body = format!(r#"{{"items":[{{"operation":"chat","request":{request}}}]}}"#);
        let request = Request::post(BATCH)
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json")
            .header("idempotency-key", "monday")
            .body(Body::from(body))
            .unwrap();
        let app = &app;
        async move { app.send_raw(request).await }
    };
    let (first, other) = (send("Oi", r#"{"a":1,"b":2}"#).await, send("Olá", "{}").await);
    let again = send("Oi", r#"{"b":2,"a":1}"#).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16(), other.status.as_u16()), (202, 202, 409));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(app.get(BATCH).await.json()["items"].as_array().map(Vec::len), Some(1));

    let id = first.json()["id"].as_str().unwrap().to_owned();
    let cancelled = app.send("DELETE", &format!("{BATCH}/{id}"), None, None).await.json();
    assert_eq!((&cancelled["state"], &cancelled["finished"]), (&json!("cancelled"), &json!(0)));
}

#[tokio::test]
async fn a_batch_says_which_item_cannot_be_accepted() {
    let app = app().await;
    let problem = |body: Value| {
        let app = &app;
        async move { app.post(BATCH, body).await.json()["details"][0]["field"].clone() }
    };
    assert_eq!(problem(json!({"items": []})).await, "items");
    let stream = json!({"operation": "chat", "request": {"message": "Oi", "user_id": "ana", "stream": true}});
    assert_eq!(problem(json!({"items": [chat("Oi", "ana"), stream]})).await, "items[1].request.stream");
    let many: Vec<Value> = (0..21).map(|_| chat("Oi", "ana")).collect();
    assert_eq!(problem(json!({"items": many, "background": false})).await, "background");
}

#[tokio::test]
async fn a_key_asks_in_a_batch_what_it_may_ask_by_itself() {
    let app = TestApp::builder().with_keys_required().start();
    let key = app.key("default", &[Scope::Analyze]).await;
    let chat = json!({"items": [chat("Oi", "ana")]});
    let refusal = app.send("POST", BATCH, Some(&key), Some(chat)).await;
    assert_eq!((refusal.status.as_u16(), &refusal.json()["required_scope"]), (403, &json!("chat")));
    let classify =
        json!({"items": [{"operation": "classify", "request": {"message": "Oi", "user_id": "ana"}}]});
    assert_eq!(app.send("POST", BATCH, Some(&key), Some(classify)).await.status, 200);
}

/// An app whose clock, and whose database's, is the test's.
async fn app_at(clock: &TestClock) -> TestApp {
    let options = SqliteOptions { clock: Arc::new(clock.clone()), ..SqliteOptions::default() };
    let store = Arc::new(SqliteStore::in_memory_with(&options).unwrap());
    TestApp::builder().store(store).clock(Arc::new(clock.clone())).start().with_shop().await
}

fn working(app: &TestApp) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let (batches, stop) = (app.batches.clone(), CancellationToken::new());
    let stopping = stop.clone();
    (stop, tokio::spawn(async move { batches.run(stopping).await }))
}

async fn submit(app: &TestApp, items: usize) -> String {
    let items: Vec<Value> =
        (0..items).map(|place| chat("Quanto custa o frete?", &format!("user-{place}"))).collect();
    let submitted = app.post(BATCH, json!({"items": items, "background": true})).await;
    assert_eq!(submitted.status, 202, "{}", submitted.text);
    submitted.json()["id"].as_str().unwrap().to_owned()
}

/// Each wait used to count as a try, and each of them turned all items over: after two minutes of a busy tenant its batch
/// was full of refusals.
#[tokio::test]
async fn a_batch_waits_for_its_tenants_limit_and_loses_nothing() {
    let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let app = app_at(&clock).await;
    let settings = json!({"settings": {"limits": {"requests_per_minute": 2}}});
    assert_eq!(app.send("PUT", "/api/v1/settings", None, Some(settings)).await.status, 200);
    let id = submit(&app, 5).await;
    let (stop, working) = working(&app);
    for minute in 1..=2 {
        // A look at each state that there is, until this minute's two are answered.
        for _ in 0..2_000 {
            if app.get(&format!("{BATCH}/{id}")).await.json()["finished"] == json!(2 * minute) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let job = app.get(&format!("{BATCH}/{id}")).await.json();
        let state = (&job["finished"], &job["failed"], &job["state"]);
        assert_eq!(state, (&json!(2 * minute), &json!(0), &json!("open")), "minute {minute}");
        clock.advance(Duration::from_mins(1));
    }
    let done = wait_for(&app, &id).await;
    assert_eq!((&done["finished"], &done["failed"]), (&json!(5), &json!(0)));
    stop.cancel();
    working.await.unwrap();
}

#[tokio::test]
async fn a_suspended_tenants_batch_waits_until_it_goes_on() {
    let app = app().await;
    let id = submit(&app, 3).await;
    let tenant = TenantId::default_tenant();
    app.store.set_suspended(&tenant, Some("2026-11-22T12:00:00Z".parse().unwrap())).await.unwrap();
    let (stop, working) = working(&app);
    for _ in 0..20 {
        tokio::task::yield_now().await;
        let job = app.get(&format!("{BATCH}/{id}")).await.json();
        assert_eq!((&job["state"], &job["finished"]), (&json!("open"), &json!(0)));
    }
    app.store.set_suspended(&tenant, None).await.unwrap();
    let done = wait_for(&app, &id).await;
    assert_eq!((&done["finished"], &done["failed"]), (&json!(3), &json!(0)));
    stop.cancel();
    working.await.unwrap();
}

#[tokio::test]
async fn a_batch_and_its_answers_are_kept_for_a_week_after_its_end() {
    let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let app = app_at(&clock).await;
    let (ended, open) = (submit(&app, 3).await, submit(&app, 1).await);
    app.send("DELETE", &format!("{BATCH}/{ended}"), None, None).await;
    let sweep = || {
        let (store, clock) = (Arc::clone(&app.store) as _, Arc::new(clock.clone()) as _);
        let retention = Retention::new(store, app.assistant.clone(), app.channel.clone(), clock);
        async move { retention.sweep(&CancellationToken::new()).await.unwrap() }
    };
    clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(sweep().await.rows, 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!((sweep().await.done, app.get(&format!("{BATCH}/{ended}")).await.status.as_u16()), (1, 404));
    assert_eq!(app.get(&format!("{BATCH}/{open}")).await.status, 200);
}
