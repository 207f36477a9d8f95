//! Lists of conversations, in pages.

use std::sync::Arc;

use pytake_assistant::conversation::{Attendant, Conversation, ConversationFilter};

use super::Outcome;
use super::sample::{at, conversation, tenant, turn, user};
use crate::Store;

/// Everything, in pages of this size.
pub(super) fn all(limit: u32) -> ConversationFilter {
    ConversationFilter { limit, ..Default::default() }
}

fn names(items: &[Conversation]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

async fn every_page(
    store: &dyn Store,
    mut filter: ConversationFilter,
) -> Result<Vec<Conversation>, crate::StorageError> {
    let mut items = Vec::new();
    loop {
        let page = store.conversations(&tenant("default"), filter.clone()).await?;
        assert!(page.items.len() <= filter.limit as usize);
        items.extend(page.items);
        if page.next.is_none() {
            return Ok(items);
        }
        filter.after = page.next;
    }
}

pub async fn conversations_are_listed_newest_change_first(store: Arc<dyn Store>) -> Outcome {
    for (place, n) in [("c1", 1), ("c2", 2), ("c3", 3), ("c1", 4)] {
        store.record(turn("default", "ana", place, n)).await?;
    }
    let page = store.conversations(&tenant("default"), all(10)).await?;
    assert_eq!(names(&page.items), ["c1", "c3", "c2"]);
    assert_eq!(page.next, None);
    assert_eq!(page.items[0].message_count, 4);
    Ok(())
}

pub async fn pages_hold_every_conversation_once(store: Arc<dyn Store>) -> Outcome {
    for n in 0..23 {
        // Several change in the same instant: the cursor must tell them apart.
        store.record(turn("default", "ana", &format!("c:{n}.x-{n}"), n / 5)).await?;
    }
    for limit in [1, 5, 22, 23, 24] {
        let listed = every_page(&*store, all(limit)).await?;
        let mut distinct = names(&listed);
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((listed.len(), distinct.len()), (23, 23), "in pages of {limit}");
        assert!(listed.is_sorted_by(|a, b| a.updated_at >= b.updated_at));
    }
    Ok(())
}

pub async fn a_listing_is_narrowed_to_a_user_or_an_attendant(store: Arc<dyn Store>) -> Outcome {
    for n in 0..12 {
        let who = if n % 3 == 0 { "ana" } else { "bia" };
        store.record(turn("default", who, &format!("c{n:02}"), n)).await?;
        if n % 2 == 0 {
            let place = conversation(&format!("c{n:02}"));
            store.set_attendant(&tenant("default"), &place, Attendant::Human, None, at(n * 1_000)).await?;
        }
    }
    let of_ana = ConversationFilter { user: Some(user("ana")), ..all(2) };
    assert_eq!(names(&every_page(&*store, of_ana.clone()).await?), ["c09", "c06", "c03", "c00"]);
    let with_people = ConversationFilter { attendant: Some(Attendant::Human), ..all(4) };
    let expected = ["c10", "c08", "c06", "c04", "c02", "c00"];
    assert_eq!(names(&every_page(&*store, with_people).await?), expected);
    let both = ConversationFilter { attendant: Some(Attendant::Assistant), ..of_ana };
    assert_eq!(names(&every_page(&*store, both).await?), ["c09", "c03"]);
    Ok(())
}

pub async fn a_malformed_cursor_lists_from_the_start(store: Arc<dyn Store>) -> Outcome {
    store.record(turn("default", "ana", "c1", 1)).await?;
    for cursor in ["", "x", "-", "99999999999999999999999.c1", "'; DROP TABLE conversations; --"] {
        let filter = ConversationFilter { after: Some(cursor.to_owned()), ..all(10) };
        let page = store.conversations(&tenant("default"), filter).await?;
        assert_eq!(names(&page.items), ["c1"], "{cursor}");
    }
    let page = store.conversations(&tenant("default"), all(0)).await?;
    assert_eq!(page.items.len(), 1, "a limit of nothing is a limit of one");
    Ok(())
}
