//! Limits hold exactly, also when many ask at once and when the process is killed.

use pytake_testkit::{Act, FakeVendor, TestApp, Wire};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_against_a_limit_of_ten_admit_exactly_ten() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![Act::Say("Claro, posso ajudar.".into())]).await;
    let app = TestApp::builder()
        .vendor(Wire::OpenAI, &vendor)
        .settings(|settings| settings.daily_request_limit = 10)
        .start();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.chat("Oi, tudo bem?", "ana", &json!({})).await })
        })
        .collect();
    let mut answered = 0;
    for call in calls {
        let answer = call.await.unwrap();
        match answer.status.as_u16() {
            200 => answered += 1,
            429 => {
                assert_eq!(answer.json()["error"], "daily_limit_exceeded");
                assert_eq!(answer.json()["scope"], "user");
                assert!(answer.headers.contains_key("retry-after"));
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert_eq!(answered, 10);
    assert_eq!(vendor.calls(), 10, "what is refused is not sent");
    let usage = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!(usage["total_requests"], 10, "{usage}");
    assert_eq!(usage["remaining_today"], 0);
    assert_eq!(usage["input_tokens"], 200, "the vendor's own numbers");
}

#[tokio::test]
async fn at_the_monthly_cap_nothing_paid_is_called_any_more() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![Act::Say("Claro, posso ajudar.".into())]).await;
    let app = TestApp::builder()
        .vendor(Wire::OpenAI, &vendor)
        .settings(|settings| {
            settings.monthly_budget = pytake_assistant::money::PicoUsd::parse_usd("0.000001");
        })
        .start()
        .with_shop()
        .await;
    let answer = app.chat("Quanto custa o frete?", "ana", &json!({})).await;
    assert_eq!(answer.json()["provider"], "local", "{}", answer.text);
    let only = json!({"preferred_provider": "openai", "fallback": false});
    let refused = app.chat("Quanto custa o frete?", "ana", &only).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (429, &json!("budget_exceeded")));
    assert_eq!(vendor.calls(), 0);
}

#[tokio::test]
async fn a_conversation_runs_one_turn_at_a_time_and_remembers() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![Act::Say("Claro, posso ajudar.".into())]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let in_conversation = json!({"conversation_id": "c1"});
    let calls: Vec<_> = (0..5)
        .map(|number| {
            let (app, more) = (app.clone(), in_conversation.clone());
            tokio::spawn(
                async move { app.chat(&format!("Pergunta {number} sobre velas"), "ana", &more).await },
            )
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status, 200);
    }
    let stored = app.get("/api/v1/ai/conversations/c1").await.json();
    let roles: Vec<_> = stored["messages"].as_array().unwrap().iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant"].repeat(5), "questions and answers alternate: {stored}");
    let lengths: Vec<_> = vendor.bodies().iter().map(|b| b["messages"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [2, 4, 6, 8, 10], "each turn saw all turns before it");
}
