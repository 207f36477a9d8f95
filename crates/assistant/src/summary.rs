//! The running summary of the older part of a conversation, made in the background.
//!
//! A reply never waits for it. Only a real model can summarise; without one the older part is left out, and
//! the trail of each turn says so.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::conversation::{ConversationMessage, History, Summary};
use crate::error::AIError;
use crate::id::{ConversationId, TenantId, UserId};
use crate::instructions;
use crate::ledger::Operation;
use crate::masking::{self, Mask, Texts};
use crate::provider::{CompletionRequest, Evidence, PromptMessage, Role};
use crate::router::{Acceptance, Billed, Earlier, RoutedCall, Task, Terms, Wish};
use crate::service::Engine;
use crate::tenant::PromptPurpose;
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::{self, Bookkeeping, Need, Seat};

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
    terms: &Terms,
    added: u64,
) {
    let stored = history.conversation.as_ref().map_or(0, |c| c.message_count) + added;
    if due(engine, stored, history.summary.as_ref()).is_none() || !engine.router.has_remote(terms) {
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
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    let mask = mask(&view, previous.as_ref(), &messages);
    let text = transcript(previous.as_ref(), &messages, mask.as_deref());
    let mut system = system(engine, &view).await?;
    if mask.is_some() {
        system = format!("{system}{}", masking::INSTRUCTION).into();
    }
    let input_tokens = [&*system, &*text].map(|part| pytake_tokenizer::count(part) as u64).iter().sum();
    let need = Need {
        view: &view,
        user,
        input_tokens,
        max_output_tokens: MAX_SUMMARY_TOKENS,
        wish: Some(Wish { preferred: None, fallback: true, model: None, terms: &view.terms }),
        may_be_cheaper: false,
    };
    let seat = turn::reserve(engine, need, &mut Trail::default()).await?;
    let made = if seat.may_spend {
        Some(summarise(engine, &view, conversation, (system, text), mask, input_tokens, &seat).await)
    } else {
        None
    };
    let books = Bookkeeping {
        engine,
        view: &view,
        user,
        operation: Operation::Summary,
        conversation: Some(conversation),
    };
    let booked = book(&books, &seat, made.as_ref()).await;
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

/// The instructions, with what the tenant adds to them.
async fn system(engine: &Engine, view: &TenantView) -> Result<Arc<str>, AIError> {
    let addition = engine.addition(view, PromptPurpose::Summary, &serde_json::Map::new()).await?;
    Ok(match addition {
        Some(text) => {
            format!("{}\n# What the business adds\n{}\n", instructions::SUMMARY, text.trim()).into()
        }
        None => instructions::SUMMARY.into(),
    })
}

struct Summarised {
    text: Option<String>,
    billed: Vec<Billed>,
}

async fn summarise(
    engine: &Engine,
    view: &TenantView,
    conversation: &ConversationId,
    (system, text): (Arc<str>, String),
    mask: Option<Arc<Mask>>,
    input_tokens: u64,
    seat: &Seat,
) -> Summarised {
    let call = RoutedCall {
        earlier: Earlier::default(),
        request: CompletionRequest {
            model: "".into(),
            system,
            messages: Arc::new([PromptMessage::new(Role::User, text)]),
            max_output_tokens: MAX_SUMMARY_TOKENS,
            temperature: Some(engine.settings.analysis_temperature),
            schema: None,
            user_pseudonym: None,
            evidence: Arc::new(Evidence::default()),
            key: None,
        },
        task: Task::Summary,
        preferred: None,
        fallback: true,
        model: None,
        terms: Arc::clone(&view.terms),
        tenant: view.tenant.id.clone(),
        lane: conversation.as_str().into(),
        deadline: engine.clock.elapsed() + engine.settings.request_timeout,
        input_tokens,
        remote_allowed: true,
        covered: seat.covered.clone(),
        local_allowed: false,
        accept: {
            let mask = mask.clone();
            Arc::new(move |completion, _| {
                if completion.text.trim().is_empty() {
                    return Acceptance::Malformed("the summary is empty".to_owned());
                }
                match mask.as_ref().map(|mask| mask.checked(&completion.text)) {
                    None | Some(Ok(_)) => Acceptance::Accept,
                    Some(Err(objection)) => Acceptance::Repair { objection },
                }
            })
        },
    };
    match engine.router.complete(call).await {
        Ok(routed) => {
            let text = routed.completion.text;
            let text = mask.map_or_else(|| text.clone(), |mask| mask.reveal(&text).text);
            Summarised { text: Some(text), billed: routed.billed }
        }
        Err(failure) => Summarised { text: None, billed: failure.billed },
    }
}

async fn book(books: &Bookkeeping<'_>, seat: &Seat, made: Option<&Summarised>) -> Result<(), AIError> {
    let billed = made.map_or(&[][..], |made| &made.billed);
    let engine = books.engine;
    if billed.is_empty() || !engine.settings.is_usage_tracked {
        return Ok(());
    }
    let ledger = turn::book(engine, books.view, books.operation, billed, "", "", seat.day);
    Ok(turn::write(engine, books.record(seat, ledger)).await.map(drop)?)
}

/// What to hide from providers, where the tenant's settings say so.
fn mask(
    view: &TenantView,
    previous: Option<&Summary>,
    messages: &[ConversationMessage],
) -> Option<Arc<Mask>> {
    if !view.masks_personal_data() {
        return None;
    }
    let mut texts = Texts { own: vec![&view.system], ..Texts::default() };
    texts.customer.extend(previous.map(|summary| summary.text.as_str()));
    texts.customer.extend(messages.iter().map(|message| message.content.as_str()));
    Some(Arc::new(Mask::of(view, &texts)))
}

fn transcript(previous: Option<&Summary>, messages: &[ConversationMessage], mask: Option<&Mask>) -> String {
    let hidden = |text| mask.map_or(Cow::Borrowed(text), |mask| mask.hide(text));
    let mut text = String::new();
    if let Some(summary) = previous {
        text.push_str(&instructions::fence("summary so far", &hidden(&summary.text)));
        text.push('\n');
    }
    for message in messages {
        let speaker = match message.role {
            Role::User => "customer",
            Role::Assistant => "assistant",
        };
        text.push_str(&instructions::fence(speaker, &hidden(&message.content)));
        text.push('\n');
    }
    text
}
