//! The engine with a store in memory, a provider that answers in order, and a channel that sends nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;
use pytake_assistant::answers::{Answers, ApprovedAnswer, Fit};
use pytake_assistant::budget::Spending;
use pytake_assistant::channel::{
    Accepted, FetchedMedia, ItemId, Lease, MediaFailure, MediaKind, MediaRef, Messenger, NumberAccess,
    NumberHealth, OutboundContent, Recipient, Recorded, SendFailure,
};
use pytake_assistant::clock::TestClock;
use pytake_assistant::conversation::{
    Attendant, ChannelDetail, Conversation, ConversationFilter, ConversationMessage, Conversations, History,
    Page, RecordOutcome, Summary, TurnRecord,
};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{AnswerId, ConversationId, CountingIds, PromptId, TenantId, UserId};
use pytake_assistant::intents::{IntentSet, IntentSetVersion, IntentSets};
use pytake_assistant::ledger::{
    Admission, Booking, BookingFilter, Ledger, ReservationId, ReservationRequest, UsageQuery, UsageRow,
    UserUsage,
};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::prompts::{CustomPrompt, Prompts, Publication, PutPrompt, RollBack, TestRun, TestSet};
use pytake_assistant::provider::{Completion, CompletionRequest, FailureKind, FinishReason, ProviderFailure};
use pytake_assistant::service::{Answered, ChannelDelivery, ChannelMessage, ChannelTurn, ServerSentence};
use pytake_assistant::tenant::{
    Edit, NewTenant, PutVersion, Tenant, TenantEntry, TenantLimits, TenantPart, TenantProfile,
    TenantSettings, TenantVersion, Tenants, Versioned,
};
use pytake_assistant::{AIError, AIProviderTrait, Assistant, Author, ChatResponse, Clock, Settings};
use pytake_understanding::language::Language;

/// A conversation in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) profile: Mutex<TenantProfile>,
    pub(crate) conversation: Mutex<Option<Conversation>>,
    pub(crate) messages: Mutex<Vec<ConversationMessage>>,
    pub(crate) summary: Mutex<Option<Summary>>,
    pub(crate) answers: Mutex<Vec<ApprovedAnswer>>,
    /// Every turn as it was given to the store.
    pub(crate) turns: Mutex<Vec<TurnRecord>>,
    /// What the next records are answered with; written when there is nothing left.
    pub(crate) records: Mutex<VecDeque<Recorded>>,
    pub(crate) is_day_used_up: Mutex<bool>,
    pub(crate) suspended_at: Mutex<Option<Timestamp>>,
    pub(crate) shelf: Mutex<Shelf>,
    /// Of the tenant; to be set before the first turn, or with another version.
    pub(crate) settings: Mutex<TenantSettings>,
    /// Of the tenant, less one.
    pub(crate) version: Mutex<i64>,
    /// What the next claims of money are answered with; admitted when there is nothing left.
    pub(crate) admissions: Mutex<VecDeque<Admission>>,
    /// Every request for a place as it was given to the store.
    pub(crate) reservations: Mutex<Vec<ReservationRequest>>,
    /// The limit of the last reservation.
    pub(crate) daily_limit: Mutex<Option<u64>>,
}

impl Memory {
    fn write(&self, turn: &TurnRecord) {
        let Some(exchange) = &turn.exchange else { return };
        let mut messages = self.messages.lock();
        messages.extend(exchange.questions.iter().chain(&exchange.answer).cloned());
        let mut conversation = self.conversation.lock();
        let conversation = conversation.get_or_insert_with(|| Conversation {
            id: exchange.conversation.clone(),
            user_id: turn.user.clone(),
            attendant: Attendant::Assistant,
            handoff_reason: None,
            waiting_since: None,
            person_at: None,
            paused_until: None,
            closed_at: None,
            resumed_at: None,
            message_count: 0,
            created_at: turn.at,
            updated_at: turn.at,
        });
        conversation.message_count = messages.len() as u64;
        if let Some(reason) = &exchange.handoff_reason {
            conversation.attendant = Attendant::Human;
            conversation.waiting_since = Some(turn.at);
            conversation.handoff_reason = Some(reason.clone());
        }
    }

    /// The next customer is another one.
    pub(crate) fn next_customer(&self) {
        self.messages.lock().clear();
        *self.conversation.lock() = None;
        *self.summary.lock() = None;
    }

    fn change(&self, change: impl FnOnce(&mut Conversation)) -> bool {
        self.conversation.lock().as_mut().map(change).is_some()
    }
}

