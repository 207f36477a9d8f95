//! The rows of the outbox, read and written whole by what changes them.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::channel::{
    DeliveryState, Hold, NextStep, OutboundContent, OutboxDraft, OutboxId, OutboxKind, SendFailure,
    SendFailureKind,
};
use pytake_assistant::id::{ConversationId, NumberId, TenantId};
use pytake_store::OutboxState;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::schedule;
use crate::columns::{instant, json, later, read_json, read_optional_instant, read_word, unusable};
use crate::{customers, numbers};

/// The longest text that texts are merged into, in UTF-16 units (WhatsApp Cloud API notes, section 8.6: at most 4,096,
/// "cut at 4 000").
const LONGEST_TEXT: usize = 4_000;

/// The price category that is counted.
const SERVICE: &str = "service";

/// A row, without its content: what decides about it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) tenant: TenantId,
    pub(crate) id: String,
    pub(crate) conversation: String,
    pub(crate) number: String,
    pub(crate) kind: OutboxKind,
    pub(crate) state: OutboxState,
    pub(crate) attempts: u32,
    pub(crate) tries: u32,
    pub(crate) first_tried_at: Option<Timestamp>,
    pub(crate) sending_since: Option<Timestamp>,
    pub(crate) message_id: Option<String>,
    pub(crate) failed_message_id: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) code: Option<i64>,
    pub(crate) category: Option<String>,
    pub(crate) is_counted: bool,
    pub(crate) is_possible_duplicate: bool,
}

impl Row {
    /// Whether a channel's message id belongs to an earlier try, or to one beside the one that counts.
    pub(crate) fn is_of_another_try(&self, message_id: &str) -> bool {
        let is_the_failed_one = self.failed_message_id.as_deref() == Some(message_id);
        let is_not_the_known_one = self.message_id.as_deref().is_some_and(|known| known != message_id);
        is_not_the_known_one || (is_the_failed_one && self.message_id.is_none())
    }

    pub(crate) fn note_category(&mut self, category: Option<&str>) {
        if let Some(category) = category {
            self.category = Some(category.to_owned());
        }
    }

    /// True once, at the first delivery of a service message.
    pub(crate) fn is_to_be_counted(&self) -> bool {
        let is_delivered = matches!(
            self.state,
            OutboxState::Out(DeliveryState::Delivered | DeliveryState::Read | DeliveryState::Played)
        );
        is_delivered && !self.is_counted && self.category.as_deref() == Some(SERVICE)
    }

    /// Time since the first try.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        let Some(first) = self.first_tried_at else { return Duration::ZERO };
        Duration::try_from(now.duration_since(first)).unwrap_or_default()
    }

    pub(crate) fn conversation_id(&self) -> Result<ConversationId> {
        ConversationId::new(&self.conversation).map_err(unusable)
    }

    pub(crate) fn number_id(&self) -> Result<NumberId> {
        NumberId::new(&self.number).map_err(unusable)
    }
}

pub(crate) const KINDS: [(&str, OutboxKind); 3] =
    [("reply", OutboxKind::Reply), ("notice", OutboxKind::Notice), ("person", OutboxKind::Person)];

pub(crate) fn read_state(row: &rusqlite::Row<'_>, column: usize) -> Result<OutboxState> {
    let own = [OutboxState::Queued, OutboxState::Sending, OutboxState::Withheld, OutboxState::Merged];
    let out = DeliveryState::ALL.map(OutboxState::Out);
    let words: Vec<(&str, OutboxState)> =
        own.into_iter().chain(out).map(|state| (state.as_str(), state)).collect();
    read_word(row, column, &words)
}

/// Columns: position, tenant_id, outbox_id, conversation_id, number_id, kind, state, attempts, tries, first_tried_at,
/// sending_since, message_id, failed_message_id, reason, code, category, is_counted, is_possible_duplicate.
fn read(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row {
        position: row.get(0)?,
        tenant: crate::columns::read_parsed(row, 1)?,
        id: row.get(2)?,
        conversation: row.get(3)?,
        number: row.get(4)?,
        kind: read_word(row, 5, &KINDS)?,
        state: read_state(row, 6)?,
        attempts: row.get(7)?,
        tries: row.get(8)?,
        first_tried_at: read_optional_instant(row, 9)?,
        sending_since: read_optional_instant(row, 10)?,
        message_id: row.get(11)?,
        failed_message_id: row.get(12)?,
        reason: row.get(13)?,
        code: row.get(14)?,
        category: row.get(15)?,
        is_counted: row.get(16)?,
        is_possible_duplicate: row.get(17)?,
    })
}

