//! What a channel brings: kept once, claimed by one, settled once.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::channel::{InboundContent, Recorded, Sender};
use pytake_assistant::ledger::UsageQuery;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, ago, by_phone, item_ids, message_ids, now, record, text};
use crate::{ReceivedChangeKind, Store};

pub async fn a_message_that_is_delivered_again_is_kept_once(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let first = shop.says("m1", ANA, "oi").await?;
    assert_eq!((first.new, first.duplicates, first.changes.len()), (1, 0, 1));
    assert_eq!(first.changes[0].kind, ReceivedChangeKind::Waiting);
    let again = shop.says("m1", ANA, "oi").await?;
    assert_eq!((again.new, again.duplicates, again.changes.len()), (0, 1, 0));
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["m1"]);
    shop.settles(&claim, &[]).await?;
    let late = shop.says("m1", ANA, "oi").await?;
    assert_eq!(late.duplicates, 1);
    assert!(store.claim(HOUR).await?.is_none(), "what was settled stays settled");
    Ok(())
}

pub async fn the_same_key_of_two_numbers_is_two_events(store: Arc<dyn Store>) -> Outcome {
    let (left, right) = (Shop::new(&store, "left"), Shop::new(&store, "right"));
    assert_eq!(left.says("m1", ANA, "oi").await?.new, 1);
    assert_eq!(right.says("m1", ANA, "oi").await?.new, 1, "nobody can hide another's message");
    Ok(())
}

pub async fn a_burst_is_due_once_after_its_quiet(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for (id, quiet_at_most) in [("m1", 2 * HOUR), ("m2", 2 * HOUR)] {
        let mut event = shop.of_message(shop.message(id, &by_phone(ANA), text(id)));
        (event.quiet, event.quiet_at_most) = (HOUR, quiet_at_most);
        shop.receive(vec![event]).await?;
        let wait = store.next_claim_in().await?.expect("it waits");
        assert!(wait <= HOUR && wait > HOUR / 2, "{wait:?}");
    }
    assert!(store.claim(HOUR).await?.is_none());
    let mut capped = shop.of_message(shop.message("m3", &by_phone(ANA), text("m3")));
    (capped.quiet, capped.quiet_at_most) = (HOUR, Duration::from_mins(10));
    shop.receive(vec![capped]).await?;
    let wait = store.next_claim_in().await?.expect("it waits");
    assert!(wait <= Duration::from_mins(10), "never later than the most after the first: {wait:?}");
    assert!(store.claim(HOUR).await?.is_none());
    Ok(())
}

pub async fn a_choice_makes_the_whole_burst_due_at_once(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let choice = InboundContent::Choice { id: "b1".to_owned(), title: "Sim".to_owned() };
    for (id, content) in [("m1", text("oi")), ("m2", choice)] {
        let mut event = shop.of_message(shop.message(id, &by_phone(ANA), content));
        (event.quiet, event.quiet_at_most) = (HOUR, HOUR);
        shop.receive(vec![event]).await?;
    }
    assert_eq!(message_ids(&shop.claims().await?), ["m1", "m2"]);
    Ok(())
}

pub async fn what_waits_is_claimed_in_the_order_it_was_written(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for (id, seconds) in [("third", 10), ("first", 30), ("second", 20), ("second, later", 20)] {
        let mut message = shop.message(id, &by_phone(ANA), text(id));
        message.sent_at = Some(ago(seconds));
        shop.brings(message).await?;
    }
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["first", "second", "second, later", "third"]);
    assert_eq!(claim.recent_texts.len(), 4);
    assert_eq!(claim.first_received_at, claim.items.iter().map(|item| item.received_at).min().expect("four"));
    Ok(())
}

pub async fn a_conversation_is_claimed_by_one_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    shop.says("m2", BIA, "oi").await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.claim(HOUR).await });
    }
    let mut claimed = Vec::new();
    for claim in tasks.join_all().await {
        claimed.extend(claim?.map(|claim| claim.key.conversation));
    }
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 2, "two conversations, each once");
    shop.says("m3", ANA, "ainda aí?").await?;
    assert!(store.claim(HOUR).await?.is_none(), "a newer message does not free a lease");
    Ok(())
}