#[async_trait]
impl Conversations for Memory {
    async fn history(&self, _: &TenantId, _: &ConversationId, limit: u32) -> Result<History, StorageError> {
        let messages = self.messages.lock();
        let from = messages.len().saturating_sub(limit as usize);
        Ok(History {
            conversation: self.conversation.lock().clone(),
            recent: messages[from..].to_vec(),
            summary: self.summary.lock().clone(),
        })
    }

    async fn messages(
        &self,
        _: &TenantId,
        _: &ConversationId,
        _: u64,
        _: u64,
    ) -> Result<Vec<ConversationMessage>, StorageError> {
        Ok(self.messages.lock().clone())
    }

    async fn record(&self, turn: TurnRecord) -> Result<RecordOutcome, StorageError> {
        let recorded = self.records.lock().pop_front().unwrap_or(Recorded::Written);
        if recorded == Recorded::Written {
            self.write(&turn);
        }
        self.turns.lock().push(turn);
        Ok(recorded.into())
    }

    async fn put_summary(
        &self,
        _: &TenantId,
        _: &ConversationId,
        summary: Summary,
    ) -> Result<(), StorageError> {
        *self.summary.lock() = Some(summary);
        Ok(())
    }

    async fn conversations(
        &self,
        _: &TenantId,
        _: ConversationFilter,
    ) -> Result<Page<Conversation>, StorageError> {
        Ok(Page { items: self.conversation.lock().iter().cloned().collect(), next: None })
    }

    async fn set_attendant(
        &self,
        _: &TenantId,
        _: &ConversationId,
        attendant: Attendant,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        Ok(self.change(|conversation| {
            if attendant == Attendant::Human {
                conversation.person_at = Some(at);
            } else if conversation.attendant == Attendant::Human {
                conversation.resumed_at = Some(conversation.message_count);
            }
            conversation.attendant = attendant;
            conversation.handoff_reason = reason;
            conversation.waiting_since = None;
        }))
    }

    async fn pause(
        &self,
        _: &TenantId,
        _: &ConversationId,
        until: Option<Timestamp>,
        _: Timestamp,
    ) -> Result<bool, StorageError> {
        Ok(self.change(|conversation| conversation.paused_until = until))
    }

    async fn close(&self, _: &TenantId, _: &ConversationId, at: Timestamp) -> Result<bool, StorageError> {
        Ok(self.change(|conversation| conversation.closed_at = Some(at)))
    }

    async fn add_message(
        &self,
        _: &TenantId,
        _: &ConversationId,
        message: ConversationMessage,
    ) -> Result<bool, StorageError> {
        let (mut messages, at) = (self.messages.lock(), message.created_at);
        messages.push(message);
        let count = messages.len() as u64;
        Ok(self.change(|conversation| {
            conversation.message_count = count;
            conversation.attendant = Attendant::Human;
            conversation.waiting_since = None;
            conversation.person_at = Some(at);
        }))
    }

