//! Batches: made once, served in turns, finished item by item.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::id::TenantId;

use super::Outcome;
use super::keys::key;
use crate::{Creation, JobState, NewJob, Store, Swept};

const LEASE: Duration = Duration::from_mins(10);

fn job(tenant: &str, id: &str, items: usize) -> NewJob {
    NewJob {
        id: id.to_owned(),
        tenant: TenantId::new(tenant).expect("a valid tenant"),
        author: Author::key("k1"),
        idempotency_key: None,
        fingerprint: [u8::try_from(items).expect("few items"); 32],
        items: (0..items).map(|place| format!("{{\"place\":{place}}}")).collect(),
        most_open: 100,
        at: Timestamp::UNIX_EPOCH,
    }
}

pub async fn a_batch_is_worked_on_in_order_until_it_is_done(store: Arc<dyn Store>) -> Outcome {
    let tenant = job("shop", "j1", 2).tenant;
    assert_eq!(store.create_job(job("shop", "j1", 2)).await?, Creation::Created);
    for place in 0..2 {
        let item = store.claim_item(LEASE, &[]).await?.expect("an item waits");
        assert_eq!((item.position, item.tries), (place, 1));
        assert_eq!(item.request, format!("{{\"place\":{place}}}"));
        let after = store.finish_item(&item, if place == 0 { 200 } else { 400 }, "{}").await?;
        let after = after.expect("the first result");
        let state = if place == 0 { JobState::Open } else { JobState::Done };
        assert_eq!((after.state, after.finished, after.failed), (state, place + 1, place));
        assert_eq!(after.finished_at.is_some(), state == JobState::Done);
    }
    assert_eq!(store.claim_item(LEASE, &[]).await?, None);
    let results = store.job_items(&tenant, "j1", 0, 10).await?;
    assert_eq!(results.iter().map(|item| item.status).collect::<Vec<_>>(), [Some(200), Some(400)]);
    Ok(())
}

pub async fn batches_take_turns(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("large", "j1", 3)).await?;
    store.create_job(job("small", "j2", 1)).await?;
    let mut order = Vec::new();
    while let Some(item) = store.claim_item(LEASE, &[]).await? {
        order.push(item.job);
    }
    assert_eq!(order, ["j1", "j2", "j1", "j1"]);
    Ok(())
}

pub async fn a_batch_that_is_sent_again_is_made_once(store: Arc<dyn Store>) -> Outcome {
    let named =
        |tenant, id, items| NewJob { idempotency_key: Some("monday".into()), ..job(tenant, id, items) };
    assert_eq!(store.create_job(named("shop", "j1", 2)).await?, Creation::Created);
    let Creation::Known(known) = store.create_job(named("shop", "j2", 2)).await? else {
        panic!("the same batch is known");
    };
    assert_eq!(known.id, "j1");
    assert_eq!(store.create_job(named("shop", "j3", 3)).await?, Creation::NameTaken);
    assert_eq!(store.create_job(named("other", "j4", 3)).await?, Creation::Created);
    let listed = store.jobs(&named("shop", "", 1).tenant, None, 10).await?;
    assert_eq!(listed.items.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["j1"]);
    Ok(())
}

pub async fn an_item_that_was_given_back_is_taken_again(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("shop", "j1", 1)).await?;
    let item = store.claim_item(LEASE, &[]).await?.expect("an item waits");
    assert_eq!(store.claim_item(LEASE, &[]).await?, None, "somebody has it");
    store.postpone_item(&item, Duration::ZERO).await?;
    let again = store.claim_item(LEASE, &[]).await?.expect("it waits again");
    assert_eq!(again.tries, 2);
    assert_eq!(store.release_items().await?, 1, "its holder died");
    assert_eq!(store.claim_item(LEASE, &[]).await?.map(|item| item.tries), Some(3));
    Ok(())
}

pub async fn a_result_counts_once_and_not_after_the_end(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("shop", "j1", 2)).await?;
    let first = store.claim_item(LEASE, &[]).await?.expect("an item waits");
    let second = store.claim_item(LEASE, &[]).await?.expect("another one waits");
    assert!(store.finish_item(&first, 200, "{}").await?.is_some());
    assert!(store.finish_item(&first, 200, "{}").await?.is_none());
    let cancelled = store.cancel_job(&first.tenant, "j1").await?.expect("it is there");
    assert_eq!((cancelled.state, cancelled.finished), (JobState::Cancelled, 1));
    assert!(store.finish_item(&second, 200, "{}").await?.is_none());
    store.postpone_item(&second, Duration::ZERO).await?;
    assert_eq!(store.claim_item(LEASE, &[]).await?, None);
    Ok(())
}

pub async fn a_batch_of_another_tenant_is_not_there(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("shop", "j1", 1)).await?;
    let other = TenantId::new("other").expect("a valid tenant");
    assert_eq!(store.job(&other, "j1").await?, None);
    assert_eq!(store.cancel_job(&other, "j1").await?, None);
    assert!(store.job_items(&other, "j1", 0, 10).await?.is_empty());
    assert!(store.jobs(&other, None, 10).await?.items.is_empty());
    Ok(())
}

