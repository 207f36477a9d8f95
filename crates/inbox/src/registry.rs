//! The business numbers in memory: by whom a webhook is for, and with what right is sent.
//!
//! The database is the only source. The table is loaded again when the numbers' version has changed, which every
//! webhook asks for with a point read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use pytake_assistant::channel::NumberAccess;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{NumberId, TenantId};
use pytake_store::{ChannelStore, NumberRecord, Sealed, Sealer, purpose};
use secrecy::{ExposeSecret, SecretString};

/// A secret that webhooks are signed with. It proves events of its own numbers only: a tenant who knows the secret of
/// their app must not be able to speak for another's number.
#[derive(Debug, Clone)]
pub struct WebhookKey {
    /// The app secret.
    pub secret: SecretString,
    /// Numbers with this app secret.
    numbers: HashSet<NumberId>,
    /// The server's own: of all numbers that have none.
    is_servers: bool,
}

impl WebhookKey {
    /// Whether a webhook with this signature may speak about the number.
    pub(crate) fn is_of(&self, number: &KnownNumber) -> bool {
        match number.app_secret {
            Some(_) => self.numbers.contains(&number.record.number),
            None => self.is_servers,
        }
    }
}

/// The server's own secrets, for numbers without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnSecrets {
    pub(crate) app_secret: Option<SecretString>,
    pub(crate) verify_token: Option<SecretString>,
}

/// A number with its secrets opened.
#[derive(Debug)]
pub(crate) struct KnownNumber {
    pub(crate) record: NumberRecord,
    /// `None`: the token cannot be opened with this server's keys.
    pub(crate) access: Option<NumberAccess>,
    app_secret: Option<SecretString>,
    verify_token: Option<SecretString>,
}

/// All numbers as of one version.
#[derive(Debug, Default)]
pub(crate) struct NumberTable {
    version: Option<i64>,
    numbers: HashMap<NumberId, Arc<KnownNumber>>,
    keys: Arc<[WebhookKey]>,
    verify_tokens: Arc<[SecretString]>,
}

impl NumberTable {
    pub(crate) fn get(&self, number: &NumberId) -> Option<Arc<KnownNumber>> {
        self.numbers.get(number).map(Arc::clone)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<KnownNumber>> {
        self.numbers.values()
    }

    /// The tenant of a server that has only one with numbers.
    pub(crate) fn only_tenant(&self) -> Option<&TenantId> {
        let mut tenants = self.numbers.values().map(|number| &number.record.tenant);
        let first = tenants.next()?;
        tenants.all(|tenant| tenant == first).then_some(first)
    }

    /// Every secret that webhooks may be signed with, each once.
    pub(crate) fn keys(&self) -> Arc<[WebhookKey]> {
        Arc::clone(&self.keys)
    }

    /// Every token that Meta may ask for.
    pub(crate) fn verify_tokens(&self) -> Arc<[SecretString]> {
        Arc::clone(&self.verify_tokens)
    }
}

/// Groups the numbers by their app secret: most servers have one app for all of them.
fn keys_of<'a>(
    numbers: impl Iterator<Item = &'a Arc<KnownNumber>>,
    own: Option<&SecretString>,
) -> Vec<WebhookKey> {
    let mut keys: HashMap<String, WebhookKey> = HashMap::new();
    let key_of = |secret: &SecretString| WebhookKey {
        secret: secret.clone(),
        numbers: HashSet::new(),
        is_servers: false,
    };
    for number in numbers {
        let Some(secret) = &number.app_secret else { continue };
        let key = keys.entry(secret.expose_secret().to_owned()).or_insert_with(|| key_of(secret));
        key.numbers.insert(number.record.number.clone());
    }
    if let Some(own) = own {
        keys.entry(own.expose_secret().to_owned()).or_insert_with(|| key_of(own)).is_servers = true;
    }
    keys.into_values().collect()
}

/// Keeps the table current.
pub(crate) struct NumberRegistry {
    store: Arc<dyn ChannelStore>,
    sealer: Arc<Sealer>,
    own: OwnSecrets,
    table: RwLock<Arc<NumberTable>>,
}

impl NumberRegistry {
    pub(crate) fn new(store: Arc<dyn ChannelStore>, sealer: Arc<Sealer>, own: OwnSecrets) -> Self {
        Self { store, sealer, own, table: RwLock::default() }
    }

    /// The numbers as they are now.
    pub(crate) async fn current(&self) -> Result<Arc<NumberTable>, StorageError> {
        // Asked before they are read: a change in between makes the next call read again.
        let version = self.store.numbers_version().await?;
        let known = Arc::clone(&self.table.read());
        if known.version == Some(version) {
            return Ok(known);
        }
        let mut numbers = HashMap::new();
        for record in self.store.numbers().await? {
            numbers.insert(record.number.clone(), Arc::new(self.opened(record)));
        }
        let keys = keys_of(numbers.values(), self.own.app_secret.as_ref()).into();
        let tokens = numbers.values().filter_map(|number| number.verify_token.as_ref());
        let verify_tokens = tokens.chain(&self.own.verify_token).cloned().collect();
        let table = Arc::new(NumberTable { version: Some(version), numbers, keys, verify_tokens });
        *self.table.write() = Arc::clone(&table);
        Ok(table)
    }

    fn opened(&self, record: NumberRecord) -> KnownNumber {
        let open = |field: &str, sealed: &Sealed| {
            let opened = self.sealer.open(sealed, &purpose::number(&record.tenant, &record.number, field));
            if let Err(error) = &opened {
                tracing::error!(
                    number = %record.number, field, error = %error,
                    "a secret cannot be opened; was the key file replaced?"
                );
            }
            opened.ok()
        };
        let access_token = open("access_token", &record.access_token);
        let app_secret = record.app_secret.as_ref().and_then(|sealed| open("app_secret", sealed));
        let verify_token = record.verify_token.as_ref().and_then(|sealed| open("verify_token", sealed));
        let access =
            access_token.map(|access_token| NumberAccess { number: record.number.clone(), access_token });
        KnownNumber { record, access, app_secret, verify_token }
    }
}
