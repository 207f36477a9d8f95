//! Two customers who turn out to be one: the older remains, with everything of both.

use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::read_parsed;
use crate::ledger;
use crate::outbox::schedule;

/// Merges the newer customer into the older. Returns who remains and who is gone.
pub(crate) fn merge(
    connection: &Connection,
    tenant: &TenantId,
    one: &UserId,
    other: &UserId,
) -> Result<(UserId, UserId)> {
    const OLDEST_FIRST: &str = "
        SELECT customer_id
        FROM customers
        WHERE tenant_id = ?1
          AND customer_id IN (?2, ?3)
        ORDER BY position";
    let pair = [tenant.as_str(), one.as_str(), other.as_str()];
    let by_age: Vec<UserId> = connection
        .prepare_cached(OLDEST_FIRST)?
        .query_map(pair, |row| read_parsed(row, 0))?
        .collect::<Result<_>>()?;
    let [into, from] = by_age.as_slice() else { return Err(rusqlite::Error::QueryReturnedNoRows) };
    merge_persons(connection, tenant, into, from)?;
    merge_conversations(connection, tenant, into, from)?;
    ledger::merge(connection, tenant, into, from)?;
    Ok((into.clone(), from.clone()))
}

fn merge_persons(connection: &Connection, tenant: &TenantId, into: &UserId, from: &UserId) -> Result<()> {
    const ALIASES: &str = "
        UPDATE customer_aliases
        SET customer_id = ?2
        WHERE tenant_id = ?1
          AND customer_id = ?3";
    // Who wanted no messages under either name wants none.
    const REMAINING: &str = "
        UPDATE customers
        SET name = COALESCE(customers.name, gone.name),
            username = COALESCE(customers.username, gone.username),
            phone = COALESCE(customers.phone, gone.phone),
            scoped_id = COALESCE(customers.scoped_id, gone.scoped_id),
            opted_out_at = COALESCE(customers.opted_out_at, gone.opted_out_at),
            marketing_stopped_at = COALESCE(customers.marketing_stopped_at, gone.marketing_stopped_at)
        FROM customers AS gone
        WHERE customers.tenant_id = ?1
          AND customers.customer_id = ?2
          AND gone.tenant_id = ?1
          AND gone.customer_id = ?3";
    // Those who were merged into the gone one before name the one who remains, so that nobody has to follow a chain.
    const GONE: &str = "
        UPDATE customers
        SET merged_into = ?2
        WHERE tenant_id = ?1
          AND (customer_id = ?3 OR merged_into = ?3)";
    let row = [tenant.as_str(), into.as_str(), from.as_str()];
    for sql in [ALIASES, REMAINING, GONE] {
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

fn merge_conversations(
    connection: &Connection,
    tenant: &TenantId,
    into: &UserId,
    from: &UserId,
) -> Result<()> {
    const OF_GONE: &str = "
        SELECT gone.number_id, gone.conversation_id, remaining.conversation_id
        FROM channel_conversations AS gone
        LEFT JOIN channel_conversations AS remaining
               ON remaining.tenant_id = gone.tenant_id
              AND remaining.customer_id = ?2
              AND remaining.number_id = gone.number_id
        WHERE gone.tenant_id = ?1
          AND gone.customer_id = ?3";
    // Whoever works on it for the gone customer is fenced and does it again for the one who remains.
    const TAKE_OVER: &str = "
        UPDATE channel_conversations
        SET customer_id = ?3,
            lease_token = lease_token + 1,
            lease_until = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const USERS: &str = "
        UPDATE conversations
        SET user_id = ?2
        WHERE tenant_id = ?1
          AND user_id = ?3";
    let pair = [tenant.as_str(), into.as_str(), from.as_str()];
    let conversations: Vec<(NumberId, ConversationId, Option<String>)> = connection
        .prepare_cached(OF_GONE)?
        .query_map(pair, |row| Ok((read_parsed(row, 0)?, read_parsed(row, 1)?, row.get(2)?)))?
        .collect::<Result<_>>()?;
    for (number, gone, remaining) in conversations {
        if let Some(remaining) = remaining {
            append(connection, tenant, &remaining, gone.as_str())?;
            schedule::refresh(connection, tenant, &remaining)?;
            schedule::refresh_sender(connection, tenant, number.as_str())?;
        } else {
            let row = [tenant.as_str(), gone.as_str(), into.as_str()];
            connection.prepare_cached(TAKE_OVER)?.execute(row)?;
        }
    }
    connection.prepare_cached(USERS)?.execute(pair).map(drop)
}

/// Appends one conversation to another: what waits in it, what is to be sent, and what was said.
fn append(connection: &Connection, tenant: &TenantId, remaining: &str, gone: &str) -> Result<()> {
    const BOOKINGS: &str = "
        UPDATE usage_ledger
        SET conversation_id = ?2
        WHERE tenant_id = ?1
          AND conversation_id = ?3";
    const ITEMS: &str = "
        UPDATE inbox_items
        SET conversation_id = ?2
        WHERE tenant_id = ?1
          AND conversation_id = ?3";
    const OUTBOX: &str = "
        UPDATE outbox
        SET conversation_id = ?2
        WHERE tenant_id = ?1
          AND conversation_id = ?3";
    // Due when the first of them was. A draft of the remaining one does not know of what comes to it here.
    const STATE: &str = "
        UPDATE channel_conversations
        SET ready_at = COALESCE(MIN(channel_conversations.ready_at, gone.ready_at),
                                channel_conversations.ready_at, gone.ready_at),
            first_pending_at = COALESCE(MIN(channel_conversations.first_pending_at, gone.first_pending_at),
                                        channel_conversations.first_pending_at, gone.first_pending_at),
            window_from = COALESCE(MAX(channel_conversations.window_from, gone.window_from),
                                   channel_conversations.window_from, gone.window_from),
            newest_item = MAX(channel_conversations.newest_item, gone.newest_item),
            held_until = MAX(channel_conversations.held_until, gone.held_until),
            waits_until = MAX(channel_conversations.waits_until, gone.waits_until),
            last_out = MAX(channel_conversations.last_out, gone.last_out)
        FROM channel_conversations AS gone
        WHERE channel_conversations.tenant_id = ?1
          AND channel_conversations.conversation_id = ?2
          AND gone.tenant_id = ?1
          AND gone.conversation_id = ?3";
    const DELETE_STATE: &str = "
        DELETE FROM channel_conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?3
          AND ?2 IS NOT NULL";
    let row = [tenant.as_str(), remaining, gone];
    for sql in [BOOKINGS, ITEMS, OUTBOX, STATE, DELETE_STATE] {
        connection.prepare_cached(sql)?.execute(row)?;
    }
    append_messages(connection, tenant, remaining, gone)
}

fn append_messages(connection: &Connection, tenant: &TenantId, remaining: &str, gone: &str) -> Result<()> {
    const COUNT: &str = "
        SELECT message_count
        FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const RENAME: &str = "
        UPDATE conversations
        SET conversation_id = ?2
        WHERE tenant_id = ?1
          AND conversation_id = ?3";
    const MESSAGES: &str = "
        UPDATE messages
        SET conversation_id = ?2,
            position = position + ?4
        WHERE tenant_id = ?1
          AND conversation_id = ?3";
    // A person who has either of them has both.
    const JOIN: &str = "
        UPDATE conversations
        SET message_count = conversations.message_count + gone.message_count,
            attendant = CASE WHEN gone.attendant = 'human' THEN 'human' ELSE conversations.attendant END,
            handoff_reason = COALESCE(conversations.handoff_reason, gone.handoff_reason),
            waiting_since = COALESCE(conversations.waiting_since, gone.waiting_since),
            person_at = COALESCE(conversations.person_at, gone.person_at),
            paused_until = COALESCE(conversations.paused_until, gone.paused_until),
            created_at = MIN(conversations.created_at, gone.created_at),
            updated_at = MAX(conversations.updated_at, gone.updated_at)
        FROM conversations AS gone
        WHERE conversations.tenant_id = ?1
          AND conversations.conversation_id = ?2
          AND gone.tenant_id = ?1
          AND gone.conversation_id = ?3";
    const DELETE: &str = "
        DELETE FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    // What it covers is no longer the beginning of anything.
    const DELETE_SUMMARY: &str = "
        DELETE FROM summaries
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let count = |conversation: &str| -> Result<Option<i64>> {
        let key = [tenant.as_str(), conversation];
        connection.prepare_cached(COUNT)?.query_row(key, |row| row.get(0)).optional()
    };
    if count(gone)?.is_none() {
        return Ok(());
    }
    let pair = [tenant.as_str(), remaining, gone];
    let before = count(remaining)?;
    let row = params![tenant.as_str(), remaining, gone, before.unwrap_or(0)];
    connection.prepare_cached(MESSAGES)?.execute(row)?;
    if before.is_some() {
        connection.prepare_cached(JOIN)?.execute(pair)?;
        connection.prepare_cached(DELETE)?.execute([tenant.as_str(), gone])?;
    } else {
        connection.prepare_cached(RENAME)?.execute(pair)?;
    }
    connection.prepare_cached(DELETE_SUMMARY)?.execute([tenant.as_str(), gone]).map(drop)
}
