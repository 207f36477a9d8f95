//! Puts days, times and parts of the day that stand together into one expression.
//!
//! At each token every kind of expression is tried; the longest one is taken, and what follows is
//! joined to it as long as it fits: a day and a time, a time and a day, a part of the day and both.

use super::bound;
use super::clock;
use super::day;
use super::every;
use super::length;
use super::lexicon::{self};
use super::part;
use super::period;
use super::range;
use super::reader::Reader;
use super::sense::{At, Day, Rule, Sense};
use super::special;
use super::weekday;
use crate::Language;

/// An expression of time where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) sense: Sense,
    pub(crate) rule: Rule,
}

/// Reads the expression that begins at `index`: the longest of all that could.
pub(crate) fn expression(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    if !may_begin(reader, index) || names_a_street(reader, index) {
        return None;
    }
    let plain = plain(reader, index);
    let marked = bound::bounded(reader, index).or_else(|| bound::roughly(reader, index));
    let plain = plain.map(|found| bound::or_later(reader, found)).map(|found| without_article(reader, found));
    let best = match (plain, marked) {
        (Some(plain), Some(marked)) if marked.end > plain.end => marked,
        (Some(plain), _) => plain,
        (None, marked) => marked?,
    };
    Some(best)
}

/// "la noche del 21" begins with its noun, while "la noche" and "la mañana a las 7" keep the article.
fn without_article(reader: &Reader<'_, '_>, found: Expression) -> Expression {
    let begins = reader.language == Language::Spanish
        && reader.is(found.begin, "la")
        && reader.part(found.begin + 1).is_some();
    if begins && matches!(found.sense, Sense::DayPart(..)) {
        Expression { begin: found.begin + 1, ..found }
    } else {
        found
    }
}

/// "rua 25 de março", "av. 9 de julho", "calle 5 de mayo": streets are named after dates.
fn names_a_street(reader: &Reader<'_, '_>, index: usize) -> bool {
    let streets = [
        "rua", "r", "av", "avenida", "praca", "pca", "travessa", "alameda", "rodovia", "vila", "bairro",
        "calle", "plaza",
    ];
    let after_point = reader.before_any(index, &["."]) && index > 1;
    let place = if after_point { index - 1 } else { index };
    reader.is_number(index) && reader.before_any(place, &streets) && reader.any(index + 1, &["de"])
}

/// Whether an expression may begin here: only such tokens are looked at closely.
fn may_begin(reader: &Reader<'_, '_>, index: usize) -> bool {
    let Some(token) = reader.token(index) else { return false };
    if reader.is_core(index) {
        return true;
    }
    // "a partir de las 5": what an expression is about stands at most four words behind its opening.
    token.is_word()
        && (1..=4).any(|distance| reader.is_core(index + distance))
        && lexicon::opens(&token.folded)
}

