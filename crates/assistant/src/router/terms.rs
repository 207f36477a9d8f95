//! What a tenant's calls go by: who may be asked, for which models, with whose key.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::Serialize;

use crate::error::StorageError;
use crate::id::TenantId;
use crate::provider::Destination;
use crate::tenant::{ModelChoice, ProviderRules};

/// A tenant's terms. `Default`: every provider of the server, with the server's keys.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Who may be asked, and for which models.
    pub rules: ProviderRules,
    /// The tenant's own keys, by the provider's name: they are used instead of the server's, and a provider for which
    /// the server has none can be asked with them.
    pub own_keys: BTreeMap<String, OwnKey>,
}

impl Terms {
    /// The same keys, and nobody but one model of one provider.
    #[must_use]
    pub fn narrowed_to(&self, choice: &ModelChoice) -> Self {
        let rules = ProviderRules {
            allowed: vec![choice.provider.clone()],
            models: BTreeMap::from([(choice.provider.clone(), vec![choice.model.clone()])]),
        };
        Self { rules, own_keys: self.own_keys.clone() }
    }
}

/// A tenant's own key at a vendor.
#[derive(Debug, Clone)]
pub struct OwnKey {
    /// Changes with the key: what was learned with the one before is forgotten.
    pub version: u64,
    /// The key; `None`: it cannot be opened here, and nobody may be asked in its place with the server's.
    pub secret: Option<SecretString>,
}

/// Gives the keys that tenants have at vendors, opened.
#[async_trait]
pub trait OwnKeys: Send + Sync {
    /// A tenant's keys by the provider's name. Asked once for every version of the tenant, which every change of a key
    /// changes.
    async fn own_keys(&self, tenant: &TenantId) -> Result<BTreeMap<String, OwnKey>, StorageError>;
}

/// Whose key a tenant's calls bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOwner {
    /// The server's.
    Server,
    /// The tenant's own.
    Tenant,
    /// Nobody's: there is none.
    Nobody,
}

impl KeyOwner {
    pub(crate) fn of(has_own: bool, destination: &Destination) -> Self {
        match (has_own, destination.has_key) {
            (true, _) => Self::Tenant,
            (false, true) => Self::Server,
            (false, false) => Self::Nobody,
        }
    }
}

/// A provider outside of this process, as a tenant's terms reach it.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) name: String,
    pub(crate) destination: Destination,
    pub(crate) key: KeyOwner,
    /// False where the terms do not let it be asked, or there is no key.
    pub(crate) is_asked: bool,
}

/// With whose key a tenant's call goes to a provider.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access<'a> {
    /// The server's.
    Servers,
    /// The tenant's own.
    Own { key: &'a SecretString, version: u64 },
    /// Nobody's: the tenant does not allow it, or has a key that cannot be used here.
    Denied,
}

impl Terms {
    /// Whether the rules let a provider be asked.
    pub(crate) fn allows(&self, provider: &str) -> bool {
        self.rules.allowed.is_empty() || self.rules.allowed.iter().any(|name| name == provider)
    }

    /// The models that may be asked for at a provider, its default first; `None`: any.
    pub(crate) fn models_at(&self, provider: &str) -> Option<&[String]> {
        self.rules.models.get(provider).map(Vec::as_slice).filter(|models| !models.is_empty())
    }

    /// With whose key a provider is asked, which may be one that takes no tenant's key.
    pub(crate) fn access(&self, provider: &str, takes_own_keys: bool) -> Access<'_> {
        if !self.allows(provider) {
            return Access::Denied;
        }
        match self.own_keys.get(provider) {
            None => Access::Servers,
            Some(OwnKey { secret: Some(key), version }) if takes_own_keys => {
                Access::Own { key, version: *version }
            }
            Some(_) => Access::Denied,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(allowed: &[&str], own: Option<OwnKey>) -> Terms {
        let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
        let rules = ProviderRules { allowed, ..ProviderRules::default() };
        Terms { rules, own_keys: own.into_iter().map(|key| ("a".to_owned(), key)).collect() }
    }

    #[test]
    fn the_servers_key_is_never_used_in_place_of_a_tenants_own() {
        let own = OwnKey { version: 7, secret: Some("sk-own".into()) };
        let lost = OwnKey { version: 8, secret: None };
        assert!(matches!(terms(&[], None).access("a", true), Access::Servers));
        assert!(matches!(terms(&[], Some(own.clone())).access("a", true), Access::Own { version: 7, .. }));
        assert!(matches!(terms(&[], Some(own.clone())).access("b", true), Access::Servers));
        assert!(matches!(terms(&[], Some(own.clone())).access("a", false), Access::Denied));
        assert!(matches!(terms(&[], Some(lost)).access("a", true), Access::Denied));
        assert!(matches!(terms(&["b"], Some(own)).access("a", true), Access::Denied));
        assert!(matches!(terms(&["a"], None).access("a", true), Access::Servers));
    }

    #[test]
    fn debug_shows_no_key() {
        let own = OwnKey { version: 7, secret: Some("sk-own".into()) };
        assert!(!format!("{:?}", terms(&[], Some(own))).contains("sk-own"));
    }
}
