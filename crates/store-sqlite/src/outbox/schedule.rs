//! When a conversation, and its number, may send next.
//!
//! Kept in two columns that every change of the outbox brings up to date, so that taking the next message reads one
//! entry of an index and never looks at what has to wait.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::id::TenantId;
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::{instant, later};

/// The longest that a message waits for the one before to be delivered: the channel does not keep the order of
/// several (WhatsApp Cloud API notes, section 8.6: "delivered/5 s between parts").
const WAIT_FOR_DELIVERY: Duration = Duration::from_secs(5);

/// The first entry of the partial index outbox_queued in this conversation; outbox_in_flight holds at most one.
const REFRESH: &str = "
    UPDATE channel_conversations
    SET send_at = CASE
            WHEN EXISTS (
                SELECT 1
                FROM outbox
                WHERE tenant_id = ?1
                  AND conversation_id = ?2
                  AND state = 'sending'
            ) THEN NULL
            ELSE (
                SELECT MAX(queued_at, held_until, waits_until)
                FROM outbox
                WHERE tenant_id = ?1
                  AND conversation_id = ?2
                  AND state = 'queued'
                ORDER BY position
                LIMIT 1
            )
        END
    WHERE tenant_id = ?1
      AND conversation_id = ?2
    RETURNING number_id";

/// Brings `send_at` of a conversation, and what its number waits for, up to date.
pub(crate) fn refresh(connection: &Connection, tenant: &TenantId, conversation: &str) -> Result<()> {
    let key = [tenant.as_str(), conversation];
    let number: Option<String> =
        connection.prepare_cached(REFRESH)?.query_row(key, |row| row.get(0)).optional()?;
    match number {
        Some(number) => refresh_sender(connection, tenant, &number),
        None => Ok(()),
    }
}

/// The first entry of the partial index channel_conversations_to_send for this number.
const NEXT_OF_SENDER: &str = "
    SELECT MIN(send_at)
    FROM channel_conversations
    WHERE tenant_id = ?1
      AND number_id = ?2
      AND send_at IS NOT NULL";

/// Brings up to date when a number has something to send.
pub(crate) fn refresh_sender(connection: &Connection, tenant: &TenantId, number: &str) -> Result<()> {
    const REFRESH: &str = "
        INSERT INTO senders (tenant_id, number_id, next_send_at)
        VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant_id, number_id) DO UPDATE
        SET next_send_at = excluded.next_send_at
        WHERE next_send_at IS NOT excluded.next_send_at";
    let key = [tenant.as_str(), number];
    let next: Option<i64> = connection.prepare_cached(NEXT_OF_SENDER)?.query_row(key, |row| row.get(0))?;
    connection.prepare_cached(REFRESH)?.execute(params![tenant.as_str(), number, next]).map(drop)
}

/// Notes that a message went out: the next one waits for its delivery.
pub(crate) fn wait_for_delivery(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &str,
    position: i64,
    now: Timestamp,
) -> Result<()> {
    const WAIT: &str = "
        UPDATE channel_conversations
        SET waits_until = ?3,
            last_out = ?4
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let until = instant(later(now, WAIT_FOR_DELIVERY));
    connection.prepare_cached(WAIT)?.execute(params![tenant.as_str(), conversation, until, position])?;
    refresh(connection, tenant, conversation)
}

/// Notes that nothing more is to be expected of a message: the next one need not wait for it.
pub(crate) fn stop_waiting(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &str,
    position: i64,
) -> Result<()> {
    const STOP: &str = "
        UPDATE channel_conversations
        SET waits_until = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND last_out = ?3";
    connection.prepare_cached(STOP)?.execute(params![tenant.as_str(), conversation, position])?;
    refresh(connection, tenant, conversation)
}

/// Holds back what a conversation sends.
pub(crate) fn hold_conversation(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &str,
    until: Timestamp,
) -> Result<()> {
    const HOLD: &str = "
        UPDATE channel_conversations
        SET held_until = MAX(held_until, ?3)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    connection.prepare_cached(HOLD)?.execute(params![tenant.as_str(), conversation, instant(until)])?;
    refresh(connection, tenant, conversation)
}

/// Lets a conversation send at once: somebody asked for it.
pub(crate) fn release_conversation(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &str,
) -> Result<()> {
    const RELEASE: &str = "
        UPDATE channel_conversations
        SET held_until = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    connection.prepare_cached(RELEASE)?.execute([tenant.as_str(), conversation])?;
    refresh(connection, tenant, conversation)
}

/// Holds back everything a number sends.
pub(crate) fn hold_sender(
    connection: &Connection,
    tenant: &TenantId,
    number: &str,
    until: Timestamp,
) -> Result<()> {
    const HOLD: &str = "
        UPDATE senders
        SET held_until = MAX(held_until, ?3)
        WHERE tenant_id = ?1
          AND number_id = ?2";
    connection.prepare_cached(HOLD)?.execute(params![tenant.as_str(), number, instant(until)]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn scheduling_reads_one_entry_of_an_index() {
        for (sql, index) in [
            (REFRESH, "outbox_queued (tenant_id=? AND conversation_id=?)"),
            (REFRESH, "outbox_in_flight (tenant_id=? AND conversation_id=?)"),
            (NEXT_OF_SENDER, "channel_conversations_to_send (tenant_id=? AND number_id=?"),
        ] {
            assert_uses(sql, index);
        }
    }
}