/// The longest expression without a bound before it.
pub(super) fn plain(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let mut best: Option<Expression> = None;
    let mut offer = |candidate: Option<Expression>| {
        let Some(candidate) = candidate else { return };
        if best.as_ref().is_none_or(|best| candidate.end > best.end) {
            best = Some(candidate);
        }
    };
    let make = |end: usize, sense: Sense, rule: Rule| Expression { begin: index, end, sense, rule };
    offer(
        every::every(reader, index)
            .map(|(end, every)| make(end, Sense::Every(every), Rule::Recurrence))
            .map(|found| joined(reader, found)),
    );
    offer(range::days(reader, index).map(|(end, sense, rule)| make(end, sense, rule)));
    offer(part::part_of_a_day(reader, index).map(|found| joined(reader, found)));
    if !reader.before_any(index, &["black"]) {
        offer(
            day::day(reader, index)
                .map(|found| make(found.end, Sense::Day(found.day), found.rule))
                .map(|found| joined(reader, found)),
        );
    }
    offer(part::end_of_day(reader, index));
    offer(length::range(reader, index).map(|(end, sense)| make(end, sense, Rule::Duration)));
    offer(clocks(reader, index));
    offer(
        length::offset(reader, index)
            .map(|(end, sense)| make(end, sense, Rule::Offset))
            .map(|found| joined(reader, found)),
    );
    if reader.language == Language::Spanish && reader.phrase(index, &["la", "semana"]) {
        // "la semana que viene el miércoles a las 16"
        offer(
            day::day(reader, index + 1)
                .map(|found| joined(reader, make(found.end, Sense::Day(found.day), found.rule))),
        );
    }
    let weekday_follows = |end: usize| {
        reader.language == Language::Spanish
            && reader.is(index, "la")
            && !reader.is(index + 1, "semana")
            && day::day(reader, index + 1).is_some_and(|found| found.end > end)
    };
    offer(
        period::period(reader, index)
            .filter(|found| !weekday_follows(found.end))
            .map(|found| make(found.end, found.sense, found.rule)),
    );
    offer(
        clock::clock(reader, index)
            .map(|found| {
                let rule = if found.is_plain { Rule::Clock } else { Rule::BareClock };
                make(found.end, Sense::Clock(found.clock), rule)
            })
            .map(|found| joined(reader, found)),
    );
    if reader.language == Language::Spanish && reader.phrase(index, &["por", "la"]) {
        let clock = part::part(reader, index + 1).map(|found| joined(reader, found));
        offer(
            clock
                .filter(|found| matches!(found.sense, Sense::Clock(_)))
                .map(|found| Expression { begin: index, ..found }),
        );
    }
    if index == 0 {
        // An answer that is nothing but a time: "sete e meia", "nine thirty".
        let has_article = clock::article(reader, 0) > 0;
        let found = clock::hour_or_clock(reader, 0)
            .filter(|found| found.end == reader.tokens.len() && found.clock.minute > 0 && !has_article)
            .filter(|_| !reader.tokens.iter().any(|token| token.is_any(&["hora", "horas", "hour", "hours"])));
        offer(found.map(|found| make(found.end, Sense::Clock(found.clock), Rule::BareClock)));
    }
    offer(part::part(reader, index).map(|found| joined(reader, found)));
    offer(
        length::length(reader, index).map(|(end, length)| make(end, Sense::Duration(length), Rule::Duration)),
    );
    offer(special::hours_of_a_day(reader, index));
    offer(part::meal_time(reader, index));
    offer(special::instants(reader, index));
    offer(special::starting(reader, index));
    offer(special::within(reader, index));
    offer(special::now(reader, index));
    best
}

/// A range of times, which needs a day beside it unless its form says what it is.
fn clocks(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let found = range::clocks(reader, index)?;
    let alone = Expression {
        begin: index,
        end: found.end,
        sense: Sense::Clocks(found.clocks),
        rule: Rule::ClockRange,
    };
    let with_day = joined(reader, alone.clone());
    // "mon-fri 9-5": behind weekdays two numbers are hours.
    let behind_weekdays = index.checked_sub(1).is_some_and(|before| reader.weekday(before).is_some());
    if found.is_plain || behind_weekdays || with_day.end > alone.end { Some(with_day) } else { None }
}

/// Joins what follows as long as something fits.
pub(super) fn joined(reader: &Reader<'_, '_>, mut found: Expression) -> Expression {
    for _ in 0..3 {
        let Some((end, sense)) = next(reader, found.end, &found.sense) else { break };
        found.end = end;
        found.rule = match sense {
            Sense::Every(_) => Rule::Recurrence,
            Sense::Clock(_) => Rule::Clock,
            _ => Rule::DayAndTime,
        };
        found.sense = sense;
    }
    found
}

