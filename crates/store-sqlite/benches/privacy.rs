//! What it takes to hand over and to erase a customer with ten thousand messages, how long a turn waits meanwhile, and how
//! large the database is for a thousand turns.
//!
//! `cargo bench -p pytake-store-sqlite --bench privacy`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pytake_assistant::Author;
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::conversation::{
    AnswerRecord, ConversationMessage, Conversations, Exchange, TurnRecord,
};
use pytake_assistant::id::{ConversationId, IdSource, MessageId, TenantId, UserId, UuidSource};
use pytake_assistant::ledger::{LedgerEntry, Operation, Origin};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::provider::Role;
use pytake_assistant::trail::{AttemptRecord, Trail};
use pytake_store::{Export, Privacy};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

/// Turns of the customer: two messages each.
const TURNS: usize = 5_000;
/// Turns of everybody else before.
const OTHERS: usize = 20_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build();
    runtime.expect("a runtime").block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("bench.db");
    let store = Arc::new(SqliteStore::open(&path, &SqliteOptions::default()).expect("a store"));
    let clock = SystemClock::new();
    let tenant = TenantId::default_tenant();
    for n in 0..OTHERS {
        store.record(turn(&format!("user-{}", n % 1_000), n % 1_000)).await.expect("record");
    }
    store.forget_deleted().await.expect("an empty log");
    let bytes = std::fs::metadata(&path).expect("a file").len();
    println!("database: {:.2} MiB for 1,000 turns", mebibytes(bytes) * 1_000.0 / OTHERS as f64);
    for n in 0..TURNS {
        store.record(turn("ana", 10_000 + n % 20)).await.expect("record");
    }
    alone(&store, &clock, "record alone, nothing else").await;

    let began = clock.elapsed();
    let subject = store.subject(&tenant, "ana").await.expect("a store").expect("a customer");
    let dynamic = Arc::clone(&store) as Arc<dyn Privacy>;
    let mut export = Export::begin(dynamic, subject, clock.now()).await.expect("an export");
    let mut bytes = 0;
    while let Some(text) = export.next_text().await.expect("a page") {
        bytes += text.len() as u64;
    }
    let took = clock.elapsed().saturating_sub(began);
    println!("export of {} messages: {:.2} s, {:.1} MiB", 2 * TURNS, took.as_secs_f64(), mebibytes(bytes));

    let is_done = Arc::new(AtomicBool::new(false));
    let beside = tokio::spawn(turns_beside(Arc::clone(&store), Arc::clone(&is_done)));
    let began = clock.elapsed();
    let erasing = store.begin_erasure(&tenant, "ana", &Author::command(), clock.now()).await;
    let erasure = erasing.expect("a store").expect("a customer");
    let record = store.erase(&erasure, &clock).await.expect("an erasure");
    let took = clock.elapsed().saturating_sub(began);
    is_done.store(true, Ordering::Relaxed);
    println!("erasure, with turns beside it: {:.2} s, {:?}", took.as_secs_f64(), record.counts);
    let mut waits = beside.await.expect("turns");
    show("record beside the erasure", &mut waits);
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

async fn alone(store: &Arc<SqliteStore>, clock: &SystemClock, what: &str) {
    let mut waits = Vec::new();
    for n in 0..2_000 {
        waits.push(one(store, clock, n).await);
    }
    show(what, &mut waits);
}

async fn turns_beside(store: Arc<SqliteStore>, is_done: Arc<AtomicBool>) -> Vec<Duration> {
    let clock = SystemClock::new();
    let mut waits = Vec::new();
    while !is_done.load(Ordering::Relaxed) {
        waits.push(one(&store, &clock, waits.len()).await);
    }
    waits
}

async fn one(store: &Arc<SqliteStore>, clock: &SystemClock, n: usize) -> Duration {
    let turn = turn("other", n % 100);
    let began = clock.elapsed();
    store.record(turn).await.expect("record");
    clock.elapsed().saturating_sub(began)
}

fn show(what: &str, waits: &mut [Duration]) {
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 1_000).copied().unwrap_or_default();
    let last = waits.last().copied().unwrap_or_default();
    println!("{what}: {} turns, p50 {:?}, p99 {:?}, longest {last:?}", waits.len(), at(500), at(990));
}

fn turn(user: &str, place: usize) -> TurnRecord {
    let at = SystemClock::new().now();
    let usage = TokenUsage { input_tokens: 900, output_tokens: 45, ..TokenUsage::default() };
    let mut trail = Trail { facts: vec!["frete".to_owned()], ..Trail::default() };
    for step in ["screen", "understand", "decide", "compose", "generate", "vet"] {
        trail.step(step, "what it found, in a sentence or two about the message");
    }
    trail.attempts.push(AttemptRecord {
        provider: "openai".to_owned(),
        model: "gpt-5-mini".to_owned(),
        kind: None,
        status: Some(200),
        ms: 812,
        queued_ms: 3,
        message: None,
        usage: Some(usage),
    });
    let said = |role, text: &str| {
        let id = MessageId::new(UuidSource.next()).expect("an id");
        ConversationMessage::new(id, role, text.to_owned(), at)
    };
    let question =
        said(Role::User, "Oi, comprei um tênis na terça e ele veio com a sola descolando. Quero trocar.");
    let mut answer =
        said(Role::Assistant, "Sinto muito! A troca é gratuita em até 30 dias. Qual é o número do pedido?");
    answer.answer = Some(AnswerRecord {
        provider: "openai".to_owned(),
        model: "gpt-5-mini".to_owned(),
        usage,
        cost: Some(PicoUsd(123_456_789)),
        trail,
    });
    TurnRecord {
        tenant: TenantId::default_tenant(),
        user: UserId::new(user).expect("a user"),
        exchange: Some(Exchange {
            conversation: ConversationId::new(format!("{user}-{place}")).expect("an id"),
            questions: vec![question],
            answer: Some(answer),
            handoff_reason: None,
        }),
        ledger: vec![LedgerEntry {
            operation: Operation::Chat,
            provider: "openai".to_owned(),
            model: "gpt-5-mini".to_owned(),
            usage,
            cost: Some(PicoUsd(123_456_789)),
            is_cached: false,
            saved: None,
            is_answer: true,
        }],
        origin: Origin::default(),
        budgets: Vec::new(),
        reservation: None,
        settlement: None,
        at,
    }
}
