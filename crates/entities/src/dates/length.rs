//! Lengths of time and what is counted by them: "2 horas e meia", "daqui a 2 dias", "hace una semana".

use super::day;
use super::lexicon::{Unit, Word};
use super::reader::Reader;
use super::sense::{Day, Length, Sense};
use crate::Language;
use crate::numbers::{self, Decimal};

/// Reads the length that begins at `index`.
pub(crate) fn length(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Length)> {
    let begin = if is_comparison(reader, index) { index + 2 } else { index };
    let (mut end, first) = part(reader, begin)?;
    let mut parts = vec![first];
    while parts.len() < 4 {
        let linked = reader.skip(end, &["e", "y", "and", ","]);
        let Some((after, next)) = part(reader, linked)
            .filter(|(_, next)| linked > end || reader.is_number(end) && next.0.is_some())
        else {
            break;
        };
        let shorter = parts.last().is_some_and(|last| rank(next.1) < rank(last.1));
        if !shorter || next.0.is_none() {
            break;
        }
        parts.push(next);
        end = after;
    }
    if let Some((after, share)) = share_behind(reader, end)
        && let Some(last) = parts.last_mut()
        && let Some(amount) = last.0
    {
        last.0 = amount.plus(share);
        end = after;
    }
    let end = reader.skip(end, &["inteiro", "inteira", "entero", "entera"]);
    Some((end, Length { parts }))
}

/// Reads a length between two: "3 a 5 dias úteis", "de 2 a 3 semanas", "3-5 days", "entre 1 e 2 horas".
pub(crate) fn range(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Sense)> {
    let between = reader.any(index, &["entre", "between"]);
    let start = if between { index + 1 } else { reader.skip(index, &["de", "from"]) };
    if reader.is_number(start) && !reader.stands_alone(start) {
        return None;
    }
    let (after, least) = numbers::whole(reader.tokens, start, reader.language)?;
    let joins = reader.any(after, &["a", "ate", "hasta", "to", "-", "–", "ou", "o", "or"])
        || (between && reader.any(after, &["e", "y", "and"]));
    if !joins || least.scale() > 0 {
        return None;
    }
    let (end, most) = length(reader, after + 1).or_else(|| {
        // Behind a dash digits do not stand alone.
        let (unit_place, amount) = numbers::whole(reader.tokens, after + 1, reader.language)?;
        let (end, unit) = reader.unit(unit_place)?;
        Some((end, Length { parts: vec![(Some(amount), unit)] }))
    })?;
    let [(Some(amount), unit)] = most.parts.as_slice() else { return None };
    let most_amount = amount.to_integer()?;
    // "de 9 a 18 hs" are opening hours, "24 a 48 hs" a time of delivery.
    let opening_hours = *unit == Unit::Hour
        && (9..=24).contains(&most_amount)
        && reader.any(end - 1, &["h", "hs", "hr", "hrs"])
        && least.to_integer()? < 24;
    if least.to_integer()? >= most_amount || opening_hours {
        return None;
    }
    let least = Length { parts: vec![(Some(least), *unit)] };
    Some((end, Sense::Durations(least, most)))
}

/// "mais de 2 horas", "menos de media hora", "more than 4 days".
fn is_comparison(reader: &Reader<'_, '_>, index: usize) -> bool {
    (reader.any(index, &["mais", "menos", "mas"]) && reader.is(index + 1, "de"))
        || (reader.any(index, &["more", "less"]) && reader.is(index + 1, "than"))
}

