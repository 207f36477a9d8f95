//! A model vendor that answers at once, or after a set time: OpenAI chat completions, whole and streamed, on loopback.
//!
//! The answers are fixed and made before the first request, so what is measured behind it is the server
//! and not the vendor. A streamed answer leaves in one write; a `response_format` in the request gets the
//! same sentence as an object. `GET /calls` tells how many completions were asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use memchr::memmem;
use pytake_bench::wire::Reader;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// An instant stand-in for an OpenAI-compatible vendor.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one. The address is printed as the first line.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The sentence every request is answered with. Free of prices, links and dates, which a server may check.
    #[arg(
        long,
        default_value = "Sim, entregamos em Campinas. O frete aparece no carrinho assim que você informa o CEP."
    )]
    reply: String,
    /// How long each answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// The model that is said to have answered.
    #[arg(long, default_value = "gpt-6-luna")]
    model: String,
}

/// Complete responses, head included.
struct Answers {
    whole: Vec<u8>,
    whole_structured: Vec<u8>,
    streamed: Vec<u8>,
    streamed_structured: Vec<u8>,
    delay: Duration,
    completions: AtomicU64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    // One thread: the two cores are shared with the server and the load generator.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(&options))
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("could not listen on {}", options.listen))?;
    println!("http://{}", listener.local_addr()?);
    let answers = Arc::new(Answers::new(options));
    loop {
        let (socket, _) = listener.accept().await?;
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            if let Err(error) = answer(socket, &answers).await {
                eprintln!("a connection ended: {error}");
            }
        });
    }
}

async fn answer(mut socket: TcpStream, answers: &Answers) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = Reader::default();
    while let Some(request) = reader.next(&mut socket).await? {
        if request.head.starts_with(b"POST /v1/chat/completions ") {
            let answer = answers.to(request.body);
            if !answers.delay.is_zero() {
                tokio::time::sleep(answers.delay).await;
            }
            socket.write_all(answer).await?;
        } else if request.head.starts_with(b"GET /calls ") {
            let calls = answers.completions.load(Ordering::Relaxed).to_string();
            socket.write_all(&response("200 OK", "text/plain", calls.as_bytes())).await?;
        } else {
            let nothing = br#"{"error":{"message":"no such path","type":"invalid_request_error"}}"#;
            socket.write_all(&response("404 Not Found", "application/json", nothing)).await?;
        }
    }
    Ok(())
}

impl Answers {
    fn new(Options { reply, model, delay_ms, .. }: &Options) -> Self {
        let object = json!({
            "reply": reply, "action": "continue", "reason": "delivery", "language": "pt",
            "used_facts": [], "confidence": 0.9
        })
        .to_string();
        Self {
            whole: whole(reply, model),
            whole_structured: whole(&object, model),
            streamed: streamed(reply, model),
            streamed_structured: streamed(&object, model),
            delay: Duration::from_millis(*delay_ms),
            completions: AtomicU64::new(0),
        }
    }

    fn to(&self, body: &[u8]) -> &[u8] {
        self.completions.fetch_add(1, Ordering::Relaxed);
        let is_streamed = memmem::find(body, br#""stream":true"#).is_some();
        let is_structured = memmem::find(body, br#""response_format""#).is_some();
        match (is_streamed, is_structured) {
            (false, false) => &self.whole,
            (false, true) => &self.whole_structured,
            (true, false) => &self.streamed,
            (true, true) => &self.streamed_structured,
        }
    }
}

fn whole(content: &str, model: &str) -> Vec<u8> {
    let body = json!({
        "id": "chatcmpl-standin", "object": "chat.completion", "created": 1_767_225_600, "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": null },
            "logprobs": null,
            "finish_reason": "stop"
        }],
        "usage": usage(),
        "service_tier": "default"
    });
    response("200 OK", "application/json", body.to_string().as_bytes())
}

/// One event per word, as vendors cut them, then the stop, the usage and the end mark.
fn streamed(content: &str, model: &str) -> Vec<u8> {
    let event = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": 1_767_225_600,
            "model": model, "choices": choices, "usage": usage
        });
        format!("data: {chunk}\n\n")
    };
    let delta =
        |delta: Value, finish: Value| json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
    let mut events =
        vec![event(delta(json!({ "role": "assistant", "content": "" }), Value::Null), Value::Null)];
    for word in content.split_inclusive(' ') {
        events.push(event(delta(json!({ "content": word }), Value::Null), Value::Null));
    }
    events.push(event(delta(json!({}), json!("stop")), Value::Null));
    events.push(event(json!([]), usage()));
    events.push("data: [DONE]\n\n".to_owned());

    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    for event in events {
        bytes.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 420, "completion_tokens": 24, "total_tokens": 444,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 }
    })
}

fn response(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
