//! What happens around every request: its id, its span and log line, metrics, headers, and the body of errors.
//!
//! One layer does all of it, so that the chat path pays for one. What belongs into the audit log is written here too.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::{Instrument, Span, debug, error, field, info, info_span, warn};

use crate::audit::{self, Observed};
use crate::cors;
use crate::limits::{Counted, write_headers};
use crate::metrics;
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::state::AppState;

/// Pages of other origins may not embed an answer (Fetch, section 3.7).
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Wraps a request and its answer.
pub(crate) async fn edge(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = state.clock.elapsed();
    let id = RequestId::of(request.headers(), &*state.ids);
    let method = metrics::method_label(request.method());
    let verb = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let span = info_span!("request", method, route, request_id = %id, tenant = field::Empty);
    request.extensions_mut().insert(id.clone());
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());

    let path = request.uri().path().to_owned();
    let allowed = state.cors_origins.allowed(&path, request.headers());
    let is_preflight = allowed.is_some() && cors::is_preflight(&verb, request.headers());
    let mut response = if is_preflight {
        cors::preflight()
    } else if audit::is_audited(&verb, route) {
        let observed = audit::observe(&mut request, method, route, &id).await;
        answer_and_audit(state.clone(), request, next, observed).instrument(span.clone()).await
    } else {
        answer(request, next).instrument(span.clone()).await
    };

    dress(&mut response, &id);
    state.cors_origins.tell(&path, allowed, &mut response);
    write_headers(&state, &counted, &mut response).await;
    let took = state.clock.elapsed().saturating_sub(started);
    metrics::answered(method, route, response.status(), took);
    span.in_scope(|| log(route, response.status(), took));
    response
}

/// Runs the handler; a panic of it is an error of the server.
async fn answer(request: Request, next: Next) -> Response {
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    answering.await.unwrap_or_else(|panic| after_panic(&*panic))
}

/// Runs the handler and writes what it did into the audit log.
///
/// In a task of its own: a caller who goes away before the answer would otherwise take with it the entry for a change
/// that was already made. The task ends by itself, as every handler does.
async fn answer_and_audit(state: AppState, request: Request, next: Next, observed: Observed) -> Response {
    let answering = async move {
        let response = answer(request, next).await;
        observed.write(&state, response.status()).await;
        response
    };
    let task = tokio::spawn(answering.in_current_span());
    task.await.unwrap_or_else(|failure| {
        error!(error.message = %failure, "an answer was given up");
        Problem::internal().into_response()
    })
}

/// The id, the error's body, and the headers that keep browsers from guessing, and other pages from showing or embedding
/// what is answered here. `Strict-Transport-Security` is the proxy's, which has the TLS (`SECURITY.md`).
fn dress(response: &mut Response, id: &RequestId) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write_into(response, id);
    }
    let headers = response.headers_mut();
    if let Some(value) = id.header() {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

/// One line per request: the state of things at `info`, for machines' own questions at `debug`.
fn log(route: &str, status: StatusCode, took: Duration) {
    let status = status.as_u16();
    let duration_ms = took.as_micros() as f64 / 1e3;
    match status {
        500.. => warn!(status, duration_ms, "request failed"),
        _ if route.starts_with("/api/") => info!(status, duration_ms, "request answered"),
        _ => debug!(status, duration_ms, "request answered"),
    }
}

fn after_panic(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text");
    error!(panic = text, "a handler panicked");
    Problem::internal().into_response()
}

/// Notes in the request's span for whom it is.
pub(crate) fn note_tenant(tenant: &str) {
    Span::current().record("tenant", tenant);
}
