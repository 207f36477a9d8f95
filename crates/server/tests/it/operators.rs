//! Operators and their sessions: signing in, what roles may do, cookies and other sites, throttling.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use pytake_server::{Peer, hash_password};
use pytake_store::{Email, OperatorRecord, Operators, Role, Scope, Sessions};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, request};

const PASSWORD: &str = "três gatos no telhado";
const SESSION: &str = "/api/v1/session";
const OPERATORS: &str = "/api/v1/operators";

/// An operator `{id}@example.com` with [`PASSWORD`].
async fn operator(app: &TestApp, id: &str, tenant: &str, role: Role) -> OperatorRecord {
    let record = OperatorRecord {
        id: id.to_owned(),
        tenant: tenant.parse().unwrap(),
        email: format!("{id}@example.com").parse::<Email>().unwrap(),
        name: id.to_owned(),
        role,
        is_admin: false,
        password_hash: hash_password(&PASSWORD.into(), [7; 16]).unwrap(),
        created_at: app.now(),
        disabled_at: None,
    };
    assert!(app.store().create_operator(&record).await.unwrap());
    record
}

async fn sign_in_from(app: &TestApp, email: &str, password: &str, peer: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    let mut request = request(Method::POST, SESSION, None, Some(body));
    request.headers_mut().insert("host", "pytake.example".parse().unwrap());
    request.headers_mut().insert("user-agent", "Firefox".parse().unwrap());
    request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    app.send(request).await
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    sign_in_from(app, email, password, "127.0.0.1").await
}

