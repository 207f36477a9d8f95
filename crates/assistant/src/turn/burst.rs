//! A channel's burst of messages, as a turn: its texts are one message, and each of them is kept as it came.

use std::sync::Arc;

use crate::error::{AIError, FieldProblem};
use crate::id::TenantId;
use crate::ledger::Operation;
use crate::service::{ChannelDelivery, ChannelMessage, ChannelTurn, ServerSentence};
use crate::turn::TurnRequest;
use crate::turn::request::{CheckedAgainst, check_context};

/// What is read of a burst, in characters: four of the longest texts of a message (WhatsApp: 4,096). More than that
/// does not fit into the prompt's default budget either, and reading takes time.
const MAX_READ_CHARS: usize = 16_384;

/// What a turn knows of the channel that brought it.
#[derive(Debug, Clone)]
pub(crate) struct Burst {
    /// In their order; at least one.
    pub(crate) messages: Vec<ChannelMessage>,
    pub(crate) calling_code: Option<u16>,
    pub(crate) discloses: bool,
    pub(crate) delivery: ChannelDelivery,
    /// What the server says by itself; `None`: an answer is wanted.
    pub(crate) sentence: Option<ServerSentence>,
}

impl TurnRequest {
    /// Takes a channel's turn, to be answered or, with a sentence, to be settled with that.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a turn without a message, or with a context that no caller could send.
    pub(crate) fn of_channel(
        tenant: TenantId,
        turn: ChannelTurn,
        sentence: Option<ServerSentence>,
        against: &CheckedAgainst<'_>,
    ) -> Result<Self, AIError> {
        let mut problems = Vec::new();
        check_context(&turn.context, &mut problems);
        let mut messages = turn.messages;
        for message in &mut messages {
            message.text = clean(&message.text);
        }
        let Some(last) = messages.last() else {
            problems.push(FieldProblem::new("messages", "must have at least one message"));
            return Err(AIError::InvalidRequest(problems));
        };
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        // "Amanhã" is counted from when it was written, unless that lies in the future.
        let arrived_at = last.sent_at.min(against.arrived_at);
        let settings = against.settings;
        Ok(Self {
            tenant,
            user: turn.user,
            message: joined(&messages),
            conversation: turn.conversation,
            is_new_conversation: false,
            context: turn.context,
            system_prompt: None,
            prompt: None,
            preferred: None,
            may_fall_back: true,
            model: None,
            max_output_tokens: settings.max_output_tokens,
            is_bound_chosen: false,
            temperature: settings.chat_temperature,
            include_history: true,
            store: true,
            operation: Operation::Chat,
            images: turn.images.into(),
            burst: Some(Arc::new(Burst {
                messages,
                calling_code: turn.calling_code,
                discloses: turn.discloses,
                delivery: turn.delivery,
                sentence,
            })),
            arrived_at,
            started: against.now,
            deadline: against.now + settings.request_timeout,
        })
    }

    /// What the server is to say by itself.
    pub(crate) fn sentence(&self) -> Option<&ServerSentence> {
        self.burst.as_ref()?.sentence.as_ref()
    }
}

/// A text without control characters, which no model and no database wants; line breaks and tabs stay.
fn clean(text: &str) -> String {
    let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.trim().chars().filter(kept).collect()
}

/// All texts, one below the other; of more than [`MAX_READ_CHARS`] characters the newest.
fn joined(messages: &[ChannelMessage]) -> String {
    let texts: Vec<&str> =
        messages.iter().map(|message| message.text.as_str()).filter(|text| !text.is_empty()).collect();
    let whole = texts.join("\n");
    match whole.char_indices().rev().nth(MAX_READ_CHARS) {
        Some((at, c)) => whole[at + c.len_utf8()..].to_owned(),
        None => whole,
    }
}

