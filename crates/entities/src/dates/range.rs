//! From here to there: "das 9 às 18h", "de 3 a 5 de março", "between 3 and 5pm", "segunda a sexta".

use super::clock;
use super::day;
use super::lexicon::{Part, Word};
use super::numeric;
use super::period;
use super::reader::Reader;
use super::sense::{Clock, Clocks, Day, Edge, Period, Rule, Sense};
use crate::Language;

/// A range of times where it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoundClocks {
    pub(crate) end: usize,
    pub(crate) clocks: Clocks,
    /// Whether its form says that it is one; "8 a 12" is one only beside a day.
    pub(crate) is_plain: bool,
}

/// How a range opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    None,
    From,
    Between,
}

pub(super) fn opening(reader: &Reader<'_, '_>, index: usize) -> (usize, Opening) {
    let (from, between): (&[&str], &[&str]) = match reader.language {
        Language::Portuguese => (&["de", "das", "do", "desde", "da"], &["entre"]),
        Language::Spanish => (&["de", "desde", "del"], &["entre"]),
        Language::English => (&["from"], &["between"]),
    };
    if reader.any(index, from) {
        (index + 1, Opening::From)
    } else if reader.any(index, between) {
        (index + 1, Opening::Between)
    } else {
        (index, Opening::None)
    }
}

/// The word between the two sides: where it ends.
pub(super) fn connector(reader: &Reader<'_, '_>, index: usize, opening: Opening) -> Option<usize> {
    let words: &[&str] = match reader.language {
        Language::Portuguese => &["a", "as", "ate", "ao", "-", "–", "—", "~", "ateh"],
        Language::Spanish => &["a", "al", "hasta", "-", "–", "—", "~", "hacia"],
        Language::English => &["to", "till", "until", "through", "thru", "-", "–", "—", "~", "til"],
    };
    if reader.any(index, words) {
        let doubled = reader.any(index, &["ate", "hasta", "to", "until"])
            && reader.any(index + 1, &["as", "a", "o", "al", "el", "the"]);
        return Some(if doubled { index + 2 } else { index + 1 });
    }
    let and = match reader.language {
        Language::Portuguese => "e",
        Language::Spanish => "y",
        Language::English => "and",
    };
    (opening == Opening::Between && reader.is(index, and)).then_some(index + 1)
}

/// Reads the range of times that begins at `index`.
pub(crate) fn clocks(reader: &Reader<'_, '_>, index: usize) -> Option<FoundClocks> {
    let (start, opening) = opening(reader, index);
    let joins_sides = opening == Opening::Between && reader.language != Language::English;
    let first = if joins_sides {
        let plain = clock::first_hour_between(reader, start);
        match plain.filter(|plain| connector(reader, plain.end, opening).is_some()) {
            Some(plain) => plain,
            None => clock::hour_or_clock(reader, start)?,
        }
    } else {
        clock::hour_or_clock(reader, start)?
    };
    let link = connector(reader, first.end, opening)?;
    let second = clock::hour_or_clock(reader, link)?;
    let (mut from, mut to) = (first.clock, second.clock);
    if second.end <= link || !may_close(reader, second.end) {
        return None;
    }
    // "between 3 and 5pm": what is said of the second is meant of both.
    if !from.half_known && to.half_known {
        from = earlier_half(from, to);
    } else if from.half_known && !to.half_known && to.minutes() <= from.minutes() && to.hour < 12 {
        to = Clock { hour: to.hour + 12, half_known: true, ..to };
    } else if !from.half_known && !to.half_known && to.minutes() <= from.minutes() && to.hour < 12 {
        // "das 9 às 6"
        from = Clock { half_known: true, ..from };
        to = Clock { hour: to.hour + 12, half_known: true, ..to };
    } else if !from.half_known && !to.half_known {
        let settled = from.settled();
        if settled.hour != from.hour {
            to = Clock { hour: if to.hour < 12 { to.hour + 12 } else { to.hour }, half_known: true, ..to };
        }
        from = settled;
    }
    let says_time = match reader.language {
        Language::Portuguese => {
            reader.is(index, "das")
                || reader.any(link - 1, &["as"])
                || reader.any(start, &["as"])
                || (reader.any(link, &["as"]) && !reader.is(link - 1, "a"))
        }
        Language::Spanish => reader.any(start, &["las", "la"]) || reader.is(link, "las"),
        Language::English => opening == Opening::From && first.is_plain,
    };
    let article_like = reader.language == Language::Portuguese
        && reader.any(link - 1, &["as"])
        && opening == Opening::None
        && !first.is_plain
        && !second.is_plain;
    let sides_plain = first.is_plain || second.is_plain;
    let in_words = reader.language == Language::English
        && opening != Opening::None
        && from.minute > 0
        && to.minute + from.minute > 0;
    let is_plain =
        sides_plain || in_words || (says_time && (!article_like || follows_well(reader, second.end)));
    Some(FoundClocks { end: second.end, clocks: Clocks { from: Some(from), to: Some(to) }, is_plain })
}

