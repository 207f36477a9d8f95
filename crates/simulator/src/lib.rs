//! Plays Meta: signed webhooks in, a Graph API that answers, delivery reports.
//!
//! It knows the HTTP interface of the WhatsApp Cloud API and nothing of the server it plays against, so that what it
//! says of that server is said from outside. `pytake simulate`, the end-to-end tests, the crash test and the benchmark
//! use it.
//!
//! ```no_run
//! use std::time::Duration;
//! use pytake_simulator::{Business, Customer, Graph, GraphOptions, Webhooks, WebhookOptions, Written, post};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let graph = Graph::start(GraphOptions::default()).await?;
//! // … start the server with WHATSAPP_API_BASE_URL = graph.base_url() …
//! let webhooks = Webhooks::new(WebhookOptions::new("http://127.0.0.1:8080", "secret"), &graph)?;
//! graph.report_to(&webhooks);
//! let hello = Written::text("wamid.1", graph.clock().unix_seconds(), "oi");
//! webhooks.deliver(&post(&Business::default(), &Customer::default(), &[hello])).await;
//! assert!(graph.wait_for_sent(1, Duration::from_secs(20)).await);
//! println!("{}", graph.sent()[0].shown.text);
//! # Ok(())
//! # }
//! ```

mod clock;
mod graph;
mod journal;
mod people;
mod player;
mod random;
mod scenario;
mod signature;
mod transcript;
mod webhook;
mod webhooks;

pub use clock::Clock;
pub use graph::{
    Call, Decision, Failures, Graph, GraphOptions, Limits, MediaFile, On, PairLimit, Reaction, Reports, Sent,
};
pub use journal::{Choice, Counts, Entry, Happening, Journal, Shown, State};
pub use people::Person;
pub use player::{PlayOptions, PlayReport, Player};
pub use random::Random;
pub use scenario::{Expectation, Scenario, ScenarioError, ScenarioMedia, Step};
pub use signature::{escaped, signature};
pub use transcript::{Line, Style, transcript};
pub use webhook::{
    Business, Customer, Written, businesses, echo_post, join, message_ids, post, split, status_post,
};
pub use webhooks::{
    AddressError, Answer, BodyForm, Delivery, PostCounts, RetryPlan, Signing, WebhookOptions, Webhooks,
};
