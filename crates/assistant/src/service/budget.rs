//! What a tenant and a customer may spend, have spent, and what happens then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Assistant;
use crate::budget::{BudgetClaim, BudgetScope, percent};
use crate::clock::utc_day;
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::money::PicoUsd;
use crate::router::Wish;
use crate::tenant::{AtCap, ModelChoice};

/// The budgets of a tenant, and of one customer where one is asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// Every scope, also those without a cap. A customer's are there when one is asked about.
    pub budgets: Vec<CapReport>,
    /// What happens to a request that the money does not cover.
    pub at_cap: AtCap,
    /// The model that answers then, where the tenant chose one.
    pub cheaper_model: Option<ModelChoice>,
    /// Models that would be asked and have no known price. With any cap in force they are not asked.
    pub unpriced_models: Vec<ModelChoice>,
    /// Whether any cap is in force, one of customers included.
    pub is_capped: bool,
    /// Whether calls are booked at all; where they are not, no cap holds.
    pub is_tracked: bool,
}

/// One budget in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapReport {
    /// `tenant` or `user`.
    pub scope: String,
    /// `day` or `month`.
    pub period: String,
    /// The cap in millionths of a US dollar; null: none.
    pub cap_micro_usd: Option<i64>,
    /// Settled in the period.
    pub spent_micro_usd: i64,
    /// Claimed by requests that run now.
    pub reserved_micro_usd: i64,
    /// Share of the cap that is settled, rounded down; null without a cap.
    pub percent: Option<u64>,
    /// When the period ends and counting starts anew, in UTC.
    pub resets_at: Timestamp,
}

impl Assistant {
    /// What a tenant may spend and has spent, with a customer's share where one is named. A customer nobody has seen has
    /// spent nothing.
    ///
    /// # Errors
    /// [`AIError::NotFound`] for the tenant; storage.
    pub async fn budget(&self, tenant: &TenantId, user: Option<&UserId>) -> Result<BudgetReport, AIError> {
        let engine = &self.engine;
        let now = engine.clock.now();
        let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
        let spending = engine.store.spending(tenant, user, now).await?;
        let caps = engine.caps(&view);
        let report = |scope: BudgetScope| {
            let cap: Option<PicoUsd> =
                caps.iter().find(|claim: &&BudgetClaim| claim.scope == scope).map(|claim| claim.cap);
            let spent = spending.settled(scope);
            CapReport {
                scope: scope.owner().to_owned(),
                period: scope.period().to_owned(),
                cap_micro_usd: cap.map(PicoUsd::micro_usd),
                spent_micro_usd: spent.micro_usd(),
                reserved_micro_usd: spending.claimed(scope).micro_usd(),
                percent: cap.map(|cap| percent(spent, cap)),
                resets_at: now.saturating_add(scope.starts_anew_in(now)).unwrap_or(Timestamp::MAX),
            }
        };
        let shown = BudgetScope::ALL.into_iter().filter(|scope| user.is_some() || !scope.is_of_user());
        let wish = Wish { preferred: None, fallback: true, model: None, terms: &view.terms };
        let today = utc_day(now);
        let mut unpriced_models = engine.router.reachable(&wish);
        unpriced_models
            .retain(|choice| engine.price(&view, &choice.provider, &choice.model, today).is_none());
        let own = &view.tenant.settings.budget;
        Ok(BudgetReport {
            budgets: shown.map(report).collect(),
            at_cap: own.at_cap,
            cheaper_model: own.cheaper_model.clone(),
            unpriced_models,
            is_capped: !caps.is_empty(),
            is_tracked: engine.settings.is_usage_tracked,
        })
    }
}
