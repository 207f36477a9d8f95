//! Money from end to end: caps hold when many ask at once, what happens at them, and every count of it agrees with the
//! vendors' own.

mod month;

use std::sync::Arc;

use pytake_assistant::events::TenantEventKind;
use pytake_assistant::tenant::{AtCap, ModelChoice, TenantBudget, TenantPrice, TenantSettings};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::{Act, FakeVendor, TestApp, TestAppBuilder, Tokens, Wire};
use serde_json::{Value, json};
use tempfile::TempDir;

fn answering(tokens: Tokens) -> Vec<Act> {
    vec![Act::Bill("Claro, posso ajudar.".into(), tokens)]
}

/// An app whose default tenant has these settings, on a file, because settings are written to it beside the app.
async fn app_with(settings: &TenantSettings, builder: TestAppBuilder) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pytake.db");
    let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
    let json = serde_json::to_string(settings).unwrap();
    let change = "UPDATE tenants SET settings = ?1, version = version + 1 WHERE tenant_id = 'default'";
    rusqlite::Connection::open(&path).unwrap().execute(change, [json]).unwrap();
    (builder.store(Arc::new(store)).start().with_shop().await, folder)
}

fn budget(budget: TenantBudget) -> TenantSettings {
    TenantSettings { budget, ..TenantSettings::default() }
}

async fn spent(app: &TestApp, user: &str) -> Value {
    app.get(&format!("/api/v1/ai/budget?user_id={user}")).await.json()["budgets"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_paid_requests_at_once_against_money_for_ten_cost_no_more() {
    // One answer costs 1,000 × 0.1 + 2,000 × 0.5 = 1,100 micro-USD, ten of them the whole budget.
    let tokens = Tokens { input: 1_000, output: 2_000, ..Tokens::default() };
    let vendor = FakeVendor::start(Wire::OpenAI, answering(tokens)).await;
    let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor);
    let settings = budget(TenantBudget { user_day_micro_usd: Some(11_000), ..TenantBudget::default() });
    let (app, _folder) = app_with(&settings, builder).await;
    let ask = |user: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.chat("Quanto custa o frete?", user, &json!({})).await })
    };
    let calls: Vec<_> = (0..64).map(|_| ask("ana")).collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let provider = answer.json()["provider"].clone();
        assert!(provider == "openai" || provider == "local", "{provider}");
    }
    // One after the other the rest of the money is used as far as a claim fits.
    for _ in 0..12 {
        assert_eq!(ask("ana").await.unwrap().status, 200);
    }
    let paid = i64::try_from(vendor.calls()).unwrap();
    assert!((1..=10).contains(&paid), "{paid}");
    let budgets = spent(&app, "ana").await;
    let [month, user_month, day, user_day] = budgets.as_array().unwrap().as_slice() else {
        panic!("{budgets}")
    };
    for report in [month, user_month, day, user_day] {
        assert_eq!(report["spent_micro_usd"], paid * 1_100, "{report}");
        assert_eq!(report["reserved_micro_usd"], 0);
    }
    assert_eq!((&user_day["cap_micro_usd"], &day["cap_micro_usd"]), (&json!(11_000), &json!(null)));
    let bia = ask("bia").await.unwrap().json();
    assert_eq!(bia["provider"], "openai", "everybody has their own: {bia}");
}

fn price(model: &str, usd: &str) -> TenantPrice {
    TenantPrice {
        provider: "openai".to_owned(),
        model: model.to_owned(),
        from: "2026-01-01".parse().unwrap(),
        input_usd_per_million: Some(usd.to_owned()),
        cached_usd_per_million: None,
        output_usd_per_million: Some(usd.to_owned()),
        usd_per_minute: None,
    }
}

