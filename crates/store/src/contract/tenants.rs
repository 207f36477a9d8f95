//! Tenants, their profiles and their settings.

use std::sync::Arc;

use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_assistant::intents::IntentSet;
use pytake_assistant::tenant::{
    Edit, KEPT_TENANT_VERSIONS, NewTenant, PutVersion, TenantEntry, TenantLimits, TenantPart, TenantProfile,
    TenantSettings, TenantVersion,
};

use serde_json::json;

use super::Outcome;
use super::sample::{at, tenant};
use crate::{StorageError, Store};

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

fn settings(requests_per_minute: u32) -> TenantSettings {
    let limits = TenantLimits { requests_per_minute: Some(requests_per_minute), ..TenantLimits::default() };
    TenantSettings { limits, ..TenantSettings::default() }
}

fn edit(note: &str, based_on: Option<u64>) -> Edit {
    Edit { author: Author::key("k1"), note: note.to_owned(), based_on }
}

async fn put(store: &Arc<dyn Store>, whose: &TenantId, profile: &TenantProfile) -> Outcome {
    store.put_profile(whose, profile, &Edit::by(Author::open()), at(0)).await.map(drop)
}

async fn put_limit(
    store: &Arc<dyn Store>,
    whose: &TenantId,
    requests_per_minute: u32,
    based_on: Option<u64>,
) -> Result<PutVersion, StorageError> {
    let note = format!("limit {requests_per_minute}");
    let at = at(requests_per_minute.into());
    store.put_settings(whose, &settings(requests_per_minute), &edit(&note, based_on), at).await
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
    put(&store, &shop, &profile("Casa Verde")).await?;
    assert_eq!(store.profile(&shop).await?, Some(profile("Casa Verde")));
    assert!(store.tenant_version(&shop).await?.is_some());
    Ok(())
}

pub async fn a_changed_profile_changes_the_version(store: Arc<dyn Store>) -> Outcome {
    let (shop, other) = (tenant("shop"), tenant("other"));
    put(&store, &shop, &profile("Casa Verde")).await?;
    put(&store, &other, &profile("Otra Tienda")).await?;
    let before = (store.tenant_version(&shop).await?, store.tenant_version(&other).await?);
    put(&store, &shop, &profile("Casa Azul")).await?;
    let after = (store.tenant_version(&shop).await?, store.tenant_version(&other).await?);
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1, "another tenant's version stays");
    assert_eq!(store.profile(&shop).await?, Some(profile("Casa Azul")));
    Ok(())
}

pub async fn tenants_are_listed_by_id(store: Arc<dyn Store>) -> Outcome {
    for name in ["zebra", "ana", "mid-1"] {
        put(&store, &tenant(name), &profile(name)).await?;
    }
    let expected = ["ana", "default", "mid-1", "zebra"].map(tenant);
    assert_eq!(store.tenants().await?, expected);
    Ok(())
}

pub async fn a_new_tenant_has_what_it_was_made_with(store: Arc<dyn Store>) -> Outcome {
    let new =
        NewTenant { id: tenant("shop"), profile: Some(profile("Casa Verde")), settings: Some(settings(5)) };
    assert!(store.create_tenant(&new, &edit("a customer", None), at(7)).await?);
    let made = store.tenant(&tenant("shop")).await?.expect("it was made");
    assert_eq!((made.created_at, made.suspended_at, made.settings), (Some(at(7)), None, settings(5)));
    assert_eq!(store.profile(&tenant("shop")).await?, Some(profile("Casa Verde")));
    for part in [TenantPart::Profile, TenantPart::Settings] {
        let (author, note) = (Author::key("k1"), "a customer".to_owned());
        let first = TenantVersion { version: 1, author, note, created_at: at(7) };
        assert_eq!(store.tenant_versions(&tenant("shop"), part).await?, [first]);
    }
    let bare = NewTenant { id: tenant("bare"), profile: None, settings: None };
    assert!(store.create_tenant(&bare, &edit("", Some(9)), at(8)).await?);
    assert_eq!(
        store.tenant(&tenant("bare")).await?.map(|made| made.settings),
        Some(TenantSettings::default())
    );
    assert!(store.tenant_versions(&tenant("bare"), TenantPart::Settings).await?.is_empty());
    assert_eq!(store.settings_version(&tenant("bare"), None).await?, None);
    Ok(())
}