/// One amount with its unit.
fn part(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, (Option<Decimal>, Unit))> {
    if let Some(found) = half_unit(reader, index) {
        return Some(found);
    }
    let (after, amount) = amount(reader, index)?;
    let after = reader.skip(after, &["-"]);
    let after = if reader.is(after, "of") && amount.is_none() { after + 1 } else { after };
    let (end, unit) = reader
        .unit(after)
        .or_else(|| {
            // "10D", "2W": capital letters directly behind digits.
            let letter = reader.token(after).filter(|token| !token.space_before)?;
            match letter.text {
                "D" if reader.is(after - 1, "3") => None,
                "d" | "D" if reader.language != Language::English || letter.text == "D" => {
                    Some((after + 1, Unit::Day))
                }
                "W" => Some((after + 1, Unit::Week)),
                "m" if reader.language != Language::English => None,
                _ => None,
            }
        })
        .or_else(|| {
            let one_night = reader.any(after, &["night", "noite", "noche"]);
            one_night.then_some((after + 1, Unit::Night))
        })
        .or_else(|| {
            let seconds =
                reader.any(after, &["segundos", "seg", "segs"]) && reader.language == Language::Portuguese;
            seconds.then_some((after + 1, Unit::Second))
        })?;
    if reader.is(after, "segundo") && amount != Some(Decimal::from(1)) {
        return None;
    }
    // "o segundo dia", "a second time": English "second" behind "a" is doubtful before a noun.
    let may_follow = ["ago", "later", "please", "pls", "from", "or", "and", "to"];
    if reader.any(after, &["second"])
        && reader.before_any(after, &["a"])
        && reader.token(end).is_some_and(|next| next.is_word() && !next.is_any(&may_follow))
    {
        return None;
    }
    Some((end, (amount, unit)))
}

/// How many: digits, words, "several" (none), "all" and "whole" (one).
fn amount(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Option<Decimal>)> {
    let vague: &[&str] = match reader.language {
        Language::Portuguese => &["alguns", "algumas", "uns", "umas", "varios", "varias", "poucos", "poucas"],
        Language::Spanish => &["algunos", "algunas", "unos", "unas", "varios", "varias", "pocos", "pocas"],
        Language::English => &["several", "some", "few", "couple"],
    };
    let start = if reader.language == Language::English
        && reader.is(index, "a")
        && reader.any(index + 1, &["few", "couple"])
    {
        index + 1
    } else {
        index
    };
    if reader.any(start, vague) {
        let plural = reader.token(start + 1).is_some_and(|unit| unit.folded.ends_with('s'))
            || reader.any(start + 1, &["of"]);
        return plural.then_some((start + 1, None));
    }
    let whole = match reader.language {
        Language::English => reader.any(index, &["all"]).then_some(index + 1),
        Language::Portuguese | Language::Spanish => (reader.any(index, &["toda", "todo"])
            && reader.any(index + 1, &["a", "o", "la", "el"]))
        .then_some(index + 2),
    };
    if let Some(end) = whole {
        let unit = reader
            .any(end, &["semana", "dia", "mes", "ano", "noite", "noche", "day", "week", "month", "year"]);
        return unit.then_some((end, Some(Decimal::from(1))));
    }
    if reader.language == Language::English && reader.any(index, &["a", "an"]) {
        return reader.unit(index + 1).map(|_| (index + 1, Some(Decimal::from(1))));
    }
    if reader.language == Language::Spanish && reader.phrase(index, &["otro", "dia"]) {
        return Some((index + 1, Some(Decimal::from(1))));
    }
    if reader.is_number(index) && !reader.stands_alone(index) {
        return None;
    }
    // "uma e meia hora", "one and a half hours", "uno y cuarto año"
    let (end, amount) = numbers::number(reader.tokens, index, reader.language)?;
    if reader.any(end, &["y"]) && reader.is(end + 1, "cuarto") && reader.unit(end + 2).is_some() {
        return Some((end + 2, amount.plus(Decimal::new(25, 2))));
    }
    if amount.is_negative() { None } else { Some((end, Some(amount))) }
}

