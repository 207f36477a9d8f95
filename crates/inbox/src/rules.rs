//! What to do with a burst before any model is asked: pure functions over a claim.
//!
//! The order matters: who wants no more messages is heard first, then a conversation that a person has is left
//! alone, then loops are broken, and only then something is answered.

mod consent;
mod failure;
mod loops;
mod permission;

pub(crate) use consent::Wish;
pub(crate) use failure::{AfterError, GIVE_UP_AFTER, after_error, is_our_mistake, wait};
pub(crate) use loops::Brake;
pub(crate) use permission::may_send;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pytake_assistant::channel::{InboundContent, MediaKind};
use pytake_assistant::conversation::{Attendant, Conversation, ConversationState};
use pytake_store::{Claim, NumberSettings, PendingItem};

/// How long a brake keeps the assistant silent (specification, section 8.8).
const PAUSE: Duration = Duration::from_mins(10);
/// The pause after a day's messages are used up: the count covers 24 hours.
const LONG_PAUSE: Duration = Duration::from_hours(24);
/// A conversation with a message in this time is a dialogue in which "cancelar" means the matter at hand.
const DIALOGUE: SignedDuration = SignedDuration::from_hours(24);

/// What to do with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Note that the customer wants no more automatic messages, and confirm it.
    OptOut,
    /// Note that the customer wants them again, and confirm it.
    OptIn,
    /// Keep without a word, because of this.
    Keep(&'static str),
    /// Keep the assistant silent for so long and tell an operator.
    Brake(Brake, Duration),
    /// Keep and analyse; somebody else answers, or nobody for now.
    Listen,
    /// Answer.
    Answer,
}

/// Decides about a burst. The conversation is as it stands after [`returns`].
pub(crate) fn decide(claim: &Claim, settings: &NumberSettings, now: Timestamp) -> Plan {
    if let Some(plan) = about_consent(claim, now) {
        return plan;
    }
    let state = claim.conversation.as_ref().map(|conversation| conversation.state(now));
    if state.is_some_and(|state| state != ConversationState::Assistant) {
        return Plan::Listen;
    }
    if let Some(brake) = brake(claim, settings) {
        let pause = if brake == Brake::TooManyToday { LONG_PAUSE } else { PAUSE };
        return Plan::Brake(brake, pause);
    }
    if claim.items.iter().all(|item| is_sticker(&item.message.content)) {
        return Plan::Keep("sticker");
    }
    Plan::Answer
}

/// The newest wish counts: "parar", then "voltar" is a change of mind.
fn about_consent(claim: &Claim, now: Timestamp) -> Option<Plan> {
    let is_in_dialogue = claim
        .conversation
        .as_ref()
        .is_some_and(|conversation| now.duration_since(conversation.updated_at) < DIALOGUE);
    let wish_of =
        |item: &PendingItem| Some((item.received_at, consent::wish(&item.message.content, is_in_dialogue)?));
    let (arrived_at, wish) = claim.items.iter().rev().find_map(wish_of)?;
    let opted_out_at = claim.customer.opted_out_at;
    match wish {
        // Noted by this very message: the turn failed or broke off before it was confirmed.
        Wish::Stop if opted_out_at.is_none_or(|at| at >= arrived_at) => Some(Plan::OptOut),
        // It was confirmed once.
        Wish::Stop if claim.items.iter().all(|item| wish_of(item).is_some()) => Some(Plan::Keep("opted_out")),
        Wish::Start if opted_out_at.is_some() => Some(Plan::OptIn),
        // "Voltar" of somebody who never left is a word like any other; beside a repeated stop there is more to answer.
        Wish::Stop | Wish::Start => None,
    }
}

