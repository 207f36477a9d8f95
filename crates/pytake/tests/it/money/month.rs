//! A month of two customers at two vendors: the ledger, its sums and the budgets agree with what the vendors counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::Settings;
use pytake_assistant::clock::TestClock;
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{Ledger, UsageKey, UsageQuery};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::router::RouterConfig;
use pytake_assistant::tenant::TenantBudget;
use pytake_store::Audit;
use pytake_testkit::{Act, FakeVendor, TestApp, Tokens, Wire};
use serde_json::{Value, json};

use super::{app_with, budget};

/// OpenAI's and Anthropic's default models, at the catalog's price in pico-USD.
const INPUT: i64 = 100_000;
const CACHED: i64 = 10_000;
const WRITTEN: i64 = 125_000;
/// Anthropic's only.
const WRITTEN_LONG: i64 = 200_000;
const OUTPUT: i64 = 500_000;

/// What the router allows the answer to its question whether a provider works again; no other call here has it.
const PROBE_TOKENS: u32 = 256;

/// What vendors may do on the days of a month, over and over.
fn month_of(wire: Wire) -> Vec<Act> {
    let tokens = |n: u64| Tokens {
        input: 900 + n,
        cached: n * 7 % 400,
        written: n * 11 % 300,
        written_long: if wire == Wire::Anthropic { n * 13 % 200 } else { 0 },
        output: 30 + n % 17,
    };
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

fn counted(vendor: &FakeVendor) -> Month {
    let mut month = Month::default();
    for (body, tokens) in vendor.billed() {
        // The question whether a provider works again is asked for nobody, and booked to nobody.
        if [&body["max_completion_tokens"], &body["max_tokens"]].contains(&&json!(PROBE_TOKENS)) {
            continue;
        }
        let Tokens { input, cached, written, written_long, output } = tokens;
        let of = |tokens: u64, rate: i64| i64::try_from(tokens).unwrap() * rate;
        let classes = [
            of(input - cached - written - written_long, INPUT),
            of(cached, CACHED),
            of(written, WRITTEN),
            of(written_long, WRITTEN_LONG),
            of(output, OUTPUT),
        ];
        month.calls += 1;
        month.usage += TokenUsage {
            input_tokens: input,
            cached_tokens: cached,
            cache_write_tokens: written,
            cache_write_long_tokens: written_long,
            output_tokens: output,
            ..TokenUsage::default()
        };
        month.cost += PicoUsd(classes.iter().sum());
    }
    month
}

/// Customers, and the answers that are given again among what they are told.
#[derive(Default)]
struct Told {
    /// The last answer that a vendor gave to a question, as its message.
    fresh: BTreeMap<String, String>,
    /// For each answer that was given again, the message it was first given as.
    again: Vec<String>,
}

impl Told {
    async fn ask(&mut self, app: &TestApp, message: &str, user: &str, more: &Value) {
        let answer = app.chat(message, user, more).await;
        let answer = match more["stream"].as_bool() {
            Some(true) => answer.events().pop().unwrap_or_default().1,
            Some(false) | None => answer.json(),
        };
        match answer["metadata"]["cached"].as_str() {
            Some("exact") => self.again.push(self.fresh[message].clone()),
            Some("false") if more["store"] != false => {
                let id = answer["message_id"].as_str().unwrap().to_owned();
                self.fresh.insert(message.to_owned(), id);
            }
            // Not kept, or no answer at all.
            _ => {}
        }
    }

    /// What the answers that were given again had cost the first time.
    fn saved(&self, paid: &[&Value]) -> PicoUsd {
        let first_cost = |message: &String| {
            let is_it = |call: &&&Value| call["message_id"] == *message && call["kind"] == "answer";
            PicoUsd(paid.iter().find(is_it).unwrap()["cost_pico_usd"].as_i64().unwrap())
        };
        self.again.iter().map(first_cost).sum()
    }
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

/// Thirty days of two customers.
async fn lived(app: &TestApp, clock: &TestClock) -> Told {
    let mut told = Told::default();
    for day in 0..30 {
        for (n, user) in ["ana", "bia"].into_iter().enumerate() {
            let place = format!("de-{user}");
            let kept = json!({"conversation_id": place});
            told.ask(app, "Vocês entregam em Recife?", user, &kept).await;
            let streamed = json!({"conversation_id": place, "stream": true});
            told.ask(app, "E quanto tempo leva?", user, &streamed).await;
            let unkept = json!({"store": false, "preferred_provider": "anthropic"});
            told.ask(app, "Obrigada!", user, &unkept).await;
            // What others were answered a moment ago, whole and streamed.
            let asked = "Quais formas de pagamento vocês aceitam?";
            told.ask(app, asked, user, &json!({"stream": n == 0})).await;
            if n == 1 {
                told.ask(app, asked, user, &json!({"store": false})).await;
            }
            if (day + n) % 3 == 0 {
                let body = json!({"message": "O pedido não chegou.", "user_id": user,
                    "analysis_type": ["sentiment"], "engine": "provider"});
                app.post("/api/v1/ai/analyze", body).await;
            }
        }
        clock.advance(Duration::from_hours(23));
    }
    told
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
        .with_answer_cache()
        // The clock stands still while a request runs: who waited for a pause to end would wait in vain.
        .router(RouterConfig { max_queue_wait: Duration::ZERO, ..RouterConfig::default() })
        .settings(|settings: &mut Settings| settings.history_messages = 2);
    let settings = budget(TenantBudget {
        day_micro_usd: Some(50_000_000),
        month_micro_usd: Some(900_000_000),
        user_day_micro_usd: Some(40_000_000),
        user_month_micro_usd: Some(800_000_000),
        ..TenantBudget::default()
    });
    let (app, _folder) = app_with(&settings, builder).await;
    let told = lived(&app, &clock).await;
    app.assistant.drain().await;
    let now = pytake_assistant::Clock::now(&clock);
    let tenant = TenantId::default_tenant();

    let vendors = [("openai", counted(&openai)), ("anthropic", counted(&anthropic))];
    assert!(vendors.iter().all(|(_, month)| month.calls > 20), "{vendors:?}");

    // The ledger, call by call, as the API lists it.
    let listed = every_booking(&app).await;
    let (again, paid): (Vec<&Value>, Vec<&Value>) = listed.iter().partition(|call| call["kind"] == "cached");
    for (name, month) in &vendors {
        let mut found = Month::default();
        for call in paid.iter().filter(|call| call["provider"] == *name) {
            found.calls += 1;
            found.usage += TokenUsage {
                input_tokens: call["input_tokens"].as_u64().unwrap(),
                cached_tokens: call["cached_tokens"].as_u64().unwrap(),
                output_tokens: call["output_tokens"].as_u64().unwrap(),
                ..TokenUsage::default()
            };
            found.cost += PicoUsd(call["cost_pico_usd"].as_i64().unwrap());
        }
        let usage = TokenUsage { cache_write_tokens: 0, cache_write_long_tokens: 0, ..month.usage };
        assert_eq!(found, Month { usage, ..*month }, "{name}: the ledger");
        assert!(month.usage.cached_tokens > 0 && month.usage.cache_write_tokens > 0, "{month:?}");
    }

    // What was given again cost nothing, and saved what its first call had cost.
    assert!(again.len() > 30, "{}", again.len());
    assert_eq!(again.len(), told.again.len());
    for call in &again {
        let numbers = ["input_tokens", "output_tokens", "cached_tokens", "cost_pico_usd"];
        assert!(numbers.iter().all(|number| call[number] == 0), "{call}");
    }
    let saved = told.saved(&paid);

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
    assert_eq!((whole.cached_answers, whole.saved), (again.len() as u64, saved));

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
