//! How a connection is set up: the PRAGMAs, each with its reason.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result};

/// Statements kept prepared per connection: more than there are in this crate, so none is ever compiled twice.
const PREPARED_STATEMENTS: usize = 256;

/// Pages in the log before the writer moves them into the database: 32 MiB of 4-KiB pages. SQLite's own default is
/// 4 MiB; a page that many turns write to is moved once per round, so longer rounds move less (benchmark `writes`:
/// 59 µs of processor a turn with 16 MiB, 51 with 64), and wait longer for the disk when they end.
const CHECKPOINT_PAGES: u32 = 8_192;

/// Bytes the log file keeps on disk after it was moved: what a round needs, not what a peak needed. That is more than its
/// pages, each has a header of 24 bytes and the commit that ends a round goes beyond it: a file cut shorter would be
/// made longer again in each round, and a file that grows is dearer to flush than one that is written over.
const LOG_BYTES_KEPT: u32 = 48 << 20;

/// Opens the connection that writes, and creates the file where there is none.
pub(crate) fn writing(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, busy_timeout)?;
    // Readers never wait for the writer, nor the writer for them.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection
        .pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |row| row.get::<_, i64>(0))?;
    prepare_writing(&connection)?;
    Ok(connection)
}

/// Opens a database that lives as long as its only connection.
pub(crate) fn in_memory() -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    prepare(&connection, Duration::ZERO)?;
    prepare_writing(&connection)?;
    Ok(connection)
}

/// Opens a connection that only reads a file that [`writing`] has opened before.
pub(crate) fn reading(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, busy_timeout)?;
    Ok(connection)
}

/// Moves the whole log into the file and cuts it to nothing; false: somebody reads an older state. Waits for the writer,
/// and makes it wait, for as long as that takes.
pub(crate) fn empty_log(path: &Path, busy_timeout: Duration) -> Result<bool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|busy| busy == 0)
}

fn prepare(connection: &Connection, busy_timeout: Duration) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // A plan that does not depend on bound values: otherwise SQLite compiles a statement anew for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A command beside the server writes for milliseconds; wait for it instead of failing.
    connection.busy_timeout(busy_timeout)?;
    // Sorting and rolling back need no files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

fn prepare_writing(connection: &Connection) -> Result<()> {
    // A killed process loses nothing, a power cut at most the last moments; no call waits for a disk flush.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // SQLite has them off by default.
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, also in pages that become free: what a sweep or a deletion left there could not be
    // found any more when somebody is erased. A turn frees no pages; who deletes much does it a little at a time.
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    // 16 MiB, in KiB: the pages a busy hour writes to. Grows only as far as it is used.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_written_over_and_not_cut_after_each_round() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let connection = writing(&path, Duration::ZERO).unwrap();
        connection.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)").unwrap();
        let mut longest = 0;
        // Two rounds and a half, a mebibyte at a time, always onto the same pages.
        for n in 0..80_u8 {
            let note = rusqlite::params![n % 4, vec![n; 1 << 20]];
            connection.execute("INSERT OR REPLACE INTO notes VALUES (?1, ?2)", note).unwrap();
            let length = std::fs::metadata(folder.path().join("log.db-wal")).unwrap().len();
            assert!(length >= longest, "cut from {longest} to {length} at {n}");
            longest = length;
        }
        assert!(longest > u64::from(CHECKPOINT_PAGES) * 4_096, "a round has ended: {longest}");
        assert!(longest < u64::from(LOG_BYTES_KEPT), "and it began anew: {longest}");
    }
}
