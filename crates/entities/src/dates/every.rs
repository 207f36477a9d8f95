//! What comes again: "todo dia 10", "toda segunda", "every Monday", "cada dos semanas", "diariamente".

use super::lexicon::{Part, Unit, Word};
use super::reader::Reader;
use super::sense::{At, Every, On};
use super::weekday;
use crate::Language;

/// Reads the recurrence that begins at `index`, without its time of day.
pub(crate) fn every(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    plural_part(reader, index)
        .or_else(|| often(reader, index))
        .or_else(|| times_per(reader, index))
        .or_else(|| each(reader, index))
        .or_else(|| plural_weekday(reader, index))
}

/// "mornings", "Friday afternoons".
fn plural_part(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    if reader.language != Language::English {
        return None;
    }
    let begin = if reader.phrase(index, &["in", "the"]) { index + 2 } else { index };
    let (place, on) = match weekday::plain_weekday(reader, begin) {
        Some((end, weekday)) => (end, Some(On::Weekday(weekday))),
        None => (begin, None),
    };
    let part = match reader.token(place)?.folded.as_ref() {
        "mornings" => Part::Morning,
        "afternoons" => Part::Afternoon,
        "evenings" => Part::Evening,
        _ => return None,
    };
    let unit = if on.is_some() { Unit::Week } else { Unit::Day };
    Some((place + 1, Every { amount: 1, unit, on, at: Some(At::Part(part)) }))
}

fn plain(amount: i32, unit: Unit) -> Every {
    Every { amount, unit, on: None, at: None }
}

/// "diariamente", "semanal", "weekly", "semi-annually", "todo santo dia" is not read.
fn often(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    if reader.is(index, "semi") && reader.is(index + 1, "-") && reader.any(index + 2, &["annually", "annual"])
    {
        return Some((index + 3, plain(6, Unit::Month)));
    }
    match reader.word(index)? {
        Word::Often(amount, unit) => Some((index + 1, plain(amount, unit))),
        _ => None,
    }
}

/// "uma vez por semana", "2x por mês", "once a week", "una vez al año".
fn times_per(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    let place = match reader.language {
        Language::Portuguese | Language::Spanish => {
            let (after, _) = reader.integer(index)?;
            if !reader.any(after, &["vez", "vezes", "veces", "x"])
                || !reader.any(after + 1, &["por", "ao", "a", "al"])
            {
                return None;
            }
            reader.skip(after + 2, &["la"])
        }
        Language::English => {
            let after = if reader.any(index, &["once", "twice"]) {
                index + 1
            } else {
                let (after, _) = reader.integer(index)?;
                if !reader.is(after, "times") {
                    return None;
                }
                after + 1
            };
            if !reader.any(after, &["a", "per", "every", "each"]) {
                return None;
            }
            after + 1
        }
    };
    let (end, unit) = reader.unit(place)?;
    // Twice a week is a part of a week that no calendar names; the week is what is known.
    Some((end, plain(1, unit)))
}

/// "todo dia", "todos os dias 10", "cada dois dias", "toda segunda", "every other Friday", "each week".
fn each(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    let mut amount = 1;
    let place = match reader.language {
        Language::Portuguese => {
            let start = reader.skip(index, &["a"]);
            if reader.is(start, "cada") {
                start + 1
            } else if reader.any(index, &["todo", "toda", "td", "tda"]) {
                // "todo o dia" is a length, "todo dia" comes again.
                index + 1
            } else if reader.any(index, &["todos", "todas", "tds"]) && reader.any(index + 1, &["os", "as"]) {
                index + 2
            } else {
                return None;
            }
        }
        Language::Spanish => {
            if reader.is(index, "cada") {
                index + 1
            } else if reader.any(index, &["todos", "todas"]) && reader.any(index + 1, &["los", "las"]) {
                index + 2
            } else if reader.is(index, "los") {
                let found = plural_of_spanish(reader, index + 1)?;
                return Some(found);
            } else {
                return None;
            }
        }
        Language::English => {
            if !reader.any(index, &["every", "each", "any"]) {
                return None;
            }
            if reader.any(index, &["any"]) && !reader.is(index + 1, "weekend") {
                return None;
            }
            index + 1
        }
    };
    let place = if reader.language == Language::English && reader.is(place, "other") {
        amount = 2;
        place + 1
    } else {
        place
    };
    if let Some((end, on)) = weekday(reader, place) {
        let every = Every { amount, unit: Unit::Week, on: Some(on), at: None };
        return Some((end, every));
    }
    if let Some(part) = reader.part(place) {
        return Some((place + 1, Every { amount, unit: Unit::Day, on: None, at: Some(At::Part(part)) }));
    }
    if reader.is(place, "weekday") {
        return Some((place + 1, plain(amount, Unit::WorkingDay)));
    }
    if reader.any(place, &["day", "dia", "dias"])
        && let Some((end, day)) = reader
            .day_of_month(place + 1)
            .filter(|(end, _)| reader.ends_alone(*end) && reader.is_number(place + 1))
        && !reader.any(end, &["h", "hs", "horas", "hrs", "am", "pm"])
    {
        return Some((end, Every { amount: 1, unit: Unit::Month, on: Some(On::DayOfMonth(day)), at: None }));
    }
    let (after, count) = reader.integer(place).map_or((place, 1), |(after, count)| (after, count));
    let (end, unit) = reader.unit(after)?;
    if after > place && count == 0 {
        return None;
    }
    Some((end, plain(amount.checked_mul(count)?, unit)))
}

fn weekday(reader: &Reader<'_, '_>, place: usize) -> Option<(usize, On)> {
    if let Some((end, weekday)) = weekday::plain_weekday(reader, place) {
        return Some((end, On::Weekday(weekday)));
    }
    match reader.word(place)? {
        Word::Weekdays(weekday) => Some((past_feiras(reader, place + 1), On::Weekday(weekday))),
        _ => None,
    }
}

fn past_feiras(reader: &Reader<'_, '_>, end: usize) -> usize {
    let dashed = reader.skip(end, &["-"]);
    if reader.any(dashed, &["feiras", "feira"]) { dashed + 1 } else { end }
}

/// "los lunes", "los sábados".
fn plural_of_spanish(reader: &Reader<'_, '_>, place: usize) -> Option<(usize, Every)> {
    let (end, on) = weekday(reader, place)?;
    let every = Every { amount: 1, unit: Unit::Week, on: Some(on), at: None };
    Some((end, every))
}

/// "sábados", "segundas-feiras", "tuesdays": each one of them.
fn plural_weekday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Every)> {
    if reader.language == Language::English && reader.is(index, "weekends") {
        return Some((index + 1, plain(1, Unit::Weekend)));
    }
    let Word::Weekdays(weekday) = reader.word(index)? else { return None };
    let announced = reader.before_any(index, &["as", "aos", "nas", "nos", "los", "e", ","])
        || reader.language == Language::English;
    let certain = reader.any(index, &["sabados", "domingos"]) || past_feiras(reader, index + 1) > index + 1;
    let every = Every { amount: 1, unit: Unit::Week, on: Some(On::Weekday(weekday)), at: None };
    (announced || certain).then(|| (past_feiras(reader, index + 1), every))
}
