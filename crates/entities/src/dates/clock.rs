//! Times of day: "15h30", "3pm", "às três e meia", "8 menos cuarto", "half past nine", "meio-dia".
//!
//! A bare number is a time only behind a word that announces one ("às 3") and before nothing that
//! it could count ("as 3 camisetas").

use super::lexicon::{Part, Unit, Word};
use super::reader::Reader;
use super::sense::Clock;
use crate::Language;

/// A time of day where it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) end: usize,
    pub(crate) clock: Clock,
    /// Whether its form alone says that it is a time.
    pub(crate) is_plain: bool,
}

/// Reads the time that begins at `index`; without an announcement only what can be nothing else.
pub(crate) fn clock(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let announced = is_announced(reader, index);
    let found = noon(reader, index)
        .or_else(|| minutes_first(reader, index, announced))
        .or_else(|| hour_first(reader, index, announced))?;
    let found = with_part(reader, found);
    if found.is_plain || (announced && may_follow(reader, found.end)) { Some(found) } else { None }
}

/// Reads a time or a lone hour, for a range whose other side says that it is one.
pub(crate) fn hour_or_clock(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let index = article(reader, index);
    let found = noon(reader, index)
        .or_else(|| minutes_first(reader, index, true))
        .or_else(|| hour_first(reader, index, true))?;
    Some(with_part(reader, found))
}

/// The same behind "entre", where "e" and "y" join the other side and no minutes.
pub(crate) fn first_hour_between(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let index = article(reader, index);
    let found = noon(reader, index).or_else(|| hour_first(reader, index, false))?;
    Some(with_part(reader, found))
}

/// Skips the article before an hour.
pub(crate) fn article(reader: &Reader<'_, '_>, index: usize) -> usize {
    match reader.language {
        Language::Portuguese => reader.skip(index, &["as", "a"]),
        Language::Spanish => reader.skip(index, &["las", "la"]),
        Language::English => index,
    }
}

/// Whether the word before announces a time.
fn is_announced(reader: &Reader<'_, '_>, index: usize) -> bool {
    let one = reader.any(index, &["uma", "una", "1"]);
    match reader.language {
        Language::Portuguese => {
            reader.before_any(index, &["as", "pelas", "pras", "das", "sao", "eram", "hrs", "ax"])
                || (one && reader.before_any(index, &["a", "pela", "eh"]))
                || (reader.before_any(index, &["umas"])
                    && index.checked_sub(2).is_some_and(|place| reader.is(place, "la")))
        }
        Language::Spanish => reader.before_any(index, &["las"]) || (one && reader.before_any(index, &["la"])),
        Language::English => {
            let rough = reader.before_any(index, &["around", "about"]);
            reader.before_any(index, &["at", "@"]) || rough
        }
    }
}

/// Whether a lone hour may stand before what follows: the end, a mark, a word that goes on about time.
fn may_follow(reader: &Reader<'_, '_>, end: usize) -> bool {
    let Some(after) = reader.token(end) else { return true };
    if !after.is_word() {
        let number_hangs_on = after.is_number()
            || (after.is_any(&["%", "$", "/", "-", ".", ","])
                && reader.is_attached(end)
                && reader.is_number(end + 1)
                && reader.is_attached(end + 1));
        return !number_hangs_on;
    }
    if matches!(reader.word(end), Some(Word::Weekday(_) | Word::Today(_) | Word::Month(_) | Word::Shift(_))) {
        return true;
    }
    after.is_any(&[
        "e",
        "ou",
        "ate",
        "de",
        "do",
        "da",
        "dessa",
        "desta",
        "no",
        "na",
        "em",
        "pra",
        "para",
        "com",
        "pq",
        "porque",
        "mas",
        "pfv",
        "por",
        "pode",
        "que",
        "se",
        "hj",
        "nao",
        "ta",
        "vc",
        "voce",
        "posso",
        "tem",
        "da",
        "ok",
        "blz",
        "certo",
        "certinho",
        "combinado",
        "vou",
        "a",
        "as",
        "tudo",
        "y",
        "o",
        "hasta",
        "del",
        "al",
        "en",
        "con",
        "pero",
        "puede",
        "si",
        "esta",
        "puedo",
        "hay",
        "el",
        "la",
        "las",
        "and",
        "or",
        "on",
        "in",
        "for",
        "to",
        "till",
        "until",
        "through",
        "please",
        "but",
        "with",
        "is",
        "if",
        "pls",
        "the",
        "every",
        "each",
        "sharp",
        "works",
        "for",
        "tonight",
        "so",
    ])
}

