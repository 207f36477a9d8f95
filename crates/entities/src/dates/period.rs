//! Days on end: "esta semana", "próximos 3 dias", "março de 2026", "fim do mês", "week of April 10th".

use super::day::{self, year_behind};
use super::lexicon::{Unit, Word};
use super::reader::Reader;
use super::sense::{Day, Feast, Period, Rule, Sense};
use super::slice;
use crate::Language;

/// A period where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) end: usize,
    pub(crate) sense: Sense,
    pub(crate) rule: Rule,
}

pub(super) fn found(end: usize, period: Period, rule: Rule) -> Found {
    Found { end, sense: Sense::Period(period), rule }
}

/// Reads the period that begins at `index`.
pub(crate) fn period(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    later(reader, index)
        .or_else(|| slice::third(reader, index))
        .or_else(|| slice::slice(reader, index))
        .or_else(|| kind_of_year(reader, index))
        .or_else(|| slice::nth_week(reader, index))
        .or_else(|| slice::quarter(reader, index))
        .or_else(|| several(reader, index))
        .or_else(|| week_of(reader, index))
        .or_else(|| unit(reader, index))
        .or_else(|| month(reader, index))
        .or_else(|| season(reader, index))
        .or_else(|| decade(reader, index))
        .or_else(|| year(reader, index))
}

/// "later this week", "earlier this month", "más tarde esta semana", "mais tarde nesta semana".
fn later(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = match reader.language {
        Language::English if reader.any(index, &["later", "earlier"]) => reader.skip(index + 1, &["in"]),
        Language::Spanish if reader.is(index, "mas") && reader.any(index + 1, &["tarde", "temprano"]) => {
            reader.skip(index + 2, &["de", "en"])
        }
        _ => return None,
    };
    let inner = unit(reader, place)?;
    matches!(inner.sense, Sense::Period(_)).then_some(inner)
}

/// "fiscal year 2008", "este ano letivo", "año escolar 2008": the calendar's year is what is known of it.
fn kind_of_year(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let kinds = ["fiscal", "school", "calendar", "letivo", "escolar", "civil", "calendario", "academic"];
    let (place, shift) = match reader.shift(index) {
        Some(shift) => (index + 1, Some(shift)),
        None => (index, None),
    };
    let is_pair = (reader.any(place, &kinds) && reader.any(place + 1, &["year", "ano"]))
        || (reader.any(place, &["ano"]) && reader.any(place + 1, &kinds));
    if !is_pair {
        return None;
    }
    let end = place + 2;
    let linked = reader.skip(end, &["de"]);
    if let Some(year) = announced_year(reader, linked) {
        return Some(year);
    }
    if let Some((end, shift)) = shift_behind(reader, end) {
        return Some(found(end, Period::Unit { unit: Unit::Year, shift }, Rule::Period));
    }
    Some(found(end, Period::Unit { unit: Unit::Year, shift: shift.unwrap_or(0) }, Rule::Period))
}

pub(super) fn is_long(unit: Unit) -> bool {
    matches!(unit, Unit::Week | Unit::Month | Unit::Quarter | Unit::Semester | Unit::Year | Unit::Weekend)
}

/// "que vem", "passada", "siguiente" behind a unit.
pub(super) fn shift_behind(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, i32)> {
    if reader.language == Language::English {
        return None;
    }
    if reader.is(end, "que") && reader.any(end + 1, &["vem", "viene", "entra", "vm"]) {
        return Some((end + 2, 1));
    }
    if reader.any(end, &["q"]) && reader.any(end + 1, &["vem"]) {
        return Some((end + 2, 1));
    }
    let is_adjective = !reader.any(
        end,
        &[
            "este", "esta", "ese", "esa", "esse", "essa", "neste", "nesta", "nesse", "nessa", "deste",
            "desta", "desse", "dessa", "ultimo", "ultima",
        ],
    );
    let shift = reader.shift(end).filter(|_| is_adjective)?;
    let twice = if reader.any(end, &["retrasado", "retrasada"]) { shift * 2 } else { shift };
    Some((end + 1, twice))
}

