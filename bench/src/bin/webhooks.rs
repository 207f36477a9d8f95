//! Sends signed WhatsApp webhooks, plays the Graph API that is answered to, and says how long both took.
//!
//! Prints the address of its Graph API, then waits for the server's address on standard input, then measures. The
//! result is one line of `name=value` pairs, for people and for `bench/webhooks`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use memchr::memmem;
use pytake_bench::latencies::Latencies;
use pytake_bench::wire::Reader;
use ring::hmac;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// A load generator for `POST /webhooks/whatsapp`.
#[derive(Debug, Parser)]
struct Options {
    /// Connections, each with one request in flight.
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// How long to measure, in seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long to run before measuring, in seconds.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Requests a second in all, sent when they are due whether or not earlier ones are answered; 0: as fast as they
    /// are answered. A request that has to wait for a connection is timed from when it was due.
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// How long to wait for answers at the Graph API after the last request, in seconds.
    #[arg(long, default_value_t = 0.0)]
    drain: f64,
    /// Quiet time of the server in milliseconds; taken off the time until a message is answered.
    #[arg(long, default_value_t = 0.0)]
    quiet_ms: f64,
    /// The first customer's number: runs against the same server begin where the last one ended.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The number's id.
    #[arg(long, default_value = "106540352242922")]
    number: String,
    /// What signs webhooks.
    #[arg(long, default_value = "bench-secret")]
    secret: String,
}

/// What all connections share.
struct Run {
    address: String,
    number: String,
    key: hmac::Key,
    started: Instant,
    measure_from: Instant,
    until: Instant,
    /// Between two requests; `None`: as fast as they are answered.
    pause: Option<Duration>,
    next: Cell<u64>,
    first: u64,
    posted: Cell<u64>,
    errors: RefCell<Vec<String>>,
    latencies: RefCell<Latencies>,
    replies: Rc<Replies>,
}

/// When each customer's message was sent, and how long the answer took.
#[derive(Default)]
struct Replies {
    asked: RefCell<HashMap<u64, Instant>>,
    taken: RefCell<Latencies>,
    sends: Cell<u64>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, measure(&options))
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let replies = Rc::new(Replies::default());
    let graph = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", graph.local_addr()?);
    tokio::task::spawn_local(answer_as_graph(graph, Rc::clone(&replies)));
    let server = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    let address =
        server.trim().strip_prefix("http://").context("the server's address must start with http://")?;
    let started = now();
    let measure_from = started + Duration::try_from_secs_f64(options.warmup).context("--warmup")?;
    let run = Rc::new(Run {
        address: address.to_owned(),
        number: options.number.clone(),
        key: hmac::Key::new(hmac::HMAC_SHA256, options.secret.as_bytes()),
        started,
        measure_from,
        until: measure_from + Duration::try_from_secs_f64(options.seconds).context("--seconds")?,
        pause: (options.rate > 0.0).then(|| Duration::from_secs_f64(1.0 / options.rate)),
        next: Cell::new(0),
        first: options.first,
        posted: Cell::new(0),
        errors: RefCell::default(),
        latencies: RefCell::default(),
        replies: Rc::clone(&replies),
    });
    let mut connections = Vec::new();
    for _ in 0..options.concurrency.max(1) {
        let socket = TcpStream::connect(&run.address).await.context("could not connect to the server")?;
        socket.set_nodelay(true)?;
        connections.push(tokio::task::spawn_local(post_until_the_end(socket, Rc::clone(&run))));
    }
    for connection in connections {
        connection.await?;
    }
    tokio::time::sleep(Duration::try_from_secs_f64(options.drain).context("--drain")?).await;
    report(&run, options);
    match run.errors.borrow().first() {
        Some(error) => bail!("{} connections failed, the first so: {error}", run.errors.borrow().len()),
        None => Ok(()),
    }
}

