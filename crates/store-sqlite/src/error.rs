//! What goes wrong with a database file, with the file's name and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder it should be in cannot be made.
    #[error("could not create the directory {}: create it, or choose another place in DATABASE_URL", .path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else has its name.
    #[error("{} is a directory; DATABASE_URL has to name a file in it", .path.display())]
    NotAFile {
        /// The name.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is not a database of pytake; choose another file in DATABASE_URL", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer release has changed the tables.
    #[error(
        "{} was written by a newer pytake (schema {found}, this one knows {known}); start that release, or \
         restore a backup made before the upgrade", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's schema.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Another server has it.
    #[error(
        "another pytake server{} is using this database (it holds {}); stop it, or give this one another file \
         in DATABASE_URL", describe_holder(*.holder), .path.display()
    )]
    Served {
        /// The lock file.
        path: PathBuf,
        /// The other server's process, where it left its number.
        holder: Option<u32>,
    },
    /// The lock file cannot be made or locked.
    #[error("could not lock {}: make its directory writable, or choose another place in DATABASE_URL", .path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writing thread cannot be started.
    #[error("could not start the thread that writes {}", .path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite cannot use the file.
    #[error("could not open the database")]
    Sqlite(#[from] SqliteFailure),
}

fn describe_holder(process: Option<u32>) -> String {
    process.map(|number| format!(" (process {number})")).unwrap_or_default()
}

/// What SQLite could not do with the file, and what would help. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteFailure {
    /// No space left.
    #[error("the disk that holds {} is full: free some space", .path.display())]
    DiskFull {
        /// The file.
        path: Arc<Path>,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// It cannot be written.
    #[error("{} cannot be written: give this user the right to write the file and its directory", .path.display())]
    ReadOnly {
        /// The file.
        path: Arc<Path>,
        /// What SQLite said; `None` where the file opened, but only for reading.
        source: Option<Arc<rusqlite::Error>>,
    },
    /// It is not a database, or not any more.
    #[error("{} is damaged or not an SQLite database: restore a backup, or choose another file", .path.display())]
    Damaged {
        /// The file.
        path: Arc<Path>,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// Another process holds its lock for too long.
    #[error("another process keeps {} locked: look for a long-running command or backup", .path.display())]
    Busy {
        /// The file.
        path: Arc<Path>,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// Anything else.
    #[error("the database {} failed", .path.display())]
    Other {
        /// The file.
        path: Arc<Path>,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// The store was closed.
    #[error("the database {} is closed", .path.display())]
    Closed {
        /// The file.
        path: Arc<Path>,
    },
}

impl SqliteFailure {
    /// Finds out what an error of SQLite means for the file.
    pub(crate) fn new(path: &Arc<Path>, source: rusqlite::Error) -> Self {
        let path = Arc::clone(path);
        let code = source.sqlite_error_code();
        let source = Arc::new(source);
        match code {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path, source },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, source: Some(source) }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path, source },
            _ => Self::Other { path, source },
        }
    }
}
