//! Step recall: the tenant, the conversation so far, the prompt that was asked for.

use std::sync::Arc;

use crate::conversation::History;
use crate::error::AIError;
use crate::id::PromptId;
use crate::prompts::CustomPrompt;
use crate::service::Engine;
use crate::spans::RECALL;
use crate::tenant_view::TenantView;
use crate::turn::TurnRequest;

/// What is known before the message is looked at.
#[derive(Debug)]
pub(crate) struct Situation {
    pub(crate) tenant: Arc<TenantView>,
    pub(crate) history: History,
    pub(crate) prompt: Option<CustomPrompt>,
}

/// Reads what the turn needs; nothing is read that cannot be there.
///
/// # Errors
/// [`AIError::NotFound`] for the tenant, [`AIError::InvalidRequest`] for the prompt, [`AIError::Conflict`] when the conversation is another
/// customer's.
#[tracing::instrument(level = "debug", name = RECALL, skip_all)]
pub(crate) async fn recall(engine: &Engine, request: &TurnRequest) -> Result<Situation, AIError> {
    let tenant = engine.tenants.view(&*engine.store, &request.tenant).await?;
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
        Some(wanted) => Some(find_prompt(engine, request, wanted).await?),
        None => None,
    };
    Ok(Situation { tenant, history, prompt })
}

async fn find_prompt(engine: &Engine, request: &TurnRequest, wanted: &str) -> Result<CustomPrompt, AIError> {
    if let Ok(id) = PromptId::new(wanted)
        && let Some(prompt) = engine.store.prompt(&request.tenant, &id).await?
    {
        return Ok(prompt);
    }
    let named = engine.store.prompt_named(&request.tenant, wanted).await?;
    named.ok_or_else(|| AIError::invalid("prompt", "names no prompt of this tenant; give its id or its name"))
}