    async fn delete_conversation(&self, _: &TenantId, _: &ConversationId) -> Result<bool, StorageError> {
        Ok(self.conversation.lock().take().is_some())
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn reserve(&self, request: ReservationRequest) -> Result<Admission, StorageError> {
        *self.daily_limit.lock() = request.daily_limit;
        if *self.is_day_used_up.lock() {
            return Ok(Admission::DailyLimit { used: request.daily_limit.unwrap_or_default() });
        }
        let claims_money = !request.budgets.is_empty();
        self.reservations.lock().push(request);
        let next = if claims_money { self.admissions.lock().pop_front() } else { None };
        Ok(next.unwrap_or(Admission::Admitted))
    }

    async fn release(
        &self,
        _: &TenantId,
        _: &UserId,
        _: Date,
        _: &ReservationId,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    async fn user_usage(&self, _: &TenantId, _: &UserId, _: Date) -> Result<Option<UserUsage>, StorageError> {
        Ok(None)
    }

    async fn spending(
        &self,
        _: &TenantId,
        _: Option<&UserId>,
        _: Timestamp,
    ) -> Result<Spending, StorageError> {
        Ok(Spending::default())
    }

    async fn bookings(&self, _: &TenantId, _: BookingFilter) -> Result<Page<Booking>, StorageError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn usage(&self, _: &TenantId, _: UsageQuery) -> Result<Vec<UsageRow>, StorageError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Prompts for Memory {
    async fn prompts(&self, _: &TenantId) -> Result<Vec<CustomPrompt>, StorageError> {
        Ok(self.shelf.lock().newest_of_each())
    }

    async fn prompt(&self, _: &TenantId, id: &PromptId) -> Result<Option<CustomPrompt>, StorageError> {
        Ok(self.shelf.lock().versions(id).into_iter().next())
    }

    async fn prompt_named(&self, _: &TenantId, name: &str) -> Result<Option<CustomPrompt>, StorageError> {
        let newest = self.shelf.lock().newest_of_each();
        Ok(newest.into_iter().find(|prompt| prompt.name == name))
    }

    async fn prompt_version(
        &self,
        _: &TenantId,
        id: &PromptId,
        version: u32,
    ) -> Result<Option<CustomPrompt>, StorageError> {
        let versions = self.shelf.lock().versions(id);
        Ok(versions.into_iter().find(|prompt| prompt.version == version))
    }

    async fn prompt_versions(&self, _: &TenantId, id: &PromptId) -> Result<Vec<CustomPrompt>, StorageError> {
        Ok(self.shelf.lock().versions(id))
    }

    async fn put_prompt(&self, _: &TenantId, prompt: &CustomPrompt) -> Result<PutPrompt, StorageError> {
        self.shelf.lock().texts.push(prompt.clone());
        Ok(PutPrompt::Stored)
    }

    async fn delete_prompt(&self, _: &TenantId, id: &PromptId) -> Result<bool, StorageError> {
        let texts = &mut self.shelf.lock().texts;
        let before = texts.len();
        texts.retain(|prompt| prompt.id != *id);
        Ok(texts.len() < before)
    }

    async fn publish_prompt(
        &self,
        _: &TenantId,
        _: &PromptId,
        publication: &Publication,
    ) -> Result<bool, StorageError> {
        self.shelf.lock().publications.push(publication.clone());
        Ok(true)
    }

    async fn roll_back_prompt(
        &self,
        _: &TenantId,
        _: &PromptId,
        _: &Author,
        _: &str,
        _: Timestamp,
    ) -> Result<RollBack, StorageError> {
        unreachable!("no test of the engine goes back; the contract suite does")
    }

    async fn publications(&self, _: &TenantId, _: &PromptId) -> Result<Vec<Publication>, StorageError> {
        Ok(self.shelf.lock().publications.iter().rev().cloned().collect())
    }

    async fn test_set(&self, _: &TenantId, _: &PromptId) -> Result<Option<TestSet>, StorageError> {
        Ok(self.shelf.lock().test_set.clone())
    }

    async fn put_test_set(&self, _: &TenantId, _: &PromptId, set: &TestSet) -> Result<bool, StorageError> {
        self.shelf.lock().test_set = Some(set.clone());
        Ok(true)
    }

    async fn test_runs(&self, _: &TenantId, _: &PromptId) -> Result<Vec<TestRun>, StorageError> {
        Ok(self.shelf.lock().runs.iter().rev().cloned().collect())
    }

    async fn put_test_run(&self, _: &TenantId, _: &PromptId, run: &TestRun) -> Result<bool, StorageError> {
        self.shelf.lock().runs.push(run.clone());
        Ok(true)
    }
}

/// Prompts in memory: what is published last is in production, whichever prompt it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    texts: Vec<CustomPrompt>,
    publications: Vec<Publication>,
    test_set: Option<TestSet>,
    runs: Vec<TestRun>,
}

impl Shelf {
    /// Newest first.
    fn versions(&self, id: &PromptId) -> Vec<CustomPrompt> {
        let production_version = self.publications.last().map(|publication| publication.version);
        let of_it = self.texts.iter().rev().filter(|prompt| prompt.id == *id);
        of_it.map(|prompt| CustomPrompt { production_version, ..prompt.clone() }).collect()
    }

    fn newest_of_each(&self) -> Vec<CustomPrompt> {
        let first = self.texts.iter().filter(|prompt| prompt.version == 1);
        first.filter_map(|prompt| self.versions(&prompt.id).into_iter().next()).collect()
    }
}

#[async_trait]
impl Answers for Memory {
    async fn answers(&self, _: &TenantId) -> Result<Vec<ApprovedAnswer>, StorageError> {
        Ok(self.answers.lock().clone())
    }

    async fn put_answer(&self, _: &TenantId, _: &ApprovedAnswer) -> Result<(), StorageError> {
        unreachable!("no test stores answers")
    }

    async fn delete_answer(&self, _: &TenantId, _: &AnswerId) -> Result<bool, StorageError> {
        Ok(false)
    }
}

#[async_trait]
impl IntentSets for Memory {
    async fn intent_set(&self, _: &TenantId) -> Result<Option<IntentSet>, StorageError> {
        Ok(None)
    }

    async fn intent_set_version(&self, _: &TenantId, _: u64) -> Result<Option<IntentSet>, StorageError> {
        Ok(None)
    }

    async fn intent_set_versions(&self, _: &TenantId) -> Result<Vec<IntentSetVersion>, StorageError> {
        Ok(Vec::new())
    }

    async fn intent_model(&self, _: &TenantId, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    async fn put_intent_set(&self, _: &TenantId, _: &IntentSet, _: &[u8]) -> Result<bool, StorageError> {
        Ok(false)
    }
}

#[async_trait]
impl Tenants for Memory {
    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StorageError> {
        let (settings, suspended_at) = (self.settings.lock().clone(), *self.suspended_at.lock());
        Ok(Some(Tenant { id: tenant.clone(), created_at: None, suspended_at, settings }))
    }

    async fn tenant_version(&self, _: &TenantId) -> Result<Option<i64>, StorageError> {
        Ok(Some(*self.version.lock() + 1))
    }

    async fn profile(&self, _: &TenantId) -> Result<Option<TenantProfile>, StorageError> {
        Ok(Some(self.profile.lock().clone()))
    }

    async fn create_tenant(&self, _: &NewTenant, _: &Edit, _: Timestamp) -> Result<bool, StorageError> {
        Ok(false)
    }

    async fn set_suspended(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Option<Tenant>, StorageError> {
        *self.suspended_at.lock() = since;
        self.tenant(tenant).await
    }

    async fn put_profile(
        &self,
        _: &TenantId,
        profile: &TenantProfile,
        _: &Edit,
        _: Timestamp,
    ) -> Result<PutVersion, StorageError> {
        *self.profile.lock() = profile.clone();
        Ok(PutVersion::Stored(1))
    }

    async fn put_settings(
        &self,
        _: &TenantId,
        _: &TenantSettings,
        _: &Edit,
        _: Timestamp,
    ) -> Result<PutVersion, StorageError> {
        unreachable!("no test stores settings")
    }

    async fn tenant_versions(&self, _: &TenantId, _: TenantPart) -> Result<Vec<TenantVersion>, StorageError> {
        Ok(Vec::new())
    }

    async fn profile_version(
        &self,
        _: &TenantId,
        _: Option<u64>,
    ) -> Result<Option<Versioned<TenantProfile>>, StorageError> {
        Ok(None)
    }

    async fn settings_version(
        &self,
        _: &TenantId,
        _: Option<u64>,
    ) -> Result<Option<Versioned<TenantSettings>>, StorageError> {
        Ok(None)
    }

    async fn tenant_page(&self, _: Option<&str>, _: u32) -> Result<Page<TenantEntry>, StorageError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        Ok(vec![TenantId::default_tenant()])
    }
}

/// Says one text after the other, the last one over and over, and keeps what it was asked. An empty text is a refusal
/// by the vendor's policy.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    pub(crate) texts: Mutex<VecDeque<String>>,
    pub(crate) asked: Mutex<Vec<CompletionRequest>>,
}

#[async_trait]
impl AIProviderTrait for Speaker {
    fn name(&self) -> &'static str {
        "speaker"
    }

    fn default_model(&self) -> &'static str {
        "speaker-1"
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        self.asked.lock().push(request);
        let mut texts = self.texts.lock();
        let text = if texts.len() > 1 { texts.pop_front() } else { texts.front().cloned() };
        let text = text.unwrap_or_default();
        if text.is_empty() {
            return Err(ProviderFailure::new(FailureKind::Refused, "as scripted"));
        }
        Ok(Completion {
            text,
            model: "speaker-1".to_owned(),
            finish: FinishReason::Stop,
            usage: Some(TokenUsage { input_tokens: 10, output_tokens: 5, ..TokenUsage::default() }),
            provider_request_id: None,
            confidence: None,
        })
    }
}

