//! How a turn ends: written, late, failed, or settled without one.

use std::error::Error;
use std::time::Duration;

use jiff::SignedDuration;
use pytake_assistant::AIError;
use pytake_assistant::channel::{Recorded, Settlement};
use pytake_assistant::conversation::{ConversationMessage, Exchange, TurnRecord};
use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::ledger::Origin;
use pytake_assistant::phrases;
use pytake_assistant::provider::Role;
use pytake_assistant::service::{Answered, ServerSentence};
use pytake_store::{Claim, ClaimKey, ConversationOfAnotherUser};
use pytake_understanding::language::Language;
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::metrics;
use crate::registry::KnownNumber;
use crate::rules::{AfterError, after_error, is_our_mistake, wait};

/// That a limit is reached is said once in so long: who writes on is not told with every message.
const LIMIT_TOLD_FOR: SignedDuration = SignedDuration::from_hours(6);
/// Why a person has a conversation in which every attempt to answer failed.
const ASSISTANT_FAILED: &str = "assistant_failed";
/// 4,096 characters: the longest text of a message (WhatsApp Cloud API).
const MAX_TEXT_CHARS: usize = 4_096;
/// Messages that are searched for it.
const SEARCHED_MESSAGES: u32 = 50;

impl Channel {
    /// What follows from a record of a turn.
    pub(super) fn conclude(&self, claim: &Claim, answered: &Answered, outcome: &'static str) {
        let outcome = match answered {
            Answered::Recorded(response) => {
                let items: Vec<_> = claim.items.iter().map(|item| item.id).collect();
                self.shared.memory.forget_heard(&items);
                if response.response.is_empty() {
                    if outcome == "kept" { outcome } else { "silent" }
                } else {
                    let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
                    self.shared.memory.reply_is_queued(tenant, conversation, claim.first_received_at);
                    self.shared.wake.sends.notify_one();
                    outcome
                }
            }
            Answered::Fenced => "fenced",
            Answered::Outdated => {
                self.shared.wake.turns.notify_one();
                "outdated"
            }
        };
        metrics::turn_ended(outcome);
        tracing::info!(outcome, failed_attempts = claim.failed_attempts, "turn of the channel ended");
    }

    /// What follows from a failure; the burst stays until something settles it.
    pub(super) async fn after_failure(&self, claim: &Claim, number: Option<&KnownNumber>, error: AIError) {
        if is_our_mistake(&error) {
            tracing::error!(error = %error, "a turn of the channel could not be made");
        } else {
            tracing::warn!(error = %error, failed_attempts = claim.failed_attempts, "a turn of the channel failed");
        }
        let said = match (after_error(&error, claim.failed_attempts), number) {
            (AfterError::Postpone(wait), _) => return self.postpone(&claim.key, wait).await,
            (AfterError::Defer(wait), _) => return self.defer(&claim.key, wait).await,
            (AfterError::Say(sentence), Some(number)) => self.say(claim, number, sentence).await,
            (AfterError::SayLimit, Some(number)) => self.say_limit(claim, number).await,
            (AfterError::Say(_) | AfterError::SayLimit, None) => Err(error),
        };
        if let Err(error) = said {
            tracing::warn!(error = %error, "could not even say so");
            self.postpone(&claim.key, wait(claim.failed_attempts, error.retry_after())).await;
        }
    }

    async fn say_limit(&self, claim: &Claim, number: &KnownNumber) -> Result<(), AIError> {
        if self.said_limit_lately(claim).await? {
            return self.keep(claim, "limit_reached").await;
        }
        self.say(claim, number, ServerSentence::LimitReached).await
    }

    async fn said_limit_lately(&self, claim: &Claim) -> Result<bool, StorageError> {
        let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
        let history = self.shared.conversations.history(tenant, conversation, SEARCHED_MESSAGES).await?;
        let now = self.shared.clock.now();
        Ok(history.recent.iter().any(|message| {
            message.role == Role::Assistant
                && !message.is_unsent()
                && now.duration_since(message.created_at) < LIMIT_TOLD_FOR
                && Language::ALL
                    .into_iter()
                    .any(|language| message.content.ends_with(phrases::limit_reached(Some(language))))
        }))
    }

