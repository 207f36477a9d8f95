//! Deleting what a tenant does not want to keep for longer.

use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::clock::utc_day;
use pytake_assistant::id::{ConversationId, IdSource, TenantId, UserId};
use pytake_store::Swept;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::rows::{PIECES_AT_ONCE, delete_conversation, delete_messages, delete_outbox};
use crate::columns::{day, instant, month, read_day, read_instant, read_parsed};
use crate::hashes::Hashes;
use crate::{customers, ledger, media};

/// The start of a range of conversations_by_change. A conversation of a channel is done with only where nothing waits in
/// it, nothing is to be sent, and no worker has it.
const OLD: &str = "
    SELECT conversations.conversation_id
    FROM conversations
    LEFT JOIN channel_conversations USING (tenant_id, conversation_id)
    WHERE conversations.tenant_id = ?1
      AND conversations.updated_at < ?2
      AND conversations.waiting_since IS NULL
      AND ready_at IS NULL
      AND send_at IS NULL
      AND COALESCE(lease_until, 0) = 0
      AND NOT EXISTS (
            SELECT 1
            FROM outbox
            WHERE outbox.tenant_id = conversations.tenant_id
              AND outbox.conversation_id = conversations.conversation_id
              AND outbox.state = 'sending'
        )
    ORDER BY conversations.updated_at
    LIMIT 1";

/// Deletes of the oldest conversation so many rows, and itself once it has none.
pub(super) fn conversations(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
    limit: u32,
    hashes: &Hashes,
) -> Result<Swept> {
    let old: Option<ConversationId> = connection
        .prepare_cached(OLD)?
        .query_row(params![tenant.as_str(), instant(before)], |row| read_parsed(row, 0))
        .optional()?;
    let Some(conversation) = old else { return Ok(Swept::default()) };
    let (rows, is_gone) = some_of(connection, tenant, &conversation, limit, hashes)?;
    Ok(Swept { done: u64::from(is_gone), rows: rows as u64, is_more: true })
}

/// Deletes so many rows of a conversation; true where nothing of it is left.
fn some_of(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
    hashes: &Hashes,
) -> Result<(usize, bool)> {
    let messages = delete_messages(connection, tenant, conversation, limit)?;
    if messages > 0 {
        return Ok((messages, false));
    }
    let sent = delete_outbox(connection, tenant, conversation, limit)?;
    if sent > 0 {
        return Ok((sent, false));
    }
    let pieces = media::delete_pieces_of(connection, tenant, conversation, limit.min(PIECES_AT_ONCE))?;
    if pieces > 0 {
        return Ok((pieces, false));
    }
    let received = forget_received(connection, tenant, conversation, limit)?;
    if received > 0 {
        return Ok((received, false));
    }
    let customer = customer_of(connection, tenant, conversation)?;
    let rows = delete_conversation(connection, tenant, conversation)?;
    if let Some(customer) = customer
        && !has_conversations(connection, tenant, &customer)?
    {
        customers::erase(connection, tenant, &customer, hashes)?;
    }
    Ok((rows, true))
}

