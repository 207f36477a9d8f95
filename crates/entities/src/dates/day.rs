//! Days: "3 de março", "amanhã", "sexta que vem", "dia 5", "the 18th", "next Tuesday".

use super::holiday;
use super::lexicon::{Unit, Word};
use super::numeric::{self, full_year};
use super::reader::Reader;
use super::sense::{Day, Rule};
use super::weekday;
use crate::Language;

/// A day where it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) end: usize,
    pub(crate) day: Day,
    pub(crate) rule: Rule,
}

/// Reads the day that begins at `index`.
pub(crate) fn day(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    if let Some(found) = weekday::weekday(reader, index) {
        let feast = holiday::holiday(reader, index).filter(|(end, _)| *end > found.end);
        return Some(feast.map_or(found, |(end, day)| Found { end, day, rule: Rule::Holiday }));
    }
    if reader.any(index, &["this", "next", "este", "proximo"])
        && let Some((end, day)) = numeric::date(reader, index + 1)
    {
        return Some(Found { end, day, rule: Rule::NumericDate });
    }
    let as_found = |rule: Rule| move |(end, day): (usize, Day)| Found { end, day, rule };
    numeric::date(reader, index)
        .map(as_found(Rule::NumericDate))
        .or_else(|| day_and_month(reader, index).map(as_found(Rule::MonthName)))
        .or_else(|| month_and_day(reader, index).map(as_found(Rule::MonthName)))
        .or_else(|| relative(reader, index).map(as_found(Rule::RelativeDay)))
        .or_else(|| of_month(reader, index).map(as_found(Rule::DayOfMonth)))
        .or_else(|| weekday::nth_weekday(reader, index).map(as_found(Rule::Weekday)))
        .or_else(|| holiday::holiday(reader, index).map(as_found(Rule::Holiday)))
}

/// "3 de março de 2026", "3 março", "9 de 8 de 1971", "the 3rd of March, 2026", "17 del 11".
pub(crate) fn day_and_month(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let begin = match reader.language {
        Language::English => reader.skip(index, &["the"]),
        Language::Portuguese | Language::Spanish => index,
    };
    let (after_day, day) = reader.day_of_month(begin)?;
    let after_day =
        if reader.language == Language::English { reader.skip(after_day, &["day"]) } else { after_day };
    let linked = reader.skip(after_day, &["de", "of", "del", "do", "-", "/"]);
    let month_place = if reader.language == Language::Spanish && linked > after_day {
        reader.skip(linked, &["mes"])
    } else {
        linked
    };
    if let Some(month) = reader.month(month_place) {
        let doubtful = matches!(reader.word(month_place), Some(Word::MaybeMonth(_)));
        // "5 mar" and "2 set" are dates only where a number stands; "dez" after words is a ten.
        if doubtful && linked == after_day && !reader.is_number(begin) && reader.language != Language::English
        {
            return None;
        }
        if doubtful
            && reader.is(month_place, "may")
            && linked == after_day
            && !reader.is_number(begin)
            && !reader.is(begin, "the")
            && begin + 1 == after_day
        {
            return None;
        }
        let end = reader.after_month(month_place);
        let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
        return Some((end, Day::Calendar { year, month, day }));
    }
    // "9 de 8 de 1971", "17 del 11": the month in digits needs its year or the word "del".
    if linked == after_day
        || reader.language == Language::English
        || !reader.is_number(begin)
        || !reader.is_number(linked)
    {
        return None;
    }
    let month = i8::try_from(reader.digits(linked, 2)?).ok().filter(|month| (1..=12).contains(month))?;
    let end = linked + 1;
    if reader.any(end, &["de", "del", "do"]) {
        let (end, year) = reader.year(end + 1)?;
        return Some((end, Day::Calendar { year: Some(year), month, day }));
    }
    let is_date = reader.any(after_day, &["del", "do"])
        && reader.ends_alone(end)
        && !reader.token(end).is_some_and(crate::scan::Token::is_word);
    is_date.then_some((end, Day::Calendar { year: None, month, day }))
}

