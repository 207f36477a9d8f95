//! A business with one number, a model that does what it is told, and a channel that records what is sent.

use secrecy::ExposeSecret;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use pytake_assistant::channel::{
    Accepted, Attachment, DeliveryState, Event, EventKind, FetchedMedia, InboundContent, InboundMessage,
    MediaFailure, MediaKind, MediaRef, Messenger, NumberAccess, NumberHealth, OutboundContent, Recipient,
    SendFailure, SendFailureKind, Sender, StatusUpdate,
};
use pytake_assistant::clock::TestClock;
use pytake_assistant::events::{TenantEvent, TenantEventKind};
use pytake_assistant::id::{ConversationId, CountingIds, NumberId, TenantId};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Completion, CompletionRequest, FailureKind, FinishReason, ProviderFailure};
use pytake_assistant::router::RouterConfig;
use pytake_assistant::service::ConversationDetail;
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_assistant::transcription::{Transcriber, Transcript};
use pytake_assistant::{AIProviderTrait, Assistant, Author, Clock, Settings};
use pytake_inbox::{Channel, ChannelSettings, NewNumber};
use pytake_store::{NumberSettings, OutboxFilter, OutboxRow, Receipt, Sealer, SealingKey};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use pytake_understanding::language::Language;
use tokio::sync::Notify;

/// What the model does with a call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Say(&'static str),
    Fail,
    /// Confirms the last word that it reads.
    Confirm,
    /// Says that it was called, and answers once it is let go.
    Wait(&'static str),
}

/// The model.
#[derive(Debug, Default)]
pub(crate) struct Puppet {
    pub(crate) acts: Mutex<VecDeque<Act>>,
    pub(crate) asked: Mutex<Vec<String>>,
    /// All messages of the newest prompt.
    pub(crate) prompt: Mutex<Vec<String>>,
    pub(crate) was_called: Notify,
    pub(crate) may_go: Notify,
}

impl Puppet {
    pub(crate) fn will(&self, acts: impl IntoIterator<Item = Act>) {
        self.acts.lock().extend(acts);
    }

    pub(crate) fn calls(&self) -> usize {
        self.asked.lock().len()
    }
}

#[async_trait]
impl AIProviderTrait for Puppet {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn default_model(&self) -> &'static str {
        "puppet-1"
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        self.asked.lock().push(request.evidence.message.to_string());
        *self.prompt.lock() = request.messages.iter().map(|message| message.content.to_string()).collect();
        let act = self.acts.lock().pop_front().unwrap_or(Act::Say("Oi! Como posso ajudar?"));
        let text = match act {
            Act::Say(text) => text.to_owned(),
            Act::Confirm => {
                let asked = request.evidence.message.split_whitespace().next_back();
                format!("Certo, {}.", asked.unwrap_or_default())
            }
            Act::Fail => return Err(ProviderFailure::new(FailureKind::Auth, "as told")),
            Act::Wait(text) => {
                self.was_called.notify_one();
                self.may_go.notified().await;
                text.to_owned()
            }
        };
        Ok(Completion {
            text,
            model: "puppet-1".to_owned(),
            finish: FinishReason::Stop,
            usage: Some(TokenUsage { input_tokens: 10, output_tokens: 5, ..TokenUsage::default() }),
            provider_request_id: None,
            confidence: None,
        })
    }
}

/// Hears one thing, whatever was said.
#[derive(Debug)]
pub(crate) struct Ear(&'static str);

#[async_trait]
impl Transcriber for Ear {
    fn name(&self) -> &'static str {
        "ear"
    }

    fn model(&self) -> &'static str {
        "ear-1"
    }

    async fn transcribe(&self, _: &Attachment, _: Option<Language>) -> Result<Transcript, ProviderFailure> {
        Ok(Transcript { text: self.0.to_owned(), ..Transcript::default() })
    }
}

/// A message as it reached the channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) callback: String,
    pub(crate) to: Recipient,
}