/// "meio-dia", "meia noite", "mediodía", "noon"; "meio-dia e meia" is half past.
fn noon(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let joined = |first: &[&str], second: &[&str]| {
        let next = reader.skip(index + 1, &["-"]);
        (reader.any(index, first) && reader.any(next, second)).then_some(next + 1)
    };
    let one = |words: &[&str]| reader.any(index, words).then_some(index + 1);
    let (end, hour) = match reader.language {
        Language::Portuguese => joined(&["meio"], &["dia"])
            .or_else(|| one(&["meiodia"]))
            .map(|end| (end, 12))
            .or_else(|| joined(&["meia"], &["noite"]).or_else(|| one(&["meianoite"])).map(|end| (end, 0)))?,
        Language::Spanish => {
            let from_twelve =
                if reader.is(index, "12") { reader.skip(index + 1, &["del", "de", "la"]) } else { index };
            let noon = from_twelve > index && reader.any(from_twelve, &["mediodia"]);
            if noon {
                (from_twelve + 1, 12)
            } else {
                joined(&["medio"], &["dia"]).or_else(|| one(&["mediodia"])).map(|end| (end, 12)).or_else(
                    || joined(&["media"], &["noche"]).or_else(|| one(&["medianoche"])).map(|end| (end, 0)),
                )?
            }
        }
        Language::English => {
            let after_twelve = if reader.any(index, &["12", "twelve"]) { index + 1 } else { index };
            if reader.any(after_twelve, &["noon", "noonish", "midday"]) {
                (after_twelve + 1, 12)
            } else if reader.is(after_twelve, "midnight") {
                (after_twelve + 1, 0)
            } else {
                return None;
            }
        }
    };
    let clock = Clock { hour, minute: 0, second: None, half_known: true };
    if reader.language == Language::Portuguese
        && reader.is(end, "e")
        && reader.any(end + 1, &["meia", "meio"])
    {
        return Some(Found { end: end + 2, clock: Clock { minute: 30, ..clock }, is_plain: true });
    }
    Some(Found { end, clock, is_plain: true })
}

/// "quinze para as oito", "10 pras 3", "quarter to nine", "20 min past eight", "half past nine".
fn minutes_first(reader: &Reader<'_, '_>, index: usize, announced: bool) -> Option<Found> {
    let english = reader.language == Language::English;
    let (end, minutes) = if english && reader.is(index, "half") {
        (index + 1, 30)
    } else if english && reader.any(reader.skip(index, &["a"]), &["quarter"]) {
        (reader.skip(index, &["a"]) + 1, 15)
    } else {
        let (end, minutes) = reader.integer(index)?;
        let after_unit = reader.skip(end, &["min", "mins", "minute", "minutes", "minutos"]);
        (after_unit, minutes)
    };
    if !(1..=59).contains(&minutes) || (reader.is_number(index) && !reader.stands_alone(index)) {
        return None;
    }
    let (next, is_before) = match reader.language {
        Language::Portuguese if reader.any(end, &["para", "pra"]) && reader.any(end + 1, &["as", "a"]) => {
            (end + 2, true)
        }
        Language::Portuguese if reader.is(end, "pras") => (end + 1, true),
        Language::English if reader.any(end, &["past", "after"]) => (end + 1, false),
        Language::English if reader.any(end, &["to", "til"]) => (end + 1, true),
        _ => return None,
    };
    // "from 2 to 3" is a range; "quarter to nine" is a time.
    let says_quarter = reader.any(end - 1, &["half", "quarter", "min", "mins", "minute", "minutes"]);
    if english && is_before && !says_quarter && !(announced && minutes % 5 == 0 && minutes > 12) {
        return None;
    }
    let round_past = minutes % 5 == 0 && reader.is(end, "past");
    if english && !is_before && !says_quarter && !announced && !round_past {
        return None;
    }
    let hour = hour_first(reader, next, true)?;
    if hour.clock.minute != 0 {
        return None;
    }
    let total = hour.clock.minutes() + if is_before { -minutes } else { minutes };
    let total = total.rem_euclid(24 * 60);
    let (hour_value, minute) = (i8::try_from(total / 60).ok()?, i8::try_from(total % 60).ok()?);
    let is_plain = reader.language == Language::Portuguese || says_quarter || reader.is(end, "past");
    Some(Found { end: hour.end, clock: Clock { hour: hour_value, minute, ..hour.clock }, is_plain })
}

