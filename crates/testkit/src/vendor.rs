//! A model vendor's server that answers, stalls, lies or breaks off, as a script says.
//!
//! Written on bare sockets, because the faults that matter (half a body, a hang, a page of HTML) are those an
//! HTTP library would prevent.

mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use wire::{Tokens, Wire};

/// What the server does with one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Answers with this text, whole or streamed as asked.
    Say(String),
    /// As [`Act::Say`], and bills so many tokens for it.
    Bill(String, Tokens),
    /// Refuses by its policy, and bills so many tokens for it.
    Refuse(Tokens),
    /// Answers with a status, extra header lines and a body, as they are.
    Raw {
        /// HTTP status.
        status: u16,
        /// Header lines without their line ends.
        headers: Vec<String>,
        /// The body.
        body: String,
    },
    /// Takes the request and never answers.
    Hang,
    /// Announces a whole answer and closes in the middle of it.
    CutBody,
    /// Streams this many pieces and closes without an end.
    StreamCut(usize),
    /// Streams this many pieces and then an error event.
    StreamError(usize),
}

impl Act {
    /// An error in the vendor's form.
    pub fn error(wire: Wire, status: u16, kind: &str) -> Self {
        Self::Raw { status, headers: Vec::new(), body: wire.error(kind).to_string() }
    }

    /// Too many requests, with a wish for the next time in seconds.
    pub fn rate_limited(wire: Wire, retry_after_s: u32) -> Self {
        let headers = vec![format!("retry-after: {retry_after_s}")];
        Self::Raw { status: 429, headers, body: wire.error("rate_limit_error").to_string() }
    }

    /// A page of HTML with status 200, as captive portals and proxies send.
    pub fn html() -> Self {
        let headers = vec!["content-type: text/html".to_owned()];
        Self::Raw { status: 200, headers, body: "<html><body>Welcome</body></html>".to_owned() }
    }
}

#[derive(Debug)]
struct Script {
    wire: Wire,
    acts: Mutex<Vec<Act>>,
    calls: AtomicUsize,
    bodies: Mutex<Vec<Value>>,
    keys: Mutex<Vec<String>>,
    billed: Mutex<Vec<(Value, Tokens)>>,
}

/// A running fake. It stops when dropped.
#[derive(Debug)]
pub struct FakeVendor {
    script: Arc<Script>,
    address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for FakeVendor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeVendor {
    /// Listens on a free loopback port. Each request takes the next act; the last one repeats.
    ///
    /// # Panics
    /// When no port is to be had, or the script is empty.
    pub async fn start(wire: Wire, acts: Vec<Act>) -> Self {
        assert!(!acts.is_empty(), "a script needs at least one act");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let script = Arc::new(Script {
            wire,
            acts: Mutex::new(acts),
            calls: AtomicUsize::new(0),
            bodies: Mutex::new(Vec::new()),
            keys: Mutex::new(Vec::new()),
            billed: Mutex::new(Vec::new()),
        });
        let shared = Arc::clone(&script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            }
        });
        Self { script, address, task }
    }

    /// The address a provider is configured with.
    pub fn base_url(&self) -> String {
        match self.script.wire {
            Wire::OpenAI => format!("http://{}/v1", self.address),
            Wire::Anthropic => format!("http://{}", self.address),
        }
    }

    /// Requests taken so far.
    pub fn calls(&self) -> usize {
        self.script.calls.load(Ordering::SeqCst)
    }

    /// Keys of the requests taken so far, as `authorization` or `x-api-key` carried them; empty where there was none.
    pub fn keys(&self) -> Vec<String> {
        self.script.keys.lock().clone()
    }

    /// What it has billed so far, with the request's body, for each answer that told its tokens to the end: the vendor's
    /// own count.
    pub fn billed(&self) -> Vec<(Value, Tokens)> {
        self.script.billed.lock().clone()
    }

    /// Bodies of the requests taken so far.
    pub fn bodies(&self) -> Vec<Value> {
        self.script.bodies.lock().clone()
    }
}

