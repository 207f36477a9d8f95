//! The running summary of the older part of a conversation, made in the background.
//!
//! A reply never waits for it. Only a real model can summarise; without one the older part is left out, and
//! the trail of each turn says so.

use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::conversation::{ConversationMessage, History, Summary, TurnRecord};
use crate::error::AIError;
use crate::id::{ConversationId, TenantId, UserId};
use crate::instructions;
use crate::ledger::Operation;
use crate::provider::{CompletionRequest, Evidence, PromptMessage, Role};
use crate::router::{Acceptance, Billed, Earlier, RoutedCall, Task};
use crate::service::Engine;
use crate::trail::Trail;
use crate::turn::{self, Seat};

/// Messages that may be neither verbatim nor summarised before a summary is made: six exchanges, so that one
/// turn in six pays for it.
const REFRESH_AFTER: u64 = 12;
/// Longest summary, in tokens.
const MAX_SUMMARY_TOKENS: u32 = 400;
/// Most messages put into one summary call; the next refresh takes the rest.
const MAX_MESSAGES: u64 = 60;

/// Conversations whose summary is being made; one at a time each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Summaries(Arc<Mutex<FxHashSet<Key>>>);

type Key = (TenantId, ConversationId);

/// A summary in the making; the next one may begin when this is dropped.
struct Running {
    of: Summaries,
    key: Key,
}

impl Summaries {
    /// `None`: one is being made already.
    fn begin(&self, tenant: &TenantId, conversation: &ConversationId) -> Option<Running> {
        let key = (tenant.clone(), conversation.clone());
        let is_first = self.0.lock().insert(key.clone());
        is_first.then(|| Running { of: self.clone(), key })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.of.0.lock().remove(&self.key);
    }
}

/// Starts a refresh when enough messages have left the verbatim part; the turn has just added so many. Owned by the engine's task tracker.
pub(crate) fn refresh_later(
    engine: &Arc<Engine>,
    tenant: &TenantId,
    user: &UserId,
    conversation: &ConversationId,
    history: &History,
    added: u64,
) {
    let stored = history.conversation.as_ref().map_or(0, |c| c.message_count) + added;
    if due(engine, stored, history.summary.as_ref()).is_none() || !engine.router.has_remote() {
        return;
    }
    let Some(running) = engine.summaries.begin(tenant, conversation) else { return };
    let (engine, tenant, user) = (Arc::clone(engine), tenant.clone(), user.clone());
    let conversation = conversation.clone();
    let tasks = engine.tasks.clone();
    tasks.spawn(async move {
        let _running = running;
        if let Err(error) = refresh(&engine, &tenant, &user, &conversation).await {
            // The next turn tries again; the reply was given long ago.
            tracing::warn!(%error, "could not refresh the summary of a conversation");
        }
    });
}

/// Up to which message the next summary goes; `None` while too little has left the verbatim part.
fn due(engine: &Engine, stored: u64, summary: Option<&Summary>) -> Option<u64> {
    let covered = summary.map_or(0, |summary| summary.covers);
    let left = stored.saturating_sub(u64::from(engine.settings.history_messages));
    let is_due = left.saturating_sub(covered) >= REFRESH_AFTER;
    is_due.then(|| left.min(covered + MAX_MESSAGES))
}

async fn refresh(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<(), AIError> {
    // Read anew: the turn's own view is older than a summary that was being made meanwhile.
    let history = engine.store.history(tenant, conversation, 0).await?;
    let (stored, previous) = (history.conversation.map_or(0, |c| c.message_count), history.summary);
    let Some(up_to) = due(engine, stored, previous.as_ref()) else { return Ok(()) };
    let covered = previous.as_ref().map_or(0, |summary| summary.covers);
    let messages = engine.store.messages(tenant, conversation, covered, up_to).await?;
    let text = transcript(previous.as_ref(), &messages);
    let input_tokens = pytake_tokenizer::count(&text) as u64;
    let mut trail = Trail::default();
    let seat = turn::reserve(engine, tenant, user, input_tokens, MAX_SUMMARY_TOKENS, &mut trail).await?;
    let made = if seat.may_spend {
        Some(summarise(engine, tenant, conversation, text, input_tokens).await)
    } else {
        None
    };
    let booked = book(engine, tenant, user, &seat, made.as_ref()).await;
    // A summary is not a request of the customer's: its place in the day is given back.
    if let Some(reservation) = &seat.reservation {
        engine.store.release(tenant, user, seat.day, reservation).await?;
    }
    booked?;
    if let Some(Summarised { text: Some(text), .. }) = made {
        let summary = Summary { text: text.trim().to_owned(), covers: up_to };
        engine.store.put_summary(tenant, conversation, summary).await?;
    }
    Ok(())
}

struct Summarised {
    text: Option<String>,
    billed: Vec<Billed>,
}

async fn summarise(
    engine: &Engine,
    tenant: &TenantId,
    conversation: &ConversationId,
    text: String,
    input_tokens: u64,
) -> Summarised {
    let call = RoutedCall {
        earlier: Earlier::default(),
        request: CompletionRequest {
            model: "".into(),
            system: instructions::SUMMARY.into(),
            messages: Arc::new([PromptMessage::new(Role::User, text)]),
            max_output_tokens: MAX_SUMMARY_TOKENS,
            temperature: Some(engine.settings.analysis_temperature),
            schema: None,
            user_pseudonym: None,
            evidence: Arc::new(Evidence::default()),
        },
        task: Task::Summary,
        preferred: None,
        fallback: true,
        model: None,
        tenant: tenant.clone(),
        lane: conversation.as_str().into(),
        deadline: engine.clock.elapsed() + engine.settings.request_timeout,
        input_tokens,
        remote_allowed: true,
        local_allowed: false,
        accept: Arc::new(|completion, _| {
            if completion.text.trim().is_empty() {
                Acceptance::Malformed("the summary is empty".to_owned())
            } else {
                Acceptance::Accept
            }
        }),
    };
    match engine.router.complete(call).await {
        Ok(routed) => Summarised { text: Some(routed.completion.text), billed: routed.billed },
        Err(failure) => Summarised { text: None, billed: failure.billed },
    }
}

async fn book(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    seat: &Seat,
    made: Option<&Summarised>,
) -> Result<(), AIError> {
    let billed = made.map_or(&[][..], |made| &made.billed);
    if billed.is_empty() || !engine.settings.is_usage_tracked {
        return Ok(());
    }
    let record = TurnRecord {
        tenant: tenant.clone(),
        user: user.clone(),
        exchange: None,
        ledger: turn::book(engine, Operation::Summary, billed, "", "", seat.day),
        reservation: None,
        settlement: None,
        at: engine.clock.now(),
    };
    Ok(engine.store.record(record).await.map(drop)?)
}

fn transcript(previous: Option<&Summary>, messages: &[ConversationMessage]) -> String {
    let mut text = String::new();
    if let Some(summary) = previous {
        text.push_str(&instructions::fence("summary so far", &summary.text));
        text.push('\n');
    }
    for message in messages {
        let speaker = match message.role {
            Role::User => "customer",
            Role::Assistant => "assistant",
        };
        text.push_str(&instructions::fence(speaker, &message.content));
        text.push('\n');
    }
    text
}
