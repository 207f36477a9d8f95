//! Tenants: profile and version.

use async_trait::async_trait;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{TenantProfile, Tenants};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::{json, read_json, read_parsed};
use crate::store::SqliteStore;

pub(crate) fn profile(connection: &Connection, tenant: &TenantId) -> Result<Option<TenantProfile>> {
    const PROFILE: &str = "
        SELECT profile
        FROM tenants
        WHERE tenant_id = ?1";
    connection.prepare_cached(PROFILE)?.query_row([tenant.as_str()], |row| read_json(row, 0)).optional()
}

pub(crate) fn put(connection: &Connection, tenant: &TenantId, profile: &TenantProfile) -> Result<()> {
    const PUT: &str = "
        INSERT INTO tenants (tenant_id, version, profile)
        VALUES (?1, 1, ?2)
        ON CONFLICT (tenant_id) DO UPDATE
        SET profile = excluded.profile,
            version = version + 1";
    connection.prepare_cached(PUT)?.execute(params![tenant.as_str(), json(profile)?]).map(drop)
}

/// Creates the tenant if it is new.
pub(crate) fn ensure(connection: &Connection, tenant: &TenantId) -> Result<()> {
    const ENSURE: &str = "
        INSERT INTO tenants (tenant_id, version, profile)
        VALUES (?1, 1, '{}')
        ON CONFLICT (tenant_id) DO NOTHING";
    connection.prepare_cached(ENSURE)?.execute([tenant.as_str()]).map(drop)
}

/// Creates the tenant if it is new; else tells everybody that something of it changed.
pub(crate) fn changed(connection: &Connection, tenant: &TenantId) -> Result<()> {
    const CHANGED: &str = "
        INSERT INTO tenants (tenant_id, version, profile)
        VALUES (?1, 1, '{}')
        ON CONFLICT (tenant_id) DO UPDATE
        SET version = version + 1";
    connection.prepare_cached(CHANGED)?.execute([tenant.as_str()]).map(drop)
}

fn version(connection: &Connection, tenant: &TenantId) -> Result<Option<i64>> {
    const VERSION: &str = "
        SELECT version
        FROM tenants
        WHERE tenant_id = ?1";
    connection.prepare_cached(VERSION)?.query_row([tenant.as_str()], |row| row.get(0)).optional()
}

fn all(connection: &Connection) -> Result<Vec<TenantId>> {
    const ALL: &str = "
        SELECT tenant_id
        FROM tenants
        ORDER BY tenant_id";
    connection.prepare_cached(ALL)?.query_map([], |row| read_parsed(row, 0))?.collect()
}

#[async_trait]
impl Tenants for SqliteStore {
    async fn tenant_version(&self, tenant: &TenantId) -> Result<Option<i64>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("read the tenant's version", move |connection| version(connection, &tenant)).await
    }

    async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("read the profile", move |connection| profile(connection, &tenant)).await
    }

    async fn put_profile(&self, tenant: &TenantId, profile: &TenantProfile) -> Result<(), StorageError> {
        let (tenant, profile) = (tenant.clone(), profile.clone());
        self.write("store the profile", move |connection| put(connection, &tenant, &profile)).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        self.read_long("list the tenants", all).await
    }
}
