//! Customers: one person, however the channel names them.

use std::sync::Arc;

use pytake_assistant::budget::BudgetScope;
use pytake_assistant::channel::{
    DeliveryState, EventKind, IdentityChange, MarketingPreference, OutboxKind, Recorded, SendFailureKind,
    Sender,
};
use pytake_assistant::clock::utc_day;
use pytake_assistant::id::UserId;
use pytake_assistant::ledger::{BookingFilter, ReservationRequest, UsageKey, UsageQuery};
use pytake_assistant::money::PicoUsd;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, accepted, ago, by_id, by_phone, failure, message_ids, now, text};
use super::sample::{cap, entry, request, user};
use crate::{ReceivedChangeKind, Store};

const ANAS_ID: &str = "BR.1502576394655843";
const BIAS_ID: &str = "BR.2222222222222222";

fn both(scoped_id: &str, phone: &str) -> Sender {
    Sender { scoped_id: Some(scoped_id.to_owned()), ..by_phone(phone) }
}

pub async fn a_customer_is_known_by_either_address(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let named = Sender { name: Some("Ana".to_owned()), ..both(ANAS_ID, ANA) };
    for (id, sender) in [("m1", by_id(ANAS_ID)), ("m2", named), ("m3", by_phone(ANA))] {
        shop.brings(shop.message(id, &sender, text(id))).await?;
    }
    let claim = shop.claims().await?;
    assert_eq!(message_ids(&claim), ["m1", "m2", "m3"]);
    assert_eq!(claim.customer.name.as_deref(), Some("Ana"));
    assert_eq!(claim.customer.recipient.phone.as_deref(), Some(ANA));
    assert_eq!(claim.customer.recipient.scoped_id.as_deref(), Some(ANAS_ID));
    let renamed = Sender { username: Some("ana.s".to_owned()), name: None, ..by_id(ANAS_ID) };
    shop.brings(shop.message("m4", &renamed, text("oi"))).await?;
    let customer = store.customer(&shop.tenant, &claim.customer.id).await?.expect("she wrote");
    assert_eq!((customer.name.as_deref(), customer.username.as_deref()), (Some("Ana"), Some("ana.s")));
    assert!(store.customer(&shop.tenant, &user("nobody")).await?.is_none());
    Ok(())
}

pub async fn a_telephone_in_another_form_is_the_same_person(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for (with, without) in
        [(ANA, "553188887777"), ("5215512345678", "525512345678"), ("5491123456789", "541123456789")]
    {
        shop.says(&format!("{with} 1"), with, "oi").await?;
        shop.says(&format!("{without} 2"), without, "oi").await?;
        let claim = shop.claims().await?;
        assert_eq!(claim.items.len(), 2, "{with}");
        let phone = claim.customer.recipient.phone.as_deref();
        assert_eq!(phone, Some(without), "answered to the newest address, as it was received");
    }
    shop.says("l1", "553133334444", "oi").await?;
    shop.says("l2", "5531933334444", "oi").await?;
    assert_eq!(shop.claims().await?.items.len(), 1, "a landline has no ninth digit");
    Ok(())
}

pub async fn a_customer_of_two_numbers_has_two_conversations(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let mut second = Shop::new(&store, "default");
    second.number = super::channel::number("number-2");
    shop.says("m1", ANA, "oi").await?;
    second.says("m2", ANA, "oi").await?;
    let (one, other) = (shop.claims().await?, shop.claims().await?);
    assert_eq!(one.customer.id, other.customer.id);
    assert_ne!(one.key.conversation, other.key.conversation);
    assert_eq!((one.number, other.number), (shop.number, second.number));
    Ok(())
}

