//! Tenants, their settings and the versions of both.

use axum::http::Method;
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const TENANTS: &str = "/api/v1/tenants";
const SETTINGS: &str = "/api/v1/settings";
const PROFILE: &str = "/api/v1/ai/profile";

async fn ask(app: &TestApp, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    app.as_key(key, method, path, body).await
}

/// An app with an admin's key, `root`, and a key of the tenant `shop` with every other scope, `shop`.
async fn app() -> TestApp {
    let app = TestApp::open();
    app.key("root", "default", &[Scope::Admin]).await;
    let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    app.key("shop", "shop", &others).await;
    app
}

#[tokio::test]
async fn a_tenant_lives_from_its_creation_on() {
    let app = app().await;
    let draft = json!({"id": "padaria", "profile": {"business_name": "Padaria Sol"},
        "settings": {"limits": {"requests_per_minute": 60}}, "note": "new"});
    let made = ask(&app, "root", Method::POST, TENANTS, Some(draft.clone())).await;
    assert_eq!(made.status, 201, "{made:?}");
    let detail = made.json();
    assert_eq!((&detail["id"], &detail["created_at"]), (&json!("padaria"), &json!("2026-11-22T12:00:00Z")));
    assert_eq!(detail["settings"]["limits"]["requests_per_minute"], 60);
    assert_eq!((&detail["profile_version"], &detail["settings_version"]), (&json!(1), &json!(1)));
    assert_eq!(ask(&app, "root", Method::POST, TENANTS, Some(draft)).await.error(), "conflict");

    let read = ask(&app, "root", Method::GET, &format!("{TENANTS}/padaria"), None).await;
    assert_eq!(read.json(), detail);
    for missing in ["nobody", "Not%20an%20id"] {
        assert_eq!(ask(&app, "root", Method::GET, &format!("{TENANTS}/{missing}"), None).await.status, 404);
    }
    let listed = ask(&app, "root", Method::GET, &format!("{TENANTS}?limit=2"), None).await.json();
    assert_eq!(
        (&listed["items"][1]["business_name"], &listed["next"]),
        (&json!("Padaria Sol"), &json!("padaria"))
    );
    let rest =
        ask(&app, "root", Method::GET, &format!("{TENANTS}?limit=2&cursor=padaria"), None).await.json();
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&json!("shop"), &Value::Null));
    let refused = ask(&app, "root", Method::GET, &format!("{TENANTS}?limit=0"), None).await;
    assert_eq!(refused.fields(), ["limit"]);
}

#[tokio::test]
async fn a_draft_names_what_is_wrong_where_it_was_written() {
    let app = app().await;
    let draft = json!({"id": "padaria", "profile": {"never_say": ["x"]},
        "settings": {"retention": {"audit_days": 1}, "prompts": {"reply": "nothing"}}, "note": "a\nb"});
    let refused = ask(&app, "root", Method::POST, TENANTS, Some(draft)).await;
    let named = ["profile.never_say", "settings.retention.audit_days", "settings.prompts.reply", "note"];
    assert_eq!((refused.status.as_u16(), refused.fields()), (400, named.map(str::to_owned).to_vec()));
    let unreadable = ask(&app, "root", Method::POST, TENANTS, Some(json!({"id": "Padaria Sol"}))).await;
    assert_eq!(unreadable.fields(), ["id"]);
    let unknown = json!({"settings": {"limits": {"requests_per_hour": 1}}});
    let unknown = ask(&app, "shop", Method::PUT, SETTINGS, Some(unknown)).await;
    assert_eq!(unknown.fields(), ["settings.limits.requests_per_hour"]);
    let language = ask(&app, "shop", Method::PUT, PROFILE, Some(json!({"languages": ["pt", "de"]}))).await;
    assert_eq!(language.fields(), ["languages[1]"]);
}

