//! The turn: what happens to a message, from arrival to record. There is no second path.
//!
//! Each step is one function in one file of `turn/`; each leaves what it found in the decision trail.

mod compose;
mod decide;
mod generate;
mod outlet;
mod recall;
mod record;
mod request;
mod reserve;
mod screen;
mod understand;

pub(crate) use outlet::Outlet;
pub(crate) use request::{CheckedAgainst, TurnRequest, check_context, check_message, check_user};
pub(crate) use record::book;
pub(crate) use reserve::{Seat, reserve};

use std::sync::Arc;

use crate::chat::ChatResponse;
use crate::error::AIError;
use crate::service::Engine;
use crate::trail::Trail;
use decide::Decision;
use generate::Draft;

/// Answers one message.
///
/// The caller's lane guarantees that no other turn of the conversation runs meanwhile. Text goes to `outlet`
/// as soon as it is checked; the returned response is the whole.
///
/// # Errors
/// Every kind of [`AIError`]; nothing is stored as an answer then, and what was reserved is given back.
pub(crate) async fn turn(
    engine: &Arc<Engine>,
    request: TurnRequest,
    outlet: &mut Outlet,
) -> Result<ChatResponse, AIError> {
    let mut trail = Trail::default();
    let situation = recall::recall(engine, &request).await?;
    screen::screen(&request, &situation, &mut trail)?;
    let reading = understand::understand(&request, &situation, &mut trail);
    let decision = decide::decide(&reading, &situation, &mut trail);
    let prompt = compose::compose(engine, &request, &situation, &reading, &mut trail)?;
    let seat = reserve::reserve(
        engine,
        &request.tenant,
        &request.user,
        prompt.composed.input_tokens,
        request.max_output_tokens,
        &mut trail,
    )
    .await?;
    let outcome = match decision {
        Decision::Reply => {
            generate::generate(engine, &request, &situation, &reading, prompt, &seat, outlet, &mut trail).await
        }
        Decision::HandOver(reason) => Ok(Draft::hand_over(reason, &situation, &reading)),
        Decision::StaySilent => Ok(Draft::silence()),
    };
    match outcome {
        Ok(draft) => record::record(engine, request, situation, reading, seat, draft, trail).await,
        Err(failed) => Err(record::give_up(engine, &request, seat, failed).await),
    }
}
