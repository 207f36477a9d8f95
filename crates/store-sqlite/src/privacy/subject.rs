//! Who a name stands for, and what is theirs.

use std::collections::BTreeSet;

use pytake_assistant::channel::canonical_phone;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_store::Subject;
use rusqlite::{Connection, Result, params};

use crate::columns::read_parsed;

/// Digits of a telephone with its country: shorter ones name other things (ITU-T E.164: at most 15).
pub(super) const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Everybody and everything that a name stands for; `None`: nothing is known under it. `is_in_batches` is whether batches ask
/// for a user of this name, see [`is_in_batches`].
pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    name: &str,
    is_in_batches: bool,
) -> Result<Option<Subject>> {
    let customers = customers(connection, tenant, name)?;
    let mut subject = Subject {
        tenant: tenant.clone(),
        users: customers.iter().cloned().collect(),
        phones: Vec::new(),
        scoped_ids: Vec::new(),
        conversations: Vec::new(),
    };
    for customer in &customers {
        addresses(connection, customer, &mut subject)?;
    }
    for user in names_of_callers(name, &subject) {
        let is_known = (is_in_batches && user.as_str() == name) || is_known(connection, tenant, &user)?;
        if is_known && !subject.users.contains(&user) {
            subject.users.insert(0, user);
        }
    }
    if subject.users.is_empty() {
        return Ok(None);
    }
    conversations(connection, &mut subject)?;
    Ok(Some(subject))
}

/// The channel's customers of a name: by id, or by an address. All who were merged into one another.
fn customers(connection: &Connection, tenant: &TenantId, name: &str) -> Result<BTreeSet<UserId>> {
    // The unique key of customers, then that of customer_aliases.
    const NAMED: &str = "
        SELECT COALESCE(merged_into, customer_id)
        FROM customers
        WHERE tenant_id = ?1
          AND customer_id = ?2
        UNION
        SELECT customer_id
        FROM customer_aliases
        WHERE tenant_id = ?1
          AND kind = 'scoped_id'
          AND value = ?2
        UNION
        SELECT customer_id
        FROM customer_aliases
        WHERE tenant_id = ?1
          AND kind = 'phone'
          AND value = ?3";
    // The index customers_merged.
    const MERGED: &str = "
        SELECT customer_id
        FROM customers
        WHERE tenant_id = ?1
          AND merged_into = ?2";
    let phone = phone_of(name).unwrap_or_default();
    let found: Vec<UserId> = connection
        .prepare_cached(NAMED)?
        .query_map(params![tenant.as_str(), name, phone], |row| read_parsed(row, 0))?
        .collect::<Result<_>>()?;
    let mut all = BTreeSet::new();
    for customer in found {
        let key = params![tenant.as_str(), customer.as_str()];
        let merged = connection
            .prepare_cached(MERGED)?
            .query_map(key, |row| read_parsed(row, 0))?
            .collect::<Result<Vec<UserId>>>()?;
        all.extend(merged);
        all.insert(customer);
    }
    Ok(all)
}

/// The telephone that a name is, in canonical form: digits, with what people write between them.
fn phone_of(name: &str) -> Option<String> {
    let is_phone = name.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c));
    let phone = canonical_phone(name);
    (is_phone && PHONE_DIGITS.contains(&phone.len())).then_some(phone)
}

/// How callers may call somebody: by this name, or by an address of theirs.
fn names_of_callers(name: &str, subject: &Subject) -> Vec<UserId> {
    let mut names = vec![name.to_owned()];
    for phone in subject.phones.iter().cloned().chain(phone_of(name)) {
        names.extend(spellings(&phone));
    }
    names.extend(subject.scoped_ids.iter().cloned());
    names.into_iter().filter_map(|name| UserId::new(name).ok()).collect()
}

/// A telephone in canonical form as programs write it: with a plus or without, of Brazil also without the ninth digit.
fn spellings(phone: &str) -> Vec<String> {
    let mut digits = vec![phone.to_owned()];
    // Country 55, two digits of the area, the ninth digit, eight digits.
    if phone.len() == 13
        && let Some((area, subscriber)) = phone.strip_prefix("55").and_then(|rest| rest.split_at_checked(2))
        && let Some(old) = subscriber.strip_prefix('9')
    {
        digits.push(format!("55{area}{old}"));
    }
    digits.iter().flat_map(|digits| [digits.clone(), format!("+{digits}")]).collect()
}

