//! Tenants and their profiles.

use std::sync::Arc;

use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::TenantProfile;

use super::Outcome;
use super::sample::tenant;
use crate::Store;

fn profile(business_name: &str) -> TenantProfile {
    TenantProfile {
        business_name: business_name.to_owned(),
        description: "sells handmade \"sabonete\" — and 🧼".to_owned(),
        hours: "Mon–Fri 9–18".to_owned(),
        allow_emoji: true,
        filter_block: vec!["concorrente".to_owned()],
        ..Default::default()
    }
}

pub async fn a_new_database_works_and_has_the_default_tenant(store: Arc<dyn Store>) -> Outcome {
    let default = TenantId::default_tenant();
    store.check().await?;
    assert_eq!(store.tenants().await?, std::slice::from_ref(&default));
    assert_eq!(store.profile(&default).await?, Some(TenantProfile::default()));
    assert!(store.tenant_version(&default).await?.is_some());
    assert!(store.answers(&default).await?.is_empty());
    Ok(())
}

pub async fn an_unknown_tenant_has_neither_profile_nor_version(store: Arc<dyn Store>) -> Outcome {
    assert_eq!(store.profile(&tenant("nobody")).await?, None);
    assert_eq!(store.tenant_version(&tenant("nobody")).await?, None);
    Ok(())
}

pub async fn a_new_profile_creates_its_tenant(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    store.put_profile(&shop, &profile("Casa Verde")).await?;
    assert_eq!(store.profile(&shop).await?, Some(profile("Casa Verde")));
    assert!(store.tenant_version(&shop).await?.is_some());
    Ok(())
}

pub async fn a_changed_profile_changes_the_version(store: Arc<dyn Store>) -> Outcome {
    let (shop, other) = (tenant("shop"), tenant("other"));
    store.put_profile(&shop, &profile("Casa Verde")).await?;
    store.put_profile(&other, &profile("Otra Tienda")).await?;
    let before = (store.tenant_version(&shop).await?, store.tenant_version(&other).await?);
    store.put_profile(&shop, &profile("Casa Azul")).await?;
    let after = (store.tenant_version(&shop).await?, store.tenant_version(&other).await?);
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1, "another tenant's version stays");
    assert_eq!(store.profile(&shop).await?, Some(profile("Casa Azul")));
    Ok(())
}

pub async fn tenants_are_listed_by_id(store: Arc<dyn Store>) -> Outcome {
    for name in ["zebra", "ana", "mid-1"] {
        store.put_profile(&tenant(name), &profile(name)).await?;
    }
    let expected = ["ana", "default", "mid-1", "zebra"].map(tenant);
    assert_eq!(store.tenants().await?, expected);
    Ok(())
}