/// Deletes events of a conversation with their files. Their keys are older than a channel repeats them for.
fn forget_received(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    // A range of the index inbox_items_by_conversation.
    const RECEIVED: &str = "
        SELECT item_id
        FROM inbox_items
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        LIMIT ?3";
    const DELETE: &str = "
        DELETE FROM inbox_items
        WHERE item_id = ?1";
    let items: Vec<i64> = connection
        .prepare_cached(RECEIVED)?
        .query_map(params![tenant.as_str(), conversation.as_str(), limit], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for item in &items {
        media::delete(connection, *item)?;
        connection.prepare_cached(DELETE)?.execute([item])?;
    }
    Ok(items.len())
}

fn customer_of(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<Option<UserId>> {
    const CUSTOMER: &str = "
        SELECT customer_id
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let key = [tenant.as_str(), conversation.as_str()];
    connection.prepare_cached(CUSTOMER)?.query_row(key, |row| read_parsed(row, 0)).optional()
}

fn has_conversations(connection: &Connection, tenant: &TenantId, customer: &UserId) -> Result<bool> {
    // The index channel_conversations_by_customer.
    const HAS: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM channel_conversations
            WHERE tenant_id = ?1
              AND customer_id = ?2
        )";
    let key = [tenant.as_str(), customer.as_str()];
    connection.prepare_cached(HAS)?.query_row(key, |row| row.get(0))
}

/// The start of a range of the index media_by_tenant.
const OLD_FILE: &str = "
    SELECT item_id
    FROM media
    WHERE tenant_id = ?1
      AND received_at < ?2
    ORDER BY received_at
    LIMIT 1";

/// Deletes so many pieces of a tenant's oldest files.
pub(super) fn media(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
    limit: u32,
) -> Result<Swept> {
    let mut swept = Swept::default();
    while swept.rows < u64::from(limit) {
        let old: Option<i64> = connection
            .prepare_cached(OLD_FILE)?
            .query_row(params![tenant.as_str(), instant(before)], |row| row.get(0))
            .optional()?;
        let Some(item) = old else { return Ok(swept) };
        let room = limit.saturating_sub(u32::try_from(swept.rows).unwrap_or(u32::MAX));
        let pieces = media::delete_some_pieces(connection, item, room)?;
        swept.rows += pieces as u64;
        if pieces < room as usize {
            media::delete(connection, item)?;
            swept.done += 1;
            swept.rows += 1;
        }
    }
    swept.is_more = true;
    Ok(swept)
}

/// Rows of the ledger that one call reads on its way to those of the tenant.
const LEDGER_ROWS: u32 = 2_000;

/// A range of the key of the ledger, which is ordered by time of booking.
const NEXT_ENTRIES: &str = "
    SELECT entry_id, tenant_id, user_id, booked_at
    FROM usage_ledger
    WHERE entry_id > ?1
    ORDER BY entry_id
    LIMIT ?2";

struct Entry {
    id: i64,
    tenant: String,
    user: String,
    booked_at: Timestamp,
}

/// Gives so many bookings of before another name: one for every customer and day.
pub(super) fn usage(
    connection: &Connection,
    tenant: &TenantId,
    before: Date,
    limit: u32,
    ids: &dyn IdSource,
) -> Result<Swept> {
    const COME_TO: &str = "
        INSERT INTO usage_forgotten (tenant_id, entry_id)
        VALUES (?1, ?2)
        ON CONFLICT (tenant_id) DO UPDATE
        SET entry_id = excluded.entry_id";
    let after = come_to(connection, tenant)?;
    let read = |row: &Row<'_>| {
        Ok(Entry {
            id: row.get(0)?,
            tenant: row.get(1)?,
            user: row.get(2)?,
            booked_at: read_instant(row, 3)?,
        })
    };
    let entries: Vec<Entry> = connection
        .prepare_cached(NEXT_ENTRIES)?
        .query_map(params![after, LEDGER_ROWS], read)?
        .collect::<Result<_>>()?;
    let mut swept = Swept { is_more: !entries.is_empty(), ..Swept::default() };
    let mut last = after;
    for entry in entries {
        let on = utc_day(entry.booked_at);
        if on >= before || swept.done >= u64::from(limit) {
            swept.is_more = on < before;
            break;
        }
        last = entry.id;
        if entry.tenant == tenant.as_str() && !entry.user.starts_with(ERASED) {
            forget_user(connection, tenant, &entry, on, ids)?;
            swept.done += 1;
        }
    }
    connection.prepare_cached(COME_TO)?.execute(params![tenant.as_str(), last])?;
    swept.rows = swept.done;
    if !swept.is_more {
        let rows = end_of_days(connection, tenant, before, limit)?;
        swept.rows += rows as u64;
        swept.is_more = rows > 0;
    }
    Ok(swept)
}

/// Names that are pseudonyms already.
const ERASED: &str = "erased-";