/// "esta semana", "mês que vem", "next week", "fim de semana", "la semana pasada".
pub(super) fn unit(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let (mut place, mut shift) = (index, None);
    let spanish = reader.language == Language::Spanish;
    // "la semana pasada", "el pasado mes": the article belongs to it in Spanish.
    if spanish {
        let takes_article = reader.is(place, "la") || reader.any(place + 1, &["pasado"]);
        place = if takes_article { reader.skip(place, &["la", "el"]) } else { place };
    } else if reader.language == Language::English
        && reader.shift(place + 1).is_none()
        && !reader.is_number(place + 2)
    {
        place = reader.skip(place, &["the"]);
    }
    let with_article = place > index;
    if reader.is(place, "mismo") || reader.is(place, "misma") {
        return None;
    }
    if let Some(value) = reader.shift(place) {
        shift = Some(value);
        place += 1;
        if let Some(second) = reader.shift(place) {
            shift = Some(if value == 0 { second } else { value });
            place += 1;
        }
    }
    let (end, unit) = reader.unit(place)?;
    if unit.is_of_the_clock() {
        let seconds = match unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            _ => 3600,
        };
        let sign = shift.filter(|shift| *shift != 0 && !with_article)?;
        return Some(Found { end, sense: Sense::UntilMoment(i64::from(sign) * seconds), rule: Rule::Period });
    }
    if matches!(unit, Unit::Day | Unit::Night | Unit::WorkingDay) {
        return None;
    }
    let is_plural = reader
        .token(place)
        .is_some_and(|token| token.folded.ends_with('s') && !token.is_any(&["mes", "fds"]));
    if is_plural {
        return None;
    }
    if reader.language == Language::English
        && shift.is_some()
        && reader.is(place, "quarter")
        && reader.any(end, &["of", "past", "to"])
    {
        return None;
    }
    if let Some(shift) = shift {
        let end = reader.skip(end, &["letivo", "civil", "fiscal"]);
        return Some(found(end, Period::Unit { unit, shift }, Rule::Period));
    }
    if let Some((end, shift)) = shift_behind(reader, end) {
        return Some(found(end, Period::Unit { unit, shift }, Rule::Period));
    }
    // "a semana toda" is a length; "no fim de semana", "the weekend" are the coming ones.
    if unit == Unit::Weekend && reader.is_greeting(index) {
        return None;
    }
    if unit == Unit::Weekend {
        let counted = reader.before_any(index, &["cada", "todo", "todos", "every", "each", "any"]);
        return (!counted).then(|| found(end, Period::Unit { unit, shift: 0 }, Rule::Period));
    }
    if reader.language == Language::English
        && with_article
        && reader.before_any(index, &["of"])
        && index.checked_sub(2).is_some_and(|place| reader.any(place, &["day", "days", "rest"]))
    {
        return None;
    }
    let english_the = reader.language == Language::English
        && with_article
        && reader.token(end).is_none_or(|after| !after.is_word() || after.is_any(&["and", "after"]));
    if english_the && reader.phrase(end, &["after", "next"]) {
        return Some(found(end + 2, Period::Unit { unit, shift: 2 }, Rule::Period));
    }
    (english_the && is_long(unit) && !reader.is(end, "after"))
        .then(|| found(end, Period::Unit { unit, shift: 0 }, Rule::Period))
}

/// "próximos 3 dias", "últimas duas semanas", "the next two days", "4 días siguientes", "3 next weeks".
fn several(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let (mut place, mut sign) = (index, None);
    if reader.is(index, "last")
        && reader.before_any(index, &["t", "to", "will", "would", "can", "not", "should", "must"])
    {
        return None;
    }
    if let Some(shift) = reader.shift(place).filter(|shift| *shift != 0) {
        sign = Some(shift);
        place += 1;
    }
    let (mut after, amount) = reader.integer(place).filter(|(_, amount)| *amount > 0)?;
    if sign.is_none()
        && let Some(shift) = reader.shift(after).filter(|shift| *shift != 0)
    {
        sign = Some(shift);
        after += 1;
    }
    let (mut end, unit) = reader.unit(after)?;
    if sign.is_none() && reader.language != Language::English {
        let shift = reader.shift(end).filter(|shift| {
            *shift != 0 && reader.token(end).is_some_and(|token| token.folded.ends_with('s'))
        })?;
        sign = Some(shift);
        end += 1;
    }
    let amount = amount.checked_mul(sign?)?;
    if unit.is_of_the_clock() {
        let size = match unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            _ => 3600,
        };
        return Some(Found {
            end,
            sense: Sense::UntilMoment(i64::from(amount).checked_mul(size)?),
            rule: Rule::Period,
        });
    }
    Some(found(end, Period::Several { amount, unit }, Rule::Period))
}

