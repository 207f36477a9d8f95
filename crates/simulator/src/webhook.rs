//! Bodies of webhooks: made for a customer who writes, and read again to know who wrote what.

mod make;
mod read;

pub use make::{Business, Customer, Written, echo_post, join, post, split, status_post};
pub(crate) use make::{status, status_value};
pub(crate) use read::{Item, items, newest_timestamp, shown_of_outgoing, timestamp_of};
pub use read::{businesses, message_ids};
