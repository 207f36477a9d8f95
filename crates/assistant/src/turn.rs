//! The turn: what happens to a message, from arrival to record. There is no second path.
//!
//! Each step is one function in one file of `turn/`; each leaves what it found in the decision trail and its time in
//! a span. Whoever reads only [`steps`] knows the product.

mod announce;
mod brief;
mod burst;
mod compose;
mod decide;
mod disclose;
mod exchange;
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
pub(crate) use request::{
    CheckedAgainst, MAX_MESSAGE_CHARS, TurnRequest, check_context, check_message, check_user,
};
pub(crate) use reserve::{Seat, claim, reserve};

use std::sync::Arc;

use tracing::Instrument;

use crate::error::AIError;
use crate::ledger::Operation;
use crate::service::{Answered, Engine};
use crate::spans;
use crate::trail::Trail;
use decide::Decision;
use generate::Draft;

/// Answers one message, or the burst of messages that a channel gathered.
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
) -> Result<Answered, AIError> {
    let span = spans::turn();
    let answered = steps(engine, request, outlet).instrument(span.clone()).await;
    if let Err(error) = &answered {
        spans::turn_failed(&span, error);
    }
    answered
}

/// The way of a message, one step per line.
async fn steps(engine: &Arc<Engine>, request: TurnRequest, outlet: &mut Outlet) -> Result<Answered, AIError> {
    let mut trail = Trail::default();
    let situation = recall::recall(engine, &request).await?;
    let subject = situation.subject(&request);
    screen::screen(&subject, &request, &situation, &mut trail)?;
    let doubt = second_opinion::doubt(engine, &request, &subject, &situation);
    second_opinion::second_opinion(engine, &request, doubt, &mut trail).await?;
    let reading = understand::understand(&subject, &request, &situation, &mut trail);
    drop(subject);
    let decision = decide::decide(&request, &reading, &situation, engine.clock.now(), &mut trail);
    let (seat, outcome) = match decision {
        Decision::Reply => {
            let prompt = compose::compose(engine, &request, &situation, &reading, &mut trail)?;
            let tokens = prompt.composed.input_tokens;
            let (tenant, user) = (&request.tenant, &request.user);
            let seat =
                reserve::reserve(engine, tenant, user, tokens, request.max_output_tokens, &mut trail).await?;
            let drafted =
                generate::generate(engine, &request, &situation, &reading, prompt, &seat, outlet, &mut trail);
            let outcome = drafted.await;
            (seat, outcome)
        }
        Decision::HandOver(reason) => {
            let seat = reserve::reserve_nothing(engine, &request, &mut trail).await?;
            (seat, Ok(Draft::hand_over(reason, &situation, &reading)))
        }
        Decision::StaySilent(reason) => {
            let seat = reserve::reserve_nothing(engine, &request, &mut trail).await?;
            (seat, Ok(Draft::silence(reason)))
        }
        Decision::Say(sentence) => (Seat::uncounted(engine), Ok(Draft::sentence(&sentence, &reading))),
    };
    match outcome {
        Ok(mut draft) => {
            disclose::disclose(&request, &situation, &reading, &mut draft, &mut trail);
            record::record(engine, request, situation, reading, seat, draft, trail).await
        }
        Err(failed) => {
            let (tenant, user) = (&request.tenant, &request.user);
            Err(give_up(engine, Operation::Chat, tenant, user, &seat, failed).await)
        }
    }
}
