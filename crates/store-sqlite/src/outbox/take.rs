//! Taking the next message that may be sent.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::channel::{DeliveryState, OutboundContent, OutboxId};
use pytake_assistant::conversation::Attendant;
use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};
use pytake_store::{OutboxState, Sending, SendingKey};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{rows, schedule};
use crate::columns::{instant, read_instant, read_json, read_optional_instant, read_parsed};
use crate::{conversations, customers};

/// Rows that cannot be read are set aside; more than so many in a row wait for the next call.
const MOST_SET_ASIDE: usize = 16;

/// What is to be sent next, marked as being sent.
pub(super) fn take(connection: &Connection, now: Timestamp) -> Result<Option<Sending>> {
    for _ in 0..MOST_SET_ASIDE {
        let Some(head) = next_head(connection, now)? else { return Ok(None) };
        serve(connection, &head.tenant)?;
        if let Some(sending) = start(connection, &head, now)? {
            return Ok(Some(sending));
        }
    }
    Ok(None)
}

/// A conversation whose first queued row may be sent.
struct Head {
    tenant: TenantId,
    number: NumberId,
    conversation: ConversationId,
    customer: UserId,
    newest_item: i64,
    window_from: Option<Timestamp>,
}

/// The partial index senders_with_work in its order: the tenant that has waited longest for its turn. Passed over
/// are only numbers that have something to send later, and those of suspended tenants, whose messages wait.
const NEXT_SENDER: &str = "
    SELECT tenant_id, number_id
    FROM senders
    WHERE next_send_at IS NOT NULL
      AND stopped IS NULL
      AND next_send_at <= ?1
      AND held_until <= ?1
      AND NOT EXISTS (
            SELECT 1
            FROM tenants
            WHERE tenant_id = senders.tenant_id
              AND suspended_at IS NOT NULL
          )
    ORDER BY served
    LIMIT 1";

/// The first entry of the partial index channel_conversations_to_send for the number.
const NEXT_CONVERSATION: &str = "
    SELECT conversation_id, customer_id, newest_item, window_from
    FROM channel_conversations
    WHERE tenant_id = ?1
      AND number_id = ?2
      AND send_at <= ?3
    ORDER BY send_at
    LIMIT 1";

fn next_head(connection: &Connection, now: Timestamp) -> Result<Option<Head>> {
    let now = instant(now);
    let sender: Option<(TenantId, NumberId)> = connection
        .prepare_cached(NEXT_SENDER)?
        .query_row([now], |row| Ok((read_parsed(row, 0)?, read_parsed(row, 1)?)))
        .optional()?;
    let Some((tenant, number)) = sender else { return Ok(None) };
    connection
        .prepare_cached(NEXT_CONVERSATION)?
        .query_row(params![tenant.as_str(), number.as_str(), now], |row| {
            Ok(Head {
                tenant: tenant.clone(),
                number: number.clone(),
                conversation: read_parsed(row, 0)?,
                customer: read_parsed(row, 1)?,
                newest_item: row.get(2)?,
                window_from: read_optional_instant(row, 3)?,
            })
        })
        .optional()
}

/// Puts a tenant at the end of the line.
fn serve(connection: &Connection, tenant: &TenantId) -> Result<()> {
    const TURN: &str = "
        UPDATE meta
        SET value = value + 1
        WHERE name = 'outbox_turns'
        RETURNING value";
    const SERVED: &str = "
        UPDATE senders
        SET served = ?2
        WHERE tenant_id = ?1";
    let turn: i64 = connection.prepare_cached(TURN)?.query_row([], |row| row.get(0))?;
    connection.prepare_cached(SERVED)?.execute(params![tenant.as_str(), turn]).map(drop)
}

/// The first entry of the partial index outbox_queued in the conversation.
const FIRST_QUEUED: &str = "
    SELECT outbox_id, content, queued_at, turn, after_item
    FROM outbox
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND state = 'queued'
    ORDER BY position
    LIMIT 1";

