//! Keys, scopes, tenants.

use std::time::Duration;

use axum::http::Method;
use pytake_assistant::Settings;
use pytake_server::AuthMode;
use pytake_store::Scope;
use serde_json::json;

use crate::app::{TestApp, request};

const USAGE: &str = "/api/v1/ai/usage";

#[tokio::test]
async fn without_any_key_the_server_is_open_and_with_the_first_one_it_is_closed_for_good() {
    let app = TestApp::open();
    assert_eq!(app.get(USAGE).await.status, 200);
    let key = app.key("k1", "default", &[Scope::Read]).await;
    let refused = app.get(USAGE).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (401, "unauthorized"));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(app.as_key(&key, Method::GET, USAGE, None).await.status, 200);
    app.revoke("k1").await;
    assert_eq!(app.as_key(&key, Method::GET, USAGE, None).await.status, 401);
    assert_eq!(
        app.get(USAGE).await.status,
        401,
        "else whoever may revoke the last key makes themselves an admin"
    );
}

/// A key that only manages its tenant revoked itself as the last one, and everybody was an admin.
#[tokio::test]
async fn revoking_ones_own_key_gives_nobody_more() {
    let app = TestApp::open();
    app.key("boss", "shop", &[Scope::Manage]).await;
    assert_eq!(app.as_key("boss", Method::DELETE, "/api/v1/keys/boss", None).await.status, 204);
    assert_eq!(app.get("/api/v1/tenants").await.status, 401);
}

