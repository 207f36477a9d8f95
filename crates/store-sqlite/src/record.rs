//! What a finished turn writes, in the fixed order of locks: conversation, messages, bookings, the money of month
//! and day, the customer's day. A turn that settles messages of a channel checks its lease before anything else.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::budget::{BudgetClaim, BudgetMark};
use pytake_assistant::channel::{self, ItemId, Lease, Settlement};
use pytake_assistant::clock::Clock;
use pytake_assistant::conversation::{Attendant, TurnRecord};
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, Origin, ReservationId};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::instant;
use crate::conversations::{MessageRow, state, word_for};
use crate::hashes::{Hash, Hashes};
use crate::inbox::{claim, items};
use crate::outbox::rows::{self, DraftRow};
use crate::privacy::tombstones::{self, Erased};
use crate::{customers, ledger};

/// A turn made ready to be written, also more than once.
pub(crate) struct Turn {
    tenant: TenantId,
    user: UserId,
    /// The user as erased ones are known.
    user_hashes: Vec<Hash>,
    exchange: Option<ExchangeRows>,
    entries: Vec<LedgerEntry>,
    origin: Origin,
    budgets: Vec<BudgetClaim>,
    reservation: Option<ReservationId>,
    settlement: Option<SettlementRows>,
    at: Timestamp,
    /// The database's, for what is due.
    clock: Arc<dyn Clock>,
}

struct SettlementRows {
    lease: Lease,
    items: Vec<ItemId>,
    outbound: Vec<DraftRow>,
    is_void_when_newer: bool,
}

struct ExchangeRows {
    conversation: ConversationId,
    questions: Vec<MessageRow>,
    answer: Option<MessageRow>,
    handoff_reason: Option<String>,
    began_at: Timestamp,
}

/// What became of it.
pub(crate) enum Recorded {
    Settled(channel::Recorded, Vec<BudgetMark>),
    /// Nothing was written.
    OfAnotherUser(ConversationId),
}

/// What is known of a conversation before something is added.
pub(crate) struct Found {
    pub(crate) user: String,
    pub(crate) message_count: i64,
}

impl SettlementRows {
    fn new(settlement: Settlement) -> Result<Self> {
        let Settlement { lease, items, outbound, is_void_when_newer } = settlement;
        let outbound = outbound.iter().map(DraftRow::new).collect::<Result<_>>()?;
        Ok(Self { lease, items, outbound, is_void_when_newer })
    }
}

impl Turn {
    pub(crate) fn new(turn: TurnRecord, clock: Arc<dyn Clock>, hashes: &Hashes) -> Result<Self> {
        let exchange = match turn.exchange {
            Some(exchange) => Some(ExchangeRows {
                conversation: exchange.conversation,
                began_at: exchange.questions.first().map_or(turn.at, |first| first.created_at),
                questions: exchange.questions.into_iter().map(MessageRow::new).collect::<Result<_>>()?,
                answer: exchange.answer.map(MessageRow::new).transpose()?,
                handoff_reason: exchange.handoff_reason,
            }),
            None => None,
        };
        let settlement = turn.settlement.map(SettlementRows::new).transpose()?;
        let TurnRecord { tenant, user, ledger: entries, origin, budgets, reservation, at, .. } = turn;
        let user_hashes = hashes.user(&tenant, user.as_str());
        Ok(Self {
            tenant,
            user,
            user_hashes,
            exchange,
            entries,
            origin,
            budgets,
            reservation,
            settlement,
            at,
            clock,
        })
    }

    /// Whether it settles messages of a channel.
    pub(crate) fn settles(&self) -> bool {
        self.settlement.is_some()
    }

    fn began_at(&self) -> Option<Timestamp> {
        self.exchange.as_ref().map(|exchange| exchange.began_at)
    }

    /// A customer of a channel is never called by the same id again; one that a caller names may come back.
    pub(crate) fn write(&self, connection: &Connection) -> Result<Recorded> {
        if let Some(erased) = tombstones::of_user(connection, &self.tenant, &self.user_hashes)?
            && (self.settles() || erased.covers(self.began_at(), self.at))
        {
            let passed = self.book_for_nobody(connection, &erased)?;
            return Ok(Recorded::Settled(channel::Recorded::Fenced, passed));
        }
        let place = match &self.settlement {
            Some(settlement) => match self.check_lease(connection, settlement)? {
                Ok(place) => Some((settlement, place)),
                Err(late) => {
                    let passed = self.book_unused(connection)?;
                    return Ok(Recorded::Settled(late, passed));
                }
            },
            None => None,
        };
        if let Some(exchange) = &self.exchange
            && !self.write_exchange(connection, exchange)?
        {
            return Ok(Recorded::OfAnotherUser(exchange.conversation.clone()));
        }
        let passed = self.book(connection)?;
        if let Some((settlement, place)) = place {
            let now = self.clock.now();
            rows::queue(connection, &self.tenant, &place, &settlement.outbound, now)?;
            claim::settle(connection, &self.tenant, &place, &settlement.items, now)?;
        }
        Ok(Recorded::Settled(channel::Recorded::Written, passed))
    }

