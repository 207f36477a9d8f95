//! A customer's data: handed over, erased, and not kept for longer than wanted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::Author;
use pytake_assistant::channel::{DeliveryState, InboundContent, MediaKind, MediaRef, Recorded};
use pytake_assistant::clock::{Clock, SystemClock, utc_day};
use pytake_assistant::conversation::{Attendant, Summary};
use pytake_assistant::ledger::{UsageKey, UsageQuery, UsageRow};
use serde_json::Value;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, ago, by_phone, now};
use super::sample::{DAY, at, booking, conversation, entry, question, request, tenant, turn, user};
use crate::{ErasureRecord, ExportPlace, OutboxFilter, ReceivedChangeKind, StorageError, Store};

/// Every line of an export, page by page.
pub(super) async fn exported(store: &dyn Store, whose: &str, name: &str) -> Result<Vec<Value>, StorageError> {
    let subject = store.subject(&tenant(whose), name).await?.expect("something is known of them");
    let mut lines = Vec::new();
    let mut place = Some(ExportPlace::default());
    while let Some(from) = place {
        let page = store.export_page(&subject, from).await?;
        lines.extend(page.lines);
        place = page.next;
    }
    Ok(lines)
}

pub(super) fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

pub(super) async fn erase(store: &dyn Store, whose: &str, name: &str) -> Result<ErasureRecord, StorageError> {
    let begun = store.begin_erasure(&tenant(whose), name, &Author::command(), now()).await?;
    store.erase(&begun.expect("something is known of them"), &SystemClock::new()).await
}

async fn usage(store: &dyn Store, group_by: Vec<UsageKey>) -> Result<[Vec<UsageRow>; 2], StorageError> {
    let query = UsageQuery { group_by, ..UsageQuery::default() };
    let whose = tenant("default");
    Ok([store.usage(&whose, query.clone()).await?, store.usage_from_ledger(&whose, query).await?])
}

/// Sums of the whole tenant, which no erasure may change.
pub(super) async fn totals(store: &dyn Store) -> Result<Vec<UsageRow>, StorageError> {
    let [rolled_up, booked] = usage(store, vec![UsageKey::Day, UsageKey::Model]).await?;
    assert_eq!(rolled_up, booked);
    let [rolled_up_by_user, booked_by_user] = usage(store, vec![UsageKey::User, UsageKey::Day]).await?;
    assert_eq!(rolled_up_by_user, booked_by_user, "also by user");
    Ok(rolled_up)
}

/// Ana's file of three pieces.
async fn file(shop: &Shop) -> Result<Bytes, StorageError> {
    let media = MediaRef {
        id: "media-1".to_owned(),
        mime_type: Some("application/pdf".to_owned()),
        sha256: None,
        file_name: Some("pedido.pdf".to_owned()),
        url: None,
    };
    let content = InboundContent::Media { kind: MediaKind::Document, media, caption: None };
    shop.brings(shop.message("file", &by_phone(ANA), content)).await?;
    let item = shop.store.wanted_media(HOUR).await?.expect("a file is wanted").item;
    let bytes: Vec<u8> = (0..2_500_000_u32).map(|n| (n % 251) as u8).collect();
    let bytes = Bytes::from(bytes);
    shop.store.put_media(item, "application/pdf", "abc", bytes.clone()).await?;
    Ok(bytes)
}

pub async fn nothing_is_handed_over_of_somebody_unknown(store: Arc<dyn Store>) -> Outcome {
    assert!(store.subject(&tenant("default"), "ana").await?.is_none());
    store.record(turn("default", "ana", "talk", 1)).await?;
    assert!(store.subject(&tenant("other"), "ana").await?.is_none(), "another tenant's customer is nobody");
    assert!(store.subject(&tenant("default"), "").await?.is_none());
    let begun = store.begin_erasure(&tenant("other"), "ana", &Author::command(), now()).await?;
    assert!(begun.is_none());
    Ok(())
}

