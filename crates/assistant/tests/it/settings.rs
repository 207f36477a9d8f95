//! Who may change what of a tenant's settings, also where somebody else changes them at the same moment.

use pytake_assistant::service::{CurrentSettings, SettingsDraft};
use pytake_assistant::tenant::{SettingsRight, SettingsSection, TenantSettings};
use pytake_assistant::{AIError, Author};

use crate::world::World;

async fn put(
    world: &World,
    settings: TenantSettings,
    version: Option<u64>,
    right: SettingsRight,
) -> Result<CurrentSettings, AIError> {
    let draft = SettingsDraft { settings, version, note: String::new() };
    world.assistant.put_settings(&world.tenant, draft, Author::open(), right).await
}

fn with_cap(month_micro_usd: u64) -> TenantSettings {
    let mut settings = TenantSettings::default();
    settings.budget.month_micro_usd = Some(month_micro_usd);
    settings
}

#[tokio::test]
async fn a_lock_that_comes_while_a_manager_writes_is_not_written_over() {
    let world = World::saying(&["x"]);
    let locked = TenantSettings { locked: [SettingsSection::Budget].into(), ..with_cap(5) };
    *world.memory.overtaking.lock() = Some(locked.clone());
    let refused = put(&world, with_cap(1_000_000), None, SettingsRight::Unlocked).await;
    let Err(AIError::Forbidden(problems)) = refused else { panic!("written over: {refused:?}") };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["settings.budget", "settings.locked"]);
    assert_eq!(*world.memory.settings.lock(), locked);
}

#[tokio::test]
async fn who_is_overtaken_and_may_change_all_of_it_wins_unless_a_version_was_named() {
    let world = World::saying(&["x"]);
    *world.memory.overtaking.lock() = Some(with_cap(5));
    put(&world, with_cap(7), None, SettingsRight::Unlocked).await.unwrap();
    assert_eq!(*world.memory.settings.lock(), with_cap(7));
    *world.memory.overtaking.lock() = Some(with_cap(5));
    let stale = put(&world, with_cap(9), Some(0), SettingsRight::Unlocked).await;
    assert!(matches!(stale, Err(AIError::Conflict(_))), "{stale:?}");
    assert_eq!(*world.memory.settings.lock(), with_cap(5));
}

#[tokio::test]
async fn what_was_wrong_before_keeps_nobody_from_changing_something_else() {
    let world = World::saying(&["x"]);
    let mut stored = with_cap(5);
    stored.providers.allowed = vec!["taken-away".to_owned()];
    *world.memory.settings.lock() = stored.clone();
    stored.limits.requests_per_minute = Some(9);
    put(&world, stored.clone(), None, SettingsRight::Unlocked).await.unwrap();
    stored.providers.allowed.push("nobody".to_owned());
    let refused = put(&world, stored, None, SettingsRight::Unlocked).await;
    let Err(AIError::InvalidRequest(problems)) = refused else { panic!("it is new and wrong: {refused:?}") };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["settings.providers.allowed[1]"]);
}
