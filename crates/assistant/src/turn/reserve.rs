//! Step reserve: the customer's day and the tenant's money, claimed before anything is sent.

use jiff::civil::Date;

use crate::clock::{until_next_utc_day, utc_day};
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::ledger::{Admission, BudgetClaim, ReservationId, ReservationRequest};
use crate::service::Engine;
use crate::spans::RESERVE;
use crate::trail::Trail;

/// A counted place in the customer's day; settled by the record or given back.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// `None` when usage is not tracked.
    pub(crate) reservation: Option<ReservationId>,
    pub(crate) day: Date,
    /// False when the budget is used up: only what costs nothing may answer.
    pub(crate) may_spend: bool,
}

/// Claims a request of the customer's day, and the most it can cost from the tenant's month.
///
/// # Errors
/// [`AIError::DailyLimitExceeded`]; storage errors.
#[tracing::instrument(level = "debug", name = RESERVE, skip_all)]
pub(crate) async fn reserve(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    input_tokens: u64,
    max_output_tokens: u32,
    trail: &mut Trail,
) -> Result<Seat, AIError> {
    let at = engine.clock.now();
    let day = utc_day(at);
    let settings = &engine.settings;
    if !settings.is_usage_tracked {
        return Ok(Seat { reservation: None, day, may_spend: true });
    }
    let id = ReservationId(engine.ids.next());
    let budget = settings
        .monthly_budget
        .map(|cap| BudgetClaim { cap, at_most: engine.most_expensive(input_tokens, max_output_tokens, day) });
    let request = ReservationRequest {
        id: id.clone(),
        tenant: tenant.clone(),
        user: user.clone(),
        day,
        daily_limit: Some(settings.daily_request_limit),
        budget,
        at,
        holds_for: settings.request_timeout * 2,
    };
    match engine.store.reserve(request).await? {
        Admission::Admitted => Ok(Seat { reservation: Some(id), day, may_spend: true }),
        Admission::Budget { .. } => {
            trail.step("reserve", "the monthly budget is used up: only what costs nothing may answer");
            Ok(Seat { reservation: Some(id), day, may_spend: false })
        }
        Admission::DailyLimit { .. } => Err(AIError::DailyLimitExceeded {
            limit: settings.daily_request_limit,
            retry_after: until_next_utc_day(at),
        }),
    }
}
