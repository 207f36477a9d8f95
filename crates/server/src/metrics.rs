//! The edge's metrics, and the recorder that every crate's metrics end in.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use tokio_util::sync::CancellationToken;

/// Answered requests, by method, route pattern and status.
const REQUESTS: &str = "pytake_http_requests_total";
/// Seconds from the request's head to the answer's head, by route pattern.
const DURATION: &str = "pytake_http_request_duration_seconds";

/// Audit entries that could not be written.
const AUDIT_FAILURES: &str = "pytake_audit_failures_total";
/// Tries to sign in, by what came of them: `ok`, `refused`, `throttled`.
const SIGN_INS: &str = "pytake_sign_ins_total";

/// Bounds for everything named `…_seconds`: from a local answer (under a millisecond) to the default deadline
/// of a turn (30 s, contract section 3) and one beyond it.
const SECONDS: [f64; 15] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Every 5 s: between two scrapes histograms keep raw samples, and without upkeep a server that nobody scrapes
/// would keep them for good.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Builds the recorder to install for the whole process; its handle goes into the state.
///
/// # Errors
/// Only if the bounds above were empty.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new();
    Ok(builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?.build_recorder())
}

/// Says what the edge's metrics mean; call once after installing the recorder.
pub(crate) fn describe() {
    describe_counter!(REQUESTS, "Answered HTTP requests");
    describe_counter!(AUDIT_FAILURES, "Audit entries that could not be written");
    describe_counter!(SIGN_INS, "Tries to sign in, by what came of them");
    describe_histogram!(DURATION, Unit::Seconds, "From the request's head to the answer's head");
}

/// Folds raw samples into histograms until the server stops.
pub async fn upkeep(handle: PrometheusHandle, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        // Both arms are cancel-safe: a tick that is dropped stays due, the token stays cancelled.
        tokio::select! {
            _ = ticks.tick() => handle.run_upkeep(),
            () = shutdown.cancelled() => return,
        }
    }
}

/// Counts an answer.
pub(crate) fn answered(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    let route = route.to_owned();
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status_label(status))
        .increment(1);
    histogram!(DURATION, "route" => route).record(took);
}

/// Counts an audit entry that is lost.
pub(crate) fn audit_failed() {
    counter!(AUDIT_FAILURES).increment(1);
}

/// Counts a try to sign in.
pub(crate) fn signed_in(outcome: &'static str) {
    counter!(SIGN_INS, "outcome" => outcome).increment(1);
}

/// A label from a closed set: callers may invent methods.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// Without an allocation for the one status nearly every answer has.
fn status_label(status: StatusCode) -> metrics::SharedString {
    match status {
        StatusCode::OK => metrics::SharedString::const_str("200"),
        other => other.as_u16().to_string().into(),
    }
}
