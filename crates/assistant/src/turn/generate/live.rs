//! A streamed answer: raw text from the router, the reply inside it, and of that what is safe to show.

use std::sync::Arc;

use futures::StreamExt;

use super::super::outlet::Outlet;
use super::super::reserve::Seat;
use super::judge::{Judge, Reader};
use super::{Draft, Failed, draft, failed, not_used, whole};
use crate::error::AIError;
use crate::provider::ProviderPlace;
use crate::router::{
    Acceptance, Earlier, RouteEvent, RouteFailure, RouteFailureReason, RoutedAnswer, RoutedCall,
};
use crate::service::Engine;

/// Streams an answer. As long as nothing was shown, an answer that fails its checks is asked for again, whole;
/// after that the stream can only end in an error.
pub(super) async fn stream(
    engine: &Engine,
    call: RoutedCall,
    judge: &Arc<Judge>,
    seat: &Seat,
    outlet: &mut Outlet,
) -> Result<Draft, Failed> {
    // The router must not judge what has already been shown; the reader does, piece by piece.
    let live = RoutedCall { accept: Arc::new(|_, _| Acceptance::Accept), ..call.clone() };
    let mut events = engine.router.stream(live);
    let mut reader = judge.reader();
    let mut is_objected = false;
    let mut has_begun = false;
    while let Some(event) = events.next().await {
        has_begun |= matches!(event, RouteEvent::Text(_));
        match event {
            RouteEvent::Text(chunk) if !is_objected => match reader.push(&chunk) {
                Ok(safe) => outlet.send(&safe).await,
                Err(_) => is_objected = true,
            },
            // Read to its end all the same: the vendor's numbers come last.
            RouteEvent::Text(_) => {}
            RouteEvent::Done(routed) => {
                let routed = *routed;
                return match finish(&routed, reader, judge, is_objected, outlet).await {
                    Some(reply) => Ok(draft(routed, reply)),
                    None if outlet.has_sent() => Err(Failed {
                        error: AIError::ProviderError { attempts: routed.attempts },
                        billed: not_used(routed.billed),
                    }),
                    None => {
                        let earlier = Earlier { attempts: routed.attempts, billed: routed.billed };
                        again(engine, call, judge, seat, earlier, outlet).await
                    }
                };
            }
            // It broke off, but before anything could be shown: `{"reply": "` is text to the router only.
            RouteEvent::Failed(failure) if has_begun && !outlet.has_sent() && !is_refusal(&failure) => {
                let earlier = Earlier { attempts: failure.attempts, billed: failure.billed };
                return again(engine, call, judge, seat, earlier, outlet).await;
            }
            RouteEvent::Failed(failure) if outlet.has_sent() => return Err(failed(engine, failure, seat)),
            RouteEvent::Failed(failure) => {
                let draft = whole(engine, Err(failure), judge, seat)?;
                outlet.send(&draft.text).await;
                return Ok(draft);
            }
        }
    }
    Err(Failed { error: AIError::ProviderError { attempts: Vec::new() }, billed: Vec::new() })
}

fn is_refusal(failure: &RouteFailure) -> bool {
    matches!(failure.reason, RouteFailureReason::Refused(_))
}

/// Shows the rest, and gives the whole reply if it may stand.
async fn finish(
    routed: &RoutedAnswer,
    reader: Reader<'_>,
    judge: &Judge,
    is_objected: bool,
    outlet: &mut Outlet,
) -> Option<crate::reply::Reply> {
    if routed.place == ProviderPlace::Local {
        let reply = judge.read(&routed.completion);
        let rest = reply.text.strip_prefix(outlet.sent()).unwrap_or_default().to_owned();
        outlet.send(&rest).await;
        return Some(reply);
    }
    if is_objected {
        return None;
    }
    if !outlet.has_sent() && !matches!(judge.accept(&routed.completion, routed.place), Acceptance::Accept) {
        return None;
    }
    let (rest, mut reply) = reader.finish().ok()?;
    outlet.send(&rest).await;
    outlet.sent().clone_into(&mut reply.text);
    judge.settle_choices(&mut reply);
    Some(reply)
}

/// The whole path with its repairs, for an answer of which nothing was shown.
async fn again(
    engine: &Engine,
    mut call: RoutedCall,
    judge: &Judge,
    seat: &Seat,
    earlier: Earlier,
    outlet: &mut Outlet,
) -> Result<Draft, Failed> {
    call.earlier = Earlier { billed: not_used(earlier.billed), ..earlier };
    let draft = whole(engine, engine.router.complete(call).await, judge, seat)?;
    outlet.send(&draft.text).await;
    Ok(draft)
}
