//! `POST /api/v1/ai/chat`: a reply, whole or streamed.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use pytake_assistant::{ChatEvent, ChatRequest, ChatStream};
use serde::Serialize;
use tracing::error;

use crate::auth::{Authorized, ChatScope};
use crate::input::Payload;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::schema;
use crate::state::AppState;

/// A comment every 15 s keeps proxies from closing a stream whose answer takes its time; common proxies wait 60.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answer a message.
///
/// With `"stream": true` the answer comes as Server-Sent Events: `delta` {`text`}, then one `done` with the
/// whole answer object, or one `error` with the error object. A failure before the first text is an ordinary
/// error answer.
#[utoipa::path(
    post, path = "/api/v1/ai/chat", tag = "chat", operation_id = "chat",
    request_body = schema::ChatRequest,
    responses(
        (status = 200, description = "The answer", content(
            (schema::ChatResponse = "application/json"),
            (schema::ServerSentEvent = "text/event-stream", example = "event: delta\ndata: {\"text\":\"Abrimos às 9h.\"}\n\n"),
        )),
        (status = 409, description = "`conflict`: the conversation is another customer's, or the tenant is suspended", body = schema::Error),
    ),
)]
pub(super) async fn chat(
    caller: Authorized<ChatScope>,
    request_id: RequestId,
    State(state): State<AppState>,
    Payload(mut request): Payload<ChatRequest>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    if request.stream {
        let stream = state.assistant.chat_stream(&tenant, request).await?;
        return Ok(server_sent(stream, request_id));
    }
    Ok(Json(state.assistant.chat(&tenant, request).await?).into_response())
}

fn server_sent(stream: ChatStream, request_id: RequestId) -> Response {
    let events = stream.map(move |event| Ok::<_, Infallible>(wire(event, &request_id)));
    let answer = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here"));
    // nginx would collect the pieces otherwise.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    ([unbuffered], answer).into_response()
}

#[derive(Serialize)]
struct Delta {
    text: String,
}

fn wire(event: ChatEvent, request_id: &RequestId) -> Event {
    let (name, data) = match event {
        ChatEvent::Delta(text) => ("delta", serde_json::to_string(&Delta { text })),
        ChatEvent::Done(answer) => ("done", serde_json::to_string(&answer)),
        ChatEvent::Error(failure) => ("error", Ok(Problem::from(failure).object(request_id).to_string())),
    };
    let data = data.unwrap_or_else(|cause| {
        error!(error.message = %cause, "could not write an event");
        Problem::internal().object(request_id).to_string()
    });
    Event::default().event(name).data(data)
}