#[tokio::test]
async fn tenants_are_an_admins_and_settings_are_a_managers() {
    let app = app().await;
    app.key("clerk", "shop", &[Scope::Chat, Scope::Operate, Scope::Prompts, Scope::Read]).await;
    for (method, path) in [
        (Method::GET, TENANTS),
        (Method::GET, "/api/v1/tenants/shop"),
        (Method::POST, "/api/v1/tenants/shop/suspend"),
        (Method::POST, "/api/v1/tenants/shop/resume"),
    ] {
        let refused = ask(&app, "shop", method, path, None).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["required_scope"]),
            (403, &json!("admin")),
            "{path}"
        );
    }
    for path in [SETTINGS, "/api/v1/settings/versions", "/api/v1/settings/versions/1"] {
        let refused = ask(&app, "clerk", Method::GET, path, None).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["required_scope"]),
            (403, &json!("manage")),
            "{path}"
        );
        assert_ne!(ask(&app, "shop", Method::GET, path, None).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn settings_are_changed_from_the_version_that_was_read_and_taken_back() {
    let app = app().await;
    let read = ask(&app, "shop", Method::GET, SETTINGS, None).await.json();
    assert_eq!((&read["version"], &read["settings"]["cache"]["is_enabled"]), (&json!(0), &json!(true)));
    let change = |limit: u32, version: u64| {
        Some(
            json!({"settings": {"limits": {"requests_per_minute": limit}}, "version": version, "note": "plan"}),
        )
    };
    let first = ask(&app, "shop", Method::PUT, SETTINGS, change(5, 0)).await;
    assert_eq!((first.status.as_u16(), &first.json()["version"]), (200, &json!(1)), "{first:?}");
    let late = ask(&app, "shop", Method::PUT, SETTINGS, change(6, 0)).await;
    assert_eq!((late.status.as_u16(), &*late.error()), (409, "conflict"));
    assert_eq!(ask(&app, "shop", Method::PUT, SETTINGS, change(6, 1)).await.json()["version"], 2);

    let versions = ask(&app, "shop", Method::GET, "/api/v1/settings/versions", None).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&versions["items"][0]["author"], &versions["items"][0]["note"]),
        (&json!("key:shop"), &json!("plan"))
    );
    let old = ask(&app, "shop", Method::GET, "/api/v1/settings/versions/1", None).await.json();
    assert_eq!(old["value"]["limits"]["requests_per_minute"], 5);

    let restored = ask(&app, "shop", Method::POST, "/api/v1/settings/versions/1/restore", None).await.json();
    assert_eq!(
        (&restored["version"], &restored["settings"]["limits"]["requests_per_minute"]),
        (&json!(3), &json!(5))
    );
    let missing = ask(&app, "shop", Method::POST, "/api/v1/settings/versions/9/restore", None).await;
    assert_eq!((missing.status.as_u16(), &*missing.error()), (404, "not_found"));
    let elsewhere = ask(&app, "root", Method::GET, "/api/v1/settings?tenant_id=shop", None).await.json();
    assert_eq!(elsewhere["version"], 3);
    assert_eq!(ask(&app, "root", Method::GET, "/api/v1/settings", None).await.json()["version"], 0);
    let nobodys = ask(&app, "root", Method::PUT, "/api/v1/settings?tenant_id=nobody", change(5, 0)).await;
    assert_eq!(nobodys.status, 404, "settings make no tenant");
}

#[tokio::test]
async fn a_version_that_names_a_prompt_that_is_gone_cannot_come_back() {
    let app = app().await;
    let draft = json!({"name": "vendas", "template": "Seja breve."});
    let prompt =
        ask(&app, "shop", Method::POST, "/api/v1/ai/prompts", Some(draft)).await.json()["id"].clone();
    let chosen = json!({"settings": {"prompts": {"reply": prompt}}});
    assert_eq!(ask(&app, "shop", Method::PUT, SETTINGS, Some(chosen)).await.status, 200);
    ask(&app, "shop", Method::PUT, SETTINGS, Some(json!({"settings": {}}))).await;
    let path = format!("/api/v1/ai/prompts/{}", prompt.as_str().unwrap());
    assert_eq!(ask(&app, "shop", Method::DELETE, &path, None).await.status, 204);
    let refused = ask(&app, "shop", Method::POST, "/api/v1/settings/versions/1/restore", None).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (400, vec!["prompts.reply".to_owned()]));
}

