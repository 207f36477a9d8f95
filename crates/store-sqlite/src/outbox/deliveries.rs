//! Reports on messages that the outbox does not know, or does not know yet.

use jiff::Timestamp;
use pytake_assistant::channel::{DeliveryState, SendFailure, StatusUpdate};
use pytake_assistant::id::{NumberId, TenantId};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, read_optional_json, read_word};

/// What is known of a message.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) state: DeliveryState,
    pub(crate) failure: Option<SendFailure>,
    pub(crate) category: Option<String>,
    pub(crate) is_counted: bool,
}

/// Keeps a report; true at the first delivery of a service message.
pub(crate) fn keep(
    connection: &Connection,
    tenant: &TenantId,
    status: &StatusUpdate,
    now: Timestamp,
) -> Result<bool> {
    const KEEP: &str = "
        INSERT INTO deliveries (
            tenant_id, number_id, message_id, state, failure, category, is_counted, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (tenant_id, number_id, message_id) DO UPDATE
        SET state = excluded.state,
            failure = excluded.failure,
            category = excluded.category,
            is_counted = excluded.is_counted,
            updated_at = excluded.updated_at";
    let before = find(connection, tenant, &status.number, &status.message_id)?;
    let mut known =
        before.unwrap_or(Known { state: status.state, failure: None, category: None, is_counted: false });
    known.state = known.state.after(status.state);
    if known.state == DeliveryState::Failed && known.failure.is_none() {
        known.failure.clone_from(&status.failure);
    }
    if status.category.is_some() {
        known.category.clone_from(&status.category);
    }
    let is_delivered = known.state >= DeliveryState::Delivered && known.state != DeliveryState::Failed;
    let is_first = is_delivered && !known.is_counted && known.category.as_deref() == Some("service");
    let row = params![
        tenant.as_str(),
        status.number.as_str(),
        status.message_id,
        known.state.as_str(),
        known.failure.as_ref().map(json).transpose()?,
        known.category,
        known.is_counted || is_first,
        instant(now),
    ];
    connection.prepare_cached(KEEP)?.execute(row)?;
    Ok(is_first)
}

pub(crate) fn find(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    message_id: &str,
) -> Result<Option<Known>> {
    const FIND: &str = "
        SELECT state, failure, category, is_counted
        FROM deliveries
        WHERE tenant_id = ?1
          AND number_id = ?2
          AND message_id = ?3";
    let states = DeliveryState::ALL.map(|state| (state.as_str(), state));
    let read = |row: &Row<'_>| {
        Ok(Known {
            state: read_word(row, 0, &states)?,
            failure: read_optional_json(row, 1)?,
            category: row.get(2)?,
            is_counted: row.get(3)?,
        })
    };
    let key = [tenant.as_str(), number.as_str(), message_id];
    connection.prepare_cached(FIND)?.query_row(key, read).optional()
}

/// Forgets a message that has found its row.
pub(crate) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    message_id: &str,
) -> Result<()> {
    const FORGET: &str = "
        DELETE FROM deliveries
        WHERE tenant_id = ?1
          AND number_id = ?2
          AND message_id = ?3";
    connection.prepare_cached(FORGET)?.execute([tenant.as_str(), number.as_str(), message_id]).map(drop)
}