pub async fn an_export_holds_everything_that_was_written(store: Arc<dyn Store>) -> Outcome {
    let many = 150;
    for n in 0..many {
        store.record(turn("default", "ana", "talk", n)).await?;
    }
    store.record(turn("default", "bia", "other", 1)).await?;
    store.reserve(request("r", "default", "ana")).await?;
    let summary = Summary { text: "Ana wants her money back".to_owned(), covers: 100 };
    store.put_summary(&tenant("default"), &conversation("talk"), summary).await?;
    let lines = exported(&*store, "default", "ana").await?;
    let messages = of_kind(&lines, "message");
    assert_eq!(messages.len(), 2 * usize::try_from(many).unwrap_or(0));
    assert_eq!(messages[0]["content"], "question 0");
    assert_eq!(messages[0]["analysis"]["intent"]["primary"], "refund");
    let last = messages[messages.len() - 1];
    assert_eq!((&last["content"], &last["answer"]["provider"]), (&"answer 149".into(), &"openai".into()));
    assert_eq!(last["answer"]["trail"]["attempts"][0]["model"], "small", "what was sent to whom");
    assert_eq!(of_kind(&lines, "usage").len(), 150);
    assert_eq!(of_kind(&lines, "usage")[0]["cost_pico_usd"], 1_000);
    assert_eq!(of_kind(&lines, "processor")[0]["calls"], 150);
    assert_eq!(of_kind(&lines, "summary")[0]["text"], "Ana wants her money back");
    assert_eq!(of_kind(&lines, "day")[0]["counted"], 1);
    let counts = store.data_counts(&store.subject(&tenant("default"), "ana").await?.expect("known")).await?;
    for (kind, count) in counts {
        assert_eq!(of_kind(&lines, &kind).len() as u64, count, "{kind}");
    }
    assert!(!format!("{lines:?}").contains("bia"), "nothing of anybody else");
    Ok(())
}

pub async fn a_channels_customer_is_handed_over_by_any_name(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let bytes = file(&shop).await?;
    let claim = shop.answers("m1", ANA, &["r1"]).await?;
    shop.sends().await?;
    shop.says("m2", BIA, "oi, sou a Bia").await?;
    let lines = exported(&*store, "default", ANA).await?;
    assert_eq!(of_kind(&lines, "customer")[0]["phone"], ANA);
    assert_eq!(of_kind(&lines, "address")[0]["value"], ANA);
    assert_eq!(of_kind(&lines, "received").len(), 2, "the file and the text");
    assert_eq!(of_kind(&lines, "received")[1]["message"]["content"]["text"], "oi");
    assert_eq!(of_kind(&lines, "sent")[0]["state"], "delivered");
    assert_eq!(of_kind(&lines, "file")[0]["mime_type"], "application/pdf");
    let mut whole = String::new();
    for piece in of_kind(&lines, "file_piece") {
        whole.push_str(piece["base64"].as_str().unwrap_or_default());
    }
    // Each piece is padded for itself; only their lengths are compared here.
    assert_eq!(of_kind(&lines, "file_piece").len(), 3);
    assert!(whole.len() > bytes.len() * 4 / 3);
    let by_id = exported(&*store, "default", claim.customer.id.as_str()).await?;
    assert_eq!(by_id, lines);
    assert_eq!(exported(&*store, "default", "+55 31 8888-7777").await?, lines, "without the ninth digit");
    assert!(!format!("{lines:?}").contains("Bia"));
    Ok(())
}

