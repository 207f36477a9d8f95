//! A message is never lost, never answered twice, never out of turn: what lies between a webhook and the channel.
//!
//! [`Channel::receive`] stores what a webhook tells, and returns. [`Channel::run`] does the rest: turns of conversations
//! that are due (`rules` decide, the assistant answers), messages of the outbox, files, and upkeep. Everything that
//! must survive is in the database; this crate holds nothing that a crash may not take.
//!
//! It knows neither SQL nor HTTP: it works on [`ChannelStore`](pytake_store::ChannelStore) and
//! [`Messenger`](pytake_assistant::channel::Messenger).

mod alarms;
mod channel;
mod settings;

mod numbers;
mod registry;

mod receiving;
mod rules;
mod seats;
mod turns;
mod words;

mod fetching;
mod people;
mod sending;
mod upkeep;
mod work;

pub mod metrics;

pub use channel::{Channel, ChannelBuilder};
pub use numbers::{NewNumber, NumberView};
pub use registry::WebhookKey;
pub use settings::ChannelSettings;
