//! Answers that are given again: to whom, and to whom not.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::clock::TestClock;
use pytake_assistant::id::TenantId;
use pytake_assistant::money::PicoUsd;
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_assistant::{Author, Clock};
use pytake_testkit::{Act, FakeVendor, TestApp, Wire};
use serde_json::{Value, json};

const SHIPPING: &str = "O frete custa R$ 12,00.";
const QUESTION: &str = "Quanto custa o frete?";

fn reply(text: &str, action: &str) -> Act {
    let reply = json!({"reply": text, "action": action, "reason": "", "language": "pt", "used_facts": [], "choices": [],
        "confidence": 0.9});
    Act::Say(reply.to_string())
}

async fn shop(acts: Vec<Act>) -> (TestApp, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).with_answer_cache().start().with_shop().await;
    (app, vendor)
}

fn cached(answer: &Value) -> &str {
    answer["metadata"]["cached"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_equal_question_of_another_customer_costs_nothing() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    let first = app.chat(QUESTION, "ana", &json!({})).await.json();
    assert_eq!((cached(&first), &first["response"]), ("false", &json!(SHIPPING)), "{first}");
    let second = app.chat("  quanto custa o FRETE??", "bia", &json!({"conversation_id": "c2"})).await.json();
    assert_eq!((cached(&second), &second["response"]), ("exact", &json!(SHIPPING)), "{second}");
    assert_eq!(vendor.calls(), 1);
    assert_eq!((&second["provider"], &second["model"]), (&first["provider"], &first["model"]));
    assert_eq!(
        (&second["tokens_used"], &second["usage"]["cost_micro_usd"], &second["finish_reason"]),
        (&json!(0), &json!(0), &json!("stop"))
    );
    assert_eq!((&second["confidence"], &second["metadata"]["attempts"]), (&first["confidence"], &json!("0")));

    let stored = app.get("/api/v1/ai/conversations/c2").await.json();
    let trail = stored["messages"][1]["trail"].to_string();
    assert!(trail.contains("reuse") && trail.contains(first["message_id"].as_str().unwrap()), "{trail}");
    let usage = app.get("/api/v1/ai/usage/bia").await.json();
    assert_eq!((&usage["total_requests"], &usage["total_tokens"]), (&json!(1), &json!(0)), "{usage}");
}

#[tokio::test]
async fn what_is_saved_is_booked_under_the_model_that_was_paid() {
    // The vendor answers under another name than the one it was asked by.
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    let asked = json!({"preferred_provider": "openai", "model": "gpt-6-luna-mini"});
    for (user, expected) in [("ana", "false"), ("bia", "exact")] {
        let answer = app.chat(QUESTION, user, &asked).await.json();
        assert_eq!((cached(&answer), &answer["model"]), (expected, &json!("gpt-6-luna")), "{answer}");
    }
    assert_eq!(vendor.calls(), 1);
    let sums = app.get("/api/v1/ai/usage?group_by=model").await.json();
    assert_eq!(sums["items"].as_array().map(Vec::len), Some(1), "{sums}");
    assert_eq!(
        (&sums["items"][0]["model"], &sums["items"][0]["cached_answers"]),
        (&asked["model"], &json!(1))
    );
}

#[tokio::test]
async fn a_stream_gets_the_whole_answer_and_gives_it_on() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    for (user, expected) in [("ana", "false"), ("bia", "exact")] {
        let answer = app.chat(QUESTION, user, &json!({"stream": true})).await;
        let events = answer.events();
        let text: String = events
            .iter()
            .filter(|(name, _)| name == "delta")
            .map(|(_, data)| data["text"].as_str().unwrap_or_default())
            .collect();
        let (name, done) = events.last().unwrap();
        assert_eq!(
            (name.as_str(), cached(done), text.as_str()),
            ("done", expected, SHIPPING),
            "{}",
            answer.text
        );
    }
    assert_eq!(vendor.calls(), 1);
    let whole = app.chat(QUESTION, "caio", &json!({})).await.json();
    assert_eq!((cached(&whole), vendor.calls()), ("exact", 1));
}

#[tokio::test]
async fn what_an_answer_depends_on_is_never_mixed() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    app.chat(QUESTION, "ana", &json!({})).await;
    for more in [
        json!({"temperature": 0.1}),
        json!({"max_tokens": 99}),
        json!({"model": "gpt-6-luna"}),
        json!({"preferred_provider": "openai"}),
        json!({"preferred_provider": "openai", "fallback": false}),
        json!({"context": {"system_prompt": "Be brief."}}),
        json!({"context": {"system_prompt": "Be kind."}}),
        json!({"context": {"plan": "gold"}}),
    ] {
        let before = vendor.calls();
        let answer = app.chat(QUESTION, "bia", &more).await.json();
        assert_eq!((cached(&answer), vendor.calls()), ("false", before + 1), "{more}");
    }
    let english = app.chat("How much is shipping?", "bob", &json!({})).await.json();
    assert_eq!(cached(&english), "false");
}