/// The channel's side.
#[derive(Default)]
pub(crate) struct FakeChannel {
    pub(crate) sent: Mutex<Vec<Sent>>,
    /// What the next sends fail with.
    pub(crate) failures: Mutex<VecDeque<SendFailureKind>>,
    pub(crate) read: Mutex<Vec<(String, bool)>>,
    /// What the next fetches give.
    pub(crate) files: Mutex<VecDeque<Result<FetchedMedia, MediaFailure>>>,
    /// Writing the next reply panics.
    pub(crate) breaks: AtomicUsize,
    pub(crate) has_sent: Notify,
}

impl FakeChannel {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.sent.lock().iter().map(|sent| sent.text.clone()).collect()
    }
}

#[async_trait]
impl Messenger for FakeChannel {
    fn write(&self, text: &str, _: &[String], _: Option<Language>) -> Vec<OutboundContent> {
        let breaks = self.breaks.load(Ordering::Relaxed);
        if breaks > 0 {
            self.breaks.store(breaks - 1, Ordering::Relaxed);
            panic!("the messenger breaks");
        }
        vec![OutboundContent::Text { body: text.to_owned(), preview_url: false }]
    }

    async fn send(
        &self,
        _: &NumberAccess,
        to: &Recipient,
        content: &OutboundContent,
        callback: &str,
    ) -> Result<Accepted, SendFailure> {
        if let Some(kind) = self.failures.lock().pop_front() {
            return Err(SendFailure {
                kind,
                code: Some(131_000),
                status: Some(400),
                message: "as told".to_owned(),
                retry_after: None,
            });
        }
        let mut sent = self.sent.lock();
        sent.push(Sent { text: content.text().to_owned(), callback: callback.to_owned(), to: to.clone() });
        self.has_sent.notify_one();
        Ok(Accepted { message_id: format!("wamid.out.{}", sent.len()), recipient: to.clone() })
    }

    async fn mark_read(&self, _: &NumberAccess, message_id: &str, typing: bool) -> Result<(), SendFailure> {
        self.read.lock().push((message_id.to_owned(), typing));
        Ok(())
    }

    async fn fetch(
        &self,
        _: &NumberAccess,
        _: MediaKind,
        _: &MediaRef,
    ) -> Result<FetchedMedia, MediaFailure> {
        self.files.lock().pop_front().unwrap_or(Err(MediaFailure::Gone))
    }

    async fn health(&self, _: &NumberAccess, _: Option<&str>) -> Result<NumberHealth, SendFailure> {
        Ok(NumberHealth::default())
    }
}

/// Everything at once.
pub(crate) struct World {
    pub(crate) clock: TestClock,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) model: Arc<Puppet>,
    pub(crate) outside: Arc<FakeChannel>,
    pub(crate) assistant: Assistant,
    pub(crate) channel: Channel,
    key: SealingKey,
    next_id: AtomicI64,
}

pub(crate) fn tenant() -> TenantId {
    TenantId::default_tenant()
}

pub(crate) fn number() -> NumberId {
    NumberId::new("106540352242922").expect("the test is set up")
}

pub(crate) fn ana() -> Sender {
    Sender {
        scoped_id: Some("BR.1502576394655843".to_owned()),
        phone: Some("5511987654321".to_owned()),
        name: Some("Ana".to_owned()),
        username: None,
    }
}

pub(crate) fn text(text: &str) -> InboundContent {
    InboundContent::Text { text: text.to_owned() }
}

pub(crate) fn media(kind: MediaKind, caption: Option<&str>) -> InboundContent {
    let media = MediaRef {
        id: "media-1".to_owned(),
        mime_type: Some("audio/ogg".to_owned()),
        sha256: None,
        file_name: None,
        url: None,
    };
    InboundContent::Media { kind, media, caption: caption.map(str::to_owned) }
}

