//! Erasing a customer: a beginning in one transaction, after which they are nobody, then everything of theirs in small
//! ones, so that no turn waits for long.
//!
//! Each step looks for what is still there, so that an erasure that was interrupted is simply run again.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, IdSource, TenantId, UserId};
use pytake_assistant::{Author, Clock};
use pytake_store::{DataCounts, Erasure, ErasureRecord, Subject};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::traces::{self, Needles, Traces};
use super::{leaving_zeros, tombstones};
use crate::columns::{
    instant, json, read_count, read_instant, read_json, read_optional_instant, read_parsed, unusable,
};
use crate::hashes::Hashes;
use crate::store::SqliteStore;
use crate::{audit, customers, jobs, ledger, media};

/// Rows of one transaction: some milliseconds of the writing thread (benchmark `privacy`).
const AT_ONCE: u32 = 200;

/// Pieces of files of one transaction, of a mebibyte each.
const PIECES_AT_ONCE: u32 = 4;

const ACTION: &str = "erase the customer";

/// Makes somebody nobody: their addresses name them no more, whoever works for them is fenced, and what they are known by
/// stands in the erasure alone.
pub(super) fn begin(
    connection: &Connection,
    subject: Subject,
    author: &Author,
    at: Timestamp,
    ids: &dyn IdSource,
    hashes: &Hashes,
) -> Result<Erasure> {
    const BEGIN: &str = "
        INSERT INTO erasures (tenant_id, erasure_id, author, pseudonyms, begun_at, subject)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let tenant = subject.tenant.clone();
    let id = ids.next();
    let mut pseudonyms = Vec::new();
    for user in &subject.users {
        let pseudonym = UserId::new(format!("erased-{}", ids.next())).map_err(unusable)?;
        // What is booked from here on goes by another name: the sums of a day cannot have one twice.
        let late = late(&pseudonym)?;
        tombstones::put_user(connection, &tenant, &hashes.user(&tenant, user.as_str()), &late, None)?;
        pseudonyms.push(pseudonym);
    }
    let row = params![tenant.as_str(), id, author.as_str(), json(&pseudonyms)?, instant(at), json(&subject)?];
    connection.prepare_cached(BEGIN)?.execute(row)?;
    let gone = leaving_zeros(connection, |connection| {
        let mut gone = 0;
        for user in &subject.users {
            gone += customers::erase(connection, &tenant, user, hashes)?;
        }
        Ok(gone)
    })?;
    note(connection, &tenant, &id, "customers", gone)?;
    Ok(Erasure { id, subject, pseudonyms })
}

/// Under which name a turn books that ends after its customer was erased.
fn late(pseudonym: &UserId) -> Result<UserId> {
    UserId::new(format!("{pseudonym}-late")).map_err(unusable)
}

/// Adds to what an erasure has erased.
fn note(connection: &Connection, tenant: &TenantId, id: &str, kind: &str, rows: usize) -> Result<()> {
    const NOTE: &str = "
        INSERT INTO erasure_counts (tenant_id, erasure_id, kind, count)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant_id, erasure_id, kind) DO UPDATE
        SET count = count + excluded.count";
    if rows == 0 {
        return Ok(());
    }
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    connection.prepare_cached(NOTE)?.execute(params![tenant.as_str(), id, kind, rows]).map(drop)
}

/// Erases what was begun.
pub(super) async fn run(
    store: &SqliteStore,
    erasure: &Erasure,
    clock: &dyn Clock,
) -> std::result::Result<ErasureRecord, StorageError> {
    let erasing = Erasing { store, erasure: Arc::new(erasure.clone()) };
    erasing.channel(clock.now()).await?;
    erasing.conversations().await?;
    erasing.usage().await?;
    erasing.batches(clock.now()).await?;
    erasing.audit().await?;
    erasing.finish(clock.now()).await
}

/// An erasure under way.
struct Erasing<'a> {
    store: &'a SqliteStore,
    erasure: Arc<Erasure>,
}

