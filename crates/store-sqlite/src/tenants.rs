//! Tenants: who they are, and what turns read of them. Their versions are in `tenants/versions.rs`.

mod versions;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{
    Edit, NewTenant, PutVersion, Tenant, TenantEntry, TenantPart, TenantProfile, TenantSettings,
    TenantVersion, Tenants, Versioned,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, read_json, read_optional_instant, read_parsed};
use crate::store::SqliteStore;

pub(crate) fn profile(connection: &Connection, tenant: &TenantId) -> Result<Option<TenantProfile>> {
    const PROFILE: &str = "
        SELECT profile
        FROM tenants
        WHERE tenant_id = ?1";
    connection.prepare_cached(PROFILE)?.query_row([tenant.as_str()], |row| read_json(row, 0)).optional()
}

/// Whether a tenant is suspended: asked with every request, for the key or the session it came with.
pub(crate) fn is_suspended(connection: &Connection, tenant: &TenantId) -> Result<bool> {
    // One entry of the primary key.
    const IS_SUSPENDED: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM tenants
            WHERE tenant_id = ?1
              AND suspended_at IS NOT NULL
        )";
    connection.prepare_cached(IS_SUSPENDED)?.query_row([tenant.as_str()], |row| row.get(0))
}

fn tenant(connection: &Connection, tenant: &TenantId) -> Result<Option<Tenant>> {
    const TENANT: &str = "
        SELECT tenant_id, created_at, suspended_at, settings
        FROM tenants
        WHERE tenant_id = ?1";
    connection.prepare_cached(TENANT)?.query_row([tenant.as_str()], read).optional()
}

fn read(row: &Row<'_>) -> Result<Tenant> {
    Ok(Tenant {
        id: read_parsed(row, 0)?,
        created_at: read_optional_instant(row, 1)?,
        suspended_at: read_optional_instant(row, 2)?,
        settings: read_json(row, 3)?,
    })
}

fn create(connection: &Connection, new: &NewTenant, edit: &Edit, at: Timestamp) -> Result<bool> {
    if !ensure(connection, &new.id, at)? {
        return Ok(false);
    }
    // There is no version yet that they could be based on.
    let edit = Edit { based_on: None, ..edit.clone() };
    if let Some(profile) = &new.profile {
        put_profile(connection, &new.id, profile, &edit, at)?;
    }
    if let Some(settings) = &new.settings {
        versions::put(connection, &new.id, TenantPart::Settings, settings, &edit, at)?;
    }
    Ok(true)
}

/// Makes a new version of the profile, and the tenant if it is new.
pub(crate) fn put_profile(
    connection: &Connection,
    tenant: &TenantId,
    profile: &TenantProfile,
    edit: &Edit,
    at: Timestamp,
) -> Result<PutVersion> {
    versions::put(connection, tenant, TenantPart::Profile, profile, edit, at)
}

/// Creates the tenant if it is new; says whether it was.
pub(crate) fn ensure(connection: &Connection, tenant: &TenantId, at: Timestamp) -> Result<bool> {
    const ENSURE: &str = "
        INSERT INTO tenants (tenant_id, version, profile, created_at)
        VALUES (?1, 1, '{}', ?2)
        ON CONFLICT (tenant_id) DO NOTHING";
    Ok(connection.prepare_cached(ENSURE)?.execute(params![tenant.as_str(), instant(at)])? > 0)
}

/// Creates the tenant if it is new; else tells everybody that something of it changed.
pub(crate) fn changed(connection: &Connection, tenant: &TenantId, at: Timestamp) -> Result<()> {
    if ensure(connection, tenant, at)? { Ok(()) } else { touched(connection, tenant) }
}

/// Tells everybody that something of the tenant changed.
pub(crate) fn touched(connection: &Connection, tenant: &TenantId) -> Result<()> {
    const TOUCHED: &str = "
        UPDATE tenants
        SET version = version + 1
        WHERE tenant_id = ?1";
    connection.prepare_cached(TOUCHED)?.execute([tenant.as_str()]).map(drop)
}

fn set_suspended(connection: &Connection, id: &TenantId, since: Option<Timestamp>) -> Result<Option<Tenant>> {
    // One row by primary key; none where it is so already.
    const SUSPEND: &str = "
        UPDATE tenants
        SET suspended_at = ?2,
            version = version + 1
        WHERE tenant_id = ?1
          AND (suspended_at IS NULL) <> (?2 IS NULL)";
    connection.prepare_cached(SUSPEND)?.execute(params![id.as_str(), since.map(instant)])?;
    tenant(connection, id)
}

