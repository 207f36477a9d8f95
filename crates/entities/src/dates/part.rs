//! Parts of the day, alone and with their day: "à noite", "esta tarde", "tonight", "na hora do almoço", "fim do dia".

use super::day;
use super::join::Expression;
use super::lexicon::{Part, Unit, Word};
use super::reader::Reader;
use super::sense::{Clock, Day, Rule, Sense};
use crate::Language;

/// A part of the day alone: "noite", "la tarde", "in the morning".
pub(super) fn part(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let start = match reader.language {
        Language::Portuguese => index,
        Language::Spanish => {
            // "más tarde por la noche", "más tarde en la tarde"
            let later = reader.is(index, "mas")
                && reader.is(index + 1, "tarde")
                && reader.any(index + 2, &["por", "en"]);
            let place = if later { index + 3 } else { index };
            if !reader.is(place, "la") {
                return None;
            }
            place + 1
        }
        Language::English => {
            let place = reader.skip(index, &["later"]);
            let place = if reader.is(place + 1, "the") || !reader.any(place + 1, &["early", "late"]) {
                reader.skip(place, &["in"])
            } else {
                place
            };
            let place = reader.skip(place, &["the"]);
            reader.skip(place, &["early", "late"])
        }
    };
    let part = reader.part(start)?;
    let is_adverb = reader.language == Language::Portuguese
        && reader.is(start, "tarde")
        && (reader.before_any(
            start,
            &[
                "mais", "muito", "tao", "ja", "e", "eh", "ficou", "ta", "esta", "bem", "meio", "nunca",
                "antes",
            ],
        ) || reader.any(start + 1, &["demais", "assim"]));
    let is_greeting = reader.is_greeting(start)
        || reader.is_greeting(index)
        || (reader.language == Language::English
            && (reader.before_any(index, &["that", "gm", "gn"])
                || (start == index && reader.any(start + 1, &["club", "shift", "mode"]))));
    if is_adverb || is_greeting {
        return None;
    }
    let from_article = reader.language == Language::Portuguese
        && index == start
        && reader.before_any(start, &["chegar", "boa"]);
    (!from_article).then_some(Expression {
        begin: index,
        end: start + 1,
        sense: Sense::Part(part),
        rule: Rule::PartOfDay,
    })
}

/// "esta noite", "hoje cedo" is not read, "anoche", "tonight", "last night", "this morning".
pub(super) fn part_of_a_day(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let make = |end: usize, amount: i32, part: Part| {
        let day = Day::Away { amount, unit: Unit::Day };
        Some(Expression { begin: index, end, sense: Sense::DayPart(day, part), rule: Rule::PartOfDay })
    };
    if reader.any(index, &["tonight", "tonite"]) && reader.language == Language::English {
        return make(index + 1, 0, Part::Night);
    }
    if reader.is(index, "anoche") && reader.language == Language::Spanish {
        return make(index + 1, -1, Part::Night);
    }
    let start = match reader.language {
        Language::English => reader.skip(index, &["later", "early", "late"]),
        Language::Spanish if reader.is(index, "mas") && reader.is(index + 1, "tarde") => index + 2,
        Language::Portuguese | Language::Spanish => index,
    };
    let shift = reader.shift(start)?;
    let start = if reader.language == Language::English {
        reader.skip(start + 1, &["early", "late"])
    } else {
        start + 1
    };
    let part = reader.part(start)?;
    let pointing = reader.language == Language::English
        || reader.any(
            start - 1,
            &[
                "esta", "nesta", "essa", "nessa", "desta", "dessa", "ultima", "proxima", "noite", "este",
                "esa",
            ],
        );
    if !pointing || reader.is_greeting(index) {
        return None;
    }
    make(start + 1, shift, part)
}

