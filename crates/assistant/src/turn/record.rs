//! Step record: what happened, in one transaction; then the answer goes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::announce::Announcement;
use super::exchange;
use super::generate::{Draft, Failed};
use super::recall::Situation;
use super::reserve::Seat;
use super::understand::Reading;
use crate::channel::Recorded;
use crate::chat::{ChatResponse, Handoff, UsageReport};
use crate::conversation::{AnswerRecord, TurnRecord};
use crate::error::AIError;
use crate::id::{MessageId, TenantId, UserId};
use crate::ledger::{LedgerEntry, Operation};
use crate::money::{PicoUsd, TokenUsage};
use crate::router::Billed;
use crate::service::{Answered, Engine};
use crate::spans::RECORD;
use crate::summary;
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
    draft: Draft,
    mut trail: Trail,
) -> Result<Answered, AIError> {
    let at = engine.clock.now();
    let ledger = book(engine, Operation::Chat, &draft.billed, &draft.provider, &draft.model, seat.day);
    let usage: TokenUsage = ledger.iter().map(|e| e.usage).fold(TokenUsage::default(), |a, b| a + b);
    let cost: Option<PicoUsd> = ledger.iter().map(|entry| entry.cost).sum();
    trail.attempts.clone_from(&draft.attempts);
    trail.price_version.clone_from(&engine.catalog.version);
    let message_id = engine.message_id()?;
    let response = respond(engine, &request, &reading, &draft, &message_id, usage, cost);
    let outbound = exchange::outbound(engine, request.burst.as_ref(), &reading, &draft);
    let exchange = if request.store {
        let (provider, model) = (draft.provider.clone(), draft.model.clone());
        let record = AnswerRecord { provider, model, usage, cost, trail };
        let answer = exchange::answer(&reading, &draft, record, &outbound, (message_id, at));
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
        reservation: seat.reservation,
        settlement: exchange::settlement(request.burst.as_ref(), outbound),
        at,
    };
    if added.is_some() || engine.settings.is_usage_tracked {
        match engine.store.record(turn).await? {
            Recorded::Written => {}
            Recorded::Fenced => return Ok(Answered::Fenced),
            Recorded::Outdated => return Ok(Answered::Outdated),
        }
    }
    if let Some(announcement) = announcement {
        announcement.publish(engine, &request, at);
    }
    if let Some(added) = added {
        let (tenant, user) = (&request.tenant, &request.user);
        summary::refresh_later(engine, tenant, user, &request.conversation, &situation.history, added);
    }
    Ok(Answered::Recorded(Box::new(response)))
}

/// Books what failed calls cost, gives the place back, and says why there is no answer.
pub(crate) async fn give_up(
    engine: &Engine,
    operation: Operation,
    tenant: &TenantId,
    user: &UserId,
    seat: &Seat,
    failed: Failed,
) -> AIError {
    let Some(reservation) = &seat.reservation else { return failed.error };
    let booked = if failed.billed.is_empty() {
        Ok(())
    } else {
        let ledger = book(engine, operation, &failed.billed, "", "", seat.day);
        let turn = TurnRecord {
            tenant: tenant.clone(),
            user: user.clone(),
            exchange: None,
            ledger,
            reservation: None,
            settlement: None,
            at: engine.clock.now(),
        };
        engine.store.record(turn).await.map(drop)
    };
    let released = engine.store.release(tenant, user, seat.day, reservation).await;
    if let Err(error) = booked.and(released) {
        // The caller gets the failure that came first.
        tracing::error!(%error, ?operation, "could not settle what failed; its place stays counted");
    }
    failed.error
}

/// Ledger entries for billed calls; a turn that cost nothing still books one, so that it is counted.
pub(crate) fn book(
    engine: &Engine,
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
            cost: engine.cost(call, day),
            is_answer: call.is_answer,
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
    note("cached", "false".to_owned());
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