pub async fn an_erased_customer_is_nobody_and_the_sums_stay(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let ana = shop.answers("m1", ANA, &["r1"]).await?;
    let bia = shop.answers("m2", BIA, &["r2"]).await?;
    file(&shop).await?;
    for n in 0..250 {
        store.record(turn("default", "ana", "talk", n)).await?;
    }
    store.reserve(request("r", "default", "ana")).await?;
    let before = totals(&*store).await?;
    let record = erase(&*store, "default", ANA).await?;
    assert!(record.finished_at.is_some());
    assert_eq!(record.author, Author::command());
    for (kind, count) in
        [("messages", 2), ("conversations", 1), ("customers", 1), ("received", 2), ("outbox", 1)]
    {
        assert_eq!(record.counts.get(kind), Some(&count), "{kind}: {:?}", record.counts);
    }
    let record = erase(&*store, "default", "ana").await?;
    assert_eq!(record.counts.get("messages"), Some(&500));
    assert_eq!(record.counts.get("bookings_made_anonymous"), Some(&250));
    for name in [ANA, "ana", ana.customer.id.as_str()] {
        assert!(store.subject(&tenant("default"), name).await?.is_none(), "{name}");
    }
    assert_eq!(totals(&*store).await?, before, "to the last unit");
    assert!(store.user_usage(&tenant("default"), &user("ana"), DAY).await?.is_none());
    assert!(store.history(&tenant("default"), &conversation("talk"), 9).await?.conversation.is_none());
    let rows = store.outbox(&shop.tenant, OutboxFilter { limit: 200, ..Default::default() }).await?.items;
    assert_eq!(rows.len(), 1, "Bia's");
    let left = exported(&*store, "default", BIA).await?;
    assert_eq!((of_kind(&left, "message").len(), of_kind(&left, "received").len()), (2, 1));
    assert_eq!(store.history(&shop.tenant, &bia.key.conversation, 9).await?.recent.len(), 2);
    assert_eq!(shop.takes().await?.recipient.phone.as_deref(), Some(BIA), "only hers is sent");
    assert!(store.unfinished_erasures().await?.is_empty());
    assert_eq!(store.erasures(&shop.tenant, 10).await?.len(), 2);
    assert!(store.erasures(&tenant("other"), 10).await?.is_empty());
    Ok(())
}

pub async fn whoever_was_erased_begins_anew(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let before = shop.answers("m1", ANA, &["r1"]).await?;
    erase(&*store, "default", ANA).await?;
    let again = shop.says("m1", ANA, "oi").await?;
    assert_eq!((again.new, again.duplicates), (0, 1), "a repeated delivery stays known");
    assert!(store.claim(HOUR).await?.is_none());
    shop.says("m9", ANA, "oi de novo").await?;
    let after = shop.claims().await?;
    assert_ne!(after.customer.id, before.customer.id);
    assert!(after.conversation.is_none(), "a new, empty conversation");
    assert_eq!(after.items.len(), 1);
    assert_eq!(shop.settles(&after, &["r9"]).await?, Recorded::Written);

    let mut first = turn("default", "ana", "talk", 1);
    store.record(first.clone()).await?;
    erase(&*store, "default", "ana").await?;
    let later = now().checked_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX);
    if let Some(exchange) = &mut first.exchange {
        exchange.questions = vec![question("q-2", "a new question", later)];
    }
    assert_eq!(store.record(first).await?, Recorded::Written.into());
    assert_eq!(store.history(&tenant("default"), &conversation("talk"), 9).await?.recent.len(), 2);
    Ok(())
}

pub async fn work_in_flight_writes_nothing_of_the_erased(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.says("m1", ANA, "quero meu dinheiro").await?;
    let claim = shop.claims().await?;
    store.record(turn("default", "ana", "talk", 1)).await?;
    store.reserve(request("r", "default", "ana")).await?;
    let before = totals(&*store).await?;
    // Each turn ends between two steps of the erasure, and once more after it.
    let of_channel = store.begin_erasure(&shop.tenant, ANA, &Author::command(), now()).await?.expect("known");
    assert_eq!(shop.settles(&claim, &["r1"]).await?, Recorded::Fenced);
    let of_caller =
        store.begin_erasure(&shop.tenant, "ana", &Author::command(), now()).await?.expect("known");
    assert_eq!(store.record(turn("default", "ana", "talk", 2)).await?, Recorded::Fenced.into());
    for erasure in [&of_channel, &of_caller] {
        store.erase(erasure, &SystemClock::new()).await?;
    }
    assert_eq!(shop.settles(&claim, &["r1"]).await?, Recorded::Fenced);
    assert_eq!(store.record(turn("default", "ana", "talk", 3)).await?, Recorded::Fenced.into());
    let stale = Summary { text: "what was said".to_owned(), covers: 2 };
    store.put_summary(&shop.tenant, &conversation("talk"), stale).await?;
    store.record(booking("default", "ana", now(), vec![entry("openai", Some(5))])).await?;
    for name in [ANA, "ana", claim.customer.id.as_str()] {
        assert!(store.subject(&shop.tenant, name).await?.is_none(), "{name}");
    }
    assert!(store.take().await?.is_none());
    let after = totals(&*store).await?;
    let cost = |rows: &[UsageRow]| rows.iter().map(|row| row.cost.0).sum::<i64>();
    assert_eq!(cost(&after), cost(&before) + 4 * 1_000 + 5, "what was paid is booked all the same");
    Ok(())
}

