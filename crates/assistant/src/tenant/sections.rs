//! The sections of a tenant's settings, and which of them somebody may change.
//!
//! Whoever runs the server for a business can keep sections for admins: the business looks after the others itself.
//! Pure; who is an admin is known to whoever asks.

use serde::{Deserialize, Serialize};

use super::TenantSettings;
use crate::error::FieldProblem;

/// A section of the settings that can be kept for admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsSection {
    /// Which providers and models may answer.
    Providers,
    /// How much at a time.
    Limits,
    /// How much money.
    Budget,
    /// How long things are kept.
    Retention,
    /// What leaves the machine.
    Privacy,
    /// Whether answers are used again.
    Cache,
    /// The prompt for each purpose.
    Prompts,
}

/// What of a tenant's settings somebody may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsRight {
    /// Everything: an admin, and the command line.
    Everything,
    /// What is not locked. Prices and the lock itself always are.
    Unlocked,
}

impl SettingsRight {
    /// What a change from `now` to `next` touches and this right does not cover, each field by its name.
    pub(crate) fn lacks(self, now: &TenantSettings, next: &TenantSettings) -> Vec<FieldProblem> {
        const ADMINS: &str = "may only be changed by an admin; leave it as it is";
        if self == Self::Everything {
            return Vec::new();
        }
        // Every field by its name, so that a new one cannot be forgotten here.
        let TenantSettings { providers, limits, budget, retention, privacy, cache, prices, prompts, locked } =
            next;
        let is_locked = |section| now.locked.contains(&section);
        let fields = [
            ("providers", *providers != now.providers, is_locked(SettingsSection::Providers)),
            ("limits", *limits != now.limits, is_locked(SettingsSection::Limits)),
            ("budget", *budget != now.budget, is_locked(SettingsSection::Budget)),
            ("retention", *retention != now.retention, is_locked(SettingsSection::Retention)),
            ("privacy", *privacy != now.privacy, is_locked(SettingsSection::Privacy)),
            ("cache", *cache != now.cache, is_locked(SettingsSection::Cache)),
            ("prices", *prices != now.prices, true),
            ("prompts", *prompts != now.prompts, is_locked(SettingsSection::Prompts)),
            ("locked", *locked != now.locked, true),
        ];
        let refused = fields.into_iter().filter(|(_, is_changed, is_locked)| *is_changed && *is_locked);
        refused.map(|(field, ..)| FieldProblem::new(format!("settings.{field}"), ADMINS)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PromptId;
    use crate::tenant::{PromptPurpose, Retention, TenantPrice};

    const EVERY: [SettingsSection; 7] = [
        SettingsSection::Providers,
        SettingsSection::Limits,
        SettingsSection::Budget,
        SettingsSection::Retention,
        SettingsSection::Privacy,
        SettingsSection::Cache,
        SettingsSection::Prompts,
    ];

    /// Settings in which nothing is as it is by default, with the given lock.
    fn other(locked: &[SettingsSection]) -> TenantSettings {
        let mut settings =
            TenantSettings { locked: locked.iter().copied().collect(), ..TenantSettings::default() };
        settings.providers.allowed = vec!["openai".to_owned()];
        settings.limits.requests_per_minute = Some(1);
        settings.budget.day_micro_usd = Some(1);
        settings.retention = Retention { media_days: Some(1), ..Retention::default() };
        settings.privacy.masks_personal_data = true;
        settings.cache.is_enabled = false;
        settings.prompts.insert(PromptPurpose::Reply, PromptId::new("p").unwrap());
        settings
    }

    fn named(right: SettingsRight, now: &TenantSettings, next: &TenantSettings) -> Vec<String> {
        right.lacks(now, next).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_locked_section_is_an_admins_and_the_others_are_a_managers() {
        for section in EVERY {
            let now = TenantSettings { locked: [section].into(), ..TenantSettings::default() };
            let field = serde_json::to_value(section).unwrap().as_str().unwrap().to_owned();
            let next = other(&[section]);
            assert_eq!(named(SettingsRight::Unlocked, &now, &next), [format!("settings.{field}")]);
            assert!(named(SettingsRight::Everything, &now, &next).is_empty());
            assert!(named(SettingsRight::Unlocked, &next, &next).is_empty(), "what is the same is no change");
        }
        let all = other(&EVERY);
        let now = TenantSettings { locked: all.locked.clone(), ..TenantSettings::default() };
        assert_eq!(named(SettingsRight::Unlocked, &now, &all).len(), EVERY.len());
    }

    #[test]
    fn prices_and_the_lock_itself_are_always_an_admins() {
        let now = TenantSettings::default();
        assert!(named(SettingsRight::Unlocked, &now, &other(&[])).is_empty());
        let price = TenantPrice {
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            from: jiff::civil::date(2026, 11, 1),
            input_usd_per_million: Some("0".to_owned()),
            cached_usd_per_million: None,
            output_usd_per_million: Some("0".to_owned()),
            usd_per_minute: None,
        };
        let priced = TenantSettings { prices: vec![price], ..TenantSettings::default() };
        let locking = TenantSettings { locked: EVERY.into(), ..TenantSettings::default() };
        assert_eq!(named(SettingsRight::Unlocked, &now, &priced), ["settings.prices"]);
        assert_eq!(named(SettingsRight::Unlocked, &now, &locking), ["settings.locked"]);
        assert_eq!(named(SettingsRight::Unlocked, &locking, &now), ["settings.locked"], "nobody unlocks");
    }
}