/// The same half of the day as `to`, or the one before where that would come later.
fn earlier_half(from: Clock, to: Clock) -> Clock {
    let known = Clock { half_known: true, ..from };
    let afternoon = Clock { hour: from.hour % 12 + 12, ..known };
    if to.hour >= 12 && afternoon.minutes() < to.minutes() && from.hour <= 12 { afternoon } else { known }
}

fn may_close(reader: &Reader<'_, '_>, end: usize) -> bool {
    let Some(after) = reader.token(end) else { return true };
    let goes_on = !after.space_before
        && (after.is_number() || after.is_any(&["/", "%", "$"]) && reader.is_number(end + 1));
    let measures = after.is_any(&[
        "reais", "pesos", "dolares", "kg", "pessoas", "personas", "people", "anos", "dias", "unidades", "%",
        "meses", "semanas", "euros", "years", "days", "vezes", "cm", "metros", "minutos", "min",
    ]);
    let month =
        reader.month(end).is_some() || (reader.any(end, &["de", "of"]) && (reader.month(end + 1).is_some()));
    !goes_on && !measures && !month
}

fn follows_well(reader: &Reader<'_, '_>, end: usize) -> bool {
    reader.token(end).is_none_or(|after| {
        !after.is_word()
            || matches!(
                reader.word(end),
                Some(Word::Weekday(_) | Word::Today(_) | Word::Part(_) | Word::MaybeWeekday(_))
            )
            || after.is_any(&["de", "da", "do", "no", "na", "e", "ou", "em", "todos", "todo"])
    })
}

/// Reads the range of days, months or years that begins at `index`.
pub(crate) fn days(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Sense, Rule)> {
    let (start, opening) = opening(reader, index);
    let start =
        if opening == Opening::None { start } else { reader.skip(start, &["o", "el", "os", "los", "the"]) };
    day_numbers(reader, start, opening).or_else(|| edges(reader, start, opening))
}

/// "3 a 5 de março", "9 to 12 of June", "March 3-5", "dia 3 a dia 5", "from 4-23 in next month".
fn day_numbers(reader: &Reader<'_, '_>, start: usize, opening: Opening) -> Option<(usize, Sense, Rule)> {
    if let Some(month) = reader.month(start) {
        let after = reader.after_month(start);
        let (after_first, first) = reader.day_of_month(reader.skip(after, &["the"]))?;
        let link = connector(reader, after_first, opening)?;
        let (end, last) = reader_day(reader, reader.skip(link, &["the"]))?;
        if reader.month(reader.skip(end, &["of", "de"])).is_some()
            || (!reader.ends_alone(end) && reader.is_number(end - 1))
            || reader.any(end, &["h", "am", "pm", ":", "/"])
        {
            return None;
        }
        let (end, year) = day::year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
        return Some(both(end, month, month_after(month, first, last), year, first, last));
    }
    let is_rank = |place: usize| crate::numbers::ordinal_at(reader.tokens, place, reader.language).is_some();
    let said_day = reader.any(start, &["dia", "dias"]);
    let first_place = reader.skip(reader.skip(start, &["the"]), &["dia", "dias"]);
    let (after_first, first) = reader_day(reader, first_place)?;
    let link = connector(reader, after_first, opening)?;
    let last_place = reader.skip(reader.skip(link, &["the", "el", "o", "al"]), &["dia"]);
    let (after_last, last) = reader_day(reader, last_place)?;
    let linked = reader.skip(after_last, &["de", "of", "del", "do", "el", "in"]);
    if let Some(month) = reader.month(linked) {
        let doubtful = matches!(reader.word(linked), Some(Word::MaybeMonth(_)))
            && linked == after_last
            && !reader.is_number(last_place);
        if doubtful {
            return None;
        }
        let end = reader.after_month(linked);
        let (end, year) = day::year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
        let first_month = if first > last { if month == 1 { 12 } else { month - 1 } } else { month };
        return Some(both(end, first_month, month, year, first, last));
    }
    // "do dia 3 ao dia 5", "dia 3 a 5", "the 25th to 30th": the present month's.
    let ranked = reader.language == Language::English
        && opening != Opening::Between
        && is_rank(first_place)
        && is_rank(last_place);
    if (said_day || ranked)
        && reader.ends_alone(after_last)
        && !reader.any(after_last, &["h", "hs", "horas", "/", ":"])
        && first < last
    {
        let edge = |day: i8| Some(Edge::Day(Day::OfMonth { day, shift: None }));
        return Some((
            after_last,
            Sense::Period(Period::Between { from: edge(first), to: edge(last) }),
            Rule::DayRange,
        ));
    }
    None
}

