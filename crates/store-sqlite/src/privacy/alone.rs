//! Customers without any conversation, whom retention forgets by themselves.

use jiff::Timestamp;
use pytake_assistant::id::{TenantId, UserId};
use pytake_store::Swept;
use rusqlite::{Connection, Result, params};

use crate::columns::{instant, read_parsed};
use crate::customers;
use crate::hashes::Hashes;

/// Customers of a range of ids who were there before, and of whom nothing but their name and addresses is: somebody deleted
/// what they said, or they never said a word that was answered. Reads the tenant's range of the unique key of customers, and
/// for each of them entries of conversations_by_user, channel_conversations_by_customer, inbox_items_by_conversation and
/// outbox_by_conversation.
const ALONE: &str = "
    SELECT customer_id
    FROM customers
    WHERE tenant_id = ?1
      AND customer_id BETWEEN ?2 AND ?3
      AND created_at < ?4
      AND merged_into IS NULL
      AND NOT EXISTS (
            SELECT 1
            FROM conversations
            WHERE conversations.tenant_id = ?1
              AND conversations.user_id = customers.customer_id
        )
      AND NOT EXISTS (
            SELECT 1
            FROM channel_conversations AS place
            WHERE place.tenant_id = ?1
              AND place.customer_id = customers.customer_id
              AND (   ready_at IS NOT NULL
                   OR send_at IS NOT NULL
                   OR lease_until > 0
                   OR window_from >= ?4
                   OR EXISTS (
                        SELECT 1
                        FROM inbox_items
                        WHERE inbox_items.tenant_id = ?1
                          AND inbox_items.conversation_id = place.conversation_id
                    )
                   OR EXISTS (
                        SELECT 1
                        FROM outbox
                        WHERE outbox.tenant_id = ?1
                          AND outbox.conversation_id = place.conversation_id
                    ))
        )
    ORDER BY customer_id
    LIMIT ?5";

/// So many customers without any conversation, who were there before. Beside the writer: it looks at all of them.
pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<UserId>> {
    let all = params![tenant.as_str(), "", char::MAX.to_string(), instant(before), limit];
    connection.prepare_cached(ALONE)?.query_map(all, |row| read_parsed(row, 0))?.collect()
}

/// Forgets customers without any conversation, unless they have written since they were found.
pub(super) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
    customers: &[UserId],
    hashes: &Hashes,
) -> Result<Swept> {
    let mut rows = 0;
    for customer in customers {
        let (id, limit) = (customer.as_str(), 1);
        let one = params![tenant.as_str(), id, id, instant(before), limit];
        if connection.prepare_cached(ALONE)?.exists(one)? {
            rows += customers::erase(connection, tenant, customer, hashes)?;
        }
    }
    Ok(Swept { done: 0, rows: rows as u64, is_more: rows > 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn they_are_found_by_an_index() {
        assert_uses(ALONE, "sqlite_autoindex_customers_1 (tenant_id=? AND customer_id>? AND customer_id<?)");
    }
}
