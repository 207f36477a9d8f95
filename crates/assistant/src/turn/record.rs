//! Step record: what happened, in one transaction; then the answer goes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::announce::Announcement;
use super::exchange;
use super::generate::{Draft, Failed, not_used};
use super::recall::Situation;
use super::reserve::Seat;
use super::reuse::Given;
use super::understand::Reading;
use crate::answer_cache::metrics;
use crate::budget::BudgetMark;
use crate::channel::Recorded;
use crate::chat::{ChatResponse, Handoff, UsageReport};
use crate::conversation::{AnswerRecord, TurnRecord};
use crate::error::{AIError, StorageError};
use crate::events::TenantEventKind;
use crate::id::{ConversationId, MessageId, TenantId, UserId};
use crate::ledger::{LedgerEntry, Operation, Origin};
use crate::money::{PicoUsd, TokenUsage};
use crate::router::Billed;
use crate::service::{Answered, Engine};
use crate::spans::RECORD;
use crate::summary;
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Writes the turn and makes the response.
///
/// # Errors
/// Storage: the answer is not given, because it could not be kept.
#[tracing::instrument(level = "debug", name = RECORD, skip_all)]
pub(crate) async fn record(
    engine: &Arc<Engine>,
    request: TurnRequest,
    situation: Situation,
    reading: Reading,
    seat: Seat,
    mut draft: Draft,
    mut trail: Trail,
) -> Result<Answered, AIError> {
    let at = engine.clock.now();
    let view = &situation.tenant;
    let model = draft.reused.as_ref().map_or(&draft.model, |reused| &reused.booked_model);
    let mut ledger = book(engine, view, request.operation, &draft.billed, &draft.provider, model, seat.day);
    if let (Some(reused), Some(answer)) = (&draft.reused, ledger.iter_mut().find(|entry| entry.is_answer)) {
        answer.is_cached = true;
        answer.saved = reused.saved;
    }
    let paid = ledger.iter().find(|entry| entry.is_answer).map(|entry| (entry.model.clone(), entry.cost));
    let usage: TokenUsage = ledger.iter().map(|e| e.usage).fold(TokenUsage::default(), |a, b| a + b);
    let cost: Option<PicoUsd> = ledger.iter().map(|entry| entry.cost).sum();
    trail.attempts.clone_from(&draft.attempts);
    trail.price_version = engine.price_version(view, &draft.billed, seat.day);
    let message_id = engine.message_id()?;
    let origin = if request.store {
        Origin { conversation: Some(request.conversation.clone()), message: Some(message_id.clone()) }
    } else {
        Origin::default()
    };
    let response = respond(engine, &request, &reading, &draft, &message_id, usage, cost);
    let outbound = exchange::outbound(engine, request.burst.as_ref(), &reading, &draft);
    let exchange = if request.store {
        let (provider, model) = (draft.provider.clone(), draft.model.clone());
        let record = AnswerRecord { provider, model, usage, cost, trail };
        let answer = exchange::answer(&reading, &draft, record, &outbound, (message_id.clone(), at));
        Some(exchange::exchange(engine, &request, &reading, &draft, answer)?)
    } else {
        None
    };
    let announcement = exchange
        .as_ref()
        .map(|exchange| Announcement::of(exchange, &situation.history, &draft, request.user.as_str()));
    let added = exchange.as_ref().map(|exchange| exchange.questions.len() as u64 + 1);
    let turn = TurnRecord {
        tenant: request.tenant.clone(),
        user: request.user.clone(),
        exchange,
        ledger: if engine.settings.is_usage_tracked { ledger } else { Vec::new() },
        origin,
        budgets: seat.budgets.clone(),
        reservation: seat.reservation.clone(),
        settlement: exchange::settlement(request.burst.as_ref(), outbound),
        at,
    };
    if added.is_some() || engine.settings.is_usage_tracked {
        match write(engine, turn).await {
            Ok(Recorded::Written) => {}
            Ok(Recorded::Fenced) => return Ok(Answered::Fenced),
            Ok(Recorded::Outdated) => return Ok(Answered::Outdated),
            Err(error) => {
                // Nobody gets the answer, and its calls are owed all the same. The conversation may be another's.
                let (user, operation) = (&request.user, request.operation);
                let books = Bookkeeping { engine, view, user, operation, conversation: None };
                let failed = Failed { error: error.into(), billed: not_used(draft.billed) };
                return Err(give_up(&books, &seat, failed).await);
            }
        }
    }
    if let Some(reused) = &draft.reused {
        metrics::saved(reused.saved);
    }
    if let (Some(keepsake), Some((booked_model, cost)), true) = (draft.keepsake.take(), paid, request.store) {
        keepsake.keep(engine, &request, &draft, Given { message: message_id, booked_model, cost }).await;
    }
    if let Some(announcement) = announcement {
        announcement.publish(engine, &request, at);
    }
    // A summary costs money: none is made for a tenant that is suspended.
    if let Some(added) = added.filter(|_| !situation.tenant.is_suspended()) {
        let (tenant, user) = (&request.tenant, &request.user);
        let terms = &situation.tenant.terms;
        summary::refresh_later(engine, tenant, user, &request.conversation, &situation.history, terms, added);
    }
    Ok(Answered::Recorded(Box::new(response)))
}

