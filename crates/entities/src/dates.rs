//! Dates, times, lengths of time and recurrences in Portuguese, Spanish and English.
//!
//! [`find`] reads a message once, from left to right; every expression has its span in the original
//! text and a normal form, which is ISO 8601 as far as the customer's present allows:
//!
//! | kind | with the present known | without it |
//! | --- | --- | --- |
//! | `Date` | `2026-12-25` | `--12-25`, `---05` (day of the month), `XXXX-WXX-5` (a Friday), `today+1D`, `week+1-5` |
//! | `Time` | `14:30` | the same |
//! | `DateTime` | `2026-12-25T14:30` | the date as above, then `T14:30`; `now`, `now+PT1800S` |
//! | `DateRange` | `2026-12-01/2026-12-31`, both days included; `../2026-12-25` and `2026-12-25/..` are open | `--12`, `month+1`, `today/P3D` |
//! | `TimeRange` | `09:00/18:00`, `../17:00` | the same |
//! | `DateTimeRange` | `2026-12-25T18:00/2026-12-25T23:59` | the date as above |
//! | `Duration` | `P2D`, `PT1H30M`, `P5BD` (working days), `P3D/P5D` (three to five), `PXD` (some days) | the same |
//! | `Recurrence` | `R/P1D`, `R/XXXX-WXX-5T18:00/P1W`, `R/---10/P1M` | the same |
//!
//! Conventions of our own, where people differ:
//! - A weekday or a date without a year is the next one (a date: the nearest one), and the last one in a
//!   sentence of the past ("comprei na sexta"). "Próxima" is the nearest, English "next" is next week's.
//! - An hour from one to six without more is in the afternoon ("às 3"), with a zero before it is not.
//! - Parts of the day: madrugada 0–6, manhã 6–12, tarde 12–18, noite 18–24; English evening 17–21.
//!   Breakfast, lunch and dinner (7–9, 12–14, 19–21) bound a time, alone they are food.
//! - A preposition stays outside the span ("às", "at", "el"), one that bounds or opens a range stays in it.
//! - Seasons are the southern half's. Working days know no holidays. Weeks begin on Monday.
//! - A day that does not exist ("30/2"), a year that nothing announces and a unit alone ("do mês") are nothing.

mod bound;
mod calendar;
mod clock;
mod day;
mod every;
mod holiday;
mod join;
mod length;
mod lexicon;
mod numeric;
mod part;
mod period;
mod range;
mod reader;
mod sense;
mod slice;
mod special;
mod text;
mod verbs;
mod weekday;

use std::borrow::Cow;

use jiff::civil::DateTime;

use crate::scan::scan;
use crate::{Entity, Language, numbers};
use calendar::Calendar;
use reader::Reader;
use sense::Rule;

/// What is known about the message.
#[derive(Debug, Clone, Copy, Default)]
pub struct DateContext {
    /// Its language; without it the one that explains the most of it is taken.
    pub language: Option<Language>,
    /// The customer's present, in the customer's own time zone. Without it what is relative stays relative.
    pub now: Option<DateTime>,
    /// Whether "3/4" is the third of April (true in Brazil, Latin America, Spain, the United Kingdom).
    pub day_first: bool,
}

/// Finds every expression of time of `text`, in order and without overlaps.
pub fn find<'a>(text: &'a str, context: &DateContext) -> Vec<Entity<'a>> {
    let tokens = scan(text);
    if let Some(language) = context.language {
        return find_in(text, &tokens, context, language);
    }
    let covered =
        |entities: &[Entity<'a>]| entities.iter().map(|entity| entity.end - entity.start).sum::<usize>();
    let mut best = Vec::new();
    for language in [Language::Portuguese, Language::Spanish, Language::English] {
        let found = find_in(text, &tokens, context, language);
        if covered(&found) > covered(&best) {
            best = found;
        }
    }
    best
}

fn find_in<'a>(
    text: &'a str,
    tokens: &[crate::scan::Token<'a>],
    context: &DateContext,
    language: Language,
) -> Vec<Entity<'a>> {
    let reader = Reader::new(tokens, language, context.day_first);
    let closed = numbers::in_addresses(tokens);
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let expression =
            if closed.get(index).copied().unwrap_or(false) { None } else { join::expression(&reader, index) };
        let Some(expression) = expression else {
            index += 1;
            continue;
        };
        let past = verbs::speaks_of_the_past(&reader, expression.begin);
        let calendar = Calendar { now: context.now, past };
        let entity = text::text(&expression.sense, calendar).and_then(|(kind, value)| {
            let start = tokens.get(expression.begin)?.start;
            let end = tokens.get(expression.end.checked_sub(1)?)?.end;
            let confidence = confidence(expression.rule);
            Some(Entity {
                kind,
                start,
                end,
                text: text.get(start..end)?,
                value: Cow::Owned(value),
                confidence,
            })
        });
        if entity.is_some() {
            index = expression.end.max(index + 1);
        } else {
            index += 1;
        }
        found.extend(entity);
    }
    found
}

/// How often a rule is right: Laplace's (right + 1) / (found + 2) over exact spans, on the development
/// part of the specifications (own convention mapped) and on our own cases (tests/data) together.
///
/// Counted in November 2026 with the tests of this crate; `the_confidence_is_what_is_measured` says
/// when the sum of all of them no longer fits.
fn confidence(rule: Rule) -> f32 {
    let (right, found) = match rule {
        Rule::NumericDate => (62.0, 67.0),
        Rule::MonthName => (114.0, 121.0),
        Rule::Weekday => (109.0, 113.0),
        Rule::RelativeDay => (53.0, 57.0),
        Rule::DayOfMonth => (17.0, 19.0),
        Rule::Offset => (70.0, 74.0),
        Rule::Holiday => (25.0, 29.0),
        Rule::Clock => (97.0, 112.0),
        Rule::BareClock => (22.0, 22.0),
        Rule::PartOfDay => (46.0, 47.0),
        Rule::ClockRange => (31.0, 34.0),
        Rule::DayAndTime => (182.0, 190.0),
        Rule::DayRange => (140.0, 141.0),
        Rule::Period => (233.0, 249.0),
        Rule::Year => (3.0, 8.0),
        Rule::Duration => (104.0, 115.0),
        Rule::Recurrence => (23.0, 23.0),
        Rule::Bounded => (107.0, 121.0),
    };
    (right + 1.0) / (found + 2.0)
}
