//! API keys.

use std::sync::Arc;

use super::Outcome;
use super::sample::{at, tenant};
use crate::{ApiKeyRecord, ENDED_KEYS_KEPT, NewSecret, PreviousSecret, Scope, StorageError, Store};

pub(super) fn key(id: &str, whose: &str, hash_byte: u8, created_at_ms: i64) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id.to_owned(),
        tenant: tenant(whose),
        name: format!("till {id}"),
        prefix: "pt_abcde".to_owned(),
        secret_hash: [hash_byte; 32],
        previous: None,
        scopes: vec![Scope::Chat, Scope::Read],
        requests_per_minute: None,
        created_at: at(created_at_ms),
        expires_at: Some(at(1_000_000)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub async fn a_key_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let written = key("k1", "default", 1, 0);
    store.create_key(&written).await?;
    assert_eq!(store.key_by_hash(&[1; 32]).await?.map(|known| known.key), Some(written));
    assert_eq!(store.key_by_hash(&[2; 32]).await?, None);
    let without_end = ApiKeyRecord { expires_at: None, scopes: vec![], ..key("k2", "default", 2, 0) };
    store.create_key(&without_end).await?;
    assert_eq!(store.key_by_hash(&[2; 32]).await?.map(|known| known.key), Some(without_end));
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
    assert!(store.revoke_key(None, "k1", at(5)).await?);
    assert!(!store.revoke_key(None, "k1", at(6)).await?, "once");
    assert!(!store.revoke_key(None, "k2", at(6)).await?, "unknown");
    let revoked = store.key_by_hash(&[1; 32]).await?.and_then(|known| known.key.revoked_at);
    assert_eq!(revoked, Some(at(5)));
    Ok(())
}

pub async fn a_rotated_key_knows_the_secret_before(store: Arc<dyn Store>) -> Outcome {
    let first = key("k1", "default", 1, 0);
    store.create_key(&first).await?;
    let secret = |replaced, byte, until| NewSecret {
        replaces: [replaced; 32],
        prefix: format!("pt_{byte}"),
        secret_hash: [byte; 32],
        previous_until: at(until),
    };
    let second = store.rotate_key(Some(&tenant("default")), "k1", &secret(1, 2, 50)).await?;
    let expected = ApiKeyRecord {
        prefix: "pt_2".to_owned(),
        secret_hash: [2; 32],
        previous: Some(PreviousSecret { secret_hash: [1; 32], valid_until: at(50) }),
        ..first
    };
    assert_eq!(second.as_ref(), Some(&expected), "everything else stays");
    assert_eq!(store.key_by_hash(&[1; 32]).await?.map(|known| known.key).as_ref(), Some(&expected));
    assert_eq!(store.key_by_hash(&[2; 32]).await?.map(|known| known.key).as_ref(), Some(&expected));
    let overtaken = store.rotate_key(None, "k1", &secret(1, 9, 60)).await?;
    assert_eq!(overtaken, None, "somebody else has rotated it since it was read");
    store.rotate_key(None, "k1", &secret(2, 3, 70)).await?;
    assert_eq!(store.key_by_hash(&[1; 32]).await?, None, "only one secret before");
    store.revoke_key(None, "k1", at(5)).await?;
    assert_eq!(store.rotate_key(None, "k1", &secret(3, 4, 90)).await?, None, "revoked");
    assert_eq!(store.rotate_key(None, "k2", &secret(3, 4, 90)).await?, None, "unknown");
    Ok(())
}

pub async fn a_key_of_another_tenant_does_not_exist(store: Arc<dyn Store>) -> Outcome {
    let (own, other) = (tenant("default"), tenant("shop"));
    store.create_key(&key("k1", "default", 1, 0)).await?;
    let secret = NewSecret {
        replaces: [1; 32],
        prefix: "pt_2".to_owned(),
        secret_hash: [2; 32],
        previous_until: at(0),
    };
    assert_eq!(store.key(&other, "k1").await?, None);
    assert_eq!(store.rotate_key(Some(&other), "k1", &secret).await?, None);
    assert!(!store.revoke_key(Some(&other), "k1", at(5)).await?);
    assert_eq!(store.key(&own, "k1").await?, Some(key("k1", "default", 1, 0)), "untouched");
    assert!(store.revoke_key(Some(&own), "k1", at(5)).await?);
    Ok(())
}

pub async fn a_server_has_keys_until_the_last_is_revoked(store: Arc<dyn Store>) -> Outcome {
    assert!(!store.has_keys().await? && !store.had_keys().await?);
    store.create_key(&key("k1", "default", 1, 0)).await?;
    store.create_key(&key("k2", "shop", 2, 0)).await?;
    store.revoke_key(None, "k1", at(1)).await?;
    assert!(store.has_keys().await?);
    store.revoke_key(None, "k2", at(2)).await?;
    assert!(!store.has_keys().await?);
    assert!(store.had_keys().await?, "there were some");
    Ok(())
}

pub async fn keys_that_ended_first_are_forgotten(store: Arc<dyn Store>) -> Outcome {
    let hash = |n: usize| {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(n as u64 + 1).to_le_bytes());
        hash
    };
    let named = |id: String, n: usize, expires_at| ApiKeyRecord {
        secret_hash: hash(n),
        expires_at,
        ..key(&id, "shop", 0, 0)
    };
    let endless = named("endless".to_owned(), 900, None);
    store.create_key(&endless).await?;
    let other = ApiKeyRecord { tenant: tenant("other"), ..named("other".to_owned(), 901, Some(at(1))) };
    store.create_key(&other).await?;
    store.create_key(&named("expired".to_owned(), 902, Some(at(5)))).await?;
    for n in 0..ENDED_KEYS_KEPT {
        let id = format!("k{n:03}");
        store.create_key(&named(id.clone(), n, None)).await?;
        store.revoke_key(None, &id, at(10 + i64::try_from(n).unwrap_or_default())).await?;
    }
    assert!(store.key(&tenant("shop"), "expired").await?.is_some(), "not one too many yet");
    let last = ApiKeyRecord { created_at: at(5), ..named("last".to_owned(), 903, None) };
    store.create_key(&last).await?;
    assert_eq!(store.key(&tenant("shop"), "expired").await?, None, "it ended before all others");
    assert!(store.key(&tenant("shop"), "k000").await?.is_some());
    let listed = store.keys(Some(&tenant("shop"))).await?;
    assert_eq!(listed.len(), ENDED_KEYS_KEPT + 2, "those in force are not counted");
    assert_eq!(store.keys(Some(&tenant("other"))).await?.len(), 1, "another tenant's stay");
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
    let used = store.key_by_hash(&[1; 32]).await?.and_then(|known| known.key.last_used_at);
    assert_eq!(used, Some(at(9)), "a late report does not turn it back");
    Ok(())
}

pub async fn a_key_says_whether_its_tenant_is_suspended(store: Arc<dyn Store>) -> Outcome {
    store.create_key(&key("k1", "shop", 1, 0)).await?;
    store.create_key(&key("k2", "default", 2, 0)).await?;
    store.set_suspended(&tenant("shop"), Some(at(5))).await?;
    let is_suspended = async |byte| {
        Ok::<_, StorageError>(store.key_by_hash(&[byte; 32]).await?.map(|known| known.is_suspended))
    };
    assert_eq!((is_suspended(1).await?, is_suspended(2).await?), (Some(true), Some(false)));
    store.set_suspended(&tenant("shop"), None).await?;
    assert_eq!(is_suspended(1).await?, Some(false));
    Ok(())
}
