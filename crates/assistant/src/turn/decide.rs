//! Step decide: reply, hand over, or stay silent.

use super::recall::Situation;
use super::understand::Reading;
use crate::conversation::Attendant;
use crate::spans::DECIDE;
use crate::trail::Trail;

/// What the turn will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Reply,
    HandOver(HandoffReason),
    /// A person has the conversation.
    StaySilent,
}

/// Why a person takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffReason {
    AskedForPerson,
    LegalThreat,
    /// The model chose the action `hand_over`.
    AssistantDecided,
    /// A person already has the conversation.
    PersonAttends,
}

impl HandoffReason {
    /// Stable code for the API and the store.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::AskedForPerson => "asked_for_person",
            Self::LegalThreat => "legal_threat",
            Self::AssistantDecided => "assistant_decided",
            Self::PersonAttends => "person_attends",
        }
    }

    /// One sentence for the operator.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::AskedForPerson => "The customer asks for a person.",
            Self::LegalThreat => "The customer speaks of legal steps.",
            Self::AssistantDecided => "The assistant cannot help any further.",
            Self::PersonAttends => "A person attends this conversation; the assistant stays silent.",
        }
    }
}

/// Decides by rules alone; a model cannot keep a customer from reaching a person.
#[tracing::instrument(level = "debug", name = DECIDE, skip_all)]
pub(crate) fn decide(reading: &Reading, situation: &Situation, trail: &mut Trail) -> Decision {
    let attendant = situation.history.conversation.as_ref().map(|c| c.attendant);
    let decision = match attendant {
        Some(Attendant::Human) => Decision::StaySilent,
        Some(Attendant::Assistant) | None if reading.asks_for_person || reading.accepts_person => {
            Decision::HandOver(HandoffReason::AskedForPerson)
        }
        Some(Attendant::Assistant) | None if reading.threatens_legal_action => {
            Decision::HandOver(HandoffReason::LegalThreat)
        }
        Some(Attendant::Assistant) | None => Decision::Reply,
    };
    trail.step(
        "decide",
        match decision {
            Decision::Reply => "reply".to_owned(),
            Decision::HandOver(reason) => format!("hand over: {}", reason.code()),
            Decision::StaySilent => "stay silent: a person attends".to_owned(),
        },
    );
    decision
}
