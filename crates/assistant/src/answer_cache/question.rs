//! Whether a question may be answered with what another customer was answered: it must name nothing personal, and not
//! depend on the moment. Pure.

use pytake_understanding::entities::{Entity, EntityKind};
use pytake_understanding::language::Language;
use pytake_understanding::retrieval::Question;

use super::spelling::normalised;
use crate::analysis::Subject;

/// Longer messages tell a story, and no story comes twice. A choice: of the messages in `data/intents` the longest has 126
/// characters.
const MAX_CHARS: usize = 400;

/// So many digits in a row are a number of somebody: an order, a document, a telephone.
const LONG_NUMBER: usize = 5;
/// So many, where signs stand between them: amounts have fewer, documents and telephones more.
const LONG_NUMBER_WITH_SIGNS: usize = 8;

/// What streets are called, as [`normalised`] writes it.
const STREETS: [&str; 14] = [
    "rua", "avenida", "av", "alameda", "travessa", "rodovia", "estrada", "praça", "praca", "calle",
    "carrera", "street", "road", "avenue",
];

/// What makes the answer another one in an hour.
const NOW: [&str; 8] =
    ["agora", "agorinha", "ahora", "ahorita", "now", "currently", "neste momento", "en este momento"];

/// A question as the cache knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// Its form, with the days it names: "amanhã" is another day tomorrow.
    pub(crate) exact: String,
    /// How others that ask the same are found; `None` where only an equal one counts.
    pub(crate) same: Option<Question>,
    /// The approved answer that is nearest to it, or nothing: what asks the same finds the same.
    pub(crate) fact: String,
}

impl Asked {
    /// Reads a question; `None` where its answer is for its customer alone.
    pub(crate) fn of(
        subject: &Subject<'_>,
        language: Option<Language>,
        is_similar_wanted: bool,
        fact: &str,
    ) -> Option<Self> {
        let text = subject.text();
        let entities = subject.entities();
        let is_own = has_long_number(text) || has_house_number(text);
        if text.chars().count() > MAX_CHARS || is_own || is_of_the_moment(text) {
            return None;
        }
        if entities.iter().any(is_personal) {
            return None;
        }
        let mut exact = normalised(text);
        for entity in entities.iter().filter(|entity| is_day(entity.kind)) {
            exact.extend(["\n=", entity.kind.as_str(), " ", &entity.value]);
        }
        let same = language
            .filter(|_| is_similar_wanted)
            .and_then(|language| Question::of(subject.message(), entities, language));
        Some(Self { exact, same, fact: fact.to_owned() })
    }
}

/// Whether it belongs to a person, or may: everything that names one, and a day in figures, which may be a birthday.
pub(super) fn is_personal(entity: &Entity<'_>) -> bool {
    is_personal_kind(entity.kind)
        && (!is_day(entity.kind) || entity.text.contains(|c: char| c.is_ascii_digit()))
}

/// Whether things of this kind belong to a person, or may; of days, those in figures.
pub(crate) fn is_personal_kind(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Product
        | EntityKind::Location
        | EntityKind::Money
        | EntityKind::Percentage
        | EntityKind::Quantity
        | EntityKind::Number
        | EntityKind::Ordinal
        | EntityKind::Time
        | EntityKind::TimeRange
        | EntityKind::Duration
        | EntityKind::Recurrence => false,
        // Names, documents, addresses, codes, and whatever kind comes later.
        _ => true,
    }
}

/// Whether it is a day, or has one.
pub(crate) fn is_day(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::Date | EntityKind::DateTime | EntityKind::DateRange | EntityKind::DateTimeRange
    )
}

fn has_long_number(text: &str) -> bool {
    long_numbers(text).next().is_some()
}

/// Numbers that are somebody's, also where no check digit or plan says whose: `48213377`, `100.000.000-00`.
pub(crate) fn long_numbers(text: &str) -> impl Iterator<Item = &str> {
    let is_sign = |c: char| matches!(c, ' ' | '.' | '-' | '/' | '(' | ')');
    text.split(move |c: char| !c.is_numeric() && !is_sign(c))
        .map(move |run| run.trim_matches(is_sign))
        .filter(move |run| {
            let digits = run.chars().filter(|c| c.is_numeric()).count();
            let longest = run.split(is_sign).map(|part| part.chars().count()).max().unwrap_or(0);
            longest >= LONG_NUMBER || digits >= LONG_NUMBER_WITH_SIGNS
        })
}

/// Whether it may name a house, also where what stands behind the number hides that from the reading of addresses.
fn has_house_number(text: &str) -> bool {
    let form = format!(" {} ", normalised(text));
    let names_street = STREETS.iter().any(|street| form.contains(&format!(" {street} ")));
    names_street && text.contains(char::is_numeric)
}

fn is_of_the_moment(text: &str) -> bool {
    let form = format!(" {} ", normalised(text));
    NOW.iter().any(|now| form.contains(&format!(" {now} ")))
}
