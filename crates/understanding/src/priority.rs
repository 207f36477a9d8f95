//! How soon somebody should look at a message: rules over what else was found, each with its reason.
//!
//! Every reason has points; the sum, times what the tenant thinks of that reason, is the level. No probability
//! stands behind it, so it has no confidence: it is a rule, and says which.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::signals::Signals;

/// How soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Whenever there is time: thanks, greetings, advertising.
    Low,
    /// In its turn.
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

impl Level {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// Why a message is pressing, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "`Reason::text` says it")]
pub enum Reason {
    SelfHarm,
    Danger,
    Fraud,
    LegalThreat,
    Threat,
    Deadline,
    Blocked,
    Anger,
    MoneyBack,
    Damaged,
    Waiting,
    ManyUnanswered,
    MayLeave,
    Dissatisfied,
    AsksForPerson,
    SmallTalk,
    Advertising,
}

impl Reason {
    /// Every reason, the gravest first.
    pub const ALL: [Self; 17] = [
        Self::SelfHarm,
        Self::Danger,
        Self::Fraud,
        Self::LegalThreat,
        Self::Threat,
        Self::Deadline,
        Self::Blocked,
        Self::Anger,
        Self::MoneyBack,
        Self::Damaged,
        Self::Waiting,
        Self::ManyUnanswered,
        Self::MayLeave,
        Self::Dissatisfied,
        Self::AsksForPerson,
        Self::SmallTalk,
        Self::Advertising,
    ];

    /// Its code: what a tenant's weights name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfHarm => "self_harm",
            Self::Danger => "danger",
            Self::Fraud => "fraud",
            Self::LegalThreat => "legal_threat",
            Self::Threat => "threat",
            Self::Deadline => "deadline",
            Self::Blocked => "blocked",
            Self::Anger => "anger",
            Self::MoneyBack => "money_back",
            Self::Damaged => "damaged",
            Self::Waiting => "waiting",
            Self::ManyUnanswered => "many_unanswered",
            Self::MayLeave => "may_leave",
            Self::Dissatisfied => "dissatisfied",
            Self::AsksForPerson => "asks_for_person",
            Self::SmallTalk => "small_talk",
            Self::Advertising => "advertising",
        }
    }

    /// What it means, for an operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::SelfHarm => "the writer may harm themselves",
            Self::Danger => "somebody may be hurt",
            Self::Fraud => "money may be lost right now",
            Self::LegalThreat => "the customer speaks of legal steps",
            Self::Threat => "the customer threatens people",
            Self::Deadline => "it is due today or tomorrow, or is called urgent",
            Self::Blocked => "the customer cannot work, pay or get in",
            Self::Anger => "the customer is angry",
            Self::MoneyBack => "it is about money that was paid",
            Self::Damaged => "something arrived broken, wrong or not at all",
            Self::Waiting => "the customer has written before or waits for days",
            Self::ManyUnanswered => "several messages are without an answer",
            Self::MayLeave => "the customer speaks of leaving",
            Self::Dissatisfied => "the customer is dissatisfied",
            Self::AsksForPerson => "the customer asks for a person",
            Self::SmallTalk => "only greetings, thanks or small talk",
            Self::Advertising => "advertising",
        }
    }

    /// Points before the tenant's weight. [`URGENT`] and [`HIGH`] say what they add up to: danger, fraud and law are
    /// urgent alone, anger and a deadline are high alone, two of the middling reasons together are high.
    const fn points(self) -> f32 {
        match self {
            Self::SelfHarm | Self::Danger | Self::Fraud | Self::LegalThreat | Self::Threat => 10.0,
            Self::Deadline | Self::Blocked | Self::Anger | Self::ManyUnanswered => 4.0,
            Self::Waiting | Self::MayLeave | Self::AsksForPerson => 3.0,
            Self::MoneyBack | Self::Damaged => 2.0,
            Self::Dissatisfied => 1.0,
            Self::SmallTalk | Self::Advertising => -4.0,
        }
    }
}

/// Least points of each level.
const URGENT: f32 = 9.0;
const HIGH: f32 = 4.0;
const LOW: f32 = -1.0;

/// Unanswered messages from which on waiting is a reason: the third without an answer.
const MANY_UNANSWERED: u32 = 3;

/// How a tenant weighs reasons: 0 (does not count) to 3, by code; 1 where it says nothing.
pub type Weights = BTreeMap<String, f32>;

/// What a priority is judged by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What the words signal.
    pub signals: Signals,
    /// The intent, where one was found: a built-in name.
    pub intent: Option<&'a str>,
    /// The customer is dissatisfied, as the sentiment says.
    pub is_dissatisfied: bool,
    /// The content filter or the toxicity analysis found violence against people.
    pub is_threat: bool,
    /// The writer may harm themselves.
    pub is_self_harm: bool,
    /// It is advertising.
    pub is_spam: bool,
    /// Messages of the customer since the last answer, this one included.
    pub unanswered: u32,
}

/// A priority with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Priority {
    /// How soon.
    pub level: Level,
    /// Why, the gravest first; empty where nothing stands out.
    pub reasons: Vec<Reason>,
}

