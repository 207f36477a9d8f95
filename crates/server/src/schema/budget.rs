//! Budgets as the OpenAPI document shows them.

use utoipa::ToSchema;

/// The budgets of a tenant, and of one customer where one is asked about.
#[derive(ToSchema)]
pub(crate) struct BudgetReport {
    /// Every scope, also those without a cap. A customer's are there when one is asked about.
    budgets: Vec<CapReport>,
    /// What happens to a request that the money does not cover: `cheaper_model`, `local`, `hand_over` or `refuse`.
    #[schema(example = "local")]
    at_cap: String,
    /// The model that answers then, or null where the tenant chose none.
    #[schema(required)]
    cheaper_model: Option<ModelName>,
    /// Models that would be asked and have no known price. With any cap in force they are not asked.
    unpriced_models: Vec<ModelName>,
    /// Whether any cap is in force, one of customers included.
    is_capped: bool,
    /// Whether calls are booked at all; where they are not, no cap holds.
    is_tracked: bool,
}

/// One budget in one period.
#[derive(ToSchema)]
struct CapReport {
    /// `tenant` or `user`.
    scope: String,
    /// `day` or `month`, in UTC.
    period: String,
    /// The cap in millionths of a US dollar; null: none.
    #[schema(required)]
    cap_micro_usd: Option<i64>,
    /// Settled in the period.
    spent_micro_usd: i64,
    /// Claimed by requests that run now.
    reserved_micro_usd: i64,
    /// Share of the cap that is settled, rounded down; null without a cap.
    #[schema(required)]
    percent: Option<u64>,
    /// When counting starts anew.
    #[schema(format = DateTime)]
    resets_at: String,
}

/// One model of one provider.
#[derive(ToSchema)]
struct ModelName {
    /// The provider's name.
    provider: String,
    /// The model's id.
    model: String,
}