async fn post_until_the_end(mut socket: TcpStream, run: Rc<Run>) {
    let mut reader = Reader::default();
    loop {
        let turn = run.next.get();
        run.next.set(turn + 1);
        let due = match run.pause {
            Some(pause) => {
                let due = run.started + pause.mul_f64(turn as f64);
                tokio::time::sleep_until(due.into()).await;
                due
            }
            None => now(),
        };
        if due >= run.until {
            return;
        }
        let customer = run.first + turn;
        let request = run.request(customer);
        run.replies.asked.borrow_mut().insert(customer, now());
        let outcome = post(&mut socket, &mut reader, &request).await;
        run.posted.set(run.posted.get() + 1);
        match outcome {
            Ok(()) if due >= run.measure_from => run.latencies.borrow_mut().add(due.elapsed()),
            Ok(()) => {}
            Err(error) => return run.errors.borrow_mut().push(format!("{error:#}")),
        }
    }
}

async fn post(socket: &mut TcpStream, reader: &mut Reader, request: &[u8]) -> anyhow::Result<()> {
    socket.write_all(request).await?;
    let Some(answer) = reader.next(socket).await? else { bail!("the server closed the connection") };
    match answer.status() {
        Some(200) => Ok(()),
        status => bail!("status {status:?}: {}", String::from_utf8_lossy(answer.body)),
    }
}

impl Run {
    /// A customer's first message, as Meta sends it.
    fn request(&self, customer: u64) -> Vec<u8> {
        let seconds = self.started.elapsed().as_secs();
        let number = &self.number;
        let body = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"102290129340398","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"551140028922","phone_number_id":"{number}"}},"contacts":[{{"profile":{{"name":"Ana"}},"wa_id":"55119{customer:08}","user_id":"BR.{customer}"}}],"messages":[{{"from":"55119{customer:08}","from_user_id":"BR.{customer}","id":"wamid.BENCH{customer}","timestamp":"{seconds}","type":"text","text":{{"body":"Oi, voc\u00eas entregam em Campinas? Quanto custa o frete?"}}}}]}},"field":"messages"}}]}}]}}"#
        );
        let signature = hmac::sign(&self.key, body.as_bytes());
        let mut hex = String::new();
        for byte in signature.as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        format!(
            "POST /webhooks/whatsapp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-hub-signature-256: sha256={hex}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .into_bytes()
    }
}

/// Takes every message at once and gives it an id.
async fn answer_as_graph(listener: TcpListener, replies: Rc<Replies>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let replies = Rc::clone(&replies);
        tokio::task::spawn_local(async move {
            let mut reader = Reader::default();
            let _ = socket.set_nodelay(true);
            while let Ok(Some(call)) = reader.next(&mut socket).await {
                let body = match customer_of(call.body) {
                    Some(customer) => replies.answered(customer),
                    None => r#"{"success":true}"#.to_owned(),
                };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                if socket.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The customer a message goes to; `None` for a read mark.
fn customer_of(body: &[u8]) -> Option<u64> {
    const TO: &[u8] = br#""to":"+55119"#;
    let digits = body.get(memmem::find(body, TO)? + TO.len()..)?.split(|b| *b == b'"').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Replies {
    fn answered(&self, customer: u64) -> String {
        self.sends.set(self.sends.get() + 1);
        if let Some(asked) = self.asked.borrow_mut().remove(&customer) {
            self.taken.borrow_mut().add(asked.elapsed());
        }
        let id = self.sends.get();
        format!(r#"{{"messaging_product":"whatsapp","contacts":[],"messages":[{{"id":"wamid.SENT{id}"}}]}}"#)
    }
}

fn report(run: &Run, options: &Options) {
    let mut latencies = run.latencies.borrow_mut();
    let mut taken = run.replies.taken.borrow_mut();
    let [p50, p99, max] = latencies.at([0.5, 0.99, 1.0]);
    let [reply_p50, reply_p99] = taken.at([0.5, 0.99]).map(|ms| ms - options.quiet_ms);
    println!(
        "webhooks={} rate={:.1} p50_ms={p50:.3} p99_ms={p99:.3} max_ms={max:.3} posted={} sends={} answered={} \
         reply_p50_ms={reply_p50:.2} reply_p99_ms={reply_p99:.2}",
        latencies.count(),
        latencies.count() as f64 / options.seconds,
        run.posted.get(),
        run.replies.sends.get(),
        taken.count(),
    );
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the machine's clock")]
fn now() -> Instant {
    Instant::now()
}
