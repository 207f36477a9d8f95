//! What a business says about itself: the profile behind the default instructions.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use pytake_understanding::filter::FilterLevel;
use serde::{Deserialize, Serialize};

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

/// Stores profiles.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// A number that changes whenever the tenant's profile or approved answers change, also by another
    /// process; `None`: there is no such tenant. Called on every turn: a point read.
    async fn tenant_version(&self, tenant: &TenantId) -> Result<Option<i64>, StorageError>;
    /// The profile; `None`: there is no such tenant.
    async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StorageError>;
    /// Creates the tenant if it is new and replaces its profile.
    async fn put_profile(&self, tenant: &TenantId, profile: &TenantProfile) -> Result<(), StorageError>;
    /// All tenants, ordered by id.
    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError>;
}
