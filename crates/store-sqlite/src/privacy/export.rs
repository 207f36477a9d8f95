//! Reading what is kept of somebody, a page at a time, as objects of JSON.
//!
//! The names of a query's columns say what they are: `…_at` is an instant, `json:…` an object, `is_…` true or false.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pytake_store::{DataCounts, ExportPage, ExportPlace, Subject};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde_json::{Map, Value, json};

use crate::columns::read_count;

/// Rows of a page; with the record of how an answer was made each has some ten kilobytes.
const ROWS: i64 = 100;

/// What a section has a part for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    User,
    Conversation,
}

/// One kind of line. Its query takes the tenant, the user or conversation, after which row, and how many; its first column is
/// the row's place.
struct Section {
    kind: &'static str,
    of: Of,
    sql: &'static str,
    count: &'static str,
}

/// Every kind, in the order of the export. Files come last but for `file_piece`, which follows its file.
const SECTIONS: [Section; 13] = [
    Section {
        kind: "customer",
        of: Of::User,
        sql: "SELECT position, customer_id, name, username, phone, scoped_id, opted_out_at, marketing_stopped_at,
                     merged_into, created_at
              FROM customers
              WHERE tenant_id = ?1
                AND customer_id = ?2
                AND position > ?3
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM customers WHERE tenant_id = ?1 AND customer_id = ?2",
    },
    Section {
        kind: "address",
        of: Of::User,
        sql: "SELECT number AS position, customer_id, type, value
              FROM (
                  SELECT ROW_NUMBER() OVER (ORDER BY kind, value) AS number, customer_id, kind AS type, value
                  FROM customer_aliases
                  WHERE tenant_id = ?1
                    AND customer_id = ?2
              )
              WHERE number > ?3
              ORDER BY number
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM customer_aliases WHERE tenant_id = ?1 AND customer_id = ?2",
    },
    Section {
        kind: "conversation",
        of: Of::Conversation,
        sql: "SELECT 1 AS position, conversation_id, user_id, attendant, handoff_reason, message_count,
                     waiting_since AS waiting_since_at, person_at, paused_until AS paused_until_at, closed_at,
                     created_at, updated_at
              FROM conversations
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND 1 > ?3
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    Section {
        kind: "channel",
        of: Of::Conversation,
        sql: "SELECT 1 AS position, conversation_id, number_id, customer_id, window_from AS window_from_at
              FROM channel_conversations
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND 1 > ?3
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM channel_conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    Section {
        kind: "summary",
        of: Of::Conversation,
        sql: "SELECT 1 AS position, conversation_id, text, covers
              FROM summaries
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND 1 > ?3
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM summaries WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    // Positions count from 0, rows are asked for after 0: the first message is row 1. `answer` has the provider, the
    // tokens and the trail with every attempt: what was sent to whom.
    Section {
        kind: "message",
        of: Of::Conversation,
        sql: "SELECT position + 1 AS position, conversation_id, message_id, role, content, tokens, created_at,
                     language, confidence, analysis AS 'json:analysis', record AS 'json:answer',
                     channel AS 'json:channel'
              FROM messages
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND position >= ?3
              ORDER BY messages.position
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM messages WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    Section {
        kind: "received",
        of: Of::Conversation,
        sql: "SELECT item_id AS position, item_id, conversation_id, number_id, kind AS type, state, received_at, sent_at,
                     message_id, event AS 'json:message'
              FROM inbox_items
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND item_id > ?3
              ORDER BY item_id
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM inbox_items WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    Section {
        kind: "sent",
        of: Of::Conversation,
        sql: "SELECT position, outbox_id, conversation_id, number_id, kind AS type, content AS 'json:content', state,
                     attempts, message_id, reason, code, category, is_possible_duplicate, queued_at, updated_at
              FROM outbox
              WHERE tenant_id = ?1
                AND conversation_id = ?2
                AND position > ?3
              ORDER BY position
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?1 AND conversation_id = ?2",
    },
    Section {
        kind: "file",
        of: Of::Conversation,
        sql: "SELECT item_id AS position, item_id, conversation_id, media.kind AS 'json:type', media AS 'json:reference',
                     media.state AS state, reason, mime_type, sha256, media.received_at AS received_at
              FROM inbox_items
              JOIN media USING (item_id)
              WHERE inbox_items.tenant_id = ?1
                AND conversation_id = ?2
                AND item_id > ?3
              ORDER BY item_id
              LIMIT MIN(?4, 1)",
        count: "SELECT COUNT(*) FROM inbox_items JOIN media USING (item_id)
                WHERE inbox_items.tenant_id = ?1 AND conversation_id = ?2",
    },
    // What is erased of one has no customer any more. 1,000,000: no batch has as many items.
    Section {
        kind: "batch_item",
        of: Of::User,
        sql: "SELECT jobs.position * 1000000 + job_items.position + 1 AS position, job_id AS batch_id,
                     job_items.position AS item, request AS 'json:asked', status, body AS 'json:answered', created_at
              FROM jobs
              JOIN job_items USING (tenant_id, job_id)
              WHERE jobs.tenant_id = ?1
                AND jobs.position >= ?3 / 1000000
                AND jobs.position * 1000000 + job_items.position >= ?3
                AND json_extract(request, '$.request.user_id') = ?2
              ORDER BY jobs.position, job_items.position
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM job_items
                WHERE tenant_id = ?1 AND json_extract(request, '$.request.user_id') = ?2",
    },
    Section {
        kind: "day",
        of: Of::User,
        sql: "SELECT day AS position, user_id, day, counted
              FROM user_days
              WHERE tenant_id = ?1
                AND user_id = ?2
                AND day > ?3
              ORDER BY day
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM user_days WHERE tenant_id = ?1 AND user_id = ?2",
    },
    // Reads on from the row it has come to, so that the whole export reads the ledger once.
    Section {
        kind: "usage",
        of: Of::User,
        sql: "SELECT entry_id AS position, user_id, booked_at, operation, provider, model, input_tokens, cached_tokens,
                     cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens, is_estimated,
                     cost AS cost_pico_usd, is_answer, conversation_id, message_id, is_cached, saved AS saved_pico_usd
              FROM usage_ledger
              WHERE tenant_id = ?1
                AND user_id = ?2
                AND entry_id > ?3
              ORDER BY entry_id
              LIMIT ?4",
        count: "SELECT COUNT(*) FROM usage_ledger WHERE tenant_id = ?1 AND user_id = ?2",
    },
    Section {
        kind: "processor",
        of: Of::User,
        sql: "SELECT 1 AS position, user_id, provider, model, operation, COUNT(*) AS calls,
                     SUM(input_tokens) AS input_tokens, MIN(booked_at) AS first_at, MAX(booked_at) AS last_at
              FROM usage_ledger
              WHERE tenant_id = ?1
                AND user_id = ?2
                AND 1 > ?3
              GROUP BY provider, model, operation
              LIMIT MAX(?4, -1) * 100",
        count: "SELECT COUNT(DISTINCT provider || ' ' || model || ' ' || operation) FROM usage_ledger
                WHERE tenant_id = ?1 AND user_id = ?2",
    },
];

const FILE: &str = "file";

fn parts(section: &Section, subject: &Subject) -> Vec<String> {
    match section.of {
        Of::User => subject.users.iter().map(ToString::to_string).collect(),
        Of::Conversation => subject.conversations.iter().map(ToString::to_string).collect(),
    }
}

/// How many lines of each kind there will be; pieces of files not counted.
pub(super) fn counts(connection: &Connection, subject: &Subject) -> Result<DataCounts> {
    let mut counts = DataCounts::new();
    for section in &SECTIONS {
        let mut total = 0;
        for part in parts(section, subject) {
            let key = [subject.tenant.as_str(), &part];
            let rows = connection.prepare_cached(section.count)?.query_row(key, |row| read_count(row, 0))?;
            total += rows;
        }
        counts.insert(section.kind.to_owned(), total);
    }
    Ok(counts)
}

/// A part of what is kept.
pub(super) fn page(connection: &Connection, subject: &Subject, from: &ExportPlace) -> Result<ExportPage> {
    let mut place = from.clone();
    let mut lines = Vec::new();
    while let Some(section) = SECTIONS.get(place.section) {
        if place.piece > 0 {
            return piece(connection, &place, lines);
        }
        let parts = parts(section, subject);
        let Some(part) = parts.get(place.part) else {
            place = ExportPlace { section: place.section + 1, ..ExportPlace::default() };
            continue;
        };
        let room = ROWS - i64::try_from(lines.len()).unwrap_or(ROWS);
        let last = rows(connection, subject, section, part, place.after, room, &mut lines)?;
        match last {
            Some(last) if section.kind == FILE => {
                place = ExportPlace { after: last, piece: 1, ..place };
                return Ok(ExportPage { lines, next: Some(place) });
            }
            Some(last) => place.after = last,
            None => {
                place = ExportPlace { section: place.section, part: place.part + 1, ..ExportPlace::default() }
            }
        }
        if lines.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX) {
            return Ok(ExportPage { lines, next: Some(place) });
        }
    }
    Ok(ExportPage { lines, next: None })
}

/// Adds rows; the place of the last one, `None` where there was none.
fn rows(
    connection: &Connection,
    subject: &Subject,
    section: &Section,
    part: &str,
    after: i64,
    room: i64,
    lines: &mut Vec<Value>,
) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(section.sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params![subject.tenant.as_str(), part, after, room])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        lines.push(line(section.kind, &names, row)?);
    }
    Ok(last)
}

/// The next piece of the file that `place.after` names.
fn piece(connection: &Connection, place: &ExportPlace, mut lines: Vec<Value>) -> Result<ExportPage> {
    const PIECE: &str = "
        SELECT position, bytes
        FROM media_pieces
        WHERE item_id = ?1
          AND position >= ?2
        ORDER BY position
        LIMIT 1";
    // Pieces count from 0; a place of 0 is none.
    let found: Option<(i64, Vec<u8>)> = connection
        .prepare_cached(PIECE)?
        .query_row(params![place.after, place.piece - 1], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let piece = match found {
        Some((position, bytes)) => {
            let base64 = STANDARD.encode(bytes);
            lines.push(
                json!({"kind": "file_piece", "item_id": place.after, "piece": position, "base64": base64}),
            );
            position + 2
        }
        None => 0,
    };
    Ok(ExportPage { lines, next: Some(ExportPlace { piece, ..place.clone() }) })
}

fn line(kind: &str, names: &[String], row: &Row<'_>) -> Result<Value> {
    let mut line = Map::new();
    line.insert("kind".to_owned(), kind.into());
    // The first column is the row's place, which is nobody's data.
    for (column, name) in names.iter().enumerate().skip(1) {
        let value = row.get_ref(column)?;
        let (name, value) = match name.strip_prefix("json:") {
            Some(name) => (name, object(value)),
            None => (name.as_str(), plain(name, value)),
        };
        line.insert(name.to_owned(), value);
    }
    Ok(Value::Object(line))
}

/// JSON that was stored; as text where it is none.
fn object(value: ValueRef<'_>) -> Value {
    match value.as_str() {
        Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Err(_) => Value::Null,
    }
}

fn plain(name: &str, value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) if name.ends_with("_at") => {
            Timestamp::from_microsecond(number).map_or(Value::Null, |at| at.to_string().into())
        }
        ValueRef::Integer(number) if name.starts_with("is_") => (number != 0).into(),
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}
