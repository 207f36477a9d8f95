//! What is to be sent: in order, one at a time, never twice without saying so.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::channel::{
    DeliveryState, Hold, NextStep, OutboundContent, OutboxId, OutboxKind, SendFailureKind,
};
use pytake_assistant::conversation::Attendant;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, accepted, ago, failure, now, number, record};
use super::sample::tenant;
use crate::{NumberSettings, OutboxFilter, OutboxState, ReceivedChangeKind, Resent, Store};

const OUT_SENT: OutboxState = OutboxState::Out(DeliveryState::Sent);
const FAILED: OutboxState = OutboxState::Out(DeliveryState::Failed);

pub async fn replies_are_sent_in_their_order_one_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1", "r2", "r3"]).await?;
    let sending = shop.takes().await?;
    assert_eq!((sending.key.id.0.as_str(), sending.key.attempt), ("r1", 1));
    assert_eq!((sending.kind, sending.attendant), (OutboxKind::Reply, Attendant::Assistant));
    assert_eq!(sending.conversation, claim.key.conversation);
    assert!(sending.window_from.is_some() && !sending.is_possible_duplicate && !sending.is_outdated);
    assert!(store.take().await?.is_none(), "one is in flight");
    assert_eq!(store.next_send_in().await?, None);
    store.accepted(&sending.key, &accepted("w1")).await?;
    assert!(store.take().await?.is_none(), "the next waits for its delivery");
    let wait = store.next_send_in().await?.expect("for at most 5 seconds");
    assert!(wait <= Duration::from_secs(5) && wait > Duration::from_secs(2), "{wait:?}");
    shop.reports(shop.status("w1", DeliveryState::Sent)).await?;
    assert!(store.take().await?.is_none(), "it has only left");
    shop.reports(shop.status("w1", DeliveryState::Read)).await?;
    assert_eq!(shop.takes().await?.key.id.0, "r2");
    Ok(())
}

pub async fn conversations_do_not_wait_for_each_other(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["a1", "a2"]).await?;
    shop.answers("m2", BIA, &["b1"]).await?;
    assert_eq!(shop.takes().await?.key.id.0, "a1");
    assert_eq!(shop.takes().await?.key.id.0, "b1");
    assert!(store.take().await?.is_none());
    assert_eq!(store.backlog().await?.outbox, 1);
    Ok(())
}

pub async fn tenants_take_turns(store: Arc<dyn Store>) -> Outcome {
    let (busy, quiet) = (Shop::new(&store, "busy"), Shop::new(&store, "quiet"));
    for n in 0..20 {
        busy.answers(&format!("b{n}"), &format!("55119{n:08}"), &[&format!("b{n}")]).await?;
    }
    for n in 0..3 {
        quiet.answers(&format!("q{n}"), &format!("55119{n:08}"), &[&format!("q{n}")]).await?;
    }
    let mut taken = Vec::new();
    for _ in 0..6 {
        taken.push(busy.takes().await?.key.tenant);
    }
    let of_quiet = taken.iter().filter(|whose| **whose == quiet.tenant).count();
    assert_eq!(of_quiet, 3, "{taken:?}");
    Ok(())
}

pub async fn what_a_suspended_tenant_has_to_send_waits_until_it_goes_on(store: Arc<dyn Store>) -> Outcome {
    let (shop, other) = (Shop::new(&store, "default"), Shop::new(&store, "other"));
    shop.answers("m1", ANA, &["r1"]).await?;
    shop.answers("m2", BIA, &["r2"]).await?;
    assert!(store.set_suspended(&shop.tenant, Some(now())).await?.is_some());
    other.answers("m3", ANA, &["o1"]).await?;
    assert_eq!(other.sends().await?.key.id.0, "o1");
    assert!(store.take().await?.is_none());
    assert_eq!(store.next_send_in().await?, None, "and nobody looks for it again and again");
    shop.says("m4", BIA, "e agora?").await?;
    assert_eq!(shop.row("r1").await?.state, OutboxState::Queued);
    store.set_suspended(&shop.tenant, None).await?;
    let first = shop.sends().await?;
    assert_eq!((first.key.id.0.as_str(), first.is_outdated), ("r1", false));
    let second = shop.takes().await?;
    assert_eq!((second.key.id.0.as_str(), second.is_outdated), ("r2", true), "Bia has written meanwhile");
    Ok(())
}

