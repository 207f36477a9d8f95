//! Step reserve: the customer's day and the money, claimed before anything is sent.
//!
//! Where a cap is in force, only models with a known price are covered by a claim, and only they are asked: no cap can
//! hold what nobody can count. Without any cap nothing is claimed.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::compose::Prompt;
use super::recall::Situation;
use super::record;
use crate::budget::{BudgetClaim, BudgetScope, caps};
use crate::clock::{until_next_utc_day, utc_day};
use crate::error::AIError;
use crate::id::UserId;
use crate::ledger::{Admission, ReservationId, ReservationRequest};
use crate::money::PicoUsd;
use crate::reply;
use crate::router::Wish;
use crate::service::{Engine, Quote};
use crate::spans::RESERVE;
use crate::tenant::{AtCap, ModelChoice};
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// What stands in the way of any paid call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// A cap has no room.
    Cap(BudgetScope),
    /// There is a cap, and nobody who may be asked has a known price.
    NoPrice,
}

impl Shortage {
    /// As the caller is told.
    pub(crate) fn error(self, now: Timestamp) -> AIError {
        match self {
            Self::Cap(scope) => AIError::BudgetExceeded { scope, retry_after: scope.starts_anew_in(now) },
            Self::NoPrice => AIError::ServiceUnavailable(
                "a budget is set, and no model that may be asked has a known price; give it one in the settings of the \
                 tenant or in the server's price table"
                    .to_owned(),
            ),
        }
    }
}

/// A counted place in the customer's day; settled by the record or given back.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// `None` when usage is not tracked.
    pub(crate) reservation: Option<ReservationId>,
    pub(crate) day: Date,
    /// False where only what costs nothing may answer.
    pub(crate) may_spend: bool,
    /// Why, where that is because of the money.
    pub(crate) shortage: Option<Shortage>,
    /// The caps in force.
    pub(crate) budgets: Vec<BudgetClaim>,
    /// The models that the claim covers; `None`: any.
    pub(crate) covered: Option<Arc<[ModelChoice]>>,
    /// The one that answers because the money covers no other.
    pub(crate) cheaper: Option<ModelChoice>,
}

impl Seat {
    /// A place of what is no request: it counts nothing and may spend nothing.
    pub(crate) fn uncounted(engine: &Engine) -> Self {
        Self { may_spend: false, ..Self::unlimited(None, utc_day(engine.clock.now())) }
    }

    fn unlimited(reservation: Option<ReservationId>, day: Date) -> Self {
        Self {
            reservation,
            day,
            may_spend: true,
            shortage: None,
            budgets: Vec::new(),
            covered: None,
            cheaper: None,
        }
    }

    /// Why no paid call could be made.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<AIError> {
        self.shortage.filter(|_| !self.may_spend).map(|shortage| shortage.error(now))
    }
}

/// What is to be claimed for a prompt.
pub(crate) struct Need<'a> {
    pub(crate) view: &'a TenantView,
    pub(crate) user: &'a UserId,
    pub(crate) input_tokens: u64,
    pub(crate) max_output_tokens: u32,
    /// Whom it would ask; `None`: nobody who costs anything.
    pub(crate) wish: Option<Wish<'a>>,
    /// Whether the tenant's cheaper model may stand in.
    pub(crate) may_be_cheaper: bool,
}

