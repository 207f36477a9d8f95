//! Names of things: tenants, users, conversations, messages, prompts.
//!
//! Each is parsed once at the edge into a type that cannot be wrong. Random ids come from an
//! [`IdSource`], so that tests own them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Why a text is not a valid id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Longer than allowed.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("must not contain {character:?}; allowed are {allowed}")]
    Character {
        /// The first offending character.
        character: char,
        /// What is allowed, for people.
        allowed: &'static str,
    },
}

/// The macro writes the same forty lines for each kind of id; only the name, the longest length and the
/// allowed characters differ.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, max $max:literal, $allowed:literal, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The longest id, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Checks the text and takes it as an id.
            ///
            /// # Errors
            /// Empty, too long, or with a character that is not allowed.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                if text.is_empty() {
                    return Err(InvalidId::Empty);
                }
                if text.chars().count() > $max {
                    return Err(InvalidId::TooLong { max: $max });
                }
                let is_allowed: fn(char) -> bool = $is_allowed;
                match text.chars().find(|c| !is_allowed(*c)) {
                    Some(character) => Err(InvalidId::Character { character, allowed: $allowed }),
                    None => Ok(Self(text.into())),
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_id!(
    /// A business on this server. Everything stored belongs to exactly one.
    TenantId, max 64, "a-z, 0-9, '-' and '_'",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
);
text_id!(
    /// A customer, as the caller names them. 1 to 128 characters (contract, section 4).
    UserId, max 128, "anything but control characters", |c| !c.is_control()
);
text_id!(
    /// A conversation, unique within its tenant; the caller may bring its own name for one.
    ConversationId, max 128, "letters, digits and -_.:@+=",
    |c| c.is_alphanumeric() || "-_.:@+=".contains(c)
);
text_id!(
    /// A business number of a messaging channel, as the channel names it (WhatsApp: phone number id).
    NumberId, max 64, "letters, digits, '-' and '_'",
    |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'
);
text_id!(
    /// A stored message.
    MessageId, max 64, "letters, digits and '-'", |c| c.is_ascii_alphanumeric() || c == '-'
);
text_id!(
    /// A custom prompt.
    PromptId, max 64, "letters, digits and '-'", |c| c.is_ascii_alphanumeric() || c == '-'
);
text_id!(
    /// An approved answer of a tenant.
    AnswerId, max 64, "letters, digits, '-' and '_'",
    |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'
);

impl TenantId {
    /// The tenant of a server that has only one, and of callers without a key.
    pub fn default_tenant() -> Self {
        Self("default".into())
    }
}

/// Makes ids that nobody has used before.
pub trait IdSource: Send + Sync + 'static {
    /// A new id: time-ordered, 36 characters, safe in URLs.
    fn next(&self) -> String;
}

/// UUID version 7: sorts by time of creation, which keeps index pages together.
#[derive(Debug, Default, Clone, Copy)]
pub struct UuidSource;

impl IdSource for UuidSource {
    #[expect(clippy::disallowed_methods, reason = "this is the seam the rule points to")]
    fn next(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}

/// Counts `id-1`, `id-2`, … for tests.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn next(&self) -> String {
        format!("id-{}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_why_it_is_refused() {
        assert_eq!(UserId::new(""), Err(InvalidId::Empty));
        assert_eq!(UserId::new("x".repeat(129)), Err(InvalidId::TooLong { max: 128 }));
        assert!(UserId::new("ana\u{0}").is_err());
        assert!(TenantId::new("Shop A").is_err());
        assert_eq!(TenantId::new("shop-a").unwrap().as_str(), "shop-a");
    }

    #[test]
    fn uuids_sort_by_creation() {
        let (first, second) = (UuidSource.next(), UuidSource.next());
        assert!(first < second);
        assert!(MessageId::new(first).is_ok());
    }
}