/// Marks the first queued row of a conversation as being sent; `None`: it cannot be read and was set aside.
fn start(connection: &Connection, head: &Head, now: Timestamp) -> Result<Option<Sending>> {
    let (tenant, conversation) = (&head.tenant, head.conversation.as_str());
    let first = connection
        .prepare_cached(FIRST_QUEUED)?
        .query_row([tenant.as_str(), conversation], |row| {
            let id: String = row.get(0)?;
            let content: Option<OutboundContent> = read_json(row, 1).ok();
            Ok((id, content, read_instant(row, 2)?, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
        })
        .optional()?;
    let Some((id, content, queued_at, turn, after_item)) = first else {
        // The column said otherwise; brought up to date, it says the truth.
        schedule::refresh(connection, tenant, conversation)?;
        return Ok(None);
    };
    let (Some(mut row), Some(customer)) =
        (rows::by_id(connection, tenant, &id)?, customers::find(connection, tenant, &head.customer)?)
    else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    let Some(content) = content else {
        tracing::error!(outbox = id, "a queued message cannot be read and is given up");
        row.state = OutboxState::Out(DeliveryState::Failed);
        row.reason = Some("its content cannot be read by this release".to_owned());
        rows::update(connection, &row, now)?;
        schedule::refresh(connection, tenant, conversation)?;
        return Ok(None);
    };
    row.state = OutboxState::Sending;
    row.attempts = row.attempts.saturating_add(1);
    row.tries = row.tries.saturating_add(1);
    row.first_tried_at.get_or_insert(now);
    row.sending_since = Some(now);
    rows::update(connection, &row, now)?;
    schedule::refresh(connection, tenant, conversation)?;
    let is_outdated =
        head.newest_item > after_item && !has_sent_of_turn(connection, head, turn, row.position)?;
    Ok(Some(Sending {
        key: SendingKey { tenant: tenant.clone(), id: OutboxId(id), attempt: row.attempts },
        conversation: head.conversation.clone(),
        number: head.number.clone(),
        recipient: customer.recipient,
        kind: row.kind,
        content,
        queued_at,
        is_possible_duplicate: row.is_possible_duplicate,
        window_from: head.window_from,
        attendant: conversations::attendant(connection, tenant, &head.conversation)?
            .unwrap_or(Attendant::Assistant),
        opted_out_at: customer.opted_out_at,
        is_outdated,
    }))
}

/// Whether something of the same turn went out before this row.
fn has_sent_of_turn(connection: &Connection, head: &Head, turn: i64, position: i64) -> Result<bool> {
    // A range of the table's own order: a turn has at most a few rows.
    const SENT: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM outbox
            WHERE position >= ?3
              AND position < ?4
              AND turn = ?3
              AND tenant_id = ?1
              AND conversation_id = ?2
              AND state IN ('accepted', 'sent', 'delivered', 'read', 'played')
        )";
    if position == turn {
        return Ok(false);
    }
    let key = params![head.tenant.as_str(), head.conversation.as_str(), turn, position];
    connection.prepare_cached(SENT)?.query_row(key, |row| row.get(0))
}

/// The partial index senders_with_work: the numbers that have something to send.
const NEXT_SEND: &str = "
    SELECT MIN(MAX(next_send_at, held_until))
    FROM senders
    WHERE next_send_at IS NOT NULL
      AND stopped IS NULL
      AND NOT EXISTS (
            SELECT 1
            FROM tenants
            WHERE tenant_id = senders.tenant_id
              AND suspended_at IS NOT NULL
          )";

/// How long until something may be sent; `None`: nothing waits.
pub(super) fn next_in(connection: &Connection, now: Timestamp) -> Result<Option<Duration>> {
    let next: Option<i64> = connection.prepare_cached(NEXT_SEND)?.query_row([], |row| row.get(0))?;
    Ok(next.map(|next| Duration::from_micros(u64::try_from(next.saturating_sub(instant(now))).unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn taking_reads_one_entry_of_an_index() {
        for (sql, index) in [
            (NEXT_SENDER, "senders_with_work"),
            (NEXT_CONVERSATION, "channel_conversations_to_send (tenant_id=? AND number_id=? AND send_at<?)"),
            (FIRST_QUEUED, "outbox_queued (tenant_id=? AND conversation_id=?)"),
            (NEXT_SEND, "senders_with_work"),
        ] {
            assert_uses(sql, index);
        }
    }
}
