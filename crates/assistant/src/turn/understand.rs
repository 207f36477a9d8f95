//! Step understand: what the message says, found on the device.

use std::borrow::Cow;

use pytake_understanding::language::{Language, Prior, detect_with_prior};
use pytake_understanding::message::Message;
use pytake_understanding::priority::{Level, Priority, Reason};
use pytake_understanding::signals;

use super::recall::Situation;
use crate::analysis::{self, Subject};
use crate::answers::Fit;
use crate::channel::{InboundContent, MediaKind};
use crate::conversation::{ConversationMessage, MessageAnalysis};
use crate::phrases;
use crate::provider::Role;
use crate::service::{ChannelMessage, ServerSentence};
use crate::spans::UNDERSTAND;
use crate::tenant_view::Found;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// The built-in intent of a yes.
const AFFIRM: &str = "affirm";

/// Below this a model would rather not have answered. A choice: models say 0.8 and more as a rule, and approved answers
/// that are given fit better.
pub(super) const DOUBTFUL: f32 = 0.4;

/// What was understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The language to answer in; `None` where neither message nor conversation nor the business tells.
    pub(crate) language: Option<Language>,
    /// The language the customer writes; `None` where neither message nor conversation tells.
    pub(crate) customer_language: Option<Language>,
    pub(crate) asks_for_person: bool,
    pub(crate) threatens_legal_action: bool,
    pub(crate) is_angry: bool,
    /// Somebody may be hurt, or lose money right now.
    pub(crate) is_urgent: bool,
    /// The assistant's last reply did not know and offered a person.
    pub(crate) has_offered_person: bool,
    /// The assistant's last reply was one of which it thought little itself.
    pub(crate) was_doubtful: bool,
    /// The customer says yes to that.
    pub(crate) accepts_person: bool,
    /// What is kept of it with the message.
    pub(crate) analysis: MessageAnalysis,
    /// Approved answers that fit.
    pub(crate) found: Found,
}

/// Reads the message.
#[tracing::instrument(level = "debug", name = UNDERSTAND, skip_all)]
pub(crate) fn understand(
    subject: &Subject<'_>,
    request: &TurnRequest,
    situation: &Situation,
    trail: &mut Trail,
) -> Reading {
    let history = &situation.history.recent;
    let profile = &situation.tenant.profile;
    // Where the business chooses the language, its answers say nothing about the customer's.
    let tells = |message: &&ConversationMessage| message.role == Role::User || profile.languages.is_empty();
    let earlier: Vec<Language> = history
        .iter()
        .filter(tells)
        .filter_map(|message| Language::from_code(message.language.as_deref()?))
        .collect();
    let calling_code = request.burst.as_ref().and_then(|burst| burst.calling_code);
    // A short "ok" or a number does not switch the conversation's language; a clear message does.
    let own_words = own_words(subject.text(), request);
    let guess = detect_with_prior(&own_words, &Prior { earlier: &earlier, calling_code });
    let customer_language = guess.language.or(earlier.last().copied());
    let language = profile.answers_in(customer_language);
    let found = search(subject, request, situation);
    let (intent, priority) = (subject.intent(), subject.priority());
    // An offer from before a person had the conversation is settled.
    let since_person = &history[situation.resumed_within().unwrap_or(0)..];
    let last_reply =
        since_person.iter().rev().find(|message| message.role == Role::Assistant && !message.is_unsent());
    let has_offered_person = last_reply
        .is_some_and(|reply| phrases::offers_person(&reply.content, &situation.tenant.profile.business_name));
    let was_doubtful = last_reply.is_some_and(|reply| reply.confidence.is_some_and(|sure| sure < DOUBTFUL));
    let mut reasons = String::new();
    for reason in &priority.reasons {
        reasons.push_str(", ");
        reasons.push_str(reason.as_str());
    }
    trail.step(
        "understand",
        format!(
            "language {} ({:.2}); intent {} ({:.2}); priority {}{}; {} approved answers found{}",
            customer_language.map_or("unknown", Language::code),
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
        customer_language,
        asks_for_person: subject.message().signals().asks_for_person || asks_in_one_text(request),
        threatens_legal_action: subject.message().signals().threatens_legal_action,
        is_angry: subject.message().signals().is_angry,
        is_urgent: is_urgent(priority),
        accepts_person: has_offered_person && intent.intent.as_deref() == Some(AFFIRM),
        has_offered_person,
        was_doubtful,
        analysis: analysis::everything(subject),
        found,
    }
}

/// Approved answers for the message. A burst is often small talk around one question: where nothing fits the whole of
/// it, its texts are looked at one by one, and the newest that has an answer counts.
fn search(subject: &Subject<'_>, request: &TurnRequest, situation: &Situation) -> Found {
    /// Reading one takes a third of a millisecond; people ask in their last few texts.
    const LOOKED_AT: usize = 8;
    let whole = situation.tenant.search(subject.message());
    let Some(burst) = request.burst.as_ref().filter(|burst| burst.messages.len() > 1) else { return whole };
    if matches!(whole.fit, Fit::First(_)) {
        return whole;
    }
    for message in burst.messages.iter().rev().take(LOOKED_AT) {
        let alone = situation.tenant.search(&Message::new(&message.text));
        if matches!(alone.fit, Fit::First(_)) {
            return alone;
        }
    }
    whole
}

/// What the customer wrote or said, for the language: not the words that stand for a picture or a place.
fn own_words<'a>(whole: &'a str, request: &TurnRequest) -> Cow<'a, str> {
    let Some(burst) = &request.burst else { return Cow::Borrowed(whole) };
    let is_heard = request.sentence() != Some(&ServerSentence::ReadsOnlyText);
    let is_own = |message: &&ChannelMessage| match &message.detail.content {
        None => true,
        Some(InboundContent::Media { kind: MediaKind::Voice | MediaKind::Audio, .. }) => is_heard,
        Some(content) => content.written().is_some(),
    };
    let own: Vec<&str> = burst.messages.iter().filter(is_own).map(|message| message.text.as_str()).collect();
    if own.len() == burst.messages.len() { Cow::Borrowed(whole) } else { Cow::Owned(own.join("\n")) }
}

/// The word alone ("atendente") asks for a person also where it is one text of several.
fn asks_in_one_text(request: &TurnRequest) -> bool {
    let Some(burst) = &request.burst else { return false };
    burst.messages.len() > 1 && burst.messages.iter().any(|message| signals::asks_for_person(&message.text))
}

/// What is urgent because of what may happen to people or money. A deadline is urgent too, but an answer helps there.
fn is_urgent(priority: &Priority) -> bool {
    const REASONS: [Reason; 4] = [Reason::SelfHarm, Reason::Danger, Reason::Fraud, Reason::Threat];
    priority.level == Level::Urgent && priority.reasons.iter().any(|reason| REASONS.contains(reason))
}
