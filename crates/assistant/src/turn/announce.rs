//! What operators who watch are told of a turn: the customer's messages, the reply, the hand-over.
//!
//! The stream stays within the tenant, whose operators read the conversations anyway; so it carries texts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::brief::brief;
use super::generate::Draft;
use crate::conversation::{Exchange, History};
use crate::events::TenantEventKind;
use crate::service::Engine;
use crate::turn::TurnRequest;

/// Events of a turn, made before it is written and published after.
#[derive(Debug)]
pub(super) struct Announcement(Vec<(TenantEventKind, Value)>);

impl Announcement {
    pub(super) fn of(exchange: &Exchange, history: &History, draft: &Draft, user: &str) -> Self {
        let texts = exchange.questions.iter().map(|question| {
            json!({"message_id": question.id, "text": question.content, "sent_at": question.created_at})
        });
        let message = json!({"user_id": user, "messages": texts.collect::<Vec<_>>()});
        let mut events = vec![(TenantEventKind::Message, message)];
        if let Some(answer) = &exchange.answer {
            let mut reply = json!({
                "message_id": answer.id,
                "text": answer.content,
                "author": "assistant",
                "provider": draft.provider,
            });
            if !draft.choices.is_empty() {
                reply["choices"] = json!(draft.choices);
            }
            events.push((TenantEventKind::Reply, reply));
        }
        if let (Some(reason), Some(_)) = (draft.handoff, &exchange.handoff_reason) {
            let handoff = json!({
                "state": "waiting",
                "reason": reason.code(),
                "detail": reason.detail(),
                "summary": brief(history, &exchange.questions),
            });
            events.push((TenantEventKind::Handoff, handoff));
        }
        Self(events)
    }

    /// Tells everybody who watches.
    pub(super) fn publish(self, engine: &Engine, request: &TurnRequest, at: Timestamp) {
        for (kind, data) in self.0 {
            engine.events.publish(&request.tenant, kind, Some(request.conversation.clone()), at, data);
        }
    }
}
