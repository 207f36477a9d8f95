//! Customers of channels: one person, however the channel names them.

pub(crate) mod merge;

use jiff::Timestamp;
use pytake_assistant::channel::{Recipient, Sender, canonical_phone};
use pytake_assistant::id::{IdSource, TenantId, UserId};
use pytake_store::Customer;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, read_optional_instant, read_parsed, unusable};
use crate::hashes::Hashes;
use crate::outbox::schedule;
use crate::privacy::tombstones::{self, Wishes};

const SCOPED_ID: &str = "scoped_id";
const PHONE: &str = "phone";

/// Who a sender turned out to be.
pub(crate) struct Resolved {
    pub(crate) id: UserId,
    /// Who turned out to be the same person, and is gone.
    pub(crate) gone: Option<UserId>,
}

/// Columns: customer_id, name, username, phone, scoped_id, opted_out_at, marketing_stopped_at.
fn read(row: &Row<'_>) -> Result<Customer> {
    Ok(Customer {
        id: read_parsed(row, 0)?,
        name: row.get(1)?,
        username: row.get(2)?,
        recipient: Recipient { phone: row.get(3)?, scoped_id: row.get(4)? },
        opted_out_at: read_optional_instant(row, 5)?,
        marketing_stopped_at: read_optional_instant(row, 6)?,
    })
}

/// The customer by id, also by the id of one who was merged into another. Whoever was merged names the one who remains,
/// never one in between.
pub(crate) fn find(connection: &Connection, tenant: &TenantId, user: &UserId) -> Result<Option<Customer>> {
    const FIND: &str = "
        SELECT remains.customer_id, remains.name, remains.username, remains.phone, remains.scoped_id,
               remains.opted_out_at, remains.marketing_stopped_at
        FROM customers AS named
        JOIN customers AS remains
          ON remains.tenant_id = named.tenant_id
         AND remains.customer_id = COALESCE(named.merged_into, named.customer_id)
        WHERE named.tenant_id = ?1
          AND named.customer_id = ?2";
    connection.prepare_cached(FIND)?.query_row([tenant.as_str(), user.as_str()], read).optional()
}

/// The one into whom a customer was merged, where they were.
pub(crate) fn remaining(connection: &Connection, tenant: &TenantId, user: &UserId) -> Result<Option<UserId>> {
    const REMAINING: &str = "
        SELECT merged_into
        FROM customers
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND merged_into IS NOT NULL";
    let key = [tenant.as_str(), user.as_str()];
    connection.prepare_cached(REMAINING)?.query_row(key, |row| read_parsed(row, 0)).optional()
}

/// Finds who a sender is, makes a customer of somebody new, merges two who turn out to be one, and keeps the newest
/// addresses. `None`: the sender has no id at all.
pub(crate) fn resolve(
    connection: &Connection,
    tenant: &TenantId,
    sender: &Sender,
    ids: &dyn IdSource,
    hashes: &Hashes,
    now: Timestamp,
) -> Result<Option<Resolved>> {
    let Some(addresses) = Addresses::of(sender) else { return Ok(None) };
    let resolved = match addresses.owners(connection, tenant)? {
        (Some(one), Some(other)) if one != other => {
            let (into, from) = merge::merge(connection, tenant, &one, &other)?;
            Resolved { id: into, gone: Some(from) }
        }
        (Some(known), _) | (None, Some(known)) => Resolved { id: known, gone: None },
        (None, None) => {
            let id = create(connection, tenant, ids, now)?;
            addresses.remember_wishes(connection, tenant, &id, hashes)?;
            Resolved { id, gone: None }
        }
    };
    addresses.keep(connection, tenant, &resolved.id)?;
    update(connection, tenant, &resolved.id, sender)?;
    Ok(Some(resolved))
}

/// Who a sender is, if they are known.
pub(crate) fn known(connection: &Connection, tenant: &TenantId, sender: &Sender) -> Result<Option<UserId>> {
    let Some(addresses) = Addresses::of(sender) else { return Ok(None) };
    let (by_scoped_id, by_phone) = addresses.owners(connection, tenant)?;
    Ok(by_scoped_id.or(by_phone))
}

