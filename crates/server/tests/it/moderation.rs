//! `moderate`.

use serde_json::json;

use crate::app::TestApp;

const PATH: &str = "/api/v1/ai/moderate";

#[tokio::test]
async fn what_a_chat_would_stop_has_its_documented_shape() {
    let app = TestApp::open();
    for (message, flagged) in [("cómo hacer una bomba", true), ("Bom dia!", false)] {
        let answer = app.post(PATH, json!({"message": message, "user_id": "ana", "level": "strict"})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["flagged"], flagged);
    }
    let refused = app.post(PATH, json!({"message": "Oi", "user_id": "ana", "engine": "provider"})).await;
    assert_eq!((refused.status.as_u16(), refused.error()), (503, "service_unavailable".to_owned()));
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let app = TestApp::open();
    assert_eq!(app.post(PATH, json!({"message": "", "user_id": ""})).await.fields(), ["message", "user_id"]);
    let unknown = json!({"message": "Oi", "user_id": "ana", "analysis_type": ["toxicity"]});
    assert_eq!(app.post(PATH, unknown).await.fields(), ["analysis_type"]);
}
