//! The outbox: rows in `rows`, when they may go in `schedule`, taking in `take`, what became of a try in `outcome`.

pub(crate) mod deliveries;
mod listing;
mod outcome;
pub(crate) mod rows;
pub(crate) mod schedule;
mod sweep;
mod take;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::channel::{
    Accepted, DeliveryState, NextStep, OutboundContent, OutboxDraft, OutboxId, SendFailure,
};
use pytake_assistant::conversation::{ConversationMessage, Page};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, NumberId, TenantId};
use pytake_store::{Outbox, OutboxFilter, OutboxRow, OutboxState, Resent, Sending, SendingKey};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::columns::read_json;
use crate::conversations::{self, MessageRow};
use crate::outbox::rows::DraftRow;
use crate::readers::in_snapshot;
use crate::store::SqliteStore;

/// Why a person has a conversation in which they wrote.
pub(crate) const OPERATOR_WROTE: &str = "operator_wrote";

pub(crate) use outcome::withhold_replies;

/// Whether the outbox sent a message with the channel's id.
pub(crate) fn is_known_message(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    message_id: &str,
) -> Result<bool> {
    Ok(rows::by_message(connection, tenant, number, message_id)?.is_some())
}

/// The text that is being sent in a conversation just now.
pub(crate) fn text_in_flight(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<String>> {
    // One entry of the partial index outbox_in_flight.
    const IN_FLIGHT: &str = "
        SELECT content
        FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND state = 'sending'
        LIMIT 1";
    let key = [tenant.as_str(), conversation.as_str()];
    let content: Option<OutboundContent> =
        connection.prepare_cached(IN_FLIGHT)?.query_row(key, |row| read_json(row, 0)).optional()?;
    Ok(content.map(|content| content.text().to_owned()))
}

/// Whether nothing of a message that was sent in these rows has reached anybody. What failed without a known end may have;
/// what became part of another row says nothing by itself.
pub(crate) fn is_unsent(connection: &Connection, tenant: &TenantId, rows: &[OutboxId]) -> Result<bool> {
    // One entry of the unique key.
    const IS_UNSENT: &str = "
        SELECT state = 'withheld' OR (state = 'failed' AND NOT is_possible_duplicate)
        FROM outbox
        WHERE tenant_id = ?1
          AND outbox_id = ?2
          AND state <> 'merged'";
    let mut is_unsent = false;
    for id in rows {
        let key = [tenant.as_str(), &id.0];
        match connection.prepare_cached(IS_UNSENT)?.query_row(key, |row| row.get(0)).optional()? {
            Some(true) => is_unsent = true,
            Some(false) => return Ok(false),
            None => {}
        }
    }
    Ok(is_unsent)
}

/// Forgets what was sent in a conversation.
pub(crate) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<()> {
    const FORGET: &str = "
        DELETE FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    connection.prepare_cached(FORGET)?.execute([tenant.as_str(), conversation.as_str()])?;
    schedule::refresh(connection, tenant, conversation.as_str())
}

/// A person's message made ready to be written, also more than once.
struct Written {
    message: MessageRow,
    drafts: Vec<DraftRow>,
    at: Timestamp,
}

impl Written {
    fn new(message: ConversationMessage, outbound: &[OutboxDraft]) -> Result<Self> {
        let at = message.created_at;
        let drafts = outbound.iter().map(DraftRow::new).collect::<Result<_>>()?;
        Ok(Self { message: MessageRow::new(message)?, drafts, at })
    }

    fn write(
        &self,
        connection: &Connection,
        tenant: &TenantId,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<bool> {
        let Some(place) = crate::channel_conversations::read(connection, tenant, conversation)? else {
            return Ok(false);
        };
        let customer = &place.customer.id;
        conversations::state::take_by_person(
            connection,
            tenant,
            conversation,
            customer,
            OPERATOR_WROTE,
            self.at,
        )?;
        conversations::add_message(connection, tenant, conversation, &self.message)?;
        rows::queue(connection, tenant, conversation, &self.drafts, now)
    }
}

fn delivery(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    message_id: &str,
) -> Result<Option<DeliveryState>> {
    let row = rows::by_message(connection, tenant, number, message_id)?;
    if let Some(OutboxState::Out(state)) = row.map(|row| row.state) {
        return Ok(Some(state));
    }
    Ok(deliveries::find(connection, tenant, number, message_id)?.map(|known| known.state))
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn queue(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        message: ConversationMessage,
        outbound: Vec<OutboxDraft>,
    ) -> Result<bool, StorageError> {
        const ACTION: &str = "queue the message";
        let (tenant, conversation, clock) = (tenant.clone(), conversation.clone(), self.clock.clone());
        let written = Written::new(message, &outbound).map_err(|error| StorageError::new(ACTION, error))?;
        self.write_durably(ACTION, move |connection| {
            written.write(connection, &tenant, &conversation, clock.now())
        })
        .await
    }

    async fn take(&self) -> Result<Option<Sending>, StorageError> {
        let clock = self.clock.clone();
        self.write_durably("take a message to be sent", move |connection| take::take(connection, clock.now()))
            .await
    }

    async fn next_send_in(&self) -> Result<Option<Duration>, StorageError> {
        let clock = self.clock.clone();
        self.read_short("look for a message to be sent", move |connection| {
            take::next_in(connection, clock.now())
        })
        .await
    }

    async fn accepted(&self, sending: &SendingKey, accepted: &Accepted) -> Result<(), StorageError> {
        let (sending, accepted, clock) = (sending.clone(), accepted.clone(), self.clock.clone());
        self.write_durably("note that a message was sent", move |connection| {
            outcome::accepted(connection, &sending, &accepted, clock.now())
        })
        .await
    }

    async fn failed(
        &self,
        sending: &SendingKey,
        failure: &SendFailure,
        jitter: f64,
    ) -> Result<NextStep, StorageError> {
        let (sending, failure, clock) = (sending.clone(), failure.clone(), self.clock.clone());
        // Not durably: what a power cut takes back is sent again after a check, and was not sent before.
        self.write("note that a message was not sent", move |connection| {
            outcome::failed(connection, &sending, &failure, jitter, clock.now())
        })
        .await
    }

    async fn withheld(&self, sending: &SendingKey, why: &'static str) -> Result<(), StorageError> {
        let (sending, clock) = (sending.clone(), self.clock.clone());
        self.write("withhold a message", move |connection| {
            outcome::withheld(connection, &sending, why, clock.now())
        })
        .await
    }

    async fn settle_unknown(&self, after: Duration) -> Result<Vec<(OutboxId, bool)>, StorageError> {
        let clock = self.clock.clone();
        self.write("settle what nobody knows the end of", move |connection| {
            outcome::settle_unknown(connection, after, clock.now())
        })
        .await
    }

    async fn outbox(&self, tenant: &TenantId, filter: OutboxFilter) -> Result<Page<OutboxRow>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the outbox", move |connection| listing::page(connection, &tenant, &filter)).await
    }

    async fn resend(&self, tenant: &TenantId, id: &OutboxId) -> Result<Resent, StorageError> {
        let (tenant, id, clock) = (tenant.clone(), id.clone(), self.clock.clone());
        self.write_durably("send a message again", move |connection| {
            outcome::resend(connection, &tenant, &id, clock.now())
        })
        .await
    }

    async fn sweep_outbox(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        let clock = self.clock.clone();
        self.write("sweep the outbox", move |connection| sweep::sweep(connection, before, limit, clock.now()))
            .await
    }

    async fn delivery(
        &self,
        tenant: &TenantId,
        number: &NumberId,
        message_id: &str,
    ) -> Result<Option<DeliveryState>, StorageError> {
        let (tenant, number, message_id) = (tenant.clone(), number.clone(), message_id.to_owned());
        self.read_short("look up a delivery", move |connection| {
            in_snapshot(connection, |connection| delivery(connection, &tenant, &number, &message_id))
        })
        .await
    }
}
