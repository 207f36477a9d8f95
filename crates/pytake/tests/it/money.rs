//! Money from end to end: caps hold when many ask at once, what happens at them, and every count of it agrees with the
//! vendors' own.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::Settings;
use pytake_assistant::clock::TestClock;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{Ledger, UsageKey, UsageQuery};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::tenant::{AtCap, ModelChoice, TenantBudget, TenantPrice, TenantSettings};
use pytake_store::Audit;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_testkit::{Act, FakeVendor, TestApp, TestAppBuilder, Tokens, Wire};
use serde_json::{Value, json};
use tempfile::TempDir;

/// OpenAI's default model, at the catalog's price in pico-USD.
const INPUT: i64 = 100_000;
const CACHED: i64 = 10_000;
const OUTPUT: i64 = 500_000;

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
    let vendor =
        FakeVendor::start(Wire::OpenAI, answering(Tokens { input: 1_000, cached: 0, output: 2_000 })).await;
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
        input_usd_per_million: usd.to_owned(),
        cached_usd_per_million: None,
        output_usd_per_million: usd.to_owned(),
    }
}

#[tokio::test]
async fn at_the_cap_the_cheaper_model_answers_at_the_tenants_own_price_then_the_device() {
    let tokens = Tokens { input: 1_000, cached: 0, output: 1_000 };
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
async fn marks_of_a_budget_are_told_as_they_are_passed() {
    // 1,500 micro-USD an answer.
    let vendor =
        FakeVendor::start(Wire::OpenAI, answering(Tokens { input: 15_000, cached: 0, output: 0 })).await;
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

/// What the router allows the answer to its question whether a provider works again; no other call here has it.
const PROBE_TOKENS: u32 = 256;

/// What vendors may do on the days of a month, over and over.
fn month_of(wire: Wire) -> Vec<Act> {
    let tokens = |n: u64| Tokens { input: 900 + n, cached: n * 7 % 400, output: 30 + n % 17 };
    let said = |n, text: &str| Act::Bill(text.to_owned(), tokens(n));
    let mut acts = Vec::new();
    for n in 0..40 {
        acts.push(said(n * 5, "Claro, posso ajudar."));
        // An invented link is not fit to send: it is billed, and asked for again.
        acts.push(said(n * 5 + 1, "Veja tudo em https://loja-inventada.example/frete agora."));
        acts.push(said(n * 5 + 2, "Posso ajudar com isso, sim."));
        if n % 5 == 0 {
            acts.push(Act::error(wire, 500, "server_error"));
        }
        if n % 7 == 0 {
            acts.push(Act::rate_limited(wire, 1));
        }
        if n % 6 == 0 && wire == Wire::OpenAI {
            acts.push(Act::Refuse(tokens(n * 5 + 3)));
        }
    }
    acts.push(said(999, "Claro, posso ajudar."));
    acts
}

/// The month as the vendors counted it: calls, tokens, and what they cost.
#[derive(Debug, Default, PartialEq)]
struct Month {
    calls: u64,
    usage: TokenUsage,
    cost: PicoUsd,
}

fn counted(vendor: &FakeVendor, cost: impl Fn(&TokenUsage) -> PicoUsd) -> Month {
    let mut month = Month::default();
    for (body, tokens) in vendor.billed() {
        // The question whether a provider works again is asked for nobody, and booked to nobody.
        if [&body["max_completion_tokens"], &body["max_tokens"]].contains(&&json!(PROBE_TOKENS)) {
            continue;
        }
        let usage = TokenUsage {
            input_tokens: tokens.input,
            cached_tokens: tokens.cached,
            output_tokens: tokens.output,
            ..TokenUsage::default()
        };
        month.calls += 1;
        month.usage += usage;
        month.cost += cost(&usage);
    }
    month
}

/// All pages of the bookings.
async fn every_booking(app: &TestApp) -> Vec<Value> {
    let mut listed: Vec<Value> = Vec::new();
    let mut path = "/api/v1/ai/usage/requests?limit=200".to_owned();
    loop {
        let page = app.get(&path).await.json();
        listed.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return listed };
        path = format!("/api/v1/ai/usage/requests?limit=200&cursor={next}");
    }
}

#[tokio::test]
async fn a_simulated_month_agrees_with_the_vendors_own_numbers_to_the_last_unit() {
    let openai = FakeVendor::start(Wire::OpenAI, month_of(Wire::OpenAI)).await;
    let anthropic = FakeVendor::start(Wire::Anthropic, month_of(Wire::Anthropic)).await;
    let clock = TestClock::at("2026-12-01T08:00:00Z".parse().unwrap());
    let builder = TestApp::builder()
        .vendor(Wire::OpenAI, &openai)
        .vendor(Wire::Anthropic, &anthropic)
        .clock(Arc::new(clock.clone()))
        .settings(|settings: &mut Settings| settings.history_messages = 2);
    let settings = budget(TenantBudget {
        day_micro_usd: Some(50_000_000),
        month_micro_usd: Some(900_000_000),
        user_day_micro_usd: Some(40_000_000),
        user_month_micro_usd: Some(800_000_000),
        ..TenantBudget::default()
    });
    let (app, _folder) = app_with(&settings, builder).await;
    for day in 0..30 {
        for (n, user) in ["ana", "bia"].into_iter().enumerate() {
            let place = format!("de-{user}");
            let kept = json!({"conversation_id": place});
            app.chat("Vocês entregam em Recife?", user, &kept).await;
            app.chat("E quanto tempo leva?", user, &json!({"conversation_id": place, "stream": true})).await;
            app.chat("Obrigada!", user, &json!({"store": false, "preferred_provider": "anthropic"})).await;
            if (day + n) % 3 == 0 {
                let body = json!({"message": "O pedido não chegou.", "user_id": user,
                    "analysis_type": ["sentiment"], "engine": "provider"});
                app.post("/api/v1/ai/analyze", body).await;
            }
        }
        clock.advance(Duration::from_hours(23));
    }
    app.assistant.drain().await;
    let now = pytake_assistant::Clock::now(&clock);
    let tenant = TenantId::default_tenant();

    let catalog = pytake_providers::catalog();
    let day = "2026-12-15".parse().unwrap();
    let luna = |usage: &TokenUsage| {
        let of = |tokens: u64, rate: i64| i64::try_from(tokens).unwrap() * rate;
        let fresh = usage.input_tokens - usage.cached_tokens;
        PicoUsd(of(fresh, INPUT) + of(usage.cached_tokens, CACHED) + of(usage.output_tokens, OUTPUT))
    };
    let haiku = pytake_providers::DEFAULT_ANTHROPIC_MODEL;
    let of_anthropic = |usage: &TokenUsage| catalog.cost("anthropic", haiku, usage, day).unwrap();
    let vendors = [("openai", counted(&openai, luna)), ("anthropic", counted(&anthropic, of_anthropic))];
    assert!(vendors.iter().all(|(_, month)| month.calls > 20), "{vendors:?}");

    // The ledger, call by call, as the API lists it.
    let listed = every_booking(&app).await;
    for (name, month) in &vendors {
        let mut found = Month::default();
        for call in listed.iter().filter(|call| call["provider"] == *name) {
            found.calls += 1;
            found.usage += TokenUsage {
                input_tokens: call["input_tokens"].as_u64().unwrap(),
                cached_tokens: call["cached_tokens"].as_u64().unwrap(),
                output_tokens: call["output_tokens"].as_u64().unwrap(),
                ..TokenUsage::default()
            };
            found.cost += PicoUsd(call["cost_pico_usd"].as_i64().unwrap());
        }
        assert_eq!(&found, month, "{name}: the ledger");
    }

    // The roll-up and the ledger, summed by every key.
    let keys = [UsageKey::Provider, UsageKey::Day, UsageKey::User, UsageKey::Model, UsageKey::Operation];
    for many in 0..=keys.len() {
        let query = UsageQuery { group_by: keys[..many].to_vec(), ..UsageQuery::default() };
        let rolled_up = app.store.usage(&tenant, query.clone()).await.unwrap();
        assert_eq!(rolled_up, app.store.usage_from_ledger(&tenant, query).await.unwrap());
    }
    let by_provider = UsageQuery { group_by: vec![UsageKey::Provider], ..UsageQuery::default() };
    for row in app.store.usage(&tenant, by_provider).await.unwrap() {
        let Some((name, month)) = vendors.iter().find(|(name, _)| row.provider.as_deref() == Some(*name))
        else {
            assert_eq!(row.cost, PicoUsd::ZERO, "{row:?}");
            continue;
        };
        assert_eq!((row.usage, row.cost, row.unpriced_calls), (month.usage, month.cost, 0), "{name}");
    }
    let by_operation = UsageQuery { group_by: vec![UsageKey::Operation], ..UsageQuery::default() };
    let operations = app.store.usage(&tenant, by_operation).await.unwrap();
    assert!(operations.len() >= 3, "chats, analyses and summaries: {operations:?}");
    let whole = app.store.usage(&tenant, UsageQuery::default()).await.unwrap().remove(0);
    assert!(whole.failed_calls > 10 && whole.failed_cost > PicoUsd::ZERO, "{whole:?}");

    // The budgets.
    let cost = vendors[0].1.cost + vendors[1].1.cost;
    let mut of_users = PicoUsd::ZERO;
    for user in ["ana", "bia"] {
        let spending = app.store.spending(&tenant, Some(&UserId::new(user).unwrap()), now).await.unwrap();
        assert_eq!(spending.tenant_month, cost);
        assert_eq!((spending.tenant_claimed, spending.user_claimed), (PicoUsd::ZERO, PicoUsd::ZERO));
        of_users += spending.user_month;
    }
    assert_eq!(of_users, cost);
    let mut of_days = PicoUsd::ZERO;
    for day in 0..30 {
        let at = now - jiff::SignedDuration::from_hours(24 * day);
        of_days += app.store.spending(&tenant, None, at).await.unwrap().tenant_day;
    }
    assert_eq!(of_days, cost, "the days together are the month");
}
