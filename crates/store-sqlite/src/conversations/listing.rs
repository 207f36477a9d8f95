//! Lists of conversations, newest change first, in pages.
//!
//! A cursor is the instant and the id of the last conversation shown, so a page is a range of an index wherever
//! it starts.

use pytake_assistant::conversation::{Attendant, Conversation, ConversationFilter, Page};
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use rusqlite::{Connection, Result, params};

use super::{read_conversation, word_for};
use crate::columns::instant;

/// A range of conversations_by_change. Conversations with people are few, so hardly one is passed over when only
/// the assistant's are wanted.
const OF_TENANT: &str = "
    SELECT conversation_id, user_id, attendant, handoff_reason, message_count, created_at, updated_at,
           waiting_since, person_at, paused_until, closed_at, resumed_at
    FROM conversations
    WHERE tenant_id = ?1
      AND (updated_at, conversation_id) < (?2, ?3)
      AND (?4 IS NULL OR attendant = ?4)
    ORDER BY updated_at DESC, conversation_id DESC
    LIMIT ?5";

/// A range of the partial index conversations_with_people; ?4 is there for the same parameters everywhere.
const WITH_PEOPLE: &str = "
    SELECT conversation_id, user_id, attendant, handoff_reason, message_count, created_at, updated_at,
           waiting_since, person_at, paused_until, closed_at, resumed_at
    FROM conversations
    WHERE tenant_id = ?1
      AND (updated_at, conversation_id) < (?2, ?3)
      AND attendant = 'human'
      AND ?4 IS NOT NULL
    ORDER BY updated_at DESC, conversation_id DESC
    LIMIT ?5";

/// All of the customer's by conversations_by_user, then sorted: a customer has few.
const OF_USER: &str = "
    SELECT conversation_id, user_id, attendant, handoff_reason, message_count, created_at, updated_at,
           waiting_since, person_at, paused_until, closed_at, resumed_at
    FROM conversations INDEXED BY conversations_by_user
    WHERE tenant_id = ?1
      AND user_id = ?6
      AND (updated_at, conversation_id) < (?2, ?3)
      AND (?4 IS NULL OR attendant = ?4)
    ORDER BY updated_at DESC, conversation_id DESC
    LIMIT ?5";

pub(super) fn page(
    connection: &Connection,
    tenant: &TenantId,
    filter: &ConversationFilter,
) -> Result<Page<Conversation>> {
    /// What [`ConversationFilter::limit`] promises.
    const LARGEST_PAGE: u32 = 200;
    let limit = filter.limit.clamp(1, LARGEST_PAGE);
    let (before, before_id) = filter.after.as_deref().and_then(parse_cursor).unwrap_or((i64::MAX, ""));
    let attendant = filter.attendant.map(word_for);
    let one_more = limit + 1;

    let mut items: Vec<Conversation> = match (&filter.user, filter.attendant) {
        (Some(user), _) => {
            let user = UserId::as_str(user);
            let range = params![tenant.as_str(), before, before_id, attendant, one_more, user];
            connection.prepare_cached(OF_USER)?.query_map(range, read_conversation)?.collect::<Result<_>>()?
        }
        (None, Some(Attendant::Human)) => {
            let range = params![tenant.as_str(), before, before_id, attendant, one_more];
            connection
                .prepare_cached(WITH_PEOPLE)?
                .query_map(range, read_conversation)?
                .collect::<Result<_>>()?
        }
        (None, Some(Attendant::Assistant) | None) => {
            let range = params![tenant.as_str(), before, before_id, attendant, one_more];
            connection
                .prepare_cached(OF_TENANT)?
                .query_map(range, read_conversation)?
                .collect::<Result<_>>()?
        }
    };
    let is_last = items.len() <= limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| !is_last).map(cursor_after);
    Ok(Page { items, next })
}

fn cursor_after(last: &Conversation) -> String {
    format!("{}.{}", instant(last.updated_at), last.id)
}

fn parse_cursor(cursor: &str) -> Option<(i64, &str)> {
    let (instant, id) = cursor.split_once('.')?;
    ConversationId::new(id).ok()?;
    Some((instant.parse().ok()?, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::plan;

    #[test]
    fn every_page_is_a_range_of_an_index() {
        for (sql, index) in
            [(OF_TENANT, "conversations_by_change"), (WITH_PEOPLE, "conversations_with_people")]
        {
            let plan = plan(sql);
            assert!(plan.contains(&format!("SEARCH conversations USING INDEX {index}")), "{plan}");
            assert!(plan.contains("(updated_at,conversation_id)<(?,?)"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "nothing is sorted: {plan}");
        }
        assert!(plan(OF_USER).contains("conversations_by_user (tenant_id=? AND user_id=?)"));
    }

    #[test]
    fn a_cursor_reads_back_as_it_was() {
        assert_eq!(parse_cursor("17.c:1.2"), Some((17, "c:1.2")));
        for malformed in ["", "17", "17.", ".c", "x.c", "17.c d"] {
            assert_eq!(parse_cursor(malformed), None, "{malformed}");
        }
    }
}
