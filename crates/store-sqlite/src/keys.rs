//! API keys.

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{ApiKeyRecord, ENDED_KEYS_KEPT, Keys, KnownKey, NewSecret, PreviousSecret};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, read_instant, read_json, read_optional_instant, read_parsed};
use crate::store::SqliteStore;
use crate::{jobs, tenants};

fn create(connection: &Connection, key: &ApiKeyRecord) -> Result<()> {
    const CREATE: &str = "
        INSERT INTO api_keys (
            key_id, tenant_id, name, prefix, secret_hash, scopes,
            created_at, expires_at, revoked_at, last_used_at, requests_per_minute, previous_hash, previous_until
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    tenants::ensure(connection, &key.tenant, key.created_at)?;
    let row = params![
        key.id,
        key.tenant.as_str(),
        key.name,
        key.prefix,
        key.secret_hash,
        json(&key.scopes)?,
        instant(key.created_at),
        key.expires_at.map(instant),
        key.revoked_at.map(instant),
        key.last_used_at.map(instant),
        key.requests_per_minute,
        key.previous.map(|previous| previous.secret_hash),
        key.previous.map(|previous| instant(previous.valid_until)),
    ];
    connection.prepare_cached(CREATE)?.execute(row)?;
    forget_ended(connection, &key.tenant, key.created_at)
}

/// Deletes the tenant's keys that ended first, as far as they are too many: else a caller that makes and revokes keys would fill the table.
fn forget_ended(connection: &Connection, tenant: &TenantId, now: Timestamp) -> Result<()> {
    // Reads the whole table, which is small.
    const FORGET: &str = "
        DELETE FROM api_keys
        WHERE key_id IN (
            SELECT key_id
            FROM api_keys
            WHERE tenant_id = ?1
              AND (revoked_at IS NOT NULL OR expires_at <= ?2)
            ORDER BY MIN(COALESCE(revoked_at, expires_at), COALESCE(expires_at, revoked_at)) DESC, key_id DESC
            LIMIT -1 OFFSET ?3
        )";
    let kept = i64::try_from(ENDED_KEYS_KEPT).unwrap_or(i64::MAX);
    connection.prepare_cached(FORGET)?.execute(params![tenant.as_str(), instant(now), kept]).map(drop)
}

fn read(row: &Row<'_>) -> Result<ApiKeyRecord> {
    Ok(ApiKeyRecord {
        id: row.get(0)?,
        tenant: read_parsed(row, 1)?,
        name: row.get(2)?,
        prefix: row.get(3)?,
        secret_hash: row.get(4)?,
        scopes: read_json(row, 5)?,
        created_at: read_instant(row, 6)?,
        expires_at: read_optional_instant(row, 7)?,
        revoked_at: read_optional_instant(row, 8)?,
        last_used_at: read_optional_instant(row, 9)?,
        requests_per_minute: row.get(10)?,
        previous: match (row.get(11)?, read_optional_instant(row, 12)?) {
            (Some(secret_hash), Some(valid_until)) => Some(PreviousSecret { secret_hash, valid_until }),
            _ => None,
        },
    })
}

fn by_hash(connection: &Connection, secret_hash: [u8; 32]) -> Result<Option<KnownKey>> {
    // One entry of the unique index on secret_hash, else one of api_keys_by_previous.
    const BY_HASH: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at, requests_per_minute,
               previous_hash, previous_until
        FROM api_keys
        WHERE secret_hash = ?1";
    const BY_PREVIOUS: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at, requests_per_minute,
               previous_hash, previous_until
        FROM api_keys
        WHERE previous_hash = ?1";
    let current = connection.prepare_cached(BY_HASH)?.query_row([secret_hash], read).optional()?;
    let found = match current {
        Some(key) => Some(key),
        None => connection.prepare_cached(BY_PREVIOUS)?.query_row([secret_hash], read).optional()?,
    };
    let Some(key) = found else { return Ok(None) };
    let is_suspended = tenants::is_suspended(connection, &key.tenant)?;
    Ok(Some(KnownKey { key, is_suspended }))
}

fn find(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<ApiKeyRecord>> {
    // One entry of the primary key.
    const FIND: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at, requests_per_minute,
               previous_hash, previous_until
        FROM api_keys
        WHERE key_id = ?2
          AND tenant_id = ?1";
    connection.prepare_cached(FIND)?.query_row([tenant.as_str(), id], read).optional()
}

fn rotate(
    connection: &Connection,
    tenant: Option<&TenantId>,
    id: &str,
    secret: &NewSecret,
) -> Result<Option<ApiKeyRecord>> {
    // One entry of the primary key.
    const ROTATE: &str = "
        UPDATE api_keys
        SET previous_hash = secret_hash,
            previous_until = ?5,
            secret_hash = ?4,
            prefix = ?3
        WHERE key_id = ?2
          AND (?1 IS NULL OR tenant_id = ?1)
          AND revoked_at IS NULL
          AND secret_hash = ?6
        RETURNING key_id, tenant_id, name, prefix, secret_hash, scopes,
                  created_at, expires_at, revoked_at, last_used_at, requests_per_minute,
                  previous_hash, previous_until";
    let row = params![
        tenant.map(TenantId::as_str),
        id,
        secret.prefix,
        secret.secret_hash,
        instant(secret.previous_until),
        secret.replaces,
    ];
    connection.prepare_cached(ROTATE)?.query_row(row, read).optional()
}

fn list(connection: &Connection, tenant: Option<&TenantId>) -> Result<Vec<ApiKeyRecord>> {
    // Reads the whole table, which is small.
    const LIST: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at, requests_per_minute,
               previous_hash, previous_until
        FROM api_keys
        WHERE ?1 IS NULL
           OR tenant_id = ?1
        ORDER BY created_at, key_id";
    connection.prepare_cached(LIST)?.query_map([tenant.map(TenantId::as_str)], read)?.collect()
}

fn revoke(connection: &Connection, tenant: Option<&TenantId>, id: &str, at: Timestamp) -> Result<bool> {
    // One entry of the primary key.
    const REVOKE: &str = "
        UPDATE api_keys
        SET revoked_at = ?3
        WHERE key_id = ?2
          AND (?1 IS NULL OR tenant_id = ?1)
          AND revoked_at IS NULL";
    let row = params![tenant.map(TenantId::as_str), id, instant(at)];
    if connection.prepare_cached(REVOKE)?.execute(row)? == 0 {
        return Ok(false);
    }
    // What it asked for in the background is not asked any more.
    jobs::cancel_of(connection, &Author::key(id), at)?;
    Ok(true)
}

fn is_any_in_use(connection: &Connection) -> Result<bool> {
    // The first entry of the partial index api_keys_in_use.
    const ANY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM api_keys
            WHERE revoked_at IS NULL
        )";
    connection.prepare_cached(ANY)?.query_row([], |row| row.get(0))
}

fn was_any_made(connection: &Connection) -> Result<bool> {
    // The first entry of the table: ended keys are forgotten only where others stay.
    const ANY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM api_keys
        )";
    connection.prepare_cached(ANY)?.query_row([], |row| row.get(0))
}

