//! Lists of the outbox, newest first, in pages.

use pytake_assistant::channel::OutboxId;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_store::{OutboxFilter, OutboxRow};
use rusqlite::{Connection, Result, Row, params};

use super::rows::{KINDS, read_state};
use crate::columns::{read_instant, read_json, read_parsed, read_word};
use crate::pages;

/// A range of outbox_by_conversation.
const OF_CONVERSATION: &str = "
    SELECT position, outbox_id, conversation_id, number_id, kind, content, state, attempts, message_id, reason, code,
           is_possible_duplicate, queued_at, updated_at
    FROM outbox INDEXED BY outbox_by_conversation
    WHERE tenant_id = ?1
      AND conversation_id = ?4
      AND (queued_at, position) < (?2, ?3)
      AND (?5 IS NULL OR state = ?5)
    ORDER BY queued_at DESC, position DESC
    LIMIT ?6";

/// A range of outbox_by_state; ?4 is there for the same parameters everywhere.
const IN_STATE: &str = "
    SELECT position, outbox_id, conversation_id, number_id, kind, content, state, attempts, message_id, reason, code,
           is_possible_duplicate, queued_at, updated_at
    FROM outbox INDEXED BY outbox_by_state
    WHERE tenant_id = ?1
      AND state = ?5
      AND (queued_at, position) < (?2, ?3)
      AND ?4 IS NULL
    ORDER BY queued_at DESC, position DESC
    LIMIT ?6";

/// A range of outbox_by_time.
const OF_TENANT: &str = "
    SELECT position, outbox_id, conversation_id, number_id, kind, content, state, attempts, message_id, reason, code,
           is_possible_duplicate, queued_at, updated_at
    FROM outbox INDEXED BY outbox_by_time
    WHERE tenant_id = ?1
      AND (queued_at, position) < (?2, ?3)
      AND ?4 IS NULL
      AND ?5 IS NULL
    ORDER BY queued_at DESC, position DESC
    LIMIT ?6";

pub(super) fn page(
    connection: &Connection,
    tenant: &TenantId,
    filter: &OutboxFilter,
) -> Result<Page<OutboxRow>> {
    let size = pages::size(filter.limit);
    let (before, before_position) = pages::place(filter.after.as_deref()).unwrap_or((i64::MAX, i64::MAX));
    let sql = match (&filter.conversation, filter.state) {
        (Some(_), _) => OF_CONVERSATION,
        (None, Some(_)) => IN_STATE,
        (None, None) => OF_TENANT,
    };
    let range = params![
        tenant.as_str(),
        before,
        before_position,
        filter.conversation.as_ref().map(ConversationId::as_str),
        filter.state.map(pytake_store::OutboxState::as_str),
        size + 1,
    ];
    let rows = connection.prepare_cached(sql)?.query_map(range, read)?.collect::<Result<_>>()?;
    Ok(pages::page(rows, size, |row: &OutboxRow| row.queued_at))
}

fn read(row: &Row<'_>) -> Result<(i64, OutboxRow)> {
    let item = OutboxRow {
        id: OutboxId(row.get(1)?),
        conversation: read_parsed(row, 2)?,
        number: read_parsed(row, 3)?,
        kind: read_word(row, 4, &KINDS)?,
        content: read_json(row, 5)?,
        state: read_state(row, 6)?,
        attempts: row.get(7)?,
        message_id: row.get(8)?,
        reason: row.get(9)?,
        code: row.get(10)?,
        is_possible_duplicate: row.get(11)?,
        queued_at: read_instant(row, 12)?,
        updated_at: read_instant(row, 13)?,
    };
    Ok((row.get(0)?, item))
}
