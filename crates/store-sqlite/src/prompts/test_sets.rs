//! Test sets of prompts, and how the versions did.

use pytake_assistant::id::{PromptId, TenantId};
use pytake_assistant::prompts::{LISTED_TEST_RUNS, TestRun, TestSet};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::columns::{instant, json, read_instant, read_json};

pub(super) fn set(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Option<TestSet>> {
    // The primary key.
    const SET: &str = "
        SELECT cases, updated_at
        FROM prompt_test_sets
        WHERE tenant_id = ?1
          AND prompt_id = ?2";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(TestSet { cases: read_json(row, 0)?, updated_at: read_instant(row, 1)? })
    };
    connection.prepare_cached(SET)?.query_row([tenant.as_str(), id.as_str()], read).optional()
}

pub(super) fn put_set(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    set: &TestSet,
) -> Result<bool> {
    // Point reads and a point write by primary key.
    const PUT: &str = "
        INSERT INTO prompt_test_sets (tenant_id, prompt_id, cases, updated_at)
        SELECT tenant_id, prompt_id, ?3, ?4
        FROM prompts
        WHERE tenant_id = ?1
          AND prompt_id = ?2
        ON CONFLICT (tenant_id, prompt_id) DO UPDATE
        SET cases = excluded.cases,
            updated_at = excluded.updated_at";
    let row = params![tenant.as_str(), id.as_str(), json(&set.cases)?, instant(set.updated_at)];
    Ok(connection.prepare_cached(PUT)?.execute(row)? > 0)
}

/// Newest version first.
pub(super) fn runs(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Vec<TestRun>> {
    // The end of a range of the primary key.
    const RUNS: &str = "
        SELECT run
        FROM prompt_test_runs
        WHERE tenant_id = ?1
          AND prompt_id = ?2
        ORDER BY version DESC
        LIMIT ?3";
    let read = |row: &rusqlite::Row<'_>| read_json(row, 0);
    let key = params![tenant.as_str(), id.as_str(), LISTED_TEST_RUNS];
    connection.prepare_cached(RUNS)?.query_map(key, read)?.collect()
}

pub(super) fn run(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    version: u32,
) -> Result<Option<TestRun>> {
    // The primary key.
    const RUN: &str = "
        SELECT run
        FROM prompt_test_runs
        WHERE tenant_id = ?1
          AND prompt_id = ?2
          AND version = ?3";
    let key = params![tenant.as_str(), id.as_str(), version];
    connection.prepare_cached(RUN)?.query_row(key, |row| read_json(row, 0)).optional()
}

pub(super) fn put_run(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    run: &TestRun,
) -> Result<bool> {
    // Point reads and a point write by primary key.
    const PUT: &str = "
        INSERT INTO prompt_test_runs (tenant_id, prompt_id, version, run)
        SELECT tenant_id, prompt_id, version, ?4
        FROM prompt_versions
        WHERE tenant_id = ?1
          AND prompt_id = ?2
          AND version = ?3
        ON CONFLICT (tenant_id, prompt_id, version) DO UPDATE
        SET run = excluded.run";
    let row = params![tenant.as_str(), id.as_str(), run.version, json(run)?];
    Ok(connection.prepare_cached(PUT)?.execute(row)? > 0)
}