/// Writes a reply as one text, with its choices below.
#[derive(Debug)]
struct Plain;

#[async_trait]
impl Messenger for Plain {
    fn write(&self, text: &str, choices: &[String], _: Option<Language>) -> Vec<OutboundContent> {
        let lines = [text].into_iter().chain(choices.iter().map(String::as_str));
        let body = lines.collect::<Vec<_>>().join("\n");
        vec![OutboundContent::Text { body, preview_url: false }]
    }

    async fn send(
        &self,
        _: &NumberAccess,
        _: &Recipient,
        _: &OutboundContent,
        _: &str,
    ) -> Result<Accepted, SendFailure> {
        unreachable!("no turn sends")
    }

    async fn mark_read(&self, _: &NumberAccess, _: &str, _: bool) -> Result<(), SendFailure> {
        unreachable!("no turn marks")
    }

    async fn fetch(
        &self,
        _: &NumberAccess,
        _: MediaKind,
        _: &MediaRef,
    ) -> Result<FetchedMedia, MediaFailure> {
        unreachable!("no turn fetches")
    }

    async fn health(&self, _: &NumberAccess, _: Option<&str>) -> Result<NumberHealth, SendFailure> {
        unreachable!("no turn asks")
    }
}

/// A customer called Ana in a conversation called `c`, and everything around them.
pub(crate) struct World {
    pub(crate) assistant: Assistant,
    pub(crate) memory: Arc<Memory>,
    pub(crate) speaker: Arc<Speaker>,
    pub(crate) clock: TestClock,
    pub(crate) tenant: TenantId,
}

