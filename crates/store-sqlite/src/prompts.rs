//! Custom prompts: `prompts` names the newest version, `prompt_versions` holds every text.

use async_trait::async_trait;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{PromptId, TenantId};
use pytake_assistant::prompts::{CustomPrompt, Prompts, PutPrompt};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, read_instant, read_json, read_parsed};
use crate::store::SqliteStore;
use crate::tenants;

fn read(row: &Row<'_>) -> Result<CustomPrompt> {
    Ok(CustomPrompt {
        id: read_parsed(row, 0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        template: row.get(3)?,
        variables: read_json(row, 4)?,
        version: row.get(5)?,
        created_at: read_instant(row, 6)?,
        updated_at: read_instant(row, 7)?,
    })
}

fn all(connection: &Connection, tenant: &TenantId) -> Result<Vec<CustomPrompt>> {
    // A range of the unique index on the name, then one version each by primary key.
    const ALL: &str = "
        SELECT v.prompt_id, v.name, v.description, v.template, v.variables, v.version, v.created_at, v.updated_at
        FROM prompts AS p
        JOIN prompt_versions AS v
          ON v.tenant_id = p.tenant_id
         AND v.prompt_id = p.prompt_id
         AND v.version = p.version
        WHERE p.tenant_id = ?1
        ORDER BY p.name";
    connection.prepare_cached(ALL)?.query_map([tenant.as_str()], read)?.collect()
}

fn by_id(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Option<CustomPrompt>> {
    // The last entry of a range of the primary key.
    const BY_ID: &str = "
        SELECT prompt_id, name, description, template, variables, version, created_at, updated_at
        FROM prompt_versions
        WHERE tenant_id = ?1
          AND prompt_id = ?2
        ORDER BY version DESC
        LIMIT 1";
    connection.prepare_cached(BY_ID)?.query_row([tenant.as_str(), id.as_str()], read).optional()
}

fn id_of(connection: &Connection, tenant: &TenantId, name: &str) -> Result<Option<PromptId>> {
    const ID_OF: &str = "
        SELECT prompt_id
        FROM prompts
        WHERE tenant_id = ?1
          AND name = ?2";
    connection.prepare_cached(ID_OF)?.query_row([tenant.as_str(), name], |row| read_parsed(row, 0)).optional()
}

fn by_name(connection: &Connection, tenant: &TenantId, name: &str) -> Result<Option<CustomPrompt>> {
    match id_of(connection, tenant, name)? {
        Some(id) => by_id(connection, tenant, &id),
        None => Ok(None),
    }
}

fn versions(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Vec<CustomPrompt>> {
    const VERSIONS: &str = "
        SELECT prompt_id, name, description, template, variables, version, created_at, updated_at
        FROM prompt_versions
        WHERE tenant_id = ?1
          AND prompt_id = ?2
        ORDER BY version DESC";
    connection.prepare_cached(VERSIONS)?.query_map([tenant.as_str(), id.as_str()], read)?.collect()
}

/// Checks before it writes, so that a refusal leaves nothing to take back.
fn put(connection: &Connection, tenant: &TenantId, prompt: &CustomPrompt) -> Result<PutPrompt> {
    const NAME: &str = "
        INSERT INTO prompts (tenant_id, prompt_id, name, version)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, prompt_id) DO UPDATE
        SET name = excluded.name,
            version = excluded.version";
    const TEXT: &str = "
        INSERT INTO prompt_versions (
            tenant_id, prompt_id, version, name, description, template, variables, created_at, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let newest = by_id(connection, tenant, &prompt.id)?.map_or(0, |newest| newest.version);
    if newest.checked_add(1) != Some(prompt.version) {
        return Ok(PutPrompt::Stale);
    }
    if id_of(connection, tenant, &prompt.name)?.is_some_and(|holder| holder != prompt.id) {
        return Ok(PutPrompt::NameTaken);
    }
    tenants::ensure(connection, tenant)?;
    let name = params![tenant.as_str(), prompt.id.as_str(), prompt.name, prompt.version];
    connection.prepare_cached(NAME)?.execute(name)?;
    let text = params![
        tenant.as_str(),
        prompt.id.as_str(),
        prompt.version,
        prompt.name,
        prompt.description,
        prompt.template,
        json(&prompt.variables)?,
        instant(prompt.created_at),
        instant(prompt.updated_at),
    ];
    connection.prepare_cached(TEXT)?.execute(text)?;
    Ok(PutPrompt::Stored)
}

fn delete(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<bool> {
    // Takes the versions with it.
    const DELETE: &str = "
        DELETE FROM prompts
        WHERE tenant_id = ?1
          AND prompt_id = ?2";
    Ok(connection.prepare_cached(DELETE)?.execute([tenant.as_str(), id.as_str()])? > 0)
}

#[async_trait]
impl Prompts for SqliteStore {
    async fn prompts(&self, tenant: &TenantId) -> Result<Vec<CustomPrompt>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the prompts", move |connection| all(connection, &tenant)).await
    }

    async fn prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<Option<CustomPrompt>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_short("read the prompt", move |connection| by_id(connection, &tenant, &id)).await
    }

    async fn prompt_named(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<CustomPrompt>, StorageError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.read_short("read the prompt", move |connection| by_name(connection, &tenant, &name)).await
    }

    async fn prompt_versions(
        &self,
        tenant: &TenantId,
        id: &PromptId,
    ) -> Result<Vec<CustomPrompt>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_long("list the prompt's versions", move |connection| versions(connection, &tenant, &id))
            .await
    }

    async fn put_prompt(&self, tenant: &TenantId, prompt: &CustomPrompt) -> Result<PutPrompt, StorageError> {
        let (tenant, prompt) = (tenant.clone(), prompt.clone());
        self.write("store the prompt", move |connection| put(connection, &tenant, &prompt)).await
    }

    async fn delete_prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<bool, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write("delete the prompt", move |connection| delete(connection, &tenant, &id)).await
    }
}
