//! Step recall: the conversation so far, the prompt that was asked for.

use std::borrow::Cow;
use std::sync::Arc;

use crate::analysis::Subject;
use crate::conversation::{ConversationMessage, History};
use crate::error::AIError;
use crate::intent_models::IntentReader;
use crate::prompts::{self, CustomPrompt};
use crate::provider::Role;
use crate::service::{Engine, ForPurpose};
use crate::spans::RECALL;
use crate::tenant::PromptPurpose;
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// What is known before the message is looked at.
#[derive(Debug)]
pub(crate) struct Situation {
    pub(crate) tenant: Arc<TenantView>,
    pub(crate) intents: Arc<IntentReader>,
    pub(crate) history: History,
    pub(crate) prompt: Option<ChosenPrompt>,
}

/// A custom prompt, and who chose it.
#[derive(Debug)]
pub(crate) struct ChosenPrompt {
    pub(crate) prompt: CustomPrompt,
    /// True where the request named it: it is used or the request refused. The tenant's own choice for replies gives way
    /// to the default instructions where it cannot be used.
    pub(crate) is_asked_for: bool,
}

impl Situation {
    /// The message as every analysis looks at it.
    pub(crate) fn subject<'a>(&'a self, request: &'a TurnRequest) -> Subject<'a> {
        let waiting =
            self.history.recent.iter().rev().take_while(|message| message.role == Role::User).count();
        Subject::new(&request.message, &self.tenant, Arc::clone(&self.intents))
            .at(self.tenant.local_time(request.arrived_at))
            .with_unanswered(u32::try_from(waiting).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// What the customer knows of the history: a reply that never went out has told nobody anything, and its question is
    /// still open. With it, where in that the conversation came back from a person.
    pub(crate) fn seen(&self) -> (Cow<'_, [ConversationMessage]>, Option<usize>) {
        let (recent, resumed) = (&self.history.recent, self.resumed_within());
        if !recent.iter().any(ConversationMessage::is_unsent) {
            return (Cow::Borrowed(recent), resumed);
        }
        let seen = |messages: &[ConversationMessage]| -> Vec<ConversationMessage> {
            messages.iter().filter(|message| !message.is_unsent()).cloned().collect()
        };
        (Cow::Owned(seen(recent)), resumed.map(|place| seen(&recent[..place]).len()))
    }

    /// Where in the history the conversation came back from a person: what stands before is settled. `None` where that
    /// is not among the messages at hand.
    pub(crate) fn resumed_within(&self) -> Option<usize> {
        let conversation = self.history.conversation.as_ref()?;
        let resumed_at = conversation.resumed_at?;
        let at_hand = self.history.recent.len() as u64;
        let first = conversation.message_count.saturating_sub(at_hand);
        let place = resumed_at.checked_sub(first).filter(|place| (1..=at_hand).contains(place))?;
        usize::try_from(place).ok()
    }
}

/// Reads what the turn needs; nothing is read that cannot be there.
///
/// # Errors
/// [`AIError::InvalidRequest`] for the prompt, [`AIError::Conflict`] when the conversation is another
/// customer's.
#[tracing::instrument(level = "debug", name = RECALL, skip_all)]
pub(crate) async fn recall(
    engine: &Engine,
    request: &TurnRequest,
    tenant: Arc<TenantView>,
    trail: &mut Trail,
) -> Result<Situation, AIError> {
    let intents = engine.intent_models.of_tenant(&*engine.store, &request.tenant, &tenant).await?;
    let history = if request.is_new_conversation {
        History::default()
    } else {
        let limit = if request.include_history { engine.settings.history_messages } else { 0 };
        engine.store.history(&request.tenant, &request.conversation, limit).await?
    };
    if let Some(conversation) = &history.conversation
        && conversation.user_id != request.user
    {
        return Err(AIError::Conflict("the conversation belongs to another user_id".to_owned()));
    }
    let prompt = match &request.prompt {
        Some(wanted) => {
            let found = prompts::find(&*engine.store, &request.tenant, wanted).await?;
            let prompt = found.ok_or_else(|| {
                AIError::invalid(
                    "prompt",
                    "names no prompt of this tenant; give its id or its name, with @ and a version if need be",
                )
            })?;
            Some(ChosenPrompt { prompt, is_asked_for: true })
        }
        None if request.system_prompt.is_some() || request.sentence().is_some() => None,
        None => own_prompt(engine, &tenant, trail).await?,
    };
    Ok(Situation { tenant, intents, history, prompt })
}

/// What the tenant chose for replies that name no prompt.
async fn own_prompt(
    engine: &Engine,
    tenant: &TenantView,
    trail: &mut Trail,
) -> Result<Option<ChosenPrompt>, AIError> {
    match engine.prompt_for(tenant, PromptPurpose::Reply).await? {
        ForPurpose::Nothing => Ok(None),
        ForPurpose::Prompt(prompt) => Ok(Some(ChosenPrompt { prompt: *prompt, is_asked_for: false })),
        ForPurpose::Vanished => {
            trail.step("recall", "the prompt for replies is gone; the default instructions are used");
            Ok(None)
        }
    }
}