/// "meia hora", "media hora", "half an hour", "hora e meia" is one and a half.
fn half_unit(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, (Option<Decimal>, Unit))> {
    let half = match reader.language {
        Language::Portuguese => reader.any(index, &["meia", "meio"]).then_some(index + 1),
        Language::Spanish => reader.any(index, &["media", "medio"]).then_some(index + 1),
        Language::English if reader.is(index, "half") => Some(reader.skip(index + 1, &["a", "an"])),
        Language::English => None,
    };
    if let Some(place) = half {
        let (end, unit) = reader.unit(place).filter(|_| !reader.any(place, &["dia", "noite", "noche"]))?;
        return Some((end, (Some(Decimal::new(5, 1)), unit)));
    }
    let (end, unit) = match reader.word(index)? {
        Word::Unit(unit) if reader.any(index, &["hora", "ano", "mes"]) => (index + 1, unit),
        _ => return None,
    };
    let and_half = reader.any(end, &["e", "y"]) && reader.any(end + 1, &["meia", "meio", "media", "medio"]);
    let counted = index.checked_sub(1).is_some_and(|place| reader.integer(place).is_some());
    (and_half && !counted).then_some((end + 2, (Some(Decimal::new(15, 1)), unit)))
}

/// "e meia", "y medio", "and a quarter" behind a unit.
fn share_behind(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, Decimal)> {
    if !reader.any(end, &["e", "y", "and"]) {
        return None;
    }
    let place = reader.skip(end + 1, &["a", "un"]);
    if reader.any(place, &["meia", "meio", "media", "medio", "half"]) && reader.unit(place + 1).is_none() {
        return Some((place + 1, Decimal::new(5, 1)));
    }
    (reader.any(place, &["quarter", "cuarto"])).then_some((place + 1, Decimal::new(25, 2)))
}

/// Longer units rank higher.
fn rank(unit: Unit) -> u8 {
    match unit {
        Unit::Second => 0,
        Unit::Minute => 1,
        Unit::Hour => 2,
        Unit::Day | Unit::Night | Unit::WorkingDay => 3,
        Unit::Week | Unit::Weekend => 4,
        Unit::Fortnight => 5,
        Unit::Month => 6,
        Unit::Quarter => 7,
        Unit::Semester => 8,
        Unit::Year => 9,
        Unit::Decade => 10,
        Unit::Century => 11,
    }
}

/// Reads what is counted from now: "em 2 dias", "daqui a 1 hora", "hace 3 semanas", "two days ago".
pub(crate) fn offset(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Sense)> {
    let (place, sign) = match reader.language {
        Language::Portuguese => {
            if reader.any(index, &["daqui", "dqui"]) {
                let place = reader.skip(index + 1, &["a", "ha", "uns", "umas"]);
                (reader.skip(place, &["uns", "umas"]), 1)
            } else if reader.is(index, "dentro") && reader.is(index + 1, "de") {
                (index + 2, 1)
            } else if reader.is(index, "em")
                && reader
                    .token(index + 1)
                    .is_some_and(|next| next.is_number() || !reader.any(index + 1, &["um", "uma"]))
            {
                (index + 1, 1)
            } else if reader.is(index, "ha") || reader.is(index, "faz") {
                (index + 1, -1)
            } else {
                (index, 0)
            }
        }
        Language::Spanish => {
            if reader.is(index, "dentro") && reader.is(index + 1, "de") {
                (index + 2, 1)
            } else if reader.is(index, "en") {
                (index + 1, 1)
            } else if reader.is(index, "hace") {
                (reader.skip(index + 1, &["como"]), -1)
            } else {
                (index, 0)
            }
        }
        Language::English => {
            if reader.is(index, "in") {
                (index + 1, 1)
            } else {
                (index, 0)
            }
        }
    };
    let (end, length) = length(reader, place).filter(|_| !is_comparison(reader, place))?;
    if sign == 0
        && let Some(found) = from_a_day(reader, end, &length)
    {
        return Some(found);
    }
    let (end, sign, base) = match sign {
        0 => behind(reader, end)?,
        1 => {
            let after = if reader.phrase(end, &["a", "partir", "de"]) { end + 3 } else { end };
            if reader.any(after, &["ahora", "hoy", "hoje", "agora"]) && after > end {
                (after + 1, 1, None)
            } else {
                let end = if reader.any(end, &["\u{2019}", "'"]) && reader.phrase(end + 1, &["time"]) {
                    end + 2
                } else {
                    end
                };
                (end, 1, None)
            }
        }
        _ => (reader.skip(end, &["atras"]), -1, None),
    };
    let sense = counted(&length, sign, base)?;
    Some((end, sense))
}

