//! Reads a message on the device: pure functions, no I/O, no async, no clock.
//!
//! A [`message::Message`] holds what several analyses share: its words ([`fold`]), its meaning ([`embedding`]) and its
//! spelling ([`features`]). What it says is found by rules ([`filter`], [`signals`], [`priority`], [`entities`],
//! [`claims`]), by linear models ([`linear`]: [`language`], [`intents`] and the [`heads`] of [`sentiment`], [`emotion`],
//! [`toxicity`], [`spam`], [`injection`], [`urgency`]), and by search over approved answers ([`retrieval`]).

mod phrases;

pub use pytake_entities as entities;

pub mod message;

pub mod embedding;
pub mod features;
pub mod fold;
pub mod lexicon;
pub mod linear;

pub mod built_in;
pub mod claims;
pub mod emotion;
pub mod filter;
pub mod heads;
pub mod injection;
pub mod intents;
pub mod language;
pub mod priority;
pub mod retrieval;
pub mod screening;
pub mod sentiment;
pub mod signals;
pub mod spam;
pub mod toxicity;
pub mod urgency;