#[tokio::test]
async fn a_profile_is_changed_from_the_version_that_was_read_and_taken_back() {
    let app = app().await;
    let named = |name: &str| Some(json!({"business_name": name}));
    let based_on = |version: u64| format!("{PROFILE}?version={version}&note=o%20nome");
    assert_eq!(ask(&app, "shop", Method::PUT, &based_on(0), named("Casa Verde")).await.status, 200);
    assert_eq!(ask(&app, "shop", Method::PUT, &based_on(0), named("Casa Azul")).await.error(), "conflict");
    assert_eq!(ask(&app, "shop", Method::PUT, PROFILE, named("Casa Azul")).await.status, 200);
    let versions = ask(&app, "shop", Method::GET, "/api/v1/ai/profile/versions", None).await.json();
    assert_eq!(
        (&versions["items"][0]["version"], &versions["items"][1]["note"]),
        (&json!(2), &json!("o nome"))
    );
    let old = ask(&app, "shop", Method::GET, "/api/v1/ai/profile/versions/1", None).await.json();
    assert_eq!(old["value"]["business_name"], "Casa Verde");
    let restored = ask(&app, "shop", Method::POST, "/api/v1/ai/profile/versions/1/restore", None).await;
    assert_eq!(restored.json()["business_name"], "Casa Verde");
    assert_eq!(ask(&app, "shop", Method::GET, PROFILE, None).await.json()["business_name"], "Casa Verde");
    let missing = ask(&app, "root", Method::GET, "/api/v1/ai/profile/versions/1", None).await;
    assert_eq!(missing.status, 404, "another tenant's version does not exist");
}

#[tokio::test]
async fn the_keys_of_a_suspended_tenant_open_nothing_until_it_goes_on() {
    let app = app().await;
    let message = || Some(json!({"message": "oi", "user_id": "ana", "analysis_type": ["spam"]}));
    let suspended = ask(&app, "root", Method::POST, "/api/v1/tenants/shop/suspend", None).await;
    assert_eq!(suspended.json()["suspended_at"], "2026-11-22T12:00:00Z", "{suspended:?}");
    for (method, path, body) in [
        (Method::GET, PROFILE, None),
        (Method::GET, TENANTS, None),
        (Method::POST, "/api/v1/ai/analyze", message()),
    ] {
        let refused = ask(&app, "shop", method, path, body).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (403, "forbidden"), "{path}");
        assert!(
            refused.text.contains("suspended") && refused.json()["required_scope"].is_null(),
            "{refused:?}"
        );
    }
    // An admin manages it, and gets no answers for it.
    let change = Some(json!({"settings": {}}));
    assert_eq!(ask(&app, "root", Method::PUT, "/api/v1/settings?tenant_id=shop", change).await.status, 200);
    let chat = Some(json!({"message": "oi", "user_id": "ana"}));
    for (path, body) in [
        ("/api/v1/ai/analyze", message()),
        ("/api/v1/ai/chat", chat.clone()),
        ("/api/v1/ai/classify", chat.clone()),
        ("/api/v1/ai/moderate", chat.clone()),
        ("/api/v1/ai/translate", Some(json!({"message": "oi", "user_id": "ana", "target_language": "en"}))),
    ] {
        let refused = ask(&app, "root", Method::POST, &format!("{path}?tenant_id=shop"), body).await;
        assert_eq!((refused.status.as_u16(), &*refused.error()), (409, "conflict"), "{path}");
    }
    let resumed = ask(&app, "root", Method::POST, "/api/v1/tenants/shop/resume", None).await.json();
    assert!(resumed["suspended_at"].is_null());
    assert_eq!(ask(&app, "shop", Method::POST, "/api/v1/ai/chat", chat).await.status, 200);
}

