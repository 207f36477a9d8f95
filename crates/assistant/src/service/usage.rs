//! Usage: one customer's, and the tenant's sums.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Assistant;
use crate::clock::utc_day;
use crate::conversation::Page;
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::ledger::{Booking, BookingFilter, UsageKey, UsageQuery, UsageRow};
use crate::limits::requests_per_day;
use crate::money::PicoUsd;

/// A customer's usage, in the contract's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserUsageReport {
    /// The customer.
    pub user_id: String,
    /// Answered requests ever.
    pub total_requests: u64,
    /// Input and output tokens ever.
    pub total_tokens: u64,
    /// RFC 3339, or null.
    pub last_request: Option<Timestamp>,
    /// Requests counted against today's limit, those in flight included.
    pub requests_today: u64,
    /// Input tokens ever, cached ones included.
    pub input_tokens: u64,
    /// Output tokens ever, reasoning included.
    pub output_tokens: u64,
    /// Known cost ever, in millionths of a US dollar; null where nothing has a known price.
    pub cost_micro_usd: Option<i64>,
    /// Calls whose price is unknown; the cost is a lower bound when it is not 0.
    pub unpriced_calls: u64,
    /// Requests allowed on a UTC day, or null when usage is not tracked.
    pub daily_limit: Option<u64>,
    /// What is left of today, or null when usage is not tracked.
    pub remaining_today: Option<u64>,
    /// By UTC day, oldest first.
    pub by_day: Vec<DayUsage>,
    /// By provider.
    pub by_provider: Vec<ProviderUsage>,
}

/// A day of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayUsage {
    /// The UTC day.
    pub day: Date,
    /// The sums.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// A provider's share of a customer's usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderUsage {
    /// The provider's name.
    pub provider: String,
    /// The sums.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// Sums of usage in the API's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSums {
    /// Requests answered.
    pub requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Part of the input read from a provider's cache.
    pub cached_tokens: u64,
    /// Known cost in millionths of a US dollar; null where nothing has a known price.
    pub cost_micro_usd: Option<i64>,
    /// Calls whose price is unknown.
    pub unpriced_calls: u64,
}

impl From<&UsageRow> for UsageSums {
    fn from(row: &UsageRow) -> Self {
        Self {
            requests: row.requests,
            input_tokens: row.usage.input_tokens,
            output_tokens: row.usage.output_tokens,
            cached_tokens: row.usage.cached_tokens,
            cost_micro_usd: row.known_cost().map(PicoUsd::micro_usd),
            unpriced_calls: row.unpriced_calls,
        }
    }
}

impl Assistant {
    /// What a customer used.
    ///
    /// # Errors
    /// [`AIError::UserNotFound`] when nothing was ever counted; storage.
    pub async fn user_usage(&self, tenant: &TenantId, user: &UserId) -> Result<UserUsageReport, AIError> {
        let store = &self.engine.store;
        let today = utc_day(self.engine.clock.now());
        let totals = store.user_usage(tenant, user, today).await?.ok_or(AIError::UserNotFound)?;
        let grouped = |group_by| UsageQuery { user: Some(user.clone()), group_by, ..UsageQuery::default() };
        let sum = store.usage(tenant, grouped(vec![])).await?.into_iter().next().unwrap_or_default();
        let days = store.usage(tenant, grouped(vec![UsageKey::Day])).await?;
        let providers = store.usage(tenant, grouped(vec![UsageKey::Provider])).await?;
        let settings = &self.engine.settings;
        let view = self.engine.tenants.view(&**store, tenant).await?;
        let limit = requests_per_day(&view.tenant.settings.limits, settings.daily_request_limit);
        let daily_limit = settings.is_usage_tracked.then_some(limit);
        Ok(UserUsageReport {
            user_id: user.to_string(),
            total_requests: totals.total_requests,
            total_tokens: sum.usage.total(),
            last_request: totals.last_request,
            requests_today: totals.requests_today,
            input_tokens: sum.usage.input_tokens,
            output_tokens: sum.usage.output_tokens,
            cost_micro_usd: sum.known_cost().map(PicoUsd::micro_usd),
            unpriced_calls: sum.unpriced_calls,
            daily_limit,
            remaining_today: daily_limit.map(|limit| limit.saturating_sub(totals.requests_today)),
            by_day: days
                .iter()
                .filter_map(|row| Some(DayUsage { day: row.day?, sums: row.into() }))
                .collect(),
            by_provider: providers
                .iter()
                .filter_map(|row| Some(ProviderUsage { provider: row.provider.clone()?, sums: row.into() }))
                .collect(),
        })
    }

    /// The tenant's usage, summed as asked.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] when `from` is after `to`; storage.
    pub async fn usage(&self, tenant: &TenantId, query: UsageQuery) -> Result<Vec<UsageRow>, AIError> {
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from > to
        {
            return Err(AIError::invalid("from", "must not be after to"));
        }
        Ok(self.engine.store.usage(tenant, query).await?)
    }

    /// Single bookings, newest first.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] when `from` is after `to`; storage.
    pub async fn bookings(&self, tenant: &TenantId, filter: BookingFilter) -> Result<Page<Booking>, AIError> {
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from > to
        {
            return Err(AIError::invalid("from", "must not be after to"));
        }
        Ok(self.engine.store.bookings(tenant, filter).await?)
    }
}
