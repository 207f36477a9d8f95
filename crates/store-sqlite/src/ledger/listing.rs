//! Single bookings, newest first, in pages.

use pytake_assistant::conversation::Page;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_assistant::ledger::{Booking, BookingFilter, Origin};
use rusqlite::{Connection, Result, Row, params};

use super::sums::{instants_of, read_entry};
use crate::columns::{read_count, read_instant, read_parsed};
use crate::pages;

/// A range of usage_ledger_by_time; ?6 and ?7 are there for the same parameters everywhere.
const OF_TENANT: &str = "
    SELECT booked_at, user_id, provider, model, operation, is_answer,
           input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
           output_tokens, reasoning_tokens, is_estimated, cost, is_cached, saved,
           conversation_id, message_id, entry_id
    FROM usage_ledger INDEXED BY usage_ledger_by_time
    WHERE tenant_id = ?1
      AND booked_at >= ?2
      AND (booked_at, entry_id) < (?3, ?4)
      AND ?6 IS NULL
      AND ?7 IS NULL
    ORDER BY booked_at DESC, entry_id DESC
    LIMIT ?5";

/// A range of usage_ledger_by_user.
const OF_USER: &str = "
    SELECT booked_at, user_id, provider, model, operation, is_answer,
           input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
           output_tokens, reasoning_tokens, is_estimated, cost, is_cached, saved,
           conversation_id, message_id, entry_id
    FROM usage_ledger INDEXED BY usage_ledger_by_user
    WHERE tenant_id = ?1
      AND user_id = ?6
      AND booked_at >= ?2
      AND (booked_at, entry_id) < (?3, ?4)
      AND ?7 IS NULL
    ORDER BY booked_at DESC, entry_id DESC
    LIMIT ?5";

/// A range of usage_ledger_by_conversation. A conversation has one customer, or none of the rows is shown.
const OF_CONVERSATION: &str = "
    SELECT booked_at, user_id, provider, model, operation, is_answer,
           input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
           output_tokens, reasoning_tokens, is_estimated, cost, is_cached, saved,
           conversation_id, message_id, entry_id
    FROM usage_ledger INDEXED BY usage_ledger_by_conversation
    WHERE tenant_id = ?1
      AND conversation_id = ?7
      AND booked_at >= ?2
      AND (booked_at, entry_id) < (?3, ?4)
      AND (?6 IS NULL OR user_id = ?6)
    ORDER BY booked_at DESC, entry_id DESC
    LIMIT ?5";

pub(super) fn page(
    connection: &Connection,
    tenant: &TenantId,
    filter: &BookingFilter,
) -> Result<Page<Booking>> {
    let size = pages::size(filter.limit);
    let (from, to) = instants_of(filter.from, filter.to);
    let before = pages::place(filter.cursor.as_deref()).filter(|(at, _)| *at < to);
    let (before, before_number) = before.unwrap_or((to, i64::MIN));
    let statement = match (&filter.conversation, &filter.user) {
        (Some(_), _) => OF_CONVERSATION,
        (None, Some(_)) => OF_USER,
        (None, None) => OF_TENANT,
    };
    let row = params![
        tenant.as_str(),
        from,
        before,
        before_number,
        size + 1,
        filter.user.as_ref().map(UserId::as_str),
        filter.conversation.as_ref().map(ConversationId::as_str),
    ];
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map(row, read)?.collect::<Result<_>>()?;
    Ok(pages::page(rows, size, |booking: &Booking| booking.at))
}

/// With its number.
fn read(row: &Row<'_>) -> Result<(i64, Booking)> {
    let optional =
        |column: usize| row.get_ref(column).is_ok_and(|value| value != rusqlite::types::ValueRef::Null);
    let conversation = if optional(16) { Some(read_parsed(row, 16)?) } else { None };
    let message = if optional(17) { Some(read_parsed(row, 17)?) } else { None };
    let booking = Booking {
        number: read_count(row, 18)?,
        at: read_instant(row, 0)?,
        user: row.get(1)?,
        origin: Origin { conversation, message },
        entry: read_entry(row)?,
    };
    Ok((row.get(18)?, booking))
}
