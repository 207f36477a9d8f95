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
    /// Which no known key opens: what each is, never the secret.
    pub unopened: Vec<String>,
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
        if resealed > 0 && store.reseal_number(&before, &after).await? {
            found.numbers += resealed;
        }
    }
    for key in store.provider_keys(None).await? {
        match anew(sealer, &key.sealed, &purpose::provider_key(&key.tenant, &key.provider))? {
            Anew::Is(anew) => {
                found.provider_keys += u64::from(store.reseal_provider_key(&key, &anew).await?);
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
