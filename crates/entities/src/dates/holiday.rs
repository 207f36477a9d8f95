//! Feasts that have one date in the three languages' countries, and those that move with Easter.

use super::day::year_behind;
use super::reader::Reader;
use super::sense::{Day, Feast};
use crate::Language;

/// When a feast is.
#[derive(Debug, Clone, Copy)]
enum When {
    Fixed(i8, i8),
    Easter(i32),
    Nth(i8, i8, i8),
    BlackFriday,
}

/// Words of feasts; the longer before the shorter that it begins with.
type Feasts = &'static [(&'static [&'static str], When)];

const PORTUGUESE: Feasts = &[
    (&["vespera", "de", "natal"], When::Fixed(12, 24)),
    (&["dia", "de", "natal"], When::Fixed(12, 25)),
    (&["natal"], When::Fixed(12, 25)),
    (&["vespera", "de", "ano", "novo"], When::Fixed(12, 31)),
    (&["reveillon"], When::Fixed(12, 31)),
    (&["virada", "do", "ano"], When::Fixed(12, 31)),
    (&["ano", "novo"], When::Fixed(1, 1)),
    (&["terca", "de", "carnaval"], When::Easter(-47)),
    (&["segunda", "de", "carnaval"], When::Easter(-48)),
    (&["quarta", "feira", "de", "cinzas"], When::Easter(-46)),
    (&["quarta", "-", "feira", "de", "cinzas"], When::Easter(-46)),
    (&["quarta", "de", "cinzas"], When::Easter(-46)),
    (&["carnaval"], When::Easter(-47)),
    (&["sexta", "feira", "santa"], When::Easter(-2)),
    (&["sexta", "-", "feira", "santa"], When::Easter(-2)),
    (&["sexta", "santa"], When::Easter(-2)),
    (&["domingo", "de", "pascoa"], When::Easter(0)),
    (&["pascoa"], When::Easter(0)),
    (&["corpus", "christi"], When::Easter(60)),
    (&["tiradentes"], When::Fixed(4, 21)),
    (&["dia", "do", "trabalho"], When::Fixed(5, 1)),
    (&["dia", "do", "trabalhador"], When::Fixed(5, 1)),
    (&["dia", "dos", "namorados"], When::Fixed(6, 12)),
    (&["dia", "das", "maes"], When::Nth(2, 7, 5)),
    (&["dia", "dos", "pais"], When::Nth(2, 7, 8)),
    (&["dia", "das", "criancas"], When::Fixed(10, 12)),
    (&["dia", "de", "finados"], When::Fixed(11, 2)),
    (&["finados"], When::Fixed(11, 2)),
    (&["dia", "da", "independencia"], When::Fixed(9, 7)),
    (&["proclamacao", "da", "republica"], When::Fixed(11, 15)),
    (&["consciencia", "negra"], When::Fixed(11, 20)),
    (&["black", "friday"], When::BlackFriday),
];

const SPANISH: Feasts = &[
    (&["nochebuena"], When::Fixed(12, 24)),
    (&["vispera", "de", "navidad"], When::Fixed(12, 24)),
    (&["dia", "de", "navidad"], When::Fixed(12, 25)),
    (&["navidad"], When::Fixed(12, 25)),
    (&["nochevieja"], When::Fixed(12, 31)),
    (&["fin", "de", "ano"], When::Fixed(12, 31)),
    (&["ano", "nuevo"], When::Fixed(1, 1)),
    (&["dia", "de", "reyes"], When::Fixed(1, 6)),
    (&["reyes", "magos"], When::Fixed(1, 6)),
    (&["san", "valentin"], When::Fixed(2, 14)),
    (&["viernes", "santo"], When::Easter(-2)),
    (&["jueves", "santo"], When::Easter(-3)),
    (&["domingo", "de", "pascua"], When::Easter(0)),
    (&["dia", "de", "pascua"], When::Easter(0)),
    (&["pascua"], When::Easter(0)),
    (&["dia", "del", "trabajador"], When::Fixed(5, 1)),
    (&["dia", "del", "trabajo"], When::Fixed(5, 1)),
    (&["dia", "de", "los", "trabajadores"], When::Fixed(5, 1)),
    (&["dia", "internacional", "de", "los", "trabajadores"], When::Fixed(5, 1)),
    (&["dia", "de", "muertos"], When::Fixed(11, 2)),
    (&["dia", "de", "los", "muertos"], When::Fixed(11, 2)),
    (&["halloween"], When::Fixed(10, 31)),
    (&["dia", "de", "halloween"], When::Fixed(10, 31)),
    (&["dia", "de", "la", "raza"], When::Fixed(10, 12)),
    (&["dia", "de", "la", "mujer"], When::Fixed(3, 8)),
    (&["viernes", "negro"], When::BlackFriday),
    (&["dia", "de", "san", "patricio"], When::Fixed(3, 17)),
    (&["black", "friday"], When::BlackFriday),
];

const ENGLISH: Feasts = &[
    (&["christmas", "eve"], When::Fixed(12, 24)),
    (&["christmas", "day"], When::Fixed(12, 25)),
    (&["christmas"], When::Fixed(12, 25)),
    (&["xmas"], When::Fixed(12, 25)),
    (&["boxing", "day"], When::Fixed(12, 26)),
    (&["new", "year", "'", "s", "eve"], When::Fixed(12, 31)),
    (&["new", "years", "eve"], When::Fixed(12, 31)),
    (&["new", "year", "eve"], When::Fixed(12, 31)),
    (&["new", "year", "'", "s", "day"], When::Fixed(1, 1)),
    (&["new", "years", "day"], When::Fixed(1, 1)),
    (&["new", "year", "day"], When::Fixed(1, 1)),
    (&["new", "year"], When::Fixed(1, 1)),
    (&["valentine", "'", "s", "day"], When::Fixed(2, 14)),
    (&["valentines", "day"], When::Fixed(2, 14)),
    (&["saint", "patrick", "'", "s", "day"], When::Fixed(3, 17)),
    (&["saint", "patrick"], When::Fixed(3, 17)),
    (&["st", "patrick", "'", "s", "day"], When::Fixed(3, 17)),
    (&["good", "friday"], When::Easter(-2)),
    (&["easter", "sunday"], When::Easter(0)),
    (&["easter", "monday"], When::Easter(1)),
    (&["easter"], When::Easter(0)),
    (&["earth", "day"], When::Fixed(4, 22)),
    (&["mother", "'", "s", "day"], When::Nth(2, 7, 5)),
    (&["mothers", "day"], When::Nth(2, 7, 5)),
    (&["father", "'", "s", "day"], When::Nth(3, 7, 6)),
    (&["fathers", "day"], When::Nth(3, 7, 6)),
    (&["juneteenth"], When::Fixed(6, 19)),
    (&["independence", "day"], When::Fixed(7, 4)),
    (&["labor", "day"], When::Nth(1, 1, 9)),
    (&["labour", "day"], When::Nth(1, 1, 9)),
    (&["halloween"], When::Fixed(10, 31)),
    (&["thanksgiving", "day"], When::Nth(4, 4, 11)),
    (&["thanksgiving"], When::Nth(4, 4, 11)),
    (&["black", "friday"], When::BlackFriday),
];

/// Reads the feast that begins at `index`, with "next" or "last" before and its year behind.
pub(crate) fn holiday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let which = reader.shift(index).filter(|shift| *shift != 0);
    let start = if which.is_some() { index + 1 } else { index };
    if reader.before_any(index, &["feliz", "happy", "merry", "boas", "bom"]) {
        return None;
    }
    let first = reader.token(start).filter(|token| token.is_word())?;
    let feasts = match reader.language {
        Language::Portuguese => PORTUGUESE,
        Language::Spanish => SPANISH,
        Language::English => ENGLISH,
    };
    let candidates = feasts.iter().filter(|(words, _)| words.first().is_some_and(|word| first.is(word)));
    let (words, when) = candidates
        .into_iter()
        .filter(|(words, _)| reader.phrase(start, words))
        .max_by_key(|(words, _)| words.len())?;
    let end = start + words.len();
    let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
    let of_year = reader.skip(end, &["of", "de", "deste", "do", "del"]);
    let (end, which) = match reader.shift(of_year) {
        Some(shift) if of_year > end && reader.any(of_year + 1, &["year", "ano"]) => {
            (of_year + 2, Some(shift))
        }
        _ => (end, which),
    };
    let day = match *when {
        When::Fixed(month, day) => Day::Calendar { year, month, day },
        When::Easter(offset) => Day::Moving { feast: Feast::Easter, offset, year, which },
        When::BlackFriday => Day::Moving { feast: Feast::Thanksgiving, offset: 1, year, which },
        When::Nth(nth, weekday, month) => Day::Nth { nth, weekday, month: Some(month), shift: 0, year },
    };
    Some((end, day))
}