pub(crate) fn file(bytes: &'static [u8]) -> FetchedMedia {
    let file = Attachment { mime_type: "audio/ogg".to_owned(), bytes: Bytes::from_static(bytes) };
    FetchedMedia { file, sha256: "00".repeat(32) }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(NumberSettings { discloses: false, ..NumberSettings::default() }, uncached()).await
    }

    pub(crate) async fn with(settings: NumberSettings, limits: Settings) -> Self {
        Self::build(settings, limits, None, None).await
    }

    /// One in which voice is heard, and says this.
    pub(crate) async fn hearing(said: &'static str) -> Self {
        let settings = NumberSettings { discloses: false, ..NumberSettings::default() };
        Self::build(settings, uncached(), Some(Arc::new(Ear(said))), None).await
    }

    /// One whose database is a file.
    pub(crate) async fn on_disk(path: &Path) -> Self {
        let settings = NumberSettings { discloses: false, ..NumberSettings::default() };
        Self::build(settings, uncached(), None, Some(path)).await
    }

    async fn build(
        settings: NumberSettings,
        limits: Settings,
        ear: Option<Arc<Ear>>,
        path: Option<&Path>,
    ) -> Self {
        let clock = TestClock::at("2026-11-22T12:00:00Z".parse().expect("the test is set up"));
        let options = SqliteOptions {
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountingIds::default()),
            ..SqliteOptions::default()
        };
        let store = match path {
            Some(path) => SqliteStore::open(path, &options),
            None => SqliteStore::in_memory_with(&options),
        };
        let store = Arc::new(store.expect("the test is set up"));
        let model = Arc::new(Puppet::default());
        let assistant = assistant(&store, &model, &clock, limits, ear);
        let profile = TenantProfile {
            business_name: "Padaria Sol".to_owned(),
            description: "Padaria em São Paulo".to_owned(),
            ..TenantProfile::default()
        };
        assistant
            .put_profile(&tenant(), profile, Edit::by(Author::open()))
            .await
            .expect("the test is set up");
        let outside = Arc::new(FakeChannel::default());
        let key = SealingKey::generate().expect("the test is set up");
        let channel = channel(&store, &assistant, &outside, &clock, &key);
        let new = NewNumber {
            number: number(),
            tenant: tenant(),
            account: None,
            display_number: Some("551140001000".to_owned()),
            access_token: Some("EAAtoken".into()),
            app_secret: None,
            verify_token: None,
            settings,
        };
        channel.put_number(new).await.expect("the test is set up");
        Self { clock, store, model, outside, assistant, channel, key, next_id: AtomicI64::new(1) }
    }

    /// The process dies and starts again: memory is gone, the database is there.
    pub(crate) fn restart(&mut self) {
        self.channel = channel(&self.store, &self.assistant, &self.outside, &self.clock, &self.key);
    }

    /// Another process on the same database, with its own memory.
    pub(crate) fn replica(&self) -> Channel {
        let assistant = assistant(&self.store, &self.model, &self.clock, uncached(), None);
        channel(&self.store, &assistant, &self.outside, &self.clock, &self.key)
    }

    /// A message of Ana's, as an event.
    pub(crate) fn message(&self, content: InboundContent) -> Event {
        self.message_of(ana(), content)
    }

    /// A message of somebody's, as an event.
    pub(crate) fn message_of(&self, sender: Sender, content: InboundContent) -> Event {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let message = InboundMessage {
            number: number(),
            id: format!("wamid.in.{id}"),
            sender,
            group: None,
            sent_at: Some(self.clock.now()),
            content,
            quotes: None,
            product: None,
            is_forwarded: false,
            referral: None,
            is_standby: false,
        };
        let key = format!("message/{}", message.id);
        Event { number: Some(number()), account: None, key, kind: EventKind::Message(Box::new(message)) }
    }

    /// A report on the newest message that was sent.
    pub(crate) fn report(&self, state: DeliveryState, category: Option<&str>) -> Event {
        let sent = self.outside.sent.lock();
        let newest = sent.last().expect("something was sent");
        let status = StatusUpdate {
            number: number(),
            message_id: format!("wamid.out.{}", sent.len()),
            state,
            at: Some(self.clock.now()),
            callback: Some(newest.callback.clone()),
            category: category.map(str::to_owned),
            is_billable: None,
            failure: None,
        };
        let key = format!("status/{}/{}", status.message_id, state.as_str());
        Event { number: Some(number()), account: None, key, kind: EventKind::Status(Box::new(status)) }
    }

    pub(crate) async fn receive(&self, events: Vec<Event>) -> Receipt {
        receive(&self.channel, events).await
    }

    /// Ana writes, and nothing else happens.
    pub(crate) async fn hears(&self, content: &str) -> Receipt {
        self.receive(vec![self.message(text(content))]).await
    }

    /// Ana writes; the quiet time passes, and the wait for the delivery of what was sent before; everything that is due
    /// happens.
    pub(crate) async fn talks(&self, content: &str) {
        self.hears(content).await;
        self.let_pass(6).await;
    }

    /// Time passes and everything that is due happens.
    pub(crate) async fn let_pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.channel.fetch_due_media().await;
        self.channel.run_due_turns().await;
        self.channel.send_due().await;
    }

    /// The only conversation.
    pub(crate) async fn conversation(&self) -> ConversationDetail {
        let id = self.conversation_id();
        self.assistant.conversation(&tenant(), &id).await.expect("the test is set up")
    }

    /// Its name, as the events tell it.
    pub(crate) fn conversation_id(&self) -> ConversationId {
        let events = self.events(None);
        events.iter().find_map(|event| event.conversation_id.clone()).expect("something has happened")
    }

    /// Events so far, of one kind.
    pub(crate) fn events(&self, kind: Option<TenantEventKind>) -> Vec<Arc<TenantEvent>> {
        let (events, _) = self.assistant.events().follow(Some(0));
        events.into_iter().filter(|event| kind.is_none_or(|kind| event.kind == kind)).collect()
    }

    /// The alarms so far.
    pub(crate) fn alarms(&self) -> Vec<String> {
        let alarms = self.events(Some(TenantEventKind::Alarm));
        alarms.iter().map(|event| event.data["alarm"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The outbox, oldest first.
    pub(crate) async fn outbox(&self) -> Vec<OutboxRow> {
        let filter = OutboxFilter { limit: 200, ..OutboxFilter::default() };
        let mut rows = self.channel.outbox(&tenant(), filter).await.expect("the test is set up").items;
        rows.reverse();
        rows
    }

    /// Where each row of the outbox is, oldest first.
    pub(crate) async fn states(&self) -> Vec<&'static str> {
        self.outbox().await.iter().map(|row| row.state.as_str()).collect()
    }
}

/// A webhook that was signed with the server's own secret.
pub(crate) async fn receive(channel: &Channel, events: Vec<Event>) -> Receipt {
    let keys = channel.webhook_keys().await.expect("the test is set up");
    let own =
        keys.iter().find(|key| key.secret.expose_secret() == "servers-own").expect("the test is set up");
    channel.receive(Bytes::from_static(b"{}"), events, own).await.expect("the test is set up")
}

fn assistant(
    store: &Arc<SqliteStore>,
    model: &Arc<Puppet>,
    clock: &TestClock,
    limits: Settings,
    ear: Option<Arc<Ear>>,
) -> Assistant {
    let mut builder = Assistant::builder(Arc::clone(store) as _);
    if let Some(ear) = ear {
        builder = builder.transcriber(ear);
    }
    builder
        .provider(Arc::clone(model) as _)
        .router(RouterConfig { max_attempts: 1, ..RouterConfig::default() })
        .settings(limits)
        .clock(Arc::new(clock.clone()))
        .build()
}

fn channel(
    store: &Arc<SqliteStore>,
    assistant: &Assistant,
    outside: &Arc<FakeChannel>,
    clock: &TestClock,
    key: &SealingKey,
) -> Channel {
    Channel::builder(store, assistant.clone(), Arc::clone(outside) as _, Sealer::new(vec![key.clone()]))
        .clock(Arc::new(clock.clone()))
        .settings(ChannelSettings::default())
        .webhook_secrets(Some("servers-own".into()), None)
        .build()
}

/// The usual settings; every question reaches the model.
fn uncached() -> Settings {
    Settings { answer_cache: None, ..Settings::default() }
}