pub async fn a_tenant_is_made_once(store: Arc<dyn Store>) -> Outcome {
    put(&store, &tenant("shop"), &profile("Casa Verde")).await?;
    let before = store.tenant_version(&tenant("shop")).await?;
    let again =
        NewTenant { id: tenant("shop"), profile: Some(profile("Thief")), settings: Some(settings(5)) };
    assert!(!store.create_tenant(&again, &edit("", None), at(7)).await?);
    assert_eq!(store.profile(&tenant("shop")).await?, Some(profile("Casa Verde")));
    assert_eq!(store.tenant_version(&tenant("shop")).await?, before, "nothing changed");
    assert_eq!(store.tenant(&tenant("nobody")).await?, None);
    Ok(())
}

pub async fn a_tenant_made_on_the_way_says_when(store: Arc<dyn Store>) -> Outcome {
    store.put_profile(&tenant("shop"), &profile("Casa Verde"), &edit("", None), at(7)).await?;
    store.put_profile(&tenant("shop"), &profile("Casa Azul"), &edit("", None), at(8)).await?;
    assert_eq!(store.tenant(&tenant("shop")).await?.and_then(|made| made.created_at), Some(at(7)));
    let set = IntentSet {
        version: 1,
        change: String::new(),
        created_at: at(9),
        intents: vec![],
        report: json!({}),
    };
    assert!(store.put_intent_set(&tenant("other"), &set, b"").await?);
    assert_eq!(store.tenant(&tenant("other")).await?.and_then(|made| made.created_at), Some(at(9)));
    Ok(())
}

pub async fn a_suspended_tenant_says_since_when_until_it_goes_on(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    put(&store, &shop, &profile("Casa Verde")).await?;
    let before = store.tenant_version(&shop).await?;
    let since =
        |tenant: Option<pytake_assistant::tenant::Tenant>| tenant.and_then(|tenant| tenant.suspended_at);
    assert_eq!(since(store.set_suspended(&shop, Some(at(1))).await?), Some(at(1)));
    assert_ne!(store.tenant_version(&shop).await?, before, "turns see it at once");
    assert_eq!(since(store.set_suspended(&shop, Some(at(2))).await?), Some(at(1)), "it already was");
    assert_eq!(since(store.tenant(&shop).await?), Some(at(1)));
    assert_eq!(store.set_suspended(&shop, None).await?.map(|tenant| tenant.suspended_at), Some(None));
    assert_eq!(store.set_suspended(&tenant("nobody"), Some(at(1))).await?, None);
    assert_eq!(store.tenant(&tenant("nobody")).await?, None);
    Ok(())
}

pub async fn changed_settings_are_a_new_version(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    put(&store, &shop, &profile("Casa Verde")).await?;
    let before = store.tenant_version(&shop).await?;
    assert_eq!(put_limit(&store, &shop, 5, None).await?, PutVersion::Stored(1));
    assert_ne!(store.tenant_version(&shop).await?, before, "turns see it at once");
    assert_eq!(put_limit(&store, &shop, 6, Some(1)).await?, PutVersion::Stored(2));
    assert_eq!(store.tenant(&shop).await?.map(|tenant| tenant.settings), Some(settings(6)));
    let first = store.settings_version(&shop, Some(1)).await?.expect("it is kept");
    assert_eq!(
        (first.value, first.version.note.as_str(), first.version.created_at),
        (settings(5), "limit 5", at(5))
    );
    let newest = store.settings_version(&shop, None).await?.expect("there is one");
    assert_eq!((newest.value, newest.version.version), (settings(6), 2));
    assert_eq!(store.settings_version(&shop, Some(3)).await?, None);
    let listed = store.tenant_versions(&shop, TenantPart::Settings).await?;
    assert_eq!(listed, [newest.version, first.version]);
    Ok(())
}