pub async fn a_report_may_come_before_the_answer(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    let mut early = shop.status("w1", DeliveryState::Delivered);
    early.callback = Some("r1".to_owned());
    let receipt = shop.reports(early).await?;
    let ReceivedChangeKind::Delivery { outbox, state, is_retried, .. } = &receipt.changes[0].kind else {
        panic!("{receipt:?}");
    };
    assert_eq!((outbox.0.as_str(), *state, *is_retried), ("r1", DeliveryState::Delivered, false));
    store.accepted(&sending.key, &accepted("w1")).await?;
    let row = shop.row("r1").await?;
    assert_eq!(
        (row.state, row.message_id.as_deref()),
        (OutboxState::Out(DeliveryState::Delivered), Some("w1"))
    );

    shop.answers("m2", BIA, &["r2"]).await?;
    let sending = shop.takes().await?;
    shop.reports(shop.status("w2", DeliveryState::Sent)).await?;
    assert_eq!(store.delivery(&shop.tenant, &shop.number, "w2").await?, Some(DeliveryState::Sent));
    store.accepted(&sending.key, &accepted("w2")).await?;
    assert_eq!(shop.row("r2").await?.state, OUT_SENT, "also without our callback");
    Ok(())
}

pub async fn a_report_never_moves_a_message_back(store: Arc<dyn Store>) -> Outcome {
    use DeliveryState::{Delivered, Failed, Played, Read, Sent};
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    store.accepted(&sending.key, &accepted("w1")).await?;
    for (report, expected) in
        [(Delivered, Delivered), (Sent, Delivered), (Failed, Delivered), (Played, Played), (Read, Played)]
    {
        shop.reports(shop.status("w1", report)).await?;
        assert_eq!(shop.row("r1").await?.state, OutboxState::Out(expected), "after {report:?}");
        assert_eq!(store.delivery(&shop.tenant, &shop.number, "w1").await?, Some(expected));
    }
    let again = shop.reports(shop.status("w1", Played)).await?;
    assert_eq!((again.duplicates, again.changes.len()), (1, 0));
    for (report, expected) in [(Read, Read), (Sent, Read)] {
        shop.reports(shop.status("unknown", report)).await?;
        assert_eq!(store.delivery(&shop.tenant, &shop.number, "unknown").await?, Some(expected));
    }
    assert_eq!(store.delivery(&shop.tenant, &number("other"), "w1").await?, None);
    Ok(())
}

pub async fn a_report_of_failure_is_like_an_answer(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    store.accepted(&sending.key, &accepted("w1")).await?;
    let mut temporary = shop.status("w1", DeliveryState::Failed);
    temporary.callback = Some("r1".to_owned());
    temporary.failure = Some(failure(SendFailureKind::NumberRate));
    let receipt = shop.reports(temporary.clone()).await?;
    let ReceivedChangeKind::Delivery { is_retried, failure: why, .. } = &receipt.changes[0].kind else {
        panic!("{receipt:?}");
    };
    assert!(*is_retried && why == &temporary.failure);
    assert_eq!(shop.row("r1").await?.state, OutboxState::Queued);
    let mut late = shop.status("w1", DeliveryState::Sent);
    late.callback = Some("r1".to_owned());
    shop.reports(late).await?;
    assert_eq!(shop.row("r1").await?.state, OutboxState::Queued, "a failure ends that try");

    shop.answers("m2", BIA, &["r2"]).await?;
    let other = Shop::new(&store, "other");
    other.answers("m3", ANA, &["r3"]).await?;
    let sending = other.takes().await?;
    assert_eq!(sending.key.id.0, "r3", "the first number is held");
    store.accepted(&sending.key, &accepted("w3")).await?;
    let mut for_good = other.status("w3", DeliveryState::Failed);
    for_good.failure = Some(failure(SendFailureKind::Undeliverable));
    let receipt = other.reports(for_good).await?;
    let row = other.row("r3").await?;
    assert_eq!((row.state, row.code, row.reason.as_deref()), (FAILED, Some(131_000), Some("it failed")));
    assert!(matches!(receipt.changes[0].kind, ReceivedChangeKind::Delivery { is_retried: false, .. }));
    Ok(())
}

