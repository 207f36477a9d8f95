//! The channel that the crate's own tests use, in these too: one file, because tests outside of a crate see nothing of it
//! that is for tests.

use pytake_assistant::channel::{
    Accepted, FetchedMedia, MediaFailure, MediaKind, MediaRef, Messenger, NumberAccess, NumberHealth,
    OutboundContent, Recipient, SendFailure,
};

#[path = "../../src/channel/plain.rs"]
pub(crate) mod plain;
