//! Usage and provider states.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn what_was_used_is_told_per_customer_and_summed() {
    let app = TestApp::open();
    for user in ["ana", "ana", "bia"] {
        let body = json!({"message": "oi, tudo bem?", "user_id": user});
        assert_eq!(app.post("/api/v1/ai/chat", body).await.status, 200);
    }
    let hers = app.get("/api/v1/ai/usage/ana").await.json();
    assert_eq!((&hers["total_requests"], &hers["total_tokens"]), (&json!(2), &json!(84)));
    assert_eq!(hers["last_request"], "2026-11-22T12:00:00Z");

    let summed = app.get("/api/v1/ai/usage?group_by=day,user&from=2026-11-22&to=2026-11-22").await.json();
    let rows = summed["items"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["day"], &rows[0]["user"]), (&json!("2026-11-22"), &json!("ana")));
    assert_eq!((&rows[0]["input_tokens"], &rows[0]["unpriced_calls"]), (&json!(60), &json!(2)));
    assert!(rows[0]["cost_micro_usd"].is_null(), "an unknown price is not 0");
}

#[tokio::test]
async fn every_booked_call_is_listed_and_summed_by_conversation() {
    let app = TestApp::open();
    for place in ["c1", "c1", "c2"] {
        let body = json!({"message": "oi, tudo bem?", "user_id": "ana", "conversation_id": place});
        assert_eq!(app.post("/api/v1/ai/chat", body).await.status, 200);
    }
    let page = app.get("/api/v1/ai/usage/requests?limit=2").await.json();
    let next = page["next"].as_str().unwrap();
    assert_eq!(page["items"][0]["conversation_id"], "c2");
    assert_eq!(
        (&page["items"][0]["kind"], &page["items"][0]["cost_pico_usd"]),
        (&json!("answer"), &json!(null))
    );
    let rest = app.get(&format!("/api/v1/ai/usage/requests?limit=2&cursor={next}")).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    let of = async |query: &str| {
        let listed = app.get(&format!("/api/v1/ai/usage/requests?{query}")).await.json();
        listed["items"].as_array().unwrap().len()
    };
    assert_eq!(of("conversation_id=c1").await, 2);
    assert_eq!(of("user_id=ana&from=2026-11-22&to=2026-11-22").await, 3);
    assert_eq!(of("user_id=bia").await, 0);
    let summed = app.get("/api/v1/ai/usage?group_by=conversation").await.json();
    let rows: Vec<_> = summed["items"].as_array().unwrap().iter().collect();
    assert_eq!((&rows[0]["conversation"], &rows[0]["requests"]), (&json!("c1"), &json!(2)));
    let message = &page["items"][0]["message_id"];
    let stored = app.get("/api/v1/ai/conversations/c2").await.json();
    assert_eq!(&stored["messages"][1]["id"], message, "a booking names the message that came of it");
}

#[tokio::test]
async fn budgets_are_told_with_and_without_a_customer() {
    let app = TestApp::open();
    let all = app.get("/api/v1/ai/budget?user_id=ana").await.json();
    assert_eq!(all["budgets"].as_array().unwrap().len(), 4);
    let of_tenant = app.get("/api/v1/ai/budget").await.json();
    let budgets = of_tenant["budgets"].as_array().unwrap();
    let named: Vec<_> = budgets.iter().map(|budget| (&budget["scope"], &budget["period"])).collect();
    assert_eq!(named, [(&json!("tenant"), &json!("month")), (&json!("tenant"), &json!("day"))]);
    assert_eq!(budgets[0]["resets_at"], "2026-12-01T00:00:00Z");
    assert_eq!(budgets[1]["resets_at"], "2026-11-23T00:00:00Z");
    assert_eq!((&of_tenant["at_cap"], &budgets[0]["cap_micro_usd"]), (&json!("local"), &json!(null)));
    assert_eq!(of_tenant["unpriced_models"][0]["provider"], "obedient");
}

#[tokio::test]
async fn a_wrong_query_is_named() {
    let app = TestApp::open();
    let fields = async |query: &str| app.get(&format!("/api/v1/ai/usage?{query}")).await.fields();
    assert_eq!(fields("from=yesterday").await, ["from"]);
    assert_eq!(fields("to=2026-02-30").await, ["to"]);
    assert_eq!(fields("group_by=day,colour").await, ["group_by"]);
    assert_eq!(fields("from=2026-11-23&to=2026-11-22").await, ["from"]);
    assert_eq!(fields("form=2026-11-22").await, ["form"]);
    let listed = async |query: &str| app.get(&format!("/api/v1/ai/usage/requests?{query}")).await.fields();
    assert_eq!(listed("from=2026-11-23&to=2026-11-22").await, ["from"]);
    assert_eq!(listed("conversation_id=").await, ["conversation_id"]);
    assert_eq!(app.get("/api/v1/ai/budget?user_id=").await.fields(), ["user_id"]);
}

#[tokio::test]
async fn a_customer_nobody_saw_is_not_found() {
    let app = TestApp::open();
    for user in ["nobody", "%ff", &"x".repeat(129)] {
        let answer = app.get(&format!("/api/v1/ai/usage/{user}")).await;
        assert_eq!((answer.status.as_u16(), &*answer.error()), (404, "user_not_found"), "{user}");
    }
}

#[tokio::test]
async fn providers_tell_how_they_are_doing() {
    let app = TestApp::open();
    let listed = app.get("/api/v1/ai/providers").await.json();
    assert_eq!(listed["items"][0]["name"], "obedient");
}