/// An hour with what follows it.
fn hour_first(reader: &Reader<'_, '_>, index: usize, announced: bool) -> Option<Found> {
    let token = reader.token(index)?;
    if token.is_number() {
        if !reader.stands_alone(index) && !hangs_on_date(reader, index) {
            return None;
        }
        return in_digits(reader, index, announced);
    }
    if token.is_word() { in_words(reader, index, announced) } else { None }
}

/// "2026-12-25T14:30"
fn hangs_on_date(reader: &Reader<'_, '_>, index: usize) -> bool {
    reader.before_any(index, &["t"]) && reader.is_attached(index - 1)
}

fn in_digits(reader: &Reader<'_, '_>, index: usize, announced: bool) -> Option<Found> {
    let digits = reader.token(index)?.text.len();
    let leading_zero = reader.token(index)?.text.starts_with('0');
    let value = reader.digits(index, 4)?;
    if digits > 2 {
        return four_digits(reader, index, value, digits);
    }
    let hour = i8::try_from(value).ok().filter(|hour| (0..=24).contains(hour))?;
    let plain_half = leading_zero || hour == 0 || hour > 12;
    let clock = Clock { hour: hour % 24, minute: 0, second: None, half_known: plain_half };
    let next = index + 1;
    if reader.is(next, ":") && reader.is_attached(next) {
        let minute = reader.attached_digits(next + 1, 2).filter(|minute| *minute < 60)?;
        return with_seconds(reader, next + 2, Clock { minute: i8::try_from(minute).ok()?, ..clock });
    }
    if reader.any(next, &[".", ","])
        && reader.is_attached(next)
        && !reader.is(next, ",")
        && let Some(minute) = reader.attached_digits(next + 1, 2).filter(|minute| *minute < 60)
    {
        let clock = Clock { minute: i8::try_from(minute).ok()?, ..clock };
        if let Some((end, clock)) = half(reader, next + 2, clock) {
            return Some(Found { end, clock, is_plain: true });
        }
        let free = reader.ends_alone(next + 2) && may_follow(reader, next + 2);
        return (announced && free).then_some(Found { end: next + 2, clock, is_plain: minute % 5 == 0 });
    }
    if let Some(found) = with_hour_mark(reader, next, clock, announced) {
        return Some(found);
    }
    if let Some((end, clock)) = half(reader, next, clock) {
        let (end, clock) = minutes_behind(reader, end, clock, true).unwrap_or((end, clock));
        return Some(Found { end, clock, is_plain: true });
    }
    if !reader.ends_alone(next) && !reader.any(next, &["-", "ish"]) {
        return None;
    }
    if reader.is(next, "ish") && reader.is_attached(next) {
        return Some(Found { end: next + 1, clock, is_plain: true });
    }
    if let Some((end, with_minutes)) = minutes_behind(reader, next, clock, announced) {
        if let Some((end, clock)) = half(reader, end, with_minutes) {
            return Some(Found { end, clock, is_plain: true });
        }
        return Some(Found { end, clock: with_minutes, is_plain: reader.is(end - 1, "cuarto") });
    }
    Some(Found { end: next, clock, is_plain: reader.phrase(next, &["em", "ponto"]) })
}

/// "1140 a.m.", "0730" with a half of the day behind.
fn four_digits(reader: &Reader<'_, '_>, index: usize, value: i32, digits: usize) -> Option<Found> {
    let (hour, minute) = (i8::try_from(value / 100).ok()?, i8::try_from(value % 100).ok()?);
    if digits < 3 || hour > 12 || minute > 59 {
        return None;
    }
    let (end, clock) = half(reader, index + 1, Clock { hour, minute, second: None, half_known: false })?;
    Some(Found { end, clock, is_plain: true })
}

/// Seconds, a mark of hours and a half of the day behind "15:30".
fn with_seconds(reader: &Reader<'_, '_>, end: usize, clock: Clock) -> Option<Found> {
    let mut clock = clock;
    let mut end = end;
    if reader.is(end, ":")
        && reader.is_attached(end)
        && let Some(second) = reader.attached_digits(end + 1, 2).filter(|second| *second < 60)
    {
        clock.second = Some(i8::try_from(second).ok()?);
        end += 2;
    }
    if let Some((end, clock)) = half(reader, end, clock) {
        return Some(Found { end, clock, is_plain: true });
    }
    if reader.any(end, &["h", "hs", "hrs", "hr", "horas", "hora"]) {
        end += 1;
        if let Some((end, clock)) = half(reader, end, clock) {
            return Some(Found { end, clock, is_plain: true });
        }
    } else if !reader.ends_alone(end) {
        return None;
    }
    Some(Found { end, clock, is_plain: true })
}

