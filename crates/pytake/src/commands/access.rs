//! What commands share: the database, and the audit log.

use std::sync::Arc;

use anyhow::{Context, bail};
use pytake::config::{Config, Database};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::id::TenantId;
use pytake_store::{AuditEntry, AuditLog};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};

/// The configured database, beside a server that may be running.
pub(super) fn open_store() -> anyhow::Result<Arc<SqliteStore>> {
    let config = Config::from_env()?;
    let Database::File(path) = &config.database else {
        bail!("DATABASE_URL is sqlite::memory:, where what is made would be gone at once; name a file");
    };
    Ok(Arc::new(SqliteStore::open(path, &SqliteOptions::default()).context("DATABASE_URL")?))
}

/// Notes what a command did. It is done by then, so a failure is told and changes nothing.
pub(super) async fn note(store: &SqliteStore, tenant: &TenantId, action: &str, object: &[(&str, &str)]) {
    let entry = AuditEntry::by_command(tenant.clone(), SystemClock::new().now(), action, object);
    if let Err(failure) = store.note_audit(&entry).await {
        eprintln!("warning: done, but not in the audit log: {failure}");
    }
}
