//! The lock that keeps a second server away from a database.
//!
//! A lock of the operating system on `<database>.lock`: it ends with the process, however that ends. The file
//! stays; it holds the number of the process that locked it last, for people.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Locks a database for serving until the returned file is dropped.
pub(crate) fn lock(database: &Path) -> Result<File, OpenError> {
    let path = lock_path(database);
    let failed = |source| OpenError::Lock { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Served { holder: holder(&mut file), path }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".lock");
    PathBuf::from(name)
}

fn holder(file: &mut File) -> Option<u32> {
    /// A process number has at most ten digits.
    const LONGEST: u64 = 16;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_and_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("pytake.db");
        let held = lock(&database).unwrap();
        let refusal = lock(&database).unwrap_err();
        let OpenError::Served { path, holder } = &refusal else { panic!("{refusal}") };
        assert!(path.ends_with("pytake.db.lock"));
        assert_eq!(*holder, Some(std::process::id()));
        drop(held);
        lock(&database).unwrap();
    }
}