fn come_to(connection: &Connection, tenant: &TenantId) -> Result<i64> {
    const READ: &str = "
        SELECT entry_id
        FROM usage_forgotten
        WHERE tenant_id = ?1";
    let found = connection.prepare_cached(READ)?.query_row([tenant.as_str()], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// Renames a booking; with the first one of a customer and day also the sums of that day.
fn forget_user(
    connection: &Connection,
    tenant: &TenantId,
    entry: &Entry,
    on: Date,
    ids: &dyn IdSource,
) -> Result<()> {
    const KNOWN: &str = "
        SELECT pseudonym
        FROM usage_pseudonyms
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day = ?3";
    const NAME: &str = "
        INSERT INTO usage_pseudonyms (tenant_id, user_id, day, pseudonym)
        VALUES (?1, ?2, ?3, ?4)";
    let key = params![tenant.as_str(), entry.user, day(on)];
    let known: Option<String> =
        connection.prepare_cached(KNOWN)?.query_row(key, |row| row.get(0)).optional()?;
    let pseudonym = if let Some(known) = known {
        known
    } else {
        let new = format!("{ERASED}{}", ids.next());
        connection.prepare_cached(NAME)?.execute(params![tenant.as_str(), entry.user, day(on), new])?;
        ledger::rename_day(connection, tenant, &entry.user, on, &new)?;
        new
    };
    ledger::rename_entry(connection, entry.id, &pseudonym)
}

/// Gives so many bookings of a user, who is being erased, the names that their days have here already, and then forgets which
/// name it was; how many rows that were.
pub(super) fn go_on_forgetting(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    limit: u32,
) -> Result<usize> {
    // A range of the key: a day is here only while its bookings are being worked on.
    const BEGUN: &str = "
        SELECT day, pseudonym
        FROM usage_pseudonyms
        WHERE tenant_id = ?1
          AND user_id = ?2
        LIMIT 1";
    const DONE: &str = "
        DELETE FROM usage_pseudonyms
        WHERE tenant_id = ?1
          AND user_id = ?2
          AND day = ?3";
    let key = [tenant.as_str(), user.as_str()];
    let read = |row: &Row<'_>| Ok((read_day(row, 0)?, row.get::<_, String>(1)?));
    let begun = connection.prepare_cached(BEGUN)?.query_row(key, read).optional()?;
    let Some((on, pseudonym)) = begun else { return Ok(0) };
    let renamed = ledger::rename_entries_of_day(connection, tenant, user, on, &pseudonym, limit)?;
    if renamed > 0 {
        return Ok(renamed);
    }
    connection.prepare_cached(DONE)?.execute(params![tenant.as_str(), user.as_str(), day(on)])
}

/// Forgets who had which name on the days that are done with, what was counted for their limits, and which marks of their
/// budgets were told; so many rows of each, how many there were.
fn end_of_days(connection: &Connection, tenant: &TenantId, before: Date, limit: u32) -> Result<usize> {
    const NAMES: &str = "
        DELETE FROM usage_pseudonyms
        WHERE (tenant_id, user_id, day) IN (
            SELECT tenant_id, user_id, day
            FROM usage_pseudonyms
            WHERE tenant_id = ?1
              AND day < ?2
            LIMIT ?4
        )
          AND ?3 IS NOT NULL";
    const COUNTED: &str = "
        DELETE FROM user_days
        WHERE (tenant_id, user_id, day) IN (
            SELECT tenant_id, user_id, day
            FROM user_days
            WHERE tenant_id = ?1
              AND day < ?2
            LIMIT ?4
        )
          AND ?3 IS NOT NULL";
    // Of customers: '' is the tenant itself. A period is a day or a month, as in `tenant_months`.
    const TOLD: &str = "
        DELETE FROM budget_marks
        WHERE (tenant_id, user_id, period) IN (
            SELECT tenant_id, user_id, period
            FROM budget_marks
            WHERE tenant_id = ?1
              AND user_id > ''
              AND (period BETWEEN 1000000 AND ?2 - 1 OR period < ?3)
            LIMIT ?4
        )";
    let range = params![tenant.as_str(), day(before), month(before), limit];
    let mut gone = 0;
    for sql in [NAMES, COUNTED, TOLD] {
        gone += connection.prepare_cached(sql)?.execute(range)?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn marks_and_counts_of_customers_go_with_their_days_and_the_tenants_stay() {
        let connection = crate::connection::in_memory().unwrap();
        crate::schema::migrate(&connection, &std::sync::Arc::from(std::path::Path::new("test.db"))).unwrap();
        let mark = "INSERT INTO budget_marks VALUES (?1, ?2, ?3, 1, 50)";
        for (tenant, user, period) in [
            ("shop", "ana", 20_261_121),
            ("shop", "ana", 20_261_122),
            ("shop", "ana", 202_610),
            ("shop", "ana", 202_611),
            ("shop", "", 20_261_121),
            ("other", "ana", 20_261_121),
        ] {
            connection.execute(mark, params![tenant, user, period]).unwrap();
        }
        for n in 0..5 {
            let day = "INSERT INTO user_days VALUES ('shop', ?1, 20261121, 1)";
            connection.execute(day, [format!("user-{n}")]).unwrap();
        }
        let tenant = TenantId::new("shop").unwrap();
        let before = jiff::civil::date(2026, 11, 22);
        assert_eq!(end_of_days(&connection, &tenant, before, 4).unwrap(), 4 + 2, "a few at a time");
        assert_eq!(end_of_days(&connection, &tenant, before, 4).unwrap(), 1);
        assert_eq!(end_of_days(&connection, &tenant, before, 4).unwrap(), 0);
        let mut left = connection.prepare("SELECT tenant_id || user_id || period FROM budget_marks").unwrap();
        let mut left: Vec<String> =
            left.query_map([], |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap();
        left.sort_unstable();
        assert_eq!(left, ["otherana20261121", "shop20261121", "shopana202611", "shopana20261122"]);
    }

    #[test]
    fn what_is_old_is_found_by_an_index() {
        assert_uses(OLD, "conversations_by_change (tenant_id=? AND updated_at<?)");
        assert_uses(OLD_FILE, "media_by_tenant (tenant_id=? AND received_at<?)");
    }
}
