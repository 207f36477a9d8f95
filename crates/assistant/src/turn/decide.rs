//! Step decide: reply, hand over, stay silent, or say what the server was asked to say.

use jiff::Timestamp;

use super::recall::Situation;
use super::understand::Reading;
use crate::conversation::{Conversation, ConversationState};
use crate::service::ServerSentence;
use crate::spans::DECIDE;
use crate::tenant::{HandOverRule, HandOverRules};
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// What the turn will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    Reply,
    HandOver(HandoffReason),
    /// The assistant only listens.
    StaySilent(HandoffReason),
    /// The server speaks by itself.
    Say(ServerSentence),
}

/// Why a person takes over, or why the assistant is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffReason {
    AskedForPerson,
    LegalThreat,
    Angry,
    Urgent,
    /// The model chose the action `hand_over`.
    AssistantDecided,
    /// The second answer in a row that would not help.
    NoAnswer,
    /// A person already has the conversation.
    PersonAttends,
    /// A rule or an operator keeps the assistant silent for a while.
    Paused,
    /// The operator of the server has suspended the tenant.
    Suspended,
    /// The budget does not cover a reply, and the tenant wants a person then.
    BudgetUsedUp,
}

impl HandoffReason {
    /// Stable code for the API and the store.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::AskedForPerson => "asked_for_person",
            Self::LegalThreat => "legal_threat",
            Self::Angry => "angry",
            Self::Urgent => "urgent",
            Self::AssistantDecided => "assistant_decided",
            Self::NoAnswer => "no_answer",
            Self::PersonAttends => "person_attends",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::BudgetUsedUp => "budget_used_up",
        }
    }

    /// One sentence for the operator.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::AskedForPerson => "The customer asks for a person.",
            Self::LegalThreat => "The customer speaks of legal steps.",
            Self::Angry => "The customer is angry.",
            Self::Urgent => "Somebody may be hurt, or lose money right now.",
            Self::AssistantDecided => "The assistant cannot help any further.",
            Self::NoAnswer => "The assistant had no good answer twice in a row.",
            Self::PersonAttends => "A person attends this conversation; the assistant stays silent.",
            Self::Paused => "The assistant is paused in this conversation.",
            Self::Suspended => "The tenant is suspended; what its customers write is kept.",
            Self::BudgetUsedUp => "The budget for replies is used up.",
        }
    }
}

/// Decides by rules alone; a model cannot keep a customer from reaching a person. The rules look at the new message
/// only: what was asked before a person had the conversation is not asked again.
#[tracing::instrument(level = "debug", name = DECIDE, skip_all)]
pub(crate) fn decide(
    request: &TurnRequest,
    reading: &Reading,
    situation: &Situation,
    now: Timestamp,
    trail: &mut Trail,
) -> Decision {
    let is_suspended = situation.tenant.is_suspended();
    let reason = silent(situation.history.conversation.as_ref(), is_suspended, now);
    let decision = match (request.sentence(), reason) {
        (_, Some(HandoffReason::Suspended)) => Decision::StaySilent(HandoffReason::Suspended),
        (Some(sentence), Some(reason)) if !sentence.confirms() => Decision::StaySilent(reason),
        (Some(sentence), _) => Decision::Say(sentence.clone()),
        (None, Some(reason)) => Decision::StaySilent(reason),
        (None, None) => match handoff(reading, &situation.tenant.profile.hand_over_when) {
            Some(reason) => Decision::HandOver(reason),
            None => Decision::Reply,
        },
    };
    trail.step(
        "decide",
        match &decision {
            Decision::Reply => "reply".to_owned(),
            Decision::HandOver(reason) => format!("hand over: {}", reason.code()),
            Decision::StaySilent(reason @ (HandoffReason::Paused | HandoffReason::Suspended)) => {
                format!("stay silent: {}", reason.code())
            }
            Decision::StaySilent(_) => "stay silent: a person attends".to_owned(),
            Decision::Say(sentence) => format!("say: {}", sentence.code()),
        },
    );
    decision
}