fn version(connection: &Connection, tenant: &TenantId) -> Result<Option<i64>> {
    const VERSION: &str = "
        SELECT version
        FROM tenants
        WHERE tenant_id = ?1";
    connection.prepare_cached(VERSION)?.query_row([tenant.as_str()], |row| row.get(0)).optional()
}

fn page(connection: &Connection, after: &str, limit: u32) -> Result<Page<TenantEntry>> {
    // A range of the primary key; one more than the page tells whether there is another.
    const PAGE: &str = "
        SELECT tenant_id, COALESCE(profile ->> '$.business_name', ''), created_at, suspended_at
        FROM tenants
        WHERE tenant_id > ?1
        ORDER BY tenant_id
        LIMIT ?2";
    let mut statement = connection.prepare_cached(PAGE)?;
    let entries = statement.query_map(params![after, i64::from(limit) + 1], |row| {
        Ok(TenantEntry {
            id: read_parsed(row, 0)?,
            business_name: row.get(1)?,
            created_at: read_optional_instant(row, 2)?,
            suspended_at: read_optional_instant(row, 3)?,
        })
    })?;
    let mut items = entries.collect::<Result<Vec<TenantEntry>>>()?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > most;
    items.truncate(most);
    let next = items.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(Page { items, next })
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
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StorageError> {
        let id = id.clone();
        self.read_short("read the tenant", move |connection| tenant(connection, &id)).await
    }

    async fn tenant_version(&self, tenant: &TenantId) -> Result<Option<i64>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("read the tenant's version", move |connection| version(connection, &tenant)).await
    }

    async fn profile(&self, tenant: &TenantId) -> Result<Option<TenantProfile>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("read the profile", move |connection| profile(connection, &tenant)).await
    }

    async fn create_tenant(&self, new: &NewTenant, edit: &Edit, at: Timestamp) -> Result<bool, StorageError> {
        let (new, edit) = (new.clone(), edit.clone());
        self.write("make the tenant", move |connection| create(connection, &new, &edit, at)).await
    }

    async fn set_suspended(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Option<Tenant>, StorageError> {
        let tenant = tenant.clone();
        self.write("suspend or resume the tenant", move |connection| {
            set_suspended(connection, &tenant, since)
        })
        .await
    }

    async fn put_profile(
        &self,
        tenant: &TenantId,
        profile: &TenantProfile,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<PutVersion, StorageError> {
        let (tenant, profile, edit) = (tenant.clone(), profile.clone(), edit.clone());
        let put = move |connection: &Connection| put_profile(connection, &tenant, &profile, &edit, at);
        self.write("store the profile", put).await
    }

    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        edit: &Edit,
        at: Timestamp,
    ) -> Result<PutVersion, StorageError> {
        let (tenant, settings, edit) = (tenant.clone(), settings.clone(), edit.clone());
        let put = move |connection: &Connection| {
            versions::put(connection, &tenant, TenantPart::Settings, &settings, &edit, at)
        };
        self.write("store the settings", put).await
    }

    async fn tenant_versions(
        &self,
        tenant: &TenantId,
        part: TenantPart,
    ) -> Result<Vec<TenantVersion>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("list the tenant's versions", move |connection| {
            versions::list(connection, &tenant, part)
        })
        .await
    }

    async fn profile_version(
        &self,
        tenant: &TenantId,
        version: Option<u64>,
    ) -> Result<Option<Versioned<TenantProfile>>, StorageError> {
        let tenant = tenant.clone();
        let read =
            move |connection: &Connection| versions::value(connection, &tenant, TenantPart::Profile, version);
        self.read_short("read a version of the profile", read).await
    }

    async fn settings_version(
        &self,
        tenant: &TenantId,
        version: Option<u64>,
    ) -> Result<Option<Versioned<TenantSettings>>, StorageError> {
        let tenant = tenant.clone();
        let read = move |connection: &Connection| {
            versions::value(connection, &tenant, TenantPart::Settings, version)
        };
        self.read_short("read a version of the settings", read).await
    }

    async fn tenant_page(&self, after: Option<&str>, limit: u32) -> Result<Page<TenantEntry>, StorageError> {
        let after = after.unwrap_or_default().to_owned();
        self.read_long("list the tenants", move |connection| page(connection, &after, limit)).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        self.read_long("list the tenants", all).await
    }
}
