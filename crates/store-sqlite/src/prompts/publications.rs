//! What is and was in production.

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::id::{PromptId, TenantId};
use pytake_assistant::prompts::{LISTED_VERSIONS, Publication, PublicationKind, RollBack};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, read_instant, read_word};

const KINDS: [(&str, PublicationKind); 3] = [
    ("published", PublicationKind::Published),
    ("forced", PublicationKind::Forced),
    ("rolled_back", PublicationKind::RolledBack),
];

fn word(kind: PublicationKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("published", |(word, _)| word)
}

/// Puts a version into production. What is there now is where going back leads; the same version published again keeps
/// the way back it had.
pub(super) fn publish(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    publication: &Publication,
) -> Result<bool> {
    // The primary key of the versions.
    const IS_THERE: &str = "
        SELECT 1
        FROM prompt_versions
        WHERE tenant_id = ?1
          AND prompt_id = ?2
          AND version = ?3";
    let key = params![tenant.as_str(), id.as_str(), publication.version];
    let is_there = connection.prepare_cached(IS_THERE)?.exists(key)?;
    if !is_there {
        return Ok(false);
    }
    let before = match present(connection, tenant, id)? {
        Some(present) if present.version == publication.version => present.before,
        Some(present) => Some(present.number),
        None => None,
    };
    append(connection, tenant, id, publication, before)?;
    Ok(true)
}

/// Puts the version into production that was there before.
pub(super) fn roll_back(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    author: &Author,
    note: &str,
    at: Timestamp,
) -> Result<RollBack> {
    // The primary key.
    const IS_THERE: &str = "
        SELECT 1
        FROM prompts
        WHERE tenant_id = ?1
          AND prompt_id = ?2";
    if !connection.prepare_cached(IS_THERE)?.exists([tenant.as_str(), id.as_str()])? {
        return Ok(RollBack::NoPrompt);
    }
    let Some(before) = present(connection, tenant, id)?.and_then(|present| present.before) else {
        return Ok(RollBack::NothingBefore);
    };
    let Some(target) = numbered(connection, tenant, id, before)? else { return Ok(RollBack::NothingBefore) };
    let version = target.version;
    let (author, note) = (author.clone(), note.to_owned());
    let publication = Publication { version, author, note, kind: PublicationKind::RolledBack, at };
    append(connection, tenant, id, &publication, target.before)?;
    Ok(RollBack::To(version))
}

/// Newest first.
pub(super) fn all(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Vec<Publication>> {
    // The end of a range of the primary key.
    const ALL: &str = "
        SELECT version, author, note, kind, published_at
        FROM prompt_publications
        WHERE tenant_id = ?1
          AND prompt_id = ?2
        ORDER BY number DESC
        LIMIT ?3";
    let key = params![tenant.as_str(), id.as_str(), LISTED_VERSIONS];
    connection.prepare_cached(ALL)?.query_map(key, read)?.collect()
}

fn read(row: &Row<'_>) -> Result<Publication> {
    Ok(Publication {
        version: row.get(0)?,
        author: Author::stored(row.get(1)?),
        note: row.get(2)?,
        kind: read_word(row, 3, &KINDS)?,
        at: read_instant(row, 4)?,
    })
}

struct Place {
    number: i64,
    version: u32,
    before: Option<i64>,
}

fn place(row: &Row<'_>) -> Result<Place> {
    Ok(Place { number: row.get(0)?, version: row.get(1)?, before: row.get(2)? })
}

/// What is in production.
fn present(connection: &Connection, tenant: &TenantId, id: &PromptId) -> Result<Option<Place>> {
    // Two point reads by primary key.
    const PRESENT: &str = "
        SELECT s.number, s.version, s.before
        FROM prompts AS p
        JOIN prompt_publications AS s
          ON s.tenant_id = p.tenant_id
         AND s.prompt_id = p.prompt_id
         AND s.number = p.publication
        WHERE p.tenant_id = ?1
          AND p.prompt_id = ?2";
    connection.prepare_cached(PRESENT)?.query_row([tenant.as_str(), id.as_str()], place).optional()
}

fn numbered(connection: &Connection, tenant: &TenantId, id: &PromptId, number: i64) -> Result<Option<Place>> {
    // The primary key.
    const NUMBERED: &str = "
        SELECT number, version, before
        FROM prompt_publications
        WHERE tenant_id = ?1
          AND prompt_id = ?2
          AND number = ?3";
    let key = params![tenant.as_str(), id.as_str(), number];
    connection.prepare_cached(NUMBERED)?.query_row(key, place).optional()
}

/// Notes a publication and makes it the present one.
fn append(
    connection: &Connection,
    tenant: &TenantId,
    id: &PromptId,
    publication: &Publication,
    before: Option<i64>,
) -> Result<()> {
    // The end of a range of the primary key.
    const NEXT: &str = "
        SELECT COALESCE(MAX(number), 0) + 1
        FROM prompt_publications
        WHERE tenant_id = ?1
          AND prompt_id = ?2";
    const APPEND: &str = "
        INSERT INTO prompt_publications (
            tenant_id, prompt_id, number, version, before, kind, author, note, published_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const POINT: &str = "
        UPDATE prompts
        SET publication = ?3
        WHERE tenant_id = ?1
          AND prompt_id = ?2";
    let (tenant, id) = (tenant.as_str(), id.as_str());
    let number: i64 = connection.prepare_cached(NEXT)?.query_row([tenant, id], |row| row.get(0))?;
    let row = params![
        tenant,
        id,
        number,
        publication.version,
        before,
        word(publication.kind),
        publication.author.as_str(),
        publication.note,
        instant(publication.at),
    ];
    connection.prepare_cached(APPEND)?.execute(row)?;
    connection.prepare_cached(POINT)?.execute(params![tenant, id, number]).map(drop)
}
