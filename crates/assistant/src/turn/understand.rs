//! Step understand: what the message says, found on the device.

use pytake_understanding::language::{Language, Prior, detect_with_prior};

use super::recall::Situation;
use crate::analysis::{self, Subject};
use crate::answers::Fit;
use crate::conversation::MessageAnalysis;
use crate::phrases;
use crate::provider::Role;
use crate::spans::UNDERSTAND;
use crate::tenant_view::Found;
use crate::trail::Trail;

/// The built-in intent of a yes.
const AFFIRM: &str = "affirm";

/// What was understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The language to answer in; `None` where neither message nor conversation tells.
    pub(crate) language: Option<Language>,
    pub(crate) asks_for_person: bool,
    pub(crate) threatens_legal_action: bool,
    /// The assistant's last reply did not know and offered a person.
    pub(crate) has_offered_person: bool,
    /// The customer says yes to that.
    pub(crate) accepts_person: bool,
    /// What is kept of it with the message.
    pub(crate) analysis: MessageAnalysis,
    /// Approved answers that fit.
    pub(crate) found: Found,
}

/// Reads the message.
#[tracing::instrument(level = "debug", name = UNDERSTAND, skip_all)]
pub(crate) fn understand(subject: &Subject<'_>, situation: &Situation, trail: &mut Trail) -> Reading {
    let history = &situation.history.recent;
    let earlier: Vec<Language> =
        history.iter().filter_map(|message| Language::from_code(message.language.as_deref()?)).collect();
    // A short "ok" or a number does not switch the conversation's language; a clear message does.
    let guess = detect_with_prior(subject.text(), &Prior { earlier: &earlier, calling_code: None });
    let language = guess.language.or(earlier.last().copied());
    let found = situation.tenant.search(subject.message());
    let (intent, priority) = (subject.intent(), subject.priority());
    let last_reply = history.iter().rev().find(|message| message.role == Role::Assistant);
    let has_offered_person = last_reply
        .is_some_and(|reply| phrases::offers_person(&reply.content, &situation.tenant.profile.business_name));
    let mut reasons = String::new();
    for reason in &priority.reasons {
        reasons.push_str(", ");
        reasons.push_str(reason.as_str());
    }
    trail.step(
        "understand",
        format!(
            "language {} ({:.2}); intent {} ({:.2}); priority {}{}; {} approved answers found{}",
            language.map_or("unknown", Language::code),
            guess.confidence,
            intent.name(),
            intent.confidence,
            priority.level.as_str(),
            reasons,
            found.answers.len(),
            match found.fit {
                Fit::First(sure) => format!(", the first fits ({sure:.2})"),
                Fit::OneOfTwo => ", one of the first two may fit".to_owned(),
                Fit::Nothing => ", none fits".to_owned(),
            },
        ),
    );
    Reading {
        language,
        asks_for_person: subject.message().signals().asks_for_person,
        threatens_legal_action: subject.message().signals().threatens_legal_action,
        accepts_person: has_offered_person && intent.intent.as_deref() == Some(AFFIRM),
        has_offered_person,
        analysis: analysis::everything(subject),
        found,
    }
}
