//! What a channel costs the store: receptions that survive a power cut, alone and many at once; a turn of the inbox
//! (claim, settle with one reply) and of the outbox (take, accepted) among ten thousand conversations that wait.
//!
//! `cargo bench -p pytake-store-sqlite --bench inbox`, with `PYTAKE_BENCH_DIR` for another disk than the temporary
//! directory's. Times are those of a caller, from the call to the answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::{
    Accepted, Event, EventKind, InboundContent, InboundMessage, OutboundContent, OutboxDraft, OutboxId,
    OutboxKind, Recipient, Sender, Settlement,
};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::conversation::{ConversationMessage, Conversations, Exchange, TurnRecord};
use pytake_assistant::id::{IdSource, MessageId, NumberId, TenantId, UuidSource};
use pytake_assistant::ledger::Origin;
use pytake_assistant::provider::Role;
use pytake_store::{Inbox, Outbox, ReceivedEvent, Reception};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

/// Receptions one after the other.
const ALONE: usize = 500;
/// Receptions of each of those that come at once.
const EACH: usize = 100;
/// Webhooks at once.
const AT_ONCE: usize = 64;
/// Conversations that wait while turns are measured.
const WAITING: usize = 10_000;
/// Turns measured.
const TURNS: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let folder = match std::env::var_os("PYTAKE_BENCH_DIR") {
        Some(place) => tempfile::tempdir_in(place),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a temporary directory");
    let store = SqliteStore::open(&folder.path().join("bench.db"), &SqliteOptions::default());
    let store = Arc::new(store.expect("a store"));
    let clock = SystemClock::new();
    println!("file in {}", folder.path().display());
    flushes(folder.path(), &clock);
    runtime.block_on(alone(&store, &clock));
    runtime.block_on(at_once(&store, &clock));
    runtime.block_on(turns(&store, &clock));
    store.close();
}

/// What the disk itself takes: one page written and flushed.
fn flushes(folder: &Path, clock: &SystemClock) {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("flush")).expect("a file");
    let mut times = Vec::new();
    for _ in 0..ALONE {
        let start = clock.elapsed();
        file.write_all(&[0; 4_096]).expect("written");
        file.sync_data().expect("flushed");
        times.push(clock.elapsed().saturating_sub(start));
    }
    show("the disk: 4 KiB written and flushed", times);
}

async fn alone(store: &SqliteStore, clock: &SystemClock) {
    let mut times = Vec::new();
    for n in 0..ALONE {
        let reception = reception(&format!("alone-{n}"), n % 100);
        let start = clock.elapsed();
        store.receive(reception).await.expect("received");
        times.push(clock.elapsed().saturating_sub(start));
    }
    show("receive, alone", times);
}

async fn at_once(store: &Arc<SqliteStore>, clock: &SystemClock) {
    let clock = *clock;
    let start = clock.elapsed();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..AT_ONCE {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut times = Vec::new();
            for n in 0..EACH {
                let reception = reception(&format!("many-{task}-{n}"), task * EACH + n);
                let start = clock.elapsed();
                store.receive(reception).await.expect("received");
                times.push(clock.elapsed().saturating_sub(start));
            }
            times
        });
    }
    let times: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let wall = clock.elapsed().saturating_sub(start);
    println!("  {AT_ONCE} at once: {:.0} receptions a second", times.len() as f64 / wall.as_secs_f64());
    show("receive, 64 at once", times);
}

async fn turns(store: &SqliteStore, clock: &SystemClock) {
    for n in 0..WAITING {
        if n % 100 == 0 {
            let events = (n..n + 100).flat_map(|n| reception(&format!("wait-{n}"), n).events).collect();
            store.receive(Reception { body: Bytes::from_static(b"{}"), events }).await.expect("received");
        }
    }
    let [mut claims, mut settles, mut takes, mut accepts] = [const { Vec::new() }; 4];
    for n in 0..TURNS {
        let start = clock.elapsed();
        let claim = store.claim(Duration::from_mins(1)).await.expect("claimed").expect("it waits");
        let claimed = clock.elapsed();
        store.record(turn(n, &claim, clock)).await.expect("settled");
        let settled = clock.elapsed();
        let sending = store.take().await.expect("taken").expect("it is queued");
        let underway = clock.elapsed();
        let id = Accepted { message_id: format!("wamid.{n}"), recipient: Recipient::default() };
        store.accepted(&sending.key, &id).await.expect("noted");
        claims.push(claimed.saturating_sub(start));
        settles.push(settled.saturating_sub(claimed));
        takes.push(underway.saturating_sub(settled));
        accepts.push(clock.elapsed().saturating_sub(underway));
    }
    show("claim (no flush), 10,000 waiting", claims);
    show("settle with a reply", settles);
    show("take", takes);
    show("accepted", accepts);
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_micros();
    println!("  {name}: median {} µs, 99 % {} µs, longest {} µs", at(50), at(99), at(100));
}

fn reception(id: &str, customer: usize) -> Reception {
    let number = NumberId::new("1234567890").expect("an id");
    let message = InboundMessage {
        number: number.clone(),
        id: id.to_owned(),
        sender: Sender {
            phone: Some(format!("55119{customer:08}")),
            scoped_id: Some(format!("BR.{customer:016}")),
            name: Some("Ana".to_owned()),
            username: None,
        },
        group: None,
        sent_at: None,
        content: InboundContent::Text { text: "Quanto custa o frete para Contagem? ".repeat(2) },
        quotes: None,
        product: None,
        is_forwarded: false,
        referral: None,
        is_standby: false,
    };
    let event = Event {
        number: Some(number),
        account: None,
        key: id.to_owned(),
        kind: EventKind::Message(Box::new(message)),
    };
    let received = ReceivedEvent {
        event,
        tenant: Some(TenantId::default_tenant()),
        quiet: Duration::ZERO,
        quiet_at_most: Duration::ZERO,
    };
    // As large as a webhook with one text.
    Reception { body: Bytes::from(vec![b'x'; 700]), events: vec![received] }
}

fn turn(n: usize, claim: &pytake_store::Claim, clock: &SystemClock) -> TurnRecord {
    let now = clock.now();
    let message = |role, content: String| ConversationMessage {
        id: MessageId::new(UuidSource.next()).expect("an id"),
        role,
        content,
        tokens: 100,
        created_at: now,
        analysis: None,
        language: Some("pt".into()),
        answer: None,
        confidence: None,
        channel: None,
    };
    let body = "O frete sai por R$ 12. ".repeat(17);
    TurnRecord {
        tenant: TenantId::default_tenant(),
        user: claim.customer.id.clone(),
        exchange: Some(Exchange {
            conversation: claim.key.conversation.clone(),
            questions: vec![message(Role::User, "Quanto custa o frete? ".repeat(4))],
            answer: Some(message(Role::Assistant, body.clone())),
            handoff_reason: None,
        }),
        ledger: Vec::new(),
        origin: Origin::default(),
        budgets: Vec::new(),
        reservation: None,
        settlement: Some(Settlement {
            lease: claim.key.lease,
            items: claim.items.iter().map(|item| item.id).collect(),
            outbound: vec![OutboxDraft {
                id: OutboxId(format!("reply-{n}")),
                kind: OutboxKind::Reply,
                content: OutboundContent::Text { body, preview_url: false },
            }],
            is_void_when_newer: true,
        }),
        at: now,
    }
}
