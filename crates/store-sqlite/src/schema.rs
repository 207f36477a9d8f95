//! Brings a database to the tables this program knows.
//!
//! Each file in `migrations/` runs once, in order; `PRAGMA user_version` is how many have run. They only add
//! (tables, columns with defaults, indexes), so that a release can be taken back.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::error::{OpenError, SqliteFailure};

const MIGRATIONS: [&str; 11] = [
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_understanding.sql"),
    include_str!("../migrations/0003_channel.sql"),
    include_str!("../migrations/0004_tenants.sql"),
    include_str!("../migrations/0005_access.sql"),
    include_str!("../migrations/0006_prompts.sql"),
    include_str!("../migrations/0007_money.sql"),
    include_str!("../migrations/0008_privacy.sql"),
    include_str!("../migrations/0009_jobs.sql"),
    include_str!("../migrations/0010_provider_keys.sql"),
    include_str!("../migrations/0011_limits.sql"),
];

/// The schema this program knows.
const KNOWN: i64 = MIGRATIONS.len().cast_signed() as i64;

/// Runs the migrations that have not run yet, all in one transaction.
pub(crate) fn migrate(connection: &Connection, path: &Arc<Path>) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::Sqlite(SqliteFailure::new(path, error));
    if version(connection).map_err(sqlite)? == KNOWN {
        return Ok(());
    }
    // Two processes may open a new file at once: the second waits here and finds the work done.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite)?;
    let migrated = migrate_locked(connection, path);
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(sqlite)?;
    migrated
}

fn migrate_locked(connection: &Connection, path: &Arc<Path>) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::Sqlite(SqliteFailure::new(path, error));
    let found = version(connection).map_err(sqlite)?;
    if found > KNOWN {
        return Err(OpenError::Newer { path: path.to_path_buf(), found, known: KNOWN });
    }
    if found < 0 || (found == 0 && has_tables(connection).map_err(sqlite)?) {
        return Err(OpenError::Foreign { path: path.to_path_buf() });
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS) {
        if number > found {
            connection.execute_batch(migration).map_err(sqlite)?;
        }
    }
    connection.pragma_update(None, "user_version", KNOWN).map_err(sqlite)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> (Connection, Arc<Path>) {
        (Connection::open_in_memory().unwrap(), Arc::from(Path::new("shop.db")))
    }

    #[test]
    fn a_new_database_is_migrated_once() {
        let (connection, path) = memory();
        migrate(&connection, &path).unwrap();
        migrate(&connection, &path).unwrap();
        assert_eq!(version(&connection).unwrap(), KNOWN);
    }

    /// A database as the release before budgets by day wrote it.
    #[test]
    fn money_that_was_booked_before_counts_on() {
        const MONEY: i64 = 7;
        let (connection, path) = memory();
        for migration in &MIGRATIONS[..6] {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", MONEY - 1).unwrap();
        connection
            .execute_batch(
                "
                INSERT INTO usage_ledger
                VALUES (1, 't', 'ana', 1795348800000000, 'chat', 'openai', 'm', 9, 0, 0, 0, 9, 0, 0, 70, 1),
                       (2, 't', 'ana', 1795348800000001, 'chat', 'openai', 'm', 9, 0, 0, 0, 9, 0, 0, 5, 0),
                       (3, 't', 'ana', 1795348800000002, 'chat', 'openai', 'm', 9, 0, 0, 0, 9, 0, 0, NULL, 0),
                       (4, 't', 'bia', 1795262399999999, 'chat', 'openai', 'm', 9, 0, 0, 0, 9, 0, 0, 11, 1);
                INSERT INTO usage_days
                VALUES ('t', 20261122, 'ana', 'openai', 'm', 'chat', 1, 27, 0, 0, 0, 27, 0, 0, 75, 1, NULL),
                       ('t', 20261121, 'bia', 'openai', 'm', 'chat', 1, 9, 0, 0, 0, 9, 0, 0, 11, 0, NULL);
                INSERT INTO tenant_months
                VALUES ('t', 202611, 86);
                INSERT INTO reservations
                VALUES ('t', 'r', 202611, 40, 1795348860000000);",
            )
            .unwrap();
        migrate(&connection, &path).unwrap();
        let numbers = |sql: &str| -> Vec<(i64, i64)> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let spent = numbers("SELECT month, spent FROM tenant_months ORDER BY month");
        assert_eq!(spent, [(202_611, 86), (20_261_121, 11), (20_261_122, 75)]);
        let failed = numbers("SELECT failed_calls, failed_cost FROM usage_days ORDER BY day");
        assert_eq!(failed, [(0, 0), (2, 5)]);
        assert_eq!(numbers("SELECT at_most, day FROM reservations"), [(40, 0)]);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let (connection, path) = memory();
        connection.pragma_update(None, "user_version", KNOWN + 1).unwrap();
        let refusal = migrate(&connection, &path).unwrap_err().to_string();
        assert!(refusal.starts_with("shop.db was written by a newer pytake"), "{refusal}");
        assert!(connection.is_autocommit());
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let (connection, path) = memory();
        connection.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
        assert!(matches!(migrate(&connection, &path), Err(OpenError::Foreign { .. })));
        let tables: i64 =
            connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn every_table_is_strict() {
        let (connection, path) = memory();
        migrate(&connection, &path).unwrap();
        let lax = "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%' AND NOT strict";
        assert_eq!(connection.query_row(lax, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}
