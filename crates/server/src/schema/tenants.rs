//! Tenants, and what each may use and spend.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::TenantProfile;

/// A tenant in a listing.
#[derive(ToSchema)]
pub(crate) struct TenantEntry {
    id: String,
    /// What its profile calls it; may be empty.
    business_name: String,
    /// Null: before this was noted.
    #[schema(required, format = DateTime)]
    created_at: Option<String>,
    /// Since when it is suspended; null: it is not.
    #[schema(required, format = DateTime)]
    suspended_at: Option<String>,
}

/// What is written of a new tenant.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "padaria-sol",
    "profile": {"business_name": "Padaria Sol", "description": "Padaria artesanal em Recife."},
    "settings": {"budget": {"month_micro_usd": 5_000_000}},
}))]
pub(crate) struct TenantDraft {
    /// Its id, for good: a-z, 0-9, `-` and `_`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_-]+$")]
    id: String,
    profile: Option<TenantProfile>,
    settings: Option<TenantSettings>,
    /// Why, for people, on one line.
    #[schema(value_type = Option<String>, nullable = false, max_length = 500)]
    note: String,
}

/// A tenant with its profile and settings.
#[derive(ToSchema)]
pub(crate) struct TenantDetail {
    id: String,
    /// Null: before this was noted.
    #[schema(required, format = DateTime)]
    created_at: Option<String>,
    /// Since when it is suspended; null: it is not.
    #[schema(required, format = DateTime)]
    suspended_at: Option<String>,
    profile: TenantProfile,
    /// 0 where nobody has written one.
    profile_version: u64,
    settings: TenantSettings,
    /// 0 where nobody has set any.
    settings_version: u64,
}

/// The settings in force.
#[derive(ToSchema)]
pub(crate) struct CurrentSettings {
    /// 0 where nobody has set any.
    version: u64,
    settings: TenantSettings,
}

/// What is written of settings.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "settings": {"limits": {"requests_per_minute": 120}, "budget": {"month_micro_usd": 5_000_000}},
    "version": 3, "note": "the new plan",
}))]
pub(crate) struct SettingsDraft {
    /// All of them: what is left out goes back to the server's.
    settings: TenantSettings,
    /// The version they were made from; with another one as the newest by now, nothing is changed.
    version: Option<u64>,
    /// Why, for people, on one line.
    #[schema(value_type = Option<String>, nullable = false, max_length = 500)]
    note: String,
}

/// A version of a profile or of settings.
#[derive(ToSchema)]
pub(crate) struct TenantVersion {
    /// 1, 2, 3, ….
    version: u64,
    /// Who made it: `key:<id>`, `operator:<id>`, `command` (on the server) or `open` (while no key existed).
    author: String,
    /// Why; may be empty.
    note: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// A version of the settings with what it says.
#[derive(ToSchema)]
pub(crate) struct SettingsVersion {
    version: u64,
    author: String,
    note: String,
    #[schema(format = DateTime)]
    created_at: String,
    value: TenantSettings,
}

/// A version of the profile with what it says.
#[derive(ToSchema)]
pub(crate) struct ProfileVersion {
    version: u64,
    author: String,
    note: String,
    #[schema(format = DateTime)]
    created_at: String,
    value: TenantProfile,
}

/// What a tenant may use and spend, how long it keeps things, and what leaves the machine. Everything may be left out.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantSettings {
    #[schema(value_type = Option<ProviderRules>, nullable = false)]
    providers: ProviderRules,
    #[schema(value_type = Option<TenantLimits>, nullable = false)]
    limits: TenantLimits,
    #[schema(value_type = Option<TenantBudget>, nullable = false)]
    budget: TenantBudget,
    #[schema(value_type = Option<Retention>, nullable = false)]
    retention: Retention,
    #[schema(value_type = Option<PrivacySettings>, nullable = false)]
    privacy: PrivacySettings,
    #[schema(value_type = Option<CacheSettings>, nullable = false)]
    cache: CacheSettings,
    /// The tenant's own prices, which go before the server's.
    #[schema(value_type = Option<Vec<TenantPrice>>, nullable = false, max_items = 200)]
    prices: Vec<TenantPrice>,
    #[schema(value_type = Option<DefaultPrompts>, nullable = false)]
    prompts: DefaultPrompts,
    /// Sections that only an admin may change. This list and `prices` always are an admin's.
    #[schema(value_type = Option<Vec<SettingsSection>>, nullable = false)]
    locked: Vec<SettingsSection>,
}

/// A section of the settings that can be kept for admins.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum SettingsSection {
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

/// Which providers and models may answer.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderRules {
    /// Names of the providers that may be asked, best first; all, in the server's order, when empty. The local one always
    /// answers last.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50)]
    allowed: Vec<String>,
    /// The models that may be asked for at a provider, by its name; the first is its default.
    #[schema(value_type = Option<BTreeMap<String, Vec<String>>>, nullable = false)]
    models: BTreeMap<String, Vec<String>>,
}

