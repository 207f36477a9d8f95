//! Erasing somebody while life goes on: what comes meanwhile, what comes again, and who else was called so.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::channel::DeliveryState;
use pytake_assistant::clock::{SystemClock, utc_day};
use pytake_assistant::conversation::Exchange;
use pytake_assistant::ledger::Origin;
use serde_json::json;

use super::Outcome;
use super::channel::{ANA, BIA, HOUR, Shop, ago, now};
use super::privacy::{erase, exported, of_kind, totals};
use super::sample::{at, booking, conversation, entry, question, tenant, turn};
use crate::{AuditEntry, AuditFilter, Creation, NewJob, Store};

/// An id as WhatsApp makes them: in it stands Ana's telephone.
const WAMID_OF_ANA: &str = "wamid.HQINNTUzMTk4ODg4Nzc3NxUC";

/// Her telephone stands in the id of what she writes: the new message was once taken for an old one, and lost.
pub async fn what_is_written_while_somebody_is_erased_is_answered(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    let begun = store.begin_erasure(&shop.tenant, ANA, &Author::command(), now()).await?.expect("known");
    shop.says(WAMID_OF_ANA, ANA, "ainda estou aqui").await?;
    store.erase(&begun, &SystemClock::new()).await?;
    let claim = shop.claims().await?;
    assert_eq!(claim.items.len(), 1, "she wrote after the beginning, and waits");
    assert_eq!(shop.says(WAMID_OF_ANA, ANA, "ainda estou aqui").await?.duplicates, 1);
    let lines = exported(&*store, "default", ANA).await?;
    assert_eq!(of_kind(&lines, "received").len(), 1, "the old one is gone");
    Ok(())
}

/// Two may run one erasure: a request and the server's upkeep, or a command and the server.
pub async fn an_erasure_that_has_ended_leaves_what_is_new(store: Arc<dyn Store>) -> Outcome {
    store.record(turn("default", "ana", "talk", 1)).await?;
    let begun =
        store.begin_erasure(&tenant("default"), "ana", &Author::command(), now()).await?.expect("known");
    let clock = SystemClock::new();
    let first = store.erase(&begun, &clock).await?;
    let mut anew = turn("default", "ana", "talk", 2);
    let later = now().checked_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX);
    if let Some(Exchange { questions, .. }) = &mut anew.exchange {
        *questions = vec![question("q-2", "I am back", later)];
    }
    store.record(anew).await?;
    assert_eq!(store.erase(&begun, &clock).await?, first, "nothing more, and not later");
    let lines = exported(&*store, "default", "ana").await?;
    assert_eq!((of_kind(&lines, "message").len(), of_kind(&lines, "usage").len()), (2, 1));
    Ok(())
}

pub async fn a_report_on_an_erased_message_is_not_kept(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    shop.answers("m1", ANA, &["r1"]).await?;
    shop.answers("m2", BIA, &["r2"]).await?;
    let (first, second) = (shop.sends().await?, shop.sends().await?);
    erase(&*store, "default", ANA).await?;
    let mut new = 0;
    for sent in [&first, &second] {
        let id = format!("wamid.{}", sent.key.id.0);
        new += shop.reports(shop.status(&id, DeliveryState::Read)).await?.new;
        let is_anas = sent.recipient.phone.as_deref() == Some(ANA);
        let known = store.delivery(&shop.tenant, &shop.number, &id).await?;
        assert_eq!(known, (!is_anas).then_some(DeliveryState::Read));
    }
    assert_eq!(new, 1, "Bia's");
    Ok(())
}

/// The rest of an erasure that was interrupted comes later, and callers name conversations as they like.
pub async fn a_conversation_that_somebody_else_began_anew_is_theirs(store: Arc<dyn Store>) -> Outcome {
    store.record(turn("default", "ana", "talk", 1)).await?;
    let begun =
        store.begin_erasure(&tenant("default"), "ana", &Author::command(), now()).await?.expect("known");
    store.delete_conversation(&tenant("default"), &conversation("talk")).await?;
    store.record(turn("default", "bia", "talk", 2)).await?;
    store.erase(&begun, &SystemClock::new()).await?;
    assert_eq!(of_kind(&exported(&*store, "default", "bia").await?, "message").len(), 2);
    Ok(())
}

pub async fn bookings_that_are_being_forgotten_are_forgotten_as_they_were_begun(
    store: Arc<dyn Store>,
) -> Outcome {
    let day = |n: i64| at(n * 86_400_000);
    for n in 0..4 {
        let calls = vec![entry("openai", Some(10)), entry("openai", Some(3)), entry("openai", None)];
        store.record(booking("default", "ana", day(n), calls)).await?;
    }
    let before = totals(&*store).await?;
    assert!(
        store.forget_usage(&tenant("default"), utc_day(day(2)), 2).await?.is_more,
        "in the middle of a day"
    );
    erase(&*store, "default", "ana").await?;
    assert_eq!(totals(&*store).await?, before, "and by user, too");
    while store.forget_usage(&tenant("default"), utc_day(day(2)), 2).await?.is_more {}
    assert_eq!(totals(&*store).await?, before);
    assert!(store.subject(&tenant("default"), "ana").await?.is_none());
    Ok(())
}