impl World {
    pub(crate) fn saying(texts: &[&str]) -> Self {
        Self::with(texts, Settings::default())
    }

    pub(crate) fn with(texts: &[&str], settings: Settings) -> Self {
        let memory = Arc::new(Memory::default());
        "Loja Sol".clone_into(&mut memory.profile.lock().business_name);
        let speaker = Arc::new(Speaker::default());
        speaker.texts.lock().extend(texts.iter().map(|text| (*text).to_owned()));
        let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let assistant = Assistant::builder(Arc::clone(&memory) as _)
            .provider(Arc::clone(&speaker) as _)
            .settings(settings)
            .clock(Arc::new(clock.clone()))
            .ids(Arc::new(CountingIds::default()))
            .build();
        Self { assistant, memory, speaker, clock, tenant: TenantId::default_tenant() }
    }

    /// Changes the tenant's limits.
    pub(crate) fn limit(&self, limits: TenantLimits) {
        self.memory.settings.lock().limits = limits;
        *self.memory.version.lock() += 1;
    }

    /// What a channel gathered.
    pub(crate) fn burst(&self, texts: &[&str]) -> ChannelTurn {
        let said = |(place, text): (usize, &&str)| ChannelMessage {
            text: (*text).to_owned(),
            sent_at: self.clock.now(),
            detail: ChannelDetail { message_id: Some(format!("wamid.{place}")), ..ChannelDetail::default() },
        };
        ChannelTurn {
            user: UserId::new("ana").unwrap(),
            conversation: ConversationId::new("c").unwrap(),
            messages: texts.iter().enumerate().map(said).collect(),
            context: serde_json::Map::new(),
            calling_code: Some(55),
            images: Vec::new(),
            discloses: false,
            delivery: ChannelDelivery {
                lease: Lease { token: 7 },
                items: (1..).take(texts.len()).map(ItemId).collect(),
                is_void_when_newer: true,
                messenger: Arc::new(Plain),
            },
        }
    }

    pub(crate) async fn answer(&self, texts: &[&str]) -> ChatResponse {
        written(self.assistant.answer(&self.tenant, self.burst(texts)).await)
    }

    pub(crate) async fn say(&self, texts: &[&str], sentence: ServerSentence) -> ChatResponse {
        written(self.assistant.say(&self.tenant, self.burst(texts), sentence).await)
    }

    /// The last turn as the store got it.
    pub(crate) fn last_turn(&self) -> TurnRecord {
        self.memory.turns.lock().last().unwrap().clone()
    }

    /// How the approved answers fitted what was said last, and which came first.
    pub(crate) fn last_fit(&self) -> (Fit, Option<String>) {
        let asked = self.speaker.asked.lock();
        let evidence = &asked.last().unwrap().evidence;
        (evidence.fit, evidence.answers.first().map(|found| found.answer.id.to_string()))
    }

    /// What the model was last asked, message by message.
    pub(crate) fn last_prompt(&self) -> Vec<String> {
        let asked = self.speaker.asked.lock();
        asked.last().unwrap().messages.iter().map(|message| message.content.to_string()).collect()
    }

    /// Names of the events since the start.
    pub(crate) fn told(&self) -> Vec<&'static str> {
        self.assistant.events().follow(Some(0)).0.iter().map(|event| event.kind.as_str()).collect()
    }
}

pub(crate) fn written(answered: Result<Answered, AIError>) -> ChatResponse {
    match answered {
        Ok(Answered::Recorded(response)) => *response,
        other => panic!("not written: {other:?}"),
    }
}

/// An answer in the output contract.
pub(crate) fn reply(text: &str, action: &str, more: &serde_json::Value) -> String {
    let mut reply = serde_json::json!({
        "reply": text, "action": action, "reason": "", "language": "pt", "used_facts": [], "choices": [],
        "confidence": 0.9,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        reply[name] = value.clone();
    }
    reply.to_string()
}
