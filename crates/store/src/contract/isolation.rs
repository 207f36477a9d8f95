//! What belongs to one tenant is out of another's reach.

use std::sync::Arc;

use pytake_assistant::ConversationMessage;
use pytake_assistant::conversation::{Attendant, Summary};
use pytake_assistant::ledger::UsageQuery;

use super::Outcome;
use super::sample::{DAY, at, conversation, question, request, tenant, turn, user};
use crate::Store;

pub async fn the_same_names_in_two_tenants_are_different_things(store: Arc<dyn Store>) -> Outcome {
    let place = conversation("c1");
    store.record(turn("left", "ana", "c1", 1)).await?;
    store.record(turn("right", "eve", "c1", 2)).await?;
    for (whose, who, text) in [("left", "ana", "question 1"), ("right", "eve", "question 2")] {
        let history = store.history(&tenant(whose), &place, 10).await?;
        assert_eq!(history.conversation.map(|state| state.user_id), Some(user(who)));
        assert_eq!(history.recent.len(), 2);
        assert_eq!(history.recent[0].content, text);
        let texts =
            |messages: &[ConversationMessage]| messages.iter().map(|m| m.content.clone()).collect::<Vec<_>>();
        let messages = store.messages(&tenant(whose), &place, 0, 10).await?;
        assert_eq!(texts(&messages), texts(&history.recent));
        assert_eq!(store.conversations(&tenant(whose), super::listing::all(10)).await?.items.len(), 1);
        let sums = store.usage(&tenant(whose), UsageQuery::default()).await?;
        assert_eq!(sums.first().map(|sum| sum.requests), Some(1));
    }
    assert_eq!(store.user_usage(&tenant("left"), &user("eve"), DAY).await?, None);
    Ok(())
}

pub async fn nothing_of_a_tenant_is_changed_through_another(store: Arc<dyn Store>) -> Outcome {
    let (thief, place) = (tenant("thief"), conversation("c1"));
    store.record(turn("shop", "ana", "c1", 1)).await?;
    store.reserve(request("r1", "shop", "ana")).await?;

    assert!(!store.delete_conversation(&thief, &place).await?);
    assert!(!store.set_attendant(&thief, &place, Attendant::Human, None, at(9)).await?);
    assert!(!store.add_message(&thief, &place, question("x", "forged", at(9))).await?);
    store.put_summary(&thief, &place, Summary { text: "forged".into(), covers: 9 }).await?;
    let id = pytake_assistant::ledger::ReservationId("r1".to_owned());
    store.release(&thief, &user("ana"), DAY, &id).await?;

    let history = store.history(&tenant("shop"), &place, 10).await?;
    assert_eq!((history.recent.len(), history.summary), (2, None));
    assert_eq!(history.conversation.map(|state| state.attendant), Some(Attendant::Assistant));
    let usage = store.user_usage(&tenant("shop"), &user("ana"), DAY).await?;
    assert_eq!(usage.map(|usage| usage.requests_today), Some(1));
    Ok(())
}
