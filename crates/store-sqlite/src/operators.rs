//! Operators.

use async_trait::async_trait;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_store::{Email, OperatorChange, OperatorChanged, OperatorRecord, Operators, Role};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, read_instant, read_optional_instant, read_parsed};
use crate::store::SqliteStore;
use crate::{sessions, tenants};

fn create(connection: &Connection, operator: &OperatorRecord) -> Result<bool> {
    const IS_TAKEN: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM operators
            WHERE email = ?1
        )";
    const CREATE: &str = "
        INSERT INTO operators (
            operator_id, tenant_id, email, name, role, is_admin, password_hash, created_at, disabled_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let email = [operator.email.as_str()];
    if connection.prepare_cached(IS_TAKEN)?.query_row(email, |row| row.get(0))? {
        return Ok(false);
    }
    tenants::ensure(connection, &operator.tenant, operator.created_at)?;
    let row = params![
        operator.id,
        operator.tenant.as_str(),
        operator.email.as_str(),
        operator.name,
        operator.role.as_str(),
        operator.is_admin,
        operator.password_hash,
        instant(operator.created_at),
        operator.disabled_at.map(instant),
    ];
    connection.prepare_cached(CREATE)?.execute(row)?;
    Ok(true)
}

/// The columns from `first` on, in the order of the table.
pub(crate) fn read_from(row: &Row<'_>, first: usize) -> Result<OperatorRecord> {
    Ok(OperatorRecord {
        id: row.get(first)?,
        tenant: read_parsed(row, first + 1)?,
        email: read_parsed(row, first + 2)?,
        name: row.get(first + 3)?,
        role: read_parsed(row, first + 4)?,
        is_admin: row.get(first + 5)?,
        password_hash: row.get(first + 6)?,
        created_at: read_instant(row, first + 7)?,
        disabled_at: read_optional_instant(row, first + 8)?,
    })
}

fn read(row: &Row<'_>) -> Result<OperatorRecord> {
    read_from(row, 0)
}

fn find(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<OperatorRecord>> {
    // One entry of the primary key.
    const FIND: &str = "
        SELECT operator_id, tenant_id, email, name, role, is_admin, password_hash, created_at, disabled_at
        FROM operators
        WHERE operator_id = ?2
          AND tenant_id = ?1";
    connection.prepare_cached(FIND)?.query_row([tenant.as_str(), id], read).optional()
}

fn by_email(connection: &Connection, email: &Email) -> Result<Option<OperatorRecord>> {
    // One entry of the unique index on email.
    const BY_EMAIL: &str = "
        SELECT operator_id, tenant_id, email, name, role, is_admin, password_hash, created_at, disabled_at
        FROM operators
        WHERE email = ?1";
    connection.prepare_cached(BY_EMAIL)?.query_row([email.as_str()], read).optional()
}

fn list(connection: &Connection, tenant: Option<&TenantId>) -> Result<Vec<OperatorRecord>> {
    // Reads the whole table, which is small.
    const LIST: &str = "
        SELECT operator_id, tenant_id, email, name, role, is_admin, password_hash, created_at, disabled_at
        FROM operators
        WHERE ?1 IS NULL
           OR tenant_id = ?1
        ORDER BY created_at, operator_id";
    connection.prepare_cached(LIST)?.query_map([tenant.map(TenantId::as_str)], read)?.collect()
}

fn change(
    connection: &Connection,
    as_read: &OperatorRecord,
    change: &OperatorChange,
) -> Result<OperatorChanged> {
    const CHANGE: &str = "
        UPDATE operators
        SET name = ?3,
            role = ?4,
            is_admin = ?5,
            disabled_at = ?6
        WHERE operator_id = ?2
          AND tenant_id = ?1";
    let (tenant, id) = (&as_read.tenant, &as_read.id);
    let Some(before) = find(connection, tenant, id)? else { return Ok(OperatorChanged::Missing) };
    let may = |operator: &OperatorRecord| (operator.role, operator.is_admin, operator.disabled_at);
    if may(&before) != may(as_read) {
        return Ok(OperatorChanged::Meanwhile);
    }
    let was_owner = before.role == Role::Owner && before.disabled_at.is_none();
    let stays_owner = change.role == Role::Owner && change.disabled_at.is_none();
    if was_owner && !stays_owner && !has_other_owner(connection, tenant, id)? {
        return Ok(OperatorChanged::LastOwner);
    }
    let disabled_at = change.disabled_at.map(|at| before.disabled_at.unwrap_or(at));
    let row = params![
        tenant.as_str(),
        id,
        change.name,
        change.role.as_str(),
        change.is_admin,
        disabled_at.map(instant),
    ];
    connection.prepare_cached(CHANGE)?.execute(row)?;
    if disabled_at.is_some() {
        sessions::end_all(connection, tenant, id)?;
    }
    let after = OperatorRecord {
        name: change.name.clone(),
        role: change.role,
        is_admin: change.is_admin,
        disabled_at,
        ..before
    };
    Ok(OperatorChanged::Done(after))
}

fn has_other_owner(connection: &Connection, tenant: &TenantId, id: &str) -> Result<bool> {
    // A range of operators_by_tenant.
    const OTHER: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM operators
            WHERE tenant_id = ?1
              AND operator_id <> ?2
              AND role = 'owner'
              AND disabled_at IS NULL
        )";
    connection.prepare_cached(OTHER)?.query_row([tenant.as_str(), id], |row| row.get(0))
}