#[tokio::test]
async fn a_change_of_the_business_ends_its_answers() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    app.chat(QUESTION, "ana", &json!({})).await;
    let profile = TenantProfile { business_name: "Loja Lua".to_owned(), ..TenantProfile::default() };
    app.assistant.put_profile(&TenantId::default_tenant(), profile, Edit::by(Author::open())).await.unwrap();
    let answer = app.chat(QUESTION, "bia", &json!({})).await.json();
    assert_eq!((cached(&answer), vendor.calls()), ("false", 2));
}

#[tokio::test]
async fn a_conversation_with_a_past_is_answered_for_itself() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    app.chat(QUESTION, "ana", &json!({"conversation_id": "c"})).await;
    let again = app.chat(QUESTION, "ana", &json!({"conversation_id": "c"})).await.json();
    assert_eq!((cached(&again), vendor.calls()), ("false", 2));
}

#[tokio::test]
async fn what_is_personal_is_neither_kept_nor_asked_for() {
    let (app, vendor) = shop(vec![reply("Claro, vamos ver isso.", "continue")]).await;
    for question in [
        "Meu pedido 4821337 já saiu?",
        "Meu e-mail é ana@example.com, recebeu?",
        "Vocês estão abertos agora?",
        "Me liga no (11) 98765-4321?",
    ] {
        for user in ["ana", "bia"] {
            let answer = app.chat(question, user, &json!({})).await.json();
            assert_ne!(cached(&answer), "exact", "{question}: {answer}");
        }
    }
    assert!(vendor.calls() >= 8, "everybody was answered by the model");
}

#[tokio::test]
async fn an_answer_that_asks_hands_over_or_doubts_is_not_kept() {
    let unsure = json!({"reply": "Talvez.", "action": "continue", "reason": "", "language": "pt", "used_facts": [],
        "choices": [], "confidence": 0.1});
    for act in [
        reply("Para qual cidade?", "ask"),
        reply("Uma pessoa ajuda.", "hand_over"),
        Act::Say(unsure.to_string()),
        reply("Ligue para (11) 91234-5678.", "continue"),
    ] {
        let (app, _vendor) = shop(vec![act.clone()]).await;
        for user in ["ana", "bia"] {
            let answer = app.chat("Vocês entregam em Recife?", user, &json!({})).await.json();
            assert_eq!(cached(&answer), "false", "{act:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_stored_is_read_and_not_kept() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    let unstored = json!({"store": false});
    for _ in 0..2 {
        let answer = app.chat(QUESTION, "ana", &unstored).await.json();
        assert_eq!(cached(&answer), "false");
    }
    app.chat(QUESTION, "bia", &json!({})).await;
    let answer = app.chat(QUESTION, "ana", &unstored).await.json();
    assert_eq!((cached(&answer), vendor.calls()), ("exact", 3));
}

#[tokio::test]
async fn answers_grow_old() {
    let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply(SHIPPING, "continue")]).await;
    let app = TestApp::builder()
        .vendor(Wire::OpenAI, &vendor)
        .with_answer_cache()
        .clock(Arc::new(clock.clone()) as Arc<dyn Clock>)
        .start()
        .with_shop()
        .await;
    app.chat(QUESTION, "ana", &json!({})).await;
    clock.advance(Duration::from_secs(3_599));
    assert_eq!(cached(&app.chat(QUESTION, "bia", &json!({})).await.json()), "exact");
    clock.advance(Duration::from_secs(1));
    assert_eq!(cached(&app.chat(QUESTION, "caio", &json!({})).await.json()), "false");
}

#[tokio::test]
async fn tenants_do_not_share_answers_and_one_can_forget_its_own() {
    use pytake_store::Scope;
    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply("Pode, sim.", "continue")]).await;
    let app =
        TestApp::builder().vendor(Wire::OpenAI, &vendor).with_answer_cache().with_keys_required().start();
    let (sol, lua) = (app.key("sol", &[Scope::Chat]).await, app.key("lua", &[Scope::Chat]).await);
    let ask = async |key: &str, user: &str| {
        let body = json!({"message": "Posso trocar uma camiseta?", "user_id": user});
        let answer = app.send("POST", "/api/v1/ai/chat", Some(key), Some(body)).await.json();
        cached(&answer).to_owned()
    };
    assert_eq!(ask(&sol, "ana").await, "false");
    assert_eq!(ask(&lua, "ana").await, "false");
    assert_eq!((ask(&sol, "bia").await, ask(&lua, "bia").await), ("exact".to_owned(), "exact".to_owned()));
    app.assistant.forget_kept_answers(&TenantId::new("sol").unwrap()).await;
    assert_eq!((ask(&sol, "caio").await, ask(&lua, "caio").await), ("false".to_owned(), "exact".to_owned()));
    assert_eq!(vendor.calls(), 3);
}

