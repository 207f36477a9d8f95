//! A message that a person of the business writes, wherever it goes from here.

use super::Assistant;
use crate::conversation::{ChannelDetail, ConversationMessage};
use crate::error::{AIError, FieldProblem};
use crate::provider::Role;
use crate::turn::check_message;

impl Assistant {
    /// Makes the message of a person of the business; stores nothing.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a text that is empty or too long.
    pub fn person_message(
        &self,
        text: String,
        channel: Option<ChannelDetail>,
    ) -> Result<ConversationMessage, AIError> {
        let mut problems: Vec<FieldProblem> = Vec::new();
        check_message(&text, &mut problems);
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let (id, now) = (self.engine.message_id()?, self.engine.clock.now());
        Ok(ConversationMessage { channel, ..ConversationMessage::new(id, Role::Assistant, text, now) })
    }
}
