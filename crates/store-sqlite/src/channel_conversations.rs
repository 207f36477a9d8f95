//! The row of a conversation that inbox and outbox work on.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};
use pytake_store::ChannelConversation;
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::{instant, later, read_optional_instant, read_parsed, unusable};
use crate::inbox::items;
use crate::{customers, outbox};

/// Finds the conversation of a customer with a number, or makes it.
pub(crate) fn ensure(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    customer: &UserId,
) -> Result<ConversationId> {
    const CREATE: &str = "
        INSERT INTO channel_conversations (tenant_id, conversation_id, number_id, customer_id)
        VALUES (?1, ?2, ?3, ?4)";
    if let Some(conversation) = of_customer(connection, tenant, number, customer)? {
        return Ok(conversation);
    }
    let conversation = ConversationId::new(format!("wa-{number}-{customer}")).map_err(unusable)?;
    let row = [tenant.as_str(), conversation.as_str(), number.as_str(), customer.as_str()];
    connection.prepare_cached(CREATE)?.execute(row)?;
    Ok(conversation)
}

/// The conversation of a customer with a number.
pub(crate) fn of_customer(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    customer: &UserId,
) -> Result<Option<ConversationId>> {
    // One entry of the unique index channel_conversations_by_customer.
    const OF_CUSTOMER: &str = "
        SELECT conversation_id
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND number_id = ?3";
    let key = [tenant.as_str(), customer.as_str(), number.as_str()];
    connection.prepare_cached(OF_CUSTOMER)?.query_row(key, |row| read_parsed(row, 0)).optional()
}

/// How long the quiet lasts that a message makes the conversation wait for.
#[derive(Clone, Copy)]
pub(crate) struct Quiet {
    pub(crate) each: Duration,
    pub(crate) at_most: Duration,
}

/// Makes a conversation due for an item that has become pending: `quiet` from now, never later than the most after the
/// first that waits.
pub(crate) fn make_due(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    item: i64,
    quiet: Quiet,
    now: Timestamp,
) -> Result<()> {
    const MAKE_DUE: &str = "
        UPDATE channel_conversations
        SET first_pending_at = COALESCE(first_pending_at, ?4),
            ready_at = MIN(?5, MAX(?4, COALESCE(first_pending_at, ?4) + ?6)),
            newest_item = MAX(newest_item, ?3)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let at_most = i64::try_from(quiet.at_most.as_micros()).unwrap_or(i64::MAX / 4);
    let row = params![
        tenant.as_str(),
        conversation.as_str(),
        item,
        instant(now),
        instant(later(now, quiet.each)),
        at_most.min(i64::MAX / 4),
    ];
    connection.prepare_cached(MAKE_DUE)?.execute(row).map(drop)
}

/// Notes that what waits is not what it was: a draft that does not know of it is void.
pub(crate) fn note_change(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    item: i64,
) -> Result<()> {
    const NOTE: &str = "
        UPDATE channel_conversations
        SET newest_item = MAX(newest_item, ?3)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), item];
    connection.prepare_cached(NOTE)?.execute(row).map(drop)
}

/// Notes a message that opens the customer service window.
pub(crate) fn open_window(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    from: Timestamp,
) -> Result<()> {
    const OPEN: &str = "
        UPDATE channel_conversations
        SET window_from = MAX(COALESCE(window_from, ?3), ?3)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), instant(from)];
    connection.prepare_cached(OPEN)?.execute(row).map(drop)
}

/// A range of a partial index that holds only what waits, of one conversation.
const FIRST_PENDING: &str = "
    SELECT MIN(received_at)
    FROM inbox_items
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND state = 'pending'";

/// Sets a conversation's due time by what is still pending: what has come keeps its time, and where nothing waits it is
/// not due. A statement of its own, after what was settled.
pub(crate) fn refresh_due(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    now: Timestamp,
) -> Result<()> {
    const REFRESH: &str = "
        UPDATE channel_conversations
        SET first_pending_at = ?3,
            ready_at = CASE WHEN ?3 IS NULL THEN NULL ELSE COALESCE(ready_at, ?4) END
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    let first: Option<i64> = connection.prepare_cached(FIRST_PENDING)?.query_row(key, |row| row.get(0))?;
    let row = params![tenant.as_str(), conversation.as_str(), first, instant(now)];
    connection.prepare_cached(REFRESH)?.execute(row).map(drop)
}

/// The conversation as the inbox sees it.
pub(crate) fn read(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<ChannelConversation>> {
    const READ: &str = "
        SELECT number_id, customer_id, window_from, ready_at IS NOT NULL
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let found = connection
        .prepare_cached(READ)?
        .query_row([tenant.as_str(), conversation.as_str()], |row| {
            let (number, customer): (NumberId, UserId) = (read_parsed(row, 0)?, read_parsed(row, 1)?);
            Ok((number, customer, read_optional_instant(row, 2)?, row.get(3)?))
        })
        .optional()?;
    let Some((number, customer, window_from, is_pending)) = found else { return Ok(None) };
    let Some(customer) = customers::find(connection, tenant, &customer)? else { return Ok(None) };
    Ok(Some(ChannelConversation { number, customer, window_from, is_pending }))
}

/// Forgets what a channel's conversation said, was sent and waits for. Its row stays, so that whoever works on it just
/// now is fenced, and a later one does not count its leases from the start.
pub(crate) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<()> {
    const FORGET: &str = "
        UPDATE channel_conversations
        SET ready_at = NULL,
            first_pending_at = NULL,
            lease_until = 0,
            lease_token = lease_token + 1,
            failed_attempts = 0,
            void_drafts = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    if connection.prepare_cached(FORGET)?.execute(key)? == 0 {
        return Ok(());
    }
    items::forget(connection, tenant, conversation)?;
    outbox::forget(connection, tenant, conversation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn what_waits_is_found_by_an_index() {
        assert_uses(FIRST_PENDING, "inbox_items_by_message (tenant_id=? AND conversation_id=?)");
    }
}