#[tokio::test]
async fn where_a_key_is_required_its_absence_is_refused_from_the_start() {
    let app = TestApp::with(AuthMode::Required, Settings::default());
    assert_eq!(app.get(USAGE).await.status, 401);
    for open in ["/health/live", "/health/ready", "/metrics", "/docs", "/", "/api-docs/openapi.json"] {
        assert_eq!(app.get(open).await.status, 200, "{open}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_also_where_none_is_needed() {
    let app = TestApp::open();
    assert_eq!(app.as_key("pytake_wrong", Method::GET, USAGE, None).await.status, 401);
}

#[tokio::test]
async fn an_expired_key_is_refused() {
    let app = TestApp::open();
    let end = app.now() + Duration::from_mins(1);
    app.store_key("k1", "default", &[Scope::Read], Some(end)).await;
    assert_eq!(app.as_key("k1", Method::GET, USAGE, None).await.status, 200);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(app.as_key("k1", Method::GET, USAGE, None).await.status, 401);
}

#[tokio::test]
async fn each_resource_wants_its_scope() {
    let app = TestApp::open();
    app.key("nothing", "default", &[]).await;
    let draft = json!({"name": "p", "template": "t"});
    let message = json!({"message": "oi", "user_id": "u"});
    let wanted = [
        (Method::POST, "/api/v1/ai/chat", Some(message.clone()), Scope::Chat),
        (Method::POST, "/api/v1/ai/classify", Some(message.clone()), Scope::Analyze),
        (Method::POST, "/api/v1/ai/moderate", Some(message.clone()), Scope::Analyze),
        (Method::POST, "/api/v1/ai/translate", Some(message.clone()), Scope::Analyze),
        (Method::POST, "/api/v1/ai/analyze", Some(message), Scope::Analyze),
        (Method::GET, "/api/v1/ai/prompts", None, Scope::Prompts),
        (Method::POST, "/api/v1/ai/prompts", Some(draft), Scope::Prompts),
        (Method::GET, USAGE, None, Scope::Read),
        (Method::GET, "/api/v1/ai/usage/u", None, Scope::Read),
        (Method::GET, "/api/v1/ai/providers", None, Scope::Read),
        (Method::GET, "/api/v1/ai/conversations", None, Scope::Read),
        (Method::DELETE, "/api/v1/ai/conversations/c", None, Scope::Operate),
        (Method::GET, "/api/v1/ai/answers", None, Scope::Read),
        (Method::DELETE, "/api/v1/ai/answers/a", None, Scope::Operate),
        (Method::PUT, "/api/v1/ai/profile", Some(json!({})), Scope::Operate),
    ];
    for (method, path, body, scope) in wanted {
        let refused = app.as_key("nothing", method.clone(), path, body.clone()).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (403, "forbidden"), "{method} {path}");
        assert_eq!(refused.json()["required_scope"], scope.as_str(), "{method} {path}");
        for sufficient in [scope, Scope::Admin] {
            let id = format!("{method}{path}{sufficient}");
            let key = app.key(&id, "default", &[sufficient]).await;
            let answer = app.as_key(&key, method.clone(), path, body.clone()).await;
            assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn only_an_admin_acts_for_another_tenant() {
    let app = TestApp::open();
    app.key("shop", "shop", &[Scope::Prompts]).await;
    app.key("other", "other", &[Scope::Prompts]).await;
    app.key("root", "default", &[Scope::Admin]).await;
    let draft = |name: &str| json!({"name": name, "template": "t", "tenant_id": "shop"});
    let prompts = "/api/v1/ai/prompts";

    let made = app.as_key("root", Method::POST, prompts, Some(draft("for the shop"))).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app.as_key("shop", Method::GET, &format!("{prompts}/{id}"), None).await.status, 200);

    // Another tenant's own wish is not honoured, and the object of another tenant does not exist for it.
    assert_eq!(app.as_key("other", Method::POST, prompts, Some(draft("mine"))).await.status, 201);
    let own = app.as_key("other", Method::GET, &format!("{prompts}?tenant_id=shop"), None).await.json();
    assert_eq!(own["items"][0]["name"], "mine");
    let hidden = app.as_key("other", Method::GET, &format!("{prompts}/{id}"), None).await;
    assert_eq!((hidden.status.as_u16(), &*hidden.error()), (404, "not_found"));

    let asked = format!("{prompts}?tenant_id=shop");
    let seen = app.as_key("root", Method::GET, &asked, None).await.json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    let impossible = app.as_key("root", Method::GET, &format!("{prompts}?tenant_id=Shop%20A"), None).await;
    assert_eq!(impossible.fields(), ["tenant_id"]);
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_at_most_once_a_minute() {
    let app = TestApp::open();
    app.key("k1", "default", &[Scope::Read]).await;
    app.as_key("k1", Method::GET, USAGE, None).await;
    let first = app.last_use("k1").await;
    assert_eq!(first, Some(app.now()));
    app.clock.advance(Duration::from_secs(59));
    app.as_key("k1", Method::GET, USAGE, None).await;
    assert_eq!(app.last_use("k1").await, first);
    app.clock.advance(Duration::from_secs(1));
    app.as_key("k1", Method::GET, USAGE, None).await;
    assert_eq!(app.last_use("k1").await, Some(app.now()));
}

/// A change without a body needs no preflight: any page in a browser on this machine could suspend the tenant.
#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_on_an_open_server() {
    let app = TestApp::open();
    let suspend = |name: &'static str, value: &'static str| {
        let mut request = request(Method::POST, "/api/v1/tenants/default/suspend", None, None);
        request.headers_mut().insert("host", "127.0.0.1:8080".parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        app.send(request)
    };
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let refused = suspend(name, value).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (403, "forbidden"), "{name} {value}");
    }
    for (name, value) in [
        ("origin", "http://127.0.0.1:8080"),
        ("origin", crate::app::PAGE),
        ("sec-fetch-site", "same-origin"),
        ("user-agent", "curl"),
    ] {
        assert_eq!(suspend(name, value).await.status, 200, "{name} {value}");
    }
}

#[tokio::test]
async fn a_web_page_that_points_its_domain_here_gets_nothing() {
    let app = TestApp::open();
    let mut rebound = request(Method::GET, USAGE, None, None);
    rebound.headers_mut().insert("host", "evil.example".parse().unwrap());
    assert_eq!(app.send(rebound).await.status, 401);
}
