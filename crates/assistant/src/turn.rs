//! The turn: what happens to a message, from arrival to record. There is no second path.
//!
//! Each step is one function in one file of `turn/`; each leaves what it found in the decision trail and its time in
//! a span. Whoever reads only [`steps`] knows the product.

mod admit;
mod announce;
mod at_cap;
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
mod reuse;
mod screen;
mod second_opinion;
mod understand;

pub(crate) use admit::{Admission, admit_errand};
pub(crate) use generate::{Failed, failed, not_used};
pub(crate) use outlet::Outlet;
pub(crate) use record::{Bookkeeping, book, give_up, write};
pub(crate) use request::{
    CheckedAgainst, MAX_MESSAGE_CHARS, TurnRequest, check_context, check_message, check_user,
};
pub(crate) use reserve::{Need, Offer, Seat, claim, reserve};

use std::sync::Arc;

use tracing::Instrument;

use crate::error::AIError;
use crate::service::{Answered, Engine};
use crate::spans;
use crate::trail::Trail;
use decide::Decision;
use generate::Draft;
use reuse::Reuse;

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
    let (view, mut admission) = admit::admit(engine, &request).await?;
    let situation = recall::recall(engine, &request, view, &mut trail).await?;
    generate::permit(engine, &request, &situation)?;
    let subject = situation.subject(&request);
    screen::screen(&subject, &request, &situation, &mut trail)?;
    let doubt = second_opinion::doubt(engine, &request, &subject, &situation);
    if doubt.is_some() {
        admission.leave_desk();
    }
    second_opinion::second_opinion(engine, &request, &situation, doubt, &mut trail).await?;
    let reading = understand::understand(&subject, &request, &situation, &mut trail);
    let asked = reuse::asked(engine, &request, &subject, &situation, &reading);
    drop(subject);
    let decision = decide::decide(&request, &reading, &situation, engine.clock.now(), &mut trail);
    let (seat, outcome) = match decision {
        Decision::Reply => {
            admission.admit_reply(engine, &request, &situation.tenant).await?;
            let prompt = compose::compose(engine, &request, &situation, &reading, &mut trail)?;
            let need = reserve::need(&request, &situation, &prompt);
            admission.leave_desk();
            match reuse::reuse(engine, &request, &situation, &reading, &prompt, asked, &mut trail).await {
                Reuse::Found(draft) => {
                    let seat = reserve::reserve_request(engine, &request, &situation).await?;
                    outlet.send(&draft.text).await;
                    (seat, Ok(*draft))
                }
                Reuse::Nothing(keeper) => {
                    admission.take_tokens_of_turn(engine, &request, prompt.composed.input_tokens).await?;
                    let seat = reserve::reserve(engine, need, &mut trail).await?;
                    let drafted = generate::generate(
                        engine, &request, &situation, &reading, prompt, &seat, outlet, &mut trail,
                    );
                    let outcome = drafted.await;
                    admission
                        .used(outcome.as_ref().map_or_else(|failed| &failed.billed, |draft| &draft.billed));
                    let aside =
                        |draft| reuse::put_aside(keeper, draft, &request, &situation, &reading, &seat);
                    let outcome = outcome.map(aside);
                    (seat, outcome)
                }
            }
        }
        Decision::HandOver(reason) => {
            let seat = reserve::reserve_nothing(engine, &request, &situation).await?;
            (seat, Ok(Draft::hand_over(reason, &situation, &reading)))
        }
        Decision::StaySilent(reason) => {
            let seat = reserve::reserve_nothing(engine, &request, &situation).await?;
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
            let books = Bookkeeping {
                engine,
                view: &situation.tenant,
                user: &request.user,
                operation: request.operation,
                conversation: request.store.then_some(&request.conversation),
            };
            Err(give_up(&books, &seat, failed).await)
        }
    }
}