pub async fn two_who_turn_out_to_be_one_are_merged(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let older = shop.answers("m1", ANA, &["r1"]).await?;
    shop.brings(shop.message("m2", &by_id(ANAS_ID), text("oi"))).await?;
    let newer = shop.claims().await?;
    assert_ne!(newer.customer.id, older.customer.id);
    shop.settles(&newer, &["r2"]).await?;
    shop.brings(shop.message("m3", &by_id(ANAS_ID), text("alô?"))).await?;
    let stalled = shop.claims().await?;

    let receipt = shop.brings(shop.message("m4", &both(ANAS_ID, ANA), text("sou eu"))).await?;
    let (into, from) = (older.customer.id.clone(), newer.customer.id.clone());
    let merged = ReceivedChangeKind::Merged { into: into.clone(), from: from.clone() };
    assert_eq!(receipt.changes[0].kind, merged, "the older remains");
    assert_eq!(shop.settles(&stalled, &["r3"]).await?, Recorded::Fenced);
    let claim = shop.claims().await?;
    assert_eq!((&claim.customer.id, message_ids(&claim)), (&into, vec!["m3", "m4"]));
    assert_eq!(claim.key.conversation, older.key.conversation);

    let gone = store.customer(&shop.tenant, &from).await?.expect("the id still resolves");
    assert_eq!(gone.id, into);
    let history = store.history(&shop.tenant, &older.key.conversation, 10).await?;
    let ids: Vec<&str> = history.recent.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["q-m1", "a-r1", "q-m2", "a-r2"]);
    assert_eq!(history.conversation.map(|state| (state.user_id, state.message_count)), Some((into, 4)));
    let none = store.history(&shop.tenant, &newer.key.conversation, 10).await?;
    assert!(none.conversation.is_none() && none.recent.is_empty());
    assert_eq!((shop.sends().await?.key.id.0, shop.sends().await?.key.id.0), ("r1".into(), "r2".into()));
    assert_eq!(shop.settles(&claim, &["r5"]).await?, Recorded::Written);
    assert_eq!(shop.row("r5").await?.conversation, older.key.conversation);
    Ok(())
}

pub async fn what_was_booked_for_both_is_one_customers(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let older = shop.answers("m1", ANA, &["r1"]).await?;
    shop.brings(shop.message("m2", &by_id(ANAS_ID), text("oi"))).await?;
    let newer = shop.claims().await?;
    let (into, from) = (older.customer.id.clone(), newer.customer.id.clone());
    let mut paid = shop.turn(&newer, &["r2"], true);
    paid.origin.conversation = Some(newer.key.conversation.clone());
    paid.ledger = vec![entry("openai", Some(500)), entry("anthropic", Some(70))];
    assert_eq!(store.record(paid).await?.recorded, Recorded::Written);
    shop.brings(shop.message("m3", &by_id(ANAS_ID), text("alô?"))).await?;
    let stalled = shop.claims().await?;
    let today = utc_day(now());
    let claiming = |id: &str, user: &UserId| ReservationRequest {
        user: user.clone(),
        day: today,
        at: now(),
        budgets: vec![cap(BudgetScope::UserMonth, 1_000_000)],
        at_most: PicoUsd(33),
        ..request(id, "default", "ana")
    };
    store.reserve(claiming("c1", &into)).await?;
    store.reserve(claiming("c2", &from)).await?;

    shop.brings(shop.message("m4", &both(ANAS_ID, ANA), text("sou eu"))).await?;
    assert_eq!(shop.settles(&stalled, &["r3"]).await?, Recorded::Fenced);
    let spending = store.spending(&shop.tenant, Some(&into), now()).await?;
    assert_eq!((spending.user_month, spending.user_day), (PicoUsd(2_570), PicoUsd(2_570)));
    assert_eq!(spending.user_claimed, PicoUsd(66));
    assert_eq!(store.user_usage(&shop.tenant, &from, today).await?, None);
    let usage = store.user_usage(&shop.tenant, &into, today).await?.expect("they were answered");
    assert_eq!((usage.total_requests, usage.requests_today), (3, 2));
    let by_user = UsageQuery { group_by: vec![UsageKey::User, UsageKey::Provider], ..UsageQuery::default() };
    let sums = store.usage(&shop.tenant, by_user.clone()).await?;
    assert_eq!(sums, store.usage_from_ledger(&shop.tenant, by_user).await?);
    assert_eq!(sums.iter().map(|sum| sum.cost.0).collect::<Vec<_>>(), [70, 2_500]);
    let of_talk = BookingFilter {
        conversation: Some(older.key.conversation.clone()),
        limit: 10,
        ..BookingFilter::default()
    };
    assert_eq!(store.bookings(&shop.tenant, of_talk).await?.items.len(), 2);
    Ok(())
}

