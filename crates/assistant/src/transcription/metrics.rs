//! Names, help and labels of the transcription's metrics.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

/// Recordings by `provider` and `outcome`: `heard`, `no_speech`, the failure's kind, or `resting` where nobody was asked
/// because the last calls failed.
pub const TRANSCRIPTIONS: &str = "pytake_transcriptions_total";
/// Time of transcriptions, by `provider` and `outcome`.
pub const TRANSCRIPTION_SECONDS: &str = "pytake_transcription_duration_seconds";

/// Gives the recorder help text and units.
pub(crate) fn describe() {
    describe_counter!(TRANSCRIPTIONS, "Recordings that were to be written down, by outcome");
    describe_histogram!(TRANSCRIPTION_SECONDS, Unit::Seconds, "Time of transcriptions");
}

pub(crate) fn answered(provider: &str, outcome: &'static str, took: Duration) {
    let provider = provider.to_owned();
    counter!(TRANSCRIPTIONS, "provider" => provider.clone(), "outcome" => outcome).increment(1);
    histogram!(TRANSCRIPTION_SECONDS, "provider" => provider, "outcome" => outcome)
        .record(took.as_secs_f64());
}

pub(crate) fn rested(provider: &str) {
    counter!(TRANSCRIPTIONS, "provider" => provider.to_owned(), "outcome" => "resting").increment(1);
}
