//! What became of a try to send.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::channel::{
    Accepted, DeliveryState, NextStep, OutboxId, OutboxKind, SendFailure, after_failure,
};
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_store::{OutboxState, Resent, SendingKey};
use rusqlite::{Connection, Result, params};

use super::rows::{self, Row};
use super::{deliveries, schedule};
use crate::columns::{earlier, instant};
use crate::numbers;

/// Why a row failed whose sending had no known end.
const UNKNOWN: &str = "nobody knows whether it was sent";

/// Rows settled in one transaction at most: the rest waits for the next call.
const UNKNOWN_AT_ONCE: u32 = 500;

/// The row of a try that has not been passed by another one.
fn of_try(connection: &Connection, sending: &SendingKey) -> Result<Option<Row>> {
    let row = rows::by_id(connection, &sending.tenant, &sending.id.0)?;
    Ok(row.filter(|row| row.attempts == sending.attempt))
}

pub(super) fn accepted(
    connection: &Connection,
    sending: &SendingKey,
    accepted: &Accepted,
    now: Timestamp,
) -> Result<()> {
    let Some(mut row) = of_try(connection, sending)? else { return Ok(()) };
    let is_open = match row.state {
        OutboxState::Queued | OutboxState::Sending | OutboxState::Withheld => true,
        // Given up because nobody knew: now it is known.
        OutboxState::Out(DeliveryState::Failed) => {
            row.message_id.is_none() && row.failed_message_id.as_deref() != Some(accepted.message_id.as_str())
        }
        OutboxState::Out(_) | OutboxState::Merged => false,
    };
    let has_failed_by_report = row.failed_message_id.as_deref() == Some(accepted.message_id.as_str());
    if !is_open || has_failed_by_report {
        return Ok(());
    }
    row.state = OutboxState::Out(DeliveryState::Accepted);
    row.message_id = Some(accepted.message_id.clone());
    row.sending_since = None;
    row.reason = None;
    row.code = None;
    // A report without our callback came before the answer.
    let number = row.number_id()?;
    let known = deliveries::find(connection, &row.tenant, &number, &accepted.message_id)?;
    let mut failure = None;
    if let Some(known) = known {
        row.note_category(known.category.as_deref());
        row.is_counted |= known.is_counted;
        if known.state == DeliveryState::Failed {
            failure = known.failure;
        } else {
            row.state = OutboxState::Out(DeliveryState::Accepted.after(known.state));
        }
        deliveries::forget(connection, &row.tenant, &number, &accepted.message_id)?;
    }
    rows::update(connection, &row, now)?;
    if let Some(failure) = failure {
        let step = match after_failure(&failure, row.tries, row.age(now), 0.0) {
            NextStep::AwaitReport => NextStep::GiveUp,
            step => step,
        };
        row.failed_message_id = row.message_id.take();
        if step == NextStep::GiveUp {
            row.message_id.clone_from(&row.failed_message_id);
        }
        return rows::apply_step(connection, &mut row, step, &failure, now);
    }
    if matches!(row.state, OutboxState::Out(state) if state >= DeliveryState::Delivered) {
        return schedule::refresh(connection, &row.tenant, &row.conversation);
    }
    schedule::wait_for_delivery(connection, &row.tenant, &row.conversation, row.position, now)
}

pub(super) fn failed(
    connection: &Connection,
    sending: &SendingKey,
    failure: &SendFailure,
    jitter: f64,
    now: Timestamp,
) -> Result<NextStep> {
    let row = of_try(connection, sending)?.filter(|row| row.state == OutboxState::Sending);
    // Somebody else has it, or a report came first: nothing follows from this try.
    let Some(mut row) = row else { return Ok(NextStep::AwaitReport) };
    let step = after_failure(failure, row.tries, row.age(now), jitter);
    rows::apply_step(connection, &mut row, step, failure, now)?;
    Ok(step)
}

pub(super) fn withheld(
    connection: &Connection,
    sending: &SendingKey,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    let row = of_try(connection, sending)?.filter(|row| row.state == OutboxState::Sending);
    let Some(mut row) = row else { return Ok(()) };
    row.state = OutboxState::Withheld;
    row.sending_since = None;
    row.reason = Some(why.to_owned());
    rows::update(connection, &row, now)?;
    schedule::refresh(connection, &row.tenant, &row.conversation)
}

/// Withholds the assistant's replies that are queued in a conversation.
pub(crate) fn withhold_replies(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    // A range of the partial index outbox_queued.
    const WITHHOLD: &str = "
        UPDATE outbox
        SET state = 'withheld',
            reason = ?3,
            updated_at = ?4
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND state = 'queued'
          AND kind = 'reply'";
    let row = params![tenant.as_str(), conversation.as_str(), why, instant(now)];
    if connection.prepare_cached(WITHHOLD)?.execute(row)? > 0 {
        schedule::refresh(connection, tenant, conversation.as_str())?;
    }
    Ok(())
}

pub(super) fn settle_unknown(
    connection: &Connection,
    after: Duration,
    now: Timestamp,
) -> Result<Vec<(OutboxId, bool)>> {
    let mut settled = Vec::new();
    for mut row in rows::sending_since(connection, earlier(now, after), UNKNOWN_AT_ONCE)? {
        let is_repeated =
            !row.is_possible_duplicate && numbers::settings(connection, &row.number)?.repeats_unknown;
        row.sending_since = None;
        row.reason = Some(UNKNOWN.to_owned());
        // Also of one that fails: an operator who sends it again may send it twice.
        row.is_possible_duplicate = true;
        row.state = if is_repeated { OutboxState::Queued } else { OutboxState::Out(DeliveryState::Failed) };
        rows::update(connection, &row, now)?;
        schedule::refresh(connection, &row.tenant, &row.conversation)?;
        settled.push((OutboxId(row.id), is_repeated));
    }
    Ok(settled)
}

pub(super) fn resend(
    connection: &Connection,
    tenant: &TenantId,
    id: &OutboxId,
    now: Timestamp,
) -> Result<Resent> {
    // What the customer wrote since is known to whoever sends it now.
    const UP_TO_DATE: &str = "
        UPDATE outbox
        SET after_item = (
                SELECT newest_item
                FROM channel_conversations
                WHERE tenant_id = outbox.tenant_id
                  AND conversation_id = outbox.conversation_id
            )
        WHERE position = ?1
          AND EXISTS (
                SELECT 1
                FROM channel_conversations
                WHERE tenant_id = outbox.tenant_id
                  AND conversation_id = outbox.conversation_id
            )";
    let Some(mut row) = rows::by_id(connection, tenant, &id.0)? else { return Ok(Resent::Unknown) };
    if !matches!(row.state, OutboxState::Withheld | OutboxState::Out(DeliveryState::Failed)) {
        return Ok(Resent::Refused);
    }
    row.state = OutboxState::Queued;
    row.kind = OutboxKind::Person;
    if let Some(message_id) = row.message_id.take() {
        row.failed_message_id = Some(message_id);
    }
    row.reason = None;
    row.code = None;
    row.begin_anew();
    rows::update(connection, &row, now)?;
    connection.prepare_cached(UP_TO_DATE)?.execute([row.position])?;
    schedule::release_conversation(connection, tenant, &row.conversation)?;
    Ok(Resent::Queued)
}