pub async fn a_lease_that_ran_out_is_free_and_its_holder_is_fenced(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let stalled = store.claim(Duration::ZERO).await?.expect("it is due");
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["m1"]);
    assert_eq!((stalled.failed_attempts, claim.failed_attempts), (0, 1), "whoever stalled has failed");
    assert!(claim.key.lease.token > stalled.key.lease.token);
    assert_eq!(shop.settles(&stalled, &["late"]).await?, Recorded::Fenced);
    assert!(!store.dismiss(&stalled.key, &item_ids(&stalled)).await?);
    assert!(!store.postpone(&stalled.key, Duration::ZERO).await?);
    assert_eq!(shop.settles(&claim, &["r1"]).await?, Recorded::Written);
    assert_eq!(shop.settles(&claim, &["again"]).await?, Recorded::Fenced, "once");
    assert_eq!(shop.takes().await?.key.id.0, "r1");
    let usage = store.usage(&shop.tenant, UsageQuery::default()).await?.remove(0);
    assert_eq!(usage.cost.0, 3_000, "what was billed is booked, whatever became of it");
    assert_eq!(
        (usage.requests, usage.failed_calls, usage.failed_cost.0),
        (1, 2, 2_000),
        "and answered nobody"
    );
    let history = store.history(&shop.tenant, &claim.key.conversation, 10).await?;
    assert_eq!(history.recent.len(), 2, "one question, one answer");
    Ok(())
}

pub async fn a_draft_is_void_when_something_newer_has_arrived(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "quero uma pizza").await?;
    let claim = shop.claims().await?;
    shop.says("m2", ANA, "grande").await?;
    assert_eq!(shop.settles(&claim, &["r1"]).await?, Recorded::Outdated);
    assert!(store.take().await?.is_none(), "nothing of it is sent");
    let again = shop.claims().await?;
    assert_eq!(message_ids(&again), ["m1", "m2"]);
    assert_eq!((again.void_drafts, again.failed_attempts), (1, 0));
    assert!(again.conversation.is_none(), "nothing of it is kept");
    let usage = store.usage(&shop.tenant, UsageQuery::default()).await?.remove(0);
    assert_eq!(
        (usage.requests, usage.failed_calls, usage.cost.0),
        (0, 1, 1_000),
        "but what it cost is booked"
    );
    assert_eq!(shop.settles(&again, &["r2"]).await?, Recorded::Written);
    shop.says("m3", ANA, "obrigada").await?;
    let next = shop.claims().await?;
    assert_eq!((next.void_drafts, message_ids(&next)), (0, vec!["m3"]));
    Ok(())
}

pub async fn what_arrives_during_a_turn_is_due_after_it(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    shop.says("m2", ANA, "tem entrega?").await?;
    let turn = shop.turn(&claim, &["r1"], false);
    assert_eq!(store.record(turn).await?.recorded, Recorded::Written);
    let next = shop.claims().await?;
    assert_eq!(message_ids(&next), ["m2"]);
    assert_eq!(next.conversation.map(|state| state.message_count), Some(2));
    assert_eq!((next.sent_10_min, next.sent_day), (1, 1));
    Ok(())
}

pub async fn more_than_a_claim_holds_is_claimed_next(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for n in 0..35 {
        shop.says(&format!("m{n}"), ANA, "oi").await?;
    }
    let first = shop.claims().await?;
    assert_eq!(first.items.len(), 30);
    assert_eq!(shop.settles(&first, &["r1"]).await?, Recorded::Written, "what it left out is not newer");
    let rest = shop.claims().await?;
    assert_eq!((message_ids(&rest)[0], rest.items.len()), ("m30", 5));
    assert_eq!(rest.recent_texts.len(), 10);
    Ok(())
}

