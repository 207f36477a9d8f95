//! What the store costs a turn: processor time of `reserve` and `record` under load, of the reads before them,
//! and how long each takes alone.
//!
//! `cargo bench -p pytake-store-sqlite --bench writes`. Processor time is the sum over all threads, from Linux's
//! `/proc/self/task/*/schedstat`; elsewhere only wall time is printed.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::budget::{BudgetClaim, BudgetScope};
use pytake_assistant::clock::{Clock, SystemClock, utc_day};
use pytake_assistant::conversation::{
    AnswerRecord, ConversationMessage, Conversations, Exchange, TurnRecord,
};
use pytake_assistant::id::{ConversationId, IdSource, MessageId, TenantId, UserId, UuidSource};
use pytake_assistant::ledger::{Ledger, LedgerEntry, Operation, Origin, ReservationId, ReservationRequest};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::provider::Role;
use pytake_assistant::tenant::Tenants;
use pytake_assistant::trail::{AttemptRecord, Trail};
use pytake_store::Keys;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

/// Turns in flight, as in the server's own benchmark.
const IN_FLIGHT: usize = 64;
/// Turns per measurement.
const TURNS: usize = 64_000;
/// Turns one after the other.
const ALONE: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(&folder.path().join("bench.db"), &SqliteOptions::default());
    let store = Arc::new(store.expect("a store"));
    let clock = SystemClock::new();
    println!("{TURNS} turns, {IN_FLIGHT} in flight, file in {}", folder.path().display());
    for round in 1..=3 {
        println!("round {round}");
        let place = move |n: usize| format!("round-{round}-{}", n % 4_096);
        runtime.block_on(under_load(&store, &clock, "reserve", move |store, n| async move {
            store.reserve(reservation(n, Vec::new())).await.expect("reserve");
        }));
        runtime.block_on(under_load(
            &store,
            &clock,
            "reserve with budget, settled",
            move |store, n| async move {
                let cap = |scope| BudgetClaim { scope, cap: PicoUsd(i64::MAX) };
                let budgets = BudgetScope::ALL.map(cap).to_vec();
                store.reserve(reservation(n, budgets)).await.expect("reserve");
                let settled = TurnRecord { exchange: None, ledger: vec![], ..turn(n, "none") };
                store.record(settled).await.expect("record");
            },
        ));
        runtime.block_on(under_load(&store, &clock, "record", move |store, n| async move {
            store.record(turn(n, &place(n))).await.expect("record");
        }));
        runtime.block_on(under_load(
            &store,
            &clock,
            "record, making the record only",
            move |_, n| async move {
                std::hint::black_box(turn(n, &place(n)));
            },
        ));
        runtime.block_on(under_load(
            &store,
            &clock,
            "reserve, history, record",
            move |store, n| async move {
                let name = ConversationId::new(place(n)).expect("an id");
                store.reserve(reservation(n, Vec::new())).await.expect("reserve");
                store.history(&TenantId::default_tenant(), &name, 10).await.expect("history");
                store.record(turn(n, &place(n))).await.expect("record");
            },
        ));
        runtime.block_on(under_load(&store, &clock, "history of 10", move |store, n| async move {
            let name = ConversationId::new(place(n)).expect("an id");
            store.history(&TenantId::default_tenant(), &name, 10).await.expect("history");
        }));
        runtime.block_on(under_load(&store, &clock, "tenant_version", move |store, _| async move {
            store.tenant_version(&TenantId::default_tenant()).await.expect("version");
        }));
        runtime.block_on(under_load(&store, &clock, "key_by_hash", move |store, _| async move {
            store.key_by_hash(&[7; 32]).await.expect("key");
        }));
        runtime.block_on(alone(&store, &clock));
    }
    store.close();
    let bytes = std::fs::metadata(folder.path().join("bench.db")).map(|file| file.len()).unwrap_or_default();
    println!("file at the end: {} MiB", bytes >> 20);
}

async fn under_load<F>(
    store: &Arc<SqliteStore>,
    clock: &SystemClock,
    name: &str,
    work: impl Fn(Arc<SqliteStore>, usize) -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    if !is_wanted(name) {
        return;
    }
    let (wall, processor, written) = (clock.elapsed(), processor_time(), kibibytes_written());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..IN_FLIGHT {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for n in (task..TURNS).step_by(IN_FLIGHT) {
                work(Arc::clone(&store), n).await;
            }
        });
    }
    tasks.join_all().await;
    let wall = clock.elapsed().saturating_sub(wall);
    let per_second = TURNS as f64 / wall.as_secs_f64();
    let each = processor.zip(processor_time()).map_or_else(
        || "unknown".to_owned(),
        |(before, after)| {
            format!("{:.1} µs", (after.saturating_sub(before)).as_secs_f64() * 1e6 / TURNS as f64)
        },
    );
    let written =
        written.zip(kibibytes_written()).map_or(0.0, |(before, after)| (after - before) / TURNS as f64);
    println!(
        "  {name:32} {each:>9} of processor and {written:>4.1} KiB written each, {per_second:>7.0} a second"
    );
}

