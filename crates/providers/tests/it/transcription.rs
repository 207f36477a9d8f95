//! OpenAI's transcription endpoint: what is sent, what is read, how it fails.

use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::FailureKind;
use pytake_assistant::{Transcriber, Transcript};
use pytake_providers::{OPENAI_TRANSCRIPTION_MODEL, OpenAITranscriber, TranscriberConfig};
use pytake_understanding::language::Language;
use serde_json::{Value, json};

use crate::bodies::KEY;
use crate::server::{Received, Reply, Server};
use crate::specifications::{assert_valid, document, known_fields, validator};

/// The beginning of a voice note as WhatsApp sends them: an Ogg page with Opus' head.
fn voice_note() -> Attachment {
    let mut page = b"OggS\x00\x02".to_vec();
    page.extend([0; 20]);
    page.extend(b"\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00");
    Attachment { mime_type: "audio/ogg".to_owned(), bytes: page.into() }
}

fn answer() -> Value {
    json!({
        "text": "Oi, quero saber do meu pedido.", "languages": [{"code": "pt"}],
        "usage": {"type": "duration", "seconds": 4.2},
    })
}

fn transcriber(url: &str) -> OpenAITranscriber {
    OpenAITranscriber::new(TranscriberConfig {
        name: "openai".into(),
        base_url: format!("{url}/v1/"),
        api_key: Some(KEY.into()),
        model: OPENAI_TRANSCRIPTION_MODEL.into(),
        dialect: None,
    })
    .unwrap()
}

/// A field of a form: its headers, and its content.
struct Field {
    head: String,
    content: Vec<u8>,
}

impl Field {
    fn name(&self) -> &str {
        self.head.split("name=\"").nth(1).unwrap().split('"').next().unwrap()
    }
}

/// Takes a form apart at its boundaries.
fn fields(received: &Received) -> Vec<Field> {
    let kind = received.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect(kind);
    let separator = format!("\r\n--{boundary}");
    let whole = [b"\r\n".as_slice(), &received.bytes].concat();
    let mut fields = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    for (place, window) in whole.windows(separator.len()).enumerate() {
        if window == separator.as_bytes() {
            starts.push(place);
        }
    }
    for pair in starts.windows(2) {
        let part = &whole[pair[0] + separator.len() + 2..pair[1]];
        let head_end = part.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(part[..head_end].to_vec()).unwrap();
        fields.push(Field { head, content: part[head_end + 4..].to_vec() });
    }
    assert!(whole.ends_with(format!("{separator}--\r\n").as_bytes()), "the form ends");
    fields
}

