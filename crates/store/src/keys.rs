//! API keys: who may call, for which tenant, and what.
//!
//! Only the hash of a secret is stored. Making secrets and hashing them is the server's work.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use serde::{Deserialize, Serialize};

/// What a key allows (contract, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Asking for replies.
    Chat,
    /// Analysing and classifying messages.
    Analyze,
    /// Reading conversations, usage and provider states.
    Read,
    /// Changing custom prompts.
    Prompts,
    /// Taking over conversations and answering in them.
    Operate,
    /// Managing the tenant itself: settings, keys, operators, customers' data.
    Manage,
    /// Everything, also on behalf of other tenants.
    Admin,
}

impl Scope {
    /// Every scope, in the order they are shown.
    pub const ALL: [Self; 7] =
        [Self::Chat, Self::Analyze, Self::Read, Self::Prompts, Self::Operate, Self::Manage, Self::Admin];

    /// The name in the database, on the wire and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Analyze => "analyze",
            Self::Read => "read",
            Self::Prompts => "prompts",
            Self::Operate => "operate",
            Self::Manage => "manage",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a scope; there are {}", Scope::ALL.map(Scope::as_str).join(", "))]
pub struct UnknownScope {
    /// The word.
    pub word: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let scope = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        scope.ok_or_else(|| UnknownScope { word: word.to_owned() })
    }
}

/// A secret that a rotation replaced, and that opens a little longer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PreviousSecret {
    /// SHA-256 of it.
    pub secret_hash: [u8; 32],
    /// From when on it is no longer valid.
    pub valid_until: Timestamp,
}

/// What a rotation gives to a key.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// SHA-256 of the one it replaces, as it was read.
    pub replaces: [u8; 32],
    /// The first 8 characters of the new secret.
    pub prefix: String,
    /// SHA-256 of it.
    pub secret_hash: [u8; 32],
    /// Until when the secret before it opens as well.
    pub previous_until: Timestamp,
}

/// An API key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its id, unique on the server.
    pub id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The first 8 characters of the secret, by which people recognise it.
    pub prefix: String,
    /// SHA-256 of the secret. The secret has 256 random bits, so nothing slower is needed.
    pub secret_hash: [u8; 32],
    /// The secret it had before its last rotation.
    pub previous: Option<PreviousSecret>,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Requests it may make in a minute; `None`: as many as its tenant.
    pub requests_per_minute: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no longer valid.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used; exact to about a minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Whether its secret opens anything at this instant.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a secret with this hash opens anything at this instant: its own, or the one before it.
    pub fn is_opened_by(&self, secret_hash: &[u8; 32], now: Timestamp) -> bool {
        let is_previous =
            |previous: PreviousSecret| previous.secret_hash == *secret_hash && now < previous.valid_until;
        let is_known = self.secret_hash == *secret_hash || self.previous.is_some_and(is_previous);
        is_known && self.is_valid(now)
    }
}

impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("requests_per_minute", &self.requests_per_minute)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("revoked_at", &self.revoked_at)
            .field("last_used_at", &self.last_used_at)
            .field("previous_until", &self.previous.map(|previous| previous.valid_until))
            .finish_non_exhaustive()
    }
}

/// A key that was found by its secret, with what counts of its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The key.
    pub key: ApiKeyRecord,
    /// Whether its tenant is suspended.
    pub is_suspended: bool,
}

/// Keys of a tenant that are over and still listed; of more, those that ended first are forgotten. As many as a tenant may
/// have in force.
pub const ENDED_KEYS_KEPT: usize = 200;

/// Stores API keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Stores a new key; creates its tenant if that is new. Fails when the id or the hash is already there. Of the tenant's
    /// keys that were revoked or have expired by then, the newest [`ENDED_KEYS_KEPT`] stay.
    async fn create_key(&self, key: &ApiKeyRecord) -> Result<(), StorageError>;

    /// The key whose secret, or whose previous secret, has this hash, also when it opens nothing any more (see
    /// [`ApiKeyRecord::is_opened_by`]). Called on every request: a point read. It sees at once what another process
    /// has changed.
    async fn key_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<KnownKey>, StorageError>;

    /// A tenant's keys, or everybody's, oldest first.
    async fn keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ApiKeyRecord>, StorageError>;

    /// A tenant's key.
    async fn key(&self, tenant: &TenantId, id: &str) -> Result<Option<ApiKeyRecord>, StorageError>;

    /// Gives a tenant's key, or with `None` anybody's, a new secret. The one it had opens until
    /// [`NewSecret::previous_until`], an older one no more. `None` when there is none with this id that is not revoked and
    /// has the secret that is to be replaced: of two rotations at once one is told that it was none.
    async fn rotate_key(
        &self,
        tenant: Option<&TenantId>,
        id: &str,
        secret: &NewSecret,
    ) -> Result<Option<ApiKeyRecord>, StorageError>;

    /// Revokes a tenant's key, or with `None` anybody's; false when there is none with this id that could be revoked.
    async fn revoke_key(
        &self,
        tenant: Option<&TenantId>,
        id: &str,
        at: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Whether there is any key that was not revoked, expired ones included.
    async fn has_keys(&self) -> Result<bool, StorageError>;

    /// Whether there ever was a key, revoked ones included. Called on every request that brings no key: a point read.
    async fn had_keys(&self) -> Result<bool, StorageError>;

    /// Notes that a key was used. How often is the caller's business: once a minute is plenty.
    async fn touch_key(&self, id: &str, at: Timestamp) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_what_it_writes() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }

    #[test]
    fn an_unknown_scope_is_refused_with_the_known_ones() {
        let refusal = "root".parse::<Scope>().unwrap_err().to_string();
        assert_eq!(
            refusal,
            "\"root\" is not a scope; there are chat, analyze, read, prompts, operate, manage, admin"
        );
    }

    #[test]
    fn a_key_is_valid_until_it_expires_or_is_revoked() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut key = ApiKeyRecord {
            id: "k1".into(),
            tenant: TenantId::default_tenant(),
            name: "till".into(),
            prefix: "pt_12345".into(),
            secret_hash: [7; 32],
            previous: None,
            scopes: vec![Scope::Chat],
            requests_per_minute: None,
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
            last_used_at: None,
        };
        assert!(key.is_valid(at(99)));
        assert!(!key.is_valid(at(100)));
        key.revoked_at = Some(at(50));
        assert!(!key.is_valid(at(99)));
        assert!(!format!("{key:?}").contains("12345"), "neither hash nor prefix is for logs");
        key.revoked_at = None;
        key.previous = Some(PreviousSecret { secret_hash: [8; 32], valid_until: at(10) });
        assert!(key.is_opened_by(&[7; 32], at(10)) && key.is_opened_by(&[8; 32], at(9)));
        assert!(!key.is_opened_by(&[8; 32], at(10)) && !key.is_opened_by(&[9; 32], at(1)));
        assert!(!key.is_opened_by(&[7; 32], at(100)), "expired");
    }
}
