//! Connections that read beside the writer.
//!
//! Two kinds, so that a report never makes a turn wait: short reads run on the caller's own thread, long ones
//! on a blocking thread of the runtime with connections of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use crate::connection;
use crate::error::SqliteFailure;
use crate::store::SqliteOptions;

/// Long reads at the same time; more of them wait for each other.
const LONG_READS: usize = 2;

#[derive(Debug)]
pub(crate) struct Readers {
    path: Arc<Path>,
    short: Vec<Mutex<Connection>>,
    long: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Arc<Path>, options: &SqliteOptions) -> Result<Self, SqliteFailure> {
        let open = |many: usize| -> rusqlite::Result<Vec<Mutex<Connection>>> {
            (0..many).map(|_| connection::reading(path, options.busy_timeout).map(Mutex::new)).collect()
        };
        let failed = |error| SqliteFailure::new(path, error);
        Ok(Self {
            path: Arc::clone(path),
            short: open(options.readers.max(1)).map_err(failed)?,
            long: open(LONG_READS).map_err(failed)?,
            turn: AtomicUsize::new(0),
        })
    }

    /// Reads a few rows by key on this thread.
    ///
    /// On the runtime's thread on purpose: such a read takes some ten microseconds from the page cache (measured
    /// by the benchmark `writes`), far below the half millisecond from which work belongs elsewhere, and handing
    /// it over would cost more than doing it.
    pub(crate) fn short<T>(
        &self,
        mut read: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SqliteFailure> {
        self.report(read(&self.pick(&self.short)))
    }

    /// Reads as much as it likes; only from a blocking thread.
    pub(crate) fn long<T>(
        &self,
        mut read: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SqliteFailure> {
        self.report(read(&self.pick(&self.long)))
    }

    /// A free connection, else the next in turn once it is free.
    fn pick<'a>(&self, connections: &'a [Mutex<Connection>]) -> MutexGuard<'a, Connection> {
        let start = self.turn.fetch_add(1, Ordering::Relaxed) % connections.len();
        let (before, after) = connections.split_at(start);
        let free = after.iter().chain(before).find_map(Mutex::try_lock);
        free.unwrap_or_else(|| connections[start].lock())
    }

    fn report<T>(&self, read: rusqlite::Result<T>) -> Result<T, SqliteFailure> {
        read.map_err(|error| SqliteFailure::new(&self.path, error))
    }
}

/// Reads several statements as of one instant.
pub(crate) fn in_snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    // A database in memory has one connection, which is in the writer's transaction already.
    if !connection.is_autocommit() {
        return read(connection);
    }
    connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    let result = read(connection);
    connection.prepare_cached("COMMIT")?.execute([])?;
    result
}
