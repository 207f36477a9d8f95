//! Everything that is sealed: can it be opened, and with which key? Seals it anew when a key is replaced.
//!
//! Safe beside a running server: what somebody changes meanwhile stays as they left it, and was sealed anew by that.

use pytake_assistant::error::StorageError;

use crate::numbers::{NumberRecord, Numbers};
use crate::provider_keys::{ProviderKeyRecord, ProviderKeys};
use crate::purpose;
use crate::sealing::{Sealed, Sealer, SealingError};

/// What a pass over all secrets found, in secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretsFound {
    /// Of business numbers, now sealed with the first key.
    pub numbers: u64,
    /// Of tenants at vendors, now sealed with the first key.
    pub provider_keys: u64,
    /// Sealed with the first key before.
    pub current: u64,
    /// Changed by somebody else meanwhile, and left as they are: what each is, never the secret.
    pub changed: Vec<String>,
    /// Which no known key opens: what each is, never the secret.
    pub unopened: Vec<String>,
}

impl SecretsFound {
    /// Whether every secret is sealed with the first key now, so that the others can go. Who changed one meanwhile may seal
    /// with another key: a server that was not started anew.
    pub fn is_all_current(&self) -> bool {
        self.changed.is_empty() && self.unopened.is_empty()
    }
}

/// Why secrets could not be sealed anew; those before it are.
#[derive(Debug, thiserror::Error)]
pub enum ResealingError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no first key, or no randomness.
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

/// Seals with the first key whatever is sealed with another one.
///
/// # Errors
/// [`ResealingError`]; a secret that cannot be opened is none, it is named in [`SecretsFound::unopened`].
pub async fn reseal<S>(store: &S, sealer: &Sealer) -> Result<SecretsFound, ResealingError>
where
    S: Numbers + ProviderKeys + ?Sized,
{
    let mut found = SecretsFound::default();
    for before in store.numbers().await? {
        let mut after = before.clone();
        let mut resealed = 0;
        for (field, sealed) in secrets_of(&mut after) {
            let purpose = purpose::number(&before.tenant, &before.number, field);
            match anew(sealer, sealed, &purpose)? {
                Anew::Is(anew) => {
                    *sealed = anew;
                    resealed += 1;
                }
                Anew::Current => found.current += 1,
                Anew::Unopened => found.unopened.push(name_of_number(&before, field)),
            }
        }
        if resealed == 0 {
            continue;
        }
        if store.reseal_number(&before, &after).await? {
            found.numbers += resealed;
        } else {
            found.changed.push(format!("number {}, tenant {}", before.number, before.tenant));
        }
    }
    for key in store.provider_keys(None).await? {
        match anew(sealer, &key.sealed, &purpose::provider_key(&key.tenant, &key.provider))? {
            Anew::Is(anew) => {
                if store.reseal_provider_key(&key, &anew).await? {
                    found.provider_keys += 1;
                } else {
                    found.changed.push(name_of_key(&key));
                }
            }
            Anew::Current => found.current += 1,
            Anew::Unopened => found.unopened.push(name_of_key(&key)),
        }
    }
    Ok(found)
}

/// The secrets that no known key opens: what each is, never the secret.
///
/// # Errors
/// Storage.
pub async fn unopened<S>(store: &S, sealer: &Sealer) -> Result<Vec<String>, StorageError>
where
    S: Numbers + ProviderKeys + ?Sized,
{
    let mut names = Vec::new();
    for mut number in store.numbers().await? {
        let (tenant, id) = (number.tenant.clone(), number.number.clone());
        let mut fields = Vec::new();
        for (field, sealed) in secrets_of(&mut number) {
            if sealer.open(sealed, &purpose::number(&tenant, &id, field)).is_err() {
                fields.push(field);
            }
        }
        names.extend(fields.into_iter().map(|field| name_of_number(&number, field)));
    }
    for key in store.provider_keys(None).await? {
        if sealer.open(&key.sealed, &purpose::provider_key(&key.tenant, &key.provider)).is_err() {
            names.push(name_of_key(&key));
        }
    }
    Ok(names)
}

enum Anew {
    Is(Sealed),
    Current,
    Unopened,
}