/// The cookie of somebody who signed in.
async fn cookie_of(app: &TestApp, id: &str) -> String {
    let answer = sign_in(app, &format!("{id}@example.com"), PASSWORD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(cookie: &str, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = request(method, path, None, body);
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request
}

/// As a page of the server itself.
async fn as_operator(app: &TestApp, cookie: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = with_cookie(cookie, method, path, body);
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    app.send(request).await
}

#[tokio::test]
async fn an_operator_signs_in_is_somebody_and_signs_out() {
    let app = TestApp::open();
    assert_eq!(app.get(SESSION).await.json()["author"], "open");
    operator(&app, "ana", "shop", Role::Viewer).await;
    assert_eq!(app.get(SESSION).await.status, 401, "the first operator closes the server");
    let answer = sign_in(&app, " ANA@example.com", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let set = answer.header("set-cookie").to_owned();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800", "; Secure"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap().to_owned();
    let secret = cookie.split_once('=').unwrap().1;
    assert!(!answer.text.contains(secret) && !answer.text.contains("argon2"), "{}", answer.text);

    let me = as_operator(&app, &cookie, Method::GET, SESSION, None).await.json();
    assert_eq!(me["tenant_id"], "shop");
    assert_eq!(me["author"], "operator:ana");
    assert_eq!(me["scopes"], json!(["read"]));
    assert_eq!(me["operator"]["email"], "ana@example.com");
    assert_eq!(me["session"]["user_agent"], "Firefox");
    assert_eq!(me["session"]["is_current"], true);

    let out = as_operator(&app, &cookie, Method::DELETE, SESSION, None).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("__Host-pytake_session=; "), "{out:?}");
    assert_eq!(as_operator(&app, &cookie, Method::GET, SESSION, None).await.status, 401);
}

#[tokio::test]
async fn a_wrong_address_and_a_wrong_password_get_the_same_answer() {
    let app = TestApp::open();
    let ana = operator(&app, "ana", "shop", Role::Owner).await;
    operator(&app, "bia", "shop", Role::Owner).await;
    let change = pytake_store::OperatorChange {
        name: String::new(),
        role: Role::Owner,
        is_admin: false,
        disabled_at: Some(app.now()),
    };
    app.store().change_operator(&ana, &change).await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("bia@example.com", "not her password"),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("ana@example.com", PASSWORD),
    ] {
        let answer = sign_in(&app, email, password).await;
        assert_eq!((answer.status.as_u16(), &*answer.error()), (401, "unauthorized"), "{email}");
        assert_eq!(answer.header("set-cookie"), "");
        answers.push(answer.json()["message"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn each_role_may_do_what_it_says() {
    let app = TestApp::open();
    let message = json!({"message": "oi", "user_id": "u"});
    let draft = json!({"name": "p", "template": "t"});
    let tried = [
        (Method::GET, "/api/v1/ai/usage", None, Scope::Read),
        (Method::POST, "/api/v1/ai/chat", Some(message.clone()), Scope::Chat),
        (Method::POST, "/api/v1/ai/classify", Some(message), Scope::Analyze),
        (Method::DELETE, "/api/v1/ai/conversations/c", None, Scope::Operate),
        (Method::POST, "/api/v1/ai/prompts", Some(draft), Scope::Prompts),
        (Method::GET, OPERATORS, None, Scope::Manage),
    ];
    for role in Role::ALL {
        operator(&app, role.as_str(), "shop", role).await;
        let cookie = cookie_of(&app, role.as_str()).await;
        for (method, path, body, scope) in tried.clone() {
            let answer = as_operator(&app, &cookie, method.clone(), path, body).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, !role.scopes().contains(&scope), "{role} {method} {path}: {answer:?}");
            if is_refused {
                assert_eq!(answer.json()["required_scope"], scope.as_str());
            }
        }
    }
}

#[tokio::test]
async fn other_sites_change_nothing_through_a_signed_in_browser() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    let cookie = cookie_of(&app, "ana").await;
    let attempt = |name: &'static str, value: &'static str| {
        let body = json!({"message": "oi", "user_id": "u"});
        let mut request = with_cookie(&cookie, Method::POST, "/api/v1/ai/chat", Some(body));
        request.headers_mut().insert("host", "pytake.example".parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        app.send(request)
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "at all"),
    ] {
        let refused = attempt(name, value).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (403, "forbidden"), "{name} {value}");
    }
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "https://pytake.example")] {
        assert_eq!(attempt(name, value).await.status, 200, "{name} {value}");
    }
    // A key is sent by programs, never by a browser on its own.
    let key = app.key("k1", "shop", &[Scope::Chat]).await;
    let body = json!({"message": "oi", "user_id": "u"});
    assert_eq!(app.as_key(&key, Method::POST, "/api/v1/ai/chat", Some(body)).await.status, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_old() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Viewer).await;
    let cookie = cookie_of(&app, "ana").await;
    let status = async || as_operator(&app, &cookie, Method::GET, SESSION, None).await.status.as_u16();
    for _ in 0..15 {
        app.clock.advance(Duration::from_hours(11));
        assert_eq!(status().await, 200, "used again and again");
    }
    app.clock.advance(Duration::from_hours(3));
    assert_eq!(status().await, 401, "a week old");
    let idle = cookie_of(&app, "ana").await;
    app.clock.advance(Duration::from_hours(12));
    assert_eq!(as_operator(&app, &idle, Method::GET, SESSION, None).await.status, 401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    operator(&app, "ivo", "shop", Role::Viewer).await;
    operator(&app, "eva", "other", Role::Owner).await;
    let (ana, ivo, eva) =
        (cookie_of(&app, "ana").await, cookie_of(&app, "ivo").await, cookie_of(&app, "eva").await);
    let listed = async |cookie: &str| {
        let page = as_operator(&app, cookie, Method::GET, "/api/v1/sessions", None).await.json();
        page["items"].as_array().unwrap().clone()
    };
    let all = listed(&ana).await;
    assert_eq!(all.len(), 2, "an owner sees the tenant's");
    assert_eq!(listed(&ivo).await.len(), 1, "others see their own");
    assert_eq!(listed(&eva).await.len(), 1);
    let id_of = |operator: &str| {
        let session = all.iter().find(|session| session["operator_id"] == operator).unwrap();
        format!("/api/v1/sessions/{}", session["id"].as_str().unwrap())
    };
    let (of_ana, of_ivo) = (id_of("ana"), id_of("ivo"));
    assert_eq!(as_operator(&app, &ivo, Method::DELETE, &of_ana, None).await.status, 404);
    assert_eq!(as_operator(&app, &eva, Method::DELETE, &of_ivo, None).await.status, 404);
    assert_eq!(as_operator(&app, &ana, Method::DELETE, &of_ivo, None).await.status, 204);
    assert_eq!(as_operator(&app, &ivo, Method::GET, SESSION, None).await.status, 401);
    // A key has no sessions of its own.
    app.key("reader", "shop", &[Scope::Read]).await;
    let refused = app.as_key("reader", Method::GET, "/api/v1/sessions", None).await;
    assert_eq!(refused.json()["required_scope"], "manage");
}

#[tokio::test]
async fn an_owner_makes_changes_and_disables_operators() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    let ana = cookie_of(&app, "ana").await;
    let draft = json!({"email": "Ivo@Example.com", "name": "Ivo", "role": "operator", "password": PASSWORD});
    let made = as_operator(&app, &ana, Method::POST, OPERATORS, Some(draft.clone())).await;
    assert_eq!(made.status, 201);
    assert!(!made.text.contains(PASSWORD) && !made.text.contains("argon2"));
    let path = format!("{OPERATORS}/{}", made.json()["id"].as_str().unwrap());
    let twice = as_operator(&app, &ana, Method::POST, OPERATORS, Some(draft)).await;
    assert_eq!((twice.status.as_u16(), &*twice.error()), (409, "conflict"));

    let ivo = cookie_of(&app, "ivo").await;
    let viewer = json!({"name": "Ivo", "role": "viewer"});
    assert_eq!(as_operator(&app, &ana, Method::PUT, &path, Some(viewer)).await.status, 200);
    let me = as_operator(&app, &ivo, Method::GET, SESSION, None).await.json();
    assert_eq!(me["scopes"], json!(["read"]), "a new role counts at once");
    let disabled = json!({"name": "Ivo", "role": "viewer", "disabled": true});
    let answer = as_operator(&app, &ana, Method::PUT, &path, Some(disabled)).await;
    assert!(answer.json()["disabled_at"].is_string());
    assert_eq!(as_operator(&app, &ivo, Method::GET, SESSION, None).await.status, 401);
    let renamed = json!({"name": "Ivo B.", "role": "viewer"});
    let answer = as_operator(&app, &ana, Method::PUT, &path, Some(renamed)).await;
    assert!(answer.json()["disabled_at"].is_string(), "a new name lets nobody in");
    let enabled = json!({"name": "Ivo B.", "role": "viewer", "disabled": false});
    let answer = as_operator(&app, &ana, Method::PUT, &path, Some(enabled)).await;
    assert_eq!(answer.json()["disabled_at"], Value::Null);

    let last = json!({"name": "Ana", "role": "operator"});
    let refused = as_operator(&app, &ana, Method::PUT, &format!("{OPERATORS}/ana"), Some(last)).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (409, "conflict"));
    let (path, nobody) = (format!("{OPERATORS}/x"), json!({"name": "", "role": "viewer"}));
    assert_eq!(as_operator(&app, &ana, Method::PUT, &path, Some(nobody)).await.status, 404);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    let root = OperatorRecord {
        id: "root".into(),
        email: "root@example.com".parse().unwrap(),
        is_admin: true,
        ..operator(&app, "template", "shop", Role::Viewer).await
    };
    app.store().create_operator(&root).await.unwrap();
    app.key("adm", "shop", &[Scope::Admin]).await;
    let ana = cookie_of(&app, "ana").await;
    let draft = |role, is_admin| json!({"email": "x@example.com", "role": role, "is_admin": is_admin, "password": PASSWORD});
    let set = json!({"password": "quatro gatos no telhado"});
    let change = json!({"name": "", "role": "viewer", "disabled": true});
    let beyond = [
        (Method::POST, OPERATORS.to_owned(), Some(draft("viewer", true))),
        (Method::PUT, format!("{OPERATORS}/root"), Some(change)),
        (Method::POST, format!("{OPERATORS}/root/password"), Some(set.clone())),
        (Method::POST, "/api/v1/keys".to_owned(), Some(json!({"scopes": ["admin"]}))),
        (Method::POST, "/api/v1/keys/adm/rotate".to_owned(), Some(json!({}))),
        (Method::DELETE, "/api/v1/keys/adm".to_owned(), None),
    ];
    for (method, path, body) in beyond {
        let refused = as_operator(&app, &ana, method.clone(), &path, body).await;
        assert_eq!(refused.status, 403, "{method} {path}");
        assert_eq!(refused.json()["required_scope"], "admin", "{method} {path}");
    }
    app.key("manager", "shop", &[Scope::Manage]).await;
    let owner = app.as_key("manager", Method::POST, OPERATORS, Some(draft("owner", false))).await;
    assert_eq!(owner.json()["required_scope"], "chat", "a key that only manages makes no owner");
    let taken = app.as_key("manager", Method::POST, &format!("{OPERATORS}/ana/password"), Some(set)).await;
    assert_eq!(taken.status, 403, "nor becomes one");
}

