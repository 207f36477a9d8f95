//! Tenants' own intents, a row per version of the whole set.

use async_trait::async_trait;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::intents::{IntentSet, IntentSetVersion, IntentSets, KEPT_VERSIONS};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{count, instant, json, read_count, read_instant, read_json};
use crate::store::SqliteStore;
use crate::tenants;

fn read(row: &Row<'_>) -> Result<IntentSet> {
    Ok(IntentSet {
        version: read_count(row, 0)?,
        change: row.get(1)?,
        created_at: read_instant(row, 2)?,
        intents: read_json(row, 3)?,
        report: read_json(row, 4)?,
    })
}

fn newest(connection: &Connection, tenant: &TenantId) -> Result<Option<IntentSet>> {
    // The last entry of a range of the primary key.
    const NEWEST: &str = "
        SELECT version, change, created_at, intents, report
        FROM intent_sets
        WHERE tenant_id = ?1
        ORDER BY version DESC
        LIMIT 1";
    connection.prepare_cached(NEWEST)?.query_row([tenant.as_str()], read).optional()
}

fn by_version(connection: &Connection, tenant: &TenantId, version: u64) -> Result<Option<IntentSet>> {
    const BY_VERSION: &str = "
        SELECT version, change, created_at, intents, report
        FROM intent_sets
        WHERE tenant_id = ?1
          AND version = ?2";
    let key = params![tenant.as_str(), count(version)];
    connection.prepare_cached(BY_VERSION)?.query_row(key, read).optional()
}

fn versions(connection: &Connection, tenant: &TenantId) -> Result<Vec<IntentSetVersion>> {
    const VERSIONS: &str = "
        SELECT version, change, created_at
        FROM intent_sets
        WHERE tenant_id = ?1
        ORDER BY version DESC";
    let mut statement = connection.prepare_cached(VERSIONS)?;
    let versions = statement.query_map([tenant.as_str()], |row| {
        Ok(IntentSetVersion {
            version: read_count(row, 0)?,
            change: row.get(1)?,
            created_at: read_instant(row, 2)?,
        })
    })?;
    versions.collect()
}

fn model(connection: &Connection, tenant: &TenantId, version: u64) -> Result<Option<Vec<u8>>> {
    const MODEL: &str = "
        SELECT model
        FROM intent_sets
        WHERE tenant_id = ?1
          AND version = ?2";
    let key = params![tenant.as_str(), count(version)];
    let model = connection.prepare_cached(MODEL)?.query_row(key, |row| row.get(0)).optional()?;
    Ok(model.flatten())
}

/// Writes the next version, takes the models from those before it, and forgets the oldest.
fn put(connection: &Connection, tenant: &TenantId, set: &IntentSet, model: &[u8]) -> Result<bool> {
    const NEWEST: &str = "
        SELECT MAX(version)
        FROM intent_sets
        WHERE tenant_id = ?1";
    const PUT: &str = "
        INSERT INTO intent_sets (tenant_id, version, change, intents, report, model, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    // Only the newest is asked, and any other can be trained again.
    const FORGET_MODELS: &str = "
        UPDATE intent_sets
        SET model = NULL
        WHERE tenant_id = ?1
          AND version < ?2
          AND model IS NOT NULL";
    const FORGET: &str = "
        DELETE FROM intent_sets
        WHERE tenant_id = ?1
          AND version <= ?2";
    let newest: Option<i64> =
        connection.prepare_cached(NEWEST)?.query_row([tenant.as_str()], |row| row.get(0))?;
    if newest.unwrap_or(0).checked_add(1) != Some(count(set.version)) {
        return Ok(false);
    }
    tenants::changed(connection, tenant, set.created_at)?;
    connection.prepare_cached(PUT)?.execute(params![
        tenant.as_str(),
        count(set.version),
        set.change,
        json(&set.intents)?,
        json(&set.report)?,
        model,
        instant(set.created_at),
    ])?;
    connection.prepare_cached(FORGET_MODELS)?.execute(params![tenant.as_str(), count(set.version)])?;
    let oldest = set.version.saturating_sub(KEPT_VERSIONS);
    connection.prepare_cached(FORGET)?.execute(params![tenant.as_str(), count(oldest)])?;
    Ok(true)
}

#[async_trait]
impl IntentSets for SqliteStore {
    async fn intent_set(&self, tenant: &TenantId) -> Result<Option<IntentSet>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the intents", move |connection| newest(connection, &tenant)).await
    }

    async fn intent_set_version(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Option<IntentSet>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the intents", move |connection| by_version(connection, &tenant, version)).await
    }

    async fn intent_set_versions(&self, tenant: &TenantId) -> Result<Vec<IntentSetVersion>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("list the versions of the intents", move |connection| versions(connection, &tenant))
            .await
    }

    async fn intent_model(&self, tenant: &TenantId, version: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the model of the intents", move |connection| model(connection, &tenant, version))
            .await
    }

    async fn put_intent_set(
        &self,
        tenant: &TenantId,
        set: &IntentSet,
        model: &[u8],
    ) -> Result<bool, StorageError> {
        let (tenant, set, model) = (tenant.clone(), set.clone(), model.to_vec());
        self.write("store the intents", move |connection| put(connection, &tenant, &set, &model)).await
    }
}
