//! Signs webhooks, posts them to the server, and repeats what was not answered with 200, as Meta does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::graph::Graph;
use crate::journal::{Happening, Journal};
use crate::signature::{escaped, signature};

/// Where the server takes webhooks.
const PATH: &str = "/webhooks/whatsapp";

/// 64 KiB of an answer are read; Meta looks at the status only.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How a body is written and which form of it is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BodyForm {
    /// Written and signed with `\uXXXX` for everything outside ASCII: what Meta does.
    #[default]
    Escaped,
    /// Written as UTF-8, and the escaped form is signed: what a proxy makes of it.
    Utf8SignedEscaped,
    /// Written and signed as UTF-8.
    Utf8,
}

/// Whether a signature is right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signing {
    /// With the app secret.
    #[default]
    Right,
    /// With another secret.
    Wrong,
    /// There is none.
    Missing,
}

/// When a webhook that was not answered with 200 is posted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPlan {
    /// The first wait; each is twice the one before.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// No try begins later than this after the first one. Meta: 7 days.
    pub give_up_after: Duration,
}

impl RetryPlan {
    /// Meta's way on a scale of seconds: 100 ms, 200 ms, … up to 2 s, for two minutes.
    pub fn scaled() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(2),
            give_up_after: Duration::from_mins(2),
        }
    }

    /// One try.
    pub fn never() -> Self {
        Self { give_up_after: Duration::ZERO, ..Self::scaled() }
    }
}

/// How webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookOptions {
    /// The server: `http://127.0.0.1:8080`.
    pub server: String,
    /// Signs the bodies.
    pub app_secret: String,
    /// How bodies are written.
    pub form: BodyForm,
    /// Whether they are signed rightly.
    pub signing: Signing,
    /// How long an answer is waited for. Meta publishes none; others report 5 to 20 s.
    pub timeout: Duration,
    /// What follows where the answer is not 200.
    pub retry: RetryPlan,
    /// How many are posted at a time; more wait.
    pub max_in_flight: usize,
}

impl WebhookOptions {
    /// Meta's way, on a scale of seconds.
    pub fn new(server: &str, app_secret: &str) -> Self {
        Self {
            server: server.to_owned(),
            app_secret: app_secret.to_owned(),
            form: BodyForm::default(),
            signing: Signing::default(),
            timeout: Duration::from_secs(10),
            retry: RetryPlan::scaled(),
            max_in_flight: 64,
        }
    }
}

/// Why a server's address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no address.
    #[error("{0:?} is no address such as http://127.0.0.1:8080")]
    Malformed(String),
    /// It is not plain HTTP.
    #[error("{0:?} is not http://: the simulator speaks plain HTTP, to a server on this machine")]
    NotHttp(String),
}

/// What the server did with one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It answered with this HTTP status and body.
    Status(u16, String),
    /// It did not answer in time.
    TimedOut,
    /// It could not be reached, or broke off.
    Unreachable(String),
}

impl Answer {
    /// True for 200: anything else is a failure to Meta.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Status(200, _))
    }

    /// The HTTP status.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            Self::TimedOut | Self::Unreachable(_) => None,
        }
    }
}

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How often it was posted.
    pub tries: u32,
    /// The last answer.
    pub answer: Answer,
}

/// The sums over all tries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostCounts {
    /// All tries.
    pub tries: u64,
    /// Answers by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Tries without an answer in time.
    pub timed_out: u64,
    /// Tries that broke off or found nobody.
    pub unreachable: u64,
    /// How long each answer with 200 took, in microseconds, in their order.
    pub taken_us: Vec<u32>,
}

/// Posts webhooks; clones share everything.
#[derive(Debug, Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: WebhookOptions,
    uri: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
    journal: Journal,
    clock: Clock,
    counts: Mutex<PostCounts>,
    places: Semaphore,
}

