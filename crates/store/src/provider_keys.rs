//! Tenants' own keys at model vendors: kept sealed, opened for the calls of their tenant alone.

mod keyring;

pub use keyring::{NewProviderKey, ProviderKeyView, ProviderKeyring};

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;

use crate::sealing::Sealed;

/// A tenant's own key at a vendor, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderKeyRecord {
    /// Whose.
    pub tenant: TenantId,
    /// The provider's name.
    pub provider: String,
    /// The key, sealed for [`purpose::provider_key`](crate::purpose::provider_key).
    pub sealed: Sealed,
    /// Its last four characters, by which people recognise it.
    pub hint: String,
    /// When it was set.
    pub created_at: Timestamp,
    /// Who set it.
    pub author: Author,
}

/// Stores tenants' own keys. Every change also changes the tenant's version, so that it is in force at the next request.
#[async_trait]
pub trait ProviderKeys: Send + Sync {
    /// Sets a key, in place of the one before; creates the tenant if it is new.
    async fn put_provider_key(&self, key: &ProviderKeyRecord) -> Result<(), StorageError>;

    /// A tenant's keys, or everybody's, ordered by tenant and provider.
    async fn provider_keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ProviderKeyRecord>, StorageError>;

    /// Deletes a key; false when the tenant has none at this provider.
    async fn delete_provider_key(&self, tenant: &TenantId, provider: &str) -> Result<bool, StorageError>;

    /// Replaces the sealed form of a key and nothing else; false when the key was changed meanwhile, which then stays.
    async fn reseal_provider_key(&self, key: &ProviderKeyRecord, anew: &Sealed)
    -> Result<bool, StorageError>;
}
