//! The providers against servers on loopback that behave as vendors do, well and badly.

#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "helpers of tests fail as tests do")]

mod bodies;
mod faults;
mod moderation;
mod pictures;
mod requests;
mod server;
mod specifications;
mod transcription;