async fn connection(mut stream: TcpStream, script: Arc<Script>) {
    let mut buffer = Vec::new();
    while let Some((body, key)) = read_request(&mut stream, &mut buffer).await {
        let act = {
            let mut acts = script.acts.lock();
            if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() }
        };
        let wants_stream = body["stream"] == Value::Bool(true);
        if let Some(tokens) = billed(&act) {
            script.billed.lock().push((body.clone(), tokens));
        }
        script.bodies.lock().push(body);
        script.keys.lock().push(key);
        script.calls.fetch_add(1, Ordering::SeqCst);
        if !play(&mut stream, script.wire, &act, wants_stream).await {
            return;
        }
    }
}

/// What an act takes, where it tells that to its end.
fn billed(act: &Act) -> Option<Tokens> {
    match act {
        Act::Say(_) => Some(Tokens::USUAL),
        Act::Bill(_, tokens) | Act::Refuse(tokens) => Some(*tokens),
        Act::Raw { .. } | Act::Hang | Act::CutBody | Act::StreamCut(_) | Act::StreamError(_) => None,
    }
}

/// Reads one request, its body and its key; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(Value, String)> {
    loop {
        if let Some(head_end) = find(buffer, b"\r\n\r\n") {
            let sent = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
            let head = sent.to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(0);
            let end = head_end + 4 + length;
            if buffer.len() >= end {
                let body = serde_json::from_slice(&buffer[head_end + 4..end]).unwrap_or(Value::Null);
                buffer.drain(..end);
                return Some((body, key_of(&sent)));
            }
        }
        let mut chunk = [0_u8; 4 * 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => buffer.extend_from_slice(&chunk[..read]),
        }
    }
}

fn key_of(head: &str) -> String {
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if ["authorization", "x-api-key"].contains(&name.to_ascii_lowercase().as_str()) {
            let value = value.trim();
            return value.strip_prefix("Bearer ").unwrap_or(value).to_owned();
        }
    }
    String::new()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Plays an act; false when the connection must end.
async fn play(stream: &mut TcpStream, wire: Wire, act: &Act, wants_stream: bool) -> bool {
    match act {
        Act::Hang => {
            std::future::pending::<()>().await;
            false
        }
        Act::Raw { status, headers, body } => whole(stream, *status, headers, body).await,
        Act::Say(text) => say(stream, wire, text, Tokens::USUAL, wants_stream).await,
        Act::Bill(text, tokens) => say(stream, wire, text, *tokens, wants_stream).await,
        Act::Refuse(tokens) if wants_stream => streamed(stream, &wire.refusal_stream(*tokens), true).await,
        Act::Refuse(tokens) => whole(stream, 200, &[], &wire.refusal(*tokens).to_string()).await,
        Act::CutBody => {
            let body = wire.answer("This answer is cut before its end.", Tokens::USUAL).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            // The peer may be gone already; either way the connection ends here.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body.as_bytes()[..body.len() / 2]).await;
            false
        }
        Act::StreamCut(count) => {
            let frames = wire.stream(&numbered(*count), false, Tokens::USUAL);
            streamed(stream, &frames, false).await
        }
        Act::StreamError(count) => {
            let mut frames = wire.stream(&numbered(*count), false, Tokens::USUAL);
            frames.push(wire.stream_error());
            streamed(stream, &frames, true).await
        }
    }
}

async fn say(stream: &mut TcpStream, wire: Wire, text: &str, tokens: Tokens, wants_stream: bool) -> bool {
    if wants_stream {
        return streamed(stream, &wire.stream(&pieces(text), true, tokens), true).await;
    }
    whole(stream, 200, &[], &wire.answer(text, tokens).to_string()).await
}

fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("Este é o pedaço número {number} da resposta que não acaba. ")).collect()
}

async fn whole(stream: &mut TcpStream, status: u16, headers: &[String], body: &str) -> bool {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|line| line.starts_with("content-type")) {
        head.push_str("content-type: application/json\r\n");
    }
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.is_ok()
}

async fn streamed(stream: &mut TcpStream, frames: &[String], is_ended: bool) -> bool {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    if stream.write_all(head.as_bytes()).await.is_err() {
        return false;
    }
    for frame in frames {
        let chunk = format!("{:x}\r\n{frame}\r\n", frame.len());
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            return false;
        }
    }
    is_ended && stream.write_all(b"0\r\n\r\n").await.is_ok()
}
