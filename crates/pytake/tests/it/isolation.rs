//! Every route and every id of the OpenAPI document, tried with the keys of another tenant and with too small a scope.
//!
//! Made from the document: a route that is new fails here until [`victim`] has an object for its path and
//! [`bodies`] a body for it.

mod bodies;
mod document;
mod victim;

use pytake_store::Scope;
use serde_json::{Value, json};

use document::{Operation, operations};
use victim::{MARKER, Victim};

/// Operations that make an object of the caller's own where the path names none of his.
const MAKE_ONES_OWN: [&str; 2] = ["replaceAnswer", "putProviderKey"];

/// Operations on versions, which every tenant counts from 1: the caller's own is found.
const COUNT_ONES_OWN: [&str; 4] =
    ["readProfileVersion", "restoreProfile", "readSettingsVersion", "restoreSettings"];

/// Operations on what is one for the whole server: who wants a number that is taken has to be told so.
const TELL_THAT_IT_IS_TAKEN: [&str; 1] = ["putNumber"];

/// Operations without a key: they are what gives one a session.
const WITHOUT_A_KEY: [&str; 1] = ["signIn"];

/// Answers without an end; the events of another tenant are tested in `server`.
const ENDLESS: [&str; 1] = ["followEvents"];

fn tried() -> impl Iterator<Item = Operation> {
    operations().filter(|operation| !ENDLESS.contains(&operation.id.as_str()))
}

#[tokio::test]
async fn another_tenants_objects_are_not_there_for_anybody_else() {
    let victim = Victim::new().await;
    let all: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    let before = victim.everything().await;
    assert!(json!(before).to_string().contains(MARKER), "the victim has something to lose");
    for (place, operation) in tried().enumerate() {
        if WITHOUT_A_KEY.contains(&operation.id.as_str()) {
            continue;
        }
        // A new one each time: an object of its own that it made before would be found.
        let intruder = victim.intruder(place, &all).await;
        let path = victim.path(&operation);
        let other_tenant =
            format!("{path}{}tenant_id={}", if path.contains('?') { '&' } else { '?' }, victim::TENANT);
        for path in [&path, &other_tenant] {
            for body in bodies::of(&operation) {
                let answer = victim.app.send(&operation.method, path, Some(&intruder), body).await;
                let told = format!("{} {path}: {} {}", operation.method, answer.status, answer.text);
                assert!(!answer.text.contains(MARKER), "{told}");
                assert!(answer.status != 500, "{told}");
                let is_exception = MAKE_ONES_OWN.contains(&operation.id.as_str())
                    || COUNT_ONES_OWN.contains(&operation.id.as_str())
                    || (TELL_THAT_IT_IS_TAKEN.contains(&operation.id.as_str()) && answer.status == 409);
                if operation.path.contains('{') && !is_exception {
                    assert!([403, 404].contains(&answer.status.as_u16()), "{told}");
                    // What needs the scope `admin` is forbidden whatever it names; all else does not exist.
                    let is_for_admins = answer.json()["required_scope"] == "admin";
                    assert!(answer.status == 404 || is_for_admins, "{told}");
                }
            }
        }
        if operation.method != "GET" {
            for (path, seen) in victim.everything().await {
                let told = format!("{} {} changed {path}", operation.method, operation.path);
                assert_eq!(Some(&seen), before.get(&path), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn every_route_needs_a_key_with_its_scope() {
    let victim = Victim::new().await;
    let nothing = victim.app.key(victim::TENANT, &[]).await;
    // Also of answers without an end: those who may not have them get one that ends.
    for operation in operations() {
        let path = victim.path(&operation);
        let body = bodies::of(&operation).into_iter().next().flatten();
        let send = |key: Option<String>| {
            let (app, operation, path, body) = (&victim.app, &operation, &path, body.clone());
            async move { app.send(&operation.method, path, key.as_deref(), body).await }
        };
        let told = format!("{} {}", operation.method, operation.path);
        if WITHOUT_A_KEY.contains(&operation.id.as_str()) {
            assert!(!operation.needs_key, "{told} is documented as if it needed a key");
            continue;
        }
        assert!(operation.needs_key, "{told} is documented as if it needed no key");
        assert_eq!(send(None).await.status, 401, "{told}");
        let refusal = send(Some(nothing.clone())).await;
        let needed = refusal.json()["required_scope"].as_str().map(str::to_owned);
        let Some(needed) = needed else {
            assert!(ANY_KEY.contains(&operation.id.as_str()), "{told}: {}", refusal.text);
            continue;
        };
        assert_eq!(refusal.status, 403, "{told}");
        let needed: Scope = needed.parse().unwrap();
        let others: Vec<Scope> =
            Scope::ALL.into_iter().filter(|scope| *scope != needed && *scope != Scope::Admin).collect();
        let others = victim.app.key(victim::TENANT, &others).await;
        assert_eq!(send(Some(others)).await.json()["required_scope"], json!(needed), "{told}");
    }
}

/// Operations for whoever has any key or session.
const ANY_KEY: [&str; 5] = ["readSession", "signOut", "changeOwnPassword", "listSessions", "endSession"];

#[test]
fn every_route_of_the_api_is_in_the_document_and_none_is_left_out_here() {
    let listed = operations().count();
    let left_out: Vec<Value> =
        operations().filter(|o| ENDLESS.contains(&o.id.as_str())).map(|o| json!(o.path)).collect();
    assert_eq!(left_out, [json!("/api/v1/events")]);
    assert!(listed >= 50, "{listed} operations");
}
