//! Step disclose: the first words to a customer say that a machine writes them, where the channel asks for it.

use super::generate::Draft;
use super::recall::Situation;
use super::understand::Reading;
use crate::phrases;
use crate::provider::Role;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Puts the disclosure before the first reply of a conversation, whatever the reply is. Silence stays silent.
pub(crate) fn disclose(
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    draft: &mut Draft,
    trail: &mut Trail,
) {
    let is_wanted = request.burst.as_ref().is_some_and(|burst| burst.discloses);
    if !is_wanted || draft.text.is_empty() || has_answered(situation) {
        return;
    }
    let disclosure = phrases::disclosure(reading.language, &situation.tenant.profile.business_name);
    draft.text = format!("{disclosure}\n\n{}", draft.text);
    trail.step("disclose", "the first reply says that a machine answers");
}

/// Whether the customer has had an answer in this conversation. What a person wrote in the phone app is none of ours.
fn has_answered(situation: &Situation) -> bool {
    let history = &situation.history;
    let is_ours = |message: &crate::conversation::ConversationMessage| {
        message.role == Role::Assistant
            && !message.is_unsent()
            && !message.channel.as_ref().is_some_and(|detail| detail.is_echo)
    };
    if history.recent.is_empty() {
        // None of the messages is at hand, where the operator gives no history to models.
        return history.conversation.as_ref().is_some_and(|conversation| conversation.message_count > 0);
    }
    history.recent.iter().any(is_ours)
}
