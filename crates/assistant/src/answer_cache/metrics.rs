//! Names, help and labels of the answer cache's metrics.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::money::PicoUsd;

/// Questions that may be answered from the cache, by `outcome`: `exact`, `similar`, `miss`, or `unfit` where the kept
/// answer did not pass the checks against this message.
pub(super) const LOOKUPS: &str = "pytake_answer_cache_lookups_total";
/// Turns that waited for the answer of another turn, by `outcome`: `answered`, `handed_on`, `own_only`, `impatient`.
pub(super) const WAITS: &str = "pytake_answer_cache_waits_total";
/// Answers that were kept.
pub(super) const KEPT: &str = "pytake_answer_cache_kept_total";
/// Answers given away to make room.
pub(super) const EVICTED: &str = "pytake_answer_cache_evicted_total";
/// Bytes of the kept answers.
pub(super) const BYTES: &str = "pytake_answer_cache_bytes";
/// Kept answers.
pub(super) const ENTRIES: &str = "pytake_answer_cache_entries";
/// Pico-US-dollars that answers given again would have cost, where the price is known.
pub(super) const SAVED: &str = "pytake_answer_cache_saved_pico_usd_total";

/// Gives the recorder help text and units.
pub(super) fn describe() {
    describe_counter!(LOOKUPS, "Questions that may be answered from the cache, by outcome");
    describe_counter!(WAITS, "Turns that waited for the answer of another turn, by outcome");
    describe_counter!(KEPT, "Answers that were kept to be given again");
    describe_counter!(EVICTED, "Kept answers given away to make room");
    describe_gauge!(BYTES, Unit::Bytes, "Bytes of the kept answers");
    describe_gauge!(ENTRIES, "Kept answers");
    describe_counter!(SAVED, "Pico-US-dollars that answers given again would have cost");
}

pub(crate) fn looked_up(outcome: &'static str) {
    counter!(LOOKUPS, "outcome" => outcome).increment(1);
}

pub(crate) fn waited(outcome: &'static str) {
    counter!(WAITS, "outcome" => outcome).increment(1);
}

pub(crate) fn kept() {
    counter!(KEPT).increment(1);
}

pub(crate) fn saved(amount: Option<PicoUsd>) {
    let amount = amount.and_then(|amount| u64::try_from(amount.0).ok()).unwrap_or_default();
    counter!(SAVED).increment(amount);
}

pub(super) fn evicted() {
    counter!(EVICTED).increment(1);
}

pub(super) fn holds(bytes: usize, entries: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; memory is far below 2^52 bytes")]
    {
        gauge!(BYTES).set(bytes as f64);
        gauge!(ENTRIES).set(entries as f64);
    }
}