#[tokio::test]
async fn an_admin_of_a_suspended_tenant_can_let_it_go_on() {
    let app = app().await;
    ask(&app, "root", Method::POST, "/api/v1/tenants/default/suspend", None).await;
    let resumed = ask(&app, "root", Method::POST, "/api/v1/tenants/default/resume", None).await;
    assert_eq!((resumed.status.as_u16(), &resumed.json()["suspended_at"]), (200, &Value::Null));
}

#[tokio::test]
async fn what_is_locked_stays_as_it_is_for_everybody_but_an_admin() {
    let app = app().await;
    let of_shop = "/api/v1/settings?tenant_id=shop";
    let agreed =
        |month: u64| json!({"budget": {"month_micro_usd": month}, "locked": ["budget", "retention"]});
    let put = async |settings: Value| {
        ask(&app, "shop", Method::PUT, SETTINGS, Some(json!({"settings": settings}))).await
    };
    let by_root = async |settings: Value| {
        let answer = ask(&app, "root", Method::PUT, of_shop, Some(json!({"settings": settings}))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    by_root(agreed(5_000_000)).await;
    let shown = ask(&app, "shop", Method::GET, SETTINGS, None).await.json()["settings"].clone();
    assert_eq!(shown["locked"], json!(["budget", "retention"]));

    let mut mine = shown.clone();
    mine["limits"]["requests_per_minute"] = json!(9);
    assert_eq!(put(mine).await.json()["version"], 2, "what was read may be sent back with another limit");
    for (change, field) in [
        (json!({"budget": {"month_micro_usd": 9_000_000}}), "settings.budget"),
        (json!({"budget": {}}), "settings.budget"),
        (json!({"retention": {"audit_days": 3_650}}), "settings.retention"),
        (json!({"locked": []}), "settings.locked"),
        (json!({"locked": ["budget", "retention", "cache"]}), "settings.locked"),
        (
            json!({"prices": [{"provider": "obedient", "model": "obedient-1", "from": "2026-01-01",
                "input_usd_per_million": "0", "output_usd_per_million": "0"}]}),
            "settings.prices",
        ),
    ] {
        let mut changed = shown.clone();
        changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = put(changed).await;
        assert_eq!(
            (refused.status.as_u16(), &*refused.error(), refused.fields()),
            (403, "forbidden", vec![field.to_owned()]),
            "{change}"
        );
    }
    let left_out = put(json!({})).await;
    assert_eq!(left_out.fields(), ["settings.budget", "settings.locked"], "left out is changed");

    by_root(agreed(1_000_000)).await;
    let restore = "/api/v1/settings/versions/1/restore";
    let refused = ask(&app, "shop", Method::POST, restore, None).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (403, vec!["settings.budget".to_owned()]));
    assert_eq!(ask(&app, "shop", Method::GET, SETTINGS, None).await.json()["version"], 3, "nothing changed");
    let path = format!("{restore}?tenant_id=shop");
    let restored = ask(&app, "root", Method::POST, &path, None).await.json();
    assert_eq!(restored["settings"]["budget"]["month_micro_usd"], 5_000_000);
}

#[tokio::test]
async fn a_tenant_can_be_made_with_a_lock_and_only_with_sections_that_exist() {
    let app = app().await;
    let draft = |id: &str, locked: &str| Some(json!({"id": id, "settings": {"locked": [locked]}}));
    let made = ask(&app, "root", Method::POST, TENANTS, draft("padaria", "budget")).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["settings"]["locked"]),
        (201, &json!(["budget"])),
        "{made:?}"
    );
    let refused = ask(&app, "root", Method::POST, TENANTS, draft("outra", "prices")).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (400, vec!["settings.locked[0]".to_owned()]));
}

#[tokio::test]
async fn on_an_open_server_everybody_may_change_everything() {
    let app = TestApp::open();
    for budget in [1, 2] {
        let settings = json!({"settings": {"budget": {"day_micro_usd": budget}, "locked": ["budget"],
            "prices": [{"provider": "hearing", "model": "hearing-1", "from": "2026-01-01", "usd_per_minute": "0.06"}]}});
        let answer = app.put(SETTINGS, settings).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
