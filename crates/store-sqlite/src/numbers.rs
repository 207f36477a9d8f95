//! Business numbers, what they have sent, and whether they may.

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::channel::canonical_phone;
use pytake_assistant::clock::utc_day;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{NumberId, TenantId};
use pytake_store::{NumberRecord, NumberSettings, Numbers, Sealed};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, month, read_count, read_instant, read_json, read_parsed};
use crate::store::SqliteStore;
use crate::tenants;

/// What a number is stopped with once it is deleted.
const DELETED: &str = "the number was deleted";

fn put(connection: &Connection, number: &NumberRecord, at: Timestamp) -> Result<bool> {
    const OWNER: &str = "
        SELECT tenant_id
        FROM numbers
        WHERE number_id = ?1";
    const PUT: &str = "
        INSERT INTO numbers (
            number_id, tenant_id, account, display_number, display_phone,
            access_token, app_secret, verify_token, settings, created_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (number_id) DO UPDATE
        SET account = excluded.account,
            display_number = excluded.display_number,
            display_phone = excluded.display_phone,
            access_token = excluded.access_token,
            app_secret = excluded.app_secret,
            verify_token = excluded.verify_token,
            settings = excluded.settings";
    let key = [number.number.as_str()];
    let owner: Option<String> =
        connection.prepare_cached(OWNER)?.query_row(key, |row| row.get(0)).optional()?;
    if owner.is_some_and(|owner| owner != number.tenant.as_str()) {
        return Ok(false);
    }
    tenants::ensure(connection, &number.tenant, at)?;
    let phone = number.display_number.as_deref().map(canonical_phone).filter(|phone| !phone.is_empty());
    let row = params![
        number.number.as_str(),
        number.tenant.as_str(),
        number.account,
        number.display_number,
        phone,
        number.access_token.0,
        number.app_secret.as_ref().map(|sealed| &sealed.0),
        number.verify_token.as_ref().map(|sealed| &sealed.0),
        json(&number.settings)?,
        instant(number.created_at),
    ];
    connection.prepare_cached(PUT)?.execute(row)?;
    stop(connection, &number.tenant, &number.number, number.stopped.as_deref(), at)?;
    Ok(true)
}

fn reseal(connection: &Connection, before: &NumberRecord, after: &NumberRecord) -> Result<bool> {
    // One entry of the primary key.
    const RESEAL: &str = "
        UPDATE numbers
        SET access_token = ?6,
            app_secret = ?7,
            verify_token = ?8
        WHERE number_id = ?1
          AND tenant_id = ?2
          AND access_token = ?3
          AND app_secret IS ?4
          AND verify_token IS ?5";
    let bytes = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.0.clone());
    let row = params![
        before.number.as_str(),
        before.tenant.as_str(),
        before.access_token.0,
        bytes(&before.app_secret),
        bytes(&before.verify_token),
        after.access_token.0,
        bytes(&after.app_secret),
        bytes(&after.verify_token),
    ];
    let is_resealed = connection.prepare_cached(RESEAL)?.execute(row)? > 0;
    if is_resealed {
        changed(connection)?;
    }
    Ok(is_resealed)
}

fn changed(connection: &Connection) -> Result<()> {
    const CHANGED: &str = "
        UPDATE meta
        SET value = value + 1
        WHERE name = 'numbers_version'";
    connection.prepare_cached(CHANGED)?.execute([]).map(drop)
}

/// Columns: number_id, tenant_id, account, display_number, access_token, app_secret, verify_token, settings, stopped,
/// created_at.
fn read(row: &Row<'_>) -> Result<NumberRecord> {
    Ok(NumberRecord {
        number: read_parsed(row, 0)?,
        tenant: read_parsed(row, 1)?,
        account: row.get(2)?,
        display_number: row.get(3)?,
        access_token: Sealed(row.get(4)?),
        app_secret: row.get::<_, Option<Vec<u8>>>(5)?.map(Sealed),
        verify_token: row.get::<_, Option<Vec<u8>>>(6)?.map(Sealed),
        settings: read_json(row, 7)?,
        stopped: row.get(8)?,
        created_at: read_instant(row, 9)?,
    })
}

fn all(connection: &Connection) -> Result<Vec<NumberRecord>> {
    // Reads the whole table, which is small.
    const ALL: &str = "
        SELECT number_id, tenant_id, account, display_number, access_token, app_secret, verify_token, settings,
               stopped, created_at
        FROM numbers
        LEFT JOIN senders USING (tenant_id, number_id)
        ORDER BY tenant_id, number_id";
    connection.prepare_cached(ALL)?.query_map([], read)?.collect()
}

fn version(connection: &Connection) -> Result<i64> {
    const VERSION: &str = "
        SELECT value
        FROM meta
        WHERE name = 'numbers_version'";
    connection.prepare_cached(VERSION)?.query_row([], |row| row.get(0))
}

