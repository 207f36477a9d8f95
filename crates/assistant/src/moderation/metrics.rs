//! Names, help and labels of the moderation's metrics.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

/// Second opinions by `provider` and `outcome`: `clear`, `flagged`, the failure's kind, or `resting` where none was asked
/// for because the last ones failed.
pub const OPINIONS: &str = "pytake_moderation_opinions_total";
/// Time of second opinions, by `provider` and `outcome`.
pub const OPINION_SECONDS: &str = "pytake_moderation_opinion_duration_seconds";

/// Gives the recorder help text and units.
pub(crate) fn describe() {
    describe_counter!(OPINIONS, "Second opinions of a moderation model by outcome");
    describe_histogram!(OPINION_SECONDS, Unit::Seconds, "Time of second opinions");
}

pub(crate) fn heard(provider: &str, outcome: &'static str, took: Duration) {
    let provider = provider.to_owned();
    counter!(OPINIONS, "provider" => provider.clone(), "outcome" => outcome).increment(1);
    histogram!(OPINION_SECONDS, "provider" => provider, "outcome" => outcome).record(took.as_secs_f64());
}

pub(crate) fn rested(provider: &str) {
    counter!(OPINIONS, "provider" => provider.to_owned(), "outcome" => "resting").increment(1);
}
