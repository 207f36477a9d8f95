//! A person of the business wrote from the phone app: the conversation is theirs.

use pytake_assistant::channel::{Echo, trusted_time};
use pytake_assistant::conversation::ConversationMessage;
use pytake_assistant::id::{ConversationId, MessageId, TenantId};
use pytake_store::ReceivedChangeKind;
use rusqlite::{Connection, Result};

use super::receive::{Kept, Receiving};
use crate::columns::unusable;
use crate::conversations::MessageRow;
use crate::{channel_conversations, conversations, outbox};

/// Why a person has a conversation after an echo.
const PHONE_APP: &str = "phone_app";

pub(super) fn take_over(receiving: &mut Receiving<'_>, kept: &Kept<'_>, echo: &Echo) -> Result<()> {
    let (connection, tenant) = (receiving.connection, kept.tenant);
    let Some(customer) = receiving.customer(tenant, &echo.to)? else {
        receiving.change(tenant, None, ReceivedChangeKind::Kept);
        return Ok(());
    };
    let conversation = channel_conversations::ensure(connection, tenant, &echo.number, &customer)?;
    if is_ours(connection, tenant, &conversation, echo)? {
        receiving.change(tenant, Some(conversation), ReceivedChangeKind::Kept);
        return Ok(());
    }
    let written_at = trusted_time(echo.sent_at, receiving.now);
    let id = MessageId::new(receiving.ids.next()).map_err(unusable)?;
    let row = MessageRow::new(ConversationMessage::from_phone_app(echo, id, written_at))?;
    conversations::state::take_by_person(
        connection,
        tenant,
        &conversation,
        &customer,
        PHONE_APP,
        written_at,
    )?;
    conversations::add_message(connection, tenant, &conversation, &row)?;
    outbox::withhold_replies(connection, tenant, &conversation, "taken_over", receiving.now)?;
    receiving.change(tenant, Some(conversation), ReceivedChangeKind::TakenOver);
    Ok(())
}

/// Whether an echo is of a message that the outbox sent, or is sending just now: the channel may tell of it before it
/// answers the call.
fn is_ours(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    echo: &Echo,
) -> Result<bool> {
    if outbox::is_known_message(connection, tenant, &echo.number, &echo.id)? {
        return Ok(true);
    }
    let in_flight = outbox::text_in_flight(connection, tenant, conversation)?;
    Ok(in_flight.is_some_and(|text| echo.content.written() == Some(&text)))
}