/// The longest end of a text that has at most so many tokens, from the beginning of a word. Of a burst, that is what
/// was written last.
pub(super) fn newest_part(text: &str, tokens: u64) -> &str {
    let fits = |at: usize| pytake_tokenizer::count(&text[at..]) as u64 <= tokens;
    // Halving: a shorter end has fewer tokens, but for one or two at the cut, which the search ends on the safe side of.
    let (mut too_long, mut fitting) = (0, text.len());
    while fitting - too_long > 1 {
        let middle = text.ceil_char_boundary(too_long + (fitting - too_long) / 2);
        if middle >= fitting {
            break;
        }
        if fits(middle) {
            fitting = middle;
        } else {
            too_long = middle;
        }
    }
    let rest = &text[fitting..];
    // A word that is cut says nothing; a text without spaces is taken as it is.
    rest.split_once(char::is_whitespace).map_or(rest, |(_, words)| words.trim_start())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::channel::Lease;
    use crate::channel::plain::PlainMessenger;
    use crate::conversation::ChannelDetail;
    use crate::id::{ConversationId, UserId};
    use crate::settings::Settings;

    fn turn(texts: &[&str]) -> ChannelTurn {
        let said = |text: &&str| ChannelMessage {
            text: (*text).to_owned(),
            sent_at: Timestamp::UNIX_EPOCH,
            detail: ChannelDetail::default(),
        };
        ChannelTurn {
            user: UserId::new("ana").unwrap(),
            conversation: ConversationId::new("c").unwrap(),
            messages: texts.iter().map(said).collect(),
            context: serde_json::Map::new(),
            calling_code: None,
            images: Vec::new(),
            discloses: false,
            delivery: ChannelDelivery {
                lease: Lease { token: 1 },
                items: Vec::new(),
                is_void_when_newer: true,
                messenger: Arc::new(PlainMessenger),
            },
        }
    }

    fn taken(texts: &[&str]) -> Result<TurnRequest, AIError> {
        let settings = Settings::default();
        let against = CheckedAgainst {
            settings: &settings,
            providers: &[],
            arrived_at: Timestamp::UNIX_EPOCH,
            now: Duration::ZERO,
            fresh_conversation: String::new(),
        };
        TurnRequest::of_channel(TenantId::default_tenant(), turn(texts), None, &against)
    }

    #[test]
    fn a_burst_is_one_message_and_each_text_is_kept() {
        let request = taken(&["oi ", "quanto\u{0} custa", "o frete?"]).unwrap();
        assert_eq!(request.message, "oi\nquanto custa\no frete?");
        let kept: Vec<&str> =
            request.burst.as_ref().unwrap().messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(kept, ["oi", "quanto custa", "o frete?"]);
        assert!(taken(&[]).is_err());
    }

    #[test]
    fn of_a_burst_without_end_the_newest_part_is_read() {
        let long = "é".repeat(4_096);
        let request = taken(&[&long, &long, &long, &long, "e o frete?"]).unwrap();
        assert_eq!(request.message.chars().count(), MAX_READ_CHARS);
        assert!(request.message.ends_with("e o frete?"));
        assert_eq!(request.burst.as_ref().unwrap().messages[0].text, long, "kept whole");
    }

    #[test]
    fn the_newest_part_fits_and_begins_with_a_word() {
        let text = "primeiro segundo terceiro quarto quinto sexto";
        let part = newest_part(text, 6);
        assert!(text.ends_with(part) && !part.is_empty() && part.len() < text.len(), "{part:?}");
        assert!(pytake_tokenizer::count(part) <= 6);
        assert!(text[..text.len() - part.len()].ends_with(' '));
        assert_eq!(newest_part("", 3), "");
        assert_eq!(newest_part("ação", 0), "");
        for tokens in 0..40 {
            let part = newest_part("ççççççççççççççççççççç👍👍👍👍", tokens);
            assert!(pytake_tokenizer::count(part) as u64 <= tokens, "{tokens}: {part:?}");
        }
    }
}
