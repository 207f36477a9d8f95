//! The turn: what happens to a message, from arrival to record. There is no second path.
//!
//! Each step is one function in one file of `turn/`; each leaves what it found in the decision trail and its time in
//! a span. Whoever reads only [`steps`] knows the product.

mod compose;
mod decide;
mod generate;
mod outlet;
mod recall;
mod record;
mod request;
mod reserve;
mod screen;
mod second_opinion;
mod understand;

pub(crate) use generate::{Failed, failed};
pub(crate) use outlet::Outlet;
pub(crate) use record::{book, give_up};
pub(crate) use request::{CheckedAgainst, TurnRequest, check_context, check_message, check_user};
pub(crate) use reserve::{Seat, reserve};

use std::sync::Arc;

use tracing::Instrument;

use crate::chat::ChatResponse;
use crate::error::AIError;
use crate::ledger::Operation;
use crate::service::Engine;
use crate::spans;
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
    let span = spans::turn();
    let answered = steps(engine, request, outlet).instrument(span.clone()).await;
    if let Err(error) = &answered {
        spans::turn_failed(&span, error);
    }
    answered
}

/// The way of a message, one step per line.
async fn steps(
    engine: &Arc<Engine>,
    request: TurnRequest,
    outlet: &mut Outlet,
) -> Result<ChatResponse, AIError> {
    let mut trail = Trail::default();
    let situation = recall::recall(engine, &request).await?;
    let subject = situation.subject(&request);
    screen::screen(&subject, &situation, &mut trail)?;
    let doubt = second_opinion::doubt(engine, &request, &subject, &situation);
    second_opinion::second_opinion(engine, &request, doubt, &mut trail).await?;
    let reading = understand::understand(&subject, &situation, &mut trail);
    drop(subject);
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
            generate::generate(engine, &request, &situation, &reading, prompt, &seat, outlet, &mut trail)
                .await
        }
        Decision::HandOver(reason) => Ok(Draft::hand_over(reason, &situation, &reading)),
        Decision::StaySilent => Ok(Draft::silence()),
    };
    match outcome {
        Ok(draft) => record::record(engine, request, situation, reading, seat, draft, trail).await,
        Err(failed) => {
            let (tenant, user) = (&request.tenant, &request.user);
            Err(give_up(engine, Operation::Chat, tenant, user, &seat, failed).await)
        }
    }
}