/// Whether anything is kept under the name of a user.
fn is_known(connection: &Connection, tenant: &TenantId, user: &UserId) -> Result<bool> {
    // Entries of conversations_by_user, usage_days_by_user and the key of user_days.
    const IS_KNOWN: &str = "
        SELECT EXISTS (SELECT 1 FROM conversations WHERE tenant_id = ?1 AND user_id = ?2)
            OR EXISTS (SELECT 1 FROM usage_days INDEXED BY usage_days_by_user
                       WHERE tenant_id = ?1 AND user_id = ?2)
            OR EXISTS (SELECT 1 FROM user_days WHERE tenant_id = ?1 AND user_id = ?2)";
    connection.prepare_cached(IS_KNOWN)?.query_row([tenant.as_str(), user.as_str()], |row| row.get(0))
}

/// Whether batches ask for a user of this name. Reads all items of the tenant: not for the writer.
pub(super) fn is_in_batches(connection: &Connection, tenant: &TenantId, name: &str) -> Result<bool> {
    const IS_ASKED: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM job_items
            WHERE tenant_id = ?1
              AND json_extract(request, '$.request.user_id') = ?2
        )";
    connection.prepare_cached(IS_ASKED)?.query_row([tenant.as_str(), name], |row| row.get(0))
}

fn addresses(connection: &Connection, customer: &UserId, subject: &mut Subject) -> Result<()> {
    // The index customer_aliases_by_customer; the addresses of the row itself may be older.
    const ADDRESSES: &str = "
        SELECT kind, value
        FROM customer_aliases
        WHERE tenant_id = ?1
          AND customer_id = ?2
        UNION
        SELECT 'phone', phone
        FROM customers
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND phone IS NOT NULL
        UNION
        SELECT 'scoped_id', scoped_id
        FROM customers
        WHERE tenant_id = ?1
          AND customer_id = ?2
          AND scoped_id IS NOT NULL";
    let tenant = subject.tenant.clone();
    let mut statement = connection.prepare_cached(ADDRESSES)?;
    let mut rows = statement.query([tenant.as_str(), customer.as_str()])?;
    while let Some(row) = rows.next()? {
        let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
        let (list, value) = match kind.as_str() {
            "phone" => (&mut subject.phones, canonical_phone(&value)),
            _ => (&mut subject.scoped_ids, value),
        };
        if !value.is_empty() && !list.contains(&value) {
            list.push(value);
        }
    }
    Ok(())
}

fn conversations(connection: &Connection, subject: &mut Subject) -> Result<()> {
    // The indexes conversations_by_user and channel_conversations_by_customer.
    const CONVERSATIONS: &str = "
        SELECT conversation_id
        FROM conversations
        WHERE tenant_id = ?1
          AND user_id = ?2
        UNION
        SELECT conversation_id
        FROM channel_conversations
        WHERE tenant_id = ?1
          AND customer_id = ?2";
    let mut all: BTreeSet<ConversationId> = BTreeSet::new();
    for user in &subject.users {
        let key = [subject.tenant.as_str(), user.as_str()];
        let found = connection
            .prepare_cached(CONVERSATIONS)?
            .query_map(key, |row| read_parsed(row, 0))?
            .collect::<Result<Vec<ConversationId>>>()?;
        all.extend(found);
    }
    subject.conversations = all.into_iter().collect();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_telephone_only_where_it_looks_like_one() {
        assert_eq!(phone_of("+55 (31) 8888-7777").as_deref(), Some("5531988887777"));
        assert_eq!(phone_of("ana-5531988887777"), None);
        assert_eq!(phone_of("4471"), None, "an order number");
        assert_eq!(phone_of(""), None);
    }

    #[test]
    fn a_telephone_is_looked_for_as_programs_write_it() {
        let all = ["5531988887777", "+5531988887777", "553188887777", "+553188887777"];
        assert_eq!(spellings("5531988887777"), all);
        assert_eq!(spellings("351912345678"), ["351912345678", "+351912345678"]);
    }
}
