//! Pieces of longer periods: "fim do mês", "first 2 weeks of 2021", "segunda semana de janeiro", "q1 2019".

use super::day::year_behind;
use super::lexicon::{Unit, Word};
use super::period::{Found, announced_year, found, is_long, month, shift_behind, unit};
use super::reader::Reader;
use super::sense::{Period, Rule, Sense, Third};
use crate::Language;
use crate::numbers;

/// "início do mês", "fim de ano", "mid November", "end of the month", "finales de 2000".
pub(super) fn third(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let begin = index;
    let (third, after) = match reader.language {
        Language::Portuguese => {
            let third = match reader.token(begin)?.folded.as_ref() {
                "inicio" | "comeco" | "comecinho" => Third::Beginning,
                "meio" | "meados" => Third::Middle,
                "fim" | "final" | "finzinho" | "finais" => Third::End,
                _ => return None,
            };
            let link = begin + 1;
            if !reader.any(link, &["de", "do", "da", "deste", "desta", "desse", "dessa"]) {
                return None;
            }
            (third, if reader.any(link, &["de", "do", "da"]) { link + 1 } else { link })
        }
        Language::Spanish => {
            let third = match reader.token(begin)?.folded.as_ref() {
                "inicio" | "inicios" | "comienzo" | "comienzos" | "principio" | "principios" | "primeros" => {
                    Third::Beginning
                }
                "mediados" | "medianos" => Third::Middle,
                "fin" | "fines" | "final" | "finales" | "ultimos" => Third::End,
                _ => return None,
            };
            let link = begin + 1;
            if !reader.any(link, &["de", "del"]) {
                return None;
            }
            (third, link + 1)
        }
        Language::English => {
            let word = reader.token(begin)?;
            if word.is_any(&["eoy", "eom"]) {
                let unit = if word.is("eoy") { Unit::Year } else { Unit::Month };
                let of = Box::new(Period::Unit { unit, shift: 0 });
                return Some(found(begin + 1, Period::Third { third: Third::End, of }, Rule::Period));
            }
            let third = match word.folded.as_ref() {
                "beginning" | "start" | "early" => Third::Beginning,
                "middle" | "mid" => Third::Middle,
                "end" | "late" => Third::End,
                _ => return None,
            };
            let bare = word.is_any(&["early", "mid", "late"]);
            let after = if bare { reader.skip(begin + 1, &["-"]) } else { reader.skip(begin + 1, &["of"]) };
            if !bare && after == begin + 1 {
                return None;
            }
            (third, after)
        }
    };
    if let Some(inner) =
        unit(reader, after).or_else(|| month(reader, after)).or_else(|| announced_year(reader, after))
    {
        let Sense::Period(of) = inner.sense else { return None };
        return Some(found(inner.end, Period::Third { third, of: Box::new(of) }, Rule::Period));
    }
    // "fim do mês", "end of the year": the present one.
    let place = reader.skip(after, &["the", "el", "la", "o", "a"]);
    let (end, unit) = reader.unit(place).filter(|(_, unit)| is_long(*unit))?;
    let weekend = unit == Unit::Week
        && third == Third::End
        && reader.language != Language::English
        && place == after
        && reader.any(index + 1, &["de"]);
    if weekend {
        return None;
    }
    if let Some((end, shift)) = shift_behind(reader, end) {
        return Some(found(
            end,
            Period::Third { third, of: Box::new(Period::Unit { unit, shift }) },
            Rule::Period,
        ));
    }
    Some(found(end, Period::Third { third, of: Box::new(Period::Unit { unit, shift: 0 }) }, Rule::Period))
}

/// "the first 2 weeks of 2021", "primeiros dez dias do mês", "the third month of 2021".
pub(super) fn slice(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = match reader.language {
        Language::Portuguese => index,
        Language::Spanish => reader.skip(index, &["los", "las"]),
        Language::English => reader.skip(index, &["the"]),
    };
    let first = ["first", "primeiros", "primeiras", "primeros", "primeras"];
    let last = ["last", "ultimos", "ultimas"];
    if reader.any(place, &first) || reader.any(place, &last) {
        let (after, amount) = reader.integer(place + 1).filter(|(_, amount)| *amount > 0)?;
        let (end, unit) = reader.unit(after).filter(|(_, unit)| !unit.is_of_the_clock())?;
        let (end, of) = whole_behind(reader, end)?;
        let amount = if reader.any(place, &last) { -amount } else { amount };
        return Some(found(end, Period::Slice { amount, unit, of: Box::new(of) }, Rule::Period));
    }
    let (after, nth) = numbers::ordinal_at(reader.tokens, place, reader.language)?;
    if !reader.any(after, &["mes", "month"]) {
        return None;
    }
    let month = i8::try_from(nth.to_integer()?).ok().filter(|month| (1..=12).contains(month))?;
    let (end, of) = whole_behind(reader, after + 1)?;
    let (year, shift) = match of {
        Period::Year(year) => (Some(year), None),
        Period::Unit { unit: Unit::Year, shift } => (None, Some(shift)),
        _ => return None,
    };
    Some(found(end, Period::Month { month, year, shift }, Rule::Period))
}