/// What follows an expression and fits it.
fn next(reader: &Reader<'_, '_>, end: usize, sense: &Sense) -> Option<(usize, Sense)> {
    match sense {
        Sense::Day(day) => time_behind(reader, end, *day).or_else(|| said_twice(reader, end, *day)),
        Sense::DayPart(Day::Weekday { weekday, which: None, week: None }, part)
            if weekday::of_week(reader, end).is_some() =>
        {
            let (after, week) = weekday::of_week(reader, end)?;
            Some((
                after,
                Sense::DayPart(Day::Weekday { weekday: *weekday, which: None, week: Some(week) }, *part),
            ))
        }
        Sense::DayPart(day, part) => {
            let (after, sense) = time_behind(reader, end, *day)?;
            match sense {
                Sense::At(day, clock) => Some((after, Sense::At(day, clock.in_part(*part)))),
                Sense::DayClocks(day, clocks) => {
                    Some((after, Sense::DayClocks(day, range::in_part(clocks, *part))))
                }
                _ => None,
            }
        }
        Sense::At(day, clock) => {
            // "8h hoje de manhã"
            let (after, part) = part::part_behind_day(reader, end)?;
            if clock.half_known { None } else { Some((after, Sense::At(*day, clock.in_part(part)))) }
        }
        Sense::DayClocks(day, clocks) => {
            let (after, part) = part::part_behind_day(reader, end)?;
            Some((after, Sense::DayClocks(*day, range::in_part(*clocks, part))))
        }
        Sense::Clock(clock) => {
            if let Some((after, every)) =
                every::every(reader, reader.skip(end, &[","])).filter(|(_, every)| every.at.is_none())
            {
                let every = super::sense::Every { at: Some(At::Clock(*clock)), ..every };
                return Some((after, Sense::Every(every)));
            }
            let (after, sense) = day_behind(reader, end)?;
            match sense {
                Sense::Day(day) => Some((after, Sense::At(day, *clock))),
                Sense::DayPart(day, part) => Some((after, Sense::At(day, clock.in_part(part)))),
                _ => None,
            }
        }
        Sense::Clocks(clocks) => {
            let (after, sense) = day_behind(reader, end)?;
            match sense {
                Sense::Day(day) => Some((after, Sense::DayClocks(day, *clocks))),
                Sense::DayPart(day, part) => {
                    Some((after, Sense::DayClocks(day, range::in_part(*clocks, part))))
                }
                _ => None,
            }
        }
        Sense::Part(part) => {
            let place = time_link(reader, end);
            if let Some(found) = clock::clock(reader, place).filter(|_| place > end || reader.is(end, ",")) {
                return Some((found.end, Sense::Clock(found.clock.in_part(*part))));
            }
            let link = match reader.language {
                Language::Portuguese => {
                    reader.skip(end, &["de", "do", "da", "deste", "desta", "desse", "dessa"])
                }
                Language::Spanish => reader.skip(reader.skip(end, &["del", "de"]), &["el"]),
                Language::English => reader.skip(reader.skip(end, &["of", "on"]), &["the"]),
            };
            let day = day::day(reader, link).filter(|_| link > end)?;
            Some((day.end, Sense::DayPart(day.day, *part)))
        }
        Sense::Every(every) if !matches!(every.at, Some(At::Clock(_))) => {
            let place = time_link(reader, end);
            if let Some(found) = clock::clock(reader, place) {
                let clock = match every.at {
                    Some(At::Part(part)) => found.clock.in_part(part),
                    _ => found.clock,
                };
                return Some((
                    found.end,
                    Sense::Every(super::sense::Every { at: Some(At::Clock(clock)), ..every.clone() }),
                ));
            }
            if every.at.is_some() {
                return None;
            }
            let (after, part) = part::part_behind_day(reader, end)?;
            Some((after, Sense::Every(super::sense::Every { at: Some(At::Part(part)), ..every.clone() })))
        }
        _ => None,
    }
}

/// "in 3 days on Friday", "Thursday, two years from now": the counted day is the one that is meant.
fn said_twice(reader: &Reader<'_, '_>, end: usize, day: Day) -> Option<(usize, Sense)> {
    if reader.language != Language::English {
        return None;
    }
    if let Day::Away { amount, .. } = day {
        let (after, _) =
            weekday::plain_weekday(reader, end + 1).filter(|_| reader.is(end, "on") && amount.abs() > 1)?;
        return Some((after, Sense::Day(day)));
    }
    let is_weekday = matches!(day, Day::Weekday { which: None, week: None, .. });
    let (after, sense) = length::offset(reader, reader.skip(end, &[","])).filter(|_| is_weekday)?;
    matches!(sense, Sense::Day(_)).then_some((after, sense))
}

