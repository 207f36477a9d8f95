//! Files of messages, in pieces.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use pytake_assistant::channel::{InboundContent, ItemId, MediaKind, MediaRef};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId};
use pytake_store::{Media, MediaState, StoredMedia, WantedMedia};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::columns::{instant, json, later, read_instant, read_json, read_parsed};
use crate::readers::in_snapshot;
use crate::store::SqliteStore;

/// Bytes of a piece: some milliseconds of the writing thread.
const PIECE: usize = 1 << 20;
/// Pieces that a sweep deletes in one transaction: what is deleted is overwritten, 16 MiB.
const PIECES_SWEPT: u32 = 16;

/// Wants the file of a message, if it has one.
pub(crate) fn want(
    connection: &Connection,
    tenant: &TenantId,
    item: i64,
    content: &InboundContent,
    now: Timestamp,
) -> Result<()> {
    const WANT: &str = "
        INSERT INTO media (item_id, tenant_id, state, kind, media, due_at, received_at)
        VALUES (?1, ?2, 'wanted', ?3, ?4, ?5, ?5)
        ON CONFLICT (item_id) DO NOTHING";
    let InboundContent::Media { kind, media, .. } = content else { return Ok(()) };
    let row = params![item, tenant.as_str(), json(kind)?, json(media)?, instant(now)];
    connection.prepare_cached(WANT)?.execute(row).map(drop)
}

/// The first entry of the partial index media_wanted.
const TAKE_WANTED: &str = "
    UPDATE media
    SET due_at = ?2,
        attempts = attempts + 1
    WHERE item_id = (
        SELECT item_id
        FROM media
        WHERE state = 'wanted'
          AND due_at <= ?1
        ORDER BY due_at
        LIMIT 1
    )
    RETURNING item_id";

fn take_wanted(connection: &Connection, lease: Duration, now: Timestamp) -> Result<Option<WantedMedia>> {
    const READ: &str = "
        SELECT media.item_id, media.tenant_id, conversation_id, number_id, media.kind, media, attempts,
               media.received_at
        FROM media
        JOIN inbox_items USING (item_id)
        WHERE item_id = ?1
          AND conversation_id IS NOT NULL";
    let read = |row: &Row<'_>| {
        Ok(WantedMedia {
            item: ItemId(row.get(0)?),
            tenant: read_parsed(row, 1)?,
            conversation: read_parsed(row, 2)?,
            number: read_parsed(row, 3)?,
            kind: read_json::<MediaKind>(row, 4)?,
            media: read_json(row, 5)?,
            attempt: row.get(6)?,
            received_at: read_instant(row, 7)?,
        })
    };
    let times = params![instant(now), instant(later(now, lease))];
    let taken: Option<i64> =
        connection.prepare_cached(TAKE_WANTED)?.query_row(times, |row| row.get(0)).optional()?;
    let Some(item) = taken else { return Ok(None) };
    let wanted = connection.prepare_cached(READ)?.query_row([item], read).optional()?;
    if wanted.is_none() {
        // Its message was swept away or deleted: nobody asks for the file any more.
        delete(connection, item)?;
    }
    Ok(wanted)
}

/// Deletes a file and what is known of it.
pub(crate) fn delete(connection: &Connection, item: i64) -> Result<()> {
    const DELETE: &str = "
        DELETE FROM media
        WHERE item_id = ?1";
    connection.prepare_cached(DELETE)?.execute([item])?;
    delete_pieces(connection, item)
}

/// Deletes so many pieces of a file; how many there were.
pub(crate) fn delete_some_pieces(connection: &Connection, item: i64, limit: u32) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM media_pieces
        WHERE rowid IN (
            SELECT rowid
            FROM media_pieces
            WHERE item_id = ?1
            LIMIT ?2
        )";
    connection.prepare_cached(DELETE)?.execute(params![item, limit])
}

/// Deletes so many pieces of the files of a conversation; how many there were.
pub(crate) fn delete_pieces_of(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    // A range of inbox_items_by_conversation, then of the key of the pieces.
    const DELETE: &str = "
        DELETE FROM media_pieces
        WHERE rowid IN (
            SELECT media_pieces.rowid
            FROM inbox_items
            JOIN media_pieces USING (item_id)
            WHERE inbox_items.tenant_id = ?1
              AND inbox_items.conversation_id = ?2
            LIMIT ?3
        )";
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    connection.prepare_cached(DELETE)?.execute(range)
}

fn delete_pieces(connection: &Connection, item: i64) -> Result<()> {
    const DELETE: &str = "
        DELETE FROM media_pieces
        WHERE item_id = ?1";
    connection.prepare_cached(DELETE)?.execute([item]).map(drop)
}

fn put_piece(connection: &Connection, item: i64, position: usize, bytes: &[u8]) -> Result<()> {
    // Not where the file was deleted meanwhile.
    const PUT: &str = "
        INSERT INTO media_pieces (item_id, position, bytes)
        SELECT item_id, ?2, ?3
        FROM media
        WHERE item_id = ?1
          AND state <> 'stored'
        ON CONFLICT (item_id, position) DO UPDATE
        SET bytes = excluded.bytes";
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    connection.prepare_cached(PUT)?.execute(params![item, position, bytes]).map(drop)
}

fn finish(connection: &Connection, item: i64, mime_type: &str, sha256: &str) -> Result<()> {
    const FINISH: &str = "
        UPDATE media
        SET state = 'stored',
            mime_type = ?2,
            sha256 = ?3,
            reason = NULL
        WHERE item_id = ?1
          AND state <> 'stored'";
    connection.prepare_cached(FINISH)?.execute(params![item, mime_type, sha256]).map(drop)
}

