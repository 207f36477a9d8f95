//! Names, help and labels of the limits' metrics.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::error::LimitScope;

/// Requests that a limit kept out, by `scope`: `tenant`, `user`, `key`, `conversation`, `server`.
pub(crate) const REFUSALS: &str = "pytake_limit_refusals_total";
/// Requests in work, by `gate`: `server`, all of them; `desk`, those that wait for no model.
pub(crate) const IN_WORK: &str = "pytake_requests_in_work";
/// Requests that wait for a place, by `gate`.
pub(crate) const WAITING: &str = "pytake_requests_waiting";

/// Gives the recorder help text.
pub(crate) fn describe() {
    describe_counter!(REFUSALS, "Requests that a limit kept out");
    describe_gauge!(IN_WORK, "Requests in work");
    describe_gauge!(WAITING, "Requests that wait for a place");
}

pub(crate) fn refused(scope: LimitScope) {
    let scope = match scope {
        LimitScope::User => "user",
        LimitScope::Tenant => "tenant",
        LimitScope::Key => "key",
        LimitScope::Provider => "provider",
        LimitScope::Conversation => "conversation",
        LimitScope::Server => "server",
    };
    counter!(REFUSALS, "scope" => scope).increment(1);
}

pub(crate) fn load_changed(gate: &'static str, (in_work, waiting): (usize, usize)) {
    gauge!(IN_WORK, "gate" => gate).set(in_work as f64);
    gauge!(WAITING, "gate" => gate).set(waiting as f64);
}
