//! A business on this server: what it says about itself (the profile behind the default instructions), what it may use
//! and spend, and the port that keeps both.

mod own_prices;
mod price;
mod sections;
mod settings;
mod versions;

pub(crate) use own_prices::OwnPrices;
pub(crate) use price::{pico_usd_per_minute, pico_usd_per_token};
pub use sections::{SettingsRight, SettingsSection};
pub use settings::{
    AtCap, CacheSettings, ModelChoice, PrivacySettings, PromptPurpose, ProviderRules, Retention,
    TenantBudget, TenantLimits, TenantPrice, TenantSettings,
};
pub use versions::{
    Edit, KEPT_TENANT_VERSIONS, NewTenant, PutVersion, TenantEntry, TenantPart, TenantVersion, Versioned,
};

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_understanding::filter::FilterLevel;
use pytake_understanding::language::Language;
use serde::{Deserialize, Serialize};

use crate::conversation::Page;
use crate::error::StorageError;
use crate::id::TenantId;

/// A tenant's profile. Every field may be left empty; the instructions then say less.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantProfile {
    /// The business's name; at most 200 characters.
    pub business_name: String,
    /// What it does, for whom; at most 4,000 characters.
    pub description: String,
    /// Opening hours and expected answer time of people, for hand-over sentences; at most 500 characters.
    pub hours: String,
    /// How it wants to sound; at most 500 characters.
    pub tone: String,
    /// Further instructions; at most 4,000 characters.
    pub instructions: String,
    /// Whether replies may contain emoji.
    pub allow_emoji: bool,
    /// How strict the content filter is for this tenant; `None`: the server's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_level: Option<FilterLevel>,
    /// Phrases the content filter lets pass.
    pub filter_allow: Vec<String>,
    /// Phrases the content filter stops.
    pub filter_block: Vec<String>,
    /// Country its customers live in, ISO 3166-1 alpha-2: phone numbers, documents and prices without a country are
    /// read as its own. Empty: Brazil.
    pub country: String,
    /// IANA name of the time zone it lives by, such as `America/Sao_Paulo`, by which "amanhã" is a date. Empty: that of
    /// São Paulo.
    pub time_zone: String,
    /// Names of its products, found in messages; at most 2,000 of 2 to 100 characters.
    pub products: Vec<String>,
    /// How its order numbers look, as regular expressions; at most 20 of at most 200 characters.
    pub order_patterns: Vec<String>,
    /// How much each reason of a priority counts, 0 to 3, by its code; 1 where it is not named.
    pub priority_weights: BTreeMap<String, f32>,
    /// What the assistant may talk about; at most 50 of 2 to 100 characters. Empty: what the description says.
    pub topics: Vec<String>,
    /// Which rules give a conversation to a person; all where nothing is said.
    pub hand_over_when: HandOverRules,
    /// In which languages it answers, the usual one first. Who writes another is answered in the first. Empty: in
    /// whichever the customer writes.
    pub languages: Vec<Language>,
    /// What the assistant must not say; at most 50 of 2 to 300 characters. A reply that holds one of them word by word is
    /// not sent.
    pub never_say: Vec<String>,
}

impl TenantProfile {
    /// The language to answer in, where the customer's is this one, if it is known.
    pub fn answers_in(&self, customers: Option<Language>) -> Option<Language> {
        match self.languages.first() {
            None => customers,
            Some(_) if customers.is_some_and(|language| self.languages.contains(&language)) => customers,
            Some(usual) => Some(*usual),
        }
    }
}

/// A rule that gives a conversation to a person before a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOverRule {
    /// The customer asks for one. Always in force, named or not.
    AskedForPerson,
    /// The customer speaks of legal steps.
    LegalThreat,
    /// The customer is angry.
    Angry,
    /// Somebody may be hurt, or lose money right now.
    Urgent,
}

impl HandOverRule {
    /// Every rule.
    pub const ALL: [Self; 4] = [Self::AskedForPerson, Self::LegalThreat, Self::Angry, Self::Urgent];
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandOverRules(BTreeSet<HandOverRule>);

impl HandOverRules {
    /// These rules, and the one that is always in force.
    pub fn of(rules: impl IntoIterator<Item = HandOverRule>) -> Self {
        Self(rules.into_iter().chain([HandOverRule::AskedForPerson]).collect())
    }

    /// Whether a rule is in force.
    pub fn contains(&self, rule: HandOverRule) -> bool {
        rule == HandOverRule::AskedForPerson || self.0.contains(&rule)
    }
}

impl Default for HandOverRules {
    fn default() -> Self {
        Self::of(HandOverRule::ALL)
    }
}

/// A tenant as an object of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// When it was made; `None`: before this was noted.
    pub created_at: Option<Timestamp>,
    /// Since when it is suspended: its keys open nothing, and its assistant says nothing.
    pub suspended_at: Option<Timestamp>,
    /// What it may use and spend.
    pub settings: TenantSettings,
}

/// Stores tenants, their profiles and their settings.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// A tenant; `None`: there is none such.
    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StorageError>;
    /// A number that changes whenever the tenant, its profile, its settings or its approved answers change, also by another
    /// process; `None`: there is no such tenant. Called on every turn: a point read.
    async fn tenant_version(&self, tenant: &TenantId) -> Result<Option<i64>, StorageError>;
    /// The profile; `None`: there is no such tenant.
    async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StorageError>;
    /// Makes a tenant; false when there is one, which stays as it is. Of the edit, author and note count.
    async fn create_tenant(
        &self,
        tenant: &NewTenant,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<bool, StorageError>;
    /// Suspends a tenant from an instant on, or lets it go on (`None`); what is already so stays. The tenant as it is
    /// then; `None`: there is none such.
    async fn set_suspended(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Option<Tenant>, StorageError>;
    /// Makes a new version of the profile, and the tenant if it is new.
    async fn put_profile(
        &self,
        tenant: &TenantId,
        profile: &TenantProfile,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<PutVersion, StorageError>;
    /// Makes a new version of the settings, and the tenant if it is new.
    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<PutVersion, StorageError>;
    /// The kept versions of a part, newest first, at most [`KEPT_TENANT_VERSIONS`].
    async fn tenant_versions(
        &self,
        tenant: &TenantId,
        part: TenantPart,
    ) -> Result<Vec<TenantVersion>, StorageError>;
    /// A version of the profile, the newest where none is named; `None`: there is none such, or none at all yet.
    async fn profile_version(
        &self,
        tenant: &TenantId,
        version: Option<u64>,
    ) -> Result<Option<Versioned<TenantProfile>>, StorageError>;
    /// A version of the settings, the newest where none is named; `None`: there is none such, or none at all yet.
    async fn settings_version(
        &self,
        tenant: &TenantId,
        version: Option<u64>,
    ) -> Result<Option<Versioned<TenantSettings>>, StorageError>;
    /// A page of all tenants, ordered by id; `after` is where the page before said that this one starts.
    async fn tenant_page(&self, after: Option<&str>, limit: u32) -> Result<Page<TenantEntry>, StorageError>;
    /// All tenants, ordered by id.
    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_answers_in_its_languages() {
        let (pt, es, en) = (Language::Portuguese, Language::Spanish, Language::English);
        let any = TenantProfile::default();
        assert_eq!((any.answers_in(Some(en)), any.answers_in(None)), (Some(en), None));
        let two = TenantProfile { languages: vec![es, pt], ..TenantProfile::default() };
        assert_eq!(two.answers_in(Some(pt)), Some(pt));
        assert_eq!((two.answers_in(Some(en)), two.answers_in(None)), (Some(es), Some(es)));
    }
}
