//! Tenants' own keys at model vendors.

use std::sync::Arc;

use pytake_assistant::Author;
use pytake_assistant::router::OwnKeys;
use secrecy::{ExposeSecret, SecretString};

use super::Outcome;
use super::sample::{at, tenant};
use crate::{
    NewProviderKey, ProviderKeyRecord, ProviderKeyring, Sealed, Sealer, SealingKey, Store, reseal, unopened,
};

fn key(whose: &str, provider: &str, sealed: u8) -> ProviderKeyRecord {
    ProviderKeyRecord {
        tenant: tenant(whose),
        provider: provider.to_owned(),
        sealed: Sealed(vec![1, sealed, 0, 255]),
        hint: "wxyz".to_owned(),
        created_at: at(i64::from(sealed)),
        author: Author::operator("ana"),
    }
}

pub async fn a_provider_key_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let (first, second, other) =
        (key("shop", "anthropic", 1), key("shop", "openai", 2), key("other", "openai", 3));
    for key in [&second, &other, &first] {
        store.put_provider_key(key).await?;
    }
    assert_eq!(store.provider_keys(Some(&tenant("shop"))).await?, [first.clone(), second.clone()]);
    assert_eq!(store.provider_keys(None).await?, [other, first, second], "by tenant and provider");
    assert!(store.provider_keys(Some(&tenant("nobody"))).await?.is_empty());
    Ok(())
}

pub async fn a_new_provider_key_replaces_the_one_before(store: Arc<dyn Store>) -> Outcome {
    store.put_provider_key(&key("shop", "openai", 1)).await?;
    let new =
        ProviderKeyRecord { hint: "4321".to_owned(), author: Author::key("k1"), ..key("shop", "openai", 2) };
    store.put_provider_key(&new).await?;
    assert_eq!(store.provider_keys(Some(&tenant("shop"))).await?, [new]);
    Ok(())
}

pub async fn a_deleted_provider_key_is_gone(store: Arc<dyn Store>) -> Outcome {
    store.put_provider_key(&key("shop", "openai", 1)).await?;
    assert!(!store.delete_provider_key(&tenant("other"), "openai").await?, "another tenant's");
    assert!(!store.delete_provider_key(&tenant("shop"), "anthropic").await?, "another provider's");
    assert!(store.delete_provider_key(&tenant("shop"), "openai").await?);
    assert!(!store.delete_provider_key(&tenant("shop"), "openai").await?, "once");
    assert!(store.provider_keys(None).await?.is_empty());
    Ok(())
}

pub async fn every_change_of_a_provider_key_changes_the_tenants_version(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    let mut versions = vec![store.tenant_version(&shop).await?];
    store.put_provider_key(&key("shop", "openai", 1)).await?;
    versions.push(store.tenant_version(&shop).await?);
    store.put_provider_key(&key("shop", "openai", 2)).await?;
    versions.push(store.tenant_version(&shop).await?);
    store.reseal_provider_key(&key("shop", "openai", 2), &Sealed(vec![9])).await?;
    versions.push(store.tenant_version(&shop).await?);
    store.delete_provider_key(&shop, "openai").await?;
    versions.push(store.tenant_version(&shop).await?);
    assert!(versions.windows(2).all(|pair| pair[0] != pair[1]), "{versions:?}");
    let before = store.tenant_version(&shop).await?;
    store.put_provider_key(&key("other", "openai", 1)).await?;
    store.delete_provider_key(&shop, "openai").await?;
    assert_eq!(store.tenant_version(&shop).await?, before, "nothing of it changed");
    Ok(())
}

pub async fn a_provider_key_is_sealed_anew_unless_changed_meanwhile(store: Arc<dyn Store>) -> Outcome {
    let (old, new) = (key("shop", "openai", 1), key("shop", "openai", 2));
    store.put_provider_key(&new).await?;
    assert!(!store.reseal_provider_key(&old, &Sealed(vec![9])).await?);
    assert_eq!(store.provider_keys(None).await?, std::slice::from_ref(&new));
    assert!(store.reseal_provider_key(&new, &Sealed(vec![9])).await?);
    let expected = ProviderKeyRecord { sealed: Sealed(vec![9]), ..new };
    assert_eq!(store.provider_keys(None).await?, [expected], "and nothing else changes");
    Ok(())
}

pub async fn a_replaced_sealing_key_can_go_once_everything_is_sealed_anew(store: Arc<dyn Store>) -> Outcome {
    let key = || SealingKey::generate().expect("randomness");
    let (old, new, strange) = (key(), key(), key());
    let keyring =
        |keys: Vec<SealingKey>| ProviderKeyring::new(Arc::clone(&store) as _, Arc::new(Sealer::new(keys)));
    let draft = |whose: &str, provider: &str| NewProviderKey {
        tenant: tenant(whose),
        provider: provider.to_owned(),
        key: SecretString::from(format!("sk-of-{whose}-at-{provider}")),
        author: Author::command(),
    };
    let put = async |keys: Vec<SealingKey>, whose: &str, provider: &str| {
        keyring(keys).put(draft(whose, provider), at(0)).await.expect("a key that can be sealed");
    };
    put(vec![old.clone()], "shop", "openai").await;
    put(vec![strange], "shop", "anthropic").await;
    put(vec![new.clone()], "other", "openai").await;
    let both = Sealer::new(vec![new.clone(), old]);
    let found = reseal(&*store, &both).await.expect("a key to seal with");
    assert_eq!((found.numbers, found.provider_keys, found.current), (0, 1, 1));
    let lost = vec!["key …opic at anthropic, tenant shop".to_owned()];
    assert_eq!((&found.unopened, &unopened(&*store, &both).await?), (&lost, &lost));
    let opened = keyring(vec![new]).own_keys(&tenant("shop")).await?;
    let secret =
        |provider: &str| opened[provider].secret.as_ref().map(|secret| secret.expose_secret().to_owned());
    assert_eq!(secret("openai").as_deref(), Some("sk-of-shop-at-openai"), "without the old key");
    assert_eq!(secret("anthropic"), None);
    Ok(())
}
