//! Which prompt, in which version, somebody means.

use crate::Storage;
use crate::error::StorageError;
use crate::id::{PromptId, TenantId};
use crate::prompts::CustomPrompt;

/// The word for the newest version after `@`.
const NEWEST: &str = "draft";
/// The word for the version in force after `@`; the same as saying nothing.
const IN_FORCE: &str = "production";

/// Finds a prompt by its id or name, which may be followed by `@` and a version, `draft` (the newest) or `production`.
///
/// Without that: the version in production, or the newest one of a prompt that was never published. A name that itself
/// ends so goes first.
pub(crate) async fn find(
    store: &dyn Storage,
    tenant: &TenantId,
    wanted: &str,
) -> Result<Option<CustomPrompt>, StorageError> {
    if let Some(newest) = newest(store, tenant, wanted).await? {
        return production_of(store, tenant, newest).await.map(Some);
    }
    let Some((prompt, version)) = wanted.rsplit_once('@') else { return Ok(None) };
    let Some(newest) = newest(store, tenant, prompt).await? else { return Ok(None) };
    match version {
        NEWEST => Ok(Some(newest)),
        IN_FORCE => production_of(store, tenant, newest).await.map(Some),
        number => match number.parse() {
            Ok(version) if version == newest.version => Ok(Some(newest)),
            Ok(version) => store.prompt_version(tenant, &newest.id, version).await,
            Err(_) => Ok(None),
        },
    }
}

/// The version of a prompt that turns use; `None`: there is no such prompt.
pub(crate) async fn in_force(
    store: &dyn Storage,
    tenant: &TenantId,
    id: &PromptId,
) -> Result<Option<CustomPrompt>, StorageError> {
    match store.prompt(tenant, id).await? {
        Some(newest) => production_of(store, tenant, newest).await.map(Some),
        None => Ok(None),
    }
}

async fn newest(
    store: &dyn Storage,
    tenant: &TenantId,
    wanted: &str,
) -> Result<Option<CustomPrompt>, StorageError> {
    if let Ok(id) = PromptId::new(wanted)
        && let Some(prompt) = store.prompt(tenant, &id).await?
    {
        return Ok(Some(prompt));
    }
    store.prompt_named(tenant, wanted).await
}

async fn production_of(
    store: &dyn Storage,
    tenant: &TenantId,
    newest: CustomPrompt,
) -> Result<CustomPrompt, StorageError> {
    let Some(version) = newest.production_version.filter(|version| *version != newest.version) else {
        return Ok(newest);
    };
    // Gone only if the prompt was deleted and made anew between the two reads; the newest is right then.
    Ok(store.prompt_version(tenant, &newest.id, version).await?.unwrap_or(newest))
}
