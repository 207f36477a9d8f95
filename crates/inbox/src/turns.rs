//! Turns: a conversation that is due is claimed, decided about, answered and settled.
//!
//! Whatever goes wrong, the burst stays in the inbox until something has settled it: an answer, a sentence of the
//! server's own, or a rule that says that none is wanted. Two workers never have the same conversation: the lease
//! says who has it, and who comes back too late writes nothing.

mod outcome;
mod reading;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use pytake_assistant::AIError;
use pytake_assistant::conversation::Attendant;
use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::service::{ChannelDelivery, ChannelTurn, ServerSentence};
use pytake_store::Claim;
use serde_json::json;

use crate::channel::Channel;
use crate::metrics::{self, RunningTurn};
use crate::registry::KnownNumber;
use crate::rules::{Brake, GIVE_UP_AFTER, Plan, decide, returns, wait};
use crate::seats::Seat;
use crate::words::{calling_code_of, facts, usual_language};
use crate::work::Work;
use reading::Reading;

/// Drafts of a burst that may become void because something newer arrived: then the next one is sent as it is, or a
/// customer who never stops writing would never be answered.
const MAX_VOID_DRAFTS: u32 = 3;
/// Items of a claim, see [`Claim::items`]: of a burst that fills it the rest is already waiting.
const MAX_ITEMS: usize = 30;
/// A read mark that takes longer is not worth waiting for at shutdown.
const MARK_WITHIN: Duration = Duration::from_secs(10);

/// A claimed conversation, and that it is in work.
pub(crate) struct Seated {
    claim: Claim,
    seat: Seat,
}

/// Conversations that are due, as work.
#[derive(Clone)]
pub(crate) struct Turns(pub(crate) Channel);

#[async_trait]
impl Work for Turns {
    type Job = Seated;

    async fn take(&self) -> Result<Option<Seated>, StorageError> {
        let shared = &self.0.shared;
        let (lease, crowded) = (shared.settings.lease, shared.seats.crowded());
        let mut claim = None;
        if !crowded.is_empty() {
            claim = shared.store.claim_of_others(lease, &crowded).await?;
        }
        if claim.is_none() {
            claim = shared.store.claim(lease).await?;
        }
        Ok(claim.map(|claim| Seated { seat: shared.seats.sit(&claim.key.tenant), claim }))
    }

    async fn next_in(&self) -> Result<Option<Duration>, StorageError> {
        self.0.shared.store.next_claim_in().await
    }

    async fn act(&self, Seated { claim, seat }: Seated) {
        let _until_it_ends = seat;
        let (key, failed_attempts) = (claim.key.clone(), claim.failed_attempts);
        let clock = &self.0.shared.clock;
        let (_running, began) = (RunningTurn::begin(), clock.elapsed());
        // A turn that breaks must take neither the worker nor the burst with it.
        let turn = AssertUnwindSafe(self.0.turn(claim)).catch_unwind();
        if turn.await.is_err() {
            tracing::error!(conversation = %key.conversation, "a turn broke; it is tried again");
            self.0.postpone(&key, wait(failed_attempts, None)).await;
        }
        metrics::turn_took(clock.elapsed().saturating_sub(began));
    }
}