/// `cargo bench … -- record` measures only what has that word in its name.
fn is_wanted(name: &str) -> bool {
    std::env::args().skip(1).filter(|word| !word.starts_with('-')).all(|word| name.contains(&word))
}

async fn alone(store: &Arc<SqliteStore>, clock: &SystemClock) {
    if !is_wanted("alone") {
        return;
    }
    let (mut reserving, mut recording) = (Vec::new(), Vec::new());
    for n in 0..ALONE {
        let start = clock.elapsed();
        store.reserve(reservation(n, Vec::new())).await.expect("reserve");
        let reserved = clock.elapsed();
        store.record(turn(n, &format!("alone-{}", n % 4_096))).await.expect("record");
        reserving.push(reserved.saturating_sub(start));
        recording.push(clock.elapsed().saturating_sub(reserved));
    }
    for (name, mut times) in [("reserve", reserving), ("record", recording)] {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_micros();
        println!("  {name} alone: median {} µs, 99 % {} µs, longest {} µs", at(50), at(99), at(100));
    }
}

/// Time all threads of this process have spent on a processor.
fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

/// What this process has written so far, by its own count: log and database file.
fn kibibytes_written() -> Option<f64> {
    let counters = std::fs::read_to_string("/proc/self/io").ok()?;
    let bytes = counters.lines().find_map(|line| line.strip_prefix("wchar: "))?;
    Some(bytes.parse::<f64>().ok()? / 1024.0)
}

fn user(n: usize) -> UserId {
    UserId::new(format!("customer-{}", n % 4_096)).expect("an id")
}

fn reservation(n: usize, budgets: Vec<BudgetClaim>) -> ReservationRequest {
    let now = SystemClock::new().now();
    ReservationRequest {
        id: ReservationId(format!("reservation-{n}")),
        tenant: TenantId::default_tenant(),
        user: user(n),
        day: utc_day(now),
        daily_limit: Some(1_000_000),
        budgets,
        at_most: PicoUsd(1_000_000),
        cheaper: None,
        at: now,
        holds_for: Duration::from_mins(1),
    }
}

/// A turn of a usual size: 80 characters asked, 400 answered, a trail of six steps and one call.
fn turn(n: usize, place: &str) -> TurnRecord {
    let now = SystemClock::new().now();
    let usage =
        TokenUsage { input_tokens: 1_500, cached_tokens: 1_024, output_tokens: 110, ..Default::default() };
    let mut trail = Trail { facts: vec!["delivery".into(), "returns".into()], ..Default::default() };
    for (step, found) in [
        ("screen", "pt, nothing to stop"),
        ("understand", "language pt 0.99; 3 signals"),
        ("decide", "reply"),
        ("compose", "1,500 tokens: instructions 900, facts 220, history 380; 4 messages left out"),
        ("generate", "openai answered at the first attempt"),
        ("vet", "fit to send"),
    ] {
        trail.step(step, found);
    }
    trail.attempts.push(AttemptRecord {
        provider: "openai".into(),
        model: "gpt-small-2026".into(),
        kind: None,
        status: Some(200),
        ms: 812,
        queued_ms: 0,
        message: None,
        usage: Some(usage),
    });
    trail.price_version = "2026-11-01".into();
    trail.prompt_version = "default-3".into();
    let message = |role, content: String, answer| ConversationMessage {
        id: MessageId::new(UuidSource.next()).expect("an id"),
        role,
        content,
        tokens: 100,
        created_at: now,
        analysis: None,
        language: Some("pt".into()),
        answer,
        confidence: None,
        channel: None,
    };
    let cost = Some(PicoUsd(212_000_000));
    let answer =
        AnswerRecord { provider: "openai".into(), model: "gpt-small-2026".into(), usage, cost, trail };
    TurnRecord {
        tenant: TenantId::default_tenant(),
        user: user(n),
        exchange: Some(Exchange {
            conversation: ConversationId::new(place).expect("an id"),
            questions: vec![message(Role::User, "Quanto custa o frete? ".repeat(4), None)],
            answer: Some(message(Role::Assistant, "O frete sai por R$ 12. ".repeat(17), Some(answer))),
            handoff_reason: None,
        }),
        ledger: vec![LedgerEntry {
            operation: Operation::Chat,
            provider: "openai".into(),
            model: "gpt-small-2026".into(),
            usage,
            cost,
            is_answer: true,
            is_cached: false,
            saved: None,
        }],
        origin: Origin::default(),
        budgets: Vec::new(),
        reservation: Some(ReservationId(format!("reservation-{n}"))),
        settlement: None,
        at: now,
    }
}