/// "de manhã", "à noite", "por la tarde", "in the evening", "night" behind a day.
pub(super) fn part_behind_day(reader: &Reader<'_, '_>, end: usize) -> Option<(usize, Part)> {
    let place = reader.skip(end, &[","]);
    let start = match reader.language {
        Language::Portuguese => {
            let place = reader.skip(place, &["de", "a", "pela", "na", "no", "da", "ah"]);
            reader.skip(place, &["a"])
        }
        Language::Spanish => {
            let place = reader.skip(place, &["por", "en", "a", "de"]);
            reader.skip(place, &["la"])
        }
        Language::English => {
            let place = reader.skip(place, &["in", "at"]);
            let place = reader.skip(place, &["the"]);
            reader.skip(place, &["early", "late"])
        }
    };
    let part = reader.part(start)?;
    // "hoje tarde" is no afternoon, "amanhã mañana" no morning.
    let linked = start > end;
    let bare = reader.language == Language::English
        || matches!(part, Part::Night | Part::Dawn)
        || reader.any(start, &["manha", "tarde"]);
    if !linked && (!bare || reader.is(start, "manana")) {
        return None;
    }
    if reader.language == Language::Portuguese
        && !linked
        && reader.is(start, "tarde")
        && reader.any(start + 1, &["demais"])
    {
        return None;
    }
    Some((start + 1, part))
}

/// "at lunch", "na hora do almoço", "la hora de almuerzo", "around dinner".
pub(super) fn meal_time(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let place = match reader.language {
        Language::Portuguese | Language::Spanish => {
            let place = reader.skip(index, &["la"]);
            if !reader.any(place, &["hora", "horario"]) || !reader.any(place + 1, &["do", "de", "del"]) {
                return None;
            }
            place + 2
        }
        Language::English if reader.any(index, &["at", "around"]) => index + 1,
        Language::English if reader.any(index, &["lunchtime", "dinnertime"]) => index,
        Language::English => return None,
    };
    let (end, part) = meal(reader, place)?;
    Some(Expression { begin: index, end, sense: Sense::Part(part), rule: Rule::PartOfDay })
}

/// A meal, which bounds a time ("depois do almoço"); alone it is food.
pub(super) fn meal(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Part)> {
    let part = match reader.language {
        Language::Portuguese if reader.phrase(index, &["cafe", "da", "manha"]) => {
            return Some((index + 3, Part::Breakfast));
        }
        Language::Portuguese => match reader.token(index)?.folded.as_ref() {
            "almoco" => Part::Lunch,
            "jantar" | "janta" => Part::Dinner,
            _ => return None,
        },
        Language::Spanish => match reader.token(index)?.folded.as_ref() {
            "desayuno" => Part::Breakfast,
            "almuerzo" => Part::Lunch,
            "cena" => Part::Dinner,
            _ => return None,
        },
        Language::English => match reader.token(index)?.folded.as_ref() {
            "breakfast" => Part::Breakfast,
            "lunch" | "lunchtime" => Part::Lunch,
            "dinner" | "dinnertime" => Part::Dinner,
            _ => return None,
        },
    };
    Some((index + 1, part))
}

/// "fim do dia", "final de hoje", "end of today", "al final del domingo", "eod": its last minute.
pub(super) fn end_of_day(reader: &Reader<'_, '_>, index: usize) -> Option<Expression> {
    let last = Clock { hour: 23, minute: 59, second: None, half_known: true };
    let today = Day::Away { amount: 0, unit: Unit::Day };
    let make = |end: usize, day: Day| {
        Some(Expression { begin: index, end, sense: Sense::At(day, last), rule: Rule::DayAndTime })
    };
    let place = match reader.language {
        Language::English => {
            let place = reader.skip(index, &["the"]);
            if reader.is(place, "eod") {
                return make(place + 1, today);
            }
            if !reader.phrase(place, &["end", "of"]) {
                return None;
            }
            if reader.phrase(place + 2, &["the", "day"]) || reader.is(place + 2, "day") {
                return make(reader.skip(place + 2, &["the"]) + 1, today);
            }
            place + 2
        }
        Language::Portuguese | Language::Spanish => {
            let place = reader.skip(index, &["al"]);
            if !reader.any(place, &["fim", "final", "fin"])
                || !reader.any(place + 1, &["de", "do", "del", "deste"])
            {
                return None;
            }
            if reader.is(place + 2, "dia") && reader.day_of_month(place + 3).is_none() {
                return make(place + 3, today);
            }
            place + 2
        }
    };
    let is_day = matches!(reader.word(place), Some(Word::Today(_) | Word::Weekday(_) | Word::Shift(_)));
    let found = day::day(reader, place).filter(|_| is_day)?;
    make(found.end, found.day)
}
