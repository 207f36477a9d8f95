//! The store itself: one file, its writer, its readers.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use pytake_assistant::Author;
use pytake_assistant::answers::ApprovedAnswer;
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{IdSource, TenantId, UuidSource};
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_store::Health;
use rusqlite::{Connection, OptionalExtension};
use secrecy::SecretBox;

use crate::error::{OpenError, SqliteFailure};
use crate::hashes::Hashes;
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{answers, connection, schema, serving, tenants};

/// How a database file is used. The defaults are right for a server.
pub struct SqliteOptions {
    /// Connections for short reads; at least 1. By default one per processor, 2 to 8.
    pub readers: usize,
    /// How long to wait for another process that writes. By default 5 seconds.
    pub busy_timeout: Duration,
    /// The database's clock: due times, leases and waits of inbox, outbox and files are measured by it, whoever asks.
    /// SQLite has none of its own. By default the machine's.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of customers and of messages that the phone app wrote. By default UUIDs.
    pub ids: Arc<dyn IdSource>,
    /// Keys that are not in the database, by which erased people are known again; the first one makes hashes, all find them.
    /// By default none: then the salt in the database is the only key.
    pub hash_keys: Vec<SecretBox<[u8; 32]>>,
}

impl std::fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("readers", &self.readers)
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            readers: processors.clamp(2, 8),
            busy_timeout: Duration::from_secs(5),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(UuidSource),
            hash_keys: Vec::new(),
        }
    }
}

/// A database in one SQLite file, or in memory.
///
/// Share it in an `Arc`. Dropping it finishes what is queued.
pub struct SqliteStore {
    path: Arc<Path>,
    writer: Writer,
    /// `None` in memory, where the writer's connection is the only one.
    readers: Option<Arc<Readers>>,
    serving: Mutex<Option<File>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) hashes: Arc<Hashes>,
    busy_timeout: Duration,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the database in a file; makes the file and its directory where there are none, and brings its tables
    /// up to date. Blocks for the disk.
    ///
    /// # Errors
    /// Each names the file and says what would help.
    pub fn open(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        if path.is_dir() {
            return Err(OpenError::NotAFile { path: path.to_path_buf() });
        }
        make_parent(path)?;
        let path: Arc<Path> = Arc::from(path);
        let failed = |error| SqliteFailure::new(&path, error);
        let writing = connection::writing(&path, options.busy_timeout).map_err(failed)?;
        if writing.is_readonly("main").map_err(failed)? {
            return Err(SqliteFailure::ReadOnly { path, source: None }.into());
        }
        schema::migrate(&writing, &path)?;
        let hashes = Hashes::open(&writing, &options.hash_keys).map_err(failed)?;
        let readers = Readers::open(&path, options)?;
        let writer = Writer::start(writing, &path)?;
        Ok(Self {
            path,
            writer,
            readers: Some(Arc::new(readers)),
            serving: Mutex::new(None),
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            hashes: Arc::new(hashes),
            busy_timeout: options.busy_timeout,
        })
    }

    /// Makes an empty database that lives as long as this value.
    ///
    /// # Errors
    /// Only where the system has neither memory nor threads left.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::in_memory_with(&SqliteOptions::default())
    }

    /// [`in_memory`](Self::in_memory) with a clock and ids of the caller's own.
    ///
    /// # Errors
    /// Only where the system has neither memory nor threads left.
    pub fn in_memory_with(options: &SqliteOptions) -> Result<Self, OpenError> {
        let path: Arc<Path> = Arc::from(Path::new("(in memory)"));
        let writing = connection::in_memory().map_err(|error| SqliteFailure::new(&path, error))?;
        schema::migrate(&writing, &path)?;
        let hashes = Hashes::open(&writing, &options.hash_keys);
        let hashes = hashes.map_err(|error| SqliteFailure::new(&path, error))?;
        let writer = Writer::start(writing, &path)?;
        Ok(Self {
            path,
            writer,
            readers: None,
            serving: Mutex::new(None),
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            hashes: Arc::new(hashes),
            busy_timeout: options.busy_timeout,
        })
    }

    /// Keeps every other server away from this database until it is dropped or closed. Commands that only open
    /// it are not kept away.
    ///
    /// # Errors
    /// Another server has it, or its lock file cannot be made.
    pub fn lock_for_serving(&self) -> Result<(), OpenError> {
        let mut serving = self.serving.lock();
        if serving.is_none() && self.readers.is_some() {
            *serving = Some(serving::lock(&self.path)?);
        }
        Ok(())
    }

    /// Finishes what is queued, moves the log into the file and lets other servers in. What is written
    /// later is refused. Blocks for the disk.
    pub fn close(&self) {
        self.writer.close();
        self.serving.lock().take();
    }

    /// Moves the log into the file and cuts it to nothing, so that what was deleted is in neither. False: somebody reads an
    /// older state just now, and the log is as long as before.
    pub(crate) async fn empty_log(&self) -> Result<bool, StorageError> {
        const ACTION: &str = "empty the log";
        if self.readers.is_none() {
            return Ok(true);
        }
        let (path, busy_timeout) = (Arc::clone(&self.path), self.busy_timeout);
        // A connection of its own: the one that writes is in a transaction whenever it does anything.
        let task = tokio::task::spawn_blocking(move || connection::empty_log(&path, busy_timeout));
        let result = task.await.map_err(|error| StorageError::new(ACTION, error))?;
        result.map_err(|error| StorageError::new(ACTION, SqliteFailure::new(&self.path, error)))
    }

    /// Fills the default tenant of a database that is new; false when it was filled before, or somebody has
    /// already written something there. What is deleted later stays deleted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seed_if_new(
        &self,
        profile: &TenantProfile,
        approved: &[ApprovedAnswer],
    ) -> Result<bool, StorageError> {
        let (profile, approved, at) = (profile.clone(), approved.to_vec(), self.clock.now());
        self.write("fill the new database", move |connection| seed(connection, &profile, &approved, at)).await
    }

    /// Runs work in the writer's transaction, see [`Writer::run`].
    pub(crate) async fn write<T, W>(&self, action: &'static str, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.writer.run(work).await.map_err(|failure| StorageError::new(action, failure))
    }

    /// Runs work in the writer's transaction; what it wrote survives a power cut once this returns.
    pub(crate) async fn write_durably<T, W>(&self, action: &'static str, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.writer.run_durably(work).await.map_err(|failure| StorageError::new(action, failure))
    }

    /// Reads a few rows by key, see [`Readers::short`].
    pub(crate) async fn read_short<T, R>(&self, action: &'static str, read: R) -> Result<T, StorageError>
    where
        T: Send + 'static,
        R: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let result = match &self.readers {
            Some(readers) => readers.short(read),
            None => self.writer.run(read).await,
        };
        result.map_err(|failure| StorageError::new(action, failure))
    }

    /// Reads as much as it likes, on a blocking thread.
    pub(crate) async fn read_long<T, R>(&self, action: &'static str, read: R) -> Result<T, StorageError>
    where
        T: Send + 'static,
        R: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let Some(readers) = &self.readers else {
            return self.read_short(action, read).await;
        };
        let readers = Arc::clone(readers);
        let task = tokio::task::spawn_blocking(move || readers.long(read));
        let result = task.await.map_err(|error| StorageError::new(action, error))?;
        result.map_err(|failure| StorageError::new(action, failure))
    }
}

