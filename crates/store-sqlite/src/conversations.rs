//! Conversations, their messages and summaries. What a turn writes is in `record`, lists are in `listing`.

mod listing;
pub(crate) mod state;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::conversation::{
    Attendant, Conversation, ConversationFilter, ConversationMessage, Conversations, History, Page,
    RecordOutcome, Summary, TurnRecord,
};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_assistant::provider::Role;
use pytake_store::ConversationOfAnotherUser;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{
    count, instant, json, read_count, read_instant, read_optional_count, read_optional_instant,
    read_optional_json, read_parsed, read_word,
};
use crate::readers::in_snapshot;
use crate::record::{self, Recorded};
use crate::store::SqliteStore;
use crate::{channel_conversations, outbox};

/// The word for an attendant in the column. The index `conversations_with_people` knows `human` too.
pub(crate) fn word_for(attendant: Attendant) -> &'static str {
    match attendant {
        Attendant::Assistant => "assistant",
        Attendant::Human => "human",
    }
}

/// Columns: conversation_id, user_id, attendant, handoff_reason, message_count, created_at, updated_at, waiting_since,
/// person_at, paused_until, closed_at, resumed_at.
fn read_conversation(row: &Row<'_>) -> Result<Conversation> {
    let attendants = [Attendant::Assistant, Attendant::Human].map(|one| (word_for(one), one));
    Ok(Conversation {
        id: read_parsed(row, 0)?,
        user_id: read_parsed(row, 1)?,
        attendant: read_word(row, 2, &attendants)?,
        handoff_reason: row.get(3)?,
        waiting_since: read_optional_instant(row, 7)?,
        person_at: read_optional_instant(row, 8)?,
        paused_until: read_optional_instant(row, 9)?,
        closed_at: read_optional_instant(row, 10)?,
        resumed_at: read_optional_count(row, 11)?,
        message_count: read_count(row, 4)?,
        created_at: read_instant(row, 5)?,
        updated_at: read_instant(row, 6)?,
    })
}

/// Columns: message_id, role, content, tokens, created_at, language, record, analysis, channel, confidence.
fn read_message(row: &Row<'_>) -> Result<ConversationMessage> {
    let roles = [Role::User, Role::Assistant].map(|role| (role.as_str(), role));
    Ok(ConversationMessage {
        id: read_parsed(row, 0)?,
        role: read_word(row, 1, &roles)?,
        content: row.get(2)?,
        tokens: row.get(3)?,
        created_at: read_instant(row, 4)?,
        language: row.get(5)?,
        analysis: read_optional_json(row, 7)?,
        answer: read_optional_json(row, 6)?,
        channel: read_optional_json(row, 8)?,
        confidence: row.get(9)?,
    })
}

/// A message as its row, with its analysis and the record of the answer already in JSON: that is the caller's
/// work, not the writer's.
pub(crate) struct MessageRow {
    message: ConversationMessage,
    record: Option<String>,
    analysis: Option<String>,
    channel: Option<String>,
}

impl MessageRow {
    pub(crate) fn new(mut message: ConversationMessage) -> Result<Self> {
        let record = message.answer.take().as_ref().map(json).transpose()?;
        let analysis = message.analysis.take().as_ref().map(json).transpose()?;
        let channel = message.channel.take().as_ref().map(json).transpose()?;
        Ok(Self { message, record, analysis, channel })
    }

