//! The behaviour of the SQLite store: the contract suite on a file and in memory, and what only a file has.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "the functions that arrange tests are tests too"))]

mod channel_crash;
mod channel_orders;
mod channel_time;
mod crash;
mod deleted;
mod files;
mod money;
mod tenants_apart;
mod turns;

use std::future::{Ready, ready};
use std::sync::Arc;

use pytake_store::Store;
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

mod on_a_file {
    pytake_store::contract_tests!(crate::file);
}

mod in_memory {
    pytake_store::contract_tests!(crate::memory);
}

fn file() -> Ready<(Arc<dyn Store>, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    ready((Arc::new(open(&folder)), folder))
}

fn memory() -> Ready<(Arc<dyn Store>, ())> {
    ready((Arc::new(SqliteStore::in_memory().unwrap()), ()))
}

/// Opens the store of a test's own folder, the first time or again.
fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("pytake.db"), &SqliteOptions::default()).unwrap()
}