impl Erasing<'_> {
    /// One transaction, whose deletions leave nothing behind, and which notes how many rows of a kind went.
    async fn step(
        &self,
        kind: &'static str,
        mut work: impl FnMut(&Connection, &Subject) -> Result<usize> + Send + 'static,
    ) -> std::result::Result<usize, StorageError> {
        let erasure = Arc::clone(&self.erasure);
        let step = move |connection: &Connection| {
            let gone = leaving_zeros(connection, |connection| work(connection, &erasure.subject))?;
            note(connection, &erasure.subject.tenant, &erasure.id, kind, gone)?;
            Ok(gone)
        };
        self.store.write(ACTION, step).await
    }

    /// [`step`](Self::step), until one finds nothing.
    async fn all(
        &self,
        kind: &'static str,
        work: impl Fn(&Connection, &Subject) -> Result<usize> + Clone + Send + 'static,
    ) -> std::result::Result<(), StorageError> {
        while self.step(kind, work.clone()).await? > 0 {}
        Ok(())
    }

    /// Files, events, webhook bodies, reports, and what was to be sent.
    async fn channel(&self, now: Timestamp) -> std::result::Result<(), StorageError> {
        let traces = self.look().await?;
        for items in traces.items.chunks(AT_ONCE as usize) {
            let (items, hashes) = (items.to_vec(), self.store.hashes.clone());
            let of_files = items.clone();
            self.all("media_pieces", move |connection, _| delete_pieces(connection, &of_files)).await?;
            self.step("received", move |connection, _| delete_items(connection, &items, &hashes, now))
                .await?;
        }
        let bodies: Vec<i64> = traces.bodies.into_iter().collect();
        for bodies in bodies.chunks(AT_ONCE as usize) {
            let bodies = bodies.to_vec();
            self.step("webhook_bodies", move |connection, _| delete_bodies(connection, &bodies)).await?;
        }
        for reports in traces.deliveries.chunks(AT_ONCE as usize) {
            let reports = reports.to_vec();
            self.step("deliveries", move |connection, subject| {
                delete_deliveries(connection, &subject.tenant, &reports)
            })
            .await?;
        }
        for conversation in &self.erasure.subject.conversations {
            let conversation = conversation.clone();
            self.all("outbox", move |connection, subject| {
                delete_outbox(connection, &subject.tenant, &conversation, AT_ONCE)
            })
            .await?;
        }
        Ok(())
    }

    /// Reads beside the writer, a little at a time.
    async fn look(&self) -> std::result::Result<Traces, StorageError> {
        let erasure = Arc::clone(&self.erasure);
        let read = move |connection: &Connection| Needles::of(connection, &erasure.subject);
        let needles = Arc::new(self.store.read_long(ACTION, read).await?);
        let mut traces = Traces::default();
        if needles.is_of_no_channel() {
            return Ok(traces);
        }
        let mut next = Some(0);
        while let Some(after) = next {
            next = self
                .look_on(&needles, &mut traces, move |connection, subject, needles, found| {
                    traces::look_at_items(connection, subject, needles, after, found)
                })
                .await?;
        }
        let mut next = Some(0);
        while let Some(after) = next {
            next = self
                .look_on(&needles, &mut traces, move |connection, _, needles, found| {
                    traces::look_at_bodies(connection, needles, after, found)
                })
                .await?;
        }
        self.look_on(&needles, &mut traces, traces::look_at_deliveries).await?;
        Ok(traces)
    }

    async fn look_on<T: Send + 'static>(
        &self,
        needles: &Arc<Needles>,
        traces: &mut Traces,
        look: impl Fn(&Connection, &Subject, &Needles, &mut Traces) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StorageError> {
        let (erasure, needles) = (Arc::clone(&self.erasure), Arc::clone(needles));
        let read = move |connection: &Connection| {
            let mut found = Traces::default();
            let seen = look(connection, &erasure.subject, &needles, &mut found)?;
            Ok((found, seen))
        };
        let (found, seen) = self.store.read_long(ACTION, read).await?;
        traces.items.extend(found.items);
        traces.bodies.extend(found.bodies);
        traces.deliveries.extend(found.deliveries);
        Ok(seen)
    }

    /// Messages, summaries, conversations: those that were there at the beginning, and any that a turn in flight added.
    async fn conversations(&self) -> std::result::Result<(), StorageError> {
        for conversation in &self.erasure.subject.conversations {
            self.conversation(conversation).await?;
        }
        loop {
            let erasure = Arc::clone(&self.erasure);
            let found = self
                .store
                .read_long(ACTION, move |connection| conversation_left(connection, &erasure.subject))
                .await?;
            let Some(conversation) = found else { return Ok(()) };
            self.conversation(&conversation).await?;
        }
    }

    async fn conversation(&self, conversation: &ConversationId) -> std::result::Result<(), StorageError> {
        let place = conversation.clone();
        self.all("messages", move |connection, subject| {
            delete_messages(connection, &subject.tenant, &place, AT_ONCE)
        })
        .await?;
        let place = conversation.clone();
        let last = move |connection: &Connection, subject: &Subject| {
            delete_conversation(connection, &subject.tenant, &place)
        };
        self.step("conversations", last).await.map(drop)
    }

    /// Bookings get a pseudonym each customer, in the ledger and in the roll-up.
    async fn usage(&self) -> std::result::Result<(), StorageError> {
        for (user, pseudonym) in self.erasure.subject.users.iter().zip(&self.erasure.pseudonyms) {
            let mut after = 0;
            loop {
                let (erasure, who) = (Arc::clone(&self.erasure), user.clone());
                let read = move |connection: &Connection| {
                    ledger::entries_of(connection, &erasure.subject.tenant, &who, after, AT_ONCE)
                };
                let entries = self.store.read_long(ACTION, read).await?;
                let Some(last) = entries.last() else { break };
                after = *last;
                let name = pseudonym.clone();
                self.step("bookings_made_anonymous", move |connection, subject| {
                    ledger::rename_entries(connection, &subject.tenant, &entries, &name)
                })
                .await?;
            }
            let (who, name) = (user.clone(), pseudonym.clone());
            self.all("usage_days_made_anonymous", move |connection, subject| {
                ledger::rename_days(connection, &subject.tenant, &who, &name, AT_ONCE)
            })
            .await?;
        }
        Ok(())
    }

    /// Questions of batches and their answers; one that waits ends without being asked.
    async fn batches(&self, now: Timestamp) -> std::result::Result<(), StorageError> {
        for user in &self.erasure.subject.users {
            let mut after = (String::new(), -1);
            loop {
                let (erasure, who, from) = (Arc::clone(&self.erasure), user.clone(), after.clone());
                let read = move |connection: &Connection| {
                    jobs::items_of(connection, &erasure.subject.tenant, &who, &from, AT_ONCE)
                };
                let items = self.store.read_long(ACTION, read).await?;
                let Some(last) = items.last() else { break };
                after = (last.0.clone(), i64::from(last.1));
                self.step("batch_items", move |connection, subject| {
                    jobs::erase_items(connection, &subject.tenant, &items, now)
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Names of the customer in the audit log: who looked and when stays, at whom does not.
    async fn audit(&self) -> std::result::Result<(), StorageError> {
        let mut after = 0;
        loop {
            let erasure = Arc::clone(&self.erasure);
            let read =
                move |connection: &Connection| audit::naming(connection, &erasure.subject, after, AT_ONCE);
            let entries = self.store.read_long(ACTION, read).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.0;
            self.step("audit_entries_made_anonymous", move |connection, _| {
                audit::rename(connection, &entries)
            })
            .await?;
        }
    }

    async fn finish(&self, at: Timestamp) -> std::result::Result<ErasureRecord, StorageError> {
        let (erasure, hashes) = (Arc::clone(&self.erasure), self.store.hashes.clone());
        let record = self
            .store
            .write_durably(ACTION, move |connection| finish(connection, &erasure, &hashes, at))
            .await?;
        let missing = || StorageError::new(ACTION, "the erasure is gone");
        if !self.store.empty_log().await? {
            // Somebody reads an old state just now; the upkeep empties the log later.
            tracing::info!(erasure = self.erasure.id, "the log still holds what was erased");
        }
        record.ok_or_else(missing)
    }
}

fn finish(
    connection: &Connection,
    erasure: &Erasure,
    hashes: &Hashes,
    at: Timestamp,
) -> Result<Option<ErasureRecord>> {
    const FINISH: &str = "
        UPDATE erasures
        SET subject = NULL,
            finished_at = COALESCE(finished_at, ?3)
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let tenant = &erasure.subject.tenant;
    leaving_zeros(connection, |connection| {
        for (user, pseudonym) in erasure.subject.users.iter().zip(&erasure.pseudonyms) {
            ledger::forget_days(connection, tenant, user)?;
            let user = hashes.user(tenant, user.as_str());
            tombstones::put_user(connection, tenant, &user, &late(pseudonym)?, Some(at))?;
        }
        connection.prepare_cached(FINISH)?.execute(params![tenant.as_str(), erasure.id, instant(at)])
    })?;
    record(connection, tenant, &erasure.id)
}

/// Pieces of the files of some events.
fn delete_pieces(connection: &Connection, items: &[i64]) -> Result<usize> {
    for item in items {
        let gone = media::delete_some_pieces(connection, *item, PIECES_AT_ONCE)?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    Ok(0)
}

fn delete_items(connection: &Connection, items: &[i64], hashes: &Hashes, at: Timestamp) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM inbox_items
        WHERE item_id = ?1
        RETURNING number_id, event_key";
    let mut gone = 0;
    for item in items {
        media::delete(connection, *item)?;
        let key: Option<(String, String)> = connection
            .prepare_cached(DELETE)?
            .query_row([item], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, key)) = key else { continue };
        tombstones::put_event(connection, hashes, &number, &key, at)?;
        gone += 1;
    }
    Ok(gone)
}

fn delete_bodies(connection: &Connection, bodies: &[i64]) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM webhook_bodies
        WHERE body_id = ?1";
    let mut statement = connection.prepare_cached(DELETE)?;
    bodies.iter().map(|body| statement.execute([body])).sum()
}

fn delete_deliveries(
    connection: &Connection,
    tenant: &TenantId,
    reports: &[(String, String)],
) -> Result<usize> {
    const DELETE: &str = "
        DELETE FROM deliveries
        WHERE tenant_id = ?1
          AND number_id = ?2
          AND message_id = ?3";
    let mut statement = connection.prepare_cached(DELETE)?;
    reports.iter().map(|(number, message)| statement.execute([tenant.as_str(), number, message])).sum()
}

/// A range of the index outbox_by_conversation.
const OUTBOX: &str = "
    DELETE FROM outbox
    WHERE position IN (
        SELECT position
        FROM outbox
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        LIMIT ?3
    )";

pub(super) fn delete_outbox(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    connection.prepare_cached(OUTBOX)?.execute(range)
}

/// A range of the key of messages, the oldest first.
const MESSAGES: &str = "
    DELETE FROM messages
    WHERE rowid IN (
        SELECT rowid
        FROM messages
        WHERE tenant_id = ?1
          AND conversation_id = ?2
        ORDER BY position
        LIMIT ?3
    )";

pub(super) fn delete_messages(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
    limit: u32,
) -> Result<usize> {
    let range = params![tenant.as_str(), conversation.as_str(), limit];
    connection.prepare_cached(MESSAGES)?.execute(range)
}

/// The conversation itself with its summary, and with whatever was said in it since its messages were deleted.
pub(super) fn delete_conversation(
    connection: &Connection,
    tenant: &TenantId,
    conversation: &ConversationId,
) -> Result<usize> {
    const DELETE: [&str; 4] = [
        "DELETE FROM conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM messages WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM summaries WHERE tenant_id = ?1 AND conversation_id = ?2",
        "DELETE FROM channel_conversations WHERE tenant_id = ?1 AND conversation_id = ?2",
    ];
    let mut gone = 0;
    for (place, sql) in DELETE.into_iter().enumerate() {
        let rows = connection.prepare_cached(sql)?.execute([tenant.as_str(), conversation.as_str()])?;
        if place == 0 {
            gone = rows;
        }
    }
    Ok(gone)
}

fn conversation_left(connection: &Connection, subject: &Subject) -> Result<Option<ConversationId>> {
    // The index conversations_by_user.
    const LEFT: &str = "
        SELECT conversation_id
        FROM conversations
        WHERE tenant_id = ?1
          AND user_id = ?2
        LIMIT 1";
    for user in &subject.users {
        let key = [subject.tenant.as_str(), user.as_str()];
        let left = connection.prepare_cached(LEFT)?.query_row(key, |row| read_parsed(row, 0)).optional()?;
        if left.is_some() {
            return Ok(left);
        }
    }
    Ok(None)
}

pub(super) fn unfinished(connection: &Connection) -> Result<Vec<Erasure>> {
    // The partial index erasures_unfinished.
    const UNFINISHED: &str = "
        SELECT erasure_id, subject, pseudonyms
        FROM erasures
        WHERE subject IS NOT NULL
        ORDER BY begun_at";
    let read = |row: &Row<'_>| {
        Ok(Erasure { id: row.get(0)?, subject: read_json(row, 1)?, pseudonyms: read_json(row, 2)? })
    };
    connection.prepare_cached(UNFINISHED)?.query_map([], read)?.collect()
}

pub(super) fn tenants_since(connection: &Connection, since: Timestamp) -> Result<Vec<TenantId>> {
    // Reads every erasure there was: as many as people asked for it.
    const TENANTS: &str = "
        SELECT DISTINCT tenant_id
        FROM erasures
        WHERE begun_at >= ?1
           OR finished_at >= ?1";
    connection.prepare_cached(TENANTS)?.query_map([instant(since)], |row| read_parsed(row, 0))?.collect()
}

fn record(connection: &Connection, tenant: &TenantId, id: &str) -> Result<Option<ErasureRecord>> {
    const RECORD: &str = "
        SELECT erasure_id, author, pseudonyms, begun_at, finished_at
        FROM erasures
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let found =
        connection.prepare_cached(RECORD)?.query_row([tenant.as_str(), id], read_record).optional()?;
    found.map(|record| with_counts(connection, tenant, record)).transpose()
}

pub(super) fn records(connection: &Connection, tenant: &TenantId, limit: u32) -> Result<Vec<ErasureRecord>> {
    // The ids are ordered by time.
    const RECORDS: &str = "
        SELECT erasure_id, author, pseudonyms, begun_at, finished_at
        FROM erasures
        WHERE tenant_id = ?1
        ORDER BY erasure_id DESC
        LIMIT ?2";
    let found: Vec<ErasureRecord> = connection
        .prepare_cached(RECORDS)?
        .query_map(params![tenant.as_str(), limit], read_record)?
        .collect::<Result<_>>()?;
    found.into_iter().map(|record| with_counts(connection, tenant, record)).collect()
}

fn read_record(row: &Row<'_>) -> Result<ErasureRecord> {
    Ok(ErasureRecord {
        id: row.get(0)?,
        author: Author::stored(row.get(1)?),
        pseudonyms: read_json(row, 2)?,
        begun_at: read_instant(row, 3)?,
        finished_at: read_optional_instant(row, 4)?,
        counts: DataCounts::new(),
    })
}

fn with_counts(
    connection: &Connection,
    tenant: &TenantId,
    mut record: ErasureRecord,
) -> Result<ErasureRecord> {
    const COUNTS: &str = "
        SELECT kind, count
        FROM erasure_counts
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let mut statement = connection.prepare_cached(COUNTS)?;
    let mut rows = statement.query([tenant.as_str(), record.id.as_str()])?;
    while let Some(row) = rows.next()? {
        record.counts.insert(row.get(0)?, read_count(row, 1)?);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_uses;

    #[test]
    fn what_is_erased_is_found_by_an_index() {
        assert_uses(OUTBOX, "outbox_by_conversation (tenant_id=? AND conversation_id=?)");
        assert_uses(MESSAGES, "sqlite_autoindex_messages_1 (tenant_id=? AND conversation_id=?)");
    }
}
