//! Ends that stay open: "até sexta", "antes das 18h", "a partir de março", "3 pm or later", "por volta das 14h".

use super::clock;
use super::join::{Expression, closes, day_behind, plain, time_behind};
use super::part::meal;
use super::range;
use super::reader::Reader;
use super::sense::{Clock, Clocks, Edge, Period, Rule, Sense};
use crate::Language;

/// "3 pm or later", "2018 o más tarde", "sexta ou depois".
pub(super) fn or_later(reader: &Reader<'_, '_>, found: Expression) -> Expression {
    let end = found.end;
    let is_open = (reader.any(end, &["or", "and"])
        && reader.any(end + 1, &["later", "after"])
        && !reader.any(end + 2, &["that"]))
        || (reader.any(end, &["ou", "o", "e", "y"]) && reader.any(end + 1, &["depois", "despues"]));
    let two_words =
        reader.any(end, &["ou", "o"]) && reader.any(end + 1, &["mais", "mas"]) && reader.is(end + 2, "tarde");
    let after = if two_words { end + 3 } else { end + 2 };
    let goes_on = reader.token(after).is_some_and(|next| next.is_word() || next.is_number());
    if !two_words && (!is_open || goes_on) {
        return found;
    }
    let sense = match found.sense {
        Sense::Clock(clock) => Sense::Clocks(Clocks { from: Some(clock), to: None }),
        Sense::Day(day) => Sense::Period(Period::Between { from: Some(Edge::Day(day)), to: None }),
        Sense::At(day, clock) => Sense::OpenInstant { day, clock: Some(clock), is_end: false },
        Sense::Period(period) => {
            Sense::Period(Period::Between { from: Some(Edge::Period(Box::new(period))), to: None })
        }
        _ => return found,
    };
    Expression { end: after, sense, rule: Rule::Bounded, ..found }
}

/// Words that leave one side of a range open: where they end, and whether the open side is the first.
fn bound(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, bool)> {
    let after = |words: &[&[&str]]| {
        words.iter().filter(|words| reader.phrase(index, words)).map(|words| index + words.len()).max()
    };
    let (until, from): (&[&[&str]], &[&[&str]]) = match reader.language {
        Language::Portuguese => (
            &[
                &["ate"],
                &["ateh"],
                &["antes", "de"],
                &["antes", "do"],
                &["antes", "da"],
                &["antes", "das"],
                &["antes", "dos"],
            ],
            &[
                &["a", "partir", "de"],
                &["a", "partir", "do"],
                &["a", "partir", "da"],
                &["a", "partir", "das"],
                &["apartir", "de"],
                &["apartir", "do"],
                &["apartir", "das"],
                &["desde"],
                &["depois", "de"],
                &["depois", "do"],
                &["depois", "da"],
                &["depois", "das"],
                &["dps", "de"],
                &["dps", "das"],
                &["dps", "do"],
                &["apos"],
            ],
        ),
        Language::Spanish => (
            &[&["hasta"], &["antes", "de"], &["antes", "del"]],
            &[
                &["a", "partir", "de"],
                &["a", "partir", "del"],
                &["desde"],
                &["despues", "de"],
                &["despues", "del"],
                &["posterior", "de"],
            ],
        ),
        Language::English => (
            &[
                &["until"],
                &["till"],
                &["before"],
                &["by"],
                &["prior", "to"],
                &["as", "late", "as"],
                &["no", "later", "than"],
            ],
            &[
                &["since"],
                &["after"],
                &["from"],
                &["starting"],
                &["starting", "on"],
                &["starting", "from"],
                &["later", "than"],
                &["beginning"],
                &["beginning", "on"],
                &["as", "early", "as"],
            ],
        ),
    };
    if let Some(end) = after(until) {
        return Some((end, true));
    }
    after(from).map(|end| (end, false))
}

