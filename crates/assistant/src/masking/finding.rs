//! What is to be hidden: what the extractors find of the kinds that belong to a person, and long numbers. Pure.

use pytake_understanding::entities::{self, Context, Entity, EntityKind};
use pytake_understanding::fold;
use pytake_understanding::message::Message;
use rustc_hash::FxHashSet;

use super::marks::NUMBER;
use crate::answer_cache::question::{is_day, is_personal_kind, long_numbers};
use crate::tenant_view::TenantView;

/// Shorter values name nobody, and stand in many a text by chance: order `12`. Names are apart.
const SHORTEST: usize = 4;
/// Shorter words of a name are initials.
const SHORTEST_NAME: usize = 2;
/// Words that stand in names and name nobody.
const PARTICLES: [&str; 18] = [
    "da", "de", "do", "di", "du", "la", "le", "el", "al", "dos", "das", "del", "los", "las", "von", "van",
    "der", "den",
];
/// So many digits are enough to tell that two spellings are one number: a subscriber's, without its area code.
const TELLING_DIGITS: usize = 8;

/// A text that is hidden wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: &'static str,
    /// What its spellings have in common.
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_word: bool,
}

/// What the business says.
#[derive(Debug)]
pub(super) struct Own {
    folded: Vec<String>,
    /// The digits of its long numbers.
    numbers: Vec<String>,
}

impl Own {
    pub(super) fn new(texts: &[&str]) -> Self {
        let numbers = texts.iter().flat_map(|text| long_numbers(text)).map(digits).collect();
        Self { folded: texts.iter().map(|text| fold::fold(text)).collect(), numbers }
    }

    fn says(&self, text: &str) -> bool {
        let folded = fold::fold(text);
        let digits = digits(text);
        self.folded.iter().any(|own| {
            own.match_indices(&folded).any(|(start, found)| is_word(own, start, start + found.len()))
        }) || (digits.len() >= TELLING_DIGITS
            && self.numbers.iter().any(|own| own.ends_with(&digits) || is_abroad(&digits, own)))
    }
}

/// Whether it is the other number with a country's code before it.
fn is_abroad(digits: &str, own: &str) -> bool {
    own.len() >= TELLING_DIGITS && digits.ends_with(own)
}

/// Looks for what to hide.
#[derive(Debug)]
pub(super) struct Find<'a> {
    tenant: &'a TenantView,
    own: Own,
    found: Vec<Found>,
    seen: FxHashSet<String>,
}

impl<'a> Find<'a> {
    pub(super) fn new(tenant: &'a TenantView, own: Own) -> Self {
        Self { tenant, own, found: Vec::new(), seen: FxHashSet::default() }
    }

    pub(super) fn found(self) -> Vec<Found> {
        self.found
    }

    /// Everything personal in a text.
    pub(super) fn in_text(&mut self, text: &str) {
        let mut read = 0;
        for entity in entities_of(text, self.tenant) {
            if is_personal_kind(entity.kind) && !is_day(entity.kind) {
                self.numbers(text, read, entity.start);
                read = entity.end;
                self.entity(text, &entity);
            } else if says_what_it_counts(entity.kind) {
                self.numbers(text, read, entity.start);
                read = entity.end;
            }
        }
        self.numbers(text, read, text.len());
    }

    /// A text that is a name as a whole.
    pub(super) fn name(&mut self, text: &str) {
        let mut has_word = false;
        for word in words_of_name(text) {
            has_word = true;
            self.add(EntityKind::Name.as_str(), fold::fold(word), word, true);
        }
        let text = text.trim();
        if !has_word && !text.is_empty() {
            self.add(EntityKind::Name.as_str(), fold::fold(text), text, is_word_alone(text));
        }
    }

    fn entity(&mut self, text: &str, entity: &Entity<'_>) {
        if self.own.says(entity.text) {
            return;
        }
        if entity.kind == EntityKind::Name {
            self.name(entity.text);
        } else if entity.text.chars().count() >= SHORTEST {
            let is_word = is_word(text, entity.start, entity.end);
            // A card's value tells only four digits of it.
            let value = match entity.kind {
                EntityKind::Card => digits(entity.text),
                _ => entity.value.clone().into_owned(),
            };
            self.add(entity.kind.as_str(), value, entity.text, is_word);
        }
    }

    /// Long numbers in a part of a text where nothing else was found.
    fn numbers(&mut self, text: &str, start: usize, end: usize) {
        let Some(part) = text.get(start..end) else { return };
        for number in long_numbers(part) {
            if !self.own.says(number) {
                self.add(NUMBER, digits(number), number, false);
            }
        }
    }

    fn add(&mut self, kind: &'static str, value: String, text: &str, is_word: bool) {
        if self.seen.insert(text.to_owned()) {
            self.found.push(Found { kind, value, text: text.to_owned(), is_word });
        } else if !is_word && let Some(found) = self.found.iter_mut().find(|found| found.text == text) {
            found.is_word = false;
        }
    }
}

fn entities_of<'t>(text: &'t str, tenant: &TenantView) -> Vec<Entity<'t>> {
    let message = Message::new(text);
    let context = Context {
        language: message.language().language.map(entities::Language::from),
        country: tenant.country,
        now: None,
        catalogue: Some(&tenant.catalogue),
        order_patterns: &tenant.order_patterns,
    };
    let mut found = entities::find(text, &context);
    found.sort_by_key(|entity| entity.start);
    found
}

/// Whether the digits of it are an amount of something, not a number of somebody.
fn says_what_it_counts(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::Money
            | EntityKind::Percentage
            | EntityKind::Quantity
            | EntityKind::Product
            | EntityKind::Time
            | EntityKind::TimeRange
            | EntityKind::Duration
            | EntityKind::Recurrence
    ) || is_day(kind)
}

fn words_of_name(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| {
        word.chars().count() >= SHORTEST_NAME && !PARTICLES.contains(&word.to_lowercase().as_str())
    })
}

fn is_word_alone(text: &str) -> bool {
    let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    is_inside(text.chars().next()) && is_inside(text.chars().next_back())
}

/// Whether what stands there is no part of a longer word.
pub(super) fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Every text of a personal kind that the extractors find and that is long enough to be hidden.
#[cfg(test)]
pub(super) fn personal(text: &str, tenant: &TenantView) -> Vec<String> {
    let mut found = Vec::new();
    for entity in entities_of(text, tenant) {
        let is_long = entity.kind == EntityKind::Name || entity.text.chars().count() >= SHORTEST;
        if is_personal_kind(entity.kind) && !is_day(entity.kind) && is_long {
            found.push(entity.text.to_owned());
        }
    }
    found
}
