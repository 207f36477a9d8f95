//! Whether the promise was kept.

use std::time::Duration;

use pytake_simulator::On;
use serde_json::Value;

use super::customers::{Talk, replies_to};
use super::{Server, Stage};

/// Longer than a message of unknown end takes to be settled and sent again.
const END_WITHIN: Duration = Duration::from_mins(1);

/// A send that began so shortly before a kill may have been interrupted: answers take 60 ms at most, the rest is a
/// machine that is busy.
const INTERRUPTED_WITHIN: Duration = Duration::from_secs(2);

/// Waits until nothing waits to be sent and nobody waits for a reply.
pub(super) async fn wait_for_end(server: &Server) {
    let pause = Duration::from_millis(500);
    let mut left = END_WITHIN;
    while !is_at_end(server) && !left.is_zero() {
        tokio::time::sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}

fn is_at_end(server: &Server) -> bool {
    let is_sent = |row: &Value| row["state"] != "queued" && row["state"] != "sending";
    outbox(server).iter().all(is_sent) && conversations(server).iter().all(ends_with_a_reply)
}

pub(super) fn judge(stage: &Stage, server: &Server, talks: &[Talk], killed_at: &[Duration]) {
    let rows = outbox(server);
    let conversations = conversations(server);
    let counts = stage.graph.journal().counts();
    let flagged: Vec<&str> =
        rows.iter().filter(|row| row["is_possible_duplicate"] == true).map(|row| text(&row["id"])).collect();
    let duplicates = stage.graph.duplicates();
    eprintln!(
        "{} kills, {} customers, {} messages ({} posted again), {} replies, {} refused, {} duplicates of {} possible \
         ones",
        killed_at.len(),
        talks.len(),
        counts.messages,
        counts.repeated,
        counts.replies,
        counts.refused,
        counts.duplicates,
        flagged.len()
    );

    // Where a person is called the assistant is silent, and rightly: the texts of this test must call nobody.
    for conversation in &conversations {
        assert_eq!(conversation["attendant"], "assistant", "{}", conversation["handoff_reason"]);
    }

    // Nobody is ignored, nobody is answered twice.
    for talk in talks {
        let replies = replies_to(stage, talk.phone());
        assert!(!talk.is_ignored, "a burst has no reply: {talk:?}; not sent: {:#?}", not_sent(&rows));
        assert!((talk.least..=talk.most).contains(&replies), "{replies} replies: {talk:#?}");
    }

    // Nothing is lost, nothing is kept twice, the order is that of the customers.
    let mut written: Vec<Vec<&str>> =
        talks.iter().map(|talk| talk.texts.iter().map(String::as_str).collect()).collect();
    let mut kept: Vec<Vec<&str>> = conversations.iter().map(said_by_customer).collect();
    written.sort();
    kept.sort();
    assert_eq!(kept, written);
    for conversation in &conversations {
        assert!(ends_with_a_reply(conversation), "the last message has no answer: {conversation:#}");
    }
    assert!(not_sent(&rows).is_empty(), "{:#?}", not_sent(&rows));

    // What a customer got twice, the server knows of, and a crash in the middle of sending is behind it.
    for (callback, times) in &duplicates {
        assert!(*times == 2 && flagged.contains(&callback.as_str()), "{callback} was sent {times} times");
    }
    let mut calls = stage.graph.calls();
    calls.retain(|call| call.on == On::Send);
    let is_interrupted =
        |at: Duration| killed_at.iter().any(|killed| at <= *killed && at + INTERRUPTED_WITHIN > *killed);
    let bound = calls.iter().filter(|call| call.status.is_none() || is_interrupted(call.at)).count();
    assert!(duplicates.len() <= bound, "{} duplicates, {bound} sends without a known end", duplicates.len());
}

/// Rows whose message the customer does not have.
fn not_sent(rows: &[Value]) -> Vec<&Value> {
    let is_out = |row: &&Value| {
        let state = text(&row["state"]);
        // Withheld: something newer came before it was sent, and a newer reply answers both.
        ["accepted", "sent", "delivered", "read", "merged"].contains(&state)
            || state == "withheld" && row["reason"] == "newer_input"
    };
    rows.iter().filter(|row| !is_out(row)).collect()
}

fn ends_with_a_reply(conversation: &Value) -> bool {
    let messages = conversation["messages"].as_array();
    messages.and_then(|messages| messages.last()).is_some_and(|last| last["role"] == "assistant")
}

fn said_by_customer(conversation: &Value) -> Vec<&str> {
    let messages = conversation["messages"].as_array().into_iter().flatten();
    messages.filter(|message| message["role"] == "user").map(|message| text(&message["content"])).collect()
}

fn outbox(server: &Server) -> Vec<Value> {
    pages(server, "/api/v1/whatsapp/outbox")
}

fn conversations(server: &Server) -> Vec<Value> {
    let listed = pages(server, "/api/v1/ai/conversations");
    let read = |item: &Value| get(server, &format!("/api/v1/ai/conversations/{}", text(&item["id"])));
    listed.iter().map(read).collect()
}

/// Every item of a list.
fn pages(server: &Server, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = String::new();
    loop {
        let mut page = get(server, &format!("{path}?limit=100{next}"));
        if let Some(more) = page["items"].as_array_mut() {
            items.append(more);
        }
        let Some(cursor) = page["next"].as_str() else { return items };
        next = format!("&cursor={cursor}");
    }
}

/// The helper of the other process tests waits for its socket; this keeps the runtime going meanwhile.
fn get(server: &Server, path: &str) -> Value {
    tokio::task::block_in_place(|| server.get(path))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