fn set_password(connection: &Connection, as_read: &OperatorRecord, password_hash: &str) -> Result<bool> {
    const SET: &str = "
        UPDATE operators
        SET password_hash = ?3
        WHERE operator_id = ?2
          AND tenant_id = ?1
          AND password_hash = ?4
          AND role = ?5
          AND is_admin = ?6";
    let row = params![
        as_read.tenant.as_str(),
        as_read.id,
        password_hash,
        as_read.password_hash,
        as_read.role.as_str(),
        as_read.is_admin,
    ];
    let is_set = connection.prepare_cached(SET)?.execute(row)? > 0;
    if is_set {
        sessions::end_all(connection, &as_read.tenant, &as_read.id)?;
    }
    Ok(is_set)
}

/// Whether somebody who signs in with a password that was right for this operator may still come in.
pub(crate) fn may_begin(connection: &Connection, as_read: &OperatorRecord) -> Result<bool> {
    // One entry of the primary key.
    const MAY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM operators
            WHERE operator_id = ?2
              AND tenant_id = ?1
              AND password_hash = ?3
              AND disabled_at IS NULL
        )";
    let row = [as_read.tenant.as_str(), &as_read.id, &as_read.password_hash];
    connection.prepare_cached(MAY)?.query_row(row, |row| row.get(0))
}

fn is_any_in_use(connection: &Connection) -> Result<bool> {
    // The first entry of the partial index operators_in_use.
    const ANY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM operators
            WHERE disabled_at IS NULL
        )";
    connection.prepare_cached(ANY)?.query_row([], |row| row.get(0))
}

fn was_any_made(connection: &Connection) -> Result<bool> {
    // The first entry of the table; operators are disabled, never deleted.
    const ANY: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM operators
        )";
    connection.prepare_cached(ANY)?.query_row([], |row| row.get(0))
}

#[async_trait]
impl Operators for SqliteStore {
    async fn create_operator(&self, operator: &OperatorRecord) -> Result<bool, StorageError> {
        let operator = operator.clone();
        self.write("store the operator", move |connection| create(connection, &operator)).await
    }

    async fn operator(&self, tenant: &TenantId, id: &str) -> Result<Option<OperatorRecord>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read_short("read the operator", move |connection| find(connection, &tenant, &id)).await
    }

    async fn operator_by_email(&self, email: &Email) -> Result<Option<OperatorRecord>, StorageError> {
        let email = email.clone();
        self.read_short("look up the operator", move |connection| by_email(connection, &email)).await
    }

    async fn operators(&self, tenant: Option<&TenantId>) -> Result<Vec<OperatorRecord>, StorageError> {
        let tenant = tenant.cloned();
        self.read_long("list the operators", move |connection| list(connection, tenant.as_ref())).await
    }

    async fn change_operator(
        &self,
        as_read: &OperatorRecord,
        change: &OperatorChange,
    ) -> Result<OperatorChanged, StorageError> {
        let (as_read, wanted) = (as_read.clone(), change.clone());
        let work = move |connection: &Connection| self::change(connection, &as_read, &wanted);
        self.write("change the operator", work).await
    }

    async fn set_password(
        &self,
        as_read: &OperatorRecord,
        password_hash: &str,
    ) -> Result<bool, StorageError> {
        let (as_read, hash) = (as_read.clone(), password_hash.to_owned());
        let work = move |connection: &Connection| set_password(connection, &as_read, &hash);
        self.write("store the password", work).await
    }

    async fn has_operators(&self) -> Result<bool, StorageError> {
        self.read_short("look for operators", is_any_in_use).await
    }

    async fn had_operators(&self) -> Result<bool, StorageError> {
        self.read_short("look for operators", was_any_made).await
    }
}

#[cfg(test)]
mod tests {
    use crate::plans;

    #[test]
    fn whether_there_are_operators_is_one_entry_of_an_index() {
        plans::assert_uses("SELECT 1 FROM operators WHERE disabled_at IS NULL", "operators_in_use");
    }
}
