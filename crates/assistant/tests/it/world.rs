//! The engine with a store in memory, a provider that answers in order, and a channel that sends nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use pytake_assistant::answers::Fit;
use pytake_assistant::channel::{ItemId, Lease};
use pytake_assistant::clock::TestClock;
use pytake_assistant::conversation::{ChannelDetail, TurnRecord};
use pytake_assistant::id::{ConversationId, CountingIds, TenantId, UserId};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Completion, CompletionRequest, FailureKind, FinishReason, ProviderFailure};
use pytake_assistant::service::{Answered, ChannelDelivery, ChannelMessage, ChannelTurn, ServerSentence};
use pytake_assistant::tenant::TenantLimits;
use pytake_assistant::{AIError, AIProviderTrait, Assistant, ChatResponse, Clock, Settings};

use crate::channel::plain::PlainMessenger;
use crate::memory::Memory;

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
                messenger: Arc::new(PlainMessenger),
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