/// The period behind "of", "de", "do": a year, "this month", "last year".
pub(super) fn whole_behind(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, Period)> {
    let linked = reader.skip(end, &["of", "de", "do", "del", "deste"]);
    if linked == end {
        return None;
    }
    let linked = if reader.any(end, &["deste"]) { end } else { linked };
    let inner =
        announced_year(reader, linked).or_else(|| unit(reader, linked)).or_else(|| month(reader, linked))?;
    let Sense::Period(period) = inner.sense else { return None };
    Some((inner.end, period))
}

/// "primeira semana de janeiro", "la última semana de julio", "third week of the month".
pub(super) fn nth_week(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let place = match reader.language {
        Language::Portuguese => index,
        Language::Spanish => reader.skip(index, &["la"]),
        Language::English => reader.skip(index, &["the"]),
    };
    let (after, nth) = if reader.any(place, &["ultima", "last"]) {
        (place + 1, -1)
    } else {
        let (after, value) = numbers::ordinal_at(reader.tokens, place, reader.language)?;
        (after, i8::try_from(value.to_integer()?).ok()?)
    };
    if !reader.any(after, &["semana", "week"]) || !reader.any(after + 1, &["de", "do", "del", "of"]) {
        return None;
    }
    let linked = after + 2;
    if let Some(month) = reader.month(linked) {
        let end = reader.after_month(linked);
        let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
        return Some(found(end, Period::NthWeek { nth, month: Some(month), shift: 0, year }, Rule::Period));
    }
    if let Some((end, year)) = reader.year(linked) {
        return Some(found(
            end,
            Period::NthWeek { nth, month: None, shift: 0, year: Some(year) },
            Rule::Period,
        ));
    }
    let unit = unit(reader, linked);
    if let Some(Found { end, sense: Sense::Period(Period::Unit { unit: Unit::Month, shift }), .. }) = unit {
        return Some(found(end, Period::NthWeek { nth, month: None, shift, year: None }, Rule::Period));
    }
    let plain = reader.skip(linked, &["the", "el", "o"]);
    reader
        .any(plain, &["mes", "month"])
        .then(|| found(plain + 1, Period::NthWeek { nth, month: None, shift: 0, year: None }, Rule::Period))
}

/// "primeiro trimestre de 2026", "q1 2019", "2017-q1", "first quarter of the year", "2º semestre".
pub(super) fn quarter(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let numbered = |place: usize| {
        let letter = reader.token(place)?;
        let of = match letter.folded.as_ref() {
            "q" => 4,
            "t" if reader.language != Language::English => 4,
            "h" if reader.language == Language::English => 2,
            _ => return None,
        };
        let part = reader
            .attached_digits(place + 1, 1)
            .and_then(|part| i8::try_from(part).ok())
            .filter(|part| (1..=of).contains(part))?;
        Some((place + 2, part, of))
    };
    if let Some((end, part, of)) = numbered(index) {
        let linked = reader.skip(end, &["of", "de", "del", "-"]);
        let (end, year) = reader.year(linked).map_or((end, None), |(end, year)| (end, Some(year)));
        let known = of == 4 && reader.is(index, "q") || year.is_some();
        return known.then(|| found(end, Period::PartOfYear { part, of, year, shift: 0 }, Rule::Period));
    }
    if reader.is_number(index) {
        let year = reader
            .digits(index, 4)
            .and_then(|year| i16::try_from(year).ok())
            .filter(|year| (1900..=2150).contains(year));
        if let Some(year) = year {
            let (end, part, of) = numbered(reader.skip(index + 1, &["-"]))?;
            return Some(found(
                end,
                Period::PartOfYear { part, of, year: Some(year), shift: 0 },
                Rule::Period,
            ));
        }
    }
    let place = match reader.language {
        Language::Portuguese => index,
        Language::Spanish => reader.skip(index, &["el"]),
        Language::English => reader.skip(index, &["the"]),
    };
    let (after, part) = numbers::ordinal_at(reader.tokens, place, reader.language)?;
    let of = match reader.word(after)? {
        Word::Unit(Unit::Quarter) => 4,
        Word::Unit(Unit::Semester) => 2,
        _ => return None,
    };
    let part = i8::try_from(part.to_integer()?).ok().filter(|part| (1..=of).contains(part))?;
    let linked = reader.skip(after + 1, &["of", "de", "del", "do", "-"]);
    if let Some((end, year)) = reader.year(linked) {
        return Some(found(end, Period::PartOfYear { part, of, year: Some(year), shift: 0 }, Rule::Period));
    }
    let plain_year = reader.skip(linked, &["the"]);
    if linked > after + 1
        && reader.any(plain_year, &["year", "ano"])
        && reader.shift(plain_year + 1).is_none()
        && !reader.is(plain_year + 1, "que")
    {
        return Some(found(
            plain_year + 1,
            Period::PartOfYear { part, of, year: None, shift: 0 },
            Rule::Period,
        ));
    }
    let years_unit = unit(reader, linked).filter(|_| linked > after + 1);
    if let Some(Found { end, sense: Sense::Period(Period::Unit { unit: Unit::Year, shift }), .. }) =
        years_unit
    {
        return Some(found(end, Period::PartOfYear { part, of, year: None, shift }, Rule::Period));
    }
    Some(found(after + 1, Period::PartOfYear { part, of, year: None, shift: 0 }, Rule::Period))
}
