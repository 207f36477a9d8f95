//! `GET /api/v1/events`: what happens in the tenant's conversations, while it happens.

mod watchers;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use pytake_assistant::AIError;
use pytake_assistant::error::LimitScope;
use pytake_assistant::events::TenantEvent;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use tokio_util::sync::CancellationToken;
use tracing::error;
use utoipa::IntoParams;

use crate::auth::{Authorized, ReadScope};
use crate::input::Params;
use crate::problem::Problem;
use crate::schema;
use crate::serve::Stopping;
use crate::state::AppState;
use watchers::Watcher;

pub(crate) use watchers::Watchers;

/// A comment every 15 s keeps proxies from closing a stream in which nothing happens; common proxies wait 60.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after so long, and its reader comes back: connections do not stay for ever.
const LONGEST: Duration = Duration::from_mins(15);
/// When to come back where too many watch already: about as often as a browser reconnects by itself.
const WHILE_FULL: Duration = Duration::from_secs(5);
/// What a reader names who comes back (HTML, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FollowParams {
    /// The id of the last event that was read, for callers who cannot send the header `Last-Event-ID`.
    last_event_id: Option<u64>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

/// Watch what happens.
///
/// Server-Sent Events of the tenant: `message` (a customer wrote), `reply`, `handoff` (a conversation goes to a person,
/// or back, or is paused or closed), `delivery`, `consent`, `alarm`,
/// `budget` (half, 80 % or all of a cap is spent), `batch` (how far a batch in the background is). `data` is an object with `id`, `kind`, `at`,
/// `conversation_id` and, in `data`, more by kind. Whoever comes back with `Last-Event-ID` gets what is still kept. An
/// event `missed` says that some are not: read the conversations anew. The stream ends after 15 minutes and when the
/// server stops; come back then. It also ends when the key or session it was begun with opens nothing any more: no event is
/// told after that. A tenant has at most 64 streams at a time.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "conversations", operation_id = "followEvents",
    params(
        FollowParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that was read"),
    ),
    responses((status = 200, description = "The events", content(
        (schema::ServerSentEvent = "text/event-stream", example = "event: handoff\nid: 1795377600000007\n\
            data: {\"id\":1795377600000007,\"kind\":\"handoff\",\"at\":\"2026-11-22T12:00:00Z\",\
            \"conversation_id\":\"c1\",\"data\":{\"state\":\"waiting\",\"reason\":\"asked_for_person\",\
            \"detail\":\"The customer asks for a person.\",\"summary\":\"Meu pedido não chegou\"}}\n\n"),
    ))),
)]
pub(super) async fn follow(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    stopping: Option<Extension<Stopping>>,
    headers: HeaderMap,
    Params(params): Params<FollowParams>,
) -> Result<Response, Problem> {
    let watcher = state.watchers().enter(&caller.tenant).ok_or_else(too_many)?;
    let last = last_event_id(&headers).or(params.last_event_id);
    let events = state.assistant.events();
    let (kept, live) = events.follow(last);
    let has_missed = last.is_some_and(|last| events.has_forgotten_after(last));
    let own = kept.iter().filter(|event| event.tenant == caller.tenant).map(|event| wire(event));
    let reader = Reader {
        // Without a server around it, as in tests, nothing stops.
        stopping: stopping.map_or_else(CancellationToken::new, |Extension(Stopping(token))| token),
        end: Box::pin(tokio::time::sleep(LONGEST)),
        told: Told {
            waiting: has_missed.then(missed).into_iter().chain(own).collect(),
            live,
            looks: looks(),
            caller,
            state,
        },
        _watcher: watcher,
    };
    let told = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let answer = Sse::new(told).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    // nginx would collect the pieces otherwise.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([unbuffered], answer).into_response())
}

fn too_many() -> Problem {
    AIError::RateLimitExceeded { scope: LimitScope::Tenant, retry_after: WHILE_FULL }.into()
}

/// A header that is no number was not made by this server and says nothing.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok()
}

/// When to see whether a caller would still be let in, where nothing happens.
fn looks() -> Interval {
    let mut looks = tokio::time::interval(HEARTBEAT);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

/// One who watches.
struct Reader {
    stopping: CancellationToken,
    end: Pin<Box<Sleep>>,
    told: Told,
    _watcher: Watcher,
}

impl Reader {
    /// The next event of the tenant; `None`: the stream ends.
    async fn next(&mut self) -> Option<Event> {
        // Where another arm is first nothing is told any more, so the last one need not be cancel-safe.
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            () = self.end.as_mut() => None,
            event = self.told.next() => event,
        }
    }
}

/// What somebody is told as long as they would be let in.
struct Told {
    caller: Authorized<ReadScope>,
    state: AppState,
    /// To be told before anything new.
    waiting: VecDeque<Event>,
    live: Receiver<Arc<TenantEvent>>,
    looks: Interval,
}

impl Told {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.following().await;
            // Asked after waiting: nothing is told to a key that was revoked meanwhile.
            if !self.caller.is_still_let_in(&self.state).await {
                return None;
            }
            match event {
                Following::Event(event) => return Some(event),
                Following::Nothing => {}
                Following::End => return None,
            }
        }
    }

    async fn following(&mut self) -> Following {
        if let Some(event) = self.waiting.pop_front() {
            return Following::Event(event);
        }
        loop {
            // Both arms are cancel-safe: an event, or a tick, that is not taken here is taken by the next call.
            let received = tokio::select! {
                _ = self.looks.tick() => return Following::Nothing,
                received = self.live.recv() => received,
            };
            match received {
                Ok(event) if event.tenant == self.caller.tenant => return Following::Event(wire(&event)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Following::Event(missed()),
                Err(RecvError::Closed) => return Following::End,
            }
        }
    }
}

enum Following {
    Event(Event),
    /// It is time to look at the caller.
    Nothing,
    End,
}

fn wire(event: &TenantEvent) -> Event {
    match serde_json::to_string(event) {
        Ok(data) => Event::default().event(event.kind.as_str()).id(event.id.to_string()).data(data),
        Err(cause) => {
            error!(error.message = %cause, "could not write an event");
            missed()
        }
    }
}

fn missed() -> Event {
    let data = r#"{"detail":"Some events are not kept any more; read the conversations anew."}"#;
    Event::default().event("missed").data(data)
}