/// "15h", "15h30", "15h30min", "15 horas", "3 o'clock".
fn with_hour_mark(reader: &Reader<'_, '_>, next: usize, clock: Clock, announced: bool) -> Option<Found> {
    if reader.language == Language::English {
        let end = if reader.any(next, &["oclock"]) {
            next + 1
        } else if reader.is(next, "o")
            && reader.any(next + 1, &["'", "\u{2019}"])
            && reader.is(next + 2, "clock")
        {
            next + 3
        } else {
            return None;
        };
        let (end, clock) = half(reader, end, clock).unwrap_or((end, clock));
        return Some(Found { end, clock, is_plain: true });
    }
    if !reader.any(next, &["h", "hs", "hrs", "hr", "horas", "hora"]) {
        return None;
    }
    // "abierto las 24 horas" is a length.
    if reader.is(next - 1, "24") && reader.is(next, "horas") {
        return None;
    }
    let mut end = next + 1;
    let mut clock = clock;
    let mut is_plain = announced
        || (clock.hour >= 7 && reader.any(next, &["h", "hs", "hrs", "hr"]) && !is_measured(reader, next - 1));
    if let Some(minute) = reader.attached_digits(end, 2).filter(|minute| *minute < 60) {
        clock.minute = i8::try_from(minute).ok()?;
        end = reader.skip(end + 1, &["min", "mins", "m"]);
        is_plain = !is_measured(reader, next - 1) || announced;
    } else if let Some((after, with_minutes)) = minutes_behind(reader, end, clock, announced) {
        (end, clock) = (after, with_minutes);
    }
    if let Some((end, clock)) = half(reader, end, clock) {
        return Some(Found { end, clock, is_plain: true });
    }
    let behind_part = part_behind(reader, end).is_some();
    (is_plain || behind_part).then_some(Found { end, clock, is_plain: true })
}

/// Whether a word before says that hours are a length: "por 8h", "em 24h", "demora 8 horas".
fn is_measured(reader: &Reader<'_, '_>, index: usize) -> bool {
    reader.before_any(
        index,
        &[
            "por", "em", "durante", "dura", "durou", "demora", "demorou", "leva", "levou", "levar", "ha",
            "faz", "hace", "dentro", "cada", "mais", "menos", "de", "en", "prazo", "cerca", "uns", "unas",
            "unos", "ultimas", "proximas", "apos", "tras", "a", "tarda", "tardo", "duracion", "daqui",
            "total", "ate", "in",
        ],
    )
}

/// "e meia", "e trinta", "y cuarto", "menos cinco", "e 30", "thirty".
fn minutes_behind(
    reader: &Reader<'_, '_>,
    end: usize,
    clock: Clock,
    announced: bool,
) -> Option<(usize, Clock)> {
    let set = |end: usize, minute: i32| {
        let minute = i8::try_from(minute).ok().filter(|minute| (1..60).contains(minute))?;
        Some((reader.skip(end, &["minutos", "min", "minutes"]), Clock { minute, ..clock }))
    };
    match reader.language {
        Language::Portuguese | Language::Spanish => {
            let and = if reader.language == Language::Portuguese { "e" } else { "y" };
            if reader.is(end, and) {
                if reader.any(end + 1, &["meia", "media"]) {
                    return set(end + 2, 30);
                }
                if reader.any(end + 1, &["quinze", "cuarto"]) {
                    return set(end + 2, 15);
                }
                let (after, minute) = reader.integer(end + 1).filter(|_| announced)?;
                let goes_on = reader.unit(after).is_some_and(|(_, unit)| unit != Unit::Minute)
                    || reader.any(after, &["h", "as", "reais", "pesos", "%"]);
                return if goes_on
                    || !may_follow(reader, after)
                        && half(reader, after, clock).is_none()
                        && part_behind(reader, after).is_none()
                {
                    None
                } else {
                    set(after, minute)
                };
            }
            if reader.language == Language::Spanish && reader.is(end, "menos") {
                let (after, minute) =
                    if reader.is(end + 1, "cuarto") { (end + 2, 15) } else { reader.integer(end + 1)? };
                let total = (clock.minutes() - minute).rem_euclid(24 * 60);
                let (hour, minute) = (i8::try_from(total / 60).ok()?, i8::try_from(total % 60).ok()?);
                return Some((after, Clock { hour, minute, ..clock }));
            }
            None
        }
        Language::English => {
            let next = reader.skip(end, &["-"]);
            if reader.is_number(next) {
                return None;
            }
            let (after, minute) = reader.integer(next)?;
            if (10..60).contains(&minute) { set(after, minute) } else { None }
        }
    }
}