pub async fn a_dismissed_message_waits_no_more(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    shop.says("m2", ANA, "oi?").await?;
    assert!(store.dismiss(&claim.key, &item_ids(&claim)).await?);
    let next = shop.claims().await?;
    assert_eq!(message_ids(&next), ["m2"], "what has arrived meanwhile keeps its time");
    assert!(store.dismiss(&next.key, &item_ids(&next)).await?);
    assert!(store.claim(HOUR).await?.is_none() && store.next_claim_in().await?.is_none());
    Ok(())
}

pub async fn a_postponed_conversation_keeps_everything(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    assert!(store.postpone(&claim.key, Duration::ZERO).await?);
    let again = shop.claims().await?;
    assert_eq!((message_ids(&again), again.failed_attempts), (vec!["m1"], 1));
    assert!(store.postpone(&again.key, HOUR).await?);
    assert!(store.claim(HOUR).await?.is_none());
    assert!(store.next_claim_in().await?.is_some_and(|wait| wait > HOUR / 2));
    Ok(())
}

pub async fn a_deferred_conversation_has_not_failed(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let claim = shop.claims().await?;
    assert!(store.defer(&claim.key, Duration::ZERO).await?);
    assert!(!store.defer(&claim.key, Duration::ZERO).await?, "it was given back");
    let again = shop.claims().await?;
    assert_eq!((message_ids(&again), again.failed_attempts), (vec!["m1"], 0));
    assert!(store.defer(&again.key, HOUR).await?);
    assert!(store.claim(HOUR).await?.is_none());
    assert!(store.next_claim_in().await?.is_some_and(|wait| wait > HOUR / 2));
    Ok(())
}

pub async fn the_longest_due_of_other_tenants_is_claimed(store: Arc<dyn Store>) -> Outcome {
    let shops = ["noisy", "quiet", "silent"].map(|tenant| Shop::new(&store, tenant));
    let [noisy, quiet, silent] = &shops;
    assert!(store.claim_of_others(HOUR, &[]).await?.is_none());
    noisy.says("n1", ANA, "oi").await?;
    noisy.says("n2", BIA, "oi").await?;
    quiet.says("q1", BIA, "oi").await?;
    quiet.says("q2", ANA, "oi").await?;
    let than = [noisy.tenant.clone(), silent.tenant.clone()];
    for expected in ["q1", "q2"] {
        let claim = store.claim_of_others(HOUR, &than).await?.expect("the quiet tenant's are due");
        assert_eq!((message_ids(&claim), &claim.key.tenant), (vec![expected], &quiet.tenant));
    }
    assert!(store.claim_of_others(HOUR, &than).await?.is_none(), "only the noisy one's are left");
    let claim =
        store.claim_of_others(HOUR, std::slice::from_ref(&quiet.tenant)).await?.expect("they are due");
    assert_eq!(message_ids(&claim), ["n1"]);
    Ok(())
}

pub async fn an_edit_is_in_what_waits_and_a_revocation_takes_it_out(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let edit = |id: &str, of: &str, words: &str| {
        let content = InboundContent::Edit { message_id: of.to_owned(), content: Box::new(text(words)) };
        shop.message(id, &by_phone(ANA), content)
    };
    let revoke = |id: &str, of: &str| {
        shop.message(id, &by_phone(ANA), InboundContent::Revoke { message_id: of.to_owned() })
    };
    shop.says("m1", ANA, "uma pizza").await?;
    shop.says("m2", ANA, "não").await?;
    shop.brings(edit("e1", "m1", "duas pizzas")).await?;
    shop.brings(revoke("x1", "m2")).await?;
    // The channel keeps no order: these come before what they are about.
    shop.brings(edit("e2", "m3", "e um suco")).await?;
    shop.says("m3", ANA, "e uma água").await?;
    shop.brings(revoke("x2", "m4")).await?;
    shop.says("m4", ANA, "esquece").await?;
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["m1", "m3"]);
    let words: Vec<_> = claim.items.iter().filter_map(|item| item.message.content.written()).collect();
    assert_eq!(words, ["duas pizzas", "e um suco"]);
    shop.brings(edit("e3", "m1", "três pizzas")).await?;
    assert_eq!(shop.settles(&claim, &["r1"]).await?, Recorded::Outdated, "the draft does not know of it");
    let again = shop.claims().await?;
    assert_eq!(again.items[0].message.content.written(), Some("três pizzas"));
    assert_eq!(shop.settles(&again, &[]).await?, Recorded::Written);
    shop.brings(edit("e4", "m1", "quatro pizzas")).await?;
    assert!(store.claim(HOUR).await?.is_none(), "what was answered is not answered again");
    Ok(())
}

