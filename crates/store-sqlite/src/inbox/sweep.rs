//! Deleting what nobody asks for any more.

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use crate::columns::instant;

/// Each reads a range of an index by time, of at most so many rows.
const BODIES: &str = "
    DELETE FROM webhook_bodies
    WHERE body_id IN (
        SELECT body_id
        FROM webhook_bodies
        WHERE received_at < ?1
        ORDER BY received_at
        LIMIT ?2
    )";

const ITEMS: &str = "
    DELETE FROM inbox_items
    WHERE item_id IN (
        SELECT item_id
        FROM inbox_items
        WHERE received_at < ?1
          AND state <> 'pending'
        ORDER BY received_at
        LIMIT ?2
    )";

/// Deletes bodies, and events that nothing waits for, with their keys.
pub(super) fn sweep(connection: &Connection, before: Timestamp, limit: u32) -> Result<u64> {
    let mut gone = 0;
    for sql in [BODIES, ITEMS] {
        let rows = connection.prepare_cached(sql)?.execute(params![instant(before), limit])?;
        gone += u64::try_from(rows).unwrap_or(u64::MAX);
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn sweeping_reads_ranges_of_indexes() {
        for (sql, index) in [
            (BODIES, "webhook_bodies_by_arrival (received_at<?)"),
            (ITEMS, "inbox_items_done (received_at<?)"),
        ] {
            assert_uses(sql, index);
        }
    }
}
