//! API keys.

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{ApiKeyRecord, Keys};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, read_instant, read_json, read_optional_instant, read_parsed};
use crate::store::SqliteStore;
use crate::tenants;

fn create(connection: &Connection, key: &ApiKeyRecord) -> Result<()> {
    const CREATE: &str = "
        INSERT INTO api_keys (
            key_id, tenant_id, name, prefix, secret_hash, scopes,
            created_at, expires_at, revoked_at, last_used_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    tenants::ensure(connection, &key.tenant)?;
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
    ];
    connection.prepare_cached(CREATE)?.execute(row).map(drop)
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
    })
}

fn by_hash(connection: &Connection, secret_hash: [u8; 32]) -> Result<Option<ApiKeyRecord>> {
    // One entry of the unique index on secret_hash.
    const BY_HASH: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at
        FROM api_keys
        WHERE secret_hash = ?1";
    connection.prepare_cached(BY_HASH)?.query_row([secret_hash], read).optional()
}

fn list(connection: &Connection, tenant: Option<&TenantId>) -> Result<Vec<ApiKeyRecord>> {
    // Reads the whole table, which is small.
    const LIST: &str = "
        SELECT key_id, tenant_id, name, prefix, secret_hash, scopes,
               created_at, expires_at, revoked_at, last_used_at
        FROM api_keys
        WHERE ?1 IS NULL
           OR tenant_id = ?1
        ORDER BY created_at, key_id";
    connection.prepare_cached(LIST)?.query_map([tenant.map(TenantId::as_str)], read)?.collect()
}

fn revoke(connection: &Connection, id: &str, at: Timestamp) -> Result<bool> {
    const REVOKE: &str = "
        UPDATE api_keys
        SET revoked_at = ?2
        WHERE key_id = ?1
          AND revoked_at IS NULL";
    Ok(connection.prepare_cached(REVOKE)?.execute(params![id, instant(at)])? > 0)
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

    async fn key_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<ApiKeyRecord>, StorageError> {
        let secret_hash = *secret_hash;
        self.read_short("look up the API key", move |connection| by_hash(connection, secret_hash)).await
    }

    async fn keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ApiKeyRecord>, StorageError> {
        let tenant = tenant.cloned();
        self.read_long("list the API keys", move |connection| list(connection, tenant.as_ref())).await
    }

    async fn revoke_key(&self, id: &str, at: Timestamp) -> Result<bool, StorageError> {
        let id = id.to_owned();
        self.write("revoke the API key", move |connection| revoke(connection, &id, at)).await
    }

    async fn has_keys(&self) -> Result<bool, StorageError> {
        self.read_short("look for API keys", is_any_in_use).await
    }

    async fn touch_key(&self, id: &str, at: Timestamp) -> Result<(), StorageError> {
        let id = id.to_owned();
        self.write("note the use of the API key", move |connection| touch(connection, &id, at)).await
    }
}