pub async fn an_interrupted_erasure_is_found_and_ended(store: Arc<dyn Store>) -> Outcome {
    for n in 0..10 {
        store.record(turn("default", "ana", "talk", n)).await?;
    }
    let begun = store.begin_erasure(&tenant("default"), "ana", &Author::command(), now()).await?;
    let found = store.unfinished_erasures().await?;
    assert_eq!(found, begun.into_iter().collect::<Vec<_>>());
    let clock = SystemClock::new();
    let first = store.erase(&found[0], &clock).await?;
    let second = store.erase(&found[0], &clock).await?;
    assert_eq!(first.counts, second.counts, "running it again erases nothing twice");
    assert_eq!(store.tenants_erased_since(ago(60)).await?, [tenant("default")]);
    assert!(store.tenants_erased_since(clock.now()).await?.is_empty());
    Ok(())
}

pub async fn who_wanted_no_messages_still_wants_none(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let ana = shop.answers("m1", ANA, &["r1"]).await?;
    store.set_opted_out(&shop.tenant, &ana.customer.id, true, at(0)).await?;
    erase(&*store, "default", ANA).await?;
    shop.says("m2", ANA, "oi").await?;
    let again = shop.claims().await?;
    assert_ne!(again.customer.id, ana.customer.id);
    assert_eq!(again.customer.opted_out_at, Some(at(0)));
    let other = Shop::new(&store, "other");
    other.says("m3", ANA, "oi").await?;
    assert_eq!(other.claims().await?.customer.opted_out_at, None, "another business never asked");
    Ok(())
}

pub async fn old_conversations_are_swept_a_little_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let whose = tenant("default");
    for n in 0..6 {
        store.record(turn("default", "ana", "old", n)).await?;
    }
    store.record(turn("default", "bia", "new", 3_600)).await?;
    store.record(turn("other", "ana", "old", 1)).await?;
    let mut waiting = turn("default", "caio", "waiting", 1);
    if let Some(exchange) = &mut waiting.exchange {
        exchange.handoff_reason = Some("asked_for_person".to_owned());
    }
    store.record(waiting).await?;
    let mut calls = 0;
    loop {
        let swept = store.sweep_conversations(&whose, at(60_000), 5).await?;
        assert!(swept.rows <= 5);
        if !swept.is_more {
            break;
        }
        calls += 1;
    }
    assert_eq!(calls, 4, "12 messages in three calls, then the conversation");
    let left = |place: &str| {
        let (store, whose, place) = (Arc::clone(&store), whose.clone(), conversation(place));
        async move { store.history(&whose, &place, 9).await.map(|history| history.conversation.is_some()) }
    };
    assert!(!left("old").await?);
    assert!(left("new").await? && left("waiting").await?);
    assert!(store.history(&tenant("other"), &conversation("old"), 9).await?.conversation.is_some());
    store.set_attendant(&whose, &conversation("waiting"), Attendant::Assistant, None, at(2_000)).await?;
    while store.sweep_conversations(&whose, at(60_000), 5).await?.is_more {}
    assert!(!left("waiting").await?, "nobody waits any more");
    Ok(())
}