pub async fn a_merged_customer_keeps_a_conversation_of_another_number(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let mut second = Shop::new(&store, "default");
    second.number = super::channel::number("number-2");
    let older = shop.answers("m1", ANA, &[]).await?;
    second.brings(second.message("m2", &by_id(ANAS_ID), text("oi"))).await?;
    let claim = shop.claims().await?;
    second.settles(&claim, &["r2"]).await?;
    second.brings(second.message("m3", &both(ANAS_ID, ANA), text("sou eu"))).await?;
    let next = shop.claims().await?;
    assert_eq!(next.key.conversation, claim.key.conversation, "it stays as it is");
    assert_eq!(next.customer.id, older.customer.id);
    assert_eq!(next.conversation.as_ref().map(|state| &state.user_id), Some(&older.customer.id));
    assert_eq!(second.settles(&next, &[]).await?, Recorded::Written);
    Ok(())
}

pub async fn a_changed_identity_is_the_same_customer(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &[]).await?;
    let change = |before: Sender, after: Sender| EventKind::Identity(IdentityChange { before, after });
    let moved = change(by_phone(ANA), both(BIAS_ID, BIA));
    assert_eq!(shop.receive(vec![shop.event("i1", moved)]).await?.new, 1);
    let unknown = change(by_phone("5511900000009"), by_phone("5511900000008"));
    assert_eq!(shop.receive(vec![shop.event("i2", unknown)]).await?.new, 1);
    shop.brings(shop.message("m2", &by_id(BIAS_ID), text("número novo"))).await?;
    let next = shop.claims().await?;
    assert_eq!(next.customer.id, claim.customer.id);
    assert_eq!(next.customer.recipient.phone.as_deref(), Some(BIA));
    Ok(())
}

pub async fn a_telephone_somebody_had_before_is_another_person(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let ana = shop.answers("m1", ANA, &[]).await?.customer.id;
    let moves = |before: Sender, after: Sender| EventKind::Identity(IdentityChange { before, after });
    let has_id = moves(by_phone(ANA), by_id(ANAS_ID));
    shop.receive(vec![shop.event("i1", has_id)]).await?;
    assert_eq!(shop.answers("m2", ANA, &[]).await?.customer.id, ana, "no other telephone was told");
    // Told twice, as a system message and as an update, and the second time in another form.
    shop.receive(vec![shop.event("i2", moves(by_phone(ANA), both(BIAS_ID, BIA)))]).await?;
    shop.receive(vec![shop.event("i3", moves(by_phone(ANA), by_phone("551177776666")))]).await?;
    let stranger = shop.answers("m3", ANA, &[]).await?.customer;
    assert_ne!(stranger.id, ana, "the number was given to somebody else");
    assert_eq!(shop.answers("m4", BIA, &[]).await?.customer.id, ana);
    for (id, scoped_id) in [("m5", ANAS_ID), ("m6", BIAS_ID)] {
        shop.brings(shop.message(id, &by_id(scoped_id), text("oi"))).await?;
        let claim = shop.claims().await?;
        assert_eq!(claim.customer.id, ana, "scoped ids are given to nobody else");
        assert_eq!(claim.customer.recipient.phone.as_deref(), Some(BIA));
        shop.settles(&claim, &[]).await?;
    }
    Ok(())
}

pub async fn what_a_customer_wants_is_known_before_sending(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1"]).await?;
    let id = &claim.customer.id;
    store.set_opted_out(&shop.tenant, id, true, ago(5)).await?;
    store.set_opted_out(&shop.tenant, &user("nobody"), true, ago(5)).await?;
    let preference =
        |is_stopped| EventKind::Preference(MarketingPreference { sender: by_phone(ANA), is_stopped });
    shop.receive(vec![shop.event("p1", preference(true))]).await?;
    let customer = store.customer(&shop.tenant, id).await?.expect("she wrote");
    assert!(customer.opted_out_at.is_some());
    assert!(customer.marketing_stopped_at.is_some());
    let sending = shop.takes().await?;
    assert_eq!((sending.kind, sending.opted_out_at), (OutboxKind::Reply, customer.opted_out_at));
    store.set_opted_out(&shop.tenant, id, false, ago(1)).await?;
    shop.receive(vec![shop.event("p2", preference(false))]).await?;
    let customer = store.customer(&shop.tenant, id).await?.expect("she wrote");
    assert_eq!((customer.opted_out_at, customer.marketing_stopped_at), (None, None));
    Ok(())
}

