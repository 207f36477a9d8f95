//! The handle that others hold, and the tasks behind it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use pytake_assistant::channel::{ItemId, Messenger, OutboxId};
use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::{ConversationId, TenantId, UserId, UuidSource};
use pytake_assistant::{Assistant, Clock, Conversations, IdSource};
use pytake_store::{ChannelStore, Sealer, StorageError};
use secrecy::SecretString;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fetching::Fetches;
use crate::registry::{NumberRegistry, OwnSecrets};
use crate::seats::Seats;
use crate::sending::Sends;
use crate::settings::ChannelSettings;
use crate::turns::Turns;
use crate::upkeep;
use crate::words;
use crate::work::{Desk, Work, drain, keep_going, look};

/// Lookers of each kind of work. One would do but for the database's wait at each commit, which two of them share.
const LOOKERS: usize = 2;
/// Bursts and voice notes that are remembered in memory; what is forgotten costs a figure or a second transcription.
const MAX_REMEMBERED: usize = 10_000;

/// A messaging channel: takes webhooks in, answers, sends. Cheap to clone.
#[derive(Clone)]
pub struct Channel {
    pub(crate) shared: Arc<Shared>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// What all tasks work with.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn ChannelStore>,
    pub(crate) conversations: Arc<dyn Conversations>,
    pub(crate) assistant: Assistant,
    pub(crate) messenger: Arc<dyn Messenger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) settings: ChannelSettings,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) numbers: NumberRegistry,
    pub(crate) wake: Wake,
    /// Read marks, which nobody waits for.
    pub(crate) background: TaskTracker,
    pub(crate) memory: Memory,
    pub(crate) seats: Seats,
}

/// Wakes lookers.
#[derive(Default)]
pub(crate) struct Wake {
    pub(crate) turns: Arc<Notify>,
    pub(crate) sends: Arc<Notify>,
    pub(crate) fetches: Arc<Notify>,
    /// A file has come, or will not.
    pub(crate) fetched: Notify,
}

/// What may be forgotten at any time.
#[derive(Default)]
pub(crate) struct Memory {
    /// When the burst arrived to which a conversation waits for the reply: for a metric.
    first_received: Mutex<HashMap<(TenantId, ConversationId), Timestamp>>,
    /// What voice notes of bursts that are not settled yet say, so that a draft that became void does not pay twice.
    heard: Mutex<BTreeMap<ItemId, String>>,
}

impl Memory {
    pub(crate) fn reply_is_queued(&self, tenant: &TenantId, conversation: &ConversationId, since: Timestamp) {
        let mut waiting = self.first_received.lock();
        if waiting.len() < MAX_REMEMBERED {
            waiting.insert((tenant.clone(), conversation.clone()), since);
        }
    }

    /// It will not be sent, or not now.
    pub(crate) fn reply_is_withheld(&self, tenant: &TenantId, conversation: &ConversationId) {
        self.first_received.lock().remove(&(tenant.clone(), conversation.clone()));
    }

    /// The burst's arrival, once.
    pub(crate) fn reply_is_out(&self, tenant: &TenantId, conversation: &ConversationId) -> Option<Timestamp> {
        self.first_received.lock().remove(&(tenant.clone(), conversation.clone()))
    }

    pub(crate) fn heard(&self, item: ItemId) -> Option<String> {
        self.heard.lock().get(&item).cloned()
    }

    pub(crate) fn keep_heard(&self, item: ItemId, text: String) {
        let mut heard = self.heard.lock();
        heard.insert(item, text);
        if heard.len() > MAX_REMEMBERED {
            heard.pop_first();
        }
    }

    fn forget_conversations(&self, tenant: &TenantId, conversations: &[ConversationId]) {
        self.first_received.lock().retain(|(of, place), _| of != tenant || !conversations.contains(place));
        // Not known by conversation; another burst that waits pays for its transcript once more.
        self.heard.lock().clear();
    }

    pub(crate) fn forget_heard(&self, items: &[ItemId]) {
        let mut heard = self.heard.lock();
        for item in items {
            heard.remove(item);
        }
    }
}

/// Puts a [`Channel`] together.
pub struct ChannelBuilder {
    store: Arc<dyn ChannelStore>,
    conversations: Arc<dyn Conversations>,
    assistant: Assistant,
    messenger: Arc<dyn Messenger>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    settings: ChannelSettings,
    own_secrets: OwnSecrets,
}

