//! Making, replacing and revoking API keys.

use jiff::SignedDuration;
use pytake_assistant::id::TenantId;
use pytake_store::{ApiKeyRecord, NewSecret, Scope};
use secrecy::{ExposeSecret, SecretString};

use super::{check_name, conflict, random};
use crate::auth::Authorized;
use crate::auth::secret::{hash_secret, new_secret, shown_prefix};
use crate::problem::Problem;
use crate::state::AppState;

/// Keys in force that a tenant may have: more than any installation needs, few enough to be listed whole.
const MAX_KEYS: usize = 200;

/// 10 years: longer is for ever, which is said by leaving it out.
const MAX_DAYS: u32 = 3_650;

/// 7 days: over a weekend, and no longer than a session.
const MAX_GRACE_HOURS: u32 = 7 * 24;

/// What a new key is to be.
pub(crate) struct KeyWish {
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) expires_in_days: Option<u32>,
}

impl KeyWish {
    fn check(&self) -> Result<(), Problem> {
        check_name(&self.name)?;
        if self.scopes.is_empty() {
            return Err(Problem::invalid("scopes", "must name at least one scope"));
        }
        if self.requests_per_minute == Some(0) {
            return Err(Problem::invalid("requests_per_minute", "must be at least 1, or left out"));
        }
        if self.expires_in_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            return Err(Problem::invalid("expires_in_days", format!("must be from 1 to {MAX_DAYS}")));
        }
        Ok(())
    }
}

/// Makes a key; its secret is told this once.
pub(crate) async fn create<S>(
    state: &AppState,
    caller: &Authorized<S>,
    mut wish: KeyWish,
) -> Result<(ApiKeyRecord, SecretString), Problem> {
    wish.check()?;
    caller.must_have(&wish.scopes)?;
    let now = state.clock.now();
    let existing = state.store.keys(Some(&caller.tenant)).await?;
    if existing.iter().filter(|key| key.is_valid(now)).count() >= MAX_KEYS {
        return Err(conflict("The tenant has 200 keys in force; revoke one first"));
    }
    wish.scopes.sort_unstable();
    wish.scopes.dedup();
    let secret = new_secret(random()?);
    let end = |days: u32| now.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).ok();
    let record = ApiKeyRecord {
        id: state.ids.next(),
        tenant: caller.tenant.clone(),
        name: wish.name,
        prefix: shown_prefix(&secret),
        secret_hash: hash_secret(secret.expose_secret()),
        previous: None,
        scopes: wish.scopes,
        requests_per_minute: wish.requests_per_minute,
        created_at: now,
        expires_at: wish.expires_in_days.and_then(end),
        revoked_at: None,
        last_used_at: None,
    };
    state.store.create_key(&record).await?;
    caller.made("key_id", &record.id);
    Ok((record, secret))
}

/// Gives a key a new secret, told this once; the old one opens for so many hours more.
pub(crate) async fn rotate<S>(
    state: &AppState,
    caller: &Authorized<S>,
    id: &str,
    grace_hours: u32,
) -> Result<(ApiKeyRecord, SecretString), Problem> {
    if grace_hours > MAX_GRACE_HOURS {
        return Err(Problem::invalid("grace_hours", format!("must be from 0 to {MAX_GRACE_HOURS}")));
    }
    let key = find(state, &caller.tenant, id).await?;
    // Who reads the new secret has what the key has.
    caller.must_have(&key.scopes)?;
    let now = state.clock.now();
    if !key.is_valid(now) {
        return Err(conflict("The key was revoked or has expired; make a new one"));
    }
    let secret = new_secret(random()?);
    let replacement = NewSecret {
        replaces: key.secret_hash,
        prefix: shown_prefix(&secret),
        secret_hash: hash_secret(secret.expose_secret()),
        previous_until: now.saturating_add(SignedDuration::from_hours(grace_hours.into())).unwrap_or(now),
    };
    let rotated = state.store.rotate_key(Some(&caller.tenant), id, &replacement).await?;
    let rotated =
        rotated.ok_or_else(|| conflict("Somebody else has just revoked or rotated the key; look again"))?;
    Ok((rotated, secret))
}

/// Ends a key at once. One that was revoked before stays so.
pub(crate) async fn revoke<S>(state: &AppState, caller: &Authorized<S>, id: &str) -> Result<(), Problem> {
    let key = find(state, &caller.tenant, id).await?;
    if key.scopes.contains(&Scope::Admin) {
        caller.must_have(&[Scope::Admin])?;
    }
    state.store.revoke_key(Some(&caller.tenant), id, state.clock.now()).await?;
    Ok(())
}

async fn find(state: &AppState, tenant: &TenantId, id: &str) -> Result<ApiKeyRecord, Problem> {
    let found = state.store.key(tenant, id).await?;
    found.ok_or_else(|| Problem::not_found("there is no such key"))
}