pub async fn callers_who_say_telephones_mean_the_same_person(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let claim = shop.answers("m1", ANA, &["r1"]).await?;
    for (n, called) in (1..).zip(["5531988887777", "+5531988887777", "553188887777"]) {
        store.record(turn("default", called, &format!("talk-{n}"), n)).await?;
    }
    store.record(turn("default", BIA, "other", 9)).await?;
    for name in [claim.customer.id.as_str(), "+55 31 8888-7777", "553188887777"] {
        let lines = exported(&*store, "default", name).await?;
        assert_eq!(of_kind(&lines, "message").len(), 8, "{name}");
    }
    erase(&*store, "default", claim.customer.id.as_str()).await?;
    for name in [ANA, "+5531988887777", "553188887777"] {
        assert!(store.subject(&tenant("default"), name).await?.is_none(), "{name}");
    }
    assert!(store.subject(&tenant("default"), BIA).await?.is_some());
    Ok(())
}

fn chat(user: &str, context: &serde_json::Value) -> String {
    let request = json!({"message": format!("oi de {user}"), "user_id": user, "context": context});
    json!({"operation": "chat", "request": request}).to_string()
}

pub async fn items_of_batches_are_handed_over_and_erased(store: Arc<dyn Store>) -> Outcome {
    let job = |id: &str, items: Vec<String>| NewJob {
        id: id.to_owned(),
        tenant: tenant("default"),
        author: Author::key("k1"),
        idempotency_key: None,
        fingerprint: [1; 32],
        items,
        most_open: 100,
        at: at(0),
    };
    let many: Vec<String> = (0..150).map(|_| chat("ana", &json!({}))).collect();
    assert_eq!(store.create_job(job("j1", many)).await?, Creation::Created);
    // Who is named in the context is not who asks.
    let of_bia = vec![chat("bia", &json!({"user_id": "ana"})), chat("ana", &json!({}))];
    assert_eq!(store.create_job(job("j2", of_bia)).await?, Creation::Created);
    let item = store.claim_item(Duration::from_mins(1), &[]).await?.expect("an item waits");
    store.finish_item(&item, 200, &json!({"response": "olá, ana"}).to_string()).await?;
    let lines = exported(&*store, "default", "ana").await?;
    let items = of_kind(&lines, "batch_item");
    assert_eq!(items.len(), 151, "of both batches, page by page");
    assert_eq!(items[0]["asked"]["request"]["message"], "oi de ana");
    assert_eq!((&items[0]["answered"]["response"], &items[0]["status"]), (&"olá, ana".into(), &200.into()));
    assert_eq!((&items[150]["batch_id"], &items[150]["item"]), (&"j2".into(), &1.into()));
    assert_eq!(erase(&*store, "default", "ana").await?.counts.get("batch_items"), Some(&151));
    assert!(store.subject(&tenant("default"), "ana").await?.is_none());
    let begun = store.begin_erasure(&tenant("default"), "ana", &Author::command(), now()).await?;
    assert!(begun.is_none(), "erased twice is not found");
    assert_eq!(of_kind(&exported(&*store, "default", "bia").await?, "batch_item").len(), 1);
    Ok(())
}

pub async fn a_conversation_that_was_deleted_before_has_no_name_either(store: Arc<dyn Store>) -> Outcome {
    let whose = tenant("default");
    for (who, place) in [("ana", "cartas-de-ana"), ("ana", "shared"), ("bia", "cartas-de-bia")] {
        let mut said = turn("default", who, place, 1);
        said.origin = Origin { conversation: Some(conversation(place)), message: None };
        store.record(said).await?;
        let looked = [("id", place)];
        store.note_audit(&AuditEntry::by_command(whose.clone(), at(1), "look", &looked)).await?;
    }
    for place in ["cartas-de-ana", "shared"] {
        store.delete_conversation(&whose, &conversation(place)).await?;
    }
    // Somebody else has a conversation of that name now.
    store.record(turn("default", "bia", "shared", 2)).await?;
    erase(&*store, "default", "ana").await?;
    let filter = AuditFilter { limit: 200, ..AuditFilter::default() };
    let entries = store.audit(&whose, filter).await?.items;
    let mut names: Vec<&str> =
        entries.iter().filter_map(|entry| Some(entry.object.get("id")?.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, ["cartas-de-bia", "erased", "shared"]);
    Ok(())
}

pub async fn whoever_has_no_conversation_left_is_swept(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    let ana = shop.answers("m1", ANA, &[]).await?;
    let bia = shop.answers("m2", BIA, &[]).await?;
    store.delete_conversation(&shop.tenant, &ana.key.conversation).await?;
    let soon = now().checked_add(HOUR).unwrap_or(Timestamp::MAX);
    let is_known = |claim: &crate::Claim| {
        let (store, tenant, id) = (Arc::clone(&store), shop.tenant.clone(), claim.customer.id.clone());
        async move { store.customer(&tenant, &id).await.map(|customer| customer.is_some()) }
    };
    while store.sweep_conversations(&shop.tenant, ago(3_600), 50).await?.is_more {}
    assert!(is_known(&ana).await?, "she wrote just now, if only what was deleted");
    shop.says("m3", BIA, "oi").await?;
    while store.sweep_conversations(&shop.tenant, soon, 50).await?.is_more {}
    assert!(!is_known(&ana).await? && is_known(&bia).await?);
    assert!(store.subject(&shop.tenant, ANA).await?.is_none());
    Ok(())
}
