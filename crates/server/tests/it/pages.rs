//! What a browser or a scraper asks for.

use serde_json::Value;

use crate::app::TestApp;

#[tokio::test]
async fn the_page_and_its_policy_fit_together() {
    let app = TestApp::open();
    let page = app.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").contains("script-src 'sha256-"));
}

#[tokio::test]
async fn the_documentation_finds_its_document_and_its_files() {
    let app = TestApp::open();
    let index = app.get("/docs").await;
    assert_eq!(index.status, 200);
    for tag in ["href=\"", "src=\""] {
        for file in index.text.split(tag).skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = format!("/docs/{}", file.trim_start_matches("./").trim_start_matches("/docs/"));
            assert_eq!(app.get(&path).await.status, 200, "{path}");
        }
    }
    let start = app.get("/docs/swagger-initializer.js").await.text;
    assert!(start.contains("/api-docs/openapi.json"));
    let document = app.get("/api-docs/openapi.json").await.json();
    assert_eq!(document, serde_json::from_str::<Value>(&pytake_server::openapi()).unwrap());
    assert_eq!(app.get("/docs/nothing.js").await.error(), "not_found");
}

#[tokio::test]
async fn requests_are_counted_by_route_not_by_id() {
    let recorder = pytake_server::recorder().unwrap();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::open();
    app.get("/api/v1/ai/usage/ana").await;
    app.get("/nothing").await;
    let shown = handle.render();
    let line =
        "pytake_http_requests_total{method=\"GET\",route=\"/api/v1/ai/usage/{user_id}\",status=\"404\"} 1";
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("route=\"(none)\"") && !shown.contains("ana"), "{shown}");
}

#[tokio::test]
async fn a_working_server_is_ready() {
    let app = TestApp::open();
    assert_eq!(app.get("/health/live").await.json()["status"], "ok");
    assert_eq!(app.get("/health/ready").await.json()["status"], "ok");
    assert_eq!(app.get("/metrics").await.status, 200);
}
