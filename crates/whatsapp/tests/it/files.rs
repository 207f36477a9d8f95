//! Files of customers: where they are fetched from, what is checked, and what each refusal says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pytake_assistant::channel::{FetchedMedia, MediaFailure, MediaKind, MediaRef, Messenger};
use sha2::{Digest, Sha256};

use crate::stand_in::{Reply, StandIn, access};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01";
const FOUND: &str =
    r#"{"messaging_product":"whatsapp","url":"{base}/file","mime_type":"image/jpeg","id":"77"}"#;
const NO_OBJECT: &str = r#"{"error":{"message":"Unsupported get request. Object with ID '77' does not exist","type":"GraphMethodException","code":100,"error_subcode":33}}"#;

fn media(url: Option<String>) -> MediaRef {
    MediaRef {
        id: "77".to_owned(),
        mime_type: Some("image/jpeg".to_owned()),
        sha256: Some(STANDARD.encode(Sha256::digest(JPEG))),
        file_name: None,
        url,
    }
}

async fn fetched(server: &StandIn, kind: MediaKind, media: &MediaRef) -> Result<FetchedMedia, MediaFailure> {
    server.client().fetch(&access(), kind, media).await
}

async fn after(replies: Vec<Reply>) -> (Result<FetchedMedia, MediaFailure>, Vec<String>) {
    let server = StandIn::start(replies).await;
    let result = fetched(&server, MediaKind::Image, &media(None)).await;
    (result, server.received().into_iter().map(|request| request.line).collect())
}

#[tokio::test]
async fn a_file_is_looked_up_fetched_and_known_by_its_bytes() {
    let server = StandIn::start(vec![Reply::json(200, FOUND), Reply::file(JPEG)]).await;
    let file = fetched(&server, MediaKind::Image, &media(None)).await.unwrap();
    assert_eq!((file.file.mime_type.as_str(), file.file.bytes.as_ref()), ("image/jpeg", JPEG));
    assert_eq!(file.sha256.len(), 64);
    let received = server.received();
    assert_eq!(received[0].line, "GET /v26.0/77?phone_number_id=106540352242922");
    assert_eq!(received[1].line, "GET /file");
    assert!(received.iter().all(|request| request.header("authorization") == Some("Bearer EAAtoken")));
}

