//! Expressions of one form each: "agora", "within 5 minutes", "7 horas de amanhã", "a week starting tomorrow".

use super::clock;
use super::day;
use super::join::{Expression, day_behind, joined};
use super::length;
use super::period;
use super::range;
use super::reader::Reader;
use super::sense::{Clock, Period, Rule, Sense};
use crate::Language;

/// "agora", "ahora mismo", "right now".
pub(super) fn now(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let end = match reader.language {
        Language::Portuguese if reader.is(index, "agora") => reader.skip(index + 1, &["mesmo"]),
        Language::Spanish if reader.is(index, "ahora") => reader.skip(index + 1, &["mismo"]),
        Language::English if reader.is(index, "now") => index + 1,
        Language::English if reader.phrase(index, &["right", "now"]) => index + 2,
        Language::English if reader.phrase(index, &["at", "the", "moment"]) => index + 3,
        Language::English if reader.phrase(index, &["at", "present"]) => index + 2,
        Language::English if reader.phrase(index, &["at", "this", "time"]) => index + 3,
        Language::English if reader.phrase(index, &["at", "the", "present", "time"]) => index + 4,
        Language::Portuguese if reader.phrase(index, &["neste", "momento"]) => index + 2,
        Language::Spanish if reader.phrase(index, &["en", "este", "momento"]) => index + 3,
        _ => return None,
    };
    Some(Expression { begin: index, end, sense: Sense::Moment(0), rule: Rule::RelativeDay })
}

/// "within 5 minutes", "within next 10 months".
pub(super) fn within(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    if reader.language != Language::English || !reader.is(index, "within") {
        return None;
    }
    let place = reader.skip(index + 1, &["the"]);
    if let Some(found) = period::period(reader, place) {
        return Some(Expression { begin: index, end: found.end, sense: found.sense, rule: Rule::Period });
    }
    let (end, length) = length::length(reader, place)?;
    let [(Some(amount), unit)] = length.parts.as_slice() else { return None };
    let sense = if unit.is_of_the_clock() {
        Sense::UntilMoment(length::seconds_of(*amount, *unit)?)
    } else {
        Sense::Period(Period::Several { amount: i32::try_from(amount.to_integer()?).ok()?, unit: *unit })
    };
    Some(Expression { begin: index, end, sense, rule: Rule::Period })
}

/// "7 horas de amanhã", "19 horas do dia 5": hours before a day are a time, else a length.
pub(super) fn hours_of_a_day(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    if reader.language == Language::English
        || !reader.is_number(index)
        || !reader.any(index + 1, &["horas", "hrs", "hs", "h"])
    {
        return None;
    }
    let hour = reader
        .digits(index, 2)
        .and_then(|hour| i8::try_from(hour).ok())
        .filter(|hour| (0..24).contains(hour))?;
    let clock = Clock { hour, minute: 0, second: None, half_known: hour > 12 };
    let (end, sense) = day_behind(reader, index + 2)?;
    let sense = match sense {
        Sense::Day(day) => Sense::At(day, clock),
        Sense::DayPart(day, part) => Sense::At(day, clock.in_part(part)),
        _ => return None,
    };
    Some(Expression { begin: index, end, sense, rule: Rule::DayAndTime })
}

/// "a week starting tomorrow", "for 3 days, from today".
pub(super) fn starting(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    if reader.language != Language::English {
        return None;
    }
    let (end, length) = length::length(reader, reader.skip(index, &["for"]))?;
    let link = reader.skip(end, &[","]);
    let announced = reader.any(link, &["starting", "beginning"])
        || (link > end && reader.is(index, "for") && reader.is(link, "from"));
    let [(Some(amount), unit)] = length.parts.as_slice() else { return None };
    let amount = i32::try_from(amount.to_integer()?).ok().filter(|amount| *amount > 0 && announced)?;
    let found =
        day::day(reader, reader.skip(link + 1, &["on", "from"])).filter(|_| !unit.is_of_the_clock())?;
    let sense = Sense::Period(Period::Counted { from: found.day, amount, unit: *unit });
    Some(Expression { begin: index, end: found.end, sense, rule: Rule::Period })
}

/// "de amanhã às 9h até sexta às 18h", "between now and eight o'clock": instants on both sides.
pub(super) fn instants(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let (start, opening) = range::opening(reader, index);
    if opening == range::Opening::None {
        return None;
    }
    let (after_first, first) = instant(reader, clock::article(reader, start))?;
    let link = range::connector(reader, after_first, opening)?;
    let (end, second) = instant(reader, clock::article(reader, link))?;
    let is_instant = |sense: &Sense| matches!(sense, Sense::At(..) | Sense::Moment(_));
    if !is_instant(&first) && !is_instant(&second) {
        return None;
    }
    let sense = Sense::Instants(Box::new(first), Box::new(second));
    Some(Expression { begin: index, end, sense, rule: Rule::DayRange })
}

/// A day with its time, a time, or a moment counted from now.
fn instant(reader: &Reader<'_, '_>, place: usize) -> Option<(usize, Sense)> {
    if let Some(found) = now(reader, place) {
        return Some((found.end, found.sense));
    }
    let make = |end: usize, sense: Sense| Expression { begin: place, end, sense, rule: Rule::DayAndTime };
    let day = day::day(reader, place).map(|found| joined(reader, make(found.end, Sense::Day(found.day))));
    let counted = || length::offset(reader, place).map(|(end, sense)| make(end, sense));
    let clock = || {
        clock::clock(reader, place).map(|found| joined(reader, make(found.end, Sense::Clock(found.clock))))
    };
    let found = day.or_else(counted).or_else(clock)?;
    matches!(found.sense, Sense::Day(_) | Sense::At(..) | Sense::Clock(_) | Sense::Moment(_))
        .then_some((found.end, found.sense))
}
