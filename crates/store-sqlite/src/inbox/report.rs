//! Reports: how far a message of the business has come.

use pytake_assistant::channel::{
    DeliveryState, NextStep, OutboxId, SendFailure, SendFailureKind, StatusUpdate, after_failure,
    trusted_time,
};
use pytake_store::{OutboxState, ReceivedChangeKind};
use rusqlite::Result;

use super::receive::{Kept, Receiving};
use crate::numbers;
use crate::outbox::rows::{self, Row};
use crate::outbox::{deliveries, schedule};

/// Reports come at their own times already: nothing more is spread.
const NO_JITTER: f64 = 0.0;

pub(super) fn apply(receiving: &mut Receiving<'_>, kept: &Kept<'_>, status: &StatusUpdate) -> Result<()> {
    let (connection, tenant) = (receiving.connection, kept.tenant);
    let found = match &status.callback {
        Some(callback) => rows::by_id(connection, tenant, callback)?,
        None => None,
    };
    let found = match found {
        Some(row) => Some(row),
        None => rows::by_message(connection, tenant, &status.number, &status.message_id)?,
    };
    match found.filter(|row| row.number == status.number.as_str()) {
        Some(row) if row.is_of_another_try(&status.message_id) => keep_unknown(receiving, kept, status)?,
        Some(row) => move_row(receiving, kept, status, row)?,
        None => keep_unknown(receiving, kept, status)?,
    }
    if let Some(category) = &status.category {
        receiving.change(tenant, None, ReceivedChangeKind::Category(category.clone()));
    }
    Ok(())
}

/// A report on a message we do not know, or do not know yet.
fn keep_unknown(receiving: &mut Receiving<'_>, kept: &Kept<'_>, status: &StatusUpdate) -> Result<()> {
    let is_first = deliveries::keep(receiving.connection, kept.tenant, status, receiving.now)?;
    if is_first {
        let at = trusted_time(status.at, receiving.now);
        numbers::count_service_message(receiving.connection, &status.number, at)?;
    }
    Ok(())
}

fn move_row(
    receiving: &mut Receiving<'_>,
    kept: &Kept<'_>,
    status: &StatusUpdate,
    mut row: Row,
) -> Result<()> {
    let (connection, tenant, now) = (receiving.connection, kept.tenant, receiving.now);
    row.note_category(status.category.as_deref());
    let before = row.state;
    let report = status.state;
    if report == DeliveryState::Failed {
        return fail(receiving, kept, status, row);
    }
    let after = match before {
        // What nobody knew the end of has an end after all.
        OutboxState::Out(DeliveryState::Failed) if row.message_id.is_none() => report,
        OutboxState::Out(state) => state.after(report),
        OutboxState::Queued | OutboxState::Sending | OutboxState::Withheld | OutboxState::Merged => report,
    };
    row.state = OutboxState::Out(after);
    if after != DeliveryState::Failed {
        row.message_id.get_or_insert_with(|| status.message_id.clone());
        row.reason = None;
        row.code = None;
    }
    if row.is_to_be_counted() {
        numbers::count_service_message(connection, &status.number, trusted_time(status.at, now))?;
        row.is_counted = true;
    }
    rows::update(connection, &row, now)?;
    if row.state == before {
        return Ok(());
    }
    if after >= DeliveryState::Delivered {
        schedule::stop_waiting(connection, tenant, &row.conversation, row.position)?;
    } else if matches!(before, OutboxState::Queued | OutboxState::Sending) {
        schedule::wait_for_delivery(connection, tenant, &row.conversation, row.position, now)?;
    }
    tell(receiving, kept, &row, after, None, false)
}

/// The channel took a message and could not deliver it: handled like a failure that was answered at once.
fn fail(receiving: &mut Receiving<'_>, kept: &Kept<'_>, status: &StatusUpdate, mut row: Row) -> Result<()> {
    let (connection, now) = (receiving.connection, receiving.now);
    let is_under_way = match row.state {
        OutboxState::Sending => true,
        OutboxState::Out(state) => state < DeliveryState::Delivered,
        OutboxState::Queued | OutboxState::Withheld | OutboxState::Merged => false,
    };
    if !is_under_way {
        // It waits to be sent (again), arrived, or has failed before.
        if row.state == OutboxState::Queued {
            row.failed_message_id = Some(status.message_id.clone());
            rows::update(connection, &row, now)?;
        }
        return Ok(());
    }
    let failure = status.failure.clone().unwrap_or_else(unexplained);
    row.failed_message_id = Some(status.message_id.clone());
    let step = after_failure(&failure, row.tries, row.age(now), NO_JITTER);
    let is_retried = follow(receiving, kept, &mut row, step, &failure)?;
    tell(receiving, kept, &row, DeliveryState::Failed, Some(failure), is_retried)
}

/// Does what the policy says after a report of failure; true where it will be sent again.
fn follow(
    receiving: &mut Receiving<'_>,
    kept: &Kept<'_>,
    row: &mut Row,
    step: NextStep,
    failure: &SendFailure,
) -> Result<bool> {
    let (connection, tenant, now) = (receiving.connection, kept.tenant, receiving.now);
    // A report is the end of waiting for one.
    let step = if step == NextStep::AwaitReport { NextStep::GiveUp } else { step };
    let is_retried = step != NextStep::GiveUp;
    if is_retried {
        row.message_id = None;
    } else if row.message_id.is_none() {
        row.message_id.clone_from(&row.failed_message_id);
    }
    rows::apply_step(connection, row, step, failure, now)?;
    schedule::stop_waiting(connection, tenant, &row.conversation, row.position)?;
    if step == NextStep::StopNumber {
        let number = row.number_id()?;
        receiving.change(tenant, None, ReceivedChangeKind::NumberStopped(number, failure.clone()));
    }
    Ok(is_retried)
}

fn unexplained() -> SendFailure {
    SendFailure {
        kind: SendFailureKind::Other,
        code: None,
        status: None,
        message: "the channel reported a failure without a reason".to_owned(),
        retry_after: None,
    }
}

fn tell(
    receiving: &mut Receiving<'_>,
    kept: &Kept<'_>,
    row: &Row,
    state: DeliveryState,
    failure: Option<SendFailure>,
    is_retried: bool,
) -> Result<()> {
    let outbox = OutboxId(row.id.clone());
    let conversation = row.conversation_id()?;
    let kind = ReceivedChangeKind::Delivery { outbox, state, failure, is_retried };
    receiving.change(kept.tenant, Some(conversation), kind);
    Ok(())
}