#[tokio::test]
async fn the_webhooks_own_address_saves_a_call() {
    let server = StandIn::start(vec![Reply::file(JPEG)]).await;
    let media = media(Some(format!("{}/from-webhook", server.url)));
    fetched(&server, MediaKind::Image, &media).await.unwrap();
    assert_eq!(server.received()[0].line, "GET /from-webhook");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_address_of_a_strange_host_is_not_followed() {
    let strange = StandIn::start(vec![Reply::file(JPEG)]).await;
    let server = StandIn::start(vec![Reply::json(200, FOUND), Reply::file(JPEG)]).await;
    let file = fetched(&server, MediaKind::Image, &media(Some(format!("{}/x", strange.url)))).await;
    assert!(file.is_ok());
    let elsewhere = format!(r#"{{"url":"{}/x"}}"#, strange.url);
    let (result, _) = after(vec![Reply::json(200, &elsewhere)]).await;
    assert!(matches!(result, Err(MediaFailure::Refused(_))));
    let location: &'static str = "location: https://lookaside.fbsbx.com/x\r\n";
    let (result, _) = after(vec![Reply::json(200, FOUND), Reply::Whole(302, location, Vec::new())]).await;
    assert!(matches!(result, Err(MediaFailure::Refused(_))));
    assert!(strange.received().is_empty());
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_anew_and_then_given_up() {
    let gone = Reply::json(404, "");
    let found = Reply::json(200, FOUND);
    let (result, lines) = after(vec![found.clone(), gone.clone(), found.clone(), Reply::file(JPEG)]).await;
    assert!(result.is_ok());
    assert_eq!(lines.len(), 4);
    let (result, lines) = after(vec![found.clone(), gone.clone(), found.clone(), gone.clone(), found]).await;
    assert_eq!(result, Err(MediaFailure::Gone));
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn an_expired_address_of_the_webhook_is_asked_for_anew() {
    for status in [401, 403, 404, 410] {
        let server =
            StandIn::start(vec![Reply::json(status, ""), Reply::json(200, FOUND), Reply::file(JPEG)]).await;
        let media = media(Some(format!("{}/old", server.url)));
        assert!(fetched(&server, MediaKind::Image, &media).await.is_ok(), "{status}");
    }
}

#[tokio::test]
async fn what_meta_says_about_a_file_decides_what_happens() {
    let error = |code: i64| format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#);
    let (result, _) = after(vec![Reply::json(400, NO_OBJECT)]).await;
    assert_eq!(result, Err(MediaFailure::Gone));
    let (result, _) = after(vec![Reply::json(400, &error(131_052))]).await;
    assert_eq!(result, Err(MediaFailure::Gone));
    let (result, _) = after(vec![Reply::json(401, &error(190))]).await;
    assert!(matches!(result, Err(MediaFailure::Token(_))));
    for reply in [Reply::json(500, ""), Reply::json(400, &error(130_429)), Reply::Raw(Vec::new())] {
        let (result, _) = after(vec![reply]).await;
        assert!(matches!(result, Err(MediaFailure::Temporary(_))));
    }
}

#[tokio::test]
async fn a_download_that_the_token_may_not_have_stops_the_number() {
    let found = Reply::json(200, FOUND);
    let denied = Reply::json(403, "");
    let (result, _) = after(vec![found.clone(), denied.clone(), found, denied]).await;
    assert!(matches!(result, Err(MediaFailure::Token(_))));
}

#[tokio::test]
async fn a_file_that_is_cut_may_be_whole_next_time() {
    let (result, _) = after(vec![Reply::json(200, FOUND), Reply::cut(JPEG)]).await;
    assert!(matches!(result, Err(MediaFailure::Temporary(_))));
    let (result, _) = after(vec![Reply::json(200, FOUND), Reply::json(503, "")]).await;
    assert!(matches!(result, Err(MediaFailure::Temporary(_))));
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_and_while_reading() {
    let too_large = Err(MediaFailure::TooLarge { limit: 5 << 20 });
    for size in ["5242881", "\"5242881\""] {
        let said = format!(r#"{{"url":"{{base}}/file","file_size":{size}}}"#);
        let (result, lines) = after(vec![Reply::json(200, &said)]).await;
        assert_eq!((&result, lines.len()), (&too_large, 1));
    }
    let announced = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5242881\r\n\r\n\xff\xd8\xff".to_vec());
    assert_eq!(after(vec![Reply::json(200, FOUND), announced]).await.0, too_large);
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(endless.len() + (5 << 20) + 1, b'x');
    assert_eq!(after(vec![Reply::json(200, FOUND), Reply::Raw(endless)]).await.0, too_large);
}

#[tokio::test]
async fn a_file_that_is_not_what_was_announced_is_refused() {
    for other in [b"\xff\xd8\xff other".as_slice(), b"<!doctype html><html>", b""] {
        let (result, _) = after(vec![Reply::json(200, FOUND), Reply::file(other)]).await;
        assert!(matches!(result, Err(MediaFailure::Refused(_))), "{other:?}");
    }
    let server = StandIn::start(vec![Reply::json(200, FOUND), Reply::file(JPEG)]).await;
    let result = fetched(&server, MediaKind::Voice, &media(None)).await;
    assert!(matches!(result, Err(MediaFailure::Refused(_))), "a picture is no voice note");
}

#[tokio::test]
async fn an_id_that_is_no_id_asks_nobody() {
    let server = StandIn::start(vec![Reply::json(200, FOUND)]).await;
    let mut wrong = media(None);
    wrong.id = "../me?fields=id&x=".to_owned();
    let result = fetched(&server, MediaKind::Image, &wrong).await;
    assert!(matches!(result, Err(MediaFailure::Refused(_))));
    assert!(server.received().is_empty());
}