/// "até sexta", "antes das 18h", "a partir de março", "since yesterday".
pub(super) fn bounded(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let (place, is_until) = bound(reader, index)?;
    let make = |end: usize, sense: Sense| Some(Expression { begin: index, end, sense, rule: Rule::Bounded });
    if let Some((end, clock, is_end)) = bounded_clock(reader, index) {
        let clocks = if is_end {
            Clocks { from: None, to: Some(clock) }
        } else {
            Clocks { from: Some(clock), to: None }
        };
        let alone = Expression { begin: index, end, sense: Sense::Clocks(clocks), rule: Rule::Bounded };
        let Some((after, Sense::Day(day))) = day_behind(reader, end) else { return Some(alone) };
        return make(after, Sense::OpenInstant { day, clock: Some(clock), is_end });
    }
    // "from now on" is no beginning that a calendar knows.
    if reader.is(index, "from") && reader.phrase(place, &["now", "on"]) {
        return None;
    }
    // "até agora nada": what lasts until now bounds nothing.
    if is_until && reader.any(place, &["agora", "ahora", "now"]) {
        return None;
    }
    let place = reader.skip(place, &["o", "a", "el", "la", "the", "as", "las"]);
    if let Some((end, part)) = meal(reader, place).or_else(|| Some((place + 1, reader.part(place)?))) {
        let (from, to) = part.hours();
        let clock = |(hour, minute): (i8, i8)| Some(Clock { hour, minute, second: None, half_known: true });
        let clocks = if is_until {
            Clocks { from: None, to: clock(from) }
        } else {
            Clocks { from: clock(to), to: None }
        };
        let tomorrow = reader.is(place, "manana") && !reader.before_any(place, &["la"]);
        if !tomorrow {
            return make(end, Sense::Clocks(clocks));
        }
    }
    // What "before" bounds may itself begin with its article ("hasta la semana pasada").
    let (inner, _) = [place, place - 1]
        .into_iter()
        .filter(|place| *place > index)
        .filter_map(|place| range::edge(reader, place, true).map(|edge| (edge, place)))
        .max_by_key(|((end, _, _), place)| (*end, *place))?;
    let (end, edge, rule) = inner;
    // "de março" alone is no bound; "desde" and "from" need a day, a month or an announced year.
    if rule == Rule::Year && !reader.is_number(end - 1) {
        return None;
    }
    if reader.is(index, "from") && matches!(edge, Edge::Period(_)) {
        return None;
    }
    if let Edge::Day(day) = edge
        && let Some((after, sense)) = time_behind(reader, end, day)
    {
        return match sense {
            Sense::At(day, clock) => {
                make(after, Sense::OpenInstant { day, clock: Some(clock), is_end: is_until })
            }
            Sense::DayPart(day, part) => {
                let ((from, _), (to, minute)) = part.hours();
                let (hour, minute) = if is_until { (to, minute) } else { (from, 0) };
                let clock = Clock { hour, minute, second: None, half_known: true };
                make(after, Sense::OpenInstant { day, clock: Some(clock), is_end: is_until })
            }
            _ => None,
        };
    }
    let period = if is_until {
        Period::Between { from: None, to: Some(edge) }
    } else {
        Period::Between { from: Some(edge), to: None }
    };
    make(end, Sense::Period(period))
}

/// "antes das 17h", "a partir das 9", "before 5pm": where it ends, the time, whether it is the end.
pub(super) fn bounded_clock(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Clock, bool)> {
    let (place, is_end) = bound(reader, index)?;
    let linked = match reader.language {
        Language::Portuguese => reader.skip(place, &["as", "a"]),
        Language::Spanish => reader.skip(place, &["las", "la"]),
        Language::English => place,
    };
    let announced = linked > place || reader.any(place - 1, &["das"]) || reader.language == Language::English;
    let found = clock::clock(reader, linked).or_else(|| {
        let found = clock::hour_or_clock(reader, linked)
            .filter(|_| announced && reader.language != Language::English)?;
        closes(reader, found.end).then_some(found)
    })?;
    Some((found.end, found.clock, is_end))
}

/// "por volta das 14h", "lá pelas 5", "cerca de las 5", "around tomorrow 10am".
pub(super) fn roughly(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let place = match reader.language {
        Language::Portuguese => {
            if reader.phrase(index, &["por", "volta"]) && reader.any(index + 2, &["das", "da", "de", "do"]) {
                index + 3
            } else if reader.any(index, &["la", "lah"]) && reader.any(index + 1, &["pelas", "por", "pras"]) {
                index + 2
            } else {
                return None;
            }
        }
        Language::Spanish => {
            if reader.any(index, &["alrededor", "cerca"]) && reader.any(index + 1, &["de", "del"]) {
                reader.skip(index + 2, &["las", "la"])
            } else {
                return None;
            }
        }
        Language::English => {
            if reader.any(index, &["around", "about"]) {
                index + 1
            } else {
                return None;
            }
        }
    };
    let inner = plain(reader, place)?;
    let fits = matches!(inner.sense, Sense::Clock(_) | Sense::At(..) | Sense::Day(_))
        && (reader.language != Language::English
            || !reader.is(index, "about")
            || !matches!(inner.sense, Sense::Day(_)));
    fits.then_some(Expression { begin: index, ..inner })
}
