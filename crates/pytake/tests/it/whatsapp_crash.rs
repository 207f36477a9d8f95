//! The promise of the channel under SIGKILL: what was answered with 200 is answered to the customer, once, in order.
//!
//! A real `pytake serve` on a file is killed at random moments and started again, while customers write in bursts, Meta
//! posts some messages twice, and the Graph API fails now and then. Everything is judged from outside: by what the
//! stand-in for Meta accepted, and by what the server says of its history and its outbox.
//!
//! `PYTAKE_CRASH_KILLS` says how often it is killed, `PYTAKE_CRASH_SEED` which moments are drawn.

mod customers;
mod verdict;

use std::collections::HashSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use pytake_simulator::{
    Business, Call, Graph, GraphOptions, On, Random, Reaction, RetryPlan, WebhookOptions, Webhooks,
};

use crate::emulator::server::Server;
use customers::{Talk, talk};

const SECRET: &str = "crash-secret";

/// The server's quiet time. Short, so that many turns are begun, sent and interrupted in a second.
const QUIET: Duration = Duration::from_millis(150);

/// How long the server waits for a report on a message of which nobody knows whether it was sent. Longer than Meta's
/// retries take after a restart, as the 60 s of a real server are.
const REPORT_WAIT_MS: &str = "5000";

/// Customers who write at the same time.
const AT_ONCE: usize = 12;

/// What all customers share.
pub(crate) struct Stage {
    graph: Graph,
    webhooks: Webhooks,
    seed: u64,
    is_over: AtomicBool,
    next_customer: AtomicU32,
    next_message: AtomicU32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_answered_once_and_in_order_whenever_the_server_is_killed() {
    let kills = number_from("PYTAKE_CRASH_KILLS", 3);
    let seed = number_from("PYTAKE_CRASH_SEED", 1);
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let stage = Arc::new(set_up(port, seed).await);
    let mut server = start(folder.path(), port, &stage).await;
    let mut talking = Vec::new();
    for _ in 0..AT_ONCE {
        talking.push(tokio::spawn(talk_on(Arc::clone(&stage))));
    }

    let mut random = Random::seeded(seed);
    let mut killed_at = Vec::new();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(200 + random.below(1_500))).await;
        killed_at.push(stage.graph.clock().elapsed());
        tokio::task::spawn_blocking(move || server.kill()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        server = start(folder.path(), port, &stage).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.is_over.store(true, Ordering::SeqCst);
    let mut talks: Vec<Talk> = Vec::new();
    for slot in talking {
        talks.extend(slot.await.unwrap());
    }
    verdict::wait_for_end(&server).await;
    verdict::judge(&stage, &server, &talks, &killed_at);
}

/// One customer after the other, until it is over.
async fn talk_on(stage: Arc<Stage>) -> Vec<Talk> {
    let mut talks = Vec::new();
    while !stage.is_over.load(Ordering::SeqCst) {
        let number = stage.next_customer.fetch_add(1, Ordering::SeqCst);
        talks.push(talk(&stage, number).await);
    }
    talks
}

async fn set_up(port: u16, seed: u64) -> Stage {
    let options = GraphOptions { numbers: vec![Business::default()], ..GraphOptions::default() };
    let graph = Graph::start(options).await.unwrap();
    graph.decide(trouble(seed));
    let retry = RetryPlan {
        first: Duration::from_millis(50),
        longest: Duration::from_millis(500),
        give_up_after: Duration::from_mins(5),
    };
    let options = WebhookOptions {
        retry,
        timeout: Duration::from_secs(5),
        max_in_flight: 256,
        ..WebhookOptions::new(&format!("http://127.0.0.1:{port}"), SECRET)
    };
    let webhooks = Webhooks::new(options, &graph).unwrap();
    graph.report_to(&webhooks);
    Stage {
        graph,
        webhooks,
        seed,
        is_over: AtomicBool::new(false),
        next_customer: AtomicU32::new(0),
        next_message: AtomicU32::new(0),
    }
}

/// Trouble at a message's first try, so that a second one is not unlucky as well: errors, a page of HTML from a gateway,
/// connections that break off with and without the message taken. All answers take a moment, in which a kill may come.
fn trouble(seed: u64) -> impl Fn(&Call) -> Option<Reaction> {
    let drawn = parking_lot::Mutex::new((Random::seeded(seed), HashSet::new()));
    move |call| {
        if call.on != On::Send {
            return None;
        }
        let (random, tried) = &mut *drawn.lock();
        let is_first = tried.insert(call.body["biz_opaque_callback_data"].to_string());
        let well = Reaction::AcceptLate(Duration::from_millis(random.below(60)));
        if !is_first {
            return Some(well);
        }
        Some(match random.below(100) {
            0..8 => Reaction::error(131_000),
            8..12 => Reaction::Answer {
                status: 502,
                content_type: "text/html".to_owned(),
                body: "<html><body>Bad gateway</body></html>".to_owned(),
            },
            12..18 => Reaction::AcceptAndClose,
            18..20 => Reaction::Close,
            _ => well,
        })
    }
}

async fn start(folder: &Path, port: u16, stage: &Stage) -> Server {
    let folder: PathBuf = folder.to_owned();
    let (listen, graph_url) = (format!("127.0.0.1:{port}"), stage.graph.base_url());
    let quiet = QUIET.as_millis().to_string();
    let starting = tokio::task::spawn_blocking(move || {
        let environment = [
            ("PYTAKE_LISTEN", listen.as_str()),
            ("AI_LOG_LEVEL", "warn"),
            ("WHATSAPP_ACCESS_TOKEN", "crash-token"),
            ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
            ("WHATSAPP_APP_SECRET", SECRET),
            ("WHATSAPP_VERIFY_TOKEN", "crash-verify"),
            ("WHATSAPP_API_BASE_URL", graph_url.as_str()),
            ("WHATSAPP_QUIET_MS", quiet.as_str()),
            ("WHATSAPP_REPORT_WAIT_MS", REPORT_WAIT_MS),
        ];
        Server::in_folder(&folder, &environment)
    });
    starting.await.unwrap()
}

/// A port below those that systems give to outgoing connections (from 32768 on Linux), so that none takes it while the
/// server is down.
fn free_port() -> u16 {
    let first = 20_000 + std::process::id() % 10_000;
    let ports = (first..30_000).chain(20_000..first);
    let mut ports = ports.filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}