/// Gives new addresses to a customer who is known; merges where they belong to somebody else. A new telephone replaces
/// those before it.
pub(crate) fn add_addresses(
    connection: &Connection,
    tenant: &TenantId,
    customer: &UserId,
    sender: &Sender,
) -> Result<Resolved> {
    let mut resolved = Resolved { id: customer.clone(), gone: None };
    let Some(addresses) = Addresses::of(sender) else { return Ok(resolved) };
    let (by_scoped_id, by_phone) = addresses.owners(connection, tenant)?;
    for other in [by_scoped_id, by_phone].into_iter().flatten() {
        // The first merge may have made the second one needless.
        let other = find(connection, tenant, &other)?.map_or(other, |customer| customer.id);
        if other != resolved.id {
            let (into, from) = merge::merge(connection, tenant, &resolved.id, &other)?;
            resolved = Resolved { id: into, gone: Some(from) };
        }
    }
    if let Some(phone) = &addresses.phone {
        forget_other_phones(connection, tenant, &resolved.id, phone)?;
    }
    addresses.keep(connection, tenant, &resolved.id)?;
    update(connection, tenant, &resolved.id, sender)?;
    Ok(resolved)
}

/// Forgets the telephones a customer had: whoever writes from one of them next is another person.
fn forget_other_phones(
    connection: &Connection,
    tenant: &TenantId,
    customer: &UserId,
    current: &str,
) -> Result<()> {
    // A range of the index customer_aliases_by_customer.
    const FORGET: &str = "
        DELETE FROM customer_aliases
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND kind = ?3
          AND value <> ?4";
    let row = [tenant.as_str(), customer.as_str(), PHONE, current];
    connection.prepare_cached(FORGET)?.execute(row).map(drop)
}

/// The addresses of a sender as they are compared.
struct Addresses<'a> {
    scoped_id: Option<&'a str>,
    phone: Option<String>,
}

impl<'a> Addresses<'a> {
    fn of(sender: &'a Sender) -> Option<Self> {
        let scoped_id = sender.scoped_id.as_deref().filter(|id| !id.is_empty());
        let phone = sender.phone.as_deref().map(canonical_phone).filter(|phone| !phone.is_empty());
        (scoped_id.is_some() || phone.is_some()).then_some(Self { scoped_id, phone })
    }

    fn owners(&self, connection: &Connection, tenant: &TenantId) -> Result<(Option<UserId>, Option<UserId>)> {
        let owner = |kind: &str, value: Option<&str>| match value {
            Some(value) => owner(connection, tenant, kind, value),
            None => Ok(None),
        };
        Ok((owner(SCOPED_ID, self.scoped_id)?, owner(PHONE, self.phone.as_deref())?))
    }

    fn keep(&self, connection: &Connection, tenant: &TenantId, customer: &UserId) -> Result<()> {
        const KEEP: &str = "
            INSERT INTO customer_aliases (tenant_id, kind, value, customer_id)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (tenant_id, kind, value) DO NOTHING";
        for (kind, value) in [(SCOPED_ID, self.scoped_id), (PHONE, self.phone.as_deref())] {
            if let Some(value) = value {
                let row = [tenant.as_str(), kind, value, customer.as_str()];
                connection.prepare_cached(KEEP)?.execute(row)?;
            }
        }
        Ok(())
    }

    /// Gives a new customer what the owner of these addresses wanted before they were erased.
    fn remember_wishes(
        &self,
        connection: &Connection,
        tenant: &TenantId,
        customer: &UserId,
        hashes: &Hashes,
    ) -> Result<()> {
        for (kind, value) in [(SCOPED_ID, self.scoped_id), (PHONE, self.phone.as_deref())] {
            let Some(value) = value else { continue };
            let address = hashes.address(tenant, kind, value);
            let Some(wishes) = tombstones::take_address(connection, tenant, &address)? else { continue };
            if wishes.opted_out_at.is_some() {
                set_opted_out(connection, tenant, customer, wishes.opted_out_at)?;
            }
            if wishes.marketing_stopped_at.is_some() {
                set_marketing_stopped(connection, tenant, customer, wishes.marketing_stopped_at)?;
            }
        }
        Ok(())
    }
}

fn owner(connection: &Connection, tenant: &TenantId, kind: &str, value: &str) -> Result<Option<UserId>> {
    const OWNER: &str = "
        SELECT customer_id
        FROM customer_aliases
        WHERE tenant_id = ?1
          AND kind = ?2
          AND value = ?3";
    let key = [tenant.as_str(), kind, value];
    connection.prepare_cached(OWNER)?.query_row(key, |row| read_parsed(row, 0)).optional()
}

fn create(connection: &Connection, tenant: &TenantId, ids: &dyn IdSource, now: Timestamp) -> Result<UserId> {
    const CREATE: &str = "
        INSERT INTO customers (tenant_id, customer_id, created_at)
        VALUES (?1, ?2, ?3)";
    let id = UserId::new(ids.next()).map_err(unusable)?;
    connection.prepare_cached(CREATE)?.execute(params![tenant.as_str(), id.as_str(), instant(now)])?;
    Ok(id)
}