pub async fn a_conversation_whose_messages_are_all_taken_back_is_not_due(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "oi").await?;
    let content = InboundContent::Revoke { message_id: "m1".to_owned() };
    shop.brings(shop.message("x1", &by_phone(BIA), content.clone())).await?;
    assert!(store.next_claim_in().await?.is_some(), "nobody takes another's message back");
    shop.brings(shop.message("x2", &by_phone(ANA), content)).await?;
    assert!(store.claim(HOUR).await?.is_none() && store.next_claim_in().await?.is_none());
    Ok(())
}

pub async fn what_wants_no_answer_is_kept_and_makes_nothing_due(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let from_ana = by_phone(ANA);
    let reaction = InboundContent::Reaction { message_id: "m0".to_owned(), emoji: Some("👍".to_owned()) };
    let mut in_group = shop.message("m2", &from_ana, text("oi"));
    in_group.group = Some("group".to_owned());
    let mut standby = shop.message("m3", &from_ana, text("oi"));
    standby.is_standby = true;
    let nobody = Sender { name: Some("Ana".to_owned()), ..Sender::default() };
    for message in [
        shop.message("m1", &from_ana, reaction),
        in_group,
        standby,
        shop.message("m4", &nobody, text("oi")),
        shop.message("m5", &from_ana, InboundContent::Other { name: "new".to_owned() }),
    ] {
        let receipt = shop.brings(message).await?;
        assert_eq!((receipt.new, &receipt.changes[0].kind), (1, &ReceivedChangeKind::Kept));
    }
    assert!(store.claim(HOUR).await?.is_none() && store.next_claim_in().await?.is_none());
    Ok(())
}

pub async fn what_our_own_number_writes_is_dropped(store: Arc<dyn Store>) -> Outcome {
    let (shop, other) = (Shop::new(&store, "shop"), Shop::new(&store, "other"));
    let mut own = record("shop", "number-shop");
    own.display_number = Some("553188887777".to_owned());
    store.put_number(&own).await?;
    let receipt = shop.says("m1", ANA, "oi").await?;
    assert_eq!(receipt.changes[0].kind, ReceivedChangeKind::OwnNumber, "with or without the ninth digit");
    assert!(store.claim(HOUR).await?.is_none());
    other.says("m2", ANA, "oi").await?;
    assert_eq!(other.claims().await?.key.tenant, other.tenant, "to others it is a customer");
    Ok(())
}

pub async fn an_event_of_nobodys_number_is_kept(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let mut event = shop.of_message(shop.message("m1", &by_phone(ANA), text("oi")));
    event.tenant = None;
    let receipt = shop.receive(vec![event.clone(), event.clone()]).await?;
    assert_eq!((receipt.new, receipt.unrouted, receipt.duplicates), (1, 1, 1));
    assert!(receipt.changes.is_empty() && store.claim(HOUR).await?.is_none());
    // What nobody could be told about must not hide the message from whom it is for.
    event.tenant = Some(shop.tenant.clone());
    let routed = shop.receive(vec![event.clone(), event]).await?;
    assert_eq!((routed.new, routed.unrouted, routed.duplicates), (1, 0, 1));
    assert_eq!(message_ids(&shop.claims().await?), ["m1"]);
    Ok(())
}