pub async fn a_change_of_another_version_than_the_newest_is_stale(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    assert_eq!(put_limit(&store, &shop, 5, Some(1)).await?, PutVersion::Stale);
    assert_eq!(store.tenant(&shop).await?, None, "a refused change makes no tenant");
    assert_eq!(put_limit(&store, &shop, 5, Some(0)).await?, PutVersion::Stored(1));
    assert_eq!(put_limit(&store, &shop, 6, Some(0)).await?, PutVersion::Stale);
    assert_eq!(store.tenant(&shop).await?.map(|tenant| tenant.settings), Some(settings(5)));
    assert_eq!(store.put_profile(&shop, &profile("a"), &edit("", Some(1)), at(0)).await?, PutVersion::Stale);
    assert_eq!(
        store.put_profile(&shop, &profile("a"), &edit("", Some(0)), at(0)).await?,
        PutVersion::Stored(1)
    );
    Ok(())
}

pub async fn what_already_is_so_makes_no_version(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    put_limit(&store, &shop, 5, None).await?;
    let before = store.tenant_version(&shop).await?;
    assert_eq!(put_limit(&store, &shop, 5, None).await?, PutVersion::Stored(1));
    assert_eq!(store.tenant_version(&shop).await?, before);
    Ok(())
}

pub async fn the_oldest_versions_of_each_part_are_forgotten(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    put(&store, &shop, &profile("Casa Verde")).await?;
    for number in 1..=u32::try_from(KEPT_TENANT_VERSIONS).unwrap_or(u32::MAX) + 2 {
        put_limit(&store, &shop, number, None).await?;
    }
    let listed = store.tenant_versions(&shop, TenantPart::Settings).await?;
    let versions: Vec<u64> = listed.into_iter().map(|version| version.version).collect();
    assert_eq!(versions, (3..=KEPT_TENANT_VERSIONS + 2).rev().collect::<Vec<_>>());
    assert_eq!(store.settings_version(&shop, Some(2)).await?, None);
    assert!(store.profile_version(&shop, Some(1)).await?.is_some(), "the other part has its own");
    Ok(())
}

pub async fn every_tenant_has_its_own_versions(store: Arc<dyn Store>) -> Outcome {
    put_limit(&store, &tenant("left"), 5, None).await?;
    assert!(store.tenant_versions(&tenant("right"), TenantPart::Settings).await?.is_empty());
    assert_eq!(store.settings_version(&tenant("right"), Some(1)).await?, None);
    assert_eq!(put_limit(&store, &tenant("right"), 6, Some(0)).await?, PutVersion::Stored(1));
    assert_eq!(store.tenant(&tenant("left")).await?.map(|tenant| tenant.settings), Some(settings(5)));
    Ok(())
}

pub async fn pages_hold_every_tenant_once(store: Arc<dyn Store>) -> Outcome {
    for number in 0..25 {
        put(&store, &tenant(&format!("shop-{number:02}")), &profile(&format!("Loja {number}"))).await?;
    }
    store.set_suspended(&tenant("shop-03"), Some(at(4))).await?;
    let mut listed: Vec<TenantEntry> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.tenant_page(after.as_deref(), 10).await?;
        assert!(page.items.len() <= 10);
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ids: Vec<TenantId> = listed.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(ids, store.tenants().await?);
    assert_eq!(listed[0].business_name, "", "the default tenant says nothing");
    assert_eq!((listed[4].business_name.as_str(), listed[4].suspended_at), ("Loja 3", Some(at(4))));
    assert_eq!(store.tenant_page(None, 26).await?.next, None, "a page that holds all has no next one");
    Ok(())
}