impl ChannelBuilder {
    /// Limits and times.
    #[must_use]
    pub fn settings(mut self, settings: ChannelSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The server's own app secret and verify token, for numbers without one.
    #[must_use]
    pub fn webhook_secrets(
        mut self,
        app_secret: Option<SecretString>,
        verify_token: Option<SecretString>,
    ) -> Self {
        self.own_secrets = OwnSecrets { app_secret, verify_token };
        self
    }

    /// Another clock, for tests; the same one as the assistant's and the database's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another source of ids, for tests.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// The finished channel. Nothing runs until [`Channel::run`].
    pub fn build(self) -> Channel {
        let sealer = self.sealer;
        let seats = Seats::new(self.settings.turns_at_once);
        let numbers = NumberRegistry::new(Arc::clone(&self.store), Arc::clone(&sealer), self.own_secrets);
        Channel {
            shared: Arc::new(Shared {
                store: self.store,
                conversations: self.conversations,
                assistant: self.assistant,
                messenger: self.messenger,
                clock: self.clock,
                ids: self.ids,
                settings: self.settings,
                sealer,
                numbers,
                wake: Wake::default(),
                background: TaskTracker::new(),
                memory: Memory::default(),
                seats,
            }),
        }
    }
}

impl Channel {
    /// Starts with what cannot be missing. The assistant works on the same store.
    pub fn builder<S>(
        store: &Arc<S>,
        assistant: Assistant,
        messenger: Arc<dyn Messenger>,
        sealer: impl Into<Arc<Sealer>>,
    ) -> ChannelBuilder
    where
        S: ChannelStore + Conversations + 'static,
    {
        ChannelBuilder {
            store: Arc::clone(store) as _,
            conversations: Arc::clone(store) as _,
            assistant,
            messenger,
            sealer: sealer.into(),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(UuidSource),
            settings: ChannelSettings::default(),
            own_secrets: OwnSecrets::default(),
        }
    }

    /// The host that messages are sent to, where the messenger tells.
    pub fn host(&self) -> Option<String> {
        self.shared.messenger.host()
    }

    /// The name of a customer as facts and prompts get it; `None`: nobody is named, they have none, or it is no name.
    ///
    /// # Errors
    /// Storage.
    pub async fn customer_name(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
    ) -> Result<Option<String>, StorageError> {
        let Some(user) = user else { return Ok(None) };
        let customer = self.shared.store.customer(tenant, user).await?;
        Ok(customer.and_then(|customer| customer.name).as_deref().and_then(words::clean_name))
    }

    /// Works until `shutdown`: then nothing more is begun, and what was begun is finished.
    ///
    /// Turns in flight end within the assistant's deadline, sends within 30 s; what they queue is sent at the next start.
    pub async fn run(&self, shutdown: CancellationToken) {
        let jobs = TaskTracker::new();
        let desk = |name, wake: &Arc<Notify>, slots: usize| Desk {
            name,
            wake: Arc::clone(wake),
            slots: Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS))),
            jobs: jobs.clone(),
            clock: Arc::clone(&self.shared.clock),
            shutdown: shutdown.clone(),
        };
        let (settings, wake) = (&self.shared.settings, &self.shared.wake);
        let mut lookers = JoinSet::new();
        start(&mut lookers, &Turns(self.clone()), &desk("turns", &wake.turns, settings.turns_at_once));
        start(&mut lookers, &Sends(self.clone()), &desk("sends", &wake.sends, settings.sends_at_once));
        start(&mut lookers, &Fetches(self.clone()), &desk("files", &wake.fetches, settings.fetches_at_once));
        let (channel, stop) = (self.clone(), shutdown.clone());
        lookers.spawn(async move {
            keep_going("upkeep", &stop, || upkeep::run(channel.clone(), stop.clone())).await;
        });
        while lookers.join_next().await.is_some() {}
        jobs.close();
        jobs.wait().await;
        self.shared.background.close();
        self.shared.background.wait().await;
    }

    /// Forgets what this process remembers of conversations that are being erased.
    pub fn forget_conversations(&self, tenant: &TenantId, conversations: &[ConversationId]) {
        self.shared.memory.forget_conversations(tenant, conversations);
    }

    /// Takes every conversation that is due now, one after the other; how many there were. For tests.
    pub async fn run_due_turns(&self) -> usize {
        drain(&Turns(self.clone())).await
    }

    /// Sends everything that may be sent now, one after the other; how many there were. For tests.
    pub async fn send_due(&self) -> usize {
        drain(&Sends(self.clone())).await
    }

    /// Fetches every file that is wanted now, one after the other; how many there were. For tests.
    pub async fn fetch_due_media(&self) -> usize {
        drain(&Fetches(self.clone())).await
    }

    /// A fresh id for a row of the outbox.
    pub(crate) fn outbox_id(&self) -> OutboxId {
        OutboxId(self.shared.ids.next())
    }
}

fn start<W: Work>(lookers: &mut JoinSet<()>, work: &W, desk: &Desk) {
    for _ in 0..LOOKERS {
        let (work, desk) = (work.clone(), desk.clone());
        lookers.spawn(async move {
            keep_going(desk.name, &desk.shutdown, || look(work.clone(), desk.clone())).await;
        });
    }
}
