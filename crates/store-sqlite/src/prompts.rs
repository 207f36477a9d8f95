//! Custom prompts: `prompts` names the newest version and what is in production, `prompt_versions` holds every text.

mod publications;
mod test_sets;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{PromptId, TenantId};
use pytake_assistant::prompts::{
    CustomPrompt, LISTED_VERSIONS, MAX_PROMPT_VERSIONS, MAX_PROMPTS, PromptLabel, Prompts, Publication,
    PutPrompt, RollBack, TestRun, TestSet,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, read_instant, read_json, read_parsed, read_word};
use crate::store::SqliteStore;
use crate::tenants;

/// The words of the column that says how a version is used.
const LABELS: [(&str, PromptLabel); 3] = [
    ("draft", PromptLabel::Draft),
    ("production", PromptLabel::Production),
    ("retired", PromptLabel::Retired),
];

/// A version with what is in production. Each part is a point read by primary key or a range of one.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "
        SELECT v.prompt_id, v.name, v.description, v.template, v.variables, v.version, v.created_at,
               v.updated_at, v.fields, v.author, v.note, s.version,
               CASE
                   WHEN s.version = v.version THEN 'production'
                   WHEN EXISTS (
                       SELECT 1
                       FROM prompt_publications AS earlier
                       WHERE earlier.tenant_id = v.tenant_id
                         AND earlier.prompt_id = v.prompt_id
                         AND earlier.version = v.version
                   ) THEN 'retired'
                   ELSE 'draft'
               END
        FROM prompts AS p
        JOIN prompt_versions AS v
          ON v.tenant_id = p.tenant_id
         AND v.prompt_id = p.prompt_id
        LEFT JOIN prompt_publications AS s
          ON s.tenant_id = p.tenant_id
         AND s.prompt_id = p.prompt_id
         AND s.number = p.publication",
            $rest
        )
    };
}

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
        fields: read_json(row, 8)?,
        author: row.get::<_, Option<String>>(9)?.map(Author::stored),
        note: row.get(10)?,
        production_version: row.get(11)?,
        label: read_word(row, 12, &LABELS)?,
    })
}

fn all(connection: &Connection, tenant: &TenantId) -> Result<Vec<CustomPrompt>> {
    // A range of the unique index on the name, then one version each by primary key.
    const ALL: &str = select!(
        "
        WHERE p.tenant_id = ?1
          AND v.version = p.version
        ORDER BY p.name"
    );
    connection.prepare_cached(ALL)?.query_map([tenant.as_str()], read)?.collect()
}

