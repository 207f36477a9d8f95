//! Deleting the rows of a customer, a few at a time.

use jiff::Timestamp;
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_store::Subject;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::tombstones;
use crate::columns::read_parsed;
use crate::hashes::Hashes;
use crate::media;

/// Pieces of files of one transaction, of a mebibyte each.
pub(super) const PIECES_AT_ONCE: u32 = 4;

/// Pieces of the files of some events.
pub(super) fn delete_pieces(connection: &Connection, items: &[i64]) -> Result<usize> {
    for item in items {
        let gone = media::delete_some_pieces(connection, *item, PIECES_AT_ONCE)?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    Ok(0)
}

pub(super) fn delete_items(
    connection: &Connection,
    items: &[i64],
    hashes: &Hashes,
    at: Timestamp,
) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM inbox_items
        WHERE item_id = ?1
        RETURNING number_id, event_key";
    let mut gone = 0;
    for item in items {
        media::delete(connection, *item)?;
        let key: Option<(String, String)> = connection
            .prepare_cached(DELETE)?
            .query_row([item], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, key)) = key else { continue };
        tombstones::put_event(connection, hashes, &number, &key, at)?;
        gone += 1;
    }
    Ok(gone)
}

pub(super) fn delete_bodies(connection: &Connection, bodies: &[i64]) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM webhook_bodies
        WHERE body_id = ?1";
    let mut statement = connection.prepare_cached(DELETE)?;
    bodies.iter().map(|body| statement.execute([body])).sum()
}

pub(super) fn delete_deliveries(
    connection: &Connection,
    tenant: &TenantId,
    reports: &[(String, String)],
) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM deliveries
        WHERE tenant_id = ?1
          AND number_id = ?2
          AND message_id = ?3";
    let mut statement = connection.prepare_cached(DELETE)?;
    reports.iter().map(|(number, message)| statement.execute([tenant.as_str(), number, message])).sum()
}

/// A range of the index outbox_by_conversation.
const OUTBOX: &str = "
    DELETE FROM outbox
    WHERE position IN (
        SELECT position
        FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        LIMIT ?3
    )";

pub(super) fn delete_outbox(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    connection.prepare_cached(OUTBOX)?.execute(range)
}

/// As [`delete_outbox`], and what comes to be reported on these messages is not kept: it names whom they went to.
pub(super) fn forget_sent(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
    hashes: &Hashes,
    at: Timestamp,
) -> Result<usize> {
    // A range of the index outbox_by_conversation.
    const SENT: &str = "
        SELECT position, number_id, message_id, failed_message_id
        FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        LIMIT ?3";
    const DELETE: &str = "
        DELETE FROM outbox
        WHERE position = ?1";
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    let read = |row: &Row<'_>| {
        let ids: [Option<String>; 2] = [row.get(2)?, row.get(3)?];
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, ids))
    };
    let sent: Vec<_> = connection.prepare_cached(SENT)?.query_map(range, read)?.collect::<Result<_>>()?;
    for (position, number, ids) in &sent {
        for id in ids.iter().flatten() {
            tombstones::put_event(connection, hashes, number, &tombstones::report_on(id), at)?;
        }
        connection.prepare_cached(DELETE)?.execute([position])?;
    }
    Ok(sent.len())
}

/// A range of the key of messages, the oldest first.
const MESSAGES: &str = "
    DELETE FROM messages
    WHERE rowid IN (
        SELECT rowid
        FROM messages
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        ORDER BY position
        LIMIT ?3
    )";

pub(super) fn delete_messages(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    connection.prepare_cached(MESSAGES)?.execute(range)
}

/// The conversation itself with its summary, and with whatever was said in it since its messages were deleted.
pub(super) fn delete_conversation(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<usize> {
    const DELETE: [&str; 4] = [
        "DELETE FROM conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM messages WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM summaries WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM channel_conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
    ];
    let mut gone = 0;
    for (place, sql) in DELETE.into_iter().enumerate() {
        let rows = connection.prepare_cached(sql)?.execute([tenant.as_str(), conversation.as_str()])?;
        if place == 0 {
            gone = rows;
        }
    }
    Ok(gone)
}

/// Whether a conversation was begun anew by somebody else, under a name that a caller gave twice.
pub(super) fn is_of_another(
    connection: &Connection,
    subject: &Subject,
    conversation: &ConversationId,
) -> Result<bool> {
    let found = crate::record::find(connection, &subject.tenant, conversation)?;
    Ok(found.is_some_and(|found| subject.users.iter().all(|user| user.as_str() != found.user)))
}

pub(super) fn conversation_left(
    connection: &Connection,
    subject: &Subject,
) -> Result<Option<ConversationId>> {
    // The index conversations_by_user.
    const LEFT: &str = "
        SELECT conversation_id
        FROM conversations
        WHERE tenant_id = ?1
          AND user_id = ?2
        LIMIT 1";
    for user in &subject.users {
        let key = [subject.tenant.as_str(), user.as_str()];
        let left = connection.prepare_cached(LEFT)?.query_row(key, |row| read_parsed(row, 0)).optional()?;
        if left.is_some() {
            return Ok(left);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn what_is_erased_is_found_by_an_index() {
        assert_uses(OUTBOX, "outbox_by_conversation (tenant_id=? AND conversation_id=?)");
        assert_uses(MESSAGES, "sqlite_autoindex_messages_1 (tenant_id=? AND conversation_id=?)");
    }
}
