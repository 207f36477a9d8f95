//! Earlier messages: the newest that fit, and a beginning every vendor accepts.

use std::borrow::Cow;

use super::{Budget, TOKENS_PER_MESSAGE, tokens};
use crate::conversation::ConversationMessage;
use crate::instructions::defused;
use crate::provider::{PromptMessage, Role};

/// Stands in for the customer where the business wrote first: a prompt begins with the user.
const BUSINESS_WROTE_FIRST: &str = "(The business wrote first.)";
/// o200k tokens of [`BUSINESS_WROTE_FIRST`] with its separators, rounded up; a test compares.
const OPENER_TOKENS: u64 = 10;

/// Takes messages from the newest back while they fit; in the order they were said.
pub(super) fn newest_that_fit(
    history: &[ConversationMessage],
    is_plain: bool,
    budget: &mut Budget,
    left_out: &mut Vec<String>,
) -> Vec<PromptMessage> {
    let opener = history.first().is_some_and(|first| first.role == Role::Assistant);
    let opener_tokens = if opener { OPENER_TOKENS } else { 0 };
    let mut kept: Vec<(PromptMessage, u64)> = Vec::with_capacity(history.len() + 2);
    for message in history.iter().rev() {
        let content =
            if is_plain { Cow::Borrowed(message.content.as_str()) } else { defused(&message.content) };
        let counted = match &content {
            Cow::Borrowed(_) => u64::from(message.tokens),
            Cow::Owned(changed) => tokens(changed),
        };
        let is_opener = opener && kept.len() + 1 == history.len();
        let cost = counted + TOKENS_PER_MESSAGE + if is_opener { opener_tokens } else { 0 };
        if !budget.try_take(cost) {
            break;
        }
        kept.push((PromptMessage::new(message.role, content), cost));
    }
    // An answer whose question did not fit says nothing.
    while kept.len() < history.len()
        && let Some((message, cost)) = kept.last()
        && message.role == Role::Assistant
    {
        budget.used -= cost;
        kept.pop();
    }
    match history.len() - kept.len() {
        0 => {}
        1 => left_out.push("1 older message".to_owned()),
        older => left_out.push(format!("{older} older messages")),
    }
    kept.into_iter().rev().map(|(message, _)| message).collect()
}

/// Puts a note of the engine's before the message at that place; false where the history ends there.
pub(super) fn note_before(messages: &mut Vec<PromptMessage>, at: usize, note: &str) -> bool {
    match messages.get_mut(at) {
        None => return false,
        Some(next) if next.role == Role::User => next.content = format!("{note}\n\n{}", next.content).into(),
        Some(_) => messages.insert(at, PromptMessage::new(Role::User, note)),
    }
    true
}

/// Puts the summary into the first message and makes that one the user's; gives the summary back where
/// there is no earlier message to hold it.
pub(super) fn begin_with_user(messages: &mut Vec<PromptMessage>, summary: Option<String>) -> Option<String> {
    let Some(first) = messages.first_mut() else { return summary };
    let content: String = match (summary, first.role) {
        (None, Role::User) => return None,
        (Some(summary), Role::User) => {
            first.content = format!("{summary}\n\n{}", first.content).into();
            return None;
        }
        (Some(summary), Role::Assistant) => summary,
        (None, Role::Assistant) => BUSINESS_WROTE_FIRST.to_owned(),
    };
    messages.insert(0, PromptMessage::new(Role::User, content));
    None
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::id::MessageId;

    pub(in crate::compose) fn said(role: Role, content: &str) -> ConversationMessage {
        let id = MessageId::new("m").expect("a valid id");
        ConversationMessage::new(id, role, content.to_owned(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_opener_is_paid_for() {
        assert!(tokens(BUSINESS_WROTE_FIRST) + TOKENS_PER_MESSAGE <= OPENER_TOKENS);
    }

    #[test]
    fn an_answer_without_its_question_is_left_out_and_its_tokens_given_back() {
        let history = [said(Role::User, "a"), said(Role::Assistant, "b"), said(Role::User, "c")];
        let one = tokens("a") + TOKENS_PER_MESSAGE;
        let (mut budget, mut left_out) = (Budget { used: 0, max: one * 2 }, Vec::new());
        let kept = newest_that_fit(&history, false, &mut budget, &mut left_out);
        assert_eq!(kept.iter().map(|m| &*m.content).collect::<Vec<_>>(), ["c"]);
        assert_eq!((budget.used, left_out), (one, vec!["2 older messages".to_owned()]));
    }
}