    /// The conversation, where the lease still holds and nothing newer makes the draft void; else what became of it.
    fn check_lease(
        &self,
        connection: &Connection,
        settlement: &SettlementRows,
    ) -> Result<std::result::Result<ConversationId, channel::Recorded>> {
        let tenant = &self.tenant;
        let place = match (&self.exchange, settlement.items.first()) {
            (Some(exchange), _) => Some(exchange.conversation.clone()),
            (None, Some(item)) => items::conversation_of(connection, tenant, *item)?,
            (None, None) => None,
        };
        let Some(place) = place else { return Ok(Err(channel::Recorded::Fenced)) };
        let Some(held) = claim::held(connection, tenant, &place, settlement.lease)? else {
            return Ok(Err(channel::Recorded::Fenced));
        };
        if settlement.is_void_when_newer && held.is_outdated {
            claim::give_back_void(connection, tenant, &place, self.clock.now())?;
            return Ok(Err(channel::Recorded::Outdated));
        }
        Ok(Ok(place))
    }

    fn book(&self, connection: &Connection) -> Result<Vec<BudgetMark>> {
        self.book_for(connection, &self.user, &self.origin, &self.entries)
    }

    /// Nothing came of the turn but what it cost. Its customer may have turned out to be another one meanwhile.
    fn book_unused(&self, connection: &Connection) -> Result<Vec<BudgetMark>> {
        let remains = customers::remaining(connection, &self.tenant, &self.user)?;
        let origin = Origin { message: None, ..self.origin.clone() };
        self.book_for(connection, remains.as_ref().unwrap_or(&self.user), &origin, &unused(&self.entries))
    }

    /// The customer was erased while the turn ran: it leaves what it cost, under their pseudonym.
    fn book_for_nobody(&self, connection: &Connection, erased: &Erased) -> Result<Vec<BudgetMark>> {
        ledger::forget_days(connection, &self.tenant, &self.user)?;
        self.book_for(connection, &erased.pseudonym, &Origin::default(), &unused(&self.entries))
    }

    fn book_for(
        &self,
        connection: &Connection,
        user: &UserId,
        origin: &Origin,
        entries: &[LedgerEntry],
    ) -> Result<Vec<BudgetMark>> {
        let bookings =
            ledger::Bookings { tenant: &self.tenant, user, at: self.at, origin, budgets: &self.budgets };
        let passed = ledger::book(connection, &bookings, entries)?;
        if let Some(reservation) = &self.reservation {
            ledger::settle(connection, &self.tenant, reservation)?;
        }
        Ok(passed)
    }

    /// False when the conversation is another user's.
    fn write_exchange(&self, connection: &Connection, exchange: &ExchangeRows) -> Result<bool> {
        let tenant = &self.tenant;
        let place = &exchange.conversation;
        let asked = i64::try_from(exchange.questions.len()).unwrap_or(i64::MAX);
        let messages = asked + i64::from(exchange.answer.is_some());
        let first = match find(connection, tenant, place)? {
            Some(found) if found.user != self.user.as_str() => return Ok(false),
            Some(found) => {
                extend(connection, tenant, place, messages, self.at)?;
                state::open_again(connection, tenant, place, exchange.began_at)?;
                found.message_count
            }
            None => {
                self.create(connection, exchange, messages)?;
                0
            }
        };
        if let Some(reason) = &exchange.handoff_reason {
            state::ask_for_person(connection, tenant, place, reason, self.at)?;
        }
        for (position, question) in (first..).zip(&exchange.questions) {
            question.insert(connection, tenant, place, position)?;
        }
        if let Some(answer) = &exchange.answer {
            answer.insert(connection, tenant, place, first + asked)?;
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

/// The calls of a turn that answered nobody, as those that failed. What took no tokens and cost nothing leaves nothing.
fn unused(entries: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let is_billed =
        |entry: &&LedgerEntry| entry.usage != TokenUsage::default() || entry.cost != Some(PicoUsd::ZERO);
    let billed = entries.iter().filter(is_billed);
    billed.map(|entry| LedgerEntry { is_answer: false, ..entry.clone() }).collect()
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
