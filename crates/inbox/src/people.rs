//! What people of the business do in a conversation of the channel: write, send a template, send again.

use pytake_assistant::AIError;
use pytake_assistant::channel::{
    DeliveryState, OutboundContent, OutboxDraft, OutboxId, OutboxKind, is_window_open,
};
use pytake_assistant::conversation::{ChannelDetail, ConversationMessage, Page};
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::{ConversationId, NumberId, TenantId};
use pytake_store::{ChannelConversation, OutboxFilter, OutboxRow, Resent};
use serde_json::{Value, json};

use crate::channel::Channel;

const NO_CONVERSATION: AIError = AIError::NotFound { what: "conversation" };

impl Channel {
    /// Adds a person's message and queues it; the conversation is theirs from then on. In a conversation that no channel
    /// brought it is only added.
    ///
    /// # Errors
    /// [`AIError::NotFound`] where there is no such conversation; [`AIError::InvalidRequest`] for the text;
    /// [`AIError::Conflict`] where the customer service window is closed; storage.
    pub async fn write_as_person(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        text: String,
    ) -> Result<ConversationMessage, AIError> {
        let Some(known) = self.shared.store.channel_conversation(tenant, conversation).await? else {
            return self.shared.assistant.add_human_message(tenant, conversation, text).await;
        };
        if !is_window_open(known.window_from, self.shared.clock.now()) {
            return Err(AIError::Conflict(
                "the customer last wrote more than 24 hours ago: only templates may be sent".to_owned(),
            ));
        }
        let contents = self.shared.messenger.write(&text, &[], None);
        self.queue(tenant, conversation, text, contents).await
    }

    /// Queues a template, the only thing that may be sent at any time; the conversation is the person's from then on.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] where the customer wants
    /// no such messages; storage.
    pub async fn send_template(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        name: String,
        language: String,
        components: Value,
    ) -> Result<ConversationMessage, AIError> {
        check_template(&name, &language, &components)?;
        let known = self.channel_conversation(tenant, conversation).await?;
        if known.customer.opted_out_at.is_some() {
            return Err(AIError::Conflict("the customer asked for no more messages".to_owned()));
        }
        let text = format!("[{name}]");
        let template = OutboundContent::Template { name, language, components };
        self.queue(tenant, conversation, text, vec![template]).await
    }

    /// Sends a message again that failed or was withheld.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::Conflict`] where it neither failed nor was withheld; storage.
    pub async fn resend(&self, tenant: &TenantId, id: &OutboxId) -> Result<(), AIError> {
        match self.shared.store.resend(tenant, id).await? {
            Resent::Queued => {
                self.shared.wake.sends.notify_one();
                Ok(())
            }
            Resent::Refused => {
                Err(AIError::Conflict("the message neither failed nor was withheld".to_owned()))
            }
            Resent::Unknown => Err(AIError::NotFound { what: "message" }),
        }
    }

    /// Lists what was sent, is to be sent, or was not.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a limit outside 1 to 200; storage.
    pub async fn outbox(&self, tenant: &TenantId, filter: OutboxFilter) -> Result<Page<OutboxRow>, AIError> {
        if !(1..=200).contains(&filter.limit) {
            return Err(AIError::invalid("limit", "must be from 1 to 200"));
        }
        Ok(self.shared.store.outbox(tenant, filter).await?)
    }

    /// How far a message with the channel's id has come, also one that another program sent; `None`: nothing is known.
    ///
    /// # Errors
    /// Storage.
    pub async fn delivery(
        &self,
        tenant: &TenantId,
        number: &NumberId,
        message_id: &str,
    ) -> Result<Option<DeliveryState>, AIError> {
        Ok(self.shared.store.delivery(tenant, number, message_id).await?)
    }

    /// What the channel knows about a conversation.
    ///
    /// # Errors
    /// [`AIError::NotFound`] where no channel brought it; storage.
    pub async fn channel_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<ChannelConversation, AIError> {
        self.shared.store.channel_conversation(tenant, conversation).await?.ok_or(NO_CONVERSATION)
    }

    async fn queue(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        text: String,
        contents: Vec<OutboundContent>,
    ) -> Result<ConversationMessage, AIError> {
        let mut drafts = Vec::new();
        for content in contents {
            drafts.push(OutboxDraft { id: self.outbox_id(), kind: OutboxKind::Person, content });
        }
        let outbox: Vec<OutboxId> = drafts.iter().map(|draft| draft.id.clone()).collect();
        let detail = ChannelDetail { outbox: outbox.clone(), ..ChannelDetail::default() };
        let message = self.shared.assistant.person_message(text, Some(detail))?;
        if !self.shared.store.queue(tenant, conversation, message.clone(), drafts).await? {
            return Err(NO_CONVERSATION);
        }
        self.shared.wake.sends.notify_one();
        let ids: Vec<&str> = outbox.iter().map(|id| id.0.as_str()).collect();
        let data = json!({
            "message_id": message.id.as_str(),
            "text": message.content,
            "author": "person",
            "outbox": ids,
        });
        self.publish(tenant, TenantEventKind::Reply, Some(conversation), data);
        Ok(message)
    }
}

/// Meta's forms: names of 1 to 512 small letters, digits and `_`; languages such as `pt_BR`; a list of components.
fn check_template(name: &str, language: &str, components: &Value) -> Result<(), AIError> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(1..=512).contains(&name.len()) || !name.chars().all(is_name) {
        return Err(AIError::invalid("name", "must have 1 to 512 characters a-z, 0-9 and '_'"));
    }
    let is_language = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !(2..=15).contains(&language.len()) || !language.chars().all(is_language) {
        return Err(AIError::invalid("language", "must be a code such as pt_BR, es or en_US"));
    }
    if !(components.is_null() || components.is_array()) {
        return Err(AIError::invalid("components", "must be a list, or be left out"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_checked_before_it_is_queued() {
        assert!(check_template("order_ready_2", "pt_BR", &Value::Null).is_ok());
        assert!(check_template("order_ready_2", "pt_BR", &json!([])).is_ok());
        assert!(check_template("Order Ready", "pt_BR", &Value::Null).is_err());
        assert!(check_template("order", "português", &Value::Null).is_err());
        assert!(check_template("order", "pt", &json!({})).is_err());
    }
}
