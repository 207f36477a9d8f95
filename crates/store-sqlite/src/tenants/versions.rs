//! Versions of profiles and settings, a row each.

use jiff::Timestamp;
use pytake_assistant::author::Author;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{
    Edit, KEPT_TENANT_VERSIONS, PutVersion, TenantPart, TenantVersion, Versioned,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changed;
use crate::columns::{count, instant, json, read_count, read_instant, read_json};

fn read(row: &Row<'_>) -> Result<TenantVersion> {
    Ok(TenantVersion {
        version: read_count(row, 0)?,
        author: Author::stored(row.get(1)?),
        note: row.get(2)?,
        created_at: read_instant(row, 3)?,
    })
}

pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    part: TenantPart,
) -> Result<Vec<TenantVersion>> {
    // A range of the primary key, backwards.
    const LIST: &str = "
        SELECT version, author, note, created_at
        FROM tenant_versions
        WHERE tenant_id = ?1
          AND kind = ?2
        ORDER BY version DESC";
    connection.prepare_cached(LIST)?.query_map([tenant.as_str(), part.as_str()], read)?.collect()
}

/// One version with its value; the newest where none is named.
pub(super) fn value<T: DeserializeOwned>(
    connection: &Connection,
    tenant: &TenantId,
    part: TenantPart,
    version: Option<u64>,
) -> Result<Option<Versioned<T>>> {
    // The last entry of a range of the primary key.
    const VALUE: &str = "
        SELECT version, author, note, created_at, value
        FROM tenant_versions
        WHERE tenant_id = ?1
          AND kind = ?2
          AND version BETWEEN ?3 AND ?4
        ORDER BY version DESC
        LIMIT 1";
    let (least, most) = version.map_or((0, i64::MAX), |version| (count(version), count(version)));
    let key = params![tenant.as_str(), part.as_str(), least, most];
    let read = |row: &Row<'_>| Ok(Versioned { version: read(row)?, value: read_json(row, 4)? });
    connection.prepare_cached(VALUE)?.query_row(key, read).optional()
}

/// Writes the next version and forgets the oldest; checks before it writes, so that a refusal leaves nothing to take
/// back. What already is so makes no version.
pub(super) fn put<T: Serialize>(
    connection: &Connection,
    tenant: &TenantId,
    part: TenantPart,
    value: &T,
    edit: &Edit,
    at: Timestamp,
) -> Result<PutVersion> {
    const PUT: &str = "
        INSERT INTO tenant_versions (tenant_id, kind, version, author, note, created_at, value)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const PUT_PROFILE: &str = "
        UPDATE tenants
        SET profile = ?2
        WHERE tenant_id = ?1";
    const PUT_SETTINGS: &str = "
        UPDATE tenants
        SET settings = ?2
        WHERE tenant_id = ?1";
    const FORGET: &str = "
        DELETE FROM tenant_versions
        WHERE tenant_id = ?1
          AND kind = ?2
          AND version <= ?3";
    let value = json(value)?;
    let newest = newest(connection, tenant, part)?;
    let newest_version = newest.as_ref().map_or(0, |(version, _)| *version);
    if edit.based_on.is_some_and(|based_on| based_on != newest_version) {
        return Ok(PutVersion::Stale);
    }
    if newest.is_some_and(|(_, stored)| stored == value) {
        return Ok(PutVersion::Stored(newest_version));
    }
    let version = newest_version.saturating_add(1);
    changed(connection, tenant, at)?;
    connection.prepare_cached(PUT)?.execute(params![
        tenant.as_str(),
        part.as_str(),
        count(version),
        edit.author.as_str(),
        edit.note,
        instant(at),
        value,
    ])?;
    let put_newest = match part {
        TenantPart::Profile => PUT_PROFILE,
        TenantPart::Settings => PUT_SETTINGS,
    };
    connection.prepare_cached(put_newest)?.execute([tenant.as_str(), &value])?;
    let oldest = version.saturating_sub(KEPT_TENANT_VERSIONS);
    connection.prepare_cached(FORGET)?.execute(params![tenant.as_str(), part.as_str(), count(oldest)])?;
    Ok(PutVersion::Stored(version))
}

/// The newest version and its value as it is stored.
fn newest(connection: &Connection, tenant: &TenantId, part: TenantPart) -> Result<Option<(u64, String)>> {
    // The last entry of a range of the primary key.
    const NEWEST: &str = "
        SELECT version, value
        FROM tenant_versions
        WHERE tenant_id = ?1
          AND kind = ?2
        ORDER BY version DESC
        LIMIT 1";
    let read = |row: &Row<'_>| Ok((read_count(row, 0)?, row.get(1)?));
    connection.prepare_cached(NEWEST)?.query_row([tenant.as_str(), part.as_str()], read).optional()
}
