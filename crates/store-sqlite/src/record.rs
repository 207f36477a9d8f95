//! What a finished turn writes, in the fixed order of locks: conversation, messages, bookings, the month's money,
//! the customer's day.

use jiff::Timestamp;
use pytake_assistant::conversation::{Attendant, TurnRecord};
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, ReservationId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::instant;
use crate::conversations::{MessageRow, word_for};
use crate::ledger;

/// A turn made ready to be written, also more than once.
pub(crate) struct Turn {
    tenant: TenantId,
    user: UserId,
    exchange: Option<ExchangeRows>,
    entries: Vec<LedgerEntry>,
    reservation: Option<ReservationId>,
    at: Timestamp,
}

struct ExchangeRows {
    conversation: ConversationId,
    question: MessageRow,
    answer: Option<MessageRow>,
    handoff_reason: Option<String>,
    began_at: Timestamp,
}

/// What became of it.
pub(crate) enum Recorded {
    Written,
    /// Nothing was written.
    OfAnotherUser(ConversationId),
}

/// What is known of a conversation before something is added.
pub(crate) struct Found {
    pub(crate) user: String,
    pub(crate) message_count: i64,
}

impl Turn {
    pub(crate) fn new(turn: TurnRecord) -> Result<Self> {
        let exchange = match turn.exchange {
            Some(exchange) => Some(ExchangeRows {
                conversation: exchange.conversation,
                began_at: exchange.question.created_at,
                question: MessageRow::new(exchange.question)?,
                answer: exchange.answer.map(MessageRow::new).transpose()?,
                handoff_reason: exchange.handoff_reason,
            }),
            None => None,
        };
        let TurnRecord { tenant, user, ledger: entries, reservation, at, .. } = turn;
        Ok(Self { tenant, user, exchange, entries, reservation, at })
    }

    pub(crate) fn write(&self, connection: &Connection) -> Result<Recorded> {
        if let Some(exchange) = &self.exchange
            && !self.write_exchange(connection, exchange)?
        {
            return Ok(Recorded::OfAnotherUser(exchange.conversation.clone()));
        }
        ledger::book(connection, &self.tenant, &self.user, self.at, &self.entries)?;
        if let Some(reservation) = &self.reservation {
            ledger::settle(connection, &self.tenant, reservation)?;
        }
        Ok(Recorded::Written)
    }

    /// False when the conversation is another user's.
    fn write_exchange(&self, connection: &Connection, exchange: &ExchangeRows) -> Result<bool> {
        let tenant = &self.tenant;
        let place = &exchange.conversation;
        let messages = 1 + i64::from(exchange.answer.is_some());
        let first = match find(connection, tenant, place)? {
            Some(found) if found.user != self.user.as_str() => return Ok(false),
            Some(found) => {
                extend(connection, tenant, place, messages, self.at)?;
                found.message_count
            }
            None => {
                self.create(connection, exchange, messages)?;
                0
            }
        };
        if let Some(reason) = &exchange.handoff_reason {
            hand_over(connection, tenant, place, reason)?;
        }
        exchange.question.insert(connection, tenant, place, first)?;
        if let Some(answer) = &exchange.answer {
            answer.insert(connection, tenant, place, first + 1)?;
        }
        Ok(true)
    }

    fn create(&self, connection: &Connection, exchange: &ExchangeRows, messages: i64) -> Result<()> {
        const CREATE: &str = "
            INSERT INTO conversations (
                tenant_id, conversation_id, user_id, attendant, message_count, created_at, updated_at
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, MAX(?6, ?7))";
        let row = params![
            self.tenant.as_str(),
            exchange.conversation.as_str(),
            self.user.as_str(),
            word_for(Attendant::Assistant),
            messages,
            instant(exchange.began_at),
            instant(self.at),
        ];
        connection.prepare_cached(CREATE)?.execute(row).map(drop)
    }
}

pub(crate) fn find(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<Found>> {
    const FIND: &str = "
        SELECT user_id, message_count
        FROM conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    let read = |row: &rusqlite::Row<'_>| Ok(Found { user: row.get(0)?, message_count: row.get(1)? });
    connection.prepare_cached(FIND)?.query_row(key, read).optional()
}

/// Makes room for so many more messages.
pub(crate) fn extend(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    messages: i64,
    at: Timestamp,
) -> Result<()> {
    const EXTEND: &str = "
        UPDATE conversations
        SET message_count = message_count + ?3,
            updated_at = MAX(updated_at, ?4)
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), messages, instant(at)];
    connection.prepare_cached(EXTEND)?.execute(row).map(drop)
}

fn hand_over(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    reason: &str,
) -> Result<()> {
    const HAND_OVER: &str = "
        UPDATE conversations
        SET attendant = ?3,
            handoff_reason = ?4
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let row = params![tenant.as_str(), conversation.as_str(), word_for(Attendant::Human), reason];
    connection.prepare_cached(HAND_OVER)?.execute(row).map(drop)
}