/// "2 weeks before Christmas", "3 dias depois do natal", "16 days from 01/02/2018".
fn from_a_day(reader: &Reader<'_, '_>, end: usize, length: &Length) -> Option<(usize, Sense)> {
    let (place, sign) = match reader.language {
        Language::English if reader.any(end, &["before", "after", "from"]) => {
            (reader.skip(end + 1, &["the"]), if reader.is(end, "before") { -1 } else { 1 })
        }
        Language::Portuguese | Language::Spanish
            if reader.any(end, &["antes", "depois", "despues"])
                && reader.any(end + 1, &["de", "do", "da", "del"]) =>
        {
            (reader.skip(end + 2, &["el", "la"]), if reader.is(end, "antes") { -1 } else { 1 })
        }
        _ => return None,
    };
    if matches!(reader.word(place), Some(Word::Today(_))) {
        return None;
    }
    let [(Some(amount), unit)] = length.parts.as_slice() else { return None };
    let amount = i32::try_from(amount.to_integer()?).ok()?.checked_mul(sign)?;
    let found = day::day(reader, place).filter(|_| !unit.is_of_the_clock())?;
    Some((found.end, Sense::DayAway { base: found.day, amount, unit: *unit }))
}

/// "ago", "atrás", "from now", "depois", "after tomorrow", "antes de ayer" behind a length.
fn behind(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, i32, Option<i32>)> {
    let today = |place: usize| match reader.word(place) {
        Some(Word::Today(amount)) => Some(amount),
        _ => None,
    };
    let past: &[&str] = &["atras", "ago"];
    if reader.any(end, past) {
        return Some((end + 1, -1, None));
    }
    match reader.language {
        Language::English => {
            if reader.any(end, &["from", "after", "before"]) {
                let sign = if reader.is(end, "before") { -1 } else { 1 };
                if reader.is(end + 1, "now") {
                    return Some((end + 2, sign, None));
                }
                return today(end + 1).map(|base| (end + 2, sign, Some(base)));
            }
            let this_follows = reader.any(end + 1, &["this", "today", "in", "on"]);
            (reader.any(end, &["later", "hence"]) && !this_follows).then_some((end + 1, 1, None))
        }
        Language::Portuguese | Language::Spanish => {
            if reader.any(end, &["depois", "despues", "antes"]) {
                let sign = if reader.is(end, "antes") { -1 } else { 1 };
                let place = reader.skip(end + 1, &["de"]);
                if let Some(base) = today(place) {
                    return Some((place + 1, sign, Some(base)));
                }
                return (sign > 0 && place == end + 1).then_some((end + 1, 1, None));
            }
            let place = if reader.phrase(end, &["a", "partir", "de"]) { end + 3 } else { return None };
            if reader.any(place, &["ahora", "agora"]) {
                return Some((place + 1, 1, None));
            }
            today(place).map(|base| (place + 1, 1, Some(base)))
        }
    }
}

