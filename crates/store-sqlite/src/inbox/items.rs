//! The rows of messages: kept, pending, settled.

use jiff::Timestamp;
use pytake_assistant::channel::{InboundContent, InboundMessage, ItemId, trusted_time};
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_store::PendingItem;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::receive::Kept;
use crate::columns::{instant, json, read_instant, read_json};

/// Writes what a message says into its row; nothing waits for it yet.
pub(super) fn keep_with(
    connection: &Connection,
    kept: &Kept<'_>,
    conversation: &ConversationId,
    message: &InboundMessage,
    now: Timestamp,
    target: Option<&str>,
) -> Result<()> {
    const KEEP: &str = "
        UPDATE inbox_items
        SET conversation_id = ?2,
            event = ?3,
            sent_at = ?4,
            target_id = ?5
        WHERE item_id = ?1";
    let sent_at = instant(trusted_time(message.sent_at, now));
    let row = params![kept.item, conversation.as_str(), json(message)?, sent_at, target];
    connection.prepare_cached(KEEP)?.execute(row).map(drop)
}

/// A range of the partial index inbox_items_by_target: the newest edit or revocation decides.
const CAME_BEFORE: &str = "
    SELECT event
    FROM inbox_items
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND target_id = ?3
    ORDER BY item_id DESC
    LIMIT 1";

/// Makes a kept message wait for its turn. False: it was taken back before it came. An edit that came before it is in
/// it afterwards: the channel keeps no order.
pub(super) fn make_pending(
    connection: &Connection,
    kept: &Kept<'_>,
    conversation: &ConversationId,
    message: &InboundMessage,
) -> Result<bool> {
    const MAKE_PENDING: &str = "
        UPDATE inbox_items
        SET state = 'pending'
        WHERE item_id = ?1";
    let key = params![kept.tenant.as_str(), conversation.as_str(), message.id];
    let before: Option<InboundMessage> =
        connection.prepare_cached(CAME_BEFORE)?.query_row(key, |row| read_json(row, 0)).optional()?;
    let change = before.map(|before| before.content);
    if let Some(InboundContent::Revoke { .. }) = change {
        return Ok(false);
    }
    connection.prepare_cached(MAKE_PENDING)?.execute([kept.item])?;
    if let Some(InboundContent::Edit { content, .. }) = change {
        edit(connection, kept.tenant, conversation, &message.id, &content)?;
    }
    Ok(true)
}

const WAITING: &str = "
    SELECT item_id, event
    FROM inbox_items
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND message_id = ?3
      AND state = 'pending'
    LIMIT 1";

/// Replaces the content of a message that still waits; its item, if there is one.
pub(super) fn edit(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    message_id: &str,
    content: &InboundContent,
) -> Result<Option<i64>> {
    const REPLACE: &str = "
        UPDATE inbox_items
        SET event = ?2
        WHERE item_id = ?1";
    let key = params![tenant.as_str(), conversation.as_str(), message_id];
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, read_json::<InboundMessage>(row, 1)?));
    let waiting = connection.prepare_cached(WAITING)?.query_row(key, read).optional()?;
    let Some((item, mut message)) = waiting else { return Ok(None) };
    message.content = content.clone();
    connection.prepare_cached(REPLACE)?.execute(params![item, json(&message)?])?;
    Ok(Some(item))
}

/// Takes a message out that still waits; false when none does.
pub(super) fn revoke(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    message_id: &str,
) -> Result<bool> {
    const REVOKE: &str = "
        UPDATE inbox_items
        SET state = 'kept'
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND message_id = ?3
          AND state = 'pending'";
    let key = params![tenant.as_str(), conversation.as_str(), message_id];
    Ok(connection.prepare_cached(REVOKE)?.execute(key)? > 0)
}

/// A range of the partial index inbox_items_pending, in its order.
const PENDING: &str = "
    SELECT item_id, event, received_at
    FROM inbox_items
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND state = 'pending'
    ORDER BY sent_at, item_id
    LIMIT ?3";

