//! The inbox: receiving in `receive` (with `items`, `echo` and `report`), claiming and settling in `claim`.

pub(crate) mod claim;
mod echo;
pub(crate) mod items;
mod receive;
mod report;
mod sweep;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::channel::ItemId;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{ConversationId, TenantId, UserId};
use pytake_store::{Backlog, ChannelConversation, Claim, ClaimKey, Customer, Inbox, Receipt, Reception};
use rusqlite::{Connection, Result};

use self::receive::Receiving;
use crate::columns::{instant, read_count};
use crate::readers::in_snapshot;
use crate::store::SqliteStore;
use crate::{channel_conversations, customers};

fn backlog(connection: &Connection, now: Timestamp) -> Result<Backlog> {
    // Each reads a partial index that holds only what waits.
    const WAITING: &str = "
        SELECT COUNT(*), MIN(due_at)
        FROM channel_conversations
        WHERE due_at IS NOT NULL";
    const QUEUED: &str = "
        SELECT COUNT(*)
        FROM outbox
        WHERE state = 'queued'";
    const WITH_PEOPLE: &str = "
        SELECT COUNT(*)
        FROM conversations
        WHERE attendant = 'human'";
    let (conversations, first_due): (u64, Option<i64>) =
        connection.prepare_cached(WAITING)?.query_row([], |row| Ok((read_count(row, 0)?, row.get(1)?)))?;
    let late = first_due.map_or(0, |due| instant(now).saturating_sub(due));
    Ok(Backlog {
        conversations,
        oldest_due: Duration::from_micros(u64::try_from(late).unwrap_or(0)),
        outbox: connection.prepare_cached(QUEUED)?.query_row([], |row| read_count(row, 0))?,
        with_people: connection.prepare_cached(WITH_PEOPLE)?.query_row([], |row| read_count(row, 0))?,
    })
}

impl SqliteStore {
    /// Gives back what a server held that is gone: for one that has just started and knows that it is the only one, see
    /// [`SqliteStore::lock_for_serving`]. Each counts as a failed attempt, so that what kills the server is not tried for
    /// ever.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_leases(&self) -> Result<(), StorageError> {
        self.write("give back what was held", claim::release_all).await
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn receive(&self, reception: Reception) -> Result<Receipt, StorageError> {
        let (clock, ids, hashes) = (self.clock.clone(), self.ids.clone(), self.hashes.clone());
        self.write_durably("store what was received", move |connection| {
            let (ids, hashes) = (&*ids, &*hashes);
            let receiving = Receiving { connection, ids, hashes, now: clock.now(), changes: Vec::new() };
            receiving.receive(&reception.body, &reception.events)
        })
        .await
    }

    async fn claim(&self, lease: Duration) -> Result<Option<Claim>, StorageError> {
        let clock = self.clock.clone();
        // Not durably: after a power cut nobody works on it, and it is due again.
        self.write("claim a conversation", move |connection| claim::claim(connection, lease, clock.now()))
            .await
    }

    async fn claim_of_others(
        &self,
        lease: Duration,
        than: &[TenantId],
    ) -> Result<Option<Claim>, StorageError> {
        let (clock, than) = (self.clock.clone(), than.to_vec());
        self.write("claim a conversation", move |connection| {
            claim::claim_of_others(connection, lease, &than, clock.now())
        })
        .await
    }

    async fn next_claim_in(&self) -> Result<Option<Duration>, StorageError> {
        let clock = self.clock.clone();
        self.read_short("look for a conversation that is due", move |connection| {
            claim::next_in(connection, clock.now())
        })
        .await
    }

    async fn dismiss(&self, claimed: &ClaimKey, items: &[ItemId]) -> Result<bool, StorageError> {
        let (claimed, items, clock) = (claimed.clone(), items.to_vec(), self.clock.clone());
        // Not durably: nothing went out because of it, and it would be dismissed again.
        self.write("dismiss messages", move |connection| {
            claim::dismiss(connection, &claimed, &items, clock.now())
        })
        .await
    }

    async fn postpone(&self, claimed: &ClaimKey, wait: Duration) -> Result<bool, StorageError> {
        let (claimed, clock) = (claimed.clone(), self.clock.clone());
        self.write("postpone a conversation", move |connection| {
            claim::postpone(connection, &claimed, wait, 1, clock.now())
        })
        .await
    }

    async fn defer(&self, claimed: &ClaimKey, wait: Duration) -> Result<bool, StorageError> {
        let (claimed, clock) = (claimed.clone(), self.clock.clone());
        self.write("defer a conversation", move |connection| {
            claim::postpone(connection, &claimed, wait, 0, clock.now())
        })
        .await
    }

    async fn set_opted_out(
        &self,
        tenant: &TenantId,
        user: &UserId,
        is_opted_out: bool,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        let (tenant, user, since) = (tenant.clone(), user.clone(), is_opted_out.then_some(at));
        self.write_durably("note what the customer wants", move |connection| {
            customers::set_opted_out(connection, &tenant, &user, since)
        })
        .await
    }

    async fn channel_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<Option<ChannelConversation>, StorageError> {
        let (tenant, conversation) = (tenant.clone(), conversation.clone());
        self.read_short("read the channel's conversation", move |connection| {
            in_snapshot(connection, |connection| {
                channel_conversations::read(connection, &tenant, &conversation)
            })
        })
        .await
    }

    async fn customer(&self, tenant: &TenantId, user: &UserId) -> Result<Option<Customer>, StorageError> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.read_short("read the customer", move |connection| customers::find(connection, &tenant, &user))
            .await
    }

    async fn backlog(&self) -> Result<Backlog, StorageError> {
        let clock = self.clock.clone();
        self.read_long("measure the backlog", move |connection| backlog(connection, clock.now())).await
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("sweep the inbox", move |connection| sweep::sweep(connection, before, limit)).await
    }
}