    /// Gives a conversation back whose tenant has used up its limits for now. Nothing has failed, so nothing is counted.
    async fn defer(&self, key: &ClaimKey, wait: Duration) {
        metrics::turn_ended("deferred");
        if let Err(error) = self.shared.store.defer(key, wait).await {
            // The lease ends, and the conversation is due again then.
            tracing::error!(conversation = %key.conversation, error = %error, "could not defer a turn");
        }
    }

    /// Gives the conversation back, due again after a wait.
    pub(super) async fn postpone(&self, key: &ClaimKey, wait: Duration) {
        metrics::turn_ended("postponed");
        if let Err(error) = self.shared.store.postpone(key, wait).await {
            // The lease ends, and the conversation is due again then.
            tracing::error!(conversation = %key.conversation, error = %error, "could not postpone a turn");
        }
    }

    /// Ends a burst on which every attempt has failed, the server's own sentence included: its messages are written down as
    /// they are, without another look at them, and a person is asked for, all in one transaction.
    pub(super) async fn give_to_person(&self, claim: &Claim) {
        let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
        let details = json!({"items": claim.items.len(), "failed_attempts": claim.failed_attempts});
        let record = match self.for_person(claim) {
            Ok(record) => record,
            Err(error) => return self.give_up(claim, &details, &error.to_string()).await,
        };
        match self.shared.conversations.record(record).await.map(|outcome| outcome.recorded) {
            Ok(Recorded::Written) => {
                let data = json!({"state": "waiting", "reason": ASSISTANT_FAILED});
                self.publish(tenant, TenantEventKind::Handoff, Some(conversation), data);
                self.alarm(tenant, Some(conversation), ASSISTANT_FAILED, &details);
                metrics::turn_ended("given_to_person");
            }
            Ok(Recorded::Fenced | Recorded::Outdated) => metrics::turn_ended("fenced"),
            Err(error) if is_of_another_user(&error) => {
                self.give_up(claim, &details, "the conversation is another customer's").await;
            }
            Err(error) => {
                tracing::error!(error = %error, "could not give a conversation to a person");
                self.postpone(&claim.key, wait(claim.failed_attempts, None)).await;
            }
        }
    }

    /// The burst as it is, with a person asked for.
    fn for_person(&self, claim: &Claim) -> Result<TurnRecord, AIError> {
        let mut questions = Vec::new();
        for message in Self::glance(claim).messages {
            let text: String = message.text.chars().take(MAX_TEXT_CHARS).collect();
            let kept = self.shared.assistant.person_message(text, Some(message.detail))?;
            questions.push(ConversationMessage { role: Role::User, created_at: message.sent_at, ..kept });
        }
        Ok(TurnRecord {
            tenant: claim.key.tenant.clone(),
            user: claim.customer.id.clone(),
            exchange: Some(Exchange {
                conversation: claim.key.conversation.clone(),
                questions,
                answer: None,
                handoff_reason: Some(ASSISTANT_FAILED.to_owned()),
            }),
            ledger: Vec::new(),
            origin: Origin::default(),
            budgets: Vec::new(),
            reservation: None,
            settlement: Some(Settlement {
                lease: claim.key.lease,
                items: claim.items.iter().map(|item| item.id).collect(),
                outbound: Vec::new(),
                is_void_when_newer: false,
            }),
            at: self.shared.clock.now(),
        })
    }

    /// What cannot even be written down must not keep what comes after it from being answered. It stays in the inbox's own
    /// record, and somebody has to look.
    async fn give_up(&self, claim: &Claim, details: &Value, why: &str) {
        let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
        tracing::error!(%conversation, why, "messages of a customer cannot be kept in a conversation");
        let items: Vec<_> = claim.items.iter().map(|item| item.id).collect();
        match self.shared.store.dismiss(&claim.key, &items).await {
            Ok(true) => {
                self.alarm(tenant, Some(conversation), "messages_not_kept", details);
                metrics::turn_ended("dismissed");
            }
            Ok(false) => metrics::turn_ended("fenced"),
            // The lease ends, and the same is decided again.
            Err(error) => tracing::error!(error = %error, "could not settle a burst without a turn"),
        }
    }
}

fn is_of_another_user(error: &StorageError) -> bool {
    error.source().and_then(|source| source.downcast_ref::<ConversationOfAnotherUser>()).is_some()
}
