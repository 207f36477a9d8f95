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
async fn a_wrong_query_is_named() {
    let app = TestApp::open();
    let fields = async |query: &str| app.get(&format!("/api/v1/ai/usage?{query}")).await.fields();
    assert_eq!(fields("from=yesterday").await, ["from"]);
    assert_eq!(fields("to=2026-02-30").await, ["to"]);
    assert_eq!(fields("group_by=day,colour").await, ["group_by"]);
    assert_eq!(fields("from=2026-11-23&to=2026-11-22").await, ["from"]);
    assert_eq!(fields("form=2026-11-22").await, ["form"]);
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
