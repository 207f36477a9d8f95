//! A messaging channel in the product's own words: what customers write, what goes out, and what became of it.
//!
//! Vendors' field names stay in the channel's own crate (`pytake-whatsapp`), which reads webhooks into [`Event`]s and
//! is a [`Messenger`]. Databases keep these types; the inbox works with them. Pure data and policies, no I/O.

mod address;
mod delivery;
mod inbound;
mod messenger;
mod outbound;
#[cfg(test)]
pub(crate) mod plain;
mod policy;
mod settlement;
mod window;

pub use address::{Recipient, Sender, canonical_phone};
pub use delivery::{DeliveryState, StatusUpdate};
pub use inbound::{
    Attachment, ContactCard, Echo, Event, EventKind, IdentityChange, InboundContent, InboundMessage,
    MarketingPreference, MediaKind, MediaRef, OrderItem, Referral,
};
pub use messenger::{
    Accepted, FetchedMedia, MediaFailure, Messenger, NumberAccess, NumberHealth, SendFailure, SendFailureKind,
};
pub use outbound::{Choice, OutboundContent};
pub use policy::{Hold, NextStep, after_failure};
pub use settlement::{ItemId, Lease, OutboxDraft, OutboxId, OutboxKind, Recorded, Settlement};
pub use window::{WINDOW, is_window_open, trusted_time};
