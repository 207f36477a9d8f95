//! What a turn keeps of what was said, and what it sends to a channel.

use std::sync::Arc;

use jiff::Timestamp;

use super::burst::Burst;
use super::generate::Draft;
use super::understand::Reading;
use crate::channel::{OutboxDraft, OutboxId, OutboxKind, Settlement};
use crate::conversation::{AnswerRecord, ChannelDetail, ConversationMessage, Exchange};
use crate::error::AIError;
use crate::id::MessageId;
use crate::provider::Role;
use crate::service::Engine;
use crate::turn::TurnRequest;

/// What was said by both. Who listened only does not ask for a person again.
pub(super) fn exchange(
    engine: &Engine,
    request: &TurnRequest,
    reading: &Reading,
    draft: &Draft,
    answer: Option<ConversationMessage>,
) -> Result<Exchange, AIError> {
    let handoff = draft.handoff.filter(|_| answer.is_some());
    Ok(Exchange {
        conversation: request.conversation.clone(),
        questions: questions(engine, request, reading)?,
        answer,
        handoff_reason: handoff.map(|reason| reason.code().to_owned()),
    })
}

/// The customer's messages: one from a caller, each of a channel's burst. The analysis is of all of them together and
/// stands with the last.
fn questions(
    engine: &Engine,
    request: &TurnRequest,
    reading: &Reading,
) -> Result<Vec<ConversationMessage>, AIError> {
    let question = |content: &str, at, channel| {
        Ok::<_, AIError>(ConversationMessage {
            language: reading.customer_language.map(|language| language.code().to_owned()),
            channel,
            ..ConversationMessage::new(engine.message_id()?, Role::User, content.to_owned(), at)
        })
    };
    let mut questions = Vec::new();
    match &request.burst {
        None => questions.push(question(&request.message, request.arrived_at, None)?),
        Some(burst) => {
            for message in &burst.messages {
                questions.push(question(&message.text, message.sent_at, Some(message.detail.clone()))?);
            }
        }
    }
    if let Some(last) = questions.last_mut() {
        last.analysis = Some(reading.analysis.clone());
    }
    Ok(questions)
}

/// What is said, with how it came to be; `None`: nothing is said.
pub(super) fn answer(
    reading: &Reading,
    draft: &Draft,
    record: AnswerRecord,
    outbound: &[OutboxDraft],
    written: (MessageId, Timestamp),
) -> Option<ConversationMessage> {
    let (id, created_at) = written;
    let outbox: Vec<OutboxId> = outbound.iter().map(|message| message.id.clone()).collect();
    (!draft.text.is_empty()).then(|| ConversationMessage {
        language: reading.language.map(|language| language.code().to_owned()),
        channel: (!outbox.is_empty()).then(|| ChannelDetail { outbox, ..ChannelDetail::default() }),
        answer: Some(record),
        confidence: draft.confidence.map(|(confidence, _)| confidence),
        ..ConversationMessage::new(id, Role::Assistant, draft.text.clone(), created_at)
    })
}

/// The reply as messages of the channel; empty for a caller, and where nothing is said.
pub(super) fn outbound(
    engine: &Engine,
    burst: Option<&Arc<Burst>>,
    reading: &Reading,
    draft: &Draft,
) -> Vec<OutboxDraft> {
    let Some(burst) = burst.filter(|_| !draft.text.is_empty()) else { return Vec::new() };
    // What the server says about the conversation itself is sent whoever has it then.
    let kind = if draft.handoff.is_some() || burst.sentence.is_some() {
        OutboxKind::Notice
    } else {
        OutboxKind::Reply
    };
    let messages = burst.delivery.messenger.write(&draft.text, &draft.choices, reading.language);
    let queued =
        messages.into_iter().map(|content| OutboxDraft { id: OutboxId(engine.ids.next()), kind, content });
    queued.collect()
}

/// What the turn settles in the inbox.
pub(super) fn settlement(burst: Option<&Arc<Burst>>, outbound: Vec<OutboxDraft>) -> Option<Settlement> {
    let delivery = &burst?.delivery;
    Some(Settlement {
        lease: delivery.lease,
        items: delivery.items.clone(),
        outbound,
        is_void_when_newer: delivery.is_void_when_newer,
    })
}