/// Why the assistant only listens, where it does.
fn silent(conversation: Option<&Conversation>, is_suspended: bool, now: Timestamp) -> Option<HandoffReason> {
    if is_suspended {
        return Some(HandoffReason::Suspended);
    }
    match conversation?.state(now) {
        ConversationState::Waiting | ConversationState::Human => Some(HandoffReason::PersonAttends),
        ConversationState::Paused => Some(HandoffReason::Paused),
        ConversationState::Assistant | ConversationState::Closed => None,
    }
}

/// Why a person takes over, where one does: the first of the rules that the business left switched on.
fn handoff(reading: &Reading, rules: &HandOverRules) -> Option<HandoffReason> {
    if reading.asks_for_person || reading.accepts_person {
        return Some(HandoffReason::AskedForPerson);
    }
    let found = [
        (reading.threatens_legal_action, HandOverRule::LegalThreat, HandoffReason::LegalThreat),
        (reading.is_urgent, HandOverRule::Urgent, HandoffReason::Urgent),
        (reading.is_angry && !reading.threatens_legal_action, HandOverRule::Angry, HandoffReason::Angry),
    ];
    found.into_iter().find(|(is_so, rule, _)| *is_so && rules.contains(*rule)).map(|(_, _, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Attendant;
    use crate::id::{ConversationId, UserId};

    fn reading(change: impl FnOnce(&mut Reading)) -> Reading {
        let mut reading = Reading::default();
        change(&mut reading);
        reading
    }

    #[test]
    fn a_wish_for_a_person_cannot_be_switched_off_and_the_other_rules_can() {
        let (all, none) = (HandOverRules::default(), HandOverRules::of([]));
        let asks = reading(|reading| reading.asks_for_person = true);
        assert_eq!(handoff(&asks, &none), Some(HandoffReason::AskedForPerson));
        let yes = reading(|reading| reading.accepts_person = true);
        assert_eq!(handoff(&yes, &none), Some(HandoffReason::AskedForPerson));
        let angry = reading(|reading| reading.is_angry = true);
        assert_eq!((handoff(&angry, &all), handoff(&angry, &none)), (Some(HandoffReason::Angry), None));
        let urgent = reading(|reading| {
            reading.is_urgent = true;
            reading.is_angry = true;
        });
        assert_eq!(handoff(&urgent, &all), Some(HandoffReason::Urgent));
        assert_eq!(handoff(&Reading::default(), &all), None);
    }

    #[test]
    fn a_legal_threat_is_no_anger_where_only_that_rule_is_left() {
        let threat = reading(|reading| {
            reading.threatens_legal_action = true;
            reading.is_angry = true;
        });
        assert_eq!(handoff(&threat, &HandOverRules::default()), Some(HandoffReason::LegalThreat));
        assert_eq!(handoff(&threat, &HandOverRules::of([HandOverRule::Angry])), None);
    }

    #[test]
    fn the_assistant_listens_while_a_person_has_it_or_a_pause_lasts() {
        let now = Timestamp::UNIX_EPOCH;
        let mut conversation = Conversation {
            id: ConversationId::new("c").unwrap(),
            user_id: UserId::new("ana").unwrap(),
            attendant: Attendant::Human,
            handoff_reason: None,
            waiting_since: Some(now),
            person_at: None,
            paused_until: None,
            closed_at: None,
            resumed_at: None,
            message_count: 2,
            created_at: now,
            updated_at: now,
        };
        assert_eq!(silent(Some(&conversation), false, now), Some(HandoffReason::PersonAttends));
        conversation.attendant = Attendant::Assistant;
        assert_eq!(silent(Some(&conversation), false, now), None);
        conversation.paused_until = now.checked_add(jiff::SignedDuration::from_secs(1)).ok();
        assert_eq!(silent(Some(&conversation), false, now), Some(HandoffReason::Paused));
        conversation.paused_until = Some(now);
        assert_eq!(silent(Some(&conversation), false, now), None, "a pause ends by itself");
        assert_eq!(silent(None, false, now), None);
        assert_eq!(silent(None, true, now), Some(HandoffReason::Suspended), "whoever has the conversation");
    }
}
