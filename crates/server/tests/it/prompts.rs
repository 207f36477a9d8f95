//! Every answer about prompts is as the document says, in every state a prompt can be in.

use axum::http::Method;
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::TestApp;

const PROMPTS: &str = "/api/v1/ai/prompts";

async fn made(app: &TestApp) -> String {
    let draft = json!({
        "name": "vendas", "template": "{{tom}} {{lista}} {{hoje}} {{today}}", "variables": ["hoje", "today"],
        "note": "primeira", "fields": [
            {"name": "tom", "label": "Tom", "help": "Como soa", "required": true, "max_chars": 20, "value": "leve"},
            {"name": "lista", "label": "Lista", "kind": "list", "value": ["a", "b"]},
        ],
    });
    let made = app.post(PROMPTS, draft).await;
    assert_eq!(made.status, 201, "{made:?}");
    format!("{PROMPTS}/{}", made.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn versions_publications_and_differences_are_as_documented() {
    let app = TestApp::open();
    let path = made(&app).await;
    let changed = json!({"values": {"tom": "sério", "lista": []}, "note": "mais sério"});
    assert_eq!(app.put(&format!("{path}/fields"), changed).await.json()["version"], 2);
    for (rest, status) in [
        ("", 200),
        ("/versions", 200),
        ("/versions/2", 200),
        ("/versions/3", 404),
        ("/versions/two", 404),
        ("/diff", 200),
        ("/diff?from=1&to=2", 200),
        ("/diff?from=3", 404),
        ("/diff?from=x", 400),
        ("/publications", 200),
        ("/tests", 200),
        ("/tests/runs", 200),
    ] {
        assert_eq!(app.get(&format!("{path}{rest}")).await.status, status, "{rest}");
    }
    let diff = app.get(&format!("{path}/diff")).await.json();
    assert_eq!(diff["changed"].as_array().unwrap().len(), 2, "{diff}");
    assert_eq!(app.post(&format!("{path}/rollback"), json!({})).await.error(), "conflict");
    assert_eq!(app.post(&format!("{path}/publish"), json!({"version": 9})).await.status, 404);
    let long = json!({"note": "x".repeat(501)});
    assert_eq!(app.post(&format!("{path}/publish"), long).await.fields(), ["note"]);
    for version in [1, 2] {
        let published = app.post(&format!("{path}/publish"), json!({"version": version})).await;
        assert_eq!(published.json()["label"], "production", "{published:?}");
    }
    assert_eq!(app.post(&format!("{path}/rollback"), json!({"note": "x"})).await.json()["version"], 1);
    assert_eq!(app.get(&format!("{path}/publications")).await.json()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_named() {
    let app = TestApp::open();
    let draft = json!({"name": "p", "template": "{{a}}", "fields": [
        {"name": "a", "label": "", "kind": "choice"}, {"name": "b", "label": "B"},
    ]});
    let refused = app.post(PROMPTS, draft).await;
    assert_eq!(refused.fields(), ["fields[0].label", "fields[0].options", "fields[1].name"]);
}

#[tokio::test]
async fn previews_and_variables_are_as_documented() {
    let app = TestApp::open();
    let path = made(&app).await;
    let sent = json!({"variables": {"hoje": 1}, "version": 1, "user_id": "ana", "max_tokens": 10});
    let shown = app.post(&format!("{path}/render"), sent).await;
    assert_eq!(shown.json()["text"], "leve - a\n- b 1 22/11/2026", "{shown:?}");
    assert_eq!(shown.json()["costs"][0]["cost_micro_usd"], Value::Null);
    let field = app.post(&format!("{path}/render"), json!({"variables": {"hoje": 1, "tom": "x"}})).await;
    assert_eq!(field.fields(), ["variables.tom"]);
    let long =
        app.post(&format!("{path}/render"), json!({"variables": {"hoje": 1}, "max_tokens": 9_999})).await;
    assert_eq!(long.error(), "token_limit_exceeded");
    assert_eq!(app.get(&format!("{PROMPTS}/variables?user_id=ana")).await.status, 200);
    assert_eq!(app.get(&format!("{PROMPTS}/variables?user_id=")).await.fields(), ["user_id"]);
    assert_eq!(app.get(&format!("{PROMPTS}/variables?who=ana")).await.status, 400);
}

#[tokio::test]
async fn tests_are_as_documented_whether_they_pass_or_fail() {
    let app = TestApp::open();
    let draft = json!({"name": "p", "template": "Seja breve."});
    let path = format!("{PROMPTS}/{}", app.post(PROMPTS, draft).await.json()["id"].as_str().unwrap());
    let cases = json!({"cases": [
        {"input": "Quero comprar uma bota", "context": {"plan": "ouro"}, "must_contain": ["posso AJUDAR"]},
        {"input": "Quero comprar um boné", "must_not_contain": ["ajudar"], "language": "en",
            "hand_over_expected": true},
    ]});
    assert_eq!(app.put(&format!("{path}/tests"), cases).await.status, 200);
    let refused = app.post(&format!("{path}/publish"), json!({})).await;
    assert_eq!((refused.status.as_u16(), &*refused.error()), (409, "conflict"));
    let run = refused.json()["tests"]["run"].clone();
    assert_eq!((&run["passed"], &run["failed"]), (&json!(1), &json!(1)), "{run:#}");
    assert_eq!(run["cases"][1]["reasons"].as_array().unwrap().len(), 3, "{run:#}");
    assert_eq!(app.post(&format!("{path}/publish"), json!({"force": true})).await.status, 200);
    app.put(&path, json!({"name": "p", "template": "Seja gentil."})).await;
    let report = app.post(&format!("{path}/tests/run"), json!({"version": 2})).await.json();
    assert_eq!(report["production"]["is_same_cases"], true);
    assert_eq!(app.get(&format!("{path}/tests/runs")).await.json()["items"].as_array().unwrap().len(), 2);
    // Alone, because cases run at the same time, and one whose provider fails benches it for the others.
    let down = json!({"cases": [{"input": "The provider down is here"}]});
    assert_eq!(app.put(&format!("{path}/tests"), down).await.status, 200);
    let run = app.post(&format!("{path}/tests/run"), json!({})).await.json()["run"].clone();
    assert_eq!(run["cases"][0]["cost_micro_usd"], Value::Null, "it may have been billed: {run:#}");
    let unknown =
        app.put(&format!("{path}/tests"), json!({"cases": [{"input": "a", "language": "tlh"}]})).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(app.put(&format!("{PROMPTS}/none/tests"), json!({"cases": []})).await.status, 404);
}

#[tokio::test]
async fn files_are_as_documented_and_an_author_is_the_key() {
    let app = TestApp::open();
    made(&app).await;
    let file = app.get(&format!("{PROMPTS}/export")).await.json();
    app.key("k1", "shop", &[Scope::Prompts]).await;
    let mut bad = file.clone();
    bad["version"] = json!(2);
    let import = format!("{PROMPTS}/import");
    let refused = app.as_key("k1", Method::POST, &import, Some(bad)).await;
    assert_eq!(refused.fields(), ["version"]);
    let mut mixed = file.clone();
    mixed["prompts"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "", "template": "{{", "tests": [{"input": ""}]}));
    let outcomes = app.as_key("k1", Method::POST, &import, Some(mixed)).await.json()["items"].clone();
    let (first, second) = (&outcomes[0], &outcomes[1]);
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("created"), &json!("refused")));
    assert_eq!(second["details"].as_array().unwrap().len(), 3, "{outcomes:#}");
    let listed = app.as_key("k1", Method::GET, PROMPTS, None).await.json();
    assert_eq!(listed["items"][0]["author"], "key:k1");
    assert_eq!(app.as_key("k1", Method::GET, &format!("{PROMPTS}/export?id=x"), None).await.status, 404);
}