/// A row by its id: the unique key.
pub(crate) fn by_id(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<Row>> {
    const BY_ID: &str = "
        SELECT position, tenant_id, outbox_id, conversation_id, number_id, kind, state, attempts, tries,
               first_tried_at, sending_since, message_id, failed_message_id, reason, code, category, is_counted,
               is_possible_duplicate
        FROM outbox
        WHERE tenant_id = ?1
          AND outbox_id = ?2";
    connection.prepare_cached(BY_ID)?.query_row([tenant.as_str(), id], read).optional()
}

/// One entry of the partial index outbox_by_message.
const BY_MESSAGE: &str = "
    SELECT position, tenant_id, outbox_id, conversation_id, number_id, kind, state, attempts, tries,
           first_tried_at, sending_since, message_id, failed_message_id, reason, code, category, is_counted,
           is_possible_duplicate
    FROM outbox
    WHERE tenant_id = ?1
      AND number_id = ?2
      AND message_id = ?3
    LIMIT 1";

/// A row by the channel's id of its message.
pub(crate) fn by_message(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    message_id: &str,
) -> Result<Option<Row>> {
    let key = [tenant.as_str(), number.as_str(), message_id];
    connection.prepare_cached(BY_MESSAGE)?.query_row(key, read).optional()
}

/// A range of the partial index outbox_sending.
const SENDING_SINCE: &str = "
    SELECT position, tenant_id, outbox_id, conversation_id, number_id, kind, state, attempts, tries,
           first_tried_at, sending_since, message_id, failed_message_id, reason, code, category, is_counted,
           is_possible_duplicate
    FROM outbox
    WHERE state = 'sending'
      AND sending_since <= ?1
    ORDER BY sending_since
    LIMIT ?2";

/// Rows that have been in flight since before, of all tenants, oldest first.
pub(crate) fn sending_since(connection: &Connection, before: Timestamp, limit: u32) -> Result<Vec<Row>> {
    connection.prepare_cached(SENDING_SINCE)?.query_map(params![instant(before), limit], read)?.collect()
}

/// Writes what may have changed of a row.
pub(crate) fn update(connection: &Connection, row: &Row, now: Timestamp) -> Result<()> {
    const UPDATE: &str = "
        UPDATE outbox
        SET kind = ?2,
            state = ?3,
            attempts = ?4,
            tries = ?5,
            first_tried_at = ?6,
            sending_since = ?7,
            message_id = ?8,
            failed_message_id = ?9,
            reason = ?10,
            code = ?11,
            category = ?12,
            is_counted = ?13,
            is_possible_duplicate = ?14,
            updated_at = ?15
        WHERE position = ?1";
    let values = params![
        row.position,
        row.kind.as_str(),
        row.state.as_str(),
        row.attempts,
        row.tries,
        row.first_tried_at.map(instant),
        row.sending_since.map(instant),
        row.message_id,
        row.failed_message_id,
        row.reason,
        row.code,
        row.category,
        row.is_counted,
        row.is_possible_duplicate,
        instant(now),
    ];
    connection.prepare_cached(UPDATE)?.execute(values).map(drop)
}

/// Does what the policy says after a failed try, with the row and with what waits behind it.
pub(crate) fn apply_step(
    connection: &Connection,
    row: &mut Row,
    step: NextStep,
    failure: &SendFailure,
    now: Timestamp,
) -> Result<()> {
    row.reason = Some(failure.message.clone());
    row.code = failure.code;
    let tenant = row.tenant.clone();
    if failure.kind == SendFailureKind::MarketingStopped {
        customers::note_marketing_stopped(connection, &tenant, &row.conversation, now)?;
    }
    match step {
        NextStep::AwaitReport => return update(connection, row, now),
        NextStep::GiveUp => row.state = OutboxState::Out(DeliveryState::Failed),
        NextStep::Retry { .. } => row.state = OutboxState::Queued,
        NextStep::StopNumber => {
            row.state = OutboxState::Queued;
            row.begin_anew();
        }
    }
    row.sending_since = None;
    update(connection, row, now)?;
    match step {
        NextStep::Retry { wait, hold: Hold::Conversation, merges } => {
            if merges {
                merge_texts_behind(connection, row, now)?;
            }
            schedule::hold_conversation(connection, &tenant, &row.conversation, later(now, wait))
        }
        NextStep::Retry { wait, hold: Hold::Number, .. } => {
            schedule::refresh(connection, &tenant, &row.conversation)?;
            schedule::hold_sender(connection, &tenant, &row.number, later(now, wait))
        }
        NextStep::StopNumber => {
            schedule::refresh(connection, &tenant, &row.conversation)?;
            numbers::stop(connection, &tenant, &row.number_id()?, Some(&failure.message), now)
        }
        NextStep::AwaitReport | NextStep::GiveUp => schedule::refresh(connection, &tenant, &row.conversation),
    }
}

impl Row {
    /// Whoever sends it again starts to count anew.
    pub(crate) fn begin_anew(&mut self) {
        self.tries = 0;
        self.first_tried_at = None;
    }
}

/// Makes one text of a row and the texts of the same kind that wait directly behind it, as far as they fit.
fn merge_texts_behind(connection: &Connection, row: &Row, now: Timestamp) -> Result<()> {
    // A range of the partial index outbox_queued, in its order.
    const QUEUED: &str = "
        SELECT position, kind, content, after_item
        FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND state = 'queued'
          AND position >= ?3
        ORDER BY position";
    const MERGED: &str = "
        UPDATE outbox
        SET state = 'merged',
            reason = ?2,
            updated_at = ?3
        WHERE position = ?1";
    const CONTENT: &str = "
        UPDATE outbox
        SET content = ?2,
            after_item = MAX(after_item, ?3)
        WHERE position = ?1";
    let mut statement = connection.prepare_cached(QUEUED)?;
    let key = params![row.tenant.as_str(), row.conversation, row.position];
    let mut rows = statement.query(key)?;
    let mut merged: Option<OutboundContent> = None;
    let mut behind: Vec<i64> = Vec::new();
    // It knows what the newest of them knows, and is as outdated as that one.
    let mut after_item: i64 = 0;
    while let Some(queued) = rows.next()? {
        let (position, kind): (i64, _) = (queued.get(0)?, read_word(queued, 1, &KINDS)?);
        let Ok(content) = read_json::<OutboundContent>(queued, 2) else { break };
        let Some(first) = merged.as_mut() else {
            if position != row.position || !matches!(content, OutboundContent::Text { .. }) {
                break;
            }
            merged = Some(content);
            continue;
        };
        let (OutboundContent::Text { body, .. }, OutboundContent::Text { body: next, .. }) =
            (first, &content)
        else {
            break;
        };
        let length = body.encode_utf16().count() + 2 + next.encode_utf16().count();
        if kind != row.kind || length > LONGEST_TEXT {
            break;
        }
        body.push_str("\n\n");
        body.push_str(next);
        behind.push(position);
        after_item = after_item.max(queued.get::<_, i64>(3)?);
    }
    drop(rows);
    let Some(merged) = merged.filter(|_| !behind.is_empty()) else { return Ok(()) };
    connection.prepare_cached(CONTENT)?.execute(params![row.position, json(&merged)?, after_item])?;
    for position in behind {
        connection.prepare_cached(MERGED)?.execute(params![position, row.id, instant(now)])?;
    }
    Ok(())
}

/// A message to be sent as its row, with its content already in JSON.
pub(crate) struct DraftRow {
    id: OutboxId,
    kind: OutboxKind,
    content: String,
}

impl DraftRow {
    pub(crate) fn new(draft: &OutboxDraft) -> Result<Self> {
        Ok(Self { id: draft.id.clone(), kind: draft.kind, content: json(&draft.content)? })
    }
}

/// Queues messages of one turn in their order. False: no channel brought such a conversation.
pub(crate) fn queue(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    drafts: &[DraftRow],
    now: Timestamp,
) -> Result<bool> {
    const PLACE: &str = "
        SELECT number_id, newest_item
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const QUEUE: &str = "
        INSERT INTO outbox (
            tenant_id, outbox_id, conversation_id, number_id, kind, content, state, turn, after_item, queued_at,
            updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8, ?9, ?9)";
    const FIRST_OF_TURN: &str = "
        UPDATE outbox
        SET turn = position
        WHERE position = ?1";
    let key = [tenant.as_str(), conversation.as_str()];
    let place: Option<(String, i64)> =
        connection.prepare_cached(PLACE)?.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((number, newest_item)) = place else { return Ok(false) };
    let mut turn = 0;
    for draft in drafts {
        let position = connection.prepare_cached(QUEUE)?.insert(params![
            tenant.as_str(),
            draft.id.0,
            conversation.as_str(),
            number,
            draft.kind.as_str(),
            draft.content,
            turn,
            newest_item,
            instant(now),
        ])?;
        if turn == 0 {
            turn = position;
            connection.prepare_cached(FIRST_OF_TURN)?.execute([position])?;
        }
    }
    if !drafts.is_empty() {
        schedule::refresh(connection, tenant, conversation.as_str())?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn rows_are_found_by_an_index() {
        for (sql, index) in [
            (BY_MESSAGE, "outbox_by_message (tenant_id=? AND number_id=? AND message_id=?)"),
            (SENDING_SINCE, "outbox_sending (sending_since<?)"),
        ] {
            assert_uses(sql, index);
        }
    }
}
