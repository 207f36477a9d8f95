//! Sends chat requests over kept-alive connections and says how long the answers took.
//!
//! Closed loop: each connection sends its next request when the last one is answered. The result is one
//! line of `name=value` pairs, for people and for `bench/overhead`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use memchr::memmem;
use pytake_bench::latencies::Latencies;
use pytake_bench::wire::Reader;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What a shop's customer asks; `{n}` becomes the number of the user.
const CHAT: &str = r#"{"message":"Oi, vocês entregam em Campinas? Quanto custa o frete?","user_id":"u-{n}"}"#;

/// The same question put to the vendor itself.
const COMPLETION: &str = r#"{"model":"gpt-6-luna","messages":[{"role":"user","content":"Oi, vocês entregam em Campinas? Quanto custa o frete?"}],"safety_identifier":"u-{n}"}"#;

/// A load generator for `POST /api/v1/ai/chat`.
#[derive(Debug, Parser)]
struct Options {
    /// Where the requests go: `http://127.0.0.1:8080`, with a path or without.
    #[arg(long)]
    url: String,
    /// Connections, each with one request in flight.
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// How long to measure, in seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long to run before measuring, in seconds.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Ask for streamed answers.
    #[arg(long)]
    stream: bool,
    /// The request: JSON, or a file with JSON. `{n}` in it becomes the number of the user.
    #[arg(long)]
    body: Option<String>,
    /// How many users take turns.
    #[arg(long, default_value_t = 1000)]
    users: u64,
    /// Call the vendor's API instead of the server's, for the baseline.
    #[arg(long)]
    direct: bool,
    /// An API key of the server, where it wants one.
    #[arg(long)]
    key: Option<String>,
}

/// What all connections share.
struct Run {
    head: String,
    body: String,
    /// Occurs in every good answer.
    mark: &'static [u8],
    users: u64,
    measure_from: Instant,
    until: Instant,
    next_user: Cell<u64>,
    answered: Cell<u64>,
    errors: Cell<u64>,
    first_error: RefCell<Option<String>>,
    latencies: RefCell<Latencies>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let run = tokio::task::LocalSet::new().block_on(&runtime, load(&options))?;
    report(&run, options.seconds);
    match run.first_error.borrow().as_ref() {
        Some(error) => bail!("{} requests failed, the first so: {error}", run.errors.get()),
        None => Ok(()),
    }
}

async fn load(options: &Options) -> anyhow::Result<Rc<Run>> {
    let (address, path) = destination(&options.url, options.direct)?;
    let started = now();
    let measure_from = started + Duration::try_from_secs_f64(options.warmup).context("--warmup")?;
    let run = Rc::new(Run {
        head: head(&address, &path, options.key.as_deref()),
        body: body(options)?,
        mark: mark(options.stream, options.direct),
        users: options.users.max(1),
        measure_from,
        until: measure_from + Duration::try_from_secs_f64(options.seconds).context("--seconds")?,
        next_user: Cell::new(0),
        answered: Cell::new(0),
        errors: Cell::new(0),
        first_error: RefCell::new(None),
        latencies: RefCell::new(Latencies::default()),
    });
    let mut connections = Vec::with_capacity(options.concurrency);
    for _ in 0..options.concurrency.max(1) {
        let socket =
            TcpStream::connect(&address).await.with_context(|| format!("could not connect to {address}"))?;
        socket.set_nodelay(true)?;
        connections.push(tokio::task::spawn_local(ask_until_the_end(socket, Rc::clone(&run))));
    }
    for connection in connections {
        connection.await?;
    }
    Ok(run)
}

async fn ask_until_the_end(mut socket: TcpStream, run: Rc<Run>) {
    let mut reader = Reader::default();
    let mut request = Vec::new();
    loop {
        let started = now();
        if started >= run.until {
            return;
        }
        run.write_request(&mut request);
        let outcome = ask(&mut socket, &mut reader, &request, run.mark).await;
        let taken = started.elapsed();
        run.answered.set(run.answered.get() + 1);
        match outcome {
            Ok(()) if started >= run.measure_from => run.latencies.borrow_mut().add(taken),
            Ok(()) => {}
            Err(error) => {
                run.errors.set(run.errors.get() + 1);
                run.first_error.borrow_mut().get_or_insert_with(|| format!("{error:#}"));
                // The connection may be out of step; the others go on.
                return;
            }
        }
    }
}

async fn ask(socket: &mut TcpStream, reader: &mut Reader, request: &[u8], mark: &[u8]) -> anyhow::Result<()> {
    socket.write_all(request).await?;
    let Some(answer) = reader.next(socket).await? else { bail!("the server closed the connection") };
    if answer.status() == Some(200) && memmem::find(answer.body, mark).is_some() {
        return Ok(());
    }
    let excerpt = String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)]);
    bail!("status {:?}, without {}: {excerpt}", answer.status(), String::from_utf8_lossy(mark))
}

impl Run {
    fn write_request(&self, into: &mut Vec<u8>) {
        let user = self.next_user.get();
        self.next_user.set((user + 1) % self.users);
        let body = self.body.replace("{n}", &user.to_string());
        into.clear();
        into.extend_from_slice(self.head.as_bytes());
        into.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        into.extend_from_slice(body.as_bytes());
    }
}

fn destination(url: &str, is_direct: bool) -> anyhow::Result<(String, String)> {
    let rest = url.strip_prefix("http://").context("--url must start with http://")?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = match (path, is_direct) {
        ("", true) => "v1/chat/completions",
        ("", false) => "api/v1/ai/chat",
        (path, _) => path,
    };
    Ok((address.to_owned(), format!("/{path}")))
}

fn head(address: &str, path: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{key}")
}

fn body(options: &Options) -> anyhow::Result<String> {
    let body = match &options.body {
        None if options.direct => COMPLETION.to_owned(),
        None => CHAT.to_owned(),
        Some(json) if json.trim_start().starts_with('{') => json.clone(),
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("could not read {file}"))?,
    };
    if !options.stream {
        return Ok(body);
    }
    let body = body.trim_start().strip_prefix('{').context("the body must be a JSON object")?;
    let usage = if options.direct { r#""stream_options":{"include_usage":true},"# } else { "" };
    Ok(format!(r#"{{"stream":true,{usage}{body}"#))
}

fn mark(is_streamed: bool, is_direct: bool) -> &'static [u8] {
    match (is_streamed, is_direct) {
        (false, true) => br#""choices""#,
        (true, true) => b"data: [DONE]",
        (false, false) => br#""response""#,
        (true, false) => b"event: done",
    }
}

fn report(run: &Run, seconds: f64) {
    let mut latencies = run.latencies.borrow_mut();
    let [p50, p95, p99, max] = latencies.at([0.5, 0.95, 0.99, 1.0]);
    println!(
        "requests={} rps={:.1} p50_ms={p50:.4} p95_ms={p95:.4} p99_ms={p99:.4} max_ms={max:.4} errors={} calls={}",
        latencies.count(),
        latencies.count() as f64 / seconds,
        run.errors.get(),
        run.answered.get(),
    );
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the machine's clock")]
fn now() -> Instant {
    Instant::now()
}
