//! What a person who takes over is told: what the customer wants, in a few lines, made on the device. Pure.

use crate::conversation::{ConversationMessage, History};
use crate::provider::Role;

/// The longest brief, in characters: what a notification or a line of a list shows.
const MAX_CHARS: usize = 400;
/// Texts of the customer in it, at most.
const MAX_TEXTS: usize = 4;
/// How much of it the summary of the older part may take, in characters: the rest is what was written last.
const MAX_SUMMARY_CHARS: usize = 200;

/// The stored summary, where there is one, and the customer's last texts, the newest last.
pub(super) fn brief(history: &History, questions: &[ConversationMessage]) -> String {
    let mut left = MAX_CHARS;
    let summary = history.summary.as_ref().map(|summary| shortened(&summary.text, MAX_SUMMARY_CHARS));
    if let Some(summary) = &summary {
        left = left.saturating_sub(summary.chars().count() + 1);
    }
    let mut texts: Vec<String> = Vec::new();
    let said = history.recent.iter().chain(questions).filter(|message| message.role == Role::User);
    for message in said.rev().take(MAX_TEXTS) {
        // The newest is always there; of the others, what fits whole.
        let text = shortened(&message.content, if texts.is_empty() { left } else { usize::MAX });
        let chars = text.chars().count() + SEPARATOR.len();
        if text.is_empty() {
            continue;
        }
        if !texts.is_empty() && chars > left {
            break;
        }
        left = left.saturating_sub(chars);
        texts.push(text);
    }
    texts.reverse();
    let texts = texts.join(SEPARATOR);
    match summary {
        Some(summary) if texts.is_empty() => summary,
        Some(summary) => format!("{summary}\n{texts}"),
        None => texts,
    }
}

/// Between two texts.
const SEPARATOR: &str = " / ";

/// A text on one line, cut with `…` where it is longer than so many characters.
fn shortened(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(chars) {
        None => line,
        Some(_) => line.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::conversation::Summary;
    use crate::id::MessageId;

    fn said(role: Role, content: &str) -> ConversationMessage {
        let id = MessageId::new("m").unwrap();
        ConversationMessage::new(id, role, content.to_owned(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_brief_tells_the_summary_and_what_was_written_last() {
        let history = History {
            recent: vec![
                said(Role::User, "Oi"),
                said(Role::Assistant, "Olá!"),
                said(Role::User, "Meu pedido\nnão chegou"),
            ],
            summary: Some(Summary { text: "Ana comprou um chapéu.".to_owned(), covers: 4 }),
            ..History::default()
        };
        insta::assert_snapshot!(brief(&history, &[said(Role::User, "quero um atendente")]), @r"
        Ana comprou um chapéu.
        Oi / Meu pedido não chegou / quero um atendente
        ");
    }

    #[test]
    fn a_brief_is_short_and_ends_with_the_newest_text() {
        let long = "não chegou ".repeat(80);
        let history = History {
            recent: vec![said(Role::User, &long), said(Role::User, "e agora?")],
            summary: Some(Summary { text: long.clone(), covers: 4 }),
            ..History::default()
        };
        let told = brief(&history, &[said(Role::User, "cadê?")]);
        assert!(told.chars().count() <= MAX_CHARS && told.ends_with("e agora? / cadê?"), "{told}");
        let told = brief(&History::default(), &[said(Role::User, &long)]);
        assert_eq!(told.chars().count(), MAX_CHARS);
        assert_eq!(brief(&History::default(), &[]), "");
    }
}
