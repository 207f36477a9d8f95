//! A stand-in for the Graph API on loopback: takes messages as Meta does, or misbehaves as a script says.
//!
//! Every call is recorded. What it accepts it reports on through the webhooks it is given with
//! [`Graph::report_to`]. HTTP is hyper's, so that a connection can be closed without an answer.

mod failure;
mod limits;
mod media;
mod reaction;
mod reports;
mod respond;
mod script;
mod validate;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(crate) use failure::title_of;
pub use limits::{Limits, PairLimit};
pub use media::MediaFile;
pub use reaction::Reaction;
pub use reports::Reports;
pub use script::{Decision, Failures, On};

use crate::clock::Clock;
use crate::journal::{Journal, Shown};
use crate::webhook::Business;
use crate::webhooks::Webhooks;
use limits::Usage;
use media::Shelf;
use script::Script;

/// How a stand-in is set up.
#[derive(Debug, Clone)]
pub struct GraphOptions {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The only token that is right; `None`: any.
    pub token: Option<String>,
    /// The numbers that exist; none: any number that is asked for.
    pub numbers: Vec<Business>,
    /// Which reports follow a message.
    pub reports: Reports,
    /// Which rates are kept.
    pub limits: Limits,
    /// Failures by chance.
    pub failures: Option<Failures>,
    /// The clock.
    pub clock: Clock,
    /// Makes message ids different from those of other runs; `None`: from the calendar.
    pub seed: Option<u64>,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: None,
            numbers: Vec::new(),
            reports: Reports::all(),
            limits: Limits::default(),
            failures: None,
            clock: Clock::system(),
            seed: None,
        }
    }
}

/// A call of the server, answered or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When it was read, since the start.
    pub at: Duration,
    /// What it is.
    pub on: On,
    /// `POST` or `GET`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The body; null where there is none or it is no JSON.
    pub body: Value,
    /// The HTTP status of the answer; `None`: there was none, or not yet.
    pub status: Option<u16>,
    /// The error's code in the answer.
    pub code: Option<i64>,
}

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// When, since the start.
    pub at: Duration,
    /// The business number.
    pub number: String,
    /// `to`, without `+`, else `recipient`.
    pub recipient: String,
    /// `biz_opaque_callback_data`.
    pub callback: Option<String>,
    /// The id it was given.
    pub message_id: String,
    /// As the customer sees it.
    pub shown: Shown,
    /// The whole request.
    pub body: Value,
}

/// A running stand-in. It stops when dropped.
#[derive(Debug)]
pub struct Graph {
    state: Arc<GraphState>,
    address: SocketAddr,
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.state.tasks.lock().abort_all();
    }
}

#[derive(Debug)]
struct GraphState {
    options: GraphOptions,
    base_url: String,
    journal: Journal,
    calls: Mutex<Vec<Call>>,
    sent: Mutex<Vec<Sent>>,
    script: Mutex<Script>,
    usage: Mutex<Usage>,
    shelf: Mutex<Shelf>,
    webhooks: Mutex<Option<Webhooks>>,
    /// Accounts whose app is not subscribed.
    unsubscribed: Mutex<Vec<String>>,
    next_message: AtomicU64,
    seed: u64,
    /// How many connections are still to be closed before anything is read.
    closing: AtomicU64,
    tasks: Mutex<JoinSet<()>>,
}

