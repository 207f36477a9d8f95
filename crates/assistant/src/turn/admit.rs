//! Step admit: the tenant's and the customer's limits, and a place among the turns in work.
//!
//! Callers are told at once when a limit is reached. The messages of a channel are nobody's to refuse: they are read and
//! decided about in any case, because no limit stands between a customer and a person; only for a reply of the assistant
//! their turn waits for its permit, and comes back later where that takes long.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{AIError, LimitScope};
use crate::id::{TenantId, UserId};
use crate::limits::{NoPlace, Pass, Permit, metrics};
use crate::router::Billed;
use crate::service::Engine;
use crate::spans::ADMIT;
use crate::tenant_view::TenantView;
use crate::turn::TurnRequest;

/// The longest that a request waits for a place in the server (as for a provider, `RouterConfig::max_queue_wait`).
const PATIENCE: Duration = Duration::from_secs(5);
/// When to come back to a server that is full.
const WHILE_FULL: Duration = Duration::from_secs(1);

/// What a request holds while it is in work; given back when dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    /// `None`: a channel's turn that has not come to a reply.
    permit: Option<Permit>,
    /// `None` once the work on this machine is done.
    desk: Option<Pass>,
    _place: Pass,
}

/// Lets a turn in.
///
/// # Errors
/// [`AIError::RateLimitExceeded`]; [`AIError::NotFound`] for the tenant, [`AIError::Conflict`] where it is suspended;
/// storage.
#[tracing::instrument(level = "debug", name = ADMIT, skip_all)]
pub(crate) async fn admit(
    engine: &Engine,
    request: &TurnRequest,
) -> Result<(Arc<TenantView>, Admission), AIError> {
    let view = engine.tenants.view(&*engine.store, &request.tenant).await?;
    if request.burst.is_none() {
        // What a channel brings for a tenant that is suspended is kept.
        view.in_service()?;
    }
    let (tenant, user) = (&request.tenant, &request.user);
    let permit = if request.burst.is_some() {
        engine.limits.know(tenant, &view.tenant.settings.limits);
        None
    } else {
        Some(engine.limits.admit(tenant, user, &view.tenant.settings.limits)?)
    };
    let admission = enter(engine, tenant, user, permit, request.deadline).await?;
    Ok((view, admission))
}

/// Lets a request in that is no turn.
///
/// # Errors
/// As [`admit`].
pub(crate) async fn admit_errand(
    engine: &Engine,
    view: &TenantView,
    user: &UserId,
    deadline: Duration,
) -> Result<Admission, AIError> {
    let tenant = &view.tenant.id;
    let permit = engine.limits.admit(tenant, user, &view.tenant.settings.limits)?;
    enter(engine, tenant, user, Some(permit), deadline).await
}

async fn enter(
    engine: &Engine,
    tenant: &TenantId,
    user: &UserId,
    mut permit: Option<Permit>,
    deadline: Duration,
) -> Result<Admission, AIError> {
    // For place and desk together.
    let until = engine.clock.elapsed() + PATIENCE.min(engine.time_left(deadline));
    let both = async {
        let place = engine.places.enter(tenant, user.as_str(), engine.time_left(until)).await?;
        let desk = engine.desks.enter(tenant, user.as_str(), engine.time_left(until)).await?;
        Ok((place, desk))
    };
    match both.await {
        Ok((place, desk)) => Ok(Admission { permit, desk: Some(desk), _place: place }),
        Err(no_place) => {
            if let Some(permit) = &mut permit {
                permit.uncount();
            }
            Err(full(no_place))
        }
    }
}

fn full(_: NoPlace) -> AIError {
    metrics::refused(LimitScope::Server);
    AIError::RateLimitExceeded { scope: LimitScope::Server, retry_after: WHILE_FULL }
}

impl Admission {
    /// The permit of a reply: a channel's turn waits for it here.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`] with the time when to come back.
    pub(crate) async fn admit_reply(
        &mut self,
        engine: &Engine,
        request: &TurnRequest,
        view: &TenantView,
    ) -> Result<(), AIError> {
        if self.permit.is_some() {
            return Ok(());
        }
        let (tenant, user, limits) = (&request.tenant, &request.user, &view.tenant.settings.limits);
        let permit = if let Ok(permit) = engine.limits.try_admit(tenant, user, limits) {
            permit
        } else {
            // Whoever waits needs no desk.
            self.leave_desk();
            let time_left = engine.time_left(request.deadline);
            engine.limits.admit_in_time(tenant, user, limits, time_left).await?
        };
        self.permit = Some(permit);
        Ok(())
    }

    /// The work on this machine is done; others may begin theirs.
    pub(crate) fn leave_desk(&mut self) {
        self.desk = None;
    }

    /// Takes the tokens that a call may need at most.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`].
    pub(crate) fn take_tokens(&mut self, input_tokens: u64, max_output_tokens: u32) -> Result<(), AIError> {
        match &mut self.permit {
            Some(permit) => permit.take_tokens(input_tokens.saturating_add(max_output_tokens.into())),
            None => Ok(()),
        }
    }

    /// [`Admission::take_tokens`] of a turn: a channel's waits for them.
    ///
    /// # Errors
    /// As [`Admission::take_tokens`].
    pub(crate) async fn take_tokens_of_turn(
        &mut self,
        engine: &Engine,
        request: &TurnRequest,
        input_tokens: u64,
    ) -> Result<(), AIError> {
        let Some(permit) = &mut self.permit else { return Ok(()) };
        let amount = input_tokens.saturating_add(request.max_output_tokens.into());
        let taken = if request.burst.is_some() {
            permit.take_tokens_in_time(amount, engine.time_left(request.deadline)).await
        } else {
            permit.take_tokens(amount)
        };
        if taken.is_err() {
            permit.uncount();
        }
        taken
    }

    /// Ends a request with this error: one that a limit keeps out counts against nothing.
    pub(crate) fn ends_in(&mut self, error: &AIError) {
        if let (AIError::RateLimitExceeded { .. }, Some(permit)) = (error, &mut self.permit) {
            permit.uncount();
        }
    }

    /// Says what the calls really used.
    pub(crate) fn used(&mut self, billed: &[Billed]) {
        if let Some(permit) = &mut self.permit {
            permit.used(billed);
        }
    }
}