fn touch(connection: &Connection, id: &str, at: Timestamp) -> Result<()> {
    const TOUCH: &str = "
        UPDATE api_keys
        SET last_used_at = ?2
        WHERE key_id = ?1
          AND COALESCE(last_used_at < ?2, TRUE)";
    connection.prepare_cached(TOUCH)?.execute(params![id, instant(at)]).map(drop)
}

#[async_trait]
impl Keys for SqliteStore {
    async fn create_key(&self, key: &ApiKeyRecord) -> Result<(), StorageError> {
        let key = key.clone();
        self.write("store the API key", move |connection| create(connection, &key)).await
    }

    async fn key_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<KnownKey>, StorageError> {
        let secret_hash = *secret_hash;
        self.read_short("look up the API key", move |connection| by_hash(connection, secret_hash)).await
    }

    async fn keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ApiKeyRecord>, StorageError> {
        let tenant = tenant.cloned();
        self.read_long("list the API keys", move |connection| list(connection, tenant.as_ref())).await
    }

    async fn key(&self, tenant: &TenantId, id: &str) -> Result<Option<ApiKeyRecord>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read_short("read the API key", move |connection| find(connection, &tenant, &id)).await
    }

    async fn rotate_key(
        &self,
        tenant: Option<&TenantId>,
        id: &str,
        secret: &NewSecret,
    ) -> Result<Option<ApiKeyRecord>, StorageError> {
        let (tenant, id, secret) = (tenant.cloned(), id.to_owned(), secret.clone());
        let rotate = move |connection: &Connection| rotate(connection, tenant.as_ref(), &id, &secret);
        self.write("rotate the API key", rotate).await
    }

    async fn revoke_key(
        &self,
        tenant: Option<&TenantId>,
        id: &str,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (tenant, id) = (tenant.cloned(), id.to_owned());
        let revoke = move |connection: &Connection| revoke(connection, tenant.as_ref(), &id, at);
        self.write("revoke the API key", revoke).await
    }

    async fn has_keys(&self) -> Result<bool, StorageError> {
        self.read_short("look for API keys", is_any_in_use).await
    }

    async fn had_keys(&self) -> Result<bool, StorageError> {
        self.read_short("look for API keys", was_any_made).await
    }

    async fn touch_key(&self, id: &str, at: Timestamp) -> Result<(), StorageError> {
        let id = id.to_owned();
        self.write("note the use of the API key", move |connection| touch(connection, &id, at)).await
    }
}