impl Graph {
    /// Starts to listen.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(options: GraphOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let clock = options.clock.clone();
        let script = Script::new(options.failures.clone());
        let seed = options.seed.unwrap_or_else(|| clock.unix_ms());
        let state = Arc::new(GraphState {
            base_url: format!("http://{address}"),
            journal: Journal::new(clock),
            calls: Mutex::default(),
            sent: Mutex::default(),
            script: Mutex::new(script),
            usage: Mutex::default(),
            shelf: Mutex::default(),
            webhooks: Mutex::default(),
            unsubscribed: Mutex::default(),
            next_message: AtomicU64::new(0),
            seed,
            closing: AtomicU64::new(0),
            tasks: Mutex::default(),
            options,
        });
        let shared = Arc::clone(&state);
        state.tasks.lock().spawn(accept(listener, shared));
        Ok(Self { state, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `WHATSAPP_API_BASE_URL` is set to: no version, no slash at the end.
    pub fn base_url(&self) -> String {
        self.state.base_url.clone()
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.state.options.clock
    }

    /// What happened, the customers' side included.
    pub fn journal(&self) -> &Journal {
        &self.state.journal
    }

    /// Sends reports on what is accepted from now on to this server.
    pub fn report_to(&self, webhooks: &Webhooks) {
        *self.state.webhooks.lock() = Some(webhooks.clone());
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().clone()
    }

    /// Every accepted message so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.state.sent.lock().clone()
    }

    /// Every accepted message to a telephone (without `+`) or business-scoped id.
    pub fn sent_to(&self, recipient: &str) -> Vec<Sent> {
        self.state.sent.lock().iter().filter(|sent| sent.recipient == recipient).cloned().collect()
    }

    /// The callback data that were accepted more than once, with how often.
    pub fn duplicates(&self) -> Vec<(String, usize)> {
        let mut times: HashMap<String, usize> = HashMap::new();
        for sent in self.state.sent.lock().iter() {
            if let Some(callback) = &sent.callback {
                *times.entry(callback.clone()).or_default() += 1;
            }
        }
        let mut duplicates: Vec<_> = times.into_iter().filter(|(_, times)| *times > 1).collect();
        duplicates.sort();
        duplicates
    }

    /// Waits until so many messages were accepted in all; false: not within `longest`.
    pub async fn wait_for_sent(&self, count: usize, longest: Duration) -> bool {
        self.state.journal.wait_until(longest, |_| self.state.sent.lock().len() >= count).await
    }

    /// What to do with the next call of a kind that nothing else is said about; queued behind those said before.
    pub fn react(&self, on: On, reaction: Reaction) {
        self.state.script.lock().push(on, reaction);
    }

    /// What to do with the next message to this telephone (without `+`) or business-scoped id.
    pub fn react_to(&self, recipient: &str, reaction: Reaction) {
        self.state.script.lock().push_for(recipient, reaction);
    }

    /// Asked first for every call; `None` leaves it to the queues. Replaces the one before.
    pub fn decide(&self, decision: impl Fn(&Call) -> Option<Reaction> + Send + Sync + 'static) {
        self.state.script.lock().decide(Decision::new(decision));
    }

    /// Starts or ends failures by chance.
    pub fn fail_by_chance(&self, failures: Option<Failures>) {
        self.state.script.lock().fail_by_chance(failures);
    }

    /// Closes the next connections before anything is read from them. One that is open already is not new.
    pub fn close_next_connections(&self, count: u64) {
        self.state.closing.store(count, Ordering::SeqCst);
    }

    /// Puts a file where a media id leads to.
    pub fn put_media(&self, id: &str, file: MediaFile) {
        self.state.shelf.lock().put(id, file);
    }

    /// Says of an account that the app is not subscribed to it.
    pub fn unsubscribe(&self, account: &str) {
        self.state.unsubscribed.lock().push(account.to_owned());
    }
}

async fn accept(listener: TcpListener, state: Arc<GraphState>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of sockets: those in use are given back in a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let is_closing = state
            .closing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        if is_closing {
            continue;
        }
        let shared = Arc::clone(&state);
        let mut tasks = state.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(connection(stream, shared));
    }
}

async fn connection(stream: TcpStream, state: Arc<GraphState>) {
    // A small answer must not wait for an acknowledgement; without it the answer is only later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond::respond(request, Arc::clone(&state)));
    // An error is what the script asked for, or a client that went away.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