pub async fn old_batches_are_swept_and_open_ones_stay(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("shop", "j1", 1)).await?;
    store.create_job(job("shop", "j2", 1)).await?;
    let item = store.claim_item(LEASE, &[]).await?.expect("an item waits");
    store.finish_item(&item, 200, "{}").await?;
    assert_eq!(store.sweep_jobs(Timestamp::MAX, 10).await?, Swept { done: 1, rows: 2, is_more: false });
    assert_eq!(store.job(&item.tenant, "j1").await?, None);
    assert!(store.job(&item.tenant, "j2").await?.is_some());
    Ok(())
}

pub async fn a_large_old_batch_is_swept_a_few_items_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let tenant = job("shop", "j1", 5).tenant;
    store.create_job(job("shop", "j1", 5)).await?;
    store.cancel_job(&tenant, "j1").await?;
    let mut left = Vec::new();
    while store.sweep_jobs(Timestamp::MAX, 2).await?.is_more {
        left.push(store.job_items(&tenant, "j1", 0, 10).await?.len());
    }
    assert_eq!(left, [3, 1, 0]);
    assert_eq!(store.job(&tenant, "j1").await?, None);
    Ok(())
}

pub async fn a_batch_of_somebody_who_is_passed_over_waits(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("large", "j1", 3)).await?;
    store.create_job(job("small", "j2", 1)).await?;
    let large = job("large", "", 1).tenant;
    let first = store.claim_item(LEASE, std::slice::from_ref(&large)).await?.expect("another one waits");
    assert_eq!(first.job, "j2");
    assert_eq!(store.claim_item(LEASE, std::slice::from_ref(&large)).await?, None);
    assert_eq!(store.claim_item(LEASE, &[]).await?.map(|item| item.job).as_deref(), Some("j1"));
    Ok(())
}

pub async fn a_batch_of_a_suspended_tenant_waits_and_goes_on(store: Arc<dyn Store>) -> Outcome {
    let new = job("shop", "j1", 2);
    let tenant = new.tenant.clone();
    store.create_job(new).await?;
    store.set_suspended(&tenant, Some(Timestamp::UNIX_EPOCH)).await?;
    assert_eq!(store.claim_item(LEASE, &[]).await?, None);
    store.set_suspended(&tenant, None).await?;
    assert_eq!(store.claim_item(LEASE, &[]).await?.map(|item| item.position), Some(0));
    Ok(())
}

pub async fn an_item_that_only_waited_has_not_been_tried(store: Arc<dyn Store>) -> Outcome {
    store.create_job(job("shop", "j1", 1)).await?;
    for _ in 0..3 {
        let item = store.claim_item(LEASE, &[]).await?.expect("it waits");
        assert_eq!((item.tries, item.since), (1, Timestamp::UNIX_EPOCH));
        store.defer_item(&item, Duration::ZERO).await?;
    }
    let item = store.claim_item(LEASE, &[]).await?.expect("it waits");
    store.defer_item(&item, LEASE).await?;
    assert_eq!(store.claim_item(LEASE, &[]).await?, None, "not before its time");
    Ok(())
}

pub async fn a_tenant_has_so_many_open_batches_and_no_more(store: Arc<dyn Store>) -> Outcome {
    let small = |tenant, id| NewJob { most_open: 1, ..job(tenant, id, 1) };
    assert_eq!(store.create_job(small("shop", "j1")).await?, Creation::Created);
    assert_eq!(store.create_job(small("shop", "j2")).await?, Creation::TooMany);
    assert_eq!(store.create_job(small("other", "j3")).await?, Creation::Created);
    store.cancel_job(&small("shop", "").tenant, "j1").await?;
    assert_eq!(store.create_job(small("shop", "j4")).await?, Creation::Created);
    Ok(())
}

pub async fn a_revoked_key_ends_its_batches(store: Arc<dyn Store>) -> Outcome {
    let by = |id: &str, tenant, name| NewJob { author: Author::key(id), ..job(tenant, name, 2) };
    store.create_key(&key("k1", "shop", 1, 0)).await?;
    store.create_key(&key("k2", "shop", 2, 0)).await?;
    store.create_job(by("k1", "shop", "j1")).await?;
    store.create_job(by("k1", "other", "j2")).await?;
    store.create_job(by("k2", "shop", "j3")).await?;
    let shop = job("shop", "", 1).tenant;
    assert!(store.revoke_key(Some(&shop), "k1", Timestamp::UNIX_EPOCH).await?);
    let item = store.claim_item(LEASE, &[]).await?.expect("the other key's waits");
    assert_eq!(item.job, "j3");
    let state = store.job(&shop, "j1").await?.map(|job| job.state);
    assert_eq!(state, Some(JobState::Cancelled));
    Ok(())
}