fn reader_day(reader: &Reader<'_, '_>, place: usize) -> Option<(usize, i8)> {
    if reader.is_number(place) && reader.is_attached(place) && reader.before_any(place, &["-", "–", "~"]) {
        let day = reader
            .digits(place, 2)
            .and_then(|day| i8::try_from(day).ok())
            .filter(|day| (1..=31).contains(day))?;
        let end = crate::numbers::ordinal_at(reader.tokens, place, reader.language)
            .map_or(place + 1, |(end, _)| end);
        return Some((end, day));
    }
    reader.day_of_month(place)
}

fn month_after(month: i8, first: i8, last: i8) -> i8 {
    if first <= last { month } else { month % 12 + 1 }
}

fn both(
    end: usize,
    first_month: i8,
    last_month: i8,
    year: Option<i16>,
    first: i8,
    last: i8,
) -> (usize, Sense, Rule) {
    let from = Day::Calendar {
        year: if first_month > last_month { year.and_then(|year| year.checked_sub(1)) } else { year },
        month: first_month,
        day: first,
    };
    let to = Day::Calendar { year, month: last_month, day: last };
    let period = Period::Between { from: Some(Edge::Day(from)), to: Some(Edge::Day(to)) };
    (end, Sense::Period(period), Rule::DayRange)
}

/// A day, a month or a year on both sides: "de segunda a sexta", "10/1-11/2", "de março a maio", "2014-2018".
fn edges(reader: &Reader<'_, '_>, start: usize, opening: Opening) -> Option<(usize, Sense, Rule)> {
    if let Some(found) = months(reader, start, opening).or_else(|| years(reader, start, opening)) {
        return Some(found);
    }
    let (after_first, mut first, first_rule) = edge(reader, start, opening != Opening::None)?;
    let link = connector(reader, after_first, opening)?;
    let link = reader.skip(link, &["el", "o", "the", "la"]);
    // Without an opening a dash joins only what is written in full; "e" and "a" join only weekdays and dates.
    if opening == Opening::None
        && first_rule == Rule::Year
        && !reader.any(link - 1, &["-", "~", "–", "through"])
    {
        return None;
    }
    let (end, mut last, last_rule) = edge(
        reader,
        link,
        opening != Opening::None
            || reader.any(link - 1, &["ate", "hasta", "to", "till", "until", "through", "a"]),
    )?;
    if opening == Opening::None
        && last_rule == Rule::Year
        && !reader.any(link - 1, &["-", "~", "–", "through"])
        && first_rule == Rule::Year
    {
        return None;
    }
    if reader.language != Language::English && opening == Opening::None && reader.is(link - 1, "as") {
        return None;
    }
    share_year(&mut first, &mut last);
    Some((end, Sense::Period(Period::Between { from: Some(first), to: Some(last) }), Rule::DayRange))
}

