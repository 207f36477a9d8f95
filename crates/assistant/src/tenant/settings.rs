//! What a tenant may use and spend, how long it keeps things, and what leaves the machine.
//!
//! Everything here is optional: a tenant that says nothing gets what the operator of the server decided in
//! [`Settings`](crate::Settings). A tenant can only narrow what the operator allows, never widen it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::SettingsSection;
use crate::id::PromptId;

/// A tenant's settings. Checked when they are stored; in force from the next message on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// Which providers and models may answer.
    pub providers: ProviderRules,
    /// How much at a time.
    pub limits: TenantLimits,
    /// How much money.
    pub budget: TenantBudget,
    /// How long things are kept.
    pub retention: Retention,
    /// What leaves the machine.
    pub privacy: PrivacySettings,
    /// Whether answers are used again.
    pub cache: CacheSettings,
    /// The tenant's own prices, which go before the server's; at most 200.
    pub prices: Vec<TenantPrice>,
    /// The prompt for each purpose where a request names none; its production version counts.
    pub prompts: BTreeMap<PromptPurpose, PromptId>,
    /// Sections that only an admin may change. Prices and this list always are an admin's.
    pub locked: BTreeSet<SettingsSection>,
}

/// Which providers and models may answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderRules {
    /// Names of the providers that may be asked, best first; empty: all, in the server's order. The local one always
    /// answers last, named or not.
    pub allowed: Vec<String>,
    /// The models that may be asked for at a provider; the first is its default. A provider that is not named here:
    /// the server's default model, and whatever a request asks for.
    pub models: BTreeMap<String, Vec<String>>,
}

/// How much at a time. `None`: as much as the server allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantLimits {
    /// Requests of the whole tenant in a minute; at least 1.
    pub requests_per_minute: Option<u32>,
    /// Tokens of the whole tenant in a minute, prompts and answers together; at least 1,000.
    pub tokens_per_minute: Option<u32>,
    /// Requests of the whole tenant at the same time; at least 1.
    pub concurrent_requests: Option<u32>,
    /// Requests of one customer in a minute; at least 1.
    pub user_requests_per_minute: Option<u32>,
    /// Requests of one customer on a UTC day; at most the server's `AI_DAILY_REQUEST_LIMIT`.
    pub user_requests_per_day: Option<u32>,
    /// Requests of one customer at the same time; at least 1.
    pub user_concurrent_requests: Option<u32>,
}

/// How much money, in micro-US-dollars. `None`: no cap, or the server's (`AI_MONTHLY_BUDGET_USD`); of two caps the lower one
/// counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantBudget {
    /// Of the tenant on a UTC day.
    pub day_micro_usd: Option<u64>,
    /// Of the tenant in a UTC month.
    pub month_micro_usd: Option<u64>,
    /// Of one customer on a UTC day.
    pub user_day_micro_usd: Option<u64>,
    /// Of one customer in a UTC month.
    pub user_month_micro_usd: Option<u64>,
    /// What happens to a request that the money does not cover.
    pub at_cap: AtCap,
    /// The model that `cheaper_model` uses.
    pub cheaper_model: Option<ModelChoice>,
}

/// What happens to a request that the budget does not cover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtCap {
    /// The cheaper model answers as long as the money covers that; then the device does.
    CheaperModel,
    /// The device answers from approved content.
    #[default]
    Local,
    /// A person takes the conversation over.
    HandOver,
    /// The request is refused with `budget_exceeded`.
    Refuse,
}

/// One model of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelChoice {
    /// The provider's name.
    pub provider: String,
    /// The model's id.
    pub model: String,
}

/// How long things are kept, in days. `None`: until somebody deletes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Conversations after their last message, with everything that belongs to them; 1 to 3,650.
    pub conversations_days: Option<u32>,
    /// Files of customers after their arrival; 1 to 3,650. `None`: the server's own time for files.
    pub media_days: Option<u32>,
    /// After so long the ledger no longer says which customer a booking was for; 1 to 3,650. The sums stay.
    pub usage_days: Option<u32>,
    /// Entries of the audit log; 30 to 3,650.
    pub audit_days: Option<u32>,
}

/// What leaves the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacySettings {
    /// Whether personal data in a text is replaced before it goes to a provider, and put back in the answer.
    pub masks_personal_data: bool,
}

/// Whether answers are used again. Only takes part where the server has the cache (`AI_CACHE_ENABLED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// Whether the answer to an equal question is used again.
    pub is_enabled: bool,
    /// Whether the answer to a question that means the same is used again, too.
    pub is_similar_enabled: bool,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { is_enabled: true, is_similar_enabled: false }
    }
}

/// A price that the tenant agreed on with a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantPrice {
    /// The provider's name.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// First UTC day on which it holds.
    pub from: jiff::civil::Date,
    /// US dollars for a million prompt tokens, as a decimal such as `0.15`; together with those of answers. `None`: this
    /// is a price by the minute alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_usd_per_million: Option<String>,
    /// US dollars for a million prompt tokens read from the vendor's cache; `None`: as fresh ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_usd_per_million: Option<String>,
    /// US dollars for a million answer tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_usd_per_million: Option<String>,
    /// US dollars for a minute of sound, of a model that writes down what is said; parts of a minute cost their part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_minute: Option<String>,
}

/// What a prompt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptPurpose {
    /// Replies to customers.
    Reply,
    /// Analyses by a model.
    Analysis,
    /// Intents by a model.
    Classification,
    /// Summaries of older parts of a conversation.
    Summary,
}