/// A day, or an instant where the length has hours or minutes.
fn counted(length: &Length, sign: i32, base: Option<i32>) -> Option<Sense> {
    if length.parts.iter().any(|(_, unit)| unit.is_of_the_clock()) {
        if base.is_some_and(|base| base != 0) {
            return None;
        }
        let mut seconds = 0_i64;
        for (amount, unit) in &length.parts {
            seconds = seconds.checked_add(seconds_of((*amount)?, *unit)?)?;
        }
        return Some(Sense::Moment(seconds.checked_mul(i64::from(sign))?));
    }
    let (first, rest) = length.parts.split_first()?;
    let whole =
        |part: &(Option<Decimal>, Unit)| part.0?.to_integer().and_then(|amount| i32::try_from(amount).ok());
    let Some(amount) = whole(first) else {
        let days = days_of(first.0?, first.1)?;
        return Some(Sense::Day(Day::Away {
            amount: sign.checked_mul(days)?.checked_add(base.unwrap_or(0))?,
            unit: Unit::Day,
        }));
    };
    if rest.is_empty() && base.unwrap_or(0) == 0 {
        return Some(Sense::Day(Day::Away { amount: sign.checked_mul(amount)?, unit: first.1 }));
    }
    let mut days = base.unwrap_or(0);
    for (amount, unit) in &length.parts {
        days = days.checked_add(sign.checked_mul(days_of((*amount)?, *unit)?)?)?;
    }
    Some(Sense::Day(Day::Away { amount: days, unit: Unit::Day }))
}

/// The seconds of hours, minutes and seconds.
pub(crate) fn seconds_of(amount: Decimal, unit: Unit) -> Option<i64> {
    let size = match unit {
        Unit::Second => 1,
        Unit::Minute => 60,
        Unit::Hour => 3600,
        Unit::Day | Unit::Night => 86_400,
        Unit::Week => 604_800,
        _ => return None,
    };
    let seconds = amount.times(Decimal::from(size))?;
    seconds.to_integer().or_else(|| seconds.rounded())
}

/// The days of a length, by 30 to the month where months do not stand alone.
fn days_of(amount: Decimal, unit: Unit) -> Option<i32> {
    let size = match unit {
        Unit::Day | Unit::Night | Unit::WorkingDay => 1,
        Unit::Week | Unit::Weekend => 7,
        Unit::Fortnight => 14,
        Unit::Month => 30,
        Unit::Quarter => 91,
        Unit::Semester => 182,
        Unit::Year => 365,
        _ => return None,
    };
    let days = amount.times(Decimal::from(size))?;
    i32::try_from(days.to_integer().or_else(|| days.rounded())?).ok()
}

/// ISO 8601's way to write a length: "P1Y3M", "PT2H30M", "P1.5D"; an unknown amount is X.
pub(crate) fn text(length: &Length) -> Option<String> {
    let mut of_days = String::new();
    let mut of_clock = String::new();
    for (amount, unit) in &length.parts {
        let (factor, letter) = match unit {
            Unit::Second => (1, 'S'),
            Unit::Hour => (1, 'H'),
            Unit::Day | Unit::Night => (1, 'D'),
            Unit::WorkingDay => (1, 'B'),
            Unit::Week | Unit::Weekend => (1, 'W'),
            Unit::Fortnight => (2, 'W'),
            Unit::Minute | Unit::Month => (1, 'M'),
            Unit::Quarter => (3, 'M'),
            Unit::Semester => (6, 'M'),
            Unit::Year => (1, 'Y'),
            Unit::Decade => (10, 'Y'),
            Unit::Century => (100, 'Y'),
        };
        let unit_text = if letter == 'B' { "BD".to_owned() } else { letter.to_string() };
        let target = if unit.is_of_the_clock() { &mut of_clock } else { &mut of_days };
        let Some(amount) = amount else {
            target.push('X');
            target.push_str(&unit_text);
            continue;
        };
        let amount = amount.times(Decimal::from(factor))?;
        // "2 horas e meia" is two hours and thirty minutes.
        let minutes = amount.times(Decimal::from(60))?.to_integer();
        if let (Unit::Hour, None, Some(minutes)) = (unit, amount.to_integer(), minutes) {
            if minutes >= 60 {
                target.push_str(&(minutes / 60).to_string());
                target.push('H');
            }
            target.push_str(&(minutes % 60).to_string());
            target.push('M');
            continue;
        }
        target.push_str(&amount.to_string());
        target.push_str(&unit_text);
    }
    let clock = if of_clock.is_empty() { String::new() } else { format!("T{of_clock}") };
    Some(format!("P{of_days}{clock}"))
}