/// "the week of April 10th", "semana del 18", "semana do dia 5", "semana que comienza el 4 de febrero".
fn week_of(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = reader.skip(index, &["the", "la"]);
    if !reader.any(place, &["week", "semana"]) {
        return None;
    }
    if reader.phrase(place, &["semana", "santa"]) {
        let (end, year) =
            year_behind(reader, place + 2).map_or((place + 2, None), |(end, year)| (end, Some(year)));
        let easter = Day::Moving { feast: Feast::Easter, offset: 0, year, which: None };
        return Some(found(end, Period::WeekOf(easter), Rule::Holiday));
    }
    let linked = if reader.is(place + 1, "que")
        && reader.any(place + 2, &["comienza", "empieza", "comeca", "inicia"])
    {
        reader.skip(place + 3, &["el", "em", "no"])
    } else if reader.any(place + 1, &["starting", "commencing", "beginning"]) {
        reader.skip(place + 2, &["on"])
    } else {
        let linked = reader.skip(place + 1, &["of", "del", "de", "do"]);
        if linked == place + 1 {
            // "semana 27"
            if place > index {
                return None;
            }
            let week = reader.integer(linked).filter(|(_, week)| (1..=53).contains(week))?;
            if reader.is_number(linked) && !reader.ends_alone(linked + 1) {
                return None;
            }
            let week_number = i8::try_from(week.1).ok()?;
            if let Some((end, Period::Unit { unit: Unit::Year, shift })) = slice::whole_behind(reader, week.0)
            {
                return Some(found(
                    end,
                    Period::WeekNumber { week: week_number, year: None, shift },
                    Rule::Period,
                ));
            }
            let (end, year) =
                year_behind(reader, week.0).map_or((week.0, None), |(end, year)| (end, Some(year)));
            return Some(found(end, Period::WeekNumber { week: week_number, year, shift: 0 }, Rule::Period));
        }
        linked
    };
    if let Some(found_day) = day::day(reader, linked) {
        return Some(found(found_day.end, Period::WeekOf(found_day.day), Rule::Period));
    }
    let (end, day) = reader.day_of_month(linked)?;
    let is_day = linked > place + 1
        && !reader.token(end).is_some_and(crate::scan::Token::is_word)
        && reader.ends_alone(end);
    is_day.then(|| found(end, Period::WeekOf(Day::OfMonth { day, shift: None }), Rule::Period))
}

/// "março", "março de 2026", "this September", "dic. 2018", "03/2026", "2015-12".
pub(super) fn month(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    if reader.is_number(index) {
        if let Some((place, year)) = reader.year(index)
            && let Some(month) = reader.month(place)
        {
            let period = Period::Month { month, year: Some(year), shift: None };
            return Some(found(reader.after_month(place), period, Rule::MonthName));
        }
        return month_in_digits(reader, index);
    }
    let (place, shift) = match reader.shift(index) {
        Some(shift) => (index + 1, Some(shift)),
        None => (index, None),
    };
    let place = if shift.is_some() { reader.skip(place, &["mes"]) } else { place };
    let place = if shift.is_some() { reader.skip(place, &["de"]) } else { place };
    let month = reader.month(place)?;
    // "30 Feb 2019" is no date, and no February either.
    let before_link =
        if reader.before_any(place, &["de", "of"]) { place.checked_sub(2) } else { place.checked_sub(1) };
    let day_before = |before: usize| reader.is_number(before) && reader.digits(before, 2).is_some();
    let roman_before = |before: usize| reader.any(before, &["xv", "xx", "vii", "xii", "xxi"]);
    if before_link.is_some_and(|before| day_before(before) || roman_before(before)) {
        return None;
    }
    let end = reader.after_month(place);
    if let Some((end, year)) = year_behind(reader, end) {
        return Some(found(end, Period::Month { month, year: Some(year), shift: None }, Rule::MonthName));
    }
    let doubtful = matches!(reader.word(place), Some(Word::MaybeMonth(_)));
    // "this may take longer" is a verb.
    if doubtful
        && reader.is(place, "may")
        && reader.token(end).is_some_and(|after| after.is_word() && !after.is_any(&["to", "until", "and"]))
    {
        return None;
    }
    if doubtful && shift.is_none() && !is_month_here(reader, place, end) {
        return None;
    }
    if let Some((end, shift)) = shift_behind(reader, end) {
        return Some(found(end, Period::Month { month, year: None, shift: Some(shift) }, Rule::MonthName));
    }
    Some(found(end, Period::Month { month, year: None, shift }, Rule::MonthName))
}

/// Whether a short or doubtful month ("may", "out", "mar") is one: behind a preposition of time, at an end.
fn is_month_here(reader: &Reader<'_, '_>, place: usize, end: usize) -> bool {
    let announced = match reader.language {
        Language::English => reader.before_any(
            place,
            &[
                "in", "until", "till", "since", "from", "before", "after", "early", "mid", "late", "of",
                "by", "through", "during", "to", "on",
            ],
        ),
        Language::Portuguese | Language::Spanish => {
            reader.before_any(place, &["em", "desde", "ate", "de", "en", "hasta", "a", "mes"])
                && !reader.any(place, &["mar", "out", "set", "dez"])
        }
    };
    // "march to the store" walks; "by March" waits for the month.
    let goes_on = reader.token(end).is_some_and(crate::scan::Token::is_word)
        && reader.any(place, &["may", "march", "mar", "marco"])
        && !reader.any(
            end,
            &[
                "to", "and", "or", "is", "was", "will", "for", "of", "this", "next", "last", "please",
                "till", "until", "through", "with", "e", "ou", "a", "ate", "deste", "desse", "que", "foi",
                "vai",
            ],
        );
    let capital = reader.token(place).is_some_and(|token| token.text.starts_with(char::is_uppercase));
    announced
        && !goes_on
        && (!reader.any(place, &["may", "march"])
            || capital
            || !reader.before_any(place, &["to", "the", "for", "of"]))
}

