//! Business numbers.

use std::sync::Arc;

use super::Outcome;
use super::channel::{ANA, Shop, number, record};
use super::sample::{at, tenant};
use crate::{NumberRecord, NumberSettings, Sealed, Store};

pub async fn a_number_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let (one, other) = (record("shop", "n2"), record("shop", "n1"));
    assert!(store.put_number(&one).await? && store.put_number(&other).await?);
    assert_eq!(store.numbers().await?, [other, one.clone()], "ordered by tenant and id");
    assert_eq!(store.tenants().await?, ["default", "shop"].map(tenant), "its tenant was made");
    let mut changed = one.clone();
    changed.settings = NumberSettings { returns_after_s: Some(60), shows_images: true, ..changed.settings };
    changed.access_token = Sealed(vec![9]);
    (changed.app_secret, changed.display_number) = (None, None);
    assert!(store.put_number(&changed).await?);
    assert_eq!(store.numbers().await?[1], changed);
    Ok(())
}

pub async fn a_number_belongs_to_one_tenant(store: Arc<dyn Store>) -> Outcome {
    assert!(store.put_number(&record("shop", "n1")).await?);
    assert!(!store.put_number(&record("thief", "n1")).await?);
    assert!(!store.delete_number(&tenant("thief"), &number("n1")).await?);
    assert_eq!(store.numbers().await?, [record("shop", "n1")]);
    assert!(store.delete_number(&tenant("shop"), &number("n1")).await?);
    assert!(store.put_number(&record("thief", "n1")).await?, "nobody's any more");
    Ok(())
}

pub async fn every_change_of_a_number_changes_the_version(store: Arc<dyn Store>) -> Outcome {
    let mut versions = vec![store.numbers_version().await?];
    store.put_number(&record("shop", "n1")).await?;
    versions.push(store.numbers_version().await?);
    store.stop_number(&number("n1"), Some("token"), at(1)).await?;
    versions.push(store.numbers_version().await?);
    store.delete_number(&tenant("shop"), &number("n1")).await?;
    versions.push(store.numbers_version().await?);
    assert_eq!(versions[3], store.numbers_version().await?);
    versions.dedup();
    assert_eq!(versions.len(), 4);
    Ok(())
}

pub async fn a_stopped_number_sends_nothing_and_keeps_its_queue(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "shop");
    store.put_number(&record("shop", shop.number.as_str())).await?;
    shop.answers("m1", ANA, &["r1"]).await?;
    store.stop_number(&shop.number, Some("the token was refused"), at(1)).await?;
    assert!(store.take().await?.is_none() && store.next_send_in().await?.is_none());
    assert_eq!(store.numbers().await?[0].stopped.as_deref(), Some("the token was refused"));
    store.stop_number(&shop.number, None, at(2)).await?;
    assert_eq!(shop.takes().await?.key.id.0, "r1");
    assert_eq!(store.numbers().await?[0].stopped, None);
    Ok(())
}

pub async fn a_deleted_number_sends_nothing_until_it_is_added_again(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "shop");
    store.put_number(&record("shop", shop.number.as_str())).await?;
    let claim = shop.answers("m1", ANA, &["r1"]).await?;
    assert!(store.delete_number(&shop.tenant, &shop.number).await?);
    assert!(store.take().await?.is_none());
    assert!(store.history(&shop.tenant, &claim.key.conversation, 1).await?.conversation.is_some());
    store.put_number(&record("shop", shop.number.as_str())).await?;
    assert_eq!(shop.takes().await?.key.id.0, "r1");
    Ok(())
}

pub async fn a_numbers_secrets_are_sealed_anew_unless_changed_meanwhile(store: Arc<dyn Store>) -> Outcome {
    let old = record("shop", "n1");
    let changed = NumberRecord { access_token: Sealed(vec![8]), ..old.clone() };
    store.put_number(&changed).await?;
    let version = store.numbers_version().await?;
    let anew = |number: &NumberRecord| NumberRecord { access_token: Sealed(vec![9]), ..number.clone() };
    assert!(!store.reseal_number(&old, &anew(&old)).await?);
    assert_eq!((store.numbers().await?, store.numbers_version().await?), (vec![changed.clone()], version));
    let mut after = anew(&changed);
    after.settings.shows_images = !after.settings.shows_images;
    assert!(store.reseal_number(&changed, &after).await?);
    assert_ne!(store.numbers_version().await?, version, "whoever has opened them looks again");
    assert_eq!(store.numbers().await?, [anew(&changed)], "and nothing else changes");
    Ok(())
}
