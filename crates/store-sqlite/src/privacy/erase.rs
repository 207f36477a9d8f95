//! Erasing a customer: a beginning in one transaction, after which they are nobody, then everything of theirs in small
//! ones, so that no turn waits for long.
//!
//! Each step looks for what is still there, so that an erasure that was interrupted is simply run again. Two may run one
//! erasure at a time; when the first has ended it, the other one does nothing more.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, IdSource, UserId};
use pytake_assistant::{Author, Clock};
use pytake_store::{Erasure, ErasureRecord, Subject};
use rusqlite::{Connection, Result, params};

use super::records::{is_under_way, note, record};
use super::rows::{
    conversation_left, delete_bodies, delete_conversation, delete_deliveries, delete_items, delete_messages,
    delete_pieces, forget_sent, is_of_another,
};
use super::traces::{self, Needles, Traces};
use super::{retention, tombstones};
use crate::columns::{instant, json, unusable};
use crate::hashes::Hashes;
use crate::store::SqliteStore;
use crate::{audit, customers, jobs, ledger};

/// Rows of one transaction: some milliseconds of the writing thread (benchmark `privacy`).
const AT_ONCE: u32 = 200;

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
    let mut gone = 0;
    for user in &subject.users {
        gone += customers::erase(connection, &tenant, user, hashes)?;
    }
    note(connection, &tenant, &id, "customers", gone)?;
    Ok(Erasure { id, subject, pseudonyms })
}

/// Under which name a turn books that ends after its customer was erased.
fn late(pseudonym: &UserId) -> Result<UserId> {
    UserId::new(format!("{pseudonym}-late")).map_err(unusable)
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
    // The ledger names conversations that were deleted before; afterwards it does not.
    erasing.audit(erasing.deleted_before().await?).await?;
    erasing.usage().await?;
    erasing.batches(clock.now()).await?;
    // What was answered meanwhile is noted by now.
    erasing.audit(Vec::new()).await?;
    erasing.finish(clock.now()).await
}

/// An erasure under way.
struct Erasing<'a> {
    store: &'a SqliteStore,
    erasure: Arc<Erasure>,
}

impl Erasing<'_> {
    /// One transaction, which notes how many rows of a kind went; nothing once the erasure has ended.
    async fn step(
        &self,
        kind: &'static str,
        mut work: impl FnMut(&Connection, &Subject) -> Result<usize> + Send + 'static,
    ) -> std::result::Result<usize, StorageError> {
        let erasure = Arc::clone(&self.erasure);
        let step = move |connection: &Connection| {
            if !is_under_way(connection, &erasure)? {
                return Ok(0);
            }
            let gone = work(connection, &erasure.subject)?;
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
        // Before the events that lead to them: one that holds an older address is found by nothing else.
        let bodies: Vec<i64> = traces.bodies.into_iter().collect();
        for bodies in bodies.chunks(AT_ONCE as usize) {
            let bodies = bodies.to_vec();
            self.step("webhook_bodies", move |connection, _| delete_bodies(connection, &bodies)).await?;
        }
        for items in traces.items.chunks(AT_ONCE as usize) {
            let (items, hashes) = (items.to_vec(), self.store.hashes.clone());
            let of_files = items.clone();
            self.all("media_pieces", move |connection, _| delete_pieces(connection, &of_files)).await?;
            self.step("received", move |connection, _| delete_items(connection, &items, &hashes, now))
                .await?;
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
            let hashes = self.store.hashes.clone();
            self.all("outbox", move |connection, subject| {
                forget_sent(connection, &subject.tenant, &conversation, AT_ONCE, &hashes, now)
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
                .read_long(ACTION, move |connection| {
                    if is_under_way(connection, &erasure)? {
                        conversation_left(connection, &erasure.subject)
                    } else {
                        Ok(None)
                    }
                })
                .await?;
            let Some(conversation) = found else { return Ok(()) };
            self.conversation(&conversation).await?;
        }
    }

    async fn conversation(&self, conversation: &ConversationId) -> std::result::Result<(), StorageError> {
        let place = conversation.clone();
        self.all("messages", move |connection, subject| {
            if is_of_another(connection, subject, &place)? {
                return Ok(0);
            }
            delete_messages(connection, &subject.tenant, &place, AT_ONCE)
        })
        .await?;
        let place = conversation.clone();
        let last = move |connection: &Connection, subject: &Subject| {
            if is_of_another(connection, subject, &place)? {
                return Ok(0);
            }
            delete_conversation(connection, &subject.tenant, &place)
        };
        self.step("conversations", last).await.map(drop)
    }

    /// Bookings get a pseudonym each customer, in the ledger and in the roll-up.
    async fn usage(&self) -> std::result::Result<(), StorageError> {
        for (user, pseudonym) in self.erasure.subject.users.iter().zip(&self.erasure.pseudonyms) {
            // A day that retention has begun to forget is forgotten as it was begun: its sums have that name already.
            let who = user.clone();
            self.all("bookings_made_anonymous", move |connection, subject| {
                retention::go_on_forgetting(connection, &subject.tenant, &who, AT_ONCE)
            })
            .await?;
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

    /// Conversations that the customer had and that somebody deleted.
    async fn deleted_before(&self) -> std::result::Result<Vec<ConversationId>, StorageError> {
        let erasure = Arc::clone(&self.erasure);
        let read = move |connection: &Connection| {
            let mut all = Vec::new();
            for user in &erasure.subject.users {
                all.extend(ledger::conversations_gone(connection, &erasure.subject.tenant, user)?);
            }
            Ok(all)
        };
        self.store.read_long(ACTION, read).await
    }

    /// Names of the customer in the audit log, and of their conversations, those deleted before too: who looked and when
    /// stays, at whom does not.
    async fn audit(&self, before: Vec<ConversationId>) -> std::result::Result<(), StorageError> {
        let before = Arc::new(before);
        let mut after = 0;
        loop {
            let (erasure, before) = (Arc::clone(&self.erasure), Arc::clone(&before));
            let read = move |connection: &Connection| {
                audit::naming(connection, &erasure.subject, &before, after, AT_ONCE)
            };
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
            finished_at = ?3
        WHERE tenant_id = ?1
          AND erasure_id = ?2";
    let tenant = &erasure.subject.tenant;
    if is_under_way(connection, erasure)? {
        for (user, pseudonym) in erasure.subject.users.iter().zip(&erasure.pseudonyms) {
            ledger::forget_days(connection, tenant, user)?;
            let user = hashes.user(tenant, user.as_str());
            tombstones::put_user(connection, tenant, &user, &late(pseudonym)?, Some(at))?;
        }
        connection.prepare_cached(FINISH)?.execute(params![tenant.as_str(), erasure.id, instant(at)])?;
    }
    record(connection, tenant, &erasure.id)
}