fn brake(claim: &Claim, settings: &NumberSettings) -> Option<Brake> {
    if claim.sent_day >= settings.max_per_day {
        return Some(Brake::TooManyToday);
    }
    if claim.sent_10_min >= settings.max_per_10_min {
        return Some(Brake::TooManyIn10Minutes);
    }
    let texts: Vec<&str> = claim
        .items
        .iter()
        .filter_map(|item| match &item.message.content {
            InboundContent::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if texts.iter().any(|text| loops::is_auto_reply(text)) {
        return Some(Brake::AutoReply);
    }
    loops::repeats(&texts, &claim.recent_texts).then_some(Brake::SameText)
}

/// True where a person has had the conversation for so long without a word that the assistant takes it back.
pub(crate) fn returns(conversation: &Conversation, settings: &NumberSettings, now: Timestamp) -> bool {
    let Some(after_s) = settings.returns_after_s else { return false };
    if conversation.attendant != Attendant::Human {
        return false;
    }
    let since = conversation.person_at.max(conversation.waiting_since).unwrap_or(conversation.updated_at);
    now.duration_since(since) >= SignedDuration::from_secs(after_s.into())
}

fn is_sticker(content: &InboundContent) -> bool {
    matches!(content, InboundContent::Media { kind: MediaKind::Sticker, caption: None, .. })
}

#[cfg(test)]
mod tests {
    use pytake_assistant::channel::{InboundMessage, ItemId, Lease, MediaRef, Recipient, Sender};
    use pytake_assistant::id::{ConversationId, NumberId, TenantId, UserId};
    use pytake_store::{ClaimKey, Customer};

    use super::*;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn text(text: &str) -> InboundContent {
        InboundContent::Text { text: text.to_owned() }
    }

    fn sticker() -> InboundContent {
        let media =
            MediaRef { id: "m".to_owned(), mime_type: None, sha256: None, file_name: None, url: None };
        InboundContent::Media { kind: MediaKind::Sticker, media, caption: None }
    }

    fn claim(contents: Vec<InboundContent>) -> Claim {
        let number = NumberId::new("1").unwrap();
        let item = |(id, content)| PendingItem {
            id: ItemId(id),
            message: InboundMessage {
                number: NumberId::new("1").unwrap(),
                id: format!("wamid.{id}"),
                sender: Sender::default(),
                group: None,
                sent_at: Some(at(NOW)),
                content,
                quotes: None,
                product: None,
                is_forwarded: false,
                referral: None,
                is_standby: false,
            },
            received_at: at(NOW),
        };
        Claim {
            key: ClaimKey {
                tenant: TenantId::default_tenant(),
                conversation: ConversationId::new("c").unwrap(),
                lease: Lease { token: 1 },
            },
            number,
            customer: Customer {
                id: UserId::new("u").unwrap(),
                name: None,
                username: None,
                recipient: Recipient::default(),
                opted_out_at: None,
                marketing_stopped_at: None,
            },
            items: (1..).zip(contents).map(item).collect(),
            conversation: None,
            failed_attempts: 0,
            void_drafts: 0,
            sent_10_min: 0,
            sent_day: 0,
            recent_texts: Vec::new(),
            first_received_at: at(NOW),
        }
    }

    fn conversation() -> Conversation {
        Conversation {
            id: ConversationId::new("c").unwrap(),
            user_id: UserId::new("u").unwrap(),
            attendant: Attendant::Assistant,
            handoff_reason: None,
            waiting_since: None,
            person_at: None,
            paused_until: None,
            closed_at: None,
            resumed_at: None,
            message_count: 2,
            created_at: at("2026-11-20T12:00:00Z"),
            updated_at: at("2026-11-22T11:59:00Z"),
        }
    }

    fn plan(change: impl FnOnce(&mut Claim), contents: &[InboundContent]) -> Plan {
        let mut claim = claim(contents.to_vec());
        change(&mut claim);
        decide(&claim, &NumberSettings::default(), at(NOW))
    }

    fn opted_out(claim: &mut Claim) {
        claim.customer.opted_out_at = Some(at("2026-11-22T11:00:00Z"));
    }

    fn with_person(claim: &mut Claim) {
        claim.conversation = Some(Conversation { attendant: Attendant::Human, ..conversation() });
    }

    #[test]
    fn a_question_is_answered() {
        assert_eq!(plan(|_| {}, &[text("qual o horário?")]), Plan::Answer);
        assert_eq!(plan(opted_out, &[text("qual o horário?")]), Plan::Answer, "an answer is a service");
        assert_eq!(plan(|_| {}, &[sticker(), text("qual o horário?")]), Plan::Answer);
    }

    #[test]
    fn wishes_about_messages_are_heard_first() {
        assert_eq!(plan(|_| {}, &[text("PARAR")]), Plan::OptOut);
        assert_eq!(plan(|_| {}, &[text("oi"), text("sair")]), Plan::OptOut);
        assert_eq!(plan(with_person, &[text("sair")]), Plan::OptOut, "whoever has the conversation");
        assert_eq!(plan(|claim| claim.sent_10_min = 99, &[text("parar")]), Plan::OptOut);
        assert_eq!(plan(opted_out, &[text("parar")]), Plan::Keep("opted_out"));
        assert_eq!(plan(opted_out, &[text("parar"), text("PARE")]), Plan::Keep("opted_out"));
        assert_eq!(plan(opted_out, &[text("que horas abrem?"), text("parar")]), Plan::Answer);
        let just_now = |claim: &mut Claim| claim.customer.opted_out_at = Some(at(NOW));
        assert_eq!(plan(just_now, &[text("parar")]), Plan::OptOut, "noted, and not confirmed yet");
        assert_eq!(plan(opted_out, &[text("VOLTAR")]), Plan::OptIn);
        assert_eq!(plan(opted_out, &[text("parar"), text("voltar")]), Plan::OptIn);
        assert_eq!(plan(|_| {}, &[text("voltar")]), Plan::Answer);
    }

    #[test]
    fn a_bare_cancel_is_asked_about_in_a_dialogue() {
        let in_dialogue = |claim: &mut Claim| claim.conversation = Some(conversation());
        assert_eq!(plan(in_dialogue, &[text("cancelar")]), Plan::Answer);
        assert_eq!(plan(|_| {}, &[text("cancelar")]), Plan::OptOut);
        let long_ago = |claim: &mut Claim| {
            claim.conversation =
                Some(Conversation { updated_at: at("2026-11-21T11:00:00Z"), ..conversation() });
        };
        assert_eq!(plan(long_ago, &[text("cancelar")]), Plan::OptOut);
    }

    #[test]
    fn a_conversation_that_somebody_else_has_is_listened_to() {
        assert_eq!(plan(with_person, &[text("oi")]), Plan::Listen);
        assert_eq!(plan(with_person, &[sticker()]), Plan::Listen, "people see stickers");
        let paused = |claim: &mut Claim| {
            let until = Some(at("2026-11-22T12:05:00Z"));
            claim.conversation = Some(Conversation { paused_until: until, ..conversation() });
        };
        assert_eq!(plan(paused, &[text("oi")]), Plan::Listen);
        let was_paused = |claim: &mut Claim| {
            let until = Some(at("2026-11-22T11:55:00Z"));
            claim.conversation = Some(Conversation { paused_until: until, ..conversation() });
        };
        assert_eq!(plan(was_paused, &[text("oi")]), Plan::Answer);
    }

    #[test]
    fn brakes_pause_for_ten_minutes_and_for_a_day() {
        let minutes = Duration::from_mins(10);
        assert_eq!(
            plan(|claim| claim.sent_10_min = 20, &[text("oi")]),
            Plan::Brake(Brake::TooManyIn10Minutes, minutes)
        );
        assert_eq!(plan(|claim| claim.sent_10_min = 19, &[text("oi")]), Plan::Answer);
        assert_eq!(
            plan(|claim| claim.sent_day = 200, &[text("oi")]),
            Plan::Brake(Brake::TooManyToday, Duration::from_hours(24))
        );
        let same = |claim: &mut Claim| claim.recent_texts = vec!["Olá, tudo bem?".to_owned(); 3];
        assert_eq!(plan(same, &[text("Olá, tudo bem?")]), Plan::Brake(Brake::SameText, minutes));
        let automatic = text("Esta é uma mensagem automática. Responderemos em breve.");
        assert_eq!(plan(|_| {}, &[automatic]), Plan::Brake(Brake::AutoReply, minutes));
    }

    #[test]
    fn a_sticker_alone_is_kept_like_a_reaction() {
        assert_eq!(plan(|_| {}, &[sticker(), sticker()]), Plan::Keep("sticker"));
    }

    #[test]
    fn the_assistant_takes_back_what_people_left_alone() {
        let settings = NumberSettings { returns_after_s: Some(3_600), ..NumberSettings::default() };
        let human = |person_at: Option<&str>, waiting_since: Option<&str>| Conversation {
            attendant: Attendant::Human,
            person_at: person_at.map(at),
            waiting_since: waiting_since.map(at),
            ..conversation()
        };
        let returns = |conversation: &Conversation| returns(conversation, &settings, at(NOW));
        assert!(returns(&human(Some("2026-11-22T11:00:00Z"), None)));
        assert!(!returns(&human(Some("2026-11-22T11:00:01Z"), None)));
        assert!(
            !returns(&human(Some("2026-11-22T09:00:00Z"), Some("2026-11-22T11:30:00Z"))),
            "asked for again"
        );
        assert!(returns(&human(None, Some("2026-11-22T10:00:00Z"))), "nobody came");
        assert!(!returns(&conversation()));
        let never = NumberSettings::default();
        assert!(!super::returns(&human(Some("2026-11-01T00:00:00Z"), None), &never, at(NOW)));
    }
}