pub async fn a_swept_conversation_takes_its_channel_with_it(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    file(&shop).await?;
    let ana = shop.answers("m1", ANA, &["r1"]).await?;
    let bia = shop.answers("m2", BIA, &["r2"]).await?;
    let soon = now().checked_add(HOUR).unwrap_or(Timestamp::MAX);
    assert_eq!(store.sweep_conversations(&shop.tenant, soon, 50).await?.rows, 0, "their replies wait");
    for _ in 0..2 {
        shop.sends().await?;
    }
    shop.says("m3", BIA, "e o frete?").await?;
    while store.sweep_conversations(&shop.tenant, soon, 50).await?.is_more {}
    assert!(store.customer(&shop.tenant, &ana.customer.id).await?.is_none());
    assert!(store.subject(&shop.tenant, ANA).await?.is_none());
    assert!(store.channel_conversation(&shop.tenant, &ana.key.conversation).await?.is_none());
    assert!(
        store.channel_conversation(&shop.tenant, &bia.key.conversation).await?.is_some(),
        "she has just written"
    );
    assert_eq!(shop.claims().await?.customer.id, bia.customer.id);
    Ok(())
}

pub async fn old_bookings_no_longer_say_whose_they_were(store: Arc<dyn Store>) -> Outcome {
    let day = |n: i64| at(n * 86_400_000);
    for n in 0..4 {
        for who in ["ana", "bia"] {
            let calls = vec![entry("openai", Some(10)), entry("openai", None)];
            store.record(booking("default", who, day(n), calls)).await?;
        }
    }
    store.record(booking("other", "ana", day(0), vec![entry("openai", Some(1))])).await?;
    store.reserve(request("r", "default", "ana")).await?;
    let before = totals(&*store).await?;
    let first_kept: Date = utc_day(day(2));
    while store.forget_usage(&tenant("default"), first_kept, 3).await?.is_more {}
    assert_eq!(totals(&*store).await?, before, "and ledger and roll-up agree by user too");
    let [by_user, _] = usage(&*store, vec![UsageKey::User, UsageKey::Day]).await?;
    let named: Vec<(bool, Option<Date>)> = by_user
        .iter()
        .map(|row| (row.user.as_deref().is_some_and(|user| user.starts_with("erased-")), row.day))
        .collect();
    assert_eq!(named.len(), 8, "every customer has a name of their own on every day");
    assert!(named.iter().all(|(is_erased, day)| *is_erased == (*day < Some(first_kept))));
    assert_eq!(store.forget_usage(&tenant("default"), first_kept, 3).await?.done, 0);
    let of_other = UsageQuery { user: Some(user("ana")), ..UsageQuery::default() };
    assert_eq!(store.usage(&tenant("other"), of_other).await?[0].requests, 1, "another tenant's stay");
    Ok(())
}

pub async fn a_tenants_old_files_are_swept_in_pieces(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    file(&shop).await?;
    let other = Shop::new(&store, "other");
    let bytes = file(&other).await?;
    let soon = now().checked_add(HOUR).unwrap_or(Timestamp::MAX);
    assert_eq!(store.sweep_media_of(&shop.tenant, ago(3_600), 4).await?.rows, 0);
    let mut files = 0;
    loop {
        let swept = store.sweep_media_of(&shop.tenant, soon, 2).await?;
        files += swept.done;
        if !swept.is_more {
            break;
        }
    }
    assert_eq!(files, 1);
    let lines = exported(&*store, "other", ANA).await?;
    assert_eq!(of_kind(&lines, "file_piece").len(), bytes.len().div_ceil(1 << 20), "another tenant's stay");
    assert!(of_kind(&exported(&*store, "default", ANA).await?, "file").is_empty());
    Ok(())
}

pub async fn traces_of_an_erasure_are_swept(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    shop.sends().await?;
    shop.reports(shop.status("unknown", DeliveryState::Read)).await?;
    erase(&*store, "default", ANA).await?;
    assert_eq!(store.sweep_erasures(ago(3_600), 100).await?, 0);
    assert!(store.sweep_erasures(now(), 100).await? > 0);
    assert_eq!(store.sweep_erasures(now(), 100).await?, 0);
    let receipt = shop.says("m1", ANA, "oi").await?;
    assert!(matches!(receipt.changes[0].kind, ReceivedChangeKind::Waiting), "forgotten by now");
    Ok(())
}