fn month_in_digits(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    if !reader.stands_alone(index)
        || !reader.any(index + 1, &["/", "-"])
        || !reader.is_attached(index + 1)
        || !reader.is_attached(index + 2)
        || !reader.ends_alone(index + 3)
    {
        return None;
    }
    let length = |place: usize| reader.tokens.get(place).map_or(0, |token| token.text.len());
    let (year_place, month_place) = if length(index) == 4 { (index, index + 2) } else { (index + 2, index) };
    if length(year_place) != 4 || length(month_place) > 2 {
        return None;
    }
    let year = reader.digits(year_place, 4).filter(|year| (1900..=2150).contains(year))?;
    let month = reader.digits(month_place, 2).filter(|month| (1..=12).contains(month))?;
    // "Súmula nº 3/2016" is a number of a law.
    if reader.before_any(
        index,
        &["º", "°", "n", "no", "numero", "lei", "sumula", "processo", "protocolo", "nota", "nf"],
    ) {
        return None;
    }
    let is_telephone =
        reader.before(index).is_some_and(|before| before.is_number() || before.is_any(&["-", ")"]));
    if is_telephone {
        return None;
    }
    let period = Period::Month {
        month: i8::try_from(month).ok()?,
        year: Some(i16::try_from(year).ok()?),
        shift: None,
    };
    Some(found(index + 3, period, Rule::NumericDate))
}

/// "este verão", "verano de 2026", "summer".
fn season(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = if reader.language == Language::Spanish { reader.skip(index, &["el", "la"]) } else { index };
    let (place, shift) = match reader.shift(place) {
        Some(shift) => (place + 1, Some(shift)),
        None => (place, None),
    };
    let Word::Season(season) = reader.word(place)? else { return None };
    if reader.is(place, "spring") && shift.is_none() && !reader.before_any(place, &["in", "the", "during"]) {
        return None;
    }
    let end = place + 1;
    let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
    Some(found(end, Period::Season { season, year, shift }, Rule::Period))
}

/// "década de 1990", "the 1990s", "21st century", "next decade".
fn decade(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    if reader.language == Language::English {
        let year = reader.digits(index, 4).and_then(|year| i16::try_from(year).ok())?;
        if (1800..=2100).contains(&year)
            && year % 10 == 0
            && reader.is(index + 1, "s")
            && reader.is_attached(index + 1)
        {
            return Some(found(index + 2, Period::Years { first: year, count: 10 }, Rule::Period));
        }
        return None;
    }
    let place = index;
    if !reader.is(place, "decada") || !reader.is(place + 1, "de") {
        return None;
    }
    let (end, year) = reader.year(place + 2)?;
    Some(found(end, Period::Years { first: year - year.rem_euclid(10), count: 10 }, Rule::Period))
}

/// A year alone, where the word before announces one.
fn year(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = reader.skip(index, &["year", "ano"]);
    let place = if place > index { reader.skip(place, &["de"]) } else { place };
    if place > index {
        return announced_year(reader, place);
    }
    let announced = reader.before_any(
        index,
        &[
            "on", "em", "de", "desde", "ate", "ano", "en", "del", "hasta", "in", "of", "since", "until",
            "by", "during", "from", "entre", "between", "year", "before", "after", "antes", "despues",
            "depois",
        ],
    );
    let token = reader.token(index).filter(|token| token.is_number() && token.text.len() == 4)?;
    let alone = token.text.starts_with("20") || token.text.starts_with("19") || token.text.starts_with("21");
    let counted = reader.token(index + 1).is_some_and(|after| {
        after.is_word()
            && !after.is_any(&[
                "e", "y", "and", "or", "ou", "o", "a", "to", "ate", "hasta", "mas", "but", "pero", "foi",
                "fue", "was", "is", "ou",
            ])
    });
    (announced && alone && !counted).then(|| announced_year(reader, index)).flatten()
}

pub(super) fn announced_year(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    if !reader.is_number(index) || !reader.stands_alone(index) {
        return None;
    }
    let (end, year) = reader.year(index)?;
    Some(found(end, Period::Year(year), Rule::Year))
}