/// How much at a time; null: as much as the server allows.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantLimits {
    /// Requests of the whole tenant.
    #[schema(minimum = 1)]
    requests_per_minute: Option<u32>,
    /// Tokens of the whole tenant, prompts and answers together.
    #[schema(minimum = 1000)]
    tokens_per_minute: Option<u32>,
    /// Requests of the whole tenant at the same time.
    #[schema(minimum = 1)]
    concurrent_requests: Option<u32>,
    /// Requests of one customer.
    #[schema(minimum = 1)]
    user_requests_per_minute: Option<u32>,
    /// Requests of one customer on a UTC day; at most the server's `AI_DAILY_REQUEST_LIMIT`.
    #[schema(minimum = 1)]
    user_requests_per_day: Option<u32>,
    /// Requests of one customer at the same time.
    #[schema(minimum = 1)]
    user_concurrent_requests: Option<u32>,
}

/// How much money, in millionths of a US dollar; null: no cap but the server's. Of two caps the lower one counts.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantBudget {
    /// Of the tenant on a UTC day.
    day_micro_usd: Option<u64>,
    /// Of the tenant in a UTC month.
    month_micro_usd: Option<u64>,
    /// Of one customer on a UTC day.
    user_day_micro_usd: Option<u64>,
    /// Of one customer in a UTC month.
    user_month_micro_usd: Option<u64>,
    /// What happens to a request that the money does not cover; `local` when absent.
    #[schema(value_type = Option<AtCap>, nullable = false)]
    at_cap: AtCap,
    /// The model that `cheaper_model` uses; its price must be known.
    cheaper_model: Option<ModelChoice>,
}

/// What happens to a request that the budget does not cover.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum AtCap {
    /// The cheaper model answers as long as the money covers that; then the device does.
    CheaperModel,
    /// The device answers from approved content.
    Local,
    /// A person takes the conversation over.
    HandOver,
    /// The request is refused with `budget_exceeded`.
    Refuse,
}

/// One model of one provider.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct ModelChoice {
    provider: String,
    #[schema(min_length = 1, max_length = 128)]
    model: String,
}

/// How long things are kept, in days; null: until somebody deletes them.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the unit is part of the names on the wire")]
struct Retention {
    /// Conversations after their last message, with everything that belongs to them.
    #[schema(minimum = 1, maximum = 3650)]
    conversations_days: Option<u32>,
    /// Files of customers after their arrival; null: the server's own time for files.
    #[schema(minimum = 1, maximum = 3650)]
    media_days: Option<u32>,
    /// After so long the ledger no longer says which customer a booking was for.
    #[schema(minimum = 1, maximum = 3650)]
    usage_days: Option<u32>,
    /// Entries of the audit log.
    #[schema(minimum = 30, maximum = 3650)]
    audit_days: Option<u32>,
}

/// What leaves the machine.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivacySettings {
    /// Whether personal data in a text is replaced before it goes to a provider, and put back in the answer.
    #[schema(value_type = Option<bool>, nullable = false)]
    masks_personal_data: bool,
}

/// Whether answers are used again.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct CacheSettings {
    /// Whether the answer to an equal question is used again; true when absent.
    #[schema(value_type = Option<bool>, nullable = false)]
    is_enabled: bool,
    /// Whether the answer to a question that means the same is used again, too; false when absent.
    #[schema(value_type = Option<bool>, nullable = false)]
    is_similar_enabled: bool,
}

/// A price that the tenant agreed on with a vendor, of tokens (prompts and answers both), of minutes of sound, or of all;
/// decimals such as `0.15`, with at most 6 decimals for tokens and 12 for minutes.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantPrice {
    provider: String,
    #[schema(min_length = 1, max_length = 128)]
    model: String,
    /// First UTC day on which it holds.
    #[schema(format = Date)]
    from: String,
    /// US dollars for a million prompt tokens.
    #[schema(nullable = false, example = "0.15")]
    input_usd_per_million: Option<String>,
    /// US dollars for a million prompt tokens read from the vendor's cache; as fresh ones when absent.
    #[schema(nullable = false, example = "0.075")]
    cached_usd_per_million: Option<String>,
    /// US dollars for a million answer tokens.
    #[schema(nullable = false, example = "0.6")]
    output_usd_per_million: Option<String>,
    /// US dollars for a minute of sound, of a model that writes down what is said.
    #[schema(nullable = false, example = "0.006")]
    usd_per_minute: Option<String>,
}

/// The prompt for each purpose where a request names none, by its id.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct DefaultPrompts {
    /// Replies to customers.
    #[schema(nullable = false)]
    reply: Option<String>,
    /// Analyses by a model.
    #[schema(nullable = false)]
    analysis: Option<String>,
    /// Intents by a model.
    #[schema(nullable = false)]
    classification: Option<String>,
    /// Summaries of older parts of a conversation.
    #[schema(nullable = false)]
    summary: Option<String>,
}