fn fail(connection: &Connection, item: ItemId, why: &str, retry_at: Option<Timestamp>) -> Result<()> {
    const FAIL: &str = "
        UPDATE media
        SET state = CASE WHEN ?3 IS NULL THEN 'failed' ELSE 'wanted' END,
            due_at = COALESCE(?3, due_at),
            reason = ?2
        WHERE item_id = ?1
          AND state = 'wanted'";
    connection.prepare_cached(FAIL)?.execute(params![item.0, why, retry_at.map(instant)]).map(drop)
}

fn state(connection: &Connection, tenant: &TenantId, item: ItemId) -> Result<Option<MediaState>> {
    const STATE: &str = "
        SELECT state, reason
        FROM media
        WHERE item_id = ?1
          AND tenant_id = ?2";
    let found: Option<(String, Option<String>)> = connection
        .prepare_cached(STATE)?
        .query_row(params![item.0, tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(state, reason)| match state.as_str() {
        "stored" => MediaState::Stored,
        "failed" => MediaState::Failed(reason.unwrap_or_default()),
        _ => MediaState::Wanted,
    }))
}

fn stored(connection: &Connection, tenant: &TenantId, item: ItemId) -> Result<Option<StoredMedia>> {
    const STORED: &str = "
        SELECT mime_type, sha256, media
        FROM media
        WHERE item_id = ?1
          AND tenant_id = ?2
          AND state = 'stored'";
    const PIECES: &str = "
        SELECT bytes
        FROM media_pieces
        WHERE item_id = ?1
        ORDER BY position";
    let found: Option<(String, String, MediaRef)> = connection
        .prepare_cached(STORED)?
        .query_row(params![item.0, tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?, read_json(row, 2)?)))
        .optional()?;
    let Some((mime_type, sha256, media)) = found else { return Ok(None) };
    let mut bytes = BytesMut::new();
    let mut statement = connection.prepare_cached(PIECES)?;
    let mut rows = statement.query([item.0])?;
    while let Some(row) = rows.next()? {
        bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
    }
    Ok(Some(StoredMedia { mime_type, sha256, file_name: media.file_name, bytes: bytes.freeze() }))
}

/// A range of the index media_by_arrival.
const OLD: &str = "
    SELECT item_id
    FROM media
    WHERE received_at < ?1
    ORDER BY received_at
    LIMIT ?2";

/// Deletes old files; of large ones as many pieces as one transaction may, and the rest in the next one.
fn sweep(connection: &Connection, before: Timestamp, limit: u32) -> Result<u64> {
    let old: Vec<i64> = connection
        .prepare_cached(OLD)?
        .query_map(params![instant(before), limit], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut gone = 0;
    let mut room = PIECES_SWEPT;
    for item in old {
        let pieces = delete_some_pieces(connection, item, room)?;
        room = room.saturating_sub(u32::try_from(pieces).unwrap_or(u32::MAX));
        if room == 0 {
            // Not nothing, whatever is left of this one.
            return Ok(gone + 1);
        }
        delete(connection, item)?;
        gone += 1;
    }
    Ok(gone)
}

#[async_trait]
impl Media for SqliteStore {
    async fn wanted_media(&self, lease: Duration) -> Result<Option<WantedMedia>, StorageError> {
        let clock = self.clock.clone();
        self.write("look for a file to be fetched", move |connection| {
            take_wanted(connection, lease, clock.now())
        })
        .await
    }

    async fn put_media(
        &self,
        item: ItemId,
        mime_type: &str,
        sha256: &str,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        const ACTION: &str = "store the file";
        // Pieces of an earlier try that did not end.
        self.write(ACTION, move |connection| {
            if is_stored(connection, item)? { Ok(()) } else { delete_pieces(connection, item.0) }
        })
        .await?;
        let mut rest = bytes;
        let mut position = 0;
        while !rest.is_empty() {
            let piece = rest.split_to(PIECE.min(rest.len()));
            self.write(ACTION, move |connection| put_piece(connection, item.0, position, &piece)).await?;
            position += 1;
        }
        let (mime_type, sha256) = (mime_type.to_owned(), sha256.to_owned());
        self.write(ACTION, move |connection| finish(connection, item.0, &mime_type, &sha256)).await
    }

    async fn media_failed(
        &self,
        item: ItemId,
        why: &str,
        retry_in: Option<Duration>,
    ) -> Result<(), StorageError> {
        let (why, clock) = (why.to_owned(), self.clock.clone());
        self.write("note that a file was not fetched", move |connection| {
            fail(connection, item, &why, retry_in.map(|wait| later(clock.now(), wait)))
        })
        .await
    }

    async fn media_state(&self, tenant: &TenantId, item: ItemId) -> Result<Option<MediaState>, StorageError> {
        let tenant = tenant.clone();
        self.read_short("look for the file", move |connection| state(connection, &tenant, item)).await
    }

    async fn media(&self, tenant: &TenantId, item: ItemId) -> Result<Option<StoredMedia>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("read the file", move |connection| {
            in_snapshot(connection, |connection| stored(connection, &tenant, item))
        })
        .await
    }

    async fn sweep_media(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("sweep the files", move |connection| sweep(connection, before, limit)).await
    }
}

fn is_stored(connection: &Connection, item: ItemId) -> Result<bool> {
    const IS_STORED: &str = "
        SELECT EXISTS (
            SELECT 1
            FROM media
            WHERE item_id = ?1
              AND state = 'stored'
        )";
    connection.prepare_cached(IS_STORED)?.query_row([item.0], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn files_are_found_by_an_index() {
        for (sql, index) in
            [(TAKE_WANTED, "media_wanted (due_at<?)"), (OLD, "media_by_arrival (received_at<?)")]
        {
            assert_uses(sql, index);
        }
    }
}