#[tokio::test]
async fn a_voice_note_is_sent_as_a_file_whose_name_tells_its_format() {
    let server = Server::start(vec![Reply::json(200, answer().to_string())]).await;
    let transcriber = transcriber(&server.url);
    let heard = transcriber.transcribe(&voice_note(), Some(Language::Portuguese)).await.unwrap();
    let expected = Transcript {
        text: "Oi, quero saber do meu pedido.".to_owned(),
        language: Some("pt".to_owned()),
        seconds: Some(4.2),
        usage: None,
    };
    assert_eq!(heard, expected);
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /v1/audio/transcriptions HTTP/1.1");
    assert_eq!(received.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(received.header("content-length").is_some(), "servers refuse chunks");
    let fields = fields(&received);
    let shown: Vec<String> = fields
        .iter()
        .map(|field| match field.name() {
            "file" => format!("{}\n({} bytes)", field.head, field.content.len()),
            _ => format!("{}\n{}", field.head, String::from_utf8_lossy(&field.content)),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n---\n").replace('\r', ""), @r#"
    Content-Disposition: form-data; name="model"
    gpt-transcribe
    ---
    Content-Disposition: form-data; name="response_format"
    json
    ---
    Content-Disposition: form-data; name="language"
    pt
    ---
    Content-Disposition: form-data; name="file"; filename="audio.ogg"
    Content-Type: audio/ogg
    (47 bytes)
    "#);
    assert_eq!(fields.last().unwrap().content, voice_note().bytes, "byte for byte");
    assert!(!format!("{transcriber:?}").contains(KEY));
}

#[tokio::test]
async fn a_language_nobody_knows_is_not_sent() {
    let server = Server::start(vec![Reply::json(200, answer().to_string())]).await;
    transcriber(&server.url).transcribe(&voice_note(), None).await.unwrap();
    let fields = fields(&server.received().remove(0));
    let names: Vec<&str> = fields.iter().map(Field::name).collect();
    assert_eq!(names, ["model", "response_format", "file"]);
}

#[tokio::test]
async fn every_way_to_fail_has_its_kind_and_shows_no_key() {
    let said = |code: &str| {
        json!({"error": {"message": format!("no, {KEY}"), "type": code, "param": null, "code": code}})
            .to_string()
    };
    let rows = [
        (Reply::json(401, said("invalid_api_key")), FailureKind::Auth),
        (Reply::json(429, said("rate_limit_exceeded")), FailureKind::RateLimited),
        (Reply::json(429, said("insufficient_quota")), FailureKind::Billing),
        (Reply::json(400, said("invalid_value")), FailureKind::BadRequest),
        (Reply::json(404, "<!doctype html><html></html>"), FailureKind::ModelNotFound),
        (Reply::json(500, said("server_error")), FailureKind::ServerError),
        (Reply::html(200), FailureKind::Malformed),
        (Reply::json(200, "{}"), FailureKind::Malformed),
        (Reply::cut(&answer().to_string()), FailureKind::Incomplete),
        (Reply::nothing(), FailureKind::Incomplete),
    ];
    for (reply, kind) in rows {
        let server = Server::start(vec![reply.clone()]).await;
        let failure = transcriber(&server.url).transcribe(&voice_note(), None).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{reply:?}: {failure}");
        assert!(!failure.to_string().contains(KEY), "{failure}");
    }
    let limited = Reply::with_headers(429, &[("retry-after", "7")], &said("rate_limit_exceeded"));
    let server = Server::start(vec![limited]).await;
    let failure = transcriber(&server.url).transcribe(&voice_note(), None).await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    let failure = transcriber("http://127.0.0.1:9").transcribe(&voice_note(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Connect);
}

#[tokio::test]
async fn a_file_of_the_largest_size_arrives_whole() {
    let server = Server::start(vec![Reply::json(200, answer().to_string())]).await;
    let mut bytes = voice_note().bytes.to_vec();
    bytes.resize(25 << 20, 0x5a);
    let audio = Attachment { mime_type: "audio/ogg".to_owned(), bytes: Bytes::from(bytes) };
    transcriber(&server.url).transcribe(&audio, None).await.unwrap();
    let received = server.received().remove(0);
    let announced: usize = received.header("content-length").unwrap().parse().unwrap();
    assert!(announced == received.bytes.len() && announced > 25 << 20);
}

#[tokio::test]
async fn azure_gets_its_key_in_its_own_header() {
    let server = Server::start(vec![Reply::json(200, answer().to_string())]).await;
    let transcriber = OpenAITranscriber::new(TranscriberConfig {
        name: "own".into(),
        base_url: server.url.clone(),
        api_key: Some(KEY.into()),
        model: "whisper".into(),
        dialect: Some("azure".into()),
    })
    .unwrap();
    assert_eq!((transcriber.name(), transcriber.model()), ("own", "whisper"));
    transcriber.transcribe(&voice_note(), None).await.unwrap();
    assert_eq!(server.received().remove(0).header("api-key"), Some(KEY));
}

#[tokio::test]
async fn question_and_answer_are_as_openai_documents_them() {
    let Some(document) = document("openai.openapi.json") else { return };
    assert_valid(&validator(&document, "CreateTranscriptionResponseJson"), &answer(), "our fake's answer");
    let server = Server::start(vec![Reply::json(200, answer().to_string())]).await;
    for language in [None, Some(Language::Spanish)] {
        transcriber(&server.url).transcribe(&voice_note(), language).await.unwrap();
    }
    let known = known_fields(&document, "CreateTranscriptionRequest");
    for received in server.received() {
        let mut body = json!({});
        for field in fields(&received) {
            assert!(known.contains(&field.name().to_owned()), "{} is no field of the document", field.name());
            body[field.name()] = match field.name() {
                "file" => "(binary)".into(),
                _ => String::from_utf8(field.content.clone()).unwrap().into(),
            };
        }
        assert_valid(&validator(&document, "CreateTranscriptionRequest"), &body, "OpenAI");
    }
}