/// For whom and for what calls are booked.
pub(crate) struct Bookkeeping<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) view: &'a TenantView,
    pub(crate) user: &'a UserId,
    pub(crate) operation: Operation,
    /// The conversation, where it is kept.
    pub(crate) conversation: Option<&'a ConversationId>,
}

impl Bookkeeping<'_> {
    /// A record of bookings alone.
    pub(crate) fn record(&self, seat: &Seat, ledger: Vec<LedgerEntry>) -> TurnRecord {
        TurnRecord {
            tenant: self.view.tenant.id.clone(),
            user: self.user.clone(),
            exchange: None,
            ledger,
            origin: Origin { conversation: self.conversation.cloned(), message: None },
            budgets: seat.budgets.clone(),
            reservation: None,
            settlement: None,
            at: self.engine.clock.now(),
        }
    }
}

/// Writes a record, and tells of the marks of budgets that it passes.
///
/// # Errors
/// Storage.
pub(crate) async fn write(engine: &Engine, turn: TurnRecord) -> Result<Recorded, StorageError> {
    let (tenant, at) = (turn.tenant.clone(), turn.at);
    let outcome = engine.store.record(turn).await?;
    tell(engine, &tenant, outcome.passed, at);
    Ok(outcome.recorded)
}

/// Tells everybody who watches that marks of budgets were passed.
pub(crate) fn tell(engine: &Engine, tenant: &TenantId, passed: Vec<BudgetMark>, at: Timestamp) {
    for mark in passed {
        let mut data = json!({
            "scope": mark.scope.owner(),
            "period": mark.scope.period(),
            "percent": mark.percent,
            "spent_micro_usd": mark.spent.micro_usd(),
            "cap_micro_usd": mark.cap.micro_usd(),
        });
        if let Some(user) = &mark.user {
            data["user_id"] = json!(user);
        }
        engine.events.publish(tenant, TenantEventKind::Budget, None, at, data);
    }
}

/// Books what failed calls cost, gives the place back, and says why there is no answer.
pub(crate) async fn give_up(books: &Bookkeeping<'_>, seat: &Seat, failed: Failed) -> AIError {
    let Bookkeeping { engine, view, operation, .. } = books;
    let Some(reservation) = &seat.reservation else { return failed.error };
    let booked = if failed.billed.is_empty() {
        Ok(())
    } else {
        let ledger = book(engine, view, *operation, &failed.billed, "", "", seat.day);
        write(engine, books.record(seat, ledger)).await.map(drop)
    };
    let released = engine.store.release(&view.tenant.id, books.user, seat.day, reservation).await;
    if let Err(error) = booked.and(released) {
        // The caller gets the failure that came first.
        tracing::error!(%error, ?operation, "could not settle what failed; its place stays counted");
    }
    failed.error
}

/// Ledger entries for billed calls; a turn that cost nothing still books one, so that it is counted.
pub(crate) fn book(
    engine: &Engine,
    view: &TenantView,
    operation: Operation,
    billed: &[Billed],
    provider: &str,
    model: &str,
    day: Date,
) -> Vec<LedgerEntry> {
    let mut entries: Vec<LedgerEntry> = billed
        .iter()
        .map(|call| LedgerEntry {
            operation,
            provider: call.provider.clone(),
            model: call.model.clone(),
            usage: call.usage,
            cost: engine.cost(view, call, day),
            is_answer: call.is_answer,
            is_cached: false,
            saved: None,
        })
        .collect();
    if !provider.is_empty() && !entries.iter().any(|entry| entry.is_answer) {
        entries.push(LedgerEntry {
            operation,
            provider: provider.to_owned(),
            model: model.to_owned(),
            usage: TokenUsage::default(),
            cost: Some(PicoUsd::ZERO),
            is_answer: true,
            is_cached: false,
            saved: None,
        });
    }
    entries
}

fn respond(
    engine: &Engine,
    request: &TurnRequest,
    reading: &Reading,
    draft: &Draft,
    message_id: &MessageId,
    usage: TokenUsage,
    cost: Option<PicoUsd>,
) -> ChatResponse {
    let elapsed = engine.clock.elapsed().saturating_sub(request.started);
    let mut metadata = BTreeMap::new();
    let mut note = |name: &str, value: String| metadata.insert(name.to_owned(), value);
    note("processing_time_ms", elapsed.as_millis().to_string());
    note("provider", draft.provider.clone());
    note("attempts", draft.attempts.len().to_string());
    note("cached", draft.reused.as_ref().map_or("false", |reused| reused.how.as_str()).to_owned());
    if let Some(language) = reading.language {
        note("language", language.code().to_owned());
    }
    if let Some((_, source)) = draft.confidence {
        note("confidence_source", source.to_owned());
    }
    if usage.is_estimated {
        note("usage_estimated", "true".to_owned());
    }
    ChatResponse {
        response: draft.text.clone(),
        provider: draft.provider.clone(),
        model: draft.model.clone(),
        tokens_used: usage.total(),
        usage: UsageReport {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            cost_micro_usd: cost.map(PicoUsd::micro_usd),
        },
        conversation_id: request.conversation.to_string(),
        message_id: message_id.to_string(),
        confidence: draft.confidence.map(|(confidence, _)| confidence),
        finish_reason: draft.finish.to_owned(),
        metadata,
        choices: draft.choices.clone(),
        handoff: draft
            .handoff
            .map(|reason| Handoff { reason: reason.code().to_owned(), detail: reason.detail().to_owned() }),
    }
}
