//! Names, help and labels of the router's metrics.
//!
//! The label `model` is the provider's default model, one the catalog knows, or `other`: callers may name any
//! model, and labels must stay bounded.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::breaker::BreakerState;

/// Calls to providers by `provider`, `model`, `outcome` (`ok`, `rejected` by our check, or the failure's kind).
pub const PROVIDER_CALLS: &str = "pytake_provider_calls_total";
/// Time of calls to providers, by `provider` and `outcome`.
pub const PROVIDER_CALL_SECONDS: &str = "pytake_provider_call_duration_seconds";
/// Breaker by `provider`, `model`: 0 closed, 1 half-open, 2 open.
pub const BREAKER_STATE: &str = "pytake_provider_breaker_state";
/// Calls waiting for a provider's quota, by `provider`.
pub const QUEUE_LENGTH: &str = "pytake_provider_queue_length";
/// Small calls that find out whether a provider works again, by `provider`, `outcome`.
pub const PROBES: &str = "pytake_provider_probes_total";

/// Gives the recorder help text and units.
pub(crate) fn describe() {
    describe_counter!(PROVIDER_CALLS, "Calls to providers by outcome");
    describe_histogram!(PROVIDER_CALL_SECONDS, Unit::Seconds, "Time of calls to providers");
    describe_gauge!(BREAKER_STATE, "Circuit breaker: 0 closed, 1 half-open, 2 open");
    describe_gauge!(QUEUE_LENGTH, "Calls waiting for a provider's quota");
    describe_counter!(PROBES, "Small calls that find out whether a provider works again");
}

pub(crate) fn call_ended(provider: &str, model: &str, outcome: &'static str, took: Duration) {
    let provider = provider.to_owned();
    counter!(PROVIDER_CALLS, "provider" => provider.clone(), "model" => model.to_owned(), "outcome" => outcome)
        .increment(1);
    histogram!(PROVIDER_CALL_SECONDS, "provider" => provider, "outcome" => outcome)
        .record(took.as_secs_f64());
}

pub(crate) fn breaker_changed(provider: &str, model: &str, state: BreakerState) {
    let value = match state {
        BreakerState::Closed => 0.0,
        BreakerState::HalfOpen => 1.0,
        BreakerState::Open => 2.0,
    };
    gauge!(BREAKER_STATE, "provider" => provider.to_owned(), "model" => model.to_owned()).set(value);
}

pub(crate) fn queue_changed(provider: &str, waiting: usize) {
    gauge!(QUEUE_LENGTH, "provider" => provider.to_owned()).set(waiting as f64);
}

pub(crate) fn probed(provider: &str, outcome: &'static str) {
    counter!(PROBES, "provider" => provider.to_owned(), "outcome" => outcome).increment(1);
}