pub async fn a_failure_is_retried_in_its_place(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1", "r2"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::NotSent), 0.0).await?;
    assert!(matches!(step, NextStep::Retry { hold: Hold::Conversation, merges: false, .. }), "{step:?}");
    assert_eq!(shop.row("r1").await?.state, OutboxState::Queued);
    assert!(store.take().await?.is_none(), "the next one does not overtake it");
    assert!(store.next_send_in().await?.is_some_and(|wait| wait > Duration::ZERO));
    let stale = store.failed(&sending.key, &failure(SendFailureKind::Undeliverable), 0.0).await?;
    assert_eq!((stale, shop.row("r1").await?.state), (NextStep::AwaitReport, OutboxState::Queued));
    Ok(())
}

pub async fn a_message_that_cannot_be_sent_lets_the_next_one_go(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1", "r2"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::WindowClosed), 0.0).await?;
    assert_eq!((step, shop.row("r1").await?.state), (NextStep::GiveUp, FAILED));
    assert_eq!(shop.takes().await?.key.id.0, "r2");
    Ok(())
}

pub async fn the_pair_limit_merges_the_texts_that_wait(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1", "r2", "r3"]).await?;
    shop.answers("m2", BIA, &["r4"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::PairRate), 0.0).await?;
    assert!(matches!(step, NextStep::Retry { hold: Hold::Conversation, merges: true, .. }));
    let OutboundContent::Text { body, .. } = shop.row("r1").await?.content else { panic!("a text") };
    assert_eq!(body, "text of r1\n\ntext of r2\n\ntext of r3");
    for id in ["r2", "r3"] {
        let row = shop.row(id).await?;
        assert_eq!((row.state, row.reason.as_deref()), (OutboxState::Merged, Some("r1")));
    }
    assert_eq!(shop.takes().await?.key.id.0, "r4", "only the conversation is held");
    Ok(())
}

pub async fn a_number_that_is_too_fast_is_held_whole(store: Arc<dyn Store>) -> Outcome {
    let (shop, other) = (Shop::new(&store, "default"), Shop::new(&store, "other"));
    shop.answers("m1", ANA, &["r1"]).await?;
    shop.answers("m2", BIA, &["r2"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::NumberRate), 0.0).await?;
    assert!(matches!(step, NextStep::Retry { hold: Hold::Number, .. }));
    assert!(store.take().await?.is_none());
    other.answers("m3", ANA, &["r3"]).await?;
    assert_eq!(shop.takes().await?.key.id.0, "r3");
    Ok(())
}

pub async fn a_refused_token_stops_the_number_and_keeps_the_queue(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    store.put_number(&record("default", shop.number.as_str())).await?;
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::Token), 0.0).await?;
    assert_eq!((step, shop.row("r1").await?.state), (NextStep::StopNumber, OutboxState::Queued));
    assert!(store.take().await?.is_none());
    assert_eq!(store.numbers().await?[0].stopped.as_deref(), Some("it failed"));
    store.stop_number(&shop.number, None, now()).await?;
    assert_eq!(shop.takes().await?.key.attempt, 2);
    Ok(())
}

pub async fn what_nobody_knows_the_end_of_is_repeated_once(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1", "r2"]).await?;
    let sending = shop.takes().await?;
    let step = store.failed(&sending.key, &failure(SendFailureKind::Unknown), 0.0).await?;
    assert_eq!((step, shop.row("r1").await?.state), (NextStep::AwaitReport, OutboxState::Sending));
    assert!(store.settle_unknown(HOUR).await?.is_empty(), "it is waited for");
    let id = OutboxId("r1".to_owned());
    assert_eq!(store.settle_unknown(Duration::ZERO).await?, [(id.clone(), true)]);
    let again = shop.takes().await?;
    assert_eq!((&again.key.id, again.key.attempt, again.is_possible_duplicate), (&id, 2, true));
    store.accepted(&sending.key, &accepted("w1")).await?;
    assert_eq!(shop.row("r1").await?.state, OutboxState::Sending, "another try has it");
    assert_eq!(store.settle_unknown(Duration::ZERO).await?, [(id, false)]);
    assert_eq!(shop.row("r1").await?.state, FAILED);
    assert_eq!(shop.takes().await?.key.id.0, "r2");
    Ok(())
}