impl Channel {
    /// The path of a burst.
    #[tracing::instrument(
        level = "info", name = "channel turn", skip_all,
        fields(conversation = %claim.key.conversation, items = claim.items.len())
    )]
    async fn turn(&self, mut claim: Claim) {
        let number = match self.number_of(&claim).await {
            Ok(Some(number)) => Some(number),
            Ok(None) => None,
            Err(error) => return self.after_failure(&claim, None, error.into()).await,
        };
        if claim.failed_attempts >= GIVE_UP_AFTER {
            return self.give_to_person(&claim).await;
        }
        let Some(number) = number else {
            if let Err(error) = self.keep(&claim, "number_gone").await {
                self.after_failure(&claim, None, error).await;
            }
            return;
        };
        if let Err(error) = self.take_back(&mut claim, &number).await {
            return self.after_failure(&claim, Some(&number), error.into()).await;
        }
        let plan = decide(&claim, &number.record.settings, self.shared.clock.now());
        tracing::debug!(?plan, "decided");
        if let Err(error) = self.carry_out(plan, &claim, &number).await {
            self.after_failure(&claim, Some(&number), error).await;
        }
    }

    /// The number, if it is still this tenant's.
    async fn number_of(&self, claim: &Claim) -> Result<Option<Arc<KnownNumber>>, StorageError> {
        let number = self.shared.numbers.current().await?.get(&claim.number);
        Ok(number.filter(|number| number.record.tenant == claim.key.tenant))
    }

    async fn carry_out(&self, plan: Plan, claim: &Claim, number: &KnownNumber) -> Result<(), AIError> {
        match plan {
            Plan::OptOut => self.note_consent(claim, number, true).await,
            Plan::OptIn => self.note_consent(claim, number, false).await,
            Plan::Keep(why) => self.keep(claim, why).await,
            Plan::Brake(brake, pause) => self.brake(claim, number, brake, pause).await,
            Plan::Listen => self.listen(claim, number).await,
            Plan::Answer => self.answer(claim, number).await,
        }
    }

    /// Where people have left the conversation alone for as long as the number allows, the assistant takes it back.
    async fn take_back(&self, claim: &mut Claim, number: &KnownNumber) -> Result<(), StorageError> {
        let now = self.shared.clock.now();
        let Some(conversation) = &mut claim.conversation else { return Ok(()) };
        if !returns(conversation, &number.record.settings, now) {
            return Ok(());
        }
        let (tenant, id) = (&claim.key.tenant, &claim.key.conversation);
        let to = Attendant::Assistant;
        self.shared.conversations.set_attendant(tenant, id, to, None, now).await?;
        conversation.attendant = to;
        conversation.paused_until = None;
        conversation.closed_at = None;
        let data = json!({"state": "assistant", "reason": "returned"});
        self.publish(tenant, TenantEventKind::Handoff, Some(id), data);
        Ok(())
    }

    async fn note_consent(&self, claim: &Claim, number: &KnownNumber, is_stop: bool) -> Result<(), AIError> {
        let (tenant, now) = (&claim.key.tenant, self.shared.clock.now());
        // Before it is confirmed: a crash in between repeats the confirmation, and breaks no promise.
        self.shared.store.set_opted_out(tenant, &claim.customer.id, is_stop, now).await?;
        let data = json!({"user_id": claim.customer.id.as_str(), "is_opted_out": is_stop});
        self.publish(tenant, TenantEventKind::Consent, Some(&claim.key.conversation), data);
        let sentence = if is_stop { ServerSentence::OptedOut } else { ServerSentence::OptedIn };
        self.say(claim, number, sentence).await
    }

    async fn brake(
        &self,
        claim: &Claim,
        number: &KnownNumber,
        brake: Brake,
        pause: Duration,
    ) -> Result<(), AIError> {
        metrics::braked(brake.as_str());
        let (tenant, conversation) = (&claim.key.tenant, &claim.key.conversation);
        let now = self.shared.clock.now();
        let until = now.saturating_add(pause).unwrap_or(now);
        let is_paused = self.shared.conversations.pause(tenant, conversation, Some(until), now).await?;
        let details = json!({"rule": brake.as_str(), "paused_until": until.to_string()});
        self.alarm(tenant, Some(conversation), "loop_brake", &details);
        if is_paused {
            return self.listen(claim, number).await;
        }
        // The first message ever: now there is a conversation that can be silent.
        self.keep(claim, brake.as_str()).await?;
        self.shared.conversations.pause(tenant, conversation, Some(until), now).await?;
        Ok(())
    }

    /// Keeps the burst; the assistant sees that it is not its turn and stays silent.
    async fn listen(&self, claim: &Claim, number: &KnownNumber) -> Result<(), AIError> {
        let reading = self.read(claim, number).await;
        let answered = self
            .shared
            .assistant
            .answer(&claim.key.tenant, self.prepare(claim, Some(number), reading))
            .await?;
        self.conclude(claim, &answered, "silent");
        Ok(())
    }

    async fn answer(&self, claim: &Claim, number: &KnownNumber) -> Result<(), AIError> {
        let tenant = &claim.key.tenant;
        // Nobody reads or types where nobody will answer.
        if !self.shared.assistant.is_suspended(tenant).await? {
            self.show_typing(claim, number);
        }
        let reading = self.read(claim, number).await;
        let Some(sentence) = reading.sentence_instead() else {
            let answered =
                self.shared.assistant.answer(tenant, self.prepare(claim, Some(number), reading)).await?;
            self.conclude(claim, &answered, "answered");
            return Ok(());
        };
        let turn = self.prepare(claim, Some(number), reading);
        let answered = self.shared.assistant.say(tenant, turn, sentence).await?;
        self.conclude(claim, &answered, "said");
        Ok(())
    }

    /// Settles the burst with a sentence of the server's own, without looking at files.
    pub(crate) async fn say(
        &self,
        claim: &Claim,
        number: &KnownNumber,
        sentence: ServerSentence,
    ) -> Result<(), AIError> {
        let turn = self.prepare(claim, Some(number), Self::glance(claim));
        let answered = self.shared.assistant.say(&claim.key.tenant, turn, sentence).await?;
        self.conclude(claim, &answered, "said");
        Ok(())
    }

    /// Settles the burst without a word: what was written is kept in the conversation, where people read it.
    pub(crate) async fn keep(&self, claim: &Claim, why: &'static str) -> Result<(), AIError> {
        let turn = self.prepare(claim, None, Self::glance(claim));
        let kept = self.shared.assistant.say(&claim.key.tenant, turn, ServerSentence::Nothing).await?;
        self.conclude(claim, &kept, "kept");
        tracing::info!(why, "settled without a word");
        Ok(())
    }

    fn prepare(&self, claim: &Claim, number: Option<&KnownNumber>, reading: Reading) -> ChannelTurn {
        let messages = claim.items.iter().map(|item| &item.message);
        ChannelTurn {
            user: claim.customer.id.clone(),
            conversation: claim.key.conversation.clone(),
            context: facts(&claim.customer, messages, reading.quoted.as_deref()),
            messages: reading.messages,
            calling_code: calling_code_of(&claim.customer.recipient),
            images: reading.images,
            discloses: number.is_some_and(|number| number.record.settings.discloses),
            delivery: ChannelDelivery {
                lease: claim.key.lease,
                items: claim.items.iter().map(|item| item.id).collect(),
                is_void_when_newer: claim.void_drafts < MAX_VOID_DRAFTS && claim.items.len() < MAX_ITEMS,
                messenger: Arc::clone(&self.shared.messenger),
            },
        }
    }

    /// Marks the newest message as read and shows that somebody is typing. Nobody waits for it, and its failure harms
    /// nothing.
    fn show_typing(&self, claim: &Claim, number: &KnownNumber) {
        let (Some(access), Some(newest)) = (number.access.clone(), claim.items.last()) else { return };
        let (messenger, message_id) = (Arc::clone(&self.shared.messenger), newest.message.id.clone());
        self.shared.background.spawn(async move {
            let call = messenger.mark_read(&access, &message_id, true);
            let is_marked = matches!(tokio::time::timeout(MARK_WITHIN, call).await, Ok(Ok(())));
            metrics::read_mark(if is_marked { "ok" } else { "failed" });
        });
    }

    /// The usual language of the customer's country.
    fn language_of(claim: &Claim) -> pytake_understanding::language::Language {
        usual_language(calling_code_of(&claim.customer.recipient))
    }
}
