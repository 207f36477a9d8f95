//! A store that holds one conversation in memory, for the engine's tests.

use std::collections::VecDeque;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;
use pytake_assistant::Author;
use pytake_assistant::answers::{Answers, ApprovedAnswer};
use pytake_assistant::budget::Spending;
use pytake_assistant::channel::Recorded;
use pytake_assistant::conversation::{
    Attendant, Conversation, ConversationFilter, ConversationMessage, Conversations, History, Page,
    RecordOutcome, Summary, TurnRecord,
};
use pytake_assistant::error::StorageError;
use pytake_assistant::id::{AnswerId, ConversationId, PromptId, TenantId, UserId};
use pytake_assistant::intents::{IntentSet, IntentSetVersion, IntentSets};
use pytake_assistant::ledger::{
    Admission, Booking, BookingFilter, Ledger, ReservationId, ReservationRequest, UsageQuery, UsageRow,
    UserUsage,
};
use pytake_assistant::prompts::{CustomPrompt, Prompts, Publication, PutPrompt, RollBack, TestRun, TestSet};
use pytake_assistant::tenant::{
    Edit, NewTenant, PutVersion, Tenant, TenantEntry, TenantPart, TenantProfile, TenantSettings,
    TenantVersion, Tenants, Versioned,
};

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
    /// Whether conversations are another customer's: no exchange can be written, bookings alone can.
    pub(crate) is_of_another: Mutex<bool>,
    /// Places that were given back.
    pub(crate) released: Mutex<Vec<ReservationId>>,
    pub(crate) is_day_used_up: Mutex<bool>,
    pub(crate) suspended_at: Mutex<Option<Timestamp>>,
    pub(crate) shelf: Mutex<Shelf>,
    /// Of the tenant; to be set before the first turn, or with another version.
    pub(crate) settings: Mutex<TenantSettings>,
    /// What somebody else makes of the settings while the next change of them is on its way.
    pub(crate) overtaking: Mutex<Option<TenantSettings>>,
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
        if turn.exchange.is_some() && *self.is_of_another.lock() {
            return Err(StorageError::new("record the turn", "the conversation is another customer's"));
        }
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
        id: &ReservationId,
    ) -> Result<(), StorageError> {
        self.released.lock().push(id.clone());
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

    async fn test_run(
        &self,
        _: &TenantId,
        _: &PromptId,
        version: u32,
    ) -> Result<Option<TestRun>, StorageError> {
        Ok(self.shelf.lock().runs.iter().rev().find(|run| run.version == version).cloned())
    }

    async fn put_test_run(&self, _: &TenantId, _: &PromptId, run: &TestRun) -> Result<bool, StorageError> {
        let mut kept = self.shelf.lock();
        kept.runs.push(run.clone());
        let overtaking = kept.overtaking.take();
        kept.publications.extend(overtaking);
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
    /// What somebody else publishes while the next test run is on its way.
    pub(crate) overtaking: Option<Publication>,
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
        settings: &TenantSettings,
        edit: &Edit,
        _: Timestamp,
    ) -> Result<PutVersion, StorageError> {
        if let Some(others) = self.overtaking.lock().take() {
            *self.settings.lock() = others;
            if edit.based_on.is_some() {
                return Ok(PutVersion::Stale);
            }
        }
        *self.settings.lock() = settings.clone();
        Ok(PutVersion::Stored(1))
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