/// Judges how soon somebody should look.
///
/// ```
/// use pytake_understanding::priority::{Facts, Level, Weights, priority};
/// use pytake_understanding::signals::Signals;
/// let facts = Facts { signals: Signals::read("clonaram meu cartão!"), ..Facts::default() };
/// assert_eq!(priority(&facts, &Weights::new()).level, Level::Urgent);
/// ```
pub fn priority(facts: &Facts<'_>, weights: &Weights) -> Priority {
    let weight = |reason: Reason| {
        weights
            .get(reason.as_str())
            .copied()
            .filter(|weight| weight.is_finite())
            .unwrap_or(1.0)
            .clamp(0.0, 3.0)
    };
    let mut reasons: Vec<Reason> =
        Reason::ALL.into_iter().filter(|reason| applies(*reason, facts) && weight(*reason) > 0.0).collect();
    if reasons.iter().any(|reason| reason.points() > 0.0) {
        // "Oi, obrigada pela atenção, mas meu cartão foi clonado" is no small talk.
        reasons.retain(|reason| *reason != Reason::SmallTalk);
    }
    let points: f32 = reasons.iter().map(|reason| reason.points() * weight(*reason)).sum();
    let level = match points {
        points if points >= URGENT => Level::Urgent,
        points if points >= HIGH => Level::High,
        points if points <= LOW => Level::Low,
        _ => Level::Normal,
    };
    Priority { level, reasons }
}

fn applies(reason: Reason, facts: &Facts<'_>) -> bool {
    let is_about = |intents: &[&str]| facts.intent.is_some_and(|intent| intents.contains(&intent));
    let signals = &facts.signals;
    match reason {
        Reason::SelfHarm => facts.is_self_harm,
        Reason::Danger => signals.is_danger,
        Reason::Fraud => signals.is_fraud,
        Reason::LegalThreat => signals.threatens_legal_action,
        Reason::Threat => facts.is_threat,
        Reason::Deadline => signals.has_deadline,
        Reason::Blocked => signals.is_blocked,
        Reason::Anger => signals.is_angry,
        Reason::MoneyBack => is_about(&["refund", "payment_problem"]),
        Reason::Damaged => is_about(&["damaged"]),
        Reason::Waiting => signals.is_waiting,
        Reason::ManyUnanswered => facts.unanswered >= MANY_UNANSWERED,
        Reason::MayLeave => signals.may_leave,
        Reason::Dissatisfied => facts.is_dissatisfied,
        Reason::AsksForPerson => signals.asks_for_person || is_about(&["human_agent"]),
        Reason::SmallTalk => is_about(&["greeting", "thanks_bye"]),
        Reason::Advertising => facts.is_spam,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, intent: Option<&str>) -> Priority {
        let facts = Facts { signals: Signals::read(text), intent, unanswered: 1, ..Facts::default() };
        priority(&facts, &Weights::new())
    }

    #[test]
    fn levels_are_what_a_person_would_say() {
        for (text, intent, level) in [
            ("clonaram meu cartão", None, Level::Urgent),
            ("vou processar vocês", Some("complaint"), Level::Urgent),
            ("tá saindo fumaça do aparelho", Some("technical_problem"), Level::Urgent),
            ("preciso do reembolso, o boleto vence hoje", Some("refund"), Level::High),
            ("é a terceira vez que peço o reembolso", Some("refund"), Level::High),
            ("quero meu dinheiro de volta", Some("refund"), Level::Normal),
            ("quanto custa o frete?", Some("delivery_options"), Level::Normal),
            ("obrigada!", Some("thanks_bye"), Level::Low),
            ("oi", Some("greeting"), Level::Low),
        ] {
            assert_eq!(of(text, intent).level, level, "{text}");
        }
    }

    #[test]
    fn reasons_say_why_and_the_gravest_comes_first() {
        let found = of("ninguém responde, meu casamento é amanhã", Some("order_status"));
        assert_eq!(found.reasons, [Reason::Deadline, Reason::Waiting]);
        assert_eq!(found.level, Level::High);
    }

    #[test]
    fn a_greeting_in_front_of_trouble_is_no_small_talk() {
        let found = of("oi, clonaram meu cartão", Some("greeting"));
        assert_eq!((found.level, found.reasons), (Level::Urgent, vec![Reason::Fraud]));
    }

    #[test]
    fn the_third_message_without_an_answer_is_high() {
        let unanswered =
            |unanswered| priority(&Facts { unanswered, ..Facts::default() }, &Weights::new()).level;
        assert_eq!(
            [unanswered(1), unanswered(2), unanswered(3)],
            [Level::Normal, Level::Normal, Level::High]
        );
    }

    #[test]
    fn a_tenant_weighs_reasons() {
        let facts = Facts { signals: Signals::read("é urgente"), ..Facts::default() };
        let weighed = |weight: f32| priority(&facts, &[("deadline".to_owned(), weight)].into()).level;
        assert_eq!([weighed(0.0), weighed(1.0), weighed(3.0)], [Level::Normal, Level::High, Level::Urgent]);
        assert_eq!(
            [weighed(f32::NAN), weighed(-5.0), weighed(99.0)],
            [Level::High, Level::Normal, Level::Urgent]
        );
    }
}
