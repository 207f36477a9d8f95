//! Dates, times, durations and numbers, against the specifications and against our own cases.

mod laws;
mod messages;
mod specifications;