/// What a reply needs. The schema of replies is read by the model like the prompt.
pub(crate) fn need<'a>(request: &'a TurnRequest, situation: &'a Situation, prompt: &Prompt) -> Need<'a> {
    let schema_tokens = if prompt.wants_contract { reply::schema_tokens() } else { 0 };
    Need {
        view: &situation.tenant,
        user: &request.user,
        input_tokens: prompt.composed.input_tokens.saturating_add(schema_tokens),
        max_output_tokens: request.max_output_tokens,
        wish: Some(Wish {
            preferred: request.preferred.as_deref(),
            fallback: request.may_fall_back,
            model: request.model.as_deref(),
            terms: &situation.tenant.terms,
        }),
        may_be_cheaper: true,
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
    situation: &Situation,
) -> Result<Seat, AIError> {
    match reserve_request(engine, request, situation).await {
        Err(AIError::DailyLimitExceeded { .. }) => Ok(Seat::uncounted(engine)),
        reserved => reserved,
    }
}

/// Counts a request that costs nothing.
///
/// # Errors
/// As [`claim`].
pub(crate) async fn reserve_request(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
) -> Result<Seat, AIError> {
    claim(engine, &situation.tenant, &request.user, Offer::free()).await
}

/// Claims a request of the customer's day, and the most a prompt can cost from every budget in force.
///
/// # Errors
/// As [`claim`].
#[tracing::instrument(level = "debug", name = RESERVE, skip_all)]
pub(crate) async fn reserve(engine: &Engine, need: Need<'_>, trail: &mut Trail) -> Result<Seat, AIError> {
    let seat = claim(engine, need.view, need.user, offer(engine, &need, trail)).await?;
    match (&seat.cheaper, seat.shortage) {
        (Some(cheaper), _) => trail.step(
            "reserve",
            format!("the budget covers the cheaper model only: {} of {}", cheaper.model, cheaper.provider),
        ),
        (None, Some(Shortage::Cap(scope))) => trail.step(
            "reserve",
            format!(
                "the {}'s budget of the {} is used up: only what costs nothing may answer",
                scope.owner(),
                scope.period()
            ),
        ),
        (None, Some(Shortage::NoPrice)) => {
            trail.step("reserve", "a budget is set and no model has a known price: none is asked");
        }
        (None, None) => {}
    }
    Ok(seat)
}

/// What a prompt would cost, where a cap is in force.
fn offer(engine: &Engine, need: &Need<'_>, trail: &mut Trail) -> Offer {
    let Some(wish) = need.wish.filter(|_| engine.settings.is_usage_tracked) else { return Offer::free() };
    let budgets = engine.caps(need.view);
    if budgets.is_empty() {
        return Offer::free();
    }
    let day = utc_day(engine.clock.now());
    let quote = |models| engine.quote(need.view, models, need.input_tokens, need.max_output_tokens, day);
    let models = engine.router.reachable(&wish);
    if models.is_empty() {
        return Offer::nobody();
    }
    let whole = quote(models);
    if !whole.unpriced.is_empty() && !whole.covered.is_empty() {
        let names: Vec<&str> = whole.unpriced.iter().map(|choice| choice.model.as_str()).collect();
        let found =
            format!("not asked, because a budget is set and its price is unknown: {}", names.join(", "));
        trail.step("reserve", found);
    }
    let cheaper = cheaper_model(engine, need, &wish).map(quote);
    Offer { budgets, whole: Some(whole), cheaper: cheaper.filter(|quote| !quote.covered.is_empty()) }
}

/// The tenant's cheaper model, where it may stand in and can be asked.
fn cheaper_model(engine: &Engine, need: &Need<'_>, wish: &Wish<'_>) -> Option<Vec<ModelChoice>> {
    let budget = &need.view.tenant.settings.budget;
    let choice = budget.cheaper_model.as_ref()?;
    let is_wanted = need.may_be_cheaper && budget.at_cap == AtCap::CheaperModel;
    let is_allowed = wish.fallback || wish.preferred == Some(choice.provider.as_str());
    if !is_wanted || !is_allowed {
        return None;
    }
    let only = Wish {
        preferred: Some(&choice.provider),
        fallback: false,
        model: Some(&choice.model),
        terms: wish.terms,
    };
    engine.router.reachable(&only).contains(choice).then(|| vec![choice.clone()])
}

/// What is claimed: against which caps, the whole, and instead of it what the cheaper model needs.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    budgets: Vec<BudgetClaim>,
    whole: Option<Quote>,
    cheaper: Option<Quote>,
}

