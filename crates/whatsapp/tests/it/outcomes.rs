//! What is known about a message after each way in which sending it can end.

use std::time::Duration;

use pytake_assistant::channel::{Messenger, SendFailure, SendFailureKind as Kind};
use pytake_whatsapp::{WhatsApp, WhatsAppConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::stand_in::{Reply, StandIn, access, ana, client, text};

const ACCEPTED: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+5511999990000",
    "wa_id":"5511999990000"}],"messages":[{"id":"wamid.A="}]}"#;

async fn failed(client: &WhatsApp) -> SendFailure {
    client.send(&access(), &ana(), &text("Olá"), "outbox-1").await.unwrap_err()
}

async fn kind_after(reply: Reply) -> Kind {
    let server = StandIn::start(vec![reply]).await;
    failed(&server.client()).await.kind
}

#[tokio::test]
async fn an_accepted_message_has_an_id_and_an_address() {
    let server = StandIn::start(vec![Reply::json(200, ACCEPTED)]).await;
    let accepted = server.client().send(&access(), &ana(), &text("Olá"), "outbox-1").await.unwrap();
    assert_eq!(accepted.message_id, "wamid.A=");
    assert_eq!(accepted.recipient, ana());
    let received = &server.received()[0];
    assert_eq!(received.line, "POST /v26.0/106540352242922/messages");
    assert_eq!(received.header("authorization"), Some("Bearer EAAtoken"));
    assert_eq!(received.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = failed(&client(&format!("http://{address}"))).await;
    assert_eq!((failure.kind, failure.status), (Kind::NotSent, None));
}

#[tokio::test]
async fn without_encryption_nothing_was_sent() {
    // One that hangs up, and one that speaks plainly where encryption is expected.
    for says in ["", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(says.as_bytes()).await.ok();
            }
        });
        assert_eq!(failed(&client(&format!("https://{address}"))).await.kind, Kind::NotSent);
        server.abort();
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_a_header_sends_nothing() {
    let server = StandIn::start(vec![Reply::json(200, ACCEPTED)]).await;
    let mut access = access();
    access.access_token = "EAA\ntoken".into();
    let failure = server.client().send(&access, &ana(), &text("Olá"), "o").await.unwrap_err();
    assert_eq!(failure.kind, Kind::Token);
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_it_unknown() {
    let half_head = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec());
    let no_head = Reply::Raw(Vec::new());
    let nonsense = Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec());
    for reply in [no_head, half_head, nonsense] {
        assert_eq!(kind_after(reply.clone()).await, Kind::Unknown, "{reply:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_at_once_is_never_taken_for_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    // Whether the request was begun before the end was seen is up to the two machines.
    let failure = failed(&client(&format!("http://{address}"))).await;
    assert!(matches!(failure.kind, Kind::NotSent | Kind::Unknown), "{failure:?}");
    server.abort();
}

#[tokio::test]
async fn no_answer_in_time_leaves_it_unknown() {
    let server = StandIn::start(vec![Reply::Hang]).await;
    let client = WhatsApp::new(WhatsAppConfig {
        base_url: server.url.clone(),
        connect_timeout: Duration::from_millis(700),
        request_timeout: Duration::from_millis(800),
        ..WhatsAppConfig::default()
    });
    let failure = failed(&client.unwrap()).await;
    assert_eq!(failure.kind, Kind::Unknown);
    assert!(failure.message.starts_with("no answer in time"), "{failure}");
}

#[tokio::test]
async fn a_success_without_an_id_leaves_it_unknown() {
    let too_large = format!(r#"{{"messages":[{{"id":"wamid.A"}}],"x":"{}"}}"#, "x".repeat(1 << 20));
    let page = Reply::Whole(200, "content-type: text/html\r\n", b"<html>Sign in</html>".to_vec());
    let replies = [
        Reply::cut(ACCEPTED.as_bytes()),
        Reply::cut(br#"{"messages":[{"id":"wam"#),
        Reply::json(200, ""),
        Reply::json(200, r#"{"messages":[]}"#),
        Reply::json(200, &too_large),
        page,
    ];
    for reply in replies {
        assert_eq!(kind_after(reply).await, Kind::Unknown);
    }
}

#[tokio::test]
async fn an_error_of_meta_goes_by_its_code_and_is_told_without_personal_data() {
    let body = r#"{"error":{"message":"(#131056) Pair rate limit hit","type":"OAuthException","code":131056,
        "error_data":{"messaging_product":"whatsapp","details":"Too many messages to 5511999990000"},
        "fbtrace_id":"AbCdEf"}}"#;
    let reply = Reply::Whole(400, "retry-after: 7\r\ncontent-type: application/json\r\n", body.into());
    let server = StandIn::start(vec![reply]).await;
    let failure = failed(&server.client()).await;
    insta::assert_json_snapshot!(failure, @r#"
    {
      "kind": "pair_rate",
      "code": 131056,
      "status": 400,
      "message": "(#131056) Pair rate limit hit: Too many messages to [number]",
      "retry_after": {
        "secs": 7,
        "nanos": 0
      }
    }
    "#);
}

#[tokio::test]
async fn a_status_without_an_error_says_what_it_can() {
    let cases = [
        (429, Kind::Temporary),
        (500, Kind::Temporary),
        (503, Kind::Temporary),
        (401, Kind::Token),
        (403, Kind::Token),
        (400, Kind::BadRequest),
        (404, Kind::BadRequest),
    ];
    for (status, kind) in cases {
        let page = Reply::Whole(status, "content-type: text/html\r\n", b"<html>No</html>".to_vec());
        assert_eq!(kind_after(page).await, kind, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_gets_no_token() {
    let elsewhere = StandIn::start(vec![Reply::json(200, ACCEPTED)]).await;
    for status in ["302 Found", "307 Temporary Redirect"] {
        let answer =
            format!("HTTP/1.1 {status}\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
        assert_eq!(kind_after(Reply::Raw(answer.into_bytes())).await, Kind::Temporary);
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_message_is_written_once_whatever_happens() {
    let server = StandIn::start(vec![Reply::Raw(Vec::new()), Reply::json(200, ACCEPTED)]).await;
    assert_eq!(failed(&server.client()).await.kind, Kind::Unknown);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_mark_says_whether_it_was_made() {
    let server = StandIn::start(vec![Reply::json(200, r#"{"success":true}"#), Reply::json(200, "{}")]).await;
    let client = server.client();
    client.mark_read(&access(), "wamid.X", true).await.unwrap();
    assert_eq!(client.mark_read(&access(), "wamid.X", false).await.unwrap_err().kind, Kind::Unknown);
}

#[tokio::test]
async fn health_tells_the_number_and_whether_webhooks_come() {
    let number = r#"{"display_phone_number":"+55 11 4004-0001","verified_name":"Loja","quality_rating":"GREEN","id":"1"}"#;
    let apps = r#"{"data":[{"whatsapp_business_api_data":{"id":"7","name":"x"}}]}"#;
    let server = StandIn::start(vec![Reply::json(200, number), Reply::json(200, apps)]).await;
    let health = server.client().health(&access(), Some("102290129340398")).await.unwrap();
    insta::assert_json_snapshot!(health, @r#"
    {
      "display_number": "+55 11 4004-0001",
      "verified_name": "Loja",
      "quality": "GREEN",
      "is_subscribed": true
    }
    "#);
    let lines: Vec<String> = server.received().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /v26.0/106540352242922?fields=display_phone_number%2Cverified_name%2Cquality_rating",
            "GET /v26.0/102290129340398/subscribed_apps",
        ]
    );
}

#[tokio::test]
async fn health_without_the_right_to_see_subscriptions_does_not_know_them() {
    let denied = r#"{"error":{"message":"(#200) Permission","code":200}}"#;
    let server = StandIn::start(vec![Reply::json(200, "{}"), Reply::json(403, denied)]).await;
    assert_eq!(server.client().health(&access(), Some("1")).await.unwrap().is_subscribed, None);
    let empty = StandIn::start(vec![Reply::json(200, r#"{"data":[]}"#)]).await;
    assert_eq!(empty.client().health(&access(), Some("1")).await.unwrap().is_subscribed, Some(false));
    assert_eq!(empty.client().health(&access(), Some("1/../2")).await.unwrap().is_subscribed, None);
    let refused = StandIn::start(vec![Reply::json(401, r#"{"error":{"message":"x","code":190}}"#)]).await;
    assert_eq!(refused.client().health(&access(), None).await.unwrap_err().kind, Kind::Token);
    let hung_up = StandIn::start(vec![Reply::Raw(Vec::new())]).await;
    assert_eq!(hung_up.client().health(&access(), None).await.unwrap_err().kind, Kind::Temporary);
}