/// "from 2014-2018", "entre 2014-2018": digits and a dash, so an opening has to say that they are years.
fn years(reader: &Reader<'_, '_>, start: usize, opening: Opening) -> Option<(usize, Sense, Rule)> {
    let year = |place: usize| {
        let length = reader.tokens.get(place).map_or(0, |token| token.text.len());
        let year = reader.digits(place, 4).filter(|year| length == 4 && (1900..=2150).contains(year))?;
        i16::try_from(year).ok()
    };
    let (first, last) = (year(start)?, year(start + 2)?);
    if opening == Opening::None
        || !reader.any(start + 1, &["-", "–"])
        || first >= last
        || !reader.ends_alone(start + 3)
    {
        return None;
    }
    let edge = |year: i16| Some(Edge::Period(Box::new(Period::Year(year))));
    let period = Period::Between { from: edge(first), to: edge(last) };
    Some((start + 3, Sense::Period(period), Rule::DayRange))
}

/// "de nov. a mar.", "Jan-Feb 2017", "May to March": short names too, because both sides are months.
fn months(reader: &Reader<'_, '_>, start: usize, opening: Opening) -> Option<(usize, Sense, Rule)> {
    let side = |place: usize| {
        let month = reader.month(place)?;
        let end = reader.after_month(place);
        let (end, year) = day::year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
        Some((end, Edge::Period(Box::new(Period::Month { month, year, shift: None }))))
    };
    let (after_first, mut first) = side(start)?;
    let link = connector(reader, after_first, opening)?;
    let (end, mut last) = side(link)?;
    share_year(&mut first, &mut last);
    Some((end, Sense::Period(Period::Between { from: Some(first), to: Some(last) }), Rule::DayRange))
}

/// One side of a range of days.
pub(crate) fn edge(reader: &Reader<'_, '_>, index: usize, announced: bool) -> Option<(usize, Edge, Rule)> {
    let index = day::past_word_of_day(reader, index);
    if let Some(found) = day::day(reader, index) {
        return Some((found.end, Edge::Day(found.day), found.rule));
    }
    if reader.is_number(index) && reader.is_attached(index) && reader.before_any(index, &["-", "~", "–"]) {
        // The second side of "10/1-11/2/2017" and "2014~2018".
        if let Some((end, day)) = numeric::second_of_range(reader, index) {
            return Some((end, Edge::Day(day), Rule::NumericDate));
        }
    }
    if let Some(found) = period::period(reader, index) {
        let Sense::Period(period) = found.sense else { return None };
        return Some((found.end, Edge::Period(Box::new(period)), found.rule));
    }
    if announced && reader.any(index, &["agora", "ahora", "now", "fecha", "date"]) {
        return Some((
            index + 1,
            Edge::Day(Day::Away { amount: 0, unit: super::lexicon::Unit::Day }),
            Rule::RelativeDay,
        ));
    }
    let place = reader.skip(index, &["the", "year", "ano"]);
    let (end, year) = reader.year(place).filter(|_| announced || reader.is_number(place))?;
    if !reader.is_number(place) {
        return None;
    }
    Some((end, Edge::Period(Box::new(Period::Year(year))), Rule::Year))
}

/// "de maio a outubro de 2020": the year of the second is the first's too.
fn share_year(first: &mut Edge, last: &mut Edge) {
    let (year, last_month) = match last {
        Edge::Day(Day::Calendar { year: Some(year), month, .. }) => (*year, *month),
        Edge::Period(period) => match period.as_ref() {
            Period::Month { year: Some(year), month, .. } => (*year, *month),
            _ => return,
        },
        Edge::Day(_) => return,
    };
    let earlier = |month: i8| if month > last_month { year.checked_sub(1) } else { Some(year) };
    match first {
        Edge::Day(Day::Calendar { year: missing @ None, month, .. }) => *missing = earlier(*month),
        Edge::Day(_) => {}
        Edge::Period(period) => {
            if let Period::Month { year: missing @ None, month, .. } = period.as_mut() {
                *missing = earlier(*month);
            }
        }
    }
}

/// A part of the day that a range of times stands in makes its halves known.
pub(crate) fn in_part(clocks: Clocks, part: Part) -> Clocks {
    let from = clocks.from.map(|clock| if clock.hour <= 12 { clock.in_part(part) } else { clock });
    let to = clocks.to.map(|clock| if clock.hour < 12 { clock.in_part(part) } else { clock });
    Clocks { from, to }
}
