//! `GET /api/v1/events`: what happens in the tenant's conversations, while it happens.

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
use pytake_assistant::events::TenantEvent;
use pytake_assistant::id::TenantId;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;
use utoipa::IntoParams;

use crate::auth::{Authorized, ReadScope};
use crate::input::Params;
use crate::schema;
use crate::serve::Stopping;
use crate::state::AppState;

/// A comment every 15 s keeps proxies from closing a stream in which nothing happens; common proxies wait 60.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after so long, and its reader comes back with its key: one that was revoked reads no further.
const LONGEST: Duration = Duration::from_mins(15);
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
/// `budget` (half, 80 % or all of a cap is spent). `data` is an object with `id`, `kind`, `at`,
/// `conversation_id` and, in `data`, more by kind. Whoever comes back with `Last-Event-ID` gets what is still kept. An
/// event `missed` says that some are not: read the conversations anew. The stream ends after 15 minutes and when the
/// server stops; come back then.
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
) -> Response {
    let last = last_event_id(&headers).or(params.last_event_id);
    let events = state.assistant.events();
    let (kept, live) = events.follow(last);
    let has_missed = last.is_some_and(|last| events.has_forgotten_after(last));
    let own = kept.iter().filter(|event| event.tenant == caller.tenant).map(|event| wire(event));
    let reader = Reader {
        waiting: has_missed.then(missed).into_iter().chain(own).collect(),
        tenant: caller.tenant,
        live,
        // Without a server around it, as in tests, nothing stops.
        stopping: stopping.map_or_else(CancellationToken::new, |Extension(Stopping(token))| token),
        end: Box::pin(tokio::time::sleep(LONGEST)),
    };
    let told = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let answer = Sse::new(told).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    // nginx would collect the pieces otherwise.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    ([unbuffered], answer).into_response()
}

/// A header that is no number was not made by this server and says nothing.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok()
}

/// One who watches.
struct Reader {
    tenant: TenantId,
    /// To be told before anything new.
    waiting: VecDeque<Event>,
    live: Receiver<Arc<TenantEvent>>,
    stopping: CancellationToken,
    end: Pin<Box<Sleep>>,
}

impl Reader {
    /// The next event of the tenant; `None`: the stream ends.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            // Every arm is cancel-safe: an event that is not taken here is taken by the next call.
            let received = tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = self.end.as_mut() => return None,
                received = self.live.recv() => received,
            };
            match received {
                Ok(event) if event.tenant == self.tenant => return Some(wire(&event)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(missed()),
                Err(RecvError::Closed) => return None,
            }
        }
    }
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
