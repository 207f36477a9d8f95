//! A prompt's life over HTTP: drafted, filled in, tested, published, taken back, carried to another tenant.

use pytake_store::Scope;
use pytake_testkit::{Act, Answer, FakeVendor, TestApp, Wire};
use serde_json::{Value, json};

const PROMPTS: &str = "/api/v1/ai/prompts";

fn says(text: &str) -> Act {
    let reply = json!({
        "reply": text, "action": "continue", "reason": "", "language": "pt", "used_facts": [], "choices": [],
        "confidence": 0.9,
    });
    Act::Say(reply.to_string())
}

fn draft(template: &str) -> Value {
    json!({"name": "vendas", "template": template})
}

/// A prompt of the default tenant, and the app around it.
struct Shop {
    app: TestApp,
    vendor: FakeVendor,
    path: String,
}

impl Shop {
    async fn with(acts: Vec<Act>, draft: Value) -> Self {
        let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
        let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start().with_shop().await;
        let made = app.post(PROMPTS, draft).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let path = format!("{PROMPTS}/{}", made.json()["id"].as_str().unwrap());
        Self { app, vendor, path }
    }

    async fn get(&self, rest: &str) -> Value {
        let answer = self.app.get(&format!("{}{rest}", self.path)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn post(&self, rest: &str, body: Value) -> Answer {
        self.app.post(&format!("{}{rest}", self.path), body).await
    }

    async fn put(&self, rest: &str, body: Value) -> Answer {
        self.app.send("PUT", &format!("{}{rest}", self.path), None, Some(body)).await
    }

    /// What the model was told first in the last call.
    async fn told(&self, prompt: &str) -> String {
        let more = json!({"prompt": prompt});
        let answer = self.app.chat("Quero comprar um par de botas", "ana", &more).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = self.vendor.bodies().pop().unwrap();
        body["messages"][0]["content"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_draft_is_used_once_it_is_published_and_no_longer_after_going_back() {
    let shop = Shop::with(vec![says("Claro!")], draft("Primeira.")).await;
    assert!(shop.told("vendas").await.starts_with("Primeira."), "never published: the newest is used");
    let published = shop.post("/publish", json!({"note": "abertura"})).await.json();
    assert_eq!(
        (&published["label"], &published["production_version"], &published["author"]),
        (&json!("production"), &json!(1), &json!("open")),
        "{published}"
    );
    let second = shop.put("", json!({"name": "vendas", "template": "Segunda.", "note": "mais curta"})).await;
    assert_eq!((&second.json()["label"], &second.json()["production_version"]), (&json!("draft"), &json!(1)));
    assert!(shop.told("vendas").await.starts_with("Primeira."));
    assert!(shop.told("vendas@draft").await.starts_with("Segunda."));
    shop.post("/publish", json!({})).await;
    assert!(shop.told("vendas").await.starts_with("Segunda."));
    assert_eq!(shop.get("/versions/1").await["label"], "retired");

    let back = shop.post("/rollback", json!({"note": "piorou"})).await.json();
    assert_eq!((&back["version"], &back["label"]), (&json!(1), &json!("production")), "{back}");
    assert!(shop.told("vendas").await.starts_with("Primeira."));
    let refused = shop.post("/rollback", json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (409, &json!("conflict")));
    let kinds: Vec<Value> = shop.get("/publications").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|publication| publication["kind"].clone())
        .collect();
    assert_eq!(kinds, ["rolled_back", "published", "published"]);
}

#[tokio::test]
async fn an_owner_fills_in_fields_and_sees_what_changed() {
    let with_fields = json!({
        "name": "vendas", "template": "Tom: {{tom}}\nNunca fale de:\n{{tabus}}\n", "fields": [
            {"name": "tom", "label": "Tom", "kind": "choice", "options": ["leve", "formal"], "value": "leve"},
            {"name": "tabus", "label": "Tabus", "kind": "list"},
        ],
    });
    let shop = Shop::with(vec![says("Claro!")], with_fields).await;
    let wrong = shop.put("/fields", json!({"values": {"tom": "rude", "cor": "azul"}})).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["details"][0]["field"]), (400, &json!("values.cor")));
    let wrong = shop.put("/fields", json!({"values": {"tom": "rude"}})).await;
    assert_eq!(wrong.json()["details"][0]["field"], "values.tom", "{}", wrong.text);
    let filled =
        shop.put("/fields", json!({"values": {"tom": "formal", "tabus": ["política", "futebol"]}})).await;
    assert_eq!((filled.status.as_u16(), &filled.json()["version"]), (200, &json!(2)), "{}", filled.text);
    assert!(shop.told("vendas").await.starts_with("Tom: formal\nNunca fale de:\n- política\n- futebol"));

    shop.put("", draft("Tom: {{tom}}\nNunca, nunca fale de:\n{{tabus}}\n")).await;
    let diff = shop.get("/diff?from=1&to=3").await;
    assert_eq!(
        (&diff["changed"][0]["field"], &diff["changed"][0]["to"]["value"]),
        (&json!("fields.tom"), &json!("formal"))
    );
    assert!(
        diff["template"].as_str().unwrap().contains("-Nunca fale de:\n+Nunca, nunca fale de:\n"),
        "{diff}"
    );
    assert_eq!(shop.get("/diff").await["from"], 2);
    assert_eq!(shop.app.get(&format!("{}/diff?from=9", shop.path)).await.status, 404);
    for unknown in ["/versions/9", "/versions/x", "/versions/-1"] {
        assert_eq!(shop.app.get(&format!("{}{unknown}", shop.path)).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_preview_shows_where_values_come_from_and_what_a_call_costs() {
    let template = json!({"name": "p", "template": "{{business_name}} atende {{nome}} {{order}}",
        "variables": ["business_name", "nome", "order"]});
    let shop = Shop::with(vec![says("Claro!")], template).await;
    let shown = shop
        .post("/render", json!({"variables": {"nome": "{{order}}", "order": 7}, "max_tokens": 100}))
        .await;
    let shown = shown.json();
    assert_eq!(shown["text"], "Loja Sol atende {{order}} 7");
    let sources: Vec<&Value> = shown["variables"].as_array().unwrap().iter().map(|v| &v["source"]).collect();
    assert_eq!(sources, ["built_in", "context", "context"]);
    let cost = &shown["costs"][0];
    assert_eq!((&cost["provider"], &cost["output_tokens"]), (&json!("openai"), &json!(100)));
    assert!(cost["cost_micro_usd"].as_i64().unwrap() > 0, "{shown}");
    let wrong = shop.post("/render", json!({"variables": {"nome": "Ana", "outra": 1}})).await.json();
    let fields: Vec<&Value> = wrong["details"].as_array().unwrap().iter().map(|d| &d["field"]).collect();
    assert_eq!(fields, ["variables.order", "variables.outra"]);

    let listed = shop.app.get(&format!("{PROMPTS}/variables")).await.json();
    let value = |name: &str| -> Value {
        let items = listed["items"].as_array().unwrap();
        items.iter().find(|item| item["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!((value("business_name"), value("customer_language")), (json!("Loja Sol"), Value::Null));
    shop.app.chat("Hello, how much does shipping to Boston cost?", "bob", &json!({})).await;
    let listed = shop.app.get(&format!("{PROMPTS}/variables?user_id=bob")).await.json();
    let language =
        listed["items"].as_array().unwrap().iter().find(|item| item["name"] == "customer_language");
    assert_eq!(language.unwrap()["value"], "English");
}

#[tokio::test]
async fn a_test_set_stands_before_production() {
    let acts = vec![says("Não sei dizer."), says("O frete custa R$ 12,00.")];
    let shop = Shop::with(acts, draft("O frete custa R$ 12,00.")).await;
    let none = shop.post("/tests/run", json!({})).await;
    assert_eq!((none.status.as_u16(), &none.json()["error"]), (409, &json!("conflict")));
    let case = json!({"input": "Quanto custa o frete?", "must_contain": ["R$ 12"], "language": "pt",
        "hand_over_expected": false});
    let set = shop.put("/tests", json!({"cases": [case]})).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let wrong = shop.put("/tests", json!({"cases": [{"input": ""}]})).await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json()["details"][0]["field"]),
        (400, &json!("cases[0].input"))
    );

    let refused = shop.post("/publish", json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let run = &refused.json()["tests"]["run"];
    assert_eq!((&run["failed"], &run["cases"][0]["passed"]), (&json!(1), &json!(false)));
    assert_eq!(shop.get("").await["production_version"], Value::Null);

    let published = shop.post("/publish", json!({})).await;
    assert_eq!(published.status, 200, "{}", published.text);
    shop.put("", draft("O frete custa R$ 12,00. Seja breve.")).await;
    let report = shop.post("/tests/run", json!({})).await.json();
    assert_eq!((&report["run"]["version"], &report["run"]["passed"]), (&json!(2), &json!(1)), "{report}");
    assert_eq!(report["production"]["version"], 1);
    assert_eq!(report["cost_difference_micro_usd"], 0, "the vendor reports the same tokens each time");
    let versions: Vec<Value> = shop.get("/tests/runs").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["version"].clone())
        .collect();
    assert_eq!(versions, [json!(2), json!(1)]);

    let usage = shop.app.get("/api/v1/ai/usage?group_by=operation").await.json();
    assert_eq!(usage["items"][0]["operation"], "prompt_test", "{usage}");
    assert_eq!(usage["items"][0]["requests"], 3);
    let conversations = shop.app.get("/api/v1/ai/conversations").await.json();
    assert_eq!(conversations["items"], json!([]));
}

#[tokio::test]
async fn tests_stop_at_the_budget_and_say_so() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![says("Claro!")]).await;
    let app = TestApp::builder()
        .vendor(Wire::OpenAI, &vendor)
        .settings(|settings| {
            settings.monthly_budget = pytake_assistant::money::PicoUsd::parse_usd("0.000001");
        })
        .start();
    let made = app.post(PROMPTS, draft("Seja breve.")).await.json();
    let path = format!("{PROMPTS}/{}", made["id"].as_str().unwrap());
    let cases =
        json!({"cases": [{"input": "Quero comprar um par de botas"}, {"input": "E um par de tênis?"}]});
    app.send("PUT", &format!("{path}/tests"), None, Some(cases)).await;
    let report = app.post(&format!("{path}/tests/run"), json!({})).await.json();
    assert_eq!(report["run"]["failed"], 2, "{report}");
    assert_eq!(vendor.calls(), 0, "the device answers at the cap, and that proves nothing about a prompt");
}

#[tokio::test]
async fn prompts_move_between_tenants_as_a_file() {
    let app = TestApp::builder().start();
    let (left, right) = (app.key("left", &[Scope::Prompts]).await, app.key("right", &[Scope::Prompts]).await);
    let body = json!({"name": "vendas", "template": "{{tom}} {{nome}}", "variables": ["nome"],
        "fields": [{"name": "tom", "label": "Tom", "value": "leve"}]});
    let made = app.send("POST", PROMPTS, Some(&left), Some(body)).await.json();
    let path = format!("{PROMPTS}/{}", made["id"].as_str().unwrap());
    let cases = json!({"cases": [{"input": "Oi", "language": "pt"}]});
    app.send("PUT", &format!("{path}/tests"), Some(&left), Some(cases)).await;
    let file = app.send("GET", &format!("{PROMPTS}/export"), Some(&left), None).await.json();
    assert_eq!((&file["version"], file["prompts"].as_array().unwrap().len()), (&json!(1), 1), "{file}");

    let import = async |more: Value| {
        let mut body = file.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = app.send("POST", &format!("{PROMPTS}/import"), Some(&right), Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["items"].clone()
    };
    assert_eq!(import(json!({"dry_run": true})).await[0]["outcome"], "created");
    let listed = app.send("GET", PROMPTS, Some(&right), None).await.json();
    assert_eq!(listed["items"], json!([]), "a dry run changes nothing");
    let outcomes = import(json!({})).await;
    assert_eq!(
        (&outcomes[0]["outcome"], &outcomes[0]["version"]),
        (&json!("created"), &json!(1)),
        "{outcomes}"
    );
    assert_eq!(import(json!({})).await[0]["outcome"], "unchanged");
    let mut changed = file["prompts"].clone();
    changed[0]["template"] = json!("{{tom}}: {{nome}}");
    changed.as_array_mut().unwrap().push(json!({"name": "outro", "template": "{{x}}"}));
    let outcomes = import(json!({"prompts": changed})).await;
    assert_eq!((&outcomes[0]["outcome"], &outcomes[0]["version"]), (&json!("updated"), &json!(2)));
    assert_eq!(
        (&outcomes[1]["outcome"], &outcomes[1]["details"][0]["field"]),
        (&json!("refused"), &json!("variables"))
    );
    let again = app.send("GET", &format!("{PROMPTS}/export"), Some(&right), None).await.json();
    assert_eq!(again["prompts"][0]["tests"], file["prompts"][0]["tests"]);
    let other = format!("{PROMPTS}/export?id={}", made["id"].as_str().unwrap());
    assert_eq!(app.send("GET", &other, Some(&right), None).await.status, 404, "another tenant's");
    for (method, rest, body) in [
        ("POST", "/publish", Some(json!({}))),
        ("POST", "/rollback", Some(json!({}))),
        ("GET", "/publications", None),
        ("GET", "/versions/1", None),
        ("GET", "/diff", None),
        ("PUT", "/fields", Some(json!({"values": {}}))),
        ("GET", "/tests", None),
        ("PUT", "/tests", Some(json!({"cases": []}))),
        ("POST", "/tests/run", Some(json!({}))),
        ("GET", "/tests/runs", None),
    ] {
        let answer = app.send(method, &format!("{path}{rest}"), Some(&right), body).await;
        assert_eq!(answer.status, 404, "{method} {rest}: {}", answer.text);
    }
}