#[tokio::test]
async fn another_tenants_operators_do_not_exist() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    operator(&app, "eva", "other", Role::Owner).await;
    let eva = cookie_of(&app, "eva").await;
    let change = json!({"name": "", "role": "viewer"});
    let path = format!("{OPERATORS}/ana");
    assert_eq!(as_operator(&app, &eva, Method::PUT, &path, Some(change)).await.status, 404);
    let set = json!({"password": "quatro gatos no telhado"});
    let path = format!("{path}/password");
    assert_eq!(as_operator(&app, &eva, Method::POST, &path, Some(set)).await.status, 404);
    let listed = as_operator(&app, &eva, Method::GET, &format!("{OPERATORS}?tenant_id=shop"), None).await;
    assert!(!listed.text.contains("ana@"), "{}", listed.text);
}

#[tokio::test]
async fn a_new_password_ends_the_sessions() {
    const NEW: &str = "quatro gatos no telhado";
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Owner).await;
    operator(&app, "ivo", "shop", Role::Viewer).await;
    let (ana, ivo) = (cookie_of(&app, "ana").await, cookie_of(&app, "ivo").await);
    let path = "/api/v1/session/password";
    let own = |current| json!({"current_password": current, "password": NEW});
    let wrong = as_operator(&app, &ivo, Method::POST, path, Some(own("not his password"))).await;
    assert_eq!(wrong.fields(), ["current_password"]);
    let weak = json!({"current_password": PASSWORD, "password": "password1234"});
    assert_eq!(as_operator(&app, &ivo, Method::POST, path, Some(weak)).await.fields(), ["password"]);
    assert_eq!(as_operator(&app, &ivo, Method::POST, path, Some(own(PASSWORD))).await.status, 204);
    assert_eq!(as_operator(&app, &ivo, Method::GET, SESSION, None).await.status, 401);
    assert_eq!(sign_in(&app, "ivo@example.com", PASSWORD).await.status, 401);
    assert_eq!(sign_in(&app, "ivo@example.com", NEW).await.status, 200);

    let set = json!({"password": PASSWORD});
    let others = format!("{OPERATORS}/ivo/password");
    assert_eq!(as_operator(&app, &ana, Method::POST, &others, Some(set.clone())).await.status, 204);
    assert_eq!(sign_in(&app, "ivo@example.com", NEW).await.status, 401);
    let hers = format!("{OPERATORS}/ana/password");
    let refused = as_operator(&app, &ana, Method::POST, &hers, Some(set)).await;
    assert_eq!(refused.status, 409, "her own needs the one there is");
}

