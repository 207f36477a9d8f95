//! `transcribe`: the form, its bounds, and who may send one.

use axum::body::Body;
use axum::http::{Method, Request, header};
use pytake_assistant::Settings;
use pytake_server::AuthMode;
use pytake_store::Scope;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const PATH: &str = "/api/v1/ai/transcribe";
/// The beginning of an MP3 file.
const SOUND: &[u8] = b"ID3\x04\0\0 a voice";

/// Names and values.
type Fields<'a> = &'a [(&'a str, &'a [u8])];

/// A form with these fields; `file` is one of them, if it is there.
fn form(fields: Fields<'_>) -> Request<Body> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let file_name =
            if *name == "file" { "; filename=\"nota.bin\"\r\ncontent-type: text/plain" } else { "" };
        let head = format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--limit--\r\n");
    posted("multipart/form-data; boundary=limit", Body::from(body))
}

fn posted(kind: &str, body: Body) -> Request<Body> {
    Request::builder().method(Method::POST).uri(PATH).header(header::CONTENT_TYPE, kind).body(body).unwrap()
}

async fn sent(fields: Fields<'_>) -> Answer {
    TestApp::open().send(form(fields)).await
}

#[tokio::test]
async fn what_was_said_has_its_documented_shape() {
    let answer = sent(&[("user_id", b"ana"), ("language", b"pt-BR"), ("file", SOUND)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut body = answer.json();
    assert!(body["processing_time_ms"].take().is_u64());
    let expected = json!({
        "text": "Oi, sou a Ana.", "truncated": false, "language": "pt", "seconds": 2.5,
        "provider": "hearing", "model": "hearing-1",
        "usage": {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "cost_micro_usd": null},
        "processing_time_ms": null,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_tenants_own_price_of_a_minute_counts_and_lets_a_budget_cover_recordings() {
    let app = TestApp::open();
    let price = |usd: &str| {
        json!({"settings": {
            "budget": {"day_micro_usd": 1_000_000},
            "prices": [{"provider": "hearing", "model": "hearing-1", "from": "2026-01-01", "usd_per_minute": usd}],
        }})
    };
    let fields: Fields<'_> = &[("user_id", b"ana"), ("file", SOUND)];
    let unpriced = json!({"settings": {"budget": {"day_micro_usd": 1_000_000}}});
    assert_eq!(app.put("/api/v1/settings", unpriced).await.status, 200);
    assert_eq!(app.send(form(fields)).await.status, 503, "no cap can hold what nobody can count");
    assert_eq!(app.put("/api/v1/settings", price("0.06")).await.status, 200);
    let answer = app.send(form(fields)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // 2.5 s at 0.06 USD a minute.
    assert_eq!(answer.json()["usage"]["cost_micro_usd"], 2_500);
    let refused = app.put("/api/v1/settings", price("6 cents")).await;
    assert_eq!(refused.fields(), ["settings.prices[0].usd_per_minute"]);
}

#[tokio::test]
async fn a_recording_in_which_nothing_is_said_is_an_error_of_its_own() {
    let answer = sent(&[("user_id", b"ana"), ("file", b"ID3\x04 silence")]).await;
    assert_eq!((answer.status.as_u16(), answer.error()), (422, "no_speech".to_owned()));
}

#[tokio::test]
async fn what_the_provider_says_of_itself_stays_here() {
    let answer = sent(&[("user_id", b"ana"), ("file", b"ID3\x04 provider down")]).await;
    assert_eq!((answer.status.as_u16(), answer.error()), (502, "provider_error".to_owned()));
    assert_eq!(answer.json()["attempts"][0]["kind"], "auth");
    assert!(!answer.text.contains("sk-secret"), "{answer:?}");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let long = "x".repeat(600);
    let rows: [(Fields<'_>, &[&str]); 10] = [
        (&[("user_id", b"ana"), ("file", b"")], &["file"]),
        (&[("user_id", b"ana"), ("file", b"<html>no sound</html>")], &["file"]),
        (&[("user_id", b"ana")], &["file"]),
        (&[("file", SOUND)], &["user_id"]),
        (&[("user_id", b" "), ("language", b"klingon"), ("file", SOUND)], &["user_id", "language"]),
        (&[("user_id", b"\xff"), ("file", SOUND)], &["user_id"]),
        (&[("user_id", long.as_bytes()), ("file", SOUND)], &["user_id"]),
        (&[("user_id", b"a"), ("user_id", b"b"), ("file", SOUND)], &["user_id"]),
        (&[("file", SOUND), ("file", SOUND), ("user_id", b"a")], &["file"]),
        (&[("model", b"whisper-1"), ("file", SOUND), ("user_id", b"a")], &["model"]),
    ];
    for (fields, expected) in rows {
        let answer = sent(fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_request".to_owned()),
            "{expected:?}"
        );
        assert_eq!(answer.fields(), expected);
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let app = TestApp::open();
    let json = posted("application/json", Body::from(r#"{"user_id": "ana"}"#));
    assert_eq!(app.send(json).await.status, 415);
    for (kind, body) in [
        ("multipart/form-data", "--limit--\r\n"),
        ("multipart/form-data; boundary=limit", ""),
        ("multipart/form-data; boundary=limit", "no form at all"),
        (
            "multipart/form-data; boundary=limit",
            "--limit\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\ncut",
        ),
    ] {
        let answer = app.send(posted(kind, Body::from(body))).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_request".to_owned()), "{body:?}");
    }
}

#[tokio::test]
async fn twenty_five_mebibytes_are_taken_and_no_more() {
    const LIMIT: usize = 25 << 20;
    let mut file = SOUND.to_vec();
    file.resize(LIMIT, 7);
    assert_eq!(sent(&[("user_id", b"ana"), ("file", &file)]).await.status, 200);
    file.push(7);
    let refused = sent(&[("user_id", b"ana"), ("file", &file)]).await;
    assert_eq!((refused.status.as_u16(), refused.error()), (413, "payload_too_large".to_owned()));
    assert_eq!(refused.json()["max_bytes"], LIMIT);
    let announced = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=limit")
        .header(header::CONTENT_LENGTH, 1_u64 << 40)
        .body(Body::from("--limit"))
        .unwrap();
    assert_eq!(TestApp::open().send(announced).await.status, 413);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_ends_is_not_waited_for() {
    let pending = futures::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
    let form = posted("multipart/form-data; boundary=limit", Body::from_stream(pending));
    let answer = TestApp::open().send(form).await;
    assert_eq!((answer.status.as_u16(), answer.error()), (408, "request_timeout".to_owned()));
}

#[tokio::test]
async fn a_key_needs_the_scope_chat_and_an_admin_may_name_the_tenant() {
    let app = TestApp::with(AuthMode::Required, Settings::default());
    let fields: [(&str, &[u8]); 3] = [("user_id", b"ana"), ("tenant_id", b"other"), ("file", SOUND)];
    assert_eq!(app.send(form(&fields)).await.status, 401);
    for (scope, status, used) in
        [(Scope::Analyze, 403, [404, 404]), (Scope::Chat, 200, [200, 404]), (Scope::Admin, 200, [200, 200])]
    {
        let key = app.key(&format!("{scope:?}"), "shop", &[scope]).await;
        let mut request = form(&fields);
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        assert_eq!(app.send(request).await.status, status, "{scope:?}");
        for (tenant, status) in ["shop", "other"].into_iter().zip(used) {
            let reader = app.key(&format!("{scope:?}-{tenant}"), tenant, &[Scope::Read]).await;
            let usage = app.as_key(&reader, Method::GET, "/api/v1/ai/usage/ana", None::<Value>).await;
            assert_eq!(usage.status, status, "{scope:?} {tenant}");
        }
    }
}
