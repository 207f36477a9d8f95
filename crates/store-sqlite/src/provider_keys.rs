//! Tenants' own keys at model vendors, sealed.

use async_trait::async_trait;
use pytake_assistant::Author;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{ProviderKeyRecord, ProviderKeys, Sealed};
use rusqlite::{Connection, Result, Row, params};

use crate::columns::{instant, read_instant, read_parsed};
use crate::store::SqliteStore;
use crate::tenants;

/// One entry of the primary key. Locks the tenant first.
fn put(connection: &Connection, key: &ProviderKeyRecord) -> Result<()> {
    const PUT: &str = "
        INSERT INTO provider_keys (tenant_id, provider, sealed, hint, author, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (tenant_id, provider) DO UPDATE
        SET sealed = excluded.sealed,
            hint = excluded.hint,
            author = excluded.author,
            created_at = excluded.created_at";
    tenants::changed(connection, &key.tenant, key.created_at)?;
    let row = params![
        key.tenant.as_str(),
        key.provider,
        key.sealed.0,
        key.hint,
        key.author.as_str(),
        instant(key.created_at),
    ];
    connection.prepare_cached(PUT)?.execute(row).map(drop)
}

fn read(row: &Row<'_>) -> Result<ProviderKeyRecord> {
    Ok(ProviderKeyRecord {
        tenant: read_parsed(row, 0)?,
        provider: row.get(1)?,
        sealed: Sealed(row.get(2)?),
        hint: row.get(3)?,
        author: Author::stored(row.get(4)?),
        created_at: read_instant(row, 5)?,
    })
}

fn of_tenant(connection: &Connection, tenant: &TenantId) -> Result<Vec<ProviderKeyRecord>> {
    // The tenant's part of the primary key, in its order.
    const OF_TENANT: &str = "
        SELECT tenant_id, provider, sealed, hint, author, created_at
        FROM provider_keys
        WHERE tenant_id = ?1
        ORDER BY tenant_id, provider";
    connection.prepare_cached(OF_TENANT)?.query_map([tenant.as_str()], read)?.collect()
}

fn all(connection: &Connection) -> Result<Vec<ProviderKeyRecord>> {
    // Reads the whole table, in the primary key's order; for commands only.
    const ALL: &str = "
        SELECT tenant_id, provider, sealed, hint, author, created_at
        FROM provider_keys
        ORDER BY tenant_id, provider";
    connection.prepare_cached(ALL)?.query_map([], read)?.collect()
}

fn delete(connection: &Connection, tenant: &TenantId, provider: &str) -> Result<bool> {
    // One entry of the primary key.
    const DELETE: &str = "
        DELETE FROM provider_keys
        WHERE tenant_id = ?1
          AND provider = ?2";
    let is_gone = connection.prepare_cached(DELETE)?.execute([tenant.as_str(), provider])? > 0;
    if is_gone {
        tenants::touched(connection, tenant)?;
    }
    Ok(is_gone)
}

fn reseal(connection: &Connection, key: &ProviderKeyRecord, anew: &Sealed) -> Result<bool> {
    // One entry of the primary key.
    const RESEAL: &str = "
        UPDATE provider_keys
        SET sealed = ?4
        WHERE tenant_id = ?1
          AND provider = ?2
          AND sealed = ?3";
    let row = params![key.tenant.as_str(), key.provider, key.sealed.0, anew.0];
    let is_resealed = connection.prepare_cached(RESEAL)?.execute(row)? > 0;
    if is_resealed {
        tenants::changed(connection, &key.tenant, key.created_at)?;
    }
    Ok(is_resealed)
}

#[async_trait]
impl ProviderKeys for SqliteStore {
    async fn put_provider_key(&self, key: &ProviderKeyRecord) -> Result<(), StorageError> {
        let key = key.clone();
        self.write("store the provider key", move |connection| put(connection, &key)).await
    }

    async fn provider_keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ProviderKeyRecord>, StorageError> {
        match tenant.cloned() {
            Some(tenant) => {
                self.read_short("read the provider keys", move |connection| of_tenant(connection, &tenant))
                    .await
            }
            None => self.read_long("list the provider keys", all).await,
        }
    }

    async fn delete_provider_key(&self, tenant: &TenantId, provider: &str) -> Result<bool, StorageError> {
        let (tenant, provider) = (tenant.clone(), provider.to_owned());
        self.write("delete the provider key", move |connection| delete(connection, &tenant, &provider)).await
    }

    async fn reseal_provider_key(
        &self,
        key: &ProviderKeyRecord,
        anew: &Sealed,
    ) -> Result<bool, StorageError> {
        let (key, anew) = (key.clone(), anew.clone());
        self.write("seal the provider key anew", move |connection| reseal(connection, &key, &anew)).await
    }
}
