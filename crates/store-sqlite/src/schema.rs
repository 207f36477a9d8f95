//! Brings a database to the tables this program knows.
//!
//! Each file in `migrations/` runs once, in order; `PRAGMA user_version` is how many have run. They only add
//! (tables, columns with defaults, indexes), so that a release can be taken back.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::error::{OpenError, SqliteFailure};

const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_understanding.sql"),
    include_str!("../migrations/0003_channel.sql"),
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
