//! API keys.

use std::sync::Arc;

use super::Outcome;
use super::sample::{at, tenant};
use crate::{ApiKeyRecord, Scope, Store};

fn key(id: &str, whose: &str, hash_byte: u8, created_at_ms: i64) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id.to_owned(),
        tenant: tenant(whose),
        name: format!("till {id}"),
        prefix: "pt_abcde".to_owned(),
        secret_hash: [hash_byte; 32],
        scopes: vec![Scope::Chat, Scope::Read],
        created_at: at(created_at_ms),
        expires_at: Some(at(1_000_000)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub async fn a_key_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let written = key("k1", "default", 1, 0);
    store.create_key(&written).await?;
    assert_eq!(store.key_by_hash(&[1; 32]).await?, Some(written));
    assert_eq!(store.key_by_hash(&[2; 32]).await?, None);
    let without_end = ApiKeyRecord { expires_at: None, scopes: vec![], ..key("k2", "default", 2, 0) };
    store.create_key(&without_end).await?;
    assert_eq!(store.key_by_hash(&[2; 32]).await?, Some(without_end));
    Ok(())
}

pub async fn a_key_creates_its_tenant(store: Arc<dyn Store>) -> Outcome {
    store.create_key(&key("k1", "shop", 1, 0)).await?;
    store.create_key(&key("k2", "shop", 2, 0)).await?;
    assert_eq!(store.tenants().await?, ["default", "shop"].map(tenant));
    Ok(())
}

pub async fn a_hash_or_an_id_is_taken_once(store: Arc<dyn Store>) -> Outcome {
    store.create_key(&key("k1", "default", 1, 0)).await?;
    assert!(store.create_key(&key("k2", "thief", 1, 0)).await.is_err());
    assert!(store.create_key(&key("k1", "thief", 2, 0)).await.is_err());
    assert_eq!(store.keys(None).await?, [key("k1", "default", 1, 0)]);
    assert_eq!(store.profile(&tenant("thief")).await?, None, "nothing of a refused key stays");
    Ok(())
}

pub async fn a_revoked_key_says_when(store: Arc<dyn Store>) -> Outcome {
    store.create_key(&key("k1", "default", 1, 0)).await?;
    assert!(store.revoke_key("k1", at(5)).await?);
    assert!(!store.revoke_key("k1", at(6)).await?, "once");
    assert!(!store.revoke_key("k2", at(6)).await?, "unknown");
    let revoked = store.key_by_hash(&[1; 32]).await?.and_then(|key| key.revoked_at);
    assert_eq!(revoked, Some(at(5)));
    Ok(())
}

pub async fn a_server_has_keys_until_the_last_is_revoked(store: Arc<dyn Store>) -> Outcome {
    assert!(!store.has_keys().await?);
    store.create_key(&key("k1", "default", 1, 0)).await?;
    store.create_key(&key("k2", "shop", 2, 0)).await?;
    store.revoke_key("k1", at(1)).await?;
    assert!(store.has_keys().await?);
    store.revoke_key("k2", at(2)).await?;
    assert!(!store.has_keys().await?);
    Ok(())
}

pub async fn keys_are_listed_oldest_first(store: Arc<dyn Store>) -> Outcome {
    let (oldest, middle, newest) =
        (key("k9", "default", 1, 1), key("k5", "shop", 2, 2), key("k1", "default", 3, 3));
    for record in [&newest, &oldest, &middle] {
        store.create_key(record).await?;
    }
    assert_eq!(store.keys(Some(&tenant("default"))).await?, [oldest.clone(), newest.clone()]);
    assert_eq!(store.keys(None).await?, [oldest, middle, newest]);
    assert!(store.keys(Some(&tenant("nobody"))).await?.is_empty());
    Ok(())
}

pub async fn a_used_key_says_when_it_was_last_used(store: Arc<dyn Store>) -> Outcome {
    store.create_key(&key("k1", "default", 1, 0)).await?;
    store.touch_key("k1", at(9)).await?;
    store.touch_key("k1", at(4)).await?;
    store.touch_key("unknown", at(9)).await?;
    let used = store.key_by_hash(&[1; 32]).await?.and_then(|key| key.last_used_at);
    assert_eq!(used, Some(at(9)), "a late report does not turn it back");
    Ok(())
}
