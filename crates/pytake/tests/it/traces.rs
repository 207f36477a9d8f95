//! Traces as a collector gets them, and a server whose collector is gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use pytake_assistant::spans;
use pytake_testkit::{Act, FakeVendor, Wire};
use serde_json::{Value, json};

use crate::emulator::server::Server;

/// Takes OTLP over HTTP on loopback and keeps what came, undecoded.
struct Collector {
    endpoint: String,
    received: Arc<Mutex<Received>>,
}

/// Of all requests, one after the other.
#[derive(Default)]
struct Received {
    heads: String,
    bodies: Vec<u8>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Received::default()));
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                take(stream.unwrap(), &kept);
            }
        });
        Self { endpoint, received }
    }

    fn heads(&self) -> String {
        self.received.lock().unwrap().heads.clone()
    }

    fn bodies(&self) -> Vec<u8> {
        self.received.lock().unwrap().bodies.clone()
    }
}

/// Keeps one request, then says so: when the sender stops, all of it is here. An empty body is OTLP's full success.
fn take(mut stream: TcpStream, kept: &Mutex<Received>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "cut: {head}");
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let mut kept = kept.lock().unwrap();
    kept.heads.push_str(&head);
    kept.bodies.extend(body);
    drop(kept);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Protocol buffers: a field with its length before it.
fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// `Span.name` is field 5.
fn spans_named(bytes: &[u8], name: &str) -> usize {
    let name = field(0x2a, name.as_bytes());
    bytes.windows(name.len()).filter(|window| *window == name).count()
}

/// `KeyValue` with `AnyValue.string_value`, field 1.
fn has_text(bytes: &[u8], key: &str, value: &str) -> bool {
    let value = field(0x12, &field(0x0a, value.as_bytes()));
    contains(bytes, &[field(0x0a, key.as_bytes()), value].concat())
}

/// `KeyValue` with `AnyValue.int_value`, field 3.
fn has_number(bytes: &[u8], key: &str, value: u8) -> bool {
    let value = field(0x12, &[0x18, value]);
    contains(bytes, &[field(0x0a, key.as_bytes()), value].concat())
}

const PHONE: &str = "5581988887777";

fn question() -> Value {
    json!({"message": "Vocês vendem guarda-chuvas amarelos?", "user_id": PHONE, "conversation_id": PHONE})
}

fn said(text: &str) -> Act {
    let reply = json!({
        "reply": text, "action": "continue", "reason": "", "language": "pt", "used_facts": [], "confidence": 0.9,
    });
    Act::Say(reply.to_string())
}

/// What a collector gets of a server with an emulated vendor that plays `acts`, while `ask` asks.
async fn traced(acts: Vec<Act>, more: &[(&str, &str)], ask: impl FnOnce(&Server)) -> Collector {
    let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
    let (collector, base_url) = (Collector::start(), vendor.base_url());
    let folder = tempfile::tempdir().unwrap();
    let mut environment = vec![
        ("OPENAI_API_KEY", "sk-very-secret"),
        ("OPENAI_BASE_URL", base_url.as_str()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str()),
    ];
    environment.extend_from_slice(more);
    tokio::task::block_in_place(|| {
        let server = Server::in_folder(folder.path(), &environment);
        ask(&server);
        server.stop();
    });
    collector
}

fn yes() -> Act {
    said("Vendemos, sim, em três tamanhos.")
}

/// Asks the question and wants an answer.
fn ask(server: &Server) {
    let (status, answer) = server.chat(&question());
    assert_eq!((status, &answer["provider"]), (200, &json!("openai")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_one_span_for_each_step_and_one_for_each_call() {
    let bytes = traced(vec![yes()], &[], ask).await.bodies();
    for name in [
        spans::TURN,
        spans::RECALL,
        spans::SCREEN,
        spans::UNDERSTAND,
        spans::DECIDE,
        spans::COMPOSE,
        spans::RESERVE,
        spans::GENERATE,
        spans::RECORD,
        "request",
        "chat gpt-6-luna",
    ] {
        assert_eq!(spans_named(&bytes, name), 1, "{name}");
    }
    assert!(has_text(&bytes, spans::OPERATION, "chat"));
    assert!(has_text(&bytes, spans::PROVIDER, "openai"));
    assert!(has_text(&bytes, spans::REQUEST_MODEL, "gpt-6-luna"));
    assert!(has_text(&bytes, spans::RESPONSE_MODEL, "gpt-6-luna"));
    assert!(has_number(&bytes, spans::INPUT_TOKENS, 20), "the vendor counts 20");
    assert!(has_number(&bytes, spans::OUTPUT_TOKENS, 7), "the vendor counts 7");
    assert!(has_text(&bytes, "service.name", "pytake"));
}

/// It was once a span for each piece.
#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_call_is_one_span_too() {
    let collector = traced(vec![yes()], &[], |server| {
        let (last, done, _) = server.chat_streamed(&question());
        assert_eq!(last, "done", "{done}");
    });
    let bytes = collector.await.bodies();
    assert_eq!(spans_named(&bytes, "chat gpt-6-luna"), 1);
    assert!(has_number(&bytes, spans::OUTPUT_TOKENS, 7), "the vendor counts 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_says_why() {
    let acts = vec![Act::error(Wire::OpenAI, 401, "invalid_api_key")];
    let collector = traced(acts, &[], |server| {
        let (status, answer) = server.chat(&question());
        assert_eq!((status, &answer["provider"]), (200, &json!("local")), "{answer}");
        let mut only = question();
        only["preferred_provider"] = json!("openai");
        only["fallback"] = json!(false);
        let (status, answer) = server.chat(&only);
        assert_eq!((status, &answer["error"]), (503, &json!("service_unavailable")), "{answer}");
    });
    let bytes = collector.await.bodies();
    assert!(has_text(&bytes, spans::ERROR_TYPE, "auth"), "the call");
    assert!(has_text(&bytes, spans::ERROR_TYPE, "service_unavailable"), "the turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_no_customer_and_no_key_is_in_a_trace() {
    let bytes = traced(vec![yes()], &[("RUST_LOG", "trace")], ask).await.bodies();
    assert_eq!(spans_named(&bytes, spans::TURN), 1);
    for hidden in ["guarda-chuvas", "Vendemos", PHONE, "sk-very-secret"] {
        assert!(!contains(&bytes, hidden.as_bytes()), "{hidden} is in the trace");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_goes_on_under_the_operators_name_and_key() {
    let own = [("OTEL_SERVICE_NAME", "shop"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=collector%20key")];
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let collector = traced(vec![yes()], &own, |server| {
        let (status, answer) = server.chat_with_headers(parent, &question());
        assert_eq!(status, 200, "{answer}");
    });
    let collector = collector.await;
    let bytes = collector.bodies();
    // Span.trace_id is field 1, Span.parent_span_id field 4.
    let trace = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
    let span = 0xb7ad_6b71_6920_3331_u64.to_be_bytes();
    assert!(contains(&bytes, &field(0x0a, &trace)) && contains(&bytes, &field(0x22, &span)));
    assert!(has_text(&bytes, "service.name", "shop"));
    let heads = collector.heads();
    assert!(heads.starts_with("post /v1/traces ") && heads.contains("x-key: collector key"), "{heads}");
}

#[test]
fn a_dead_collector_costs_no_answer_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    // A port nobody listens on.
    let server = Server::in_folder(folder.path(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    for _ in 0..100 {
        let (status, answer) = server.chat(&question());
        assert_eq!(status, 200, "{answer}");
    }
    let log = server.stop();
    assert_eq!(log.matches("the collector takes no traces").count(), 1, "{log}");
}