fn by_id(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Option<CustomPrompt>> {
    const BY_ID: &str = select!(
        "
        WHERE p.tenant_id = ?1
          AND p.prompt_id = ?2
          AND v.version = p.version"
    );
    connection.prepare_cached(BY_ID)?.query_row([tenant.as_str(), id.as_str()], read).optional()
}

fn id_of(connection: &Connection, tenant: &TenantId, name: &str) -> Result<Option<PromptId>> {
    // The unique index on the name.
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

fn version(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    version: u32,
) -> Result<Option<CustomPrompt>> {
    const VERSION: &str = select!(
        "
        WHERE p.tenant_id = ?1
          AND p.prompt_id = ?2
          AND v.version = ?3"
    );
    let key = params![tenant.as_str(), id.as_str(), version];
    connection.prepare_cached(VERSION)?.query_row(key, read).optional()
}

fn versions(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Vec<CustomPrompt>> {
    // The end of a range of the primary key of the versions.
    const VERSIONS: &str = select!(
        "
        WHERE p.tenant_id = ?1
          AND p.prompt_id = ?2
        ORDER BY v.version DESC
        LIMIT ?3"
    );
    let key = params![tenant.as_str(), id.as_str(), LISTED_VERSIONS];
    connection.prepare_cached(VERSIONS)?.query_map(key, read)?.collect()
}

fn count_of(connection: &Connection, tenant: &TenantId) -> Result<u32> {
    // A range of the primary key.
    const COUNT: &str = "
        SELECT COUNT(*)
        FROM prompts
        WHERE tenant_id = ?1";
    connection.prepare_cached(COUNT)?.query_row([tenant.as_str()], |row| row.get(0))
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
            tenant_id, prompt_id, version, name, description, template, variables, created_at, updated_at,
            fields, author, note
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let newest = by_id(connection, tenant, &prompt.id)?.map_or(0, |newest| newest.version);
    if newest.checked_add(1) != Some(prompt.version) {
        return Ok(PutPrompt::Stale);
    }
    if id_of(connection, tenant, &prompt.name)?.is_some_and(|holder| holder != prompt.id) {
        return Ok(PutPrompt::NameTaken);
    }
    let is_full = if newest == 0 {
        count_of(connection, tenant)? >= MAX_PROMPTS
    } else {
        newest >= MAX_PROMPT_VERSIONS
    };
    if is_full {
        return Ok(PutPrompt::Full);
    }
    tenants::ensure(connection, tenant, prompt.updated_at)?;
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
        json(&prompt.fields)?,
        prompt.author.as_ref().map(Author::as_str),
        prompt.note,
    ];
    connection.prepare_cached(TEXT)?.execute(text)?;
    Ok(PutPrompt::Stored)
}

fn delete(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<bool> {
    // Takes the versions, publications, tests and runs with it.
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

    async fn prompt_version(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        number: u32,
    ) -> Result<Option<CustomPrompt>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_short("read the prompt", move |connection| version(connection, &tenant, &id, number)).await
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

    async fn publish_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        publication: &Publication,
    ) -> Result<bool, StorageError> {
        let (tenant, id, publication) = (tenant.clone(), id.clone(), publication.clone());
        self.write("publish the prompt", move |connection| {
            publications::publish(connection, &tenant, &id, &publication)
        })
        .await
    }

    async fn roll_back_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        author: &Author,
        note: &str,
        at: Timestamp,
    ) -> Result<RollBack, StorageError> {
        let (tenant, id, author, note) = (tenant.clone(), id.clone(), author.clone(), note.to_owned());
        self.write("roll the prompt back", move |connection| {
            publications::roll_back(connection, &tenant, &id, &author, &note, at)
        })
        .await
    }

    async fn publications(&self, tenant: &TenantId, id: &PromptId) -> Result<Vec<Publication>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_long("list the prompt's publications", move |connection| {
            publications::all(connection, &tenant, &id)
        })
        .await
    }

    async fn test_set(&self, tenant: &TenantId, id: &PromptId) -> Result<Option<TestSet>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_short("read the prompt's tests", move |connection| test_sets::set(connection, &tenant, &id))
            .await
    }

    async fn put_test_set(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        set: &TestSet,
    ) -> Result<bool, StorageError> {
        let (tenant, id, set) = (tenant.clone(), id.clone(), set.clone());
        self.write("store the prompt's tests", move |connection| {
            test_sets::put_set(connection, &tenant, &id, &set)
        })
        .await
    }

    async fn test_runs(&self, tenant: &TenantId, id: &PromptId) -> Result<Vec<TestRun>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_long("list the prompt's test runs", move |connection| {
            test_sets::runs(connection, &tenant, &id)
        })
        .await
    }

    async fn test_run(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        version: u32,
    ) -> Result<Option<TestRun>, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read_short("read the prompt's test run", move |connection| {
            test_sets::run(connection, &tenant, &id, version)
        })
        .await
    }

    async fn put_test_run(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        run: &TestRun,
    ) -> Result<bool, StorageError> {
        let (tenant, id, run) = (tenant.clone(), id.clone(), run.clone());
        self.write("store the prompt's test run", move |connection| {
            test_sets::put_run(connection, &tenant, &id, &run)
        })
        .await
    }
}