pub async fn a_failure_that_tells_of_stopped_marketing_is_noted(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let stopped = failure(SendFailureKind::MarketingStopped);
    let ana = shop.answers("m1", ANA, &["r1"]).await?.customer.id;
    let sending = shop.takes().await?;
    store.failed(&sending.key, &failure(SendFailureKind::Undeliverable), 0.0).await?;
    let customer = store.customer(&shop.tenant, &ana).await?.expect("she wrote");
    assert_eq!(customer.marketing_stopped_at, None, "no other failure tells so");
    shop.answers("m2", ANA, &["r2", "r3"]).await?;
    let sending = shop.takes().await?;
    store.failed(&sending.key, &stopped, 0.0).await?;
    let customer = store.customer(&shop.tenant, &ana).await?.expect("she wrote");
    let since = customer.marketing_stopped_at.expect("the answer told so");
    store.failed(&shop.takes().await?.key, &stopped, 0.0).await?;
    let customer = store.customer(&shop.tenant, &ana).await?.expect("she wrote");
    assert_eq!(
        (customer.marketing_stopped_at, customer.opted_out_at),
        (Some(since), None),
        "since the first"
    );

    let bia = shop.answers("m3", BIA, &["r4", "r5"]).await?.customer.id;
    let sending = shop.takes().await?;
    let mut report = shop.status("w4", DeliveryState::Failed);
    (report.callback, report.failure) = (Some("r4".to_owned()), Some(stopped.clone()));
    shop.reports(report).await?;
    store.accepted(&sending.key, &accepted("w4")).await?;
    let customer = store.customer(&shop.tenant, &bia).await?.expect("she wrote");
    assert!(customer.marketing_stopped_at.is_some(), "a report told so");

    let carla = shop.answers("m4", "5511955554444", &["r6"]).await?.customer.id;
    shop.sends().await?;
    let sending = shop.takes().await?;
    let mut early = shop.status("w6", DeliveryState::Failed);
    early.failure = Some(stopped);
    shop.reports(early).await?;
    store.accepted(&sending.key, &accepted("w6")).await?;
    let customer = store.customer(&shop.tenant, &carla).await?.expect("she wrote");
    assert!(customer.marketing_stopped_at.is_some(), "a report told so that came before the answer");
    Ok(())
}

pub async fn customers_of_two_tenants_are_apart(store: Arc<dyn Store>) -> Outcome {
    let (left, right) = (Shop::new(&store, "left"), Shop::new(&store, "right"));
    left.says("m1", ANA, "oi").await?;
    right.says("m2", ANA, "oi").await?;
    let (one, other) = (left.claims().await?, left.claims().await?);
    assert_ne!(one.customer.id, other.customer.id);
    left.settles(&one, &["r1"]).await?;
    assert!(store.customer(&right.tenant, &one.customer.id).await?.is_none());
    assert!(store.channel_conversation(&right.tenant, &one.key.conversation).await?.is_none());
    store.set_opted_out(&right.tenant, &one.customer.id, true, ago(5)).await?;
    let customer = store.customer(&left.tenant, &one.customer.id).await?.expect("she wrote");
    assert_eq!(customer.opted_out_at, None);
    let filter = crate::OutboxFilter { limit: 10, ..Default::default() };
    assert!(store.outbox(&right.tenant, filter).await?.items.is_empty());
    let r1 = pytake_assistant::channel::OutboxId("r1".to_owned());
    assert_eq!(store.resend(&right.tenant, &r1).await?, crate::Resent::Unknown);
    assert!(store.claim(HOUR).await?.is_none());
    Ok(())
}
