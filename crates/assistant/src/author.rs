//! Who changed something.

use serde::{Deserialize, Serialize};

/// Who changed something, as it is kept with the change: `key:<id>`, `operator:<id>`, `command`, `open` or `stranger`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Author(String);

impl Author {
    /// An API key.
    pub fn key(id: &str) -> Self {
        Self(format!("key:{id}"))
    }

    /// A person with a session.
    pub fn operator(id: &str) -> Self {
        Self(format!("operator:{id}"))
    }

    /// Somebody at the command line of the server.
    pub fn command() -> Self {
        Self("command".to_owned())
    }

    /// Somebody on this machine while no key existed, or a program that embeds the library.
    pub fn open() -> Self {
        Self("open".to_owned())
    }

    /// Somebody who did not prove who they are: a failed try to sign in.
    pub fn stranger() -> Self {
        Self("stranger".to_owned())
    }

    /// One that was read back from a store.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
