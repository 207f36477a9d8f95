//! Who has a conversation: the assistant, a person, nobody for a while.

use jiff::Timestamp;
use pytake_assistant::conversation::Attendant;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use rusqlite::{Connection, Result, params};

use super::word_for;
use crate::columns::instant;

/// Gives a conversation to a person or back to the assistant; false when there is none.
pub(super) fn set_attendant(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    attendant: Attendant,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    const TO_PERSON: &str = "
        UPDATE conversations
        SET attendant = 'human',
            handoff_reason = ?3,
            waiting_since = NULL,
            person_at = ?4,
            closed_at = NULL,
            updated_at = MAX(updated_at, ?4)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    const TO_ASSISTANT: &str = "
        UPDATE conversations
        SET resumed_at = CASE WHEN attendant = 'human' THEN message_count ELSE resumed_at END,
            attendant = 'assistant',
            handoff_reason = NULL,
            waiting_since = NULL,
            person_at = NULL,
            paused_until = NULL,
            closed_at = NULL,
            updated_at = MAX(updated_at, ?4)
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND ?3 IS ?3";
    let sql = match attendant {
        Attendant::Human => TO_PERSON,
        Attendant::Assistant => TO_ASSISTANT,
    };
    let row = params![tenant.as_str(), conversation.as_str(), reason, instant(at)];
    Ok(connection.prepare_cached(sql)?.execute(row)? > 0)
}

/// Notes that a person wrote in a conversation: it is theirs. Who has it already keeps the reason.
pub(crate) fn person_wrote(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    const WROTE: &str = "
        UPDATE conversations
        SET handoff_reason = CASE WHEN attendant = 'human' THEN COALESCE(handoff_reason, ?3) ELSE ?3 END,
            attendant = 'human',
            waiting_since = NULL,
            person_at = MAX(COALESCE(person_at, ?4), ?4),
            closed_at = NULL
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), reason, instant(at)];
    connection.prepare_cached(WROTE)?.execute(row).map(drop)
}

/// Gives a channel's conversation to a person who wrote in it; makes it where there was no turn yet.
pub(crate) fn take_by_person(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    customer: &UserId,
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    const CREATE: &str = "
        INSERT INTO conversations (
            tenant_id, conversation_id, user_id, attendant, message_count, created_at, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5)
        ON CONFLICT (tenant_id, conversation_id) DO NOTHING";
    let row = params![
        tenant.as_str(),
        conversation.as_str(),
        customer.as_str(),
        word_for(Attendant::Human),
        instant(at),
    ];
    connection.prepare_cached(CREATE)?.execute(row)?;
    person_wrote(connection, tenant, conversation, reason, at)
}

/// Asks for a person.
pub(crate) fn ask_for_person(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    const ASK: &str = "
        UPDATE conversations
        SET waiting_since = CASE WHEN attendant = 'human' THEN waiting_since ELSE ?4 END,
            attendant = 'human',
            handoff_reason = ?3
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), reason, instant(at)];
    connection.prepare_cached(ASK)?.execute(row).map(drop)
}

/// Keeps the assistant silent until then; false when there is no such conversation.
pub(super) fn pause(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    until: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool> {
    const PAUSE: &str = "
        UPDATE conversations
        SET paused_until = ?3,
            updated_at = MAX(updated_at, ?4)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), until.map(instant), instant(at)];
    Ok(connection.prepare_cached(PAUSE)?.execute(row)? > 0)
}

/// Closes a conversation; false when there is none. Nobody has it then, and whoever opens it again is answered by the
/// assistant.
pub(super) fn close(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    at: Timestamp,
) -> Result<bool> {
    const CLOSE: &str = "
        UPDATE conversations
        SET resumed_at = CASE WHEN attendant = 'human' THEN message_count ELSE resumed_at END,
            attendant = 'assistant',
            handoff_reason = NULL,
            waiting_since = NULL,
            person_at = NULL,
            paused_until = NULL,
            closed_at = ?3,
            updated_at = MAX(updated_at, ?3)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), instant(at)];
    Ok(connection.prepare_cached(CLOSE)?.execute(row)? > 0)
}

/// Opens a conversation again in which the customer wrote at that time, if it was closed before.
pub(crate) fn open_again(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    at: Timestamp,
) -> Result<()> {
    const OPEN: &str = "
        UPDATE conversations
        SET closed_at = NULL
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND closed_at <= ?3";
    let row = params![tenant.as_str(), conversation.as_str(), instant(at)];
    connection.prepare_cached(OPEN)?.execute(row).map(drop)
}