fn delete(connection: &Connection, tenant: &TenantId, number: &NumberId, at: Timestamp) -> Result<bool> {
    const DELETE: &str = "
        DELETE FROM numbers
        WHERE number_id = ?1
          AND tenant_id = ?2";
    let is_gone = connection.prepare_cached(DELETE)?.execute([number.as_str(), tenant.as_str()])? > 0;
    if is_gone {
        stop(connection, tenant, number, Some(DELETED), at)?;
    }
    Ok(is_gone)
}

/// Stops what a tenant sends from a number, or starts it again, and tells everybody.
pub(crate) fn stop(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    why: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    stop_sender(connection, tenant, number, why, at)?;
    changed(connection)
}

fn stop_sender(
    connection: &Connection,
    tenant: &TenantId,
    number: &NumberId,
    why: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    const STOP: &str = "
        INSERT INTO senders (tenant_id, number_id, stopped, stopped_at)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, number_id) DO UPDATE
        SET stopped = excluded.stopped,
            stopped_at = excluded.stopped_at";
    let row = params![tenant.as_str(), number.as_str(), why, why.map(|_| instant(at))];
    connection.prepare_cached(STOP)?.execute(row).map(drop)
}

/// The tenant a number belongs to now.
fn owner(connection: &Connection, number: &NumberId) -> Result<Option<TenantId>> {
    const OWNER: &str = "
        SELECT tenant_id
        FROM numbers
        WHERE number_id = ?1";
    connection.prepare_cached(OWNER)?.query_row([number.as_str()], |row| read_parsed(row, 0)).optional()
}

/// Whether a telephone is one of the tenant's own numbers.
pub(crate) fn is_own_phone(connection: &Connection, tenant: &TenantId, phone: &str) -> Result<bool> {
    // One entry of the partial index numbers_by_phone.
    const OWN: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM numbers
            WHERE tenant_id = ?1
              AND display_phone = ?2
        )";
    let canonical = canonical_phone(phone);
    connection.prepare_cached(OWN)?.query_row([tenant.as_str(), &canonical], |row| row.get(0))
}

/// The settings of a number; the usual ones where it is not known (any more).
pub(crate) fn settings(connection: &Connection, number: &str) -> Result<NumberSettings> {
    const SETTINGS: &str = "
        SELECT settings
        FROM numbers
        WHERE number_id = ?1";
    let found =
        connection.prepare_cached(SETTINGS)?.query_row([number], |row| read_json(row, 0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// Counts a delivered service message.
pub(crate) fn count_service_message(connection: &Connection, number: &NumberId, at: Timestamp) -> Result<()> {
    const COUNT: &str = "
        INSERT INTO service_messages (number_id, month, delivered)
        VALUES (?1, ?2, 1)
        ON CONFLICT (number_id, month) DO UPDATE
        SET delivered = delivered + 1";
    connection.prepare_cached(COUNT)?.execute(params![number.as_str(), month(utc_day(at))]).map(drop)
}

fn service_messages(connection: &Connection, number: &NumberId, month: i32) -> Result<u64> {
    const DELIVERED: &str = "
        SELECT delivered
        FROM service_messages
        WHERE number_id = ?1
          AND month = ?2";
    let key = params![number.as_str(), month];
    let found = connection.prepare_cached(DELIVERED)?.query_row(key, |row| read_count(row, 0)).optional()?;
    Ok(found.unwrap_or_default())
}

#[async_trait]
impl Numbers for SqliteStore {
    async fn put_number(&self, number: &NumberRecord) -> Result<bool, StorageError> {
        let (number, clock) = (number.clone(), self.clock.clone());
        self.write("store the number", move |connection| put(connection, &number, clock.now())).await
    }

    async fn reseal_number(&self, before: &NumberRecord, after: &NumberRecord) -> Result<bool, StorageError> {
        let (before, after) = (before.clone(), after.clone());
        self.write("seal the number's secrets anew", move |connection| reseal(connection, &before, &after))
            .await
    }

    async fn numbers(&self) -> Result<Vec<NumberRecord>, StorageError> {
        self.read_long("list the numbers", all).await
    }

    async fn numbers_version(&self) -> Result<i64, StorageError> {
        self.read_short("read the version of the numbers", version).await
    }

    async fn delete_number(&self, tenant: &TenantId, number: &NumberId) -> Result<bool, StorageError> {
        let (tenant, number, clock) = (tenant.clone(), number.clone(), self.clock.clone());
        self.write("delete the number", move |connection| delete(connection, &tenant, &number, clock.now()))
            .await
    }

    async fn stop_number(
        &self,
        number: &NumberId,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let (number, why) = (number.clone(), why.map(str::to_owned));
        self.write("stop the number", move |connection| {
            let Some(tenant) = owner(connection, &number)? else { return Ok(()) };
            stop(connection, &tenant, &number, why.as_deref(), at)
        })
        .await
    }

    async fn service_messages(&self, number: &NumberId, month: i32) -> Result<u64, StorageError> {
        let number = number.clone();
        self.read_short("count the service messages", move |connection| {
            service_messages(connection, &number, month)
        })
        .await
    }
}