fn make_parent(path: &Path) -> Result<(), OpenError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Some(parent) = parent else { return Ok(()) };
    std::fs::create_dir_all(parent)
        .map_err(|source| OpenError::Directory { path: PathBuf::from(parent), source })
}

fn seed(
    connection: &Connection,
    profile: &TenantProfile,
    approved: &[ApprovedAnswer],
    at: Timestamp,
) -> rusqlite::Result<bool> {
    const TAKE_TURN: &str = "
        UPDATE meta
        SET value = 0
        WHERE name = 'is_unseeded'
          AND value = 1";
    let tenant = TenantId::default_tenant();
    let is_first = connection.execute(TAKE_TURN, [])? == 1;
    let is_untouched = tenants::profile(connection, &tenant)? == Some(TenantProfile::default())
        && answers::all(connection, &tenant)?.is_empty();
    if !is_first || !is_untouched {
        return Ok(false);
    }
    let edit = Edit { note: "the demo".to_owned(), ..Edit::by(Author::open()) };
    tenants::put_profile(connection, &tenant, profile, &edit, at)?;
    for answer in approved {
        answers::put(connection, &tenant, answer)?;
    }
    Ok(true)
}

#[async_trait]
impl Health for SqliteStore {
    async fn check(&self) -> Result<(), StorageError> {
        const COUNT: &str = "
            UPDATE meta
            SET value = value + 1
            WHERE name = 'health_checks'
            RETURNING value";
        const READ: &str = "
            SELECT value
            FROM meta
            WHERE name = 'health_checks'";
        const ACTION: &str = "check the database";
        let written: Option<i64> = self
            .write(ACTION, |connection| {
                connection.prepare_cached(COUNT)?.query_row([], |row| row.get(0)).optional()
            })
            .await?;
        let read: Option<i64> = self
            .read_short(ACTION, |connection| {
                connection.prepare_cached(READ)?.query_row([], |row| row.get(0)).optional()
            })
            .await?;
        // Another process may have counted on in between.
        if written.is_some() && read >= written {
            return Ok(());
        }
        Err(StorageError::new(ACTION, format!("wrote {written:?} to {}, read {read:?}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn limit_pages(store: &SqliteStore, pages: u32) {
        let limit = move |connection: &Connection| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
        };
        store.write("limit the file", limit).await.unwrap();
    }

    async fn put(store: &SqliteStore, number: usize) -> Result<(), StorageError> {
        use pytake_assistant::tenant::Tenants;
        let tenant = TenantId::new(format!("shop-{number}")).unwrap();
        let profile = TenantProfile { description: "x".repeat(4_000), ..Default::default() };
        let edit = Edit::by(Author::open());
        store.put_profile(&tenant, &profile, &edit, Timestamp::UNIX_EPOCH).await.map(drop)
    }

    #[tokio::test]
    async fn a_full_disk_is_named_and_harms_nothing_that_was_stored() {
        use pytake_assistant::tenant::Tenants;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("shop.db"), &SqliteOptions::default()).unwrap();
        // SQLite's own limit fails in the same way as the disk's.
        limit_pages(&store, 60).await;
        let mut stored = 0;
        let refusal = loop {
            match put(&store, stored).await {
                Ok(()) => stored += 1,
                Err(error) => break error.source,
            }
        };
        let failure = refusal.downcast_ref::<SqliteFailure>().unwrap();
        assert!(matches!(failure, SqliteFailure::DiskFull { .. }), "{failure:?}");
        assert!(failure.to_string().contains("shop.db is full: free some space"), "{failure}");
        assert!(store.check().await.is_ok(), "what needs no space still works");
        limit_pages(&store, 1_000).await;
        put(&store, stored).await.unwrap();
        assert_eq!(
            store.tenants().await.unwrap().len(),
            1 + stored + 1,
            "default, the stored ones, this one"
        );
    }
}
