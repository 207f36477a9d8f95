//! What happens around every request: its id, its span and log line, metrics, headers, and the body of errors.
//!
//! One layer does all of it, so that the chat path pays for one.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::{Instrument, Span, debug, error, field, info, info_span, warn};

use crate::metrics;
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::state::AppState;

/// Wraps a request and its answer.
pub(crate) async fn edge(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = state.clock.elapsed();
    let id = RequestId::of(request.headers(), &*state.ids);
    let method = metrics::method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let span = info_span!("request", method, route, request_id = %id, tenant = field::Empty);
    request.extensions_mut().insert(id.clone());

    let answering = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = answering.await.unwrap_or_else(|panic| span.in_scope(|| after_panic(&*panic)));

    dress(&mut response, &id);
    let took = state.clock.elapsed().saturating_sub(started);
    metrics::answered(method, route, response.status(), took);
    span.in_scope(|| log(route, response.status(), took));
    response
}

/// The id, the error's body, and the headers that keep browsers from guessing.
fn dress(response: &mut Response, id: &RequestId) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write_into(response, id);
    }
    let headers = response.headers_mut();
    if let Some(value) = id.header() {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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
