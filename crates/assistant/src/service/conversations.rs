//! Conversations: reading, handing over, pausing, closing, writing as a person, deleting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Assistant;
use crate::conversation::{
    Attendant, Conversation, ConversationFilter, ConversationMessage, ConversationState, Page, Summary,
};
use crate::error::AIError;
use crate::events::TenantEventKind;
use crate::id::{ConversationId, MessageId, TenantId};

/// Newest messages shown with a conversation; older ones are read in pages by position.
const SHOWN_MESSAGES: u64 = 500;

const NO_CONVERSATION: AIError = AIError::NotFound { what: "conversation" };

/// A conversation with its newest messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationDetail {
    /// The conversation.
    pub conversation: Conversation,
    /// Its newest 500 messages, oldest first.
    pub messages: Vec<ConversationMessage>,
    /// The running summary of the older part, where one was made.
    pub summary: Option<Summary>,
}

impl Assistant {
    /// Lists conversations, newest change first.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a limit outside 1 to 200; storage.
    pub async fn conversations(
        &self,
        tenant: &TenantId,
        filter: ConversationFilter,
    ) -> Result<Page<Conversation>, AIError> {
        if !(1..=200).contains(&filter.limit) {
            return Err(AIError::invalid("limit", "must be from 1 to 200"));
        }
        Ok(self.engine.store.conversations(tenant, filter).await?)
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn conversation(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
    ) -> Result<ConversationDetail, AIError> {
        let history = self.engine.store.history(tenant, id, 0).await?;
        let conversation = history.conversation.ok_or(NO_CONVERSATION)?;
        let end = conversation.message_count;
        let shown = end.saturating_sub(SHOWN_MESSAGES)..end;
        let messages = self.engine.store.messages(tenant, id, shown.start, shown.end).await?;
        Ok(ConversationDetail { conversation, messages, summary: history.summary })
    }

    /// Deletes a conversation; its usage stays.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn delete_conversation(&self, tenant: &TenantId, id: &ConversationId) -> Result<(), AIError> {
        found(self.engine.store.delete_conversation(tenant, id).await?)
    }

    /// Gives a conversation to a person, or back to the assistant.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a reason over 500 characters; [`AIError::NotFound`]; storage.
    pub async fn hand_over(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        to: Attendant,
        reason: Option<String>,
    ) -> Result<(), AIError> {
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
            return Err(AIError::invalid("reason", "must have at most 500 characters"));
        }
        let now = self.engine.clock.now();
        found(self.engine.store.set_attendant(tenant, id, to, reason, now).await?)?;
        self.as_it_is(tenant, id, now).await.map(drop)
    }

    /// Keeps the assistant silent in a conversation until then, or lets it speak again. Whoever has the conversation
    /// keeps it.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a time that is over; [`AIError::NotFound`]; storage.
    pub async fn pause(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        until: Option<Timestamp>,
    ) -> Result<Conversation, AIError> {
        let now = self.engine.clock.now();
        if until.is_some_and(|until| until <= now) {
            return Err(AIError::invalid("until", "must be in the future"));
        }
        found(self.engine.store.pause(tenant, id, until, now).await?)?;
        self.as_it_is(tenant, id, now).await
    }

    /// Closes a conversation. The customer's next message opens it again, for the assistant.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn close(&self, tenant: &TenantId, id: &ConversationId) -> Result<Conversation, AIError> {
        let now = self.engine.clock.now();
        found(self.engine.store.close(tenant, id, now).await?)?;
        self.as_it_is(tenant, id, now).await
    }

    /// Adds a message that a person of the business wrote. The conversation is theirs from then on.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`]; [`AIError::NotFound`]; storage.
    pub async fn add_human_message(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        text: String,
    ) -> Result<ConversationMessage, AIError> {
        let message = self.person_message(text, None)?;
        found(self.engine.store.add_message(tenant, id, message.clone()).await?)?;
        let reply = json!({"message_id": message.id, "text": message.content, "author": "person"});
        let (place, at) = (Some(id.clone()), message.created_at);
        self.engine.events.publish(tenant, TenantEventKind::Reply, place, at, reply);
        Ok(message)
    }

    /// Reads a conversation that has just gone to somebody else, and tells operators who watch.
    async fn as_it_is(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        now: Timestamp,
    ) -> Result<Conversation, AIError> {
        let conversation =
            self.engine.store.history(tenant, id, 0).await?.conversation.ok_or(NO_CONVERSATION)?;
        let state = conversation.state(now);
        let mut told = json!({"state": state});
        if let Some(reason) = &conversation.handoff_reason {
            told["reason"] = json!(reason);
        }
        if state == ConversationState::Paused {
            told["until"] = json!(conversation.paused_until);
        }
        self.engine.events.publish(tenant, TenantEventKind::Handoff, Some(id.clone()), now, told);
        Ok(conversation)
    }
}

impl super::Engine {
    /// A fresh message id.
    pub(crate) fn message_id(&self) -> Result<MessageId, AIError> {
        MessageId::new(self.ids.next())
            .map_err(|why| AIError::Configuration(format!("the id source made an unusable id: {why}")))
    }
}

fn found(was_there: bool) -> Result<(), AIError> {
    if was_there { Ok(()) } else { Err(NO_CONVERSATION) }
}