/// "March 3rd, 2026", "may twenty nine", "marzo 5", "novembro 19".
pub(super) fn month_and_day(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let month = reader.month(index)?;
    let after = reader.after_month(index);
    let after = if reader.language == Language::English { reader.skip(after, &["the"]) } else { after };
    // "may 2" after a verb's subject ("you may 2") is rarer than the date; "em março 2026" is a month.
    let (end, day) = match reader.language {
        Language::English => {
            if reader.is_number(after) && reader.is_attached(after) {
                // "Dec31", "mar4"
                let day = i8::try_from(reader.digits(after, 2)?).ok().filter(|day| (1..=31).contains(day))?;
                if !reader.ends_alone(after + 1) {
                    return None;
                }
                (after + 1, day)
            } else {
                reader.day_of_month(after)?
            }
        }
        Language::Portuguese | Language::Spanish => {
            if !reader.is_number(after) || matches!(reader.word(index), Some(Word::MaybeMonth(_))) {
                return None;
            }
            reader.day_of_month(after)?
        }
    };
    if reader.is_number(after) && !reader.ends_alone(end) && !reader.any(end, &["-", "th", "st", "nd", "rd"])
    {
        return None;
    }
    // "may 2 pm": the number is an hour, "mar 30 minutes" a length.
    if reader.any(end, &["am", "pm", ":", "h", "%"])
        || reader.unit(end).is_some_and(|(_, unit)| unit.is_of_the_clock())
    {
        return None;
    }
    let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
    Some((end, Day::Calendar { year, month, day }))
}

/// A year behind a day or a month: ", 2026", "de 2026", "del año 2026", "of '87", "92".
pub(crate) fn year_behind(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i16)> {
    let after_comma = reader.skip(index, &[","]);
    if let Some((end, year)) =
        reader.year(after_comma).filter(|_| reader.is_number(after_comma) || after_comma == index)
    {
        return Some((end, year));
    }
    let linked =
        reader.skip(after_comma, &["de", "del", "do", "of", "in", "en", "em", "-", "/", "'", "\u{2019}"]);
    if linked > after_comma {
        let place = reader.skip(linked, &["ano"]);
        let place = reader.skip(place, &["'", "\u{2019}"]);
        if let Some(found) = reader.year(place) {
            return Some(found);
        }
        // "15 de abril de 87": two digits need the link.
        if reader.any(after_comma, &["in", "en", "em", "-", "/"]) {
            return None;
        }
        let year = reader.digits(place, 2).filter(|year| {
            reader.tokens.get(place).is_some_and(|token| token.text.len() == 2) && *year > 0
        })?;
        let free =
            reader.ends_alone(place + 1) && !reader.token(place + 1).is_some_and(crate::scan::Token::is_word);
        return if free { Some((place + 1, full_year(year)?)) } else { None };
    }
    // "23 novembro 82": two digits at the end of all.
    let year = reader.digits(index, 2).filter(|year| *year > 31 || (after_comma > index && *year > 9))?;
    let ends = reader.token(index + 1).is_none_or(|after| after.is_any(&[".", "!", "?"]));
    if ends && after_comma == index { Some((index + 1, full_year(year)?)) } else { None }
}

/// "hoje", "depois de amanhã", "pasado mañana", "the day after tomorrow", "dia seguinte".
fn relative(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let away = |end: usize, amount: i32| Some((end, Day::Away { amount, unit: Unit::Day }));
    match reader.language {
        Language::Portuguese => {
            if reader.any(index, &["depois", "dps", "dpois"]) {
                let place = reader.skip(index + 1, &["de", "d"]);
                if reader.word(place) == Some(Word::Today(1)) {
                    return away(place + 1, 2);
                }
            }
            if reader.is(index, "antes") && reader.is(index + 1, "de") && reader.is(index + 2, "ontem") {
                return away(index + 3, -2);
            }
            if reader.phrase(index, &["dia", "seguinte"]) {
                return away(index + 2, 1);
            }
            if reader.phrase(index, &["dia", "anterior"]) {
                return away(index + 2, -1);
            }
        }
        Language::Spanish => {
            if reader.any(index, &["pasado", "pasada"]) && reader.is(index + 1, "manana") {
                return away(index + 2, 2);
            }
            if reader.phrase(index, &["antes", "de", "ayer"])
                && index.checked_sub(1).is_none_or(|place| reader.unit(place).is_none())
            {
                return away(index + 3, -2);
            }
            let place = reader.skip(index, &["el"]);
            if reader.is(place, "dia") && reader.any(place + 1, &["siguiente", "anterior"]) {
                return away(place + 2, if reader.is(place + 1, "siguiente") { 1 } else { -1 });
            }
            if reader.word(index) == Some(Word::Today(1)) && is_morning(reader, index) {
                return None;
            }
        }
        Language::English => {
            if reader.is(index, "2")
                && reader.is_attached(index + 1)
                && reader.any(index + 1, &["day", "moro", "morrow", "mrw"])
            {
                return away(index + 2, i32::from(!reader.is(index + 1, "day")));
            }
            let place = reader.skip(index, &["the"]);
            if reader.is(place, "day") && reader.any(place + 1, &["after", "before"]) {
                let sign = if reader.is(place + 1, "after") { 1 } else { -1 };
                match reader.word(place + 2) {
                    Some(Word::Today(amount)) => return away(place + 3, amount + sign),
                    _ if place > index
                        && !reader.token(place + 2).is_some_and(crate::scan::Token::is_word) =>
                    {
                        return away(place + 2, sign);
                    }
                    _ => {}
                }
            }
            if place > index
                && reader.any(place, &["next", "following", "previous"])
                && reader.is(place + 1, "day")
            {
                return away(place + 2, reader.shift(place)?);
            }
        }
    }
    match reader.word(index)? {
        Word::Today(amount) => away(index + 1, amount),
        _ => None,
    }
}