/// Keeps what is new; what is absent stays as it was.
fn update(connection: &Connection, tenant: &TenantId, customer: &UserId, sender: &Sender) -> Result<()> {
    // Writes nothing where nothing is new: most messages tell what is known.
    const UPDATE: &str = "
        UPDATE customers
        SET name = COALESCE(?3, name),
            username = COALESCE(?4, username),
            phone = COALESCE(?5, phone),
            scoped_id = COALESCE(?6, scoped_id)
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND (   name IS NOT COALESCE(?3, name)
               OR username IS NOT COALESCE(?4, username)
               OR phone IS NOT COALESCE(?5, phone)
               OR scoped_id IS NOT COALESCE(?6, scoped_id))";
    let row = params![
        tenant.as_str(),
        customer.as_str(),
        sender.name,
        sender.username,
        sender.phone,
        sender.scoped_id,
    ];
    connection.prepare_cached(UPDATE)?.execute(row).map(drop)
}

/// Notes that a customer wants no marketing, or wants it again.
pub(crate) fn set_marketing_stopped(
    connection: &Connection,
    tenant: &TenantId,
    customer: &UserId,
    since: Option<Timestamp>,
) -> Result<()> {
    const SET: &str = "
        UPDATE customers
        SET marketing_stopped_at = ?3
        WHERE tenant_id = ?1
          AND customer_id = ?2";
    let row = params![tenant.as_str(), customer.as_str(), since.map(instant)];
    connection.prepare_cached(SET)?.execute(row).map(drop)
}

/// Notes that the customer of a conversation wants no marketing, unless that is noted.
pub(crate) fn note_marketing_stopped(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &str,
    now: Timestamp,
) -> Result<()> {
    const NOTE: &str = "
        UPDATE customers
        SET marketing_stopped_at = ?3
        WHERE tenant_id = ?1
          AND customer_id = (
                SELECT customer_id
                FROM channel_conversations
                WHERE tenant_id = ?1
                  AND conversation_id = ?2
            )
          AND marketing_stopped_at IS NULL";
    let row = params![tenant.as_str(), conversation, instant(now)];
    connection.prepare_cached(NOTE)?.execute(row).map(drop)
}

/// Notes that a customer wants no automatic messages, or wants them again.
pub(crate) fn set_opted_out(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    since: Option<Timestamp>,
) -> Result<()> {
    const SET: &str = "
        UPDATE customers
        SET opted_out_at = ?3
        WHERE tenant_id = ?1
          AND customer_id = ?2";
    let Some(customer) = find(connection, tenant, user)? else { return Ok(()) };
    let row = params![tenant.as_str(), customer.id.as_str(), since.map(instant)];
    connection.prepare_cached(SET)?.execute(row).map(drop)
}

/// Erases a customer with their addresses and their place in the channel; what they did not want stays, as hashes. How
/// many customers went: none where no channel brought them.
pub(crate) fn erase(
    connection: &Connection,
    tenant: &TenantId,
    customer: &UserId,
    hashes: &Hashes,
) -> Result<usize> {
    // Ranges of customer_aliases_by_customer and channel_conversations_by_customer.
    const ADDRESSES: &str = "
        SELECT kind, value
        FROM customer_aliases
        WHERE tenant_id = ?1
          AND customer_id = ?2";
    const PLACES: &str = "
        DELETE FROM channel_conversations
        WHERE tenant_id = ?1
          AND customer_id = ?2
        RETURNING number_id";
    const FORGET_ADDRESSES: &str = "
        DELETE FROM customer_aliases
        WHERE tenant_id = ?1
          AND customer_id = ?2";
    const FORGET: [&str; 2] = [
        "DELETE FROM customers WHERE tenant_id = ?1 AND merged_into = ?2",
        "DELETE FROM customers WHERE tenant_id = ?1 AND customer_id = ?2",
    ];
    let key = [tenant.as_str(), customer.as_str()];
    if let Some(known) = find(connection, tenant, customer)? {
        let wishes =
            Wishes { opted_out_at: known.opted_out_at, marketing_stopped_at: known.marketing_stopped_at };
        let mut statement = connection.prepare_cached(ADDRESSES)?;
        let mut rows = statement.query(key)?;
        while let Some(row) = rows.next()? {
            let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
            if wishes != Wishes::default() {
                let address = hashes.address(tenant, &kind, &value);
                tombstones::put_address(connection, tenant, &address, wishes)?;
            }
        }
    }
    let numbers: Vec<String> =
        connection.prepare_cached(PLACES)?.query_map(key, |row| row.get(0))?.collect::<Result<_>>()?;
    for number in numbers {
        schedule::refresh_sender(connection, tenant, &number)?;
    }
    connection.prepare_cached(FORGET_ADDRESSES)?.execute(key)?;
    let mut gone = 0;
    for sql in FORGET {
        gone += connection.prepare_cached(sql)?.execute(key)?;
    }
    Ok(gone)
}
