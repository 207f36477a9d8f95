//! Two tenants of one server: how long the quiet one's answers take, alone and while the other is noisy.
//!
//! Open loop: each tenant's requests begin at their times, whether the earlier ones are answered or not, as those of many
//! customers do. Phases alternate, alone and with the neighbour, so that what else happens on the machine meets both.
//! The result is one line of `name=value` pairs for each, for people and for `bench/neighbours`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use memchr::memmem;
use pytake_bench::latencies::Latencies;
use pytake_bench::wire::Reader;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What a shop's customer asks; `{n}` becomes the number of the user.
const CHAT: &str = r#"{"message":"Oi, vocês entregam em Campinas? Quanto custa o frete?","user_id":"u-{n}"}"#;

/// Customers of each tenant.
const USERS: u64 = 1_000;
/// What runs before it is measured.
const WARMUP: Duration = Duration::from_secs(1);

/// A load generator for two tenants.
#[derive(Debug, Parser)]
struct Options {
    /// Where the server is: `127.0.0.1:8080`.
    #[arg(long)]
    server: String,
    /// An API key of the quiet tenant.
    #[arg(long)]
    quiet: String,
    /// An API key of the noisy tenant.
    #[arg(long)]
    noisy: String,
    /// Requests a second of the quiet tenant: its share.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// How many times that the noisy tenant sends.
    #[arg(long, default_value_t = 20.0)]
    times: f64,
    /// How long each phase is measured, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often both phases are measured.
    #[arg(long, default_value_t = 4)]
    rounds: u32,
}

/// What came back to one tenant in one kind of phase.
#[derive(Default)]
struct Answers {
    answered: RefCell<Latencies>,
    refused: RefCell<Latencies>,
    failed: Cell<u64>,
    first_failure: RefCell<Option<String>>,
}

/// One tenant. Its connections are kept.
struct Tenant {
    server: String,
    key: String,
    every: Duration,
    idle: Rc<RefCell<Vec<Connection>>>,
    next_user: Cell<u64>,
}

struct Connection {
    socket: TcpStream,
    reader: Reader,
}

impl Connection {
    /// Whether the server has not closed it. Nothing is in flight on a kept connection, so nothing can be read either.
    fn is_open(&self) -> bool {
        let would_block = |error: std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
        self.socket.try_read(&mut [0]).is_err_and(would_block)
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(&options))
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let quiet = Tenant::new(options, &options.quiet, options.rate)?;
    let noisy = Tenant::new(options, &options.noisy, options.rate * options.times)?;
    let [alone, beside, loud, unmeasured] = [(); 4].map(|()| Rc::new(Answers::default()));
    let phase = Duration::try_from_secs_f64(options.seconds).context("--seconds")?;
    quiet.ask(&unmeasured, WARMUP).await;
    for _ in 0..options.rounds.max(1) {
        quiet.ask(&alone, phase).await;
        tokio::join!(quiet.ask(&unmeasured, WARMUP), noisy.ask(&unmeasured, WARMUP));
        tokio::join!(quiet.ask(&beside, phase), noisy.ask(&loud, phase));
    }
    alone.report("quiet_alone");
    beside.report("quiet_beside");
    loud.report("noisy");
    Ok(())
}

impl Tenant {
    fn new(options: &Options, key: &str, rate: f64) -> anyhow::Result<Self> {
        Ok(Self {
            server: options.server.clone(),
            key: key.to_owned(),
            every: Duration::try_from_secs_f64(1.0 / rate).context("--rate")?,
            idle: Rc::default(),
            next_user: Cell::new(0),
        })
    }

    /// Begins a request at each of its times, and waits for all of them.
    async fn ask(&self, answers: &Rc<Answers>, phase: Duration) {
        let mut running = Vec::new();
        let started = now();
        for begun in 0.. {
            let due = self.every * begun;
            if due >= phase {
                break;
            }
            tokio::time::sleep_until((started + due).into()).await;
            let (server, idle) = (self.server.clone(), Rc::clone(&self.idle));
            running.push(tokio::task::spawn_local(one(server, self.request(), idle, Rc::clone(answers))));
        }
        for request in running {
            // A request that panicked is missing in the count.
            let _ = request.await;
        }
    }

    fn request(&self) -> Vec<u8> {
        let user = self.next_user.get();
        self.next_user.set((user + 1) % USERS);
        let body = CHAT.replace("{n}", &user.to_string());
        let Self { server, key, .. } = self;
        let head = format!(
            "POST /api/v1/ai/chat HTTP/1.1\r\nhost: {server}\r\ncontent-type: application/json\r\n\
             authorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

/// One request, from its time on: also a wait for a connection counts.
async fn one(server: String, request: Vec<u8>, idle: Rc<RefCell<Vec<Connection>>>, answers: Rc<Answers>) {
    let started = now();
    // The server closes what was silent for 30 s; a client looks before it sends.
    let kept = std::iter::from_fn(|| idle.borrow_mut().pop()).find(Connection::is_open);
    let asked = async {
        let mut connection = if let Some(connection) = kept {
            connection
        } else {
            let socket = TcpStream::connect(&server).await?;
            socket.set_nodelay(true)?;
            Connection { socket, reader: Reader::default() }
        };
        connection.socket.write_all(&request).await?;
        let answer = connection.reader.next(&mut connection.socket).await?.context("it was closed")?;
        let status = answer.status();
        let is_good = memmem::find(answer.body, br#""response""#).is_some();
        let excerpt = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
        anyhow::Ok((connection, status, is_good, excerpt))
    };
    let outcome = asked.await;
    let taken = started.elapsed();
    let failure = match outcome {
        Ok((connection, status, is_good, excerpt)) => {
            idle.borrow_mut().push(connection);
            match status {
                Some(200) if is_good => return answers.answered.borrow_mut().add(taken),
                Some(429) => return answers.refused.borrow_mut().add(taken),
                _ => format!("status {status:?}: {excerpt}"),
            }
        }
        Err(error) => format!("{error:#}"),
    };
    answers.failed.set(answers.failed.get() + 1);
    answers.first_failure.borrow_mut().get_or_insert(failure);
}

impl Answers {
    fn report(&self, name: &str) {
        let mut answered = self.answered.borrow_mut();
        let mut refused = self.refused.borrow_mut();
        let [p50, p95, p99] = answered.at([0.5, 0.95, 0.99]);
        let [refused_p50, refused_p95] = refused.at([0.5, 0.95]);
        println!(
            "name={name} answered={} p50_ms={p50:.3} p95_ms={p95:.3} p99_ms={p99:.3} refused={} \
             refused_p50_ms={refused_p50:.3} refused_p95_ms={refused_p95:.3} failed={}",
            answered.count(),
            refused.count(),
            self.failed.get(),
        );
        if let Some(failure) = self.first_failure.borrow().as_ref() {
            eprintln!("{name}: the first failure: {failure}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the machine's clock")]
fn now() -> Instant {
    Instant::now()
}