/// Whether Spanish "mañana" is the morning here: behind an article or a pointing word.
pub(crate) fn is_morning(reader: &Reader<'_, '_>, index: usize) -> bool {
    reader.before_any(index, &["la", "una", "esta", "cada", "toda", "las", "buena", "misma"])
}

/// Past "dia" where a whole date follows ("no dia 3 de julho"): the date says all, the word nothing.
pub(super) fn past_word_of_day(reader: &Reader<'_, '_>, index: usize) -> usize {
    let next = index + 1;
    let dated = reader.is(index, "dia")
        && (numeric::date(reader, next).is_some() || day_and_month(reader, next).is_some());
    if dated { next } else { index }
}

/// "dia 5", "el día 18", "the 18th", "día 21 de este mes", "the 15th of next month".
fn of_month(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let start = match reader.language {
        Language::Portuguese => {
            if reader.is(index, "dia") {
                index + 1
            } else {
                return None;
            }
        }
        Language::Spanish => {
            let place = reader.skip(index, &["el"]);
            // "para el 15", "hasta el 25"
            let announced = place > index
                && reader.is_number(place)
                && reader.before_any(index, &["para", "hasta", "desde", "vence"])
                && reader.ends_alone(place + 1)
                && !reader
                    .token(place + 1)
                    .is_some_and(|after| after.is_word() && !after.is_any(&["y", "o", "si", "por"]));
            if announced {
                place
            } else if reader.is(place, "dia") {
                place + 1
            } else {
                return None;
            }
        }
        Language::English => {
            let place = reader.skip(index, &["the"]);
            let announced = place > index
                || reader.before_any(index, &["on", "until", "by", "before", "after", "till", "around"]);
            let ordinal = crate::numbers::ordinal_at(reader.tokens, place, reader.language)
                .is_some_and(|(end, _)| reader.is_number(place) || reader.is(end, "day"));
            if !announced || !ordinal {
                return None;
            }
            place
        }
    };
    if reader.language != Language::English && start > 0 && past_word_of_day(reader, start - 1) == start {
        return None;
    }
    let (end, day) = reader.day_of_month(start)?;
    let english = reader.language == Language::English;
    let end = if english { reader.skip(end, &["day"]) } else { end };
    if let Some((end, shift)) = of_this_month(reader, end) {
        return Some((end, Day::OfMonth { day, shift: Some(shift) }));
    }
    // "the 5th floor", "the 2nd time": the number counts something.
    if english
        && (!reader.ends_alone(end)
            || reader
                .token(end)
                .is_some_and(|after| after.is_word() && !is_plain_follower(after.folded.as_ref())))
    {
        return None;
    }
    if !english && reader.is_number(start) && !reader.ends_alone(end) && !reader.is(end, "-") {
        return None;
    }
    Some((end, Day::OfMonth { day, shift: None }))
}

fn is_plain_follower(word: &str) -> bool {
    matches!(
        word,
        "at" | "from"
            | "between"
            | "in"
            | "and"
            | "or"
            | "for"
            | "to"
            | "is"
            | "was"
            | "will"
            | "please"
            | "if"
            | "but"
            | "with"
            | "works"
            | "around"
            | "by"
            | "that"
            | "when"
            | "as"
            | "until"
            | "till"
            | "through"
            | "before"
            | "after"
            | "i"
            | "we"
            | "you"
            | "so"
            | "because"
    )
}

/// "deste mês", "do mês que vem", "de próximo mes", "of next month", "of the month".
pub(super) fn of_this_month(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i32)> {
    let english = reader.language == Language::English;
    let place = if english {
        reader.skip(reader.skip(index, &["of"]), &["the"])
    } else {
        reader.skip(reader.skip(index, &["de", "do", "del"]), &["o", "el"])
    };
    if let Some(shift) = reader.shift(place) {
        return reader.any(place + 1, &["mes", "month"]).then_some((place + 2, shift));
    }
    if !reader.any(place, &["mes", "month"]) || place == index {
        return None;
    }
    if reader.is(place + 1, "que") && reader.any(place + 2, &["vem", "viene"]) {
        return Some((place + 3, 1));
    }
    match reader.shift(place + 1) {
        Some(shift) if !english => Some((place + 2, shift)),
        _ => Some((place + 1, 0)),
    }
}
