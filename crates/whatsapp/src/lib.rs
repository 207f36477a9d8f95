//! The edge to Meta: signature, webhooks, sending, media, formatting.

mod errors;
mod format;
mod graph;
mod hex;
mod media;
mod send;
pub mod signature;
mod split;
pub mod verification;
pub mod webhook;

pub use errors::kind_of;
pub use graph::{ConfigError, WhatsApp, WhatsAppConfig};