#[tokio::test]
async fn other_words_for_the_same_get_an_answer_where_the_settings_want_it_and_from_nobody_else() {
    use pytake_store::Scope;
    const PLAIN: &str = "Vocês aceitam pix na loja?";
    const POLITE: &str = "Oi, boa tarde, vcs aceitam o pix na loja por favor?";
    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply("Aceitamos pix, sim.", "continue")]).await;
    let app =
        TestApp::builder().vendor(Wire::OpenAI, &vendor).with_answer_cache().with_keys_required().start();
    let scopes = [Scope::Chat, Scope::Read, Scope::Manage];
    let (sol, lua) = (app.key("sol", &scopes).await, app.key("lua", &scopes).await);
    let ask = async |key: &str, question: &str| {
        let body = json!({"message": question, "user_id": "ana"});
        let answer = app.send("POST", "/api/v1/ai/chat", Some(key), Some(body)).await.json();
        cached(&answer).to_owned()
    };
    let want = async |key: &str, is_similar_enabled: bool| {
        let settings = json!({"settings": {"cache": {"is_similar_enabled": is_similar_enabled}}});
        let answer = app.send("PUT", "/api/v1/settings", Some(key), Some(settings)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    assert_eq!([ask(&sol, PLAIN).await, ask(&sol, POLITE).await], ["false", "false"], "off until asked for");
    want(&sol, true).await;
    assert_eq!(ask(&sol, PLAIN).await, "false", "a change begins anew");
    assert_eq!([ask(&sol, POLITE).await, ask(&sol, PLAIN).await], ["similar", "exact"]);
    for other in ["Vocês não aceitam pix na loja?", "Vocês aceitam boleto na loja?"] {
        assert_eq!(ask(&sol, other).await, "false", "{other}");
    }
    assert_eq!(
        [ask(&lua, PLAIN).await, ask(&lua, POLITE).await],
        ["false", "false"],
        "another tenant's are its own"
    );
    want(&lua, true).await;
    assert_eq!(ask(&lua, POLITE).await, "false", "of others it gets nothing");
    let calls = vendor.calls();
    assert_eq!(ask(&sol, POLITE).await, "similar", "nobody's wish is another's");
    assert_eq!(vendor.calls(), calls);
    let usage = app.send("GET", "/api/v1/ai/usage", Some(&sol), None).await.json()["items"][0].clone();
    assert_eq!((&usage["cached_answers"], &usage["requests"]), (&json!(3), &json!(8)), "{usage}");
    // Twenty tokens at 0.1 USD a million and seven at 0.5, three times: 16.5.
    assert_eq!(usage["saved_micro_usd"], 17, "{usage}");
    want(&sol, false).await;
    assert_eq!([ask(&sol, PLAIN).await, ask(&sol, POLITE).await], ["false", "false"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_questions_at_once_ask_the_model_once() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    let calls: Vec<_> = (0..24)
        .map(|number| {
            let app = app.clone();
            tokio::spawn(async move { app.chat(QUESTION, &format!("user{number}"), &json!({})).await })
        })
        .collect();
    let mut fresh = 0;
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["response"]), (200, &json!(SHIPPING)));
        fresh += usize::from(cached(&answer.json()) == "false");
    }
    assert_eq!((fresh, vendor.calls()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_for_an_answer_that_is_not_for_them_asks_alone() {
    let (app, vendor) = shop(vec![reply("Para qual cidade?", "ask")]).await;
    let calls: Vec<_> = (0..6)
        .map(|number| {
            let app = app.clone();
            tokio::spawn(async move { app.chat(QUESTION, &format!("user{number}"), &json!({})).await })
        })
        .collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!((answer.status.as_u16(), cached(&answer.json())), (200, "false"));
    }
    assert_eq!(vendor.calls(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_that_fails_hands_on() {
    let broken = Act::error(Wire::OpenAI, 400, "invalid_request_error");
    let (app, vendor) = shop(vec![broken, reply(SHIPPING, "continue")]).await;
    let only = json!({"preferred_provider": "openai", "fallback": false});
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let (app, more) = (app.clone(), only.clone());
            tokio::spawn(async move { app.chat(QUESTION, &format!("user{number}"), &more).await })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 502]);
    assert_eq!(vendor.calls(), 2);
}

#[tokio::test]
async fn a_kept_answer_counts_against_the_day_and_is_given_at_the_budgets_cap() {
    let (app, vendor) = shop(vec![reply(SHIPPING, "continue")]).await;
    app.chat(QUESTION, "ana", &json!({})).await;
    assert_eq!(vendor.calls(), 1);

    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply(SHIPPING, "continue")]).await;
    let app = TestApp::builder()
        .vendor(Wire::OpenAI, &vendor)
        .with_answer_cache()
        .settings(|settings| {
            settings.daily_request_limit = 2;
            // The first call may cost so much at most that no second one fits.
            settings.monthly_budget = PicoUsd::parse_usd("0.04");
        })
        .start()
        .with_shop()
        .await;
    app.chat(QUESTION, "ana", &json!({})).await;
    for _ in 0..2 {
        assert_eq!(cached(&app.chat(QUESTION, "bia", &json!({})).await.json()), "exact");
    }
    let refused = app.chat(QUESTION, "bia", &json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (429, &json!("daily_limit_exceeded")));
    assert_eq!(vendor.calls(), 1);
}
