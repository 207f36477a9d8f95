//! Step understand: what the message says, found on the device.

use pytake_understanding::language::{Language, detect};
use pytake_understanding::signals;

use super::recall::Situation;
use crate::spans::UNDERSTAND;
use crate::tenant_view::Found;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// The least confidence at which one message decides the language against the conversation's.
const SWITCH_CONFIDENCE: f32 = 0.6;

/// What was understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The language to answer in; `None` where neither message nor conversation tells.
    pub(crate) language: Option<Language>,
    pub(crate) asks_for_person: bool,
    pub(crate) threatens_legal_action: bool,
    /// Approved answers that fit.
    pub(crate) found: Found,
}

/// Reads the message. A short "ok" or a number does not switch the conversation's language.
#[tracing::instrument(level = "debug", name = UNDERSTAND, skip_all)]
pub(crate) fn understand(request: &TurnRequest, situation: &Situation, trail: &mut Trail) -> Reading {
    let guess = detect(&request.message);
    let earlier = situation
        .history
        .recent
        .iter()
        .rev()
        .find_map(|message| message.language.as_deref().and_then(Language::from_code));
    let language = match (guess.language, earlier) {
        (Some(now), Some(before)) if now != before && guess.confidence < SWITCH_CONFIDENCE => Some(before),
        (Some(now), _) => Some(now),
        (None, before) => before,
    };
    let found = situation.tenant.search(&request.message);
    trail.step(
        "understand",
        format!(
            "language {} ({:.2}); {} approved answers found{}",
            language.map_or("unknown", Language::code),
            guess.confidence,
            found.answers.len(),
            if found.is_confident { ", the first fits" } else { "" },
        ),
    );
    Reading {
        language,
        asks_for_person: signals::asks_for_person(&request.message),
        threatens_legal_action: signals::mentions_legal_threat(&request.message),
        found,
    }
}
