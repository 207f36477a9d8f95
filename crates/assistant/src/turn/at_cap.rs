//! What becomes of a reply that the budget does not cover, as the tenant chose.

use super::decide::HandoffReason;
use super::generate::{Draft, Failed};
use super::recall::Situation;
use super::reserve::Seat;
use super::understand::Reading;
use crate::service::Engine;
use crate::tenant::AtCap;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// The hand-over or the refusal in place of a reply; `None`: there is one, of a model or of the device.
pub(super) fn at_cap(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    seat: &Seat,
    trail: &mut Trail,
) -> Option<Result<Draft, Failed>> {
    let refusal = seat.refusal(engine.clock.now())?;
    let is_of_channel = request.burst.is_some();
    match situation.tenant.tenant.settings.budget.at_cap {
        AtCap::CheaperModel | AtCap::Local => None,
        // In a channel nobody reads an error: the customer would wait in silence.
        AtCap::Refuse if !is_of_channel => {
            trail.step("reserve", "refused, as the tenant chose for a used up budget");
            Some(Err(Failed { error: refusal, billed: Vec::new() }))
        }
        AtCap::HandOver | AtCap::Refuse => {
            trail.step("reserve", "hand over: budget_used_up");
            Some(Ok(Draft::hand_over(HandoffReason::BudgetUsedUp, situation, reading)))
        }
    }
}
