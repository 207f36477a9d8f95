//! Claiming conversations that are due, and giving them back.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::channel::{ItemId, Lease};
use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};
use pytake_store::{Claim, ClaimKey};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::items;
use crate::channel_conversations::refresh_due;
use crate::columns::{earlier, instant, later, read_parsed};
use crate::{conversations, customers};

/// What [`Claim::items`] promises.
const MOST_ITEMS: u32 = 30;

/// The window of [`Claim::sent_10_min`].
const TEN_MINUTES: Duration = Duration::from_mins(10);
/// The window of [`Claim::sent_day`].
const DAY: Duration = Duration::from_hours(24);
/// The window of [`Claim::recent_texts`].
const RECENT: Duration = Duration::from_mins(2);

/// Conversations that turn out to have nothing to claim, at most, before the next call has to go on.
const MOST_EMPTY: usize = 16;

/// Takes the conversation that has been due for the longest.
pub(super) fn claim(connection: &Connection, lease: Duration, now: Timestamp) -> Result<Option<Claim>> {
    for _ in 0..MOST_EMPTY {
        let row = params![instant(now), instant(later(now, lease))];
        let Some(leased) = take_lease(connection, TAKE, row)? else { return Ok(None) };
        if let Some(claim) = read(connection, leased, now)? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

/// Takes the conversation that has been due for the longest among those of other tenants.
pub(super) fn claim_of_others(
    connection: &Connection,
    lease: Duration,
    than: &[TenantId],
    now: Timestamp,
) -> Result<Option<Claim>> {
    let than: Vec<&str> = than.iter().map(TenantId::as_str).collect();
    let than = serde_json::Value::from(than).to_string();
    for _ in 0..MOST_EMPTY {
        let due = params![instant(now), than];
        let tenant: Option<String> =
            connection.prepare_cached(FIRST_OF_OTHERS)?.query_row(due, |row| row.get(0)).optional()?;
        let Some(tenant) = tenant else { return Ok(None) };
        let row = params![instant(now), instant(later(now, lease)), tenant];
        let Some(leased) = take_lease(connection, TAKE_OF_TENANT, row)? else { return Ok(None) };
        if let Some(claim) = read(connection, leased, now)? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

/// A conversation that has just been leased.
struct Leased {
    key: ClaimKey,
    number: NumberId,
    customer: UserId,
    failed_attempts: u32,
    void_drafts: u32,
}

/// The first entry of the partial index channel_conversations_due. A lease that ran out was not given back: whoever
/// had it failed, and that counts, so that what kills a worker is not tried for ever.
const TAKE: &str = "
    UPDATE channel_conversations
    SET lease_token = lease_token + 1,
        lease_until = ?2,
        claimed_item = newest_item,
        failed_attempts = failed_attempts + (lease_until > 0)
    WHERE (tenant_id, conversation_id) = (
        SELECT tenant_id, conversation_id
        FROM channel_conversations
        WHERE due_at IS NOT NULL
          AND due_at <= ?1
        ORDER BY due_at
        LIMIT 1
    )
    RETURNING tenant_id, conversation_id, lease_token, number_id, customer_id, failed_attempts, void_drafts";

/// [`TAKE`] by the partial index channel_conversations_due_of_tenant.
const TAKE_OF_TENANT: &str = "
    UPDATE channel_conversations
    SET lease_token = lease_token + 1,
        lease_until = ?2,
        claimed_item = newest_item,
        failed_attempts = failed_attempts + (lease_until > 0)
    WHERE (tenant_id, conversation_id) = (
        SELECT tenant_id, conversation_id
        FROM channel_conversations
        WHERE tenant_id = ?3
          AND due_at IS NOT NULL
          AND due_at <= ?1
        ORDER BY due_at
        LIMIT 1
    )
    RETURNING tenant_id, conversation_id, lease_token, number_id, customer_id, failed_attempts, void_drafts";

/// Goes from tenant to tenant in the partial index channel_conversations_due_of_tenant, two entries of it for each,
/// however many conversations of it wait.
const FIRST_OF_OTHERS: &str = "
    WITH RECURSIVE waiting (tenant_id) AS (
        SELECT MIN(tenant_id)
        FROM channel_conversations
        WHERE due_at IS NOT NULL
        UNION ALL
        SELECT (
            SELECT MIN(next.tenant_id)
            FROM channel_conversations AS next
            WHERE next.tenant_id > waiting.tenant_id
              AND next.due_at IS NOT NULL
        )
        FROM waiting
        WHERE waiting.tenant_id IS NOT NULL
    ), first (tenant_id, due_at) AS (
        SELECT waiting.tenant_id, (
            SELECT MIN(due.due_at)
            FROM channel_conversations AS due
            WHERE due.tenant_id = waiting.tenant_id
              AND due.due_at IS NOT NULL
        )
        FROM waiting
        WHERE waiting.tenant_id IS NOT NULL
          AND waiting.tenant_id NOT IN (SELECT value FROM json_each(?2))
    )
    SELECT tenant_id
    FROM first
    WHERE due_at <= ?1
    ORDER BY due_at
    LIMIT 1";

fn take_lease(
    connection: &Connection,
    sql: &'static str,
    row: impl rusqlite::Params,
) -> Result<Option<Leased>> {
    connection
        .prepare_cached(sql)?
        .query_row(row, |row| {
            Ok(Leased {
                key: ClaimKey {
                    tenant: read_parsed(row, 0)?,
                    conversation: read_parsed(row, 1)?,
                    lease: Lease { token: row.get(2)? },
                },
                number: read_parsed(row, 3)?,
                customer: read_parsed(row, 4)?,
                failed_attempts: row.get(5)?,
                void_drafts: row.get(6)?,
            })
        })
        .optional()
}

/// Reads what a decision needs; `None`: nothing waits after all, and the conversation is given back.
fn read(connection: &Connection, leased: Leased, now: Timestamp) -> Result<Option<Claim>> {
    let Leased { key, number, customer, failed_attempts, void_drafts } = leased;
    let (tenant, conversation) = (&key.tenant, &key.conversation);
    let items = items::pending(connection, tenant, conversation, MOST_ITEMS)?;
    let customer = customers::find(connection, tenant, &customer)?;
    let first = items.iter().map(|item| item.received_at).min();
    let (Some(customer), Some(first_received_at)) = (customer, first) else {
        give_back(connection, tenant, conversation)?;
        refresh_due(connection, tenant, conversation, now)?;
        return Ok(None);
    };
    Ok(Some(Claim {
        number,
        customer,
        conversation: conversations::state(connection, tenant, conversation)?,
        failed_attempts,
        void_drafts,
        sent_10_min: count_sent(connection, tenant, conversation, earlier(now, TEN_MINUTES))?,
        sent_day: count_sent(connection, tenant, conversation, earlier(now, DAY))?,
        recent_texts: items::recent_texts(connection, tenant, conversation, earlier(now, RECENT))?,
        first_received_at,
        items,
        key,
    }))
}

/// A range of the index outbox_by_conversation.
const SENT: &str = "
    SELECT COUNT(*)
    FROM outbox
    WHERE tenant_id = ?1
      AND conversation_id = ?2
      AND queued_at >= ?3
      AND kind <> 'person'";

/// Replies and notices queued since then.
fn count_sent(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    since: Timestamp,
) -> Result<u32> {
    let key = params![tenant.as_str(), conversation.as_str(), instant(since)];
    connection.prepare_cached(SENT)?.query_row(key, |row| row.get(0))
}

/// What is known of a lease under the lock of the transaction.
pub(crate) struct Held {
    /// Whether what waits has changed since the conversation was claimed.
    pub(crate) is_outdated: bool,
}

/// The first thing a settlement checks; `None`: fenced.
pub(crate) fn held(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    lease: Lease,
) -> Result<Option<Held>> {
    const HELD: &str = "
        SELECT newest_item > claimed_item
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND conversation_id = ?2
          AND lease_token = ?3
          AND lease_until > 0";
    let key = params![tenant.as_str(), conversation.as_str(), lease.token];
    connection.prepare_cached(HELD)?.query_row(key, |row| Ok(Held { is_outdated: row.get(0)? })).optional()
}

/// Settles items, gives the conversation back and forgets what had failed. Then, on its own: what has come meanwhile
/// keeps its time.
pub(crate) fn settle(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    settled: &[ItemId],
    now: Timestamp,
) -> Result<()> {
    const SETTLED: &str = "
        UPDATE channel_conversations
        SET lease_until = 0,
            failed_attempts = 0,
            void_drafts = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    items::settle(connection, tenant, conversation, settled)?;
    connection.prepare_cached(SETTLED)?.execute([tenant.as_str(), conversation.as_str()])?;
    refresh_due(connection, tenant, conversation, now)
}

/// Gives a conversation back whose draft became void; everything waits on, as what is newer made it due.
pub(crate) fn give_back_void(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    now: Timestamp,
) -> Result<()> {
    const VOID: &str = "
        UPDATE channel_conversations
        SET lease_until = 0,
            void_drafts = void_drafts + 1
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    connection.prepare_cached(VOID)?.execute([tenant.as_str(), conversation.as_str()])?;
    refresh_due(connection, tenant, conversation, now)
}

/// Ends every lease; it has run out, not been given back.
pub(super) fn release_all(connection: &Connection) -> Result<()> {
    // Only what waits is held: the partial index channel_conversations_due.
    const RELEASE: &str = "
        UPDATE channel_conversations
        SET lease_until = 1
        WHERE due_at IS NOT NULL
          AND lease_until > 1";
    connection.prepare_cached(RELEASE)?.execute([]).map(drop)
}

fn give_back(connection: &Connection, tenant: &TenantId, conversation: &ConversationId) -> Result<()> {
    const GIVE_BACK: &str = "
        UPDATE channel_conversations
        SET lease_until = 0
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    connection.prepare_cached(GIVE_BACK)?.execute([tenant.as_str(), conversation.as_str()]).map(drop)
}

pub(super) fn dismiss(
    connection: &Connection,
    claimed: &ClaimKey,
    items: &[ItemId],
    now: Timestamp,
) -> Result<bool> {
    let ClaimKey { tenant, conversation, lease } = claimed;
    if held(connection, tenant, conversation, *lease)?.is_none() {
        return Ok(false);
    }
    settle(connection, tenant, conversation, items, now)?;
    Ok(true)
}

pub(super) fn postpone(
    connection: &Connection,
    claimed: &ClaimKey,
    wait: Duration,
    failures: u32,
    now: Timestamp,
) -> Result<bool> {
    const POSTPONE: &str = "
        UPDATE channel_conversations
        SET lease_until = 0,
            failed_attempts = failed_attempts + ?4,
            ready_at = ?3
        WHERE tenant_id = ?1
          AND conversation_id = ?2";
    let ClaimKey { tenant, conversation, lease } = claimed;
    if held(connection, tenant, conversation, *lease)?.is_none() {
        return Ok(false);
    }
    let row = params![tenant.as_str(), conversation.as_str(), instant(later(now, wait)), failures];
    connection.prepare_cached(POSTPONE)?.execute(row)?;
    refresh_due(connection, tenant, conversation, now)?;
    Ok(true)
}

/// The first entry of the partial index channel_conversations_due.
const NEXT_DUE: &str = "
    SELECT MIN(due_at)
    FROM channel_conversations
    WHERE due_at IS NOT NULL";

/// How long until a conversation is due; `None`: nothing waits.
pub(super) fn next_in(connection: &Connection, now: Timestamp) -> Result<Option<Duration>> {
    let next: Option<i64> = connection.prepare_cached(NEXT_DUE)?.query_row([], |row| row.get(0))?;
    Ok(next.map(|next| Duration::from_micros(u64::try_from(next.saturating_sub(instant(now))).unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn the_first_of_the_others_is_found_by_two_entries_for_each_tenant() {
        let plan = crate::plans::plan(FIRST_OF_OTHERS);
        for search in [
            "next USING INDEX channel_conversations_due_of_tenant (tenant_id>?)",
            "due USING INDEX channel_conversations_due_of_tenant (tenant_id=? AND due_at>?)",
        ] {
            assert!(plan.contains(search), "{search} is missing: {plan}");
        }
        for line in plan.lines().filter(|line| line.starts_with("SCAN")) {
            assert!(["SCAN waiting", "SCAN json_each"].iter().any(|small| line.starts_with(small)), "{plan}");
        }
    }

    #[test]
    fn claiming_reads_one_entry_of_an_index() {
        for (sql, index) in [
            (TAKE, "channel_conversations_due (due_at>? AND due_at<?)"),
            (TAKE_OF_TENANT, "channel_conversations_due_of_tenant (tenant_id=? AND due_at>? AND due_at<?)"),
            (NEXT_DUE, "channel_conversations_due"),
            (SENT, "outbox_by_conversation (tenant_id=? AND conversation_id=? AND queued_at>?)"),
        ] {
            assert_uses(sql, index);
        }
    }
}