fn anew(sealer: &Sealer, stored: &Sealed, purpose: &str) -> Result<Anew, SealingError> {
    let Ok(secret) = sealer.open(stored, purpose) else { return Ok(Anew::Unopened) };
    if sealer.is_current(stored) {
        return Ok(Anew::Current);
    }
    Ok(Anew::Is(sealer.seal(&secret, purpose)?))
}

fn secrets_of(number: &mut NumberRecord) -> Vec<(&'static str, &mut Sealed)> {
    let mut secrets = vec![("access_token", &mut number.access_token)];
    secrets.extend(number.app_secret.as_mut().map(|sealed| ("app_secret", sealed)));
    secrets.extend(number.verify_token.as_mut().map(|sealed| ("verify_token", sealed)));
    secrets
}

fn name_of_number(number: &NumberRecord, field: &str) -> String {
    format!("{field} of number {}, tenant {}", number.number, number.tenant)
}

fn name_of_key(key: &ProviderKeyRecord) -> String {
    format!("key …{} at {}, tenant {}", key.hint, key.provider, key.tenant)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use jiff::Timestamp;
    use pytake_assistant::Author;
    use pytake_assistant::id::{NumberId, TenantId};
    use secrecy::SecretString;

    use super::*;
    use crate::sealing::SealingKey;

    /// A store in which somebody else is always faster.
    struct Busy(ProviderKeyRecord);

    #[async_trait]
    impl ProviderKeys for Busy {
        async fn put_provider_key(&self, _: &ProviderKeyRecord) -> Result<(), StorageError> {
            unreachable!("nothing is set")
        }

        async fn provider_keys(&self, _: Option<&TenantId>) -> Result<Vec<ProviderKeyRecord>, StorageError> {
            Ok(vec![self.0.clone()])
        }

        async fn delete_provider_key(&self, _: &TenantId, _: &str) -> Result<bool, StorageError> {
            unreachable!("nothing is deleted")
        }

        async fn reseal_provider_key(&self, _: &ProviderKeyRecord, _: &Sealed) -> Result<bool, StorageError> {
            Ok(false)
        }
    }

    #[async_trait]
    impl Numbers for Busy {
        async fn put_number(&self, _: &NumberRecord) -> Result<bool, StorageError> {
            unreachable!("nothing is set")
        }

        async fn reseal_number(&self, _: &NumberRecord, _: &NumberRecord) -> Result<bool, StorageError> {
            Ok(false)
        }

        async fn numbers(&self) -> Result<Vec<NumberRecord>, StorageError> {
            Ok(Vec::new())
        }

        async fn numbers_version(&self) -> Result<i64, StorageError> {
            Ok(1)
        }

        async fn delete_number(&self, _: &TenantId, _: &NumberId) -> Result<bool, StorageError> {
            unreachable!("nothing is deleted")
        }

        async fn stop_number(&self, _: &NumberId, _: Option<&str>, _: Timestamp) -> Result<(), StorageError> {
            unreachable!("nothing is stopped")
        }

        async fn service_messages(&self, _: &NumberId, _: i32) -> Result<u64, StorageError> {
            Ok(0)
        }
    }

    #[tokio::test]
    async fn what_somebody_changed_meanwhile_is_told_and_keeps_the_old_key_needed() {
        let (old, new) = (SealingKey::generate().unwrap(), SealingKey::generate().unwrap());
        let tenant = TenantId::default_tenant();
        let purpose = purpose::provider_key(&tenant, "openai");
        let sealed =
            Sealer::new(vec![old.clone()]).seal(&SecretString::from("sk-of-the-shop"), &purpose).unwrap();
        let key = ProviderKeyRecord {
            tenant,
            provider: "openai".to_owned(),
            sealed,
            hint: "shop".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            author: Author::command(),
        };
        let found = reseal(&Busy(key), &Sealer::new(vec![new, old])).await.unwrap();
        assert_eq!((found.provider_keys, found.unopened.len()), (0, 0));
        assert_eq!(found.changed, ["key …shop at openai, tenant default"]);
        assert!(!found.is_all_current());
    }
}