#[tokio::test]
async fn at_the_cap_the_cheaper_model_answers_at_the_tenants_own_price_then_the_device() {
    let tokens = Tokens { input: 1_000, output: 1_000, ..Tokens::default() };
    let vendor = FakeVendor::start(Wire::OpenAI, answering(tokens)).await;
    let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor);
    let mut settings = budget(TenantBudget {
        // Room for a claim at 0.1 USD per million tokens, and far too little at 100 USD.
        month_micro_usd: Some(2_000),
        at_cap: AtCap::CheaperModel,
        cheaper_model: Some(ModelChoice { provider: "openai".to_owned(), model: "mini".to_owned() }),
        ..TenantBudget::default()
    });
    settings.prices = vec![price("gpt-6-luna", "100"), price("mini", "0.1")];
    let (app, _folder) = app_with(&settings, builder).await;
    let first = app.chat("Quanto custa o frete?", "ana", &json!({})).await.json();
    assert_eq!((&first["provider"], &first["usage"]["cost_micro_usd"]), (&json!("openai"), &json!(200)));
    assert_eq!(vendor.bodies()[0]["model"], "mini");
    let mut providers = Vec::new();
    for _ in 0..10 {
        let answer = app.chat("Quanto custa o frete?", "ana", &json!({})).await.json();
        providers.push(answer["provider"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(providers.last().map(String::as_str), Some("local"), "{providers:?}");
    assert!(vendor.bodies().iter().all(|body| body["model"] == "mini"));
    assert!(vendor.calls() <= 10);
    let listed = app.get("/api/v1/ai/usage/requests?limit=200").await.json();
    let paid = listed["items"].as_array().unwrap().iter().filter(|call| call["provider"] == "openai");
    assert!(paid.clone().all(|call| call["cost_pico_usd"] == 2_000 * 100_000));
    assert_eq!(paid.count(), vendor.calls());
}

#[tokio::test]
async fn a_refusal_says_whose_money_of_which_period_is_used_up() {
    let vendor = FakeVendor::start(Wire::OpenAI, answering(Tokens::default())).await;
    let settings = budget(TenantBudget {
        user_day_micro_usd: Some(1),
        at_cap: AtCap::Refuse,
        ..TenantBudget::default()
    });
    let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor);
    let (app, _folder) = app_with(&settings, builder).await;
    let refused = app.chat("Quanto custa o frete?", "ana", &json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (429, &json!("budget_exceeded")));
    assert_eq!((&refused.json()["scope"], &refused.json()["period"]), (&json!("user"), &json!("day")));
    assert!(refused.json()["retry_after_ms"].as_u64().unwrap() <= 86_400_000);
    assert_eq!(vendor.calls(), 0);
    let usage = app.get("/api/v1/ai/usage/ana").await;
    assert_eq!(usage.status, 404, "a refused request is no request of the day: {}", usage.text);
    let kept = app.assistant.events().follow(Some(0)).0;
    let told: Vec<_> = kept.iter().filter(|event| event.kind == TenantEventKind::Budget).collect();
    assert_eq!(told.len(), 1);
    let expected = json!({"scope": "user", "period": "day", "percent": 100, "spent_micro_usd": 0,
        "cap_micro_usd": 1, "user_id": "ana"});
    assert_eq!(told[0].data, expected);
}

#[tokio::test]
async fn a_model_that_a_request_names_is_covered_too_or_not_asked() {
    let vendor = FakeVendor::start(Wire::OpenAI, answering(Tokens::default())).await;
    let settings = budget(TenantBudget { month_micro_usd: Some(1_000_000), ..TenantBudget::default() });
    let mut dear = settings.clone();
    dear.prices = vec![price("dear", "10000")];
    for (settings, model) in [(&settings, "gpt-99"), (&dear, "dear")] {
        let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor);
        let (app, _folder) = app_with(settings, builder).await;
        let named = json!({"preferred_provider": "openai", "model": model});
        let answer = app.chat("Quanto custa o frete?", "ana", &named).await.json();
        assert_eq!(answer["provider"], "local", "{model}: {answer}");
    }
    assert_eq!(vendor.calls(), 0);
}

#[tokio::test]
async fn a_stream_that_ends_in_an_error_is_booked_as_a_call_that_failed() {
    // The link is invented, and the customer has read the beginning by then: nothing can be asked for again.
    let text = "Trabalhamos com sapatos para toda a família, de todos os tamanhos, e temos muitos modelos bonitos na loja. \
        Veja tudo em https://loja-inventada.example/frete agora.";
    let tokens = Tokens { input: 1_000, output: 100, ..Tokens::default() };
    let vendor = FakeVendor::start(Wire::OpenAI, vec![Act::Bill(text.to_owned(), tokens)]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start().with_shop().await;
    let events = app.chat("Vocês têm sapatos?", "ana", &json!({"stream": true})).await.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"delta"), Some(&"error")), "{events:?}");
    let sums = app.get("/api/v1/ai/usage").await.json()["items"][0].clone();
    assert_eq!((&sums["requests"], &sums["failed_calls"]), (&json!(0), &json!(1)), "{sums}");
    assert_eq!((&sums["cost_micro_usd"], &sums["failed_cost_micro_usd"]), (&json!(150), &json!(150)));
    let listed = app.get("/api/v1/ai/usage/requests").await.json();
    assert_eq!(listed["items"][0]["kind"], "failed");
}

#[tokio::test]
async fn marks_of_a_budget_are_told_as_they_are_passed() {
    // 1,500 micro-USD an answer.
    let tokens = Tokens { input: 15_000, ..Tokens::default() };
    let vendor = FakeVendor::start(Wire::OpenAI, answering(tokens)).await;
    let settings = budget(TenantBudget { month_micro_usd: Some(30_000), ..TenantBudget::default() });
    let builder = TestApp::builder().vendor(Wire::OpenAI, &vendor);
    let (app, _folder) = app_with(&settings, builder).await;
    let mut told = Vec::new();
    for _ in 0..25 {
        app.chat("Quanto custa o frete?", "ana", &json!({})).await;
        let events = app.assistant.events().follow(Some(0)).0;
        let marks = events.iter().filter(|event| event.kind == TenantEventKind::Budget);
        told = marks
            .map(|event| (event.data["percent"].clone(), event.data["spent_micro_usd"].clone()))
            .collect();
    }
    assert_eq!(told[..2], [(json!(50), json!(15_000)), (json!(80), json!(24_000))], "{told:?}");
    assert_eq!(
        (told.len(), &told[2].0),
        (3, &json!(100)),
        "once, when a claim has no room any more: {told:?}"
    );
}
