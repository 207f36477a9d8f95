//! Step record: what happened, in one transaction; then the answer goes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::generate::{Draft, Failed};
use super::recall::Situation;
use super::reserve::Seat;
use super::understand::Reading;
use crate::chat::{ChatResponse, Handoff, UsageReport};
use crate::conversation::{AnswerRecord, ConversationMessage, Exchange, TurnRecord};
use crate::error::AIError;
use crate::id::{MessageId, TenantId, UserId};
use crate::ledger::{LedgerEntry, Operation};
use crate::money::{PicoUsd, TokenUsage};
use crate::provider::Role;
use crate::router::Billed;
use crate::service::Engine;
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
) -> Result<ChatResponse, AIError> {
    let at = engine.clock.now();
    let ledger = book(engine, Operation::Chat, &draft.billed, &draft.provider, &draft.model, seat.day);
    let usage: TokenUsage = ledger.iter().map(|e| e.usage).fold(TokenUsage::default(), |a, b| a + b);
    let cost: Option<PicoUsd> = ledger.iter().map(|entry| entry.cost).sum();
    trail.attempts.clone_from(&draft.attempts);
    trail.price_version.clone_from(&engine.catalog.version);
    let message_id = engine.message_id()?;
    let response = respond(engine, &request, &reading, &draft, &message_id, usage, cost);
    let exchange = if request.store {
        let language = reading.language.map(|language| language.code().to_owned());
        let answer = (!draft.text.is_empty()).then(|| ConversationMessage {
            id: message_id,
            role: Role::Assistant,
            tokens: tokens_of(&draft.text),
            content: draft.text.clone(),
            created_at: at,
            language: language.clone(),
            analysis: None,
            answer: Some(AnswerRecord {
                provider: draft.provider.clone(),
                model: draft.model.clone(),
                usage,
                cost,
                trail,
            }),
        });
        let question = ConversationMessage {
            id: engine.message_id()?,
            role: Role::User,
            tokens: tokens_of(&request.message),
            content: request.message,
            created_at: request.arrived_at,
            language,
            analysis: Some(reading.analysis),
            answer: None,
        };
        let handoff_reason =
            draft.handoff.filter(|_| answer.is_some()).map(|reason| reason.code().to_owned());
        Some(Exchange { conversation: request.conversation.clone(), question, answer, handoff_reason })
    } else {
        None
    };
    let is_stored = exchange.is_some();
    let turn = TurnRecord {
        tenant: request.tenant.clone(),
        user: request.user.clone(),
        exchange,
        ledger: if engine.settings.is_usage_tracked { ledger } else { Vec::new() },
        reservation: seat.reservation,
        at,
    };
    if is_stored || engine.settings.is_usage_tracked {
        engine.store.record(turn).await?;
    }
    if is_stored {
        summary::refresh_later(
            engine,
            &request.tenant,
            &request.user,
            &request.conversation,
            &situation.history,
        );
    }
    Ok(response)
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
            at: engine.clock.now(),
        };
        engine.store.record(turn).await
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
        handoff: draft
            .handoff
            .map(|reason| Handoff { reason: reason.code().to_owned(), detail: reason.detail().to_owned() }),
    }
}

fn tokens_of(text: &str) -> u32 {
    u32::try_from(pytake_tokenizer::count(text)).unwrap_or(u32::MAX)
}