pub async fn a_late_answer_or_report_ends_what_nobody_knew(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for (id, phone) in [("r1", ANA), ("r2", BIA)] {
        shop.answers(&format!("m-{id}"), phone, &[id]).await?;
    }
    let (one, other) = (shop.takes().await?, shop.takes().await?);
    assert_eq!(store.settle_unknown(Duration::ZERO).await?.len(), 2);
    store.accepted(&one.key, &accepted("w1")).await?;
    let mut report = shop.status("w2", DeliveryState::Sent);
    report.callback = Some(other.key.id.0.clone());
    shop.reports(report).await?;
    assert!(store.take().await?.is_none(), "neither is sent again");
    assert_eq!(shop.row("r1").await?.state, OutboxState::Out(DeliveryState::Accepted));
    assert_eq!(shop.row("r2").await?.state, OUT_SENT);
    Ok(())
}

pub async fn a_number_may_hold_what_nobody_knows_the_end_of(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let mut holding = record("default", shop.number.as_str());
    holding.settings = NumberSettings { repeats_unknown: false, ..holding.settings };
    store.put_number(&holding).await?;
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    assert_eq!(store.settle_unknown(Duration::ZERO).await?, [(sending.key.id.clone(), false)]);
    let row = shop.row("r1").await?;
    assert_eq!((row.state, row.is_possible_duplicate), (FAILED, true));
    assert!(store.take().await?.is_none());
    Ok(())
}

pub async fn an_operator_sends_what_failed_or_was_withheld_again(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let id = OutboxId("r1".to_owned());
    shop.answers("m1", ANA, &["r1"]).await?;
    assert_eq!(store.resend(&shop.tenant, &id).await?, Resent::Refused, "it waits");
    let sending = shop.takes().await?;
    store.withheld(&sending.key, "window_closed").await?;
    let row = shop.row("r1").await?;
    assert_eq!((row.state, row.reason.as_deref()), (OutboxState::Withheld, Some("window_closed")));
    shop.says("m2", ANA, "oi?").await?;
    assert_eq!(store.resend(&shop.tenant, &id).await?, Resent::Queued);
    let again = shop.takes().await?;
    assert_eq!((again.key.attempt, again.kind, again.is_outdated), (2, OutboxKind::Person, false));
    store.withheld(&sending.key, "stale").await?;
    store.failed(&again.key, &failure(SendFailureKind::BadRequest), 0.0).await?;
    assert_eq!(store.resend(&shop.tenant, &id).await?, Resent::Queued);
    assert_eq!(store.resend(&shop.tenant, &OutboxId("nothing".to_owned())).await?, Resent::Unknown);
    Ok(())
}

pub async fn a_reply_is_outdated_once_the_customer_has_written_again(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1", "r2"]).await?;
    shop.says("m2", ANA, "espera").await?;
    let sending = shop.takes().await?;
    assert!(sending.is_outdated);
    store.accepted(&sending.key, &accepted("w1")).await?;
    shop.reports(shop.status("w1", DeliveryState::Delivered)).await?;
    let second = shop.takes().await?;
    assert_eq!((second.key.id.0.as_str(), second.is_outdated), ("r2", false), "half is said already");
    Ok(())
}

pub async fn a_reply_knows_who_has_the_conversation_now(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1"]).await?;
    store.set_attendant(&shop.tenant, &claim.key.conversation, Attendant::Human, None, now()).await?;
    assert_eq!(shop.takes().await?.attendant, Attendant::Human);
    Ok(())
}