/// An hour in words: "três e meia", "seven thirty", "una y cuarto".
fn in_words(reader: &Reader<'_, '_>, index: usize, announced: bool) -> Option<Found> {
    let (end, hour) = reader.integer(index)?;
    let hour = i8::try_from(hour).ok().filter(|hour| (0..=24).contains(hour))?;
    let clock = Clock { hour: hour % 24, minute: 0, second: None, half_known: hour > 12 || hour == 0 };
    if let Some(found) = with_hour_mark(reader, end, clock, announced) {
        return Some(found);
    }
    if let Some((end, clock)) = half(reader, end, clock) {
        return Some(Found { end, clock, is_plain: true });
    }
    if let Some((end, clock)) =
        minutes_behind(reader, end, clock, announced || reader.language == Language::English)
    {
        if let Some((end, clock)) = half(reader, end, clock) {
            return Some(Found { end, clock, is_plain: true });
        }
        // "uma e meia" is as often one and a half of something as a time.
        return Some(Found { end, clock, is_plain: false });
    }
    let end = if reader.phrase(end, &["em", "ponto"]) || reader.phrase(end, &["en", "punto"]) {
        end + 2
    } else {
        end
    };
    Some(Found { end, clock, is_plain: false })
}

/// "am", "p.m.", "p m", "a" behind "9:00": where it ends, and the clock with its half known.
pub(crate) fn half(reader: &Reader<'_, '_>, index: usize, clock: Clock) -> Option<(usize, Clock)> {
    let (end, is_afternoon) = meridiem(reader, index)?;
    if clock.hour > 12 {
        return Some((end, Clock { half_known: true, ..clock }));
    }
    let hour = match (clock.hour, is_afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (hour, true) => hour + 12,
        (hour, false) => hour,
    };
    Some((end, Clock { hour, half_known: true, ..clock }))
}

fn meridiem(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, bool)> {
    if reader.any(index, &["am", "pm"]) {
        return Some((index + 1, reader.is(index, "pm")));
    }
    if !reader.any(index, &["a", "p"]) {
        return None;
    }
    let is_afternoon = reader.is(index, "p");
    let next = reader.skip(index + 1, &["."]);
    // "uma a m e n a z a" is no hour: outside English the points are needed.
    let says_so = next > index + 1 || (reader.language == Language::English && !reader.is_attached(next));
    if reader.is(next, "m") && says_so {
        let end = if reader.is(next + 1, ".") && next > index + 1 { next + 2 } else { next + 1 };
        return Some((end, is_afternoon));
    }
    let attached = reader.is_attached(index)
        && (!reader.is_attached(index + 1) || reader.any(index + 1, &[".", ",", "!", "?"]))
        && reader.any(index.wrapping_sub(2), &[":"]);
    (attached && reader.language == Language::English).then_some((index + 1, is_afternoon))
}

/// "da tarde", "de la mañana", "in the evening", behind a time: where it ends.
pub(crate) fn part_behind(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Part)> {
    let start = match reader.language {
        Language::Portuguese if reader.any(index, &["da", "de", "a", "pela", "na"]) => index + 1,
        Language::Spanish if reader.any(index, &["de", "por", "a", "en"]) && reader.is(index + 1, "la") => {
            index + 2
        }
        Language::Spanish if reader.phrase(index, &["del", "mediodia"]) => {
            return Some((index + 2, Part::Afternoon));
        }
        Language::English if reader.is(index, "in") && reader.is(index + 1, "the") => index + 2,
        Language::English if reader.is(index, "at") && reader.is(index + 1, "night") => index + 1,
        Language::English => reader.skip(index, &["early", "late"]),
        _ => return None,
    };
    let part = reader.part(start)?;
    // "às 10 na noite de sábado" and "às 8 de manhã" read on; "a noite toda" does not.
    Some((start + 1, part))
}

/// The time with the part of the day behind it.
fn with_part(reader: &Reader<'_, '_>, found: Found) -> Found {
    // "four afternoon classes": English needs "in the" behind a bare number.
    if reader.language == Language::English && !found.is_plain && !reader.any(found.end, &["in", "at"]) {
        return found;
    }
    let Some((end, part)) = part_behind(reader, found.end) else { return found };
    let clock = found.clock.in_part(part);
    if reader.language == Language::Spanish {
        // "8 de la noche menos cuarto"
        if let Some((end, clock)) = minutes_behind(reader, end, clock, false) {
            return Found { end, clock, is_plain: true };
        }
    }
    Found { end, clock, is_plain: true }
}
