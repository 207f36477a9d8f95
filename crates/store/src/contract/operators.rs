//! Operators.

use std::sync::Arc;

use super::Outcome;
use super::sample::{at, tenant};
use crate::{OperatorChange, OperatorChanged, OperatorRecord, Role, SessionRecord, Store};

/// One called `{id}@example.com`.
pub(super) fn operator(id: &str, whose: &str, role: Role) -> OperatorRecord {
    OperatorRecord {
        id: id.to_owned(),
        tenant: tenant(whose),
        email: format!("{id}@example.com").parse().expect("the suite's addresses are valid"),
        name: format!("the one called {id}"),
        role,
        is_admin: false,
        password_hash: format!("hash of {id}"),
        created_at: at(0),
        disabled_at: None,
    }
}

fn session(operator: &OperatorRecord) -> SessionRecord {
    SessionRecord {
        id: "s1".to_owned(),
        tenant: operator.tenant.clone(),
        operator: operator.id.clone(),
        secret_hash: [1; 32],
        user_agent: String::new(),
        created_at: at(0),
        last_seen_at: at(0),
        expires_at: at(9),
    }
}

fn as_is(operator: &OperatorRecord) -> OperatorChange {
    OperatorChange {
        name: operator.name.clone(),
        role: operator.role,
        is_admin: operator.is_admin,
        disabled_at: operator.disabled_at,
    }
}

pub async fn an_operator_reads_back_as_they_were(store: Arc<dyn Store>) -> Outcome {
    let ana =
        OperatorRecord { is_admin: true, disabled_at: Some(at(3)), ..operator("ana", "shop", Role::Viewer) };
    assert!(store.create_operator(&ana).await?);
    assert_eq!(store.operator(&tenant("shop"), "ana").await?.as_ref(), Some(&ana));
    assert_eq!(store.operator_by_email(&ana.email).await?.as_ref(), Some(&ana));
    assert_eq!(store.operators(None).await?, [ana]);
    assert_eq!(store.tenants().await?, ["default", "shop"].map(tenant), "the tenant is made");
    Ok(())
}

pub async fn an_address_is_taken_once_on_the_server(store: Arc<dyn Store>) -> Outcome {
    let ana = operator("ana", "shop", Role::Owner);
    assert!(store.create_operator(&ana).await?);
    let thief = OperatorRecord { email: ana.email.clone(), ..operator("thief", "other", Role::Owner) };
    assert!(!store.create_operator(&thief).await?);
    assert_eq!(store.operators(None).await?, [ana]);
    assert_eq!(store.profile(&tenant("other")).await?, None, "nothing of a refused operator stays");
    Ok(())
}

pub async fn an_operator_of_another_tenant_does_not_exist(store: Arc<dyn Store>) -> Outcome {
    let ana = operator("ana", "shop", Role::Owner);
    store.create_operator(&ana).await?;
    let other = tenant("other");
    assert_eq!(store.operator(&other, "ana").await?, None);
    let stranger = OperatorRecord { tenant: other.clone(), ..ana.clone() };
    assert_eq!(store.change_operator(&stranger, &as_is(&ana)).await?, OperatorChanged::Missing);
    assert!(!store.set_password(&stranger, "stolen").await?);
    assert!(store.operators(Some(&other)).await?.is_empty());
    assert_eq!(store.operator(&tenant("shop"), "ana").await?, Some(ana), "untouched");
    Ok(())
}

pub async fn a_tenant_keeps_its_last_owner(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    let ana = operator("ana", "shop", Role::Owner);
    store.create_operator(&ana).await?;
    store.create_operator(&operator("ivo", "shop", Role::Operator)).await?;
    store.create_operator(&operator("eva", "other", Role::Owner)).await?;
    let demoted = OperatorChange { role: Role::Viewer, ..as_is(&ana) };
    let disabled = OperatorChange { disabled_at: Some(at(5)), ..as_is(&ana) };
    for change in [&demoted, &disabled] {
        assert_eq!(store.change_operator(&ana, change).await?, OperatorChanged::LastOwner);
    }
    assert_eq!(store.operator(&shop, "ana").await?.as_ref(), Some(&ana), "untouched");
    store.create_operator(&operator("bia", "shop", Role::Owner)).await?;
    let expected = OperatorRecord { disabled_at: Some(at(5)), ..ana.clone() };
    let done = store.change_operator(&ana, &disabled).await?;
    assert_eq!(done, OperatorChanged::Done(expected.clone()));
    let renamed = OperatorChange { name: "Ana B.".to_owned(), disabled_at: Some(at(9)), ..as_is(&ana) };
    let done = store.change_operator(&expected, &renamed).await?;
    let expected = OperatorRecord { name: "Ana B.".to_owned(), ..expected };
    assert_eq!(done, OperatorChanged::Done(expected), "disabled once");
    Ok(())
}

pub async fn who_is_disabled_or_gets_a_password_has_no_session(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    let ana = operator("ana", "shop", Role::Viewer);
    store.create_operator(&ana).await?;
    assert!(store.create_session(&session(&ana), &ana).await?);
    store.change_operator(&ana, &as_is(&ana)).await?;
    assert_eq!(store.sessions(&shop, None).await?.len(), 1, "a change of the name ends nothing");
    assert!(store.set_password(&ana, "another hash").await?);
    assert!(store.sessions(&shop, None).await?.is_empty());
    let ana = OperatorRecord { password_hash: "another hash".to_owned(), ..ana };
    assert_eq!(store.operator(&shop, "ana").await?.as_ref(), Some(&ana));
    assert!(store.create_session(&session(&ana), &ana).await?);
    store.change_operator(&ana, &OperatorChange { disabled_at: Some(at(1)), ..as_is(&ana) }).await?;
    assert!(store.sessions(&shop, None).await?.is_empty());
    Ok(())
}

pub async fn a_server_has_operators_until_the_last_is_disabled(store: Arc<dyn Store>) -> Outcome {
    assert!(!store.has_operators().await? && !store.had_operators().await?);
    let ana = operator("ana", "shop", Role::Viewer);
    store.create_operator(&ana).await?;
    assert!(store.has_operators().await?);
    let disabled = OperatorChange { disabled_at: Some(at(1)), ..as_is(&ana) };
    store.change_operator(&ana, &disabled).await?;
    assert!(!store.has_operators().await?);
    assert!(store.had_operators().await?);
    Ok(())
}

pub async fn who_was_changed_meanwhile_is_left_as_they_are(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("shop");
    let ivo = operator("ivo", "shop", Role::Viewer);
    store.create_operator(&ivo).await?;
    let admin = OperatorRecord { is_admin: true, ..ivo.clone() };
    let promoted = store.change_operator(&ivo, &as_is(&admin)).await?;
    assert_eq!(promoted, OperatorChanged::Done(admin.clone()));
    // Whoever read them before has not asked who may do this to an admin.
    assert_eq!(store.change_operator(&ivo, &as_is(&ivo)).await?, OperatorChanged::Meanwhile);
    assert!(!store.set_password(&ivo, "an owner's choice").await?);
    assert!(store.set_password(&admin, "their own choice").await?);
    assert!(!store.set_password(&admin, "of somebody who knew the old one").await?);
    let expected = OperatorRecord { password_hash: "their own choice".to_owned(), ..admin };
    assert_eq!(store.operator(&shop, "ivo").await?, Some(expected));
    Ok(())
}
