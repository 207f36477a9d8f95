//! Deleting what was sent long ago.

use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::id::TenantId;
use rusqlite::{Connection, Result, params};

use crate::columns::{earlier, instant, read_parsed};

/// How long a message that the channel has may still be reported on: it tries to deliver for 30 days (WhatsApp Cloud API
/// notes, section 4), and a day more for its clock and ours.
const REPORTED_FOR: Duration = Duration::from_hours(31 * 24);

/// Every tenant that ever sent.
const SENDERS: &str = "
    SELECT DISTINCT tenant_id
    FROM senders";

/// A range of the index outbox_by_time. A row changes after it was queued: what changed before was queued before.
const ENDED: &str = "
    DELETE FROM outbox
    WHERE position IN (
        SELECT position
        FROM outbox
        WHERE tenant_id = ?1
          AND queued_at < ?2
          AND (   (updated_at < ?2 AND state IN ('delivered', 'read', 'played', 'failed', 'withheld', 'merged'))
               OR (updated_at < ?3 AND state IN ('accepted', 'sent')))
        ORDER BY queued_at
        LIMIT ?4
    )";

/// A range of the index deliveries_by_time.
const DELIVERIES: &str = "
    DELETE FROM deliveries
    WHERE (tenant_id, number_id, message_id) IN (
        SELECT tenant_id, number_id, message_id
        FROM deliveries
        WHERE updated_at < ?1
        ORDER BY updated_at
        LIMIT ?2
    )";

/// Deletes messages that came to their end, and reports on messages of others.
pub(super) fn sweep(connection: &Connection, before: Timestamp, limit: u32, now: Timestamp) -> Result<u64> {
    let unreported = before.min(earlier(now, REPORTED_FOR));
    let tenants: Vec<TenantId> = connection
        .prepare_cached(SENDERS)?
        .query_map([], |row| read_parsed(row, 0))?
        .collect::<Result<_>>()?;
    let mut left = limit;
    for tenant in tenants {
        let range = params![tenant.as_str(), instant(before), instant(unreported), left];
        let rows = connection.prepare_cached(ENDED)?.execute(range)?;
        left = left.saturating_sub(u32::try_from(rows).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
    }
    let reports = connection.prepare_cached(DELIVERIES)?.execute(params![instant(before), limit])?;
    Ok(u64::from(limit - left) + u64::try_from(reports).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn sweeping_reads_ranges_of_indexes() {
        assert_uses(ENDED, "outbox_by_time (tenant_id=? AND queued_at<?)");
        assert_uses(DELIVERIES, "deliveries_by_time (updated_at<?)");
    }
}