/// What waits in a conversation, ordered by (sent, arrival), at most so many.
pub(super) fn pending(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<Vec<PendingItem>> {
    const SET_ASIDE: &str = "
        UPDATE inbox_items
        SET state = 'kept'
        WHERE item_id = ?1";
    let mut unreadable = Vec::new();
    let mut items = Vec::new();
    {
        let mut statement = connection.prepare_cached(PENDING)?;
        let mut rows = statement.query(params![tenant.as_str(), conversation.as_str(), limit])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            match read_json(row, 1) {
                Ok(message) => {
                    items.push(PendingItem { id: ItemId(id), message, received_at: read_instant(row, 2)? });
                }
                Err(error) => unreadable.push((id, error)),
            }
        }
    }
    // Written by another release: it must not keep what comes after it from being answered.
    for (item, error) in unreadable {
        tracing::error!(item, %error, "a received message cannot be read and is set aside");
        connection.prepare_cached(SET_ASIDE)?.execute([item])?;
    }
    Ok(items)
}

/// Settles messages that wait in the conversation; those that do not are left as they are.
pub(crate) fn settle(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    items: &[ItemId],
) -> Result<()> {
    const SETTLE: &str = "
        UPDATE inbox_items
        SET state = 'settled'
        WHERE item_id = ?1
          AND tenant_id = ?2
          AND conversation_id = ?3
          AND state = 'pending'";
    let mut statement = connection.prepare_cached(SETTLE)?;
    for item in items {
        statement.execute(params![item.0, tenant.as_str(), conversation.as_str()])?;
    }
    Ok(())
}

/// The conversation an item belongs to.
pub(crate) fn conversation_of(
    connection: &Connection,
    tenant: &TenantId,
    item: ItemId,
) -> Result<Option<ConversationId>> {
    const OF_ITEM: &str = "
        SELECT conversation_id
        FROM inbox_items
        WHERE item_id = ?1
          AND tenant_id = ?2
          AND conversation_id IS NOT NULL";
    connection
        .prepare_cached(OF_ITEM)?
        .query_row(params![item.0, tenant.as_str()], |row| crate::columns::read_parsed(row, 0))
        .optional()
}

/// The end of a range of inbox_items_by_conversation; ten rows are read, however old they are.
const NEWEST: &str = "
    SELECT event
    FROM (
        SELECT item_id, event, received_at
        FROM inbox_items
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        ORDER BY item_id DESC
        LIMIT 10
    )
    WHERE received_at >= ?3
    ORDER BY item_id";

/// Texts of the conversation's newest ten messages that arrived since then, oldest first.
pub(super) fn recent_texts(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    since: Timestamp,
) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    let mut rows = statement.query(params![tenant.as_str(), conversation.as_str(), instant(since)])?;
    let mut texts = Vec::new();
    while let Some(row) = rows.next()? {
        let message: Option<InboundMessage> = read_json(row, 0).ok();
        let Some(message) = message.filter(|message| message.content.wants_answer()) else { continue };
        if let Some(text) = message.content.written() {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

/// Forgets what the messages of a conversation said; their keys stay, so that a repeated delivery stays known.
pub(crate) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<()> {
    const FILES: &str = "
        SELECT item_id
        FROM inbox_items
        JOIN media USING (item_id)
        WHERE inbox_items.tenant_id = ?1
          AND inbox_items.conversation_id = ?2";
    const FORGET: &str = "
        UPDATE inbox_items
        SET state = 'settled',
            event = NULL,
            conversation_id = NULL
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    let files: Vec<i64> =
        connection.prepare_cached(FILES)?.query_map(key, |row| row.get(0))?.collect::<Result<_>>()?;
    for item in files {
        crate::media::delete(connection, item)?;
    }
    connection.prepare_cached(FORGET)?.execute(key).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn messages_are_found_by_an_index() {
        for (sql, index) in [
            (PENDING, "inbox_items_pending (tenant_id=? AND conversation_id=?)"),
            (NEWEST, "inbox_items_by_conversation (tenant_id=? AND conversation_id=?)"),
            (CAME_BEFORE, "inbox_items_by_target (tenant_id=? AND conversation_id=? AND target_id=?)"),
            (WAITING, "inbox_items_by_message (tenant_id=? AND conversation_id=? AND message_id=?)"),
        ] {
            assert_uses(sql, index);
        }
    }
}