#[tokio::test]
async fn signing_in_waits_after_five_failures() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Viewer).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&app, "ana@example.com", "not her password").await.status, 401);
    }
    let waits = sign_in(&app, "ana@example.com", PASSWORD).await;
    assert_eq!((waits.status.as_u16(), &*waits.error()), (429, "rate_limit_exceeded"));
    assert_eq!(waits.header("retry-after"), "1");
    assert_eq!(waits.json()["scope"], "login");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&app, "ana@example.com", "not her password").await.status, 401);
    assert_eq!(sign_in(&app, "ana@example.com", PASSWORD).await.header("retry-after"), "2");
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(sign_in(&app, "ana@example.com", PASSWORD).await.status, 200);
    assert_eq!(sign_in(&app, "ana@example.com", "not her password").await.status, 401, "forgiven");
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_waits_too() {
    let app = TestApp::open();
    operator(&app, "ana", "shop", Role::Viewer).await;
    for n in 0..5 {
        let tried = sign_in_from(&app, &format!("u{n}@example.com"), PASSWORD, "203.0.113.7").await;
        assert_eq!(tried.status, 401);
    }
    assert_eq!(sign_in_from(&app, "u9@example.com", PASSWORD, "203.0.113.7").await.status, 429);
    assert_eq!(sign_in_from(&app, "ana@example.com", PASSWORD, "203.0.113.8").await.status, 200);
    for n in 10..20 {
        let tried = sign_in_from(&app, &format!("u{n}@example.com"), PASSWORD, "10.0.0.1").await;
        assert_eq!(tried.status, 401, "a proxy is not throttled for everybody behind it");
    }
}

/// Hashing takes its time, and in it an owner may have taken the account from whoever knew the old password.
#[tokio::test]
async fn an_owners_new_password_is_not_overtaken_by_somebody_with_the_old_one() {
    const OWNERS: &str = "quatro gatos no telhado";
    let app = TestApp::open();
    let ivo = operator(&app, "ivo", "shop", Role::Viewer).await;
    let cookie = cookie_of(&app, "ivo").await;
    let hash = hash_password(&OWNERS.into(), [8; 16]).unwrap();
    let own = json!({"current_password": PASSWORD, "password": "cinco gatos no telhado"});
    let body = Some(json!({"email": "ivo@example.com", "password": PASSWORD}));
    let changing = as_operator(&app, &cookie, Method::POST, "/api/v1/session/password", Some(own));
    let signing_in = app.send(request(Method::POST, SESSION, None, body));
    let replacing = async {
        // Both have been let in by now, and wait for their hashes.
        tokio::task::yield_now().await;
        assert!(app.store().set_password(&ivo, &hash).await.unwrap());
    };
    let (changed, signed_in, ()) = tokio::join!(changing, signing_in, replacing);
    assert_eq!((changed.status.as_u16(), &*changed.error()), (409, "conflict"));
    assert_eq!((signed_in.status.as_u16(), &*signed_in.error()), (401, "unauthorized"));
    assert!(app.store().sessions(&ivo.tenant, None).await.unwrap().is_empty());
    assert_eq!(sign_in(&app, "ivo@example.com", OWNERS).await.status, 200);
}
