//! Tenants' own intents.

use std::sync::Arc;

use pytake_assistant::intents::{Intent, IntentSet, IntentSetVersion, KEPT_VERSIONS};
use serde_json::json;

use super::Outcome;
use super::sample::{at, tenant};
use crate::Store;

fn set(version: u64, name: &str) -> IntentSet {
    let intent = Intent {
        name: name.to_owned(),
        description: "quer saber do frete".to_owned(),
        department: Some("logística".to_owned()),
        examples: vec!["quanto é o frete?".to_owned(), "e o envio, \"quanto\" custa?\n".to_owned()],
        corrections: vec!["cep 01310-100".to_owned()],
    };
    IntentSet {
        version,
        change: format!("intent {name}"),
        created_at: at(i64::try_from(version).unwrap_or(0)),
        intents: vec![intent, Intent { name: "only a name".to_owned(), ..Intent::default() }],
        report: json!({ "too_few": [name] }),
    }
}

pub async fn a_set_of_intents_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    assert_eq!(store.intent_set(&shop).await?, None);
    assert_eq!(store.intent_model(&shop, 1).await?, None);
    assert!(store.put_intent_set(&shop, &set(1, "frete"), &[0, 159, 146, 150]).await?);
    assert_eq!(store.intent_set(&shop).await?, Some(set(1, "frete")));
    assert_eq!(store.intent_set_version(&shop, 1).await?, Some(set(1, "frete")));
    assert_eq!(store.intent_model(&shop, 1).await?, Some(vec![0, 159, 146, 150]));
    Ok(())
}

pub async fn only_the_next_version_of_a_set_is_stored(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    assert!(!store.put_intent_set(&shop, &set(2, "frete"), b"m").await?);
    assert!(store.put_intent_set(&shop, &set(1, "frete"), b"m").await?);
    assert!(!store.put_intent_set(&shop, &set(1, "troca"), b"m").await?);
    assert!(!store.put_intent_set(&shop, &set(3, "troca"), b"m").await?);
    assert_eq!(store.intent_set(&shop).await?, Some(set(1, "frete")));
    Ok(())
}

pub async fn a_set_that_was_replaced_keeps_its_intents_and_loses_its_model(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_intent_set(&shop, &set(1, "frete"), b"one").await?;
    store.put_intent_set(&shop, &set(2, "troca"), b"two").await?;
    assert_eq!(store.intent_set(&shop).await?, Some(set(2, "troca")));
    assert_eq!(store.intent_set_version(&shop, 1).await?, Some(set(1, "frete")));
    assert_eq!(store.intent_model(&shop, 1).await?, None);
    assert_eq!(store.intent_model(&shop, 2).await?, Some(b"two".to_vec()));
    let version = |version, change: &str| IntentSetVersion {
        version,
        change: change.to_owned(),
        created_at: at(version.cast_signed()),
    };
    assert_eq!(
        store.intent_set_versions(&shop).await?,
        [version(2_u64, "intent troca"), version(1, "intent frete")]
    );
    Ok(())
}

pub async fn the_oldest_versions_of_a_set_are_forgotten(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    for version in 1..=KEPT_VERSIONS + 2 {
        assert!(store.put_intent_set(&shop, &set(version, "frete"), b"m").await?);
    }
    let versions: Vec<u64> =
        store.intent_set_versions(&shop).await?.into_iter().map(|version| version.version).collect();
    assert_eq!(versions, (3..=KEPT_VERSIONS + 2).rev().collect::<Vec<_>>());
    assert_eq!(store.intent_set_version(&shop, 2).await?, None);
    Ok(())
}

pub async fn changed_intents_change_the_tenants_version(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("new-shop");
    store.put_intent_set(&shop, &set(1, "frete"), b"m").await?;
    let before = store.tenant_version(&shop).await?;
    assert!(before.is_some(), "the intents of a new tenant create it");
    store.put_intent_set(&shop, &set(1, "troca"), b"m").await?;
    assert_eq!(store.tenant_version(&shop).await?, before, "nothing changed, so the version stays");
    store.put_intent_set(&shop, &set(2, "troca"), b"m").await?;
    assert_ne!(store.tenant_version(&shop).await?, before);
    Ok(())
}

pub async fn every_tenant_has_its_own_intents(store: Arc<dyn Store>) -> Outcome {
    let (left, right) = (tenant("left"), tenant("right"));
    store.put_intent_set(&left, &set(1, "frete"), b"left").await?;
    assert_eq!(store.intent_set(&right).await?, None);
    assert_eq!(store.intent_set_version(&right, 1).await?, None);
    assert_eq!(store.intent_model(&right, 1).await?, None);
    assert!(store.intent_set_versions(&right).await?.is_empty());
    store.put_intent_set(&right, &set(1, "troca"), b"right").await?;
    assert_eq!(store.intent_set(&left).await?, Some(set(1, "frete")));
    Ok(())
}