pub async fn a_thousand_events_are_one_reception(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let event = |n: usize| {
        let phone = format!("55119{:08}", n % 40);
        shop.of_message(shop.message(&format!("m{n}"), &by_phone(&phone), text("oi")))
    };
    let receipt = shop.receive((0..1_000).map(event).collect()).await?;
    assert_eq!((receipt.new, receipt.changes.len()), (1_000, 1_000));
    let backlog = store.backlog().await?;
    assert_eq!((backlog.conversations, backlog.outbox, backlog.with_people), (40, 0, 0));
    let mut messages = 0;
    while let Some(claim) = store.claim(HOUR).await? {
        messages += claim.items.len();
        assert!(store.dismiss(&claim.key, &item_ids(&claim)).await?);
    }
    assert_eq!(messages, 1_000);
    Ok(())
}

pub async fn the_longest_due_is_claimed_first(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for (id, phone) in [("m1", ANA), ("m2", BIA)] {
        shop.says(id, phone, "oi").await?;
    }
    assert_eq!(message_ids(&shop.claims().await?), ["m1"]);
    assert_eq!(message_ids(&shop.claims().await?), ["m2"]);
    Ok(())
}

pub async fn the_window_opens_with_the_newest_message(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let said = |id: &str, seconds: i64| {
        let mut message = shop.message(id, &by_phone(ANA), text("oi"));
        message.sent_at = Some(ago(seconds));
        message
    };
    let newest = said("m1", 100);
    let sent_at = newest.sent_at;
    let receipt = shop.brings(newest).await?;
    let place = receipt.changes[0].conversation.clone().expect("it has a place");
    shop.brings(said("m2", 500)).await?;
    let reaction = InboundContent::Reaction { message_id: "m1".to_owned(), emoji: None };
    shop.brings(shop.message("m3", &by_phone(ANA), reaction)).await?;
    let state = store.channel_conversation(&shop.tenant, &place).await?.expect("it was received");
    assert_eq!((state.window_from, state.is_pending), (sent_at, true));
    assert_eq!((state.number, state.customer.recipient.phone.as_deref()), (shop.number.clone(), Some(ANA)));

    let before = now();
    shop.brings(said("m4", -90_000)).await?;
    let state = store.channel_conversation(&shop.tenant, &place).await?.expect("it was received");
    let opened = state.window_from.expect("it is open");
    assert!(opened >= before && opened <= now(), "a time that cannot be counts as the arrival");
    Ok(())
}

pub async fn sweeping_keeps_what_waits(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for n in 0..5 {
        shop.answers(&format!("m{n}"), ANA, &[]).await?;
    }
    shop.says("waits", ANA, "oi").await?;
    assert_eq!(store.sweep(ago(3_600), 100).await?, 0, "nothing is that old");
    let later = now();
    assert_eq!(store.sweep(later, 2).await?, 4, "two bodies and two messages at a time");
    assert_eq!(store.sweep(later, 100).await?, 7);
    assert_eq!(message_ids(&shop.claims().await?), ["waits"]);
    assert_eq!(shop.says("m0", ANA, "oi").await?.new, 1, "a key that was swept is forgotten");
    Ok(())
}

pub async fn a_deleted_conversation_is_not_worked_on(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let answered = shop.answers("m1", ANA, &["r1"]).await?;
    shop.says("m2", ANA, "oi").await?;
    let claim = shop.claims().await?;
    assert!(store.delete_conversation(&shop.tenant, &answered.key.conversation).await?);
    assert_eq!(shop.settles(&claim, &["r2"]).await?, Recorded::Fenced);
    assert!(store.claim(HOUR).await?.is_none() && store.take().await?.is_none());
    assert_eq!(shop.says("m2", ANA, "oi").await?.duplicates, 1, "what is forgotten stays known");
    shop.says("m3", ANA, "oi").await?;
    let anew = shop.claims().await?;
    assert!(anew.key.lease.token > claim.key.lease.token && anew.conversation.is_none());
    assert_eq!(shop.settles(&claim, &["r3"]).await?, Recorded::Fenced);
    Ok(())
}