/// A time, a range of times or a part of the day behind a day.
pub(super) fn time_behind(reader: &Reader<'_, '_>, end: usize, day: Day) -> Option<(usize, Sense)> {
    if let Some((after, part)) = part::part_behind_day(reader, end) {
        return Some((after, Sense::DayPart(day, part)));
    }
    let place = reader.skip(end, &[",", "-", "t"]);
    let place = if reader.is(place, "-") { place + 1 } else { place };
    let direct = range::clocks(reader, place).or_else(|| {
        let linked = time_link(reader, end);
        range::clocks(reader, linked).filter(|_| linked > end)
    });
    if let Some(found) = direct {
        return Some((found.end, Sense::DayClocks(day, found.clocks)));
    }
    if let Some((after, clock, is_end)) = bound::bounded_clock(reader, reader.skip(end, &[","])) {
        return Some((after, Sense::OpenInstant { day, clock: Some(clock), is_end }));
    }
    let linked = time_link(reader, end);
    let found = clock::clock(reader, linked).or_else(|| {
        // "amanhã 15h", "tomorrow at five-thirty", "sexta 4 da tarde"
        let bare = clock::hour_or_clock(reader, linked)?;
        let announced = linked > end
            && reader.any(linked - 1, &["as", "at", "las", "@", "around", "das", "for", "pelas"]);
        let in_words = reader.language == Language::English
            && bare.clock.minute > 0
            && reader.token(linked).is_some_and(super::super::scan::Token::is_word);
        (announced && closes(reader, bare.end) || bare.is_plain || in_words).then_some(bare)
    })?;
    Some((found.end, Sense::At(day, found.clock)))
}

pub(super) fn closes(reader: &Reader<'_, '_>, end: usize) -> bool {
    reader.token(end).is_none_or(|after| !after.is_word() && reader.ends_alone(end))
}

/// Past the words between a day and its time: "às", "por volta das", "a las", "at around".
fn time_link(reader: &Reader<'_, '_>, end: usize) -> usize {
    let place = reader.skip(end, &[",", "-"]);
    let place = reader.skip(place, &["t"]);
    match reader.language {
        Language::Portuguese => {
            if reader.any(place, &["por"]) && reader.is(place + 1, "volta") {
                return reader.skip(place + 2, &["das", "de", "da"]);
            }
            let place = reader.skip(place, &["la", "ja", "ai", "so"]);
            reader.skip(place, &["as", "a", "pelas", "das", "ax", "de"])
        }
        Language::Spanish => {
            let place = reader.skip(place, &["a", "de", "desde", "como", "tipo"]);
            let place = reader.skip(place, &["a"]);
            reader.skip(place, &["las", "la"])
        }
        Language::English => {
            let place = reader.skip(place, &["at", "@", "for", "from"]);
            reader.skip(place, &["around", "about"])
        }
    }
}

/// A day behind a time: "de amanhã", "do dia 15", "na sexta", "hoy", "on Tuesday".
pub(super) fn day_behind(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, Sense)> {
    let place = reader.skip(end, &[","]);
    let place = match reader.language {
        Language::Portuguese => {
            let place = reader.skip(place, &["de", "do", "da", "no", "na", "desta", "desse", "em"]);
            reader.skip(place, &["o", "a"])
        }
        Language::Spanish => {
            let place = reader.skip(place, &["de", "del", "el", "en"]);
            reader.skip(place, &["el"])
        }
        Language::English => {
            let place = reader.skip(place, &["on", "of"]);
            if reader.is(place, "the") && reader.is_number(place + 1) { place + 1 } else { place }
        }
    };
    if let Some(found) = part::part_of_a_day(reader, place).or_else(|| part::part_of_a_day(reader, end)) {
        return Some((found.end, found.sense));
    }
    let place = day::past_word_of_day(reader, place);
    let found = day::day(reader, place)?;
    // "das 9h às 18h de segunda a sexta" are a range of times and a range of days.
    let is_range = [place, place.saturating_sub(1)]
        .into_iter()
        .any(|place| place >= end && range::days(reader, place).is_some_and(|(after, ..)| after > found.end));
    if is_range {
        return None;
    }
    let Some((after, part)) = part::part_behind_day(reader, found.end) else {
        return Some((found.end, Sense::Day(found.day)));
    };
    Some((after, Sense::DayPart(found.day, part)))
}
