//! Approved answers.

use async_trait::async_trait;
use pytake_assistant::answers::{Answers, ApprovedAnswer};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{AnswerId, TenantId};
use rusqlite::{Connection, Result, params};

use crate::columns::{instant, json, read_instant, read_json, read_parsed};
use crate::store::SqliteStore;
use crate::tenants;

pub(crate) fn all(connection: &Connection, tenant: &TenantId) -> Result<Vec<ApprovedAnswer>> {
    // A range of the primary key.
    const ALL: &str = "
        SELECT answer_id, questions, answers, updated_at
        FROM approved_answers
        WHERE tenant_id = ?1
        ORDER BY answer_id";
    let mut statement = connection.prepare_cached(ALL)?;
    let answers = statement.query_map([tenant.as_str()], |row| {
        Ok(ApprovedAnswer {
            id: read_parsed(row, 0)?,
            questions: read_json(row, 1)?,
            answers: read_json(row, 2)?,
            updated_at: read_instant(row, 3)?,
        })
    })?;
    answers.collect()
}

pub(crate) fn put(connection: &Connection, tenant: &TenantId, answer: &ApprovedAnswer) -> Result<()> {
    const PUT: &str = "
        INSERT INTO approved_answers (tenant_id, answer_id, questions, answers, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (tenant_id, answer_id) DO UPDATE
        SET questions = excluded.questions,
            answers = excluded.answers,
            updated_at = excluded.updated_at";
    tenants::changed(connection, tenant, answer.updated_at)?;
    let row = params![
        tenant.as_str(),
        answer.id.as_str(),
        json(&answer.questions)?,
        json(&answer.answers)?,
        instant(answer.updated_at),
    ];
    connection.prepare_cached(PUT)?.execute(row).map(drop)
}

fn delete(connection: &Connection, tenant: &TenantId, id: &AnswerId) -> Result<bool> {
    const DELETE: &str = "
        DELETE FROM approved_answers
        WHERE tenant_id = ?1
          AND answer_id = ?2";
    let is_gone = connection.prepare_cached(DELETE)?.execute([tenant.as_str(), id.as_str()])? > 0;
    if is_gone {
        tenants::touched(connection, tenant)?;
    }
    Ok(is_gone)
}

#[async_trait]
impl Answers for SqliteStore {
    async fn answers(&self, tenant: &TenantId) -> Result<Vec<ApprovedAnswer>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the approved answers", move |connection| all(connection, &tenant)).await
    }

    async fn put_answer(&self, tenant: &TenantId, answer: &ApprovedAnswer) -> Result<(), StorageError> {
        let (tenant, answer) = (tenant.clone(), answer.clone());
        self.write("store the approved answer", move |connection| put(connection, &tenant, &answer)).await
    }

    async fn delete_answer(&self, tenant: &TenantId, id: &AnswerId) -> Result<bool, StorageError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write("delete the approved answer", move |connection| delete(connection, &tenant, &id)).await
    }
}