pub async fn a_delivered_service_message_counts_once(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let month = {
        let day = pytake_assistant::clock::utc_day(now());
        i32::from(day.year()) * 100 + i32::from(day.month())
    };
    shop.answers("m1", ANA, &["r1"]).await?;
    let sending = shop.takes().await?;
    store.accepted(&sending.key, &accepted("w1")).await?;
    let reports = [(DeliveryState::Sent, 0), (DeliveryState::Delivered, 1), (DeliveryState::Read, 1)];
    for id in ["w1", "of the phone app"] {
        for (state, expected) in reports {
            let mut status = shop.status(id, state);
            status.category = (state != DeliveryState::Read).then(|| "service".to_owned());
            let receipt = shop.reports(status).await?;
            let named = receipt.changes.iter().any(|change| {
                matches!(&change.kind, ReceivedChangeKind::Category(category) if category == "service")
            });
            assert_eq!(named, state != DeliveryState::Read);
            let before = u64::from(id != "w1");
            assert_eq!(
                store.service_messages(&shop.number, month).await?,
                before + expected,
                "{id} {state:?}"
            );
        }
    }
    assert_eq!(store.service_messages(&shop.number, 202_001).await?, 0);
    assert_eq!(store.service_messages(&number("other"), month).await?, 0);
    Ok(())
}

pub async fn sweeping_keeps_what_is_not_at_its_end(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["delivered", "failed", "withheld", "sent", "waits"]).await?;
    shop.sends().await?;
    store.failed(&shop.takes().await?.key, &failure(SendFailureKind::Undeliverable), 0.0).await?;
    store.withheld(&shop.takes().await?.key, "opted_out").await?;
    let sending = shop.takes().await?;
    store.accepted(&sending.key, &accepted("w4")).await?;
    shop.reports(shop.status("w4", DeliveryState::Sent)).await?;
    shop.answers("m2", BIA, &["flies"]).await?;
    assert_eq!(shop.takes().await?.key.id.0, "flies");
    let other = Shop::new(&store, "other");
    other.answers("m3", ANA, &["others"]).await?;
    other.sends().await?;
    shop.reports(shop.status("of the app", DeliveryState::Read)).await?;

    assert_eq!(store.sweep_outbox(ago(3_600), 100).await?, 0, "nothing is that old");
    let later = now();
    assert_eq!(store.sweep_outbox(later, 2).await?, 3, "two messages at a time, and a report");
    assert_eq!(store.sweep_outbox(later, 100).await?, 2, "of every tenant");
    assert_eq!(store.sweep_outbox(later, 100).await?, 0);
    let filter = OutboxFilter { limit: 10, ..OutboxFilter::default() };
    let rows = store.outbox(&shop.tenant, filter.clone()).await?.items;
    let left: Vec<(&str, OutboxState)> = rows.iter().map(|row| (row.id.0.as_str(), row.state)).collect();
    let (queued, flying) = (("waits", OutboxState::Queued), ("flies", OutboxState::Sending));
    assert_eq!(left, [flying, queued, ("sent", OUT_SENT)]);
    assert!(store.outbox(&other.tenant, filter).await?.items.is_empty());
    assert_eq!(store.delivery(&shop.tenant, &shop.number, "of the app").await?, None);
    shop.reports(shop.status("w4", DeliveryState::Delivered)).await?;
    assert_eq!(shop.takes().await?.key.id.0, "waits", "and goes on as before");
    Ok(())
}

pub async fn the_outbox_is_listed_newest_first_in_pages(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1", "r2", "r3"]).await?;
    shop.answers("m2", BIA, &["r4"]).await?;
    shop.takes().await?;
    let list = async |mut filter: OutboxFilter| {
        let mut ids = Vec::new();
        loop {
            let page = store.outbox(&tenant("default"), filter.clone()).await?;
            assert!(page.items.len() <= 2);
            ids.extend(page.items.into_iter().map(|row| row.id.0));
            filter.after = page.next;
            if filter.after.is_none() {
                return Ok::<_, crate::StorageError>(ids);
            }
        }
    };
    let all = OutboxFilter { limit: 2, ..OutboxFilter::default() };
    assert_eq!(list(all.clone()).await?, ["r4", "r3", "r2", "r1"]);
    let of_ana = OutboxFilter { conversation: Some(claim.key.conversation), ..all.clone() };
    assert_eq!(list(of_ana.clone()).await?, ["r3", "r2", "r1"]);
    let queued = OutboxFilter { state: Some(OutboxState::Queued), ..all.clone() };
    assert_eq!(list(queued).await?, ["r4", "r3", "r2"]);
    assert_eq!(list(OutboxFilter { state: Some(OutboxState::Sending), ..of_ana }).await?, ["r1"]);
    assert_eq!(list(OutboxFilter { after: Some("x".to_owned()), ..all }).await?.len(), 4);
    Ok(())
}