    pub(crate) fn insert(
        &self,
        connection: &Connection,
        tenant: &TenantId,
        conversation: &ConversationId,
        position: i64,
    ) -> Result<()> {
        const INSERT: &str = "
            INSERT INTO messages (
                tenant_id, conversation_id, position, message_id, role,
                content, tokens, created_at, language, record, analysis, channel, confidence
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let message = &self.message;
        let row = params![
            tenant.as_str(),
            conversation.as_str(),
            position,
            message.id.as_str(),
            message.role.as_str(),
            message.content,
            message.tokens,
            instant(message.created_at),
            message.language,
            self.record,
            self.analysis,
            self.channel,
            message.confidence,
        ];
        connection.prepare_cached(INSERT)?.execute(row).map(drop)
    }
}

pub(crate) fn state(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<Conversation>> {
    const STATE: &str = "
        SELECT conversation_id, user_id, attendant, handoff_reason, message_count, created_at, updated_at,
               waiting_since, person_at, paused_until, closed_at, resumed_at
        FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    connection.prepare_cached(STATE)?.query_row(key, read_conversation).optional()
}

fn messages(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    from: i64,
    to: i64,
) -> Result<Vec<ConversationMessage>> {
    // A range of the primary key, in its order.
    const MESSAGES: &str = "
        SELECT message_id, role, content, tokens, created_at, language, record, analysis, channel, confidence
        FROM messages
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND position >= ?3
          AND position < ?4
        ORDER BY position";
    range(connection, MESSAGES, tenant, conversation, from, to)
}

/// What was said, without how the answers came to be: a turn never reads that, and taking ten records out of their
/// JSON costs more than all the rest of the read.
fn said(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    from: i64,
    to: i64,
) -> Result<Vec<ConversationMessage>> {
    // A range of the primary key, in its order.
    const SAID: &str = "
        SELECT message_id, role, content, tokens, created_at, language, NULL, NULL, channel, confidence
        FROM messages
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND position >= ?3
          AND position < ?4
        ORDER BY position";
    range(connection, SAID, tenant, conversation, from, to)
}

fn range(
    connection: &Connection,
    sql: &'static str,
    tenant: &TenantId,
    conversation: &ConversationId,
    from: i64,
    to: i64,
) -> Result<Vec<ConversationMessage>> {
    let bounds = params![tenant.as_str(), conversation.as_str(), from, to];
    connection.prepare_cached(sql)?.query_map(bounds, read_message)?.collect()
}

fn summary(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<Summary>> {
    const SUMMARY: &str = "
        SELECT text, covers
        FROM summaries
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    let read = |row: &Row<'_>| Ok(Summary { text: row.get(0)?, covers: read_count(row, 1)? });
    connection.prepare_cached(SUMMARY)?.query_row(key, read).optional()
}

fn history(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<History> {
    let Some(state) = state(connection, tenant, conversation)? else { return Ok(History::default()) };
    let end = count(state.message_count);
    let start = end.saturating_sub(i64::from(limit)).max(0);
    let mut recent = if start < end { said(connection, tenant, conversation, start, end)? } else { vec![] };
    for detail in recent.iter_mut().filter_map(|message| message.channel.as_mut()) {
        detail.is_unsent = outbox::is_unsent(connection, tenant, &detail.outbox)?;
    }
    Ok(History { recent, summary: summary(connection, tenant, conversation)?, conversation: Some(state) })
}

fn put_summary(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    summary: &Summary,
) -> Result<()> {
    // The conversation may have been deleted while its summary was being written, and begun anew: then it has fewer
    // messages than the summary covers.
    const PUT: &str = "
        INSERT INTO summaries (tenant_id, conversation_id, text, covers)
        SELECT tenant_id, conversation_id, ?3, ?4
        FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND message_count >= ?4
        ON CONFLICT (tenant_id, conversation_id) DO UPDATE
        SET text = excluded.text,
            covers = excluded.covers
        WHERE covers <= excluded.covers";
    let row = params![tenant.as_str(), conversation.as_str(), summary.text, count(summary.covers)];
    connection.prepare_cached(PUT)?.execute(row).map(drop)
}

/// Who answers in a conversation; `None`: it does not exist.
pub(crate) fn attendant(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<Attendant>> {
    Ok(state(connection, tenant, conversation)?.map(|state| state.attendant))
}

pub(crate) fn add_message(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    row: &MessageRow,
) -> Result<bool> {
    let Some(found) = record::find(connection, tenant, conversation)? else { return Ok(false) };
    record::extend(connection, tenant, conversation, 1, row.message.created_at)?;
    row.insert(connection, tenant, conversation, found.message_count)?;
    Ok(true)
}

/// Adds a message a person wrote; the conversation is theirs.
fn add_persons_message(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    row: &MessageRow,
) -> Result<bool> {
    if !add_message(connection, tenant, conversation, row)? {
        return Ok(false);
    }
    let at = row.message.created_at;
    state::person_wrote(connection, tenant, conversation, outbox::OPERATOR_WROTE, at)?;
    Ok(true)
}

fn delete(connection: &Connection, tenant: &TenantId, conversation: &ConversationId) -> Result<bool> {
    const DELETE: &str = "
        DELETE FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const MESSAGES: &str = "
        DELETE FROM messages
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const SUMMARY: &str = "
        DELETE FROM summaries
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    channel_conversations::forget(connection, tenant, conversation)?;
    let is_gone = connection.prepare_cached(DELETE)?.execute(key)? > 0;
    for rest in [MESSAGES, SUMMARY] {
        connection.prepare_cached(rest)?.execute(key)?;
    }
    Ok(is_gone)
}

#[async_trait]
impl Conversations for SqliteStore {
    async fn history(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<History, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        let read = move |connection: &Connection| {
            in_snapshot(connection, |connection| history(connection, &tenant, &conversation, limit))
        };
        self.read_short("read the conversation", read).await
    }

    async fn messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        from: u64,
        to: u64,
    ) -> Result<Vec<ConversationMessage>, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        let (from, to) = (count(from), count(to));
        let read = move |connection: &Connection| messages(connection, &tenant, &conversation, from, to);
        self.read_long("read the messages", read).await
    }

    async fn record(&self, turn: TurnRecord) -> Result<RecordOutcome, StorageError> {
        const ACTION: &str = "record the turn";
        let turn = record::Turn::new(turn, self.clock.clone(), &self.hashes)
            .map_err(|error| StorageError::new(ACTION, error))?;
        // What is settled was acknowledged, and what goes out is about to be sent: both survive a power cut.
        let recorded = if turn.settles() {
            self.write_durably(ACTION, move |connection| turn.write(connection)).await?
        } else {
            self.write(ACTION, move |connection| turn.write(connection)).await?
        };
        match recorded {
            Recorded::Settled(recorded, passed) => Ok(RecordOutcome { recorded, passed }),
            Recorded::OfAnotherUser(conversation) => {
                Err(StorageError::new(ACTION, ConversationOfAnotherUser { conversation }))
            }
        }
    }

    async fn put_summary(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        summary: Summary,
    ) -> Result<(), StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        let work = move |connection: &Connection| put_summary(connection, &tenant, &conversation, &summary);
        self.write("store the summary", work).await
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        filter: ConversationFilter,
    ) -> Result<Page<Conversation>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the conversations", move |connection| {
            listing::page(connection, &tenant, &filter)
        })
        .await
    }

    async fn set_attendant(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        attendant: Attendant,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        self.write("hand over the conversation", move |connection| {
            state::set_attendant(connection, &tenant, &conversation, attendant, reason.as_deref(), at)
        })
        .await
    }

    async fn pause(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        self.write("pause the conversation", move |connection| {
            state::pause(connection, &tenant, &conversation, until, at)
        })
        .await
    }

    async fn close(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        self.write("close the conversation", move |connection| {
            state::close(connection, &tenant, &conversation, at)
        })
        .await
    }

    async fn add_message(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        message: ConversationMessage,
    ) -> Result<bool, StorageError> {
        const ACTION: &str = "add the message";
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        let row = MessageRow::new(message).map_err(|error| StorageError::new(ACTION, error))?;
        self.write(ACTION, move |connection| add_persons_message(connection, &tenant, &conversation, &row))
            .await
    }

    async fn delete_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<bool, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        let work = move |connection: &Connection| delete(connection, &tenant, &conversation);
        self.write("delete the conversation", work).await
    }
}
