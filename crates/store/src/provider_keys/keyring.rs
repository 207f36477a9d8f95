//! Tenants' own keys in use: sealed when they are set, opened when a tenant is prepared.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::router::{OwnKey, OwnKeys};
use pytake_assistant::{AIError, Author};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ProviderKeyRecord, ProviderKeys};
use crate::purpose;
use crate::sealing::{Sealed, Sealer};

/// The shortest key: with four of its characters shown, eight are not. Vendors' keys have 40 and more.
const FEWEST_CHARS: usize = 12;

/// The longest key, as the longest secret of a number.
const MOST_CHARS: usize = 4_096;

/// Characters shown of a key.
const HINT_CHARS: usize = 4;

/// A key to be set.
#[derive(Debug, Clone)]
pub struct NewProviderKey {
    /// Whose.
    pub tenant: TenantId,
    /// The provider's name.
    pub provider: String,
    /// The key.
    pub key: SecretString,
    /// Who sets it.
    pub author: Author,
}

/// A tenant's own key, without the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderKeyView {
    /// The provider's name.
    pub provider: String,
    /// Its last four characters.
    pub hint: String,
    /// Whether it can be opened with the keys this server seals with; while it cannot, the provider is not asked for the
    /// tenant.
    pub is_usable: bool,
    /// When it was set.
    pub created_at: Timestamp,
    /// Who set it.
    pub author: Author,
}

/// Seals tenants' own keys and opens them.
#[derive(Clone)]
pub struct ProviderKeyring {
    store: Arc<dyn ProviderKeys>,
    sealer: Arc<Sealer>,
}

impl fmt::Debug for ProviderKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderKeyring").field("sealer", &self.sealer).finish_non_exhaustive()
    }
}

impl ProviderKeyring {
    /// Over a store, with the server's sealer.
    pub fn new(store: Arc<dyn ProviderKeys>, sealer: Arc<Sealer>) -> Self {
        Self { store, sealer }
    }

    /// Sets a tenant's key; in force from its next request on.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] about `key`; [`AIError::Configuration`] where nothing can be sealed; storage.
    pub async fn put(&self, new: NewProviderKey, at: Timestamp) -> Result<ProviderKeyView, AIError> {
        let key = checked(&new.key)?;
        let hint = key[key.len() - HINT_CHARS..].to_owned();
        let sealed = self
            .sealer
            .seal(&new.key, &purpose::provider_key(&new.tenant, &new.provider))
            .map_err(|error| AIError::Configuration(format!("the key cannot be sealed: {error}")))?;
        let NewProviderKey { tenant, provider, author, .. } = new;
        let record = ProviderKeyRecord { tenant, provider, sealed, hint, created_at: at, author };
        self.store.put_provider_key(&record).await?;
        Ok(self.view(record))
    }

    /// A tenant's keys, by provider.
    ///
    /// # Errors
    /// Storage.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<ProviderKeyView>, AIError> {
        let records = self.store.provider_keys(Some(tenant)).await?;
        Ok(records.into_iter().map(|record| self.view(record)).collect())
    }

    /// Deletes a tenant's key: from its next request on the server's key is used again, where there is one.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn delete(&self, tenant: &TenantId, provider: &str) -> Result<(), AIError> {
        if self.store.delete_provider_key(tenant, provider).await? {
            Ok(())
        } else {
            Err(AIError::NotFound { what: "provider key" })
        }
    }

    fn view(&self, record: ProviderKeyRecord) -> ProviderKeyView {
        let purpose = purpose::provider_key(&record.tenant, &record.provider);
        ProviderKeyView {
            is_usable: self.sealer.open(&record.sealed, &purpose).is_ok(),
            provider: record.provider,
            hint: record.hint,
            created_at: record.created_at,
            author: record.author,
        }
    }
}

#[async_trait]
impl OwnKeys for ProviderKeyring {
    async fn own_keys(&self, tenant: &TenantId) -> Result<BTreeMap<String, OwnKey>, StorageError> {
        let mut keys = BTreeMap::new();
        for record in self.store.provider_keys(Some(tenant)).await? {
            let purpose = purpose::provider_key(&record.tenant, &record.provider);
            let opened = self.sealer.open(&record.sealed, &purpose);
            if let Err(error) = &opened {
                tracing::error!(
                    tenant = %tenant, provider = record.provider, error.message = %error,
                    "a tenant's own key cannot be opened, so that the provider is not asked for it; was the key file replaced?"
                );
            }
            let key = OwnKey { version: version(&record.sealed), secret: opened.ok() };
            keys.insert(record.provider, key);
        }
        Ok(keys)
    }
}

/// The characters that a header can carry, and enough of them.
fn checked(key: &SecretString) -> Result<&str, AIError> {
    let key = key.expose_secret();
    let is_usable =
        (FEWEST_CHARS..=MOST_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_usable {
        Ok(key)
    } else {
        Err(AIError::invalid("key", "must have 12 to 4096 visible ASCII characters and no spaces"))
    }
}

/// Another number for every sealing, also of the same key: whoever sets a key again wants it tried again.
fn version(sealed: &Sealed) -> u64 {
    let mut version = [0; 8];
    for (byte, hashed) in version.iter_mut().zip(digest(&SHA256, &sealed.0).as_ref()) {
        *byte = *hashed;
    }
    u64::from_le_bytes(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_and_not_repeated() {
        for bad in ["", "short-key", "with a space in it", "línea-con-acento", "line\nbreak-in-it"] {
            let error = checked(&SecretString::from(bad)).unwrap_err();
            assert!(matches!(&error, AIError::InvalidRequest(problems) if problems[0].field == "key"));
            assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
        }
        assert!(checked(&SecretString::from("x".repeat(4_097))).is_err());
        assert_eq!(checked(&SecretString::from("sk-proj-abcdef")).unwrap(), "sk-proj-abcdef");
    }

    #[test]
    fn every_sealing_has_its_own_version() {
        assert_ne!(version(&Sealed(vec![1, 2, 3])), version(&Sealed(vec![1, 2, 4])));
        assert_eq!(version(&Sealed(vec![1])), version(&Sealed(vec![1])));
    }
}