impl Offer {
    /// No money.
    pub(crate) fn free() -> Self {
        Self::default()
    }

    /// No money, and nobody may be asked who takes some.
    fn nobody() -> Self {
        let nothing = Quote { at_most: PicoUsd::ZERO, covered: Arc::new([]), unpriced: Vec::new() };
        Self { whole: Some(nothing), ..Self::default() }
    }

    /// So much for one model, or nothing can be counted.
    pub(crate) fn of(engine: &Engine, view: &TenantView, choice: ModelChoice, most: Option<PicoUsd>) -> Self {
        let budgets = engine.caps(view);
        let (covered, unpriced) =
            if most.is_some() { (vec![choice], Vec::new()) } else { (Vec::new(), vec![choice]) };
        let whole = Quote { at_most: most.unwrap_or_default(), covered: covered.into(), unpriced };
        if budgets.is_empty() { Self::free() } else { Self { budgets, whole: Some(whole), cheaper: None } }
    }
}

impl Engine {
    /// The caps in force for a tenant.
    pub(crate) fn caps(&self, view: &TenantView) -> Vec<BudgetClaim> {
        caps(&view.tenant.settings.budget, self.settings.monthly_budget)
    }
}

/// Claims a request of the customer's day, and what is offered from every budget, all or nothing.
///
/// # Errors
/// [`AIError::DailyLimitExceeded`]; storage errors.
pub(crate) async fn claim(
    engine: &Engine,
    view: &TenantView,
    user: &UserId,
    offer: Offer,
) -> Result<Seat, AIError> {
    let at = engine.clock.now();
    let day = utc_day(at);
    let settings = &engine.settings;
    let daily_limit = engine.limits.requests_per_day(&view.tenant.id, settings.daily_request_limit);
    if !settings.is_usage_tracked {
        return Ok(Seat::unlimited(None, day));
    }
    let id = ReservationId(engine.ids.next());
    let Offer { budgets, whole, cheaper } = offer;
    let is_covered =
        whole.as_ref().is_none_or(|quote| !quote.covered.is_empty() || quote.unpriced.is_empty());
    let request = ReservationRequest {
        id: id.clone(),
        tenant: view.tenant.id.clone(),
        user: user.clone(),
        day,
        daily_limit: Some(daily_limit),
        budgets: if is_covered { budgets.clone() } else { Vec::new() },
        at_most: whole.as_ref().map(|quote| quote.at_most).unwrap_or_default(),
        cheaper: cheaper.as_ref().map(|quote| quote.at_most),
        at,
        holds_for: settings.request_timeout * 2,
    };
    let covered_by = |quote: Option<&Quote>| quote.map(|quote| Arc::clone(&quote.covered));
    let counted = Seat { budgets, ..Seat::unlimited(Some(id), day) };
    match engine.store.reserve(request).await? {
        Admission::Admitted if !is_covered => {
            Ok(Seat { may_spend: false, shortage: Some(Shortage::NoPrice), ..counted })
        }
        Admission::Admitted => Ok(Seat { covered: covered_by(whole.as_ref()), ..counted }),
        Admission::Cheaper { passed } => {
            record::tell(engine, &view.tenant.id, passed, at);
            let covered = covered_by(cheaper.as_ref());
            let model = covered.as_ref().and_then(|covered| covered.first().cloned());
            Ok(Seat { covered, cheaper: model, ..counted })
        }
        Admission::Budget { scope, passed, .. } => {
            record::tell(engine, &view.tenant.id, passed, at);
            Ok(Seat { may_spend: false, shortage: Some(Shortage::Cap(scope)), ..counted })
        }
        Admission::DailyLimit { .. } => {
            Err(AIError::DailyLimitExceeded { limit: daily_limit, retry_after: until_next_utc_day(at) })
        }
    }
}
