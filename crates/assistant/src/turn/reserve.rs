//! Step reserve: the customer's day and the tenant's money, claimed before anything is sent.

use jiff::civil::Date;

use crate::clock::{until_next_utc_day, utc_day};
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::ledger::{Admission, BudgetClaim, ReservationId, ReservationRequest};
use crate::money::PicoUsd;
use crate::service::Engine;
use crate::spans::RESERVE;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// A counted place in the customer's day; settled by the record or given back.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// `None` when usage is not tracked.
    pub(crate) reservation: Option<ReservationId>,
    pub(crate) day: Date,
    /// False when the budget is used up: only what costs nothing may answer.
    pub(crate) may_spend: bool,
}

impl Seat {
    /// A place of what is no request: it counts nothing and may spend nothing.
    pub(crate) fn uncounted(engine: &Engine) -> Self {
        Self { reservation: None, day: utc_day(engine.clock.now()), may_spend: false }
    }
}

/// Counts a request that costs nothing, if the customer's day has room for it. No limit stands between a customer and
/// a person, and to listen silently needs no leave.
///
/// # Errors
/// Storage errors.
pub(crate) async fn reserve_nothing(
    engine: &Engine,
    request: &TurnRequest,
    trail: &mut Trail,
) -> Result<Seat, AIError> {
    match reserve(engine, &request.tenant, &request.user, 0, 0, trail).await {
        Err(AIError::DailyLimitExceeded { .. }) => Ok(Seat::uncounted(engine)),
        reserved => reserved,
    }
}

/// Claims a request of the customer's day, and the most a prompt can cost from the tenant's month.
///
/// # Errors
/// As [`claim`].
#[tracing::instrument(level = "debug", name = RESERVE, skip_all)]
pub(crate) async fn reserve(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    input_tokens: u64,
    max_output_tokens: u32,
    trail: &mut Trail,
) -> Result<Seat, AIError> {
    let at_most = |day| engine.most_expensive(input_tokens, max_output_tokens, day);
    let seat = claim(engine, tenant, user, at_most).await?;
    if !seat.may_spend {
        trail.step("reserve", "the monthly budget is used up: only what costs nothing may answer");
    }
    Ok(seat)
}

/// Claims a request of the customer's day, and from the tenant's month the most it can cost.
///
/// # Errors
/// [`AIError::DailyLimitExceeded`]; storage errors.
pub(crate) async fn claim(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    at_most: impl FnOnce(Date) -> PicoUsd,
) -> Result<Seat, AIError> {
    let at = engine.clock.now();
    let day = utc_day(at);
    let settings = &engine.settings;
    if !settings.is_usage_tracked {
        return Ok(Seat { reservation: None, day, may_spend: true });
    }
    let id = ReservationId(engine.ids.next());
    let budget = settings.monthly_budget.map(|cap| BudgetClaim { cap, at_most: at_most(day) });
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
        Admission::Budget { .. } => Ok(Seat { reservation: Some(id), day, may_spend: false }),
        Admission::DailyLimit { .. } => Err(AIError::DailyLimitExceeded {
            limit: settings.daily_request_limit,
            retry_after: until_next_utc_day(at),
        }),
    }
}