impl Webhooks {
    /// Prepares posting to a server; what is posted is written into the journal of `graph`, so that it knows which
    /// messages may be marked as read.
    ///
    /// # Errors
    /// The server's address cannot be used.
    pub fn new(options: WebhookOptions, graph: &Graph) -> Result<Self, AddressError> {
        let server = options.server.trim_end_matches('/');
        let uri: Uri =
            format!("{server}{PATH}").parse().map_err(|_| AddressError::Malformed(options.server.clone()))?;
        match uri.scheme_str() {
            Some("http") if uri.host().is_some() => {}
            Some("https") => return Err(AddressError::NotHttp(options.server)),
            _ => return Err(AddressError::Malformed(options.server)),
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        let inner = Inner {
            uri,
            client,
            journal: graph.journal().clone(),
            clock: graph.clock().clone(),
            counts: Mutex::default(),
            places: Semaphore::new(options.max_in_flight.max(1)),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The sums so far.
    pub fn counts(&self) -> PostCounts {
        self.inner.counts.lock().clone()
    }

    /// Posts once.
    pub async fn post(&self, body: &Value) -> Answer {
        self.inner.journal.note_post(body);
        self.attempt(body).await
    }

    /// Posts until it is answered with 200, or the plan ends.
    pub async fn deliver(&self, body: &Value) -> Delivery {
        self.inner.journal.note_post(body);
        let plan = self.inner.options.retry;
        let started = self.inner.clock.elapsed();
        let mut wait = plan.first;
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self.attempt(body).await;
            let next = self.inner.clock.elapsed().saturating_sub(started) + wait;
            if answer.is_taken() || next > plan.give_up_after {
                return Delivery { tries, answer };
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(plan.longest);
        }
    }

    /// Delivers the same webhook several times, one after the other.
    pub async fn deliver_times(&self, body: &Value, times: u32) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for _ in 0..times {
            deliveries.push(self.deliver(body).await);
        }
        deliveries
    }

    /// Delivers several webhooks at the same time.
    pub async fn deliver_at_once(&self, bodies: &[Value]) -> Vec<Delivery> {
        join_all(bodies.iter().map(|body| self.deliver(body))).await
    }

    /// Asks the server to prove that the webhook is its own, as Meta does before it sends any: the answer's status and
    /// body.
    pub async fn verify(&self, verify_token: &str, challenge: &str) -> Answer {
        let query = format!(
            "{PATH}?hub.mode=subscribe&hub.challenge={}&hub.verify_token={}",
            in_query(challenge),
            in_query(verify_token)
        );
        let uri = format!("{}{query}", self.inner.options.server.trim_end_matches('/'));
        let request = Request::builder().method(Method::GET).uri(uri).body(Full::default());
        self.exchange(request).await
    }

    async fn attempt(&self, body: &Value) -> Answer {
        let text = body.to_string();
        let (sent, signed) = match self.inner.options.form {
            BodyForm::Escaped => (escaped(&text), None),
            BodyForm::Utf8SignedEscaped => {
                let signed = escaped(&text);
                (text, Some(signed))
            }
            BodyForm::Utf8 => (text, None),
        };
        let secret = self.inner.options.app_secret.as_str();
        let signed = signed.as_ref().unwrap_or(&sent).as_bytes();
        let signature = match self.inner.options.signing {
            Signing::Right => Some(signature(secret, signed)),
            Signing::Wrong => Some(signature(&format!("not {secret}"), signed)),
            Signing::Missing => None,
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.inner.uri)
            .header(CONTENT_TYPE, "application/json");
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let answer = {
            // The semaphore is never closed; were it, posting without a place would be right.
            let _place = self.inner.places.acquire().await;
            self.exchange(request.body(Full::from(sent))).await
        };
        if !answer.is_taken() {
            self.inner.journal.write(Happening::NotTaken { status: answer.status() });
        }
        answer
    }

    async fn exchange(&self, request: hyper::http::Result<Request<Full<Bytes>>>) -> Answer {
        let started = self.inner.clock.elapsed();
        let exchange = async {
            let request = request.map_err(|error| error.to_string())?;
            let answer = self.inner.client.request(request).await.map_err(|error| told(&error))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        let answer = match tokio::time::timeout(self.inner.options.timeout, exchange).await {
            Ok(Ok((status, body))) => Answer::Status(status, body),
            Ok(Err(why)) => Answer::Unreachable(why),
            Err(_) => Answer::TimedOut,
        };
        let took = self.inner.clock.elapsed().saturating_sub(started);
        let mut counts = self.inner.counts.lock();
        counts.tries += 1;
        match &answer {
            Answer::Status(status, _) => *counts.by_status.entry(*status).or_default() += 1,
            Answer::TimedOut => counts.timed_out += 1,
            Answer::Unreachable(_) => counts.unreachable += 1,
        }
        if answer.is_taken() {
            counts.taken_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
        answer
    }
}

/// The error with what caused it: hyper's own text says only which step failed.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Percent-encodes everything but the characters that RFC 3986 leaves as they are.
fn in_query(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
