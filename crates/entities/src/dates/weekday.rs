//! Weekdays with what says which: "sexta que vem", "2ª feira", "terça 25", "the last Friday of the month".

use super::day::{Found, day_and_month, month_and_day, of_this_month, year_behind};
use super::lexicon::{Unit, Word};
use super::numeric;
use super::reader::Reader;
use super::sense::{Day, Rule};
use crate::Language;

/// Weekdays with what says which: "próxima sexta", "sexta-feira que vem", "terça 25", "tuesday of next week".
pub(super) fn weekday(reader: &Reader<'_, '_>, index: usize) -> Option<Found> {
    let mut place = index;
    let mut which = None;
    let mut week = None;
    let english = reader.language == Language::English;
    // "this past Friday", "this coming Monday", "este próximo lunes"
    while let Some(shift) = reader
        .shift(place)
        .filter(|_| place < index + 2 && !reader.any(place, &["ese", "esa", "esse", "that"]))
    {
        // "this past Friday" may be yesterday, "last Friday" is not.
        which = Some(if which == Some(0) { 2 * shift } else { shift });
        place += 1;
    }
    if english && place > index && reader.any(place, &["week"]) {
        let after = reader.skip(reader.skip(place + 1, &["'"]), &["s"]);
        let after = reader.skip(after, &["on", ",", "-"]);
        let found = named_weekday(reader, after)?;
        return Some(finish_weekday(
            reader,
            found.0,
            Day::Weekday { weekday: found.1, which: None, week: which },
        ));
    }
    let comes = reader.is(place + 1, "que") && reader.any(place + 2, &["vem", "viene"]);
    if !english && reader.is(place, "semana") && (place > index || comes || reader.shift(place + 1).is_some())
    {
        let mut after = place + 1;
        if place == index {
            which = if comes { Some(1) } else { reader.shift(after) };
            after += if comes { 2 } else { 1 };
        }
        let after = reader.skip(reader.skip(after, &["na", "no", "el", ",", "-"]), &["el"]);
        let found = plain_weekday(reader, after)?;
        return Some(finish_weekday(
            reader,
            found.0,
            Day::Weekday { weekday: found.1, which: None, week: which },
        ));
    }
    // "dia de sexta" says no more than "sexta".
    let (mut end, weekday) =
        if place > index { plain_weekday(reader, place)? } else { named_weekday(reader, place)? };
    if !english && matches!(which, None | Some(0)) {
        if let Some(shift) = reader
            .shift(end)
            .filter(|_| !reader.any(end, &["esta", "este", "esse", "essa", "ultimo", "ultima"]))
        {
            // "sexta passada", "lunes siguiente"; "sexta próxima semana" is a week's.
            if !reader.is(end + 1, "semana") {
                which = Some(if which == Some(0) { 2 * shift } else { shift });
                end += 1;
            }
        } else if reader.is(end, "que") && reader.any(end + 1, &["vem", "viene"]) {
            which = Some(1);
            end += 2;
        }
    }
    if english
        && which.is_none()
        && reader.any(end, &["next", "last", "this"])
        && !reader.any(end + 1, &["week", "month", "year"])
        && reader.token(end + 1).is_none()
    {
        which = reader.shift(end);
        end += 1;
    }
    if let Some((after, shift)) = of_week(reader, end) {
        (end, week) = (after, Some(shift));
        which = None;
    } else if english && which == Some(1) && reader.is(index, "next") {
        // "next Friday" said on Wednesday is not the day after tomorrow.
        (which, week) = (None, Some(1));
    }
    Some(finish_weekday(reader, end, Day::Weekday { weekday, which, week }))
}

/// "da semana que vem", "de la próxima semana", "of next week", "this week".
pub(crate) fn of_week(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i32)> {
    let place = match reader.language {
        Language::Portuguese => reader.skip(index, &["da", "de", "na"]),
        Language::Spanish => reader.skip(reader.skip(index, &["de", ","]), &["la"]),
        Language::English => reader.skip(index, &["of", "the"]),
    };
    let english = reader.language == Language::English;
    if let Some(shift) = reader.shift(place) {
        return reader.any(place + 1, &["semana", "week"]).then_some((place + 2, shift));
    }
    if english && reader.is(place, "the") && reader.is(place + 2, "week") {
        return Some((place + 3, reader.shift(place + 1)?));
    }
    if !reader.is(place, "semana") {
        return None;
    }
    if reader.is(place + 1, "que") && reader.any(place + 2, &["vem", "viene"]) {
        return Some((place + 3, 1));
    }
    reader.shift(place + 1).map(|shift| (place + 2, shift))
}

/// A weekday's name: where it ends, past "-feira" and an abbreviation's point.
pub(crate) fn plain_weekday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i8)> {
    if let Some(found) = numbered_weekday(reader, index) {
        return Some(found);
    }
    let weekday = reader.weekday(index)?;
    let mut end = index + 1;
    let dashed = reader.skip(end, &["-"]);
    if reader.language == Language::Portuguese
        && reader.any(dashed, &["feira", "f"])
        && (dashed > end || reader.is(dashed, "feira"))
    {
        end = dashed + 1;
    } else if matches!(reader.word(index), Some(Word::MaybeWeekday(_)))
        && reader.is(end, ".")
        && reader.is_attached(end)
        && reader.token(end + 1).is_some()
    {
        end += 1;
    } else if reader.language == Language::Portuguese && counts(reader, index, end) {
        return None;
    }
    Some((end, weekday))
}

/// "2ª feira", "6a-feira", "3ª f".
fn numbered_weekday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i8)> {
    if reader.language != Language::Portuguese {
        return None;
    }
    let number = reader.digits(index, 1).filter(|number| (2..=6).contains(number))?;
    if !reader.any(index + 1, &["ª", "a", "°", "º"]) || !reader.is_attached(index + 1) {
        return None;
    }
    let dashed = reader.skip(index + 2, &["-"]);
    if reader.any(dashed, &["feira", "f"]) {
        Some((dashed + 1, i8::try_from(number).ok()? - 1))
    } else {
        None
    }
}

/// Whether "segunda", "quarta" … number what follows ("segunda via") or what they follow ("a quarta").
fn counts(reader: &Reader<'_, '_>, index: usize, end: usize) -> bool {
    if !reader.any(index, &["segunda", "quarta", "quinta", "sexta", "terca"]) {
        return false;
    }
    let Some(after) = reader.token(end) else { return false };
    if matches!(
        reader.word(end),
        Some(Word::Unit(Unit::Week | Unit::Quarter | Unit::Semester | Unit::Fortnight))
    ) {
        return of_week(reader, end).is_none();
    }
    if !after.is_word() || reader.word(end).is_some() {
        return false;
    }
    crate::numbers::is_counted_noun(&after.folded)
        || after.is_any(&[
            "parte",
            "quinta",
            "maior",
            "melhor",
            "mao",
            "guerra",
            "onda",
            "ronda",
            "turma",
            "turno",
            "divisao",
            "chamada",
            "casa",
            "rua",
            "loja",
            "filial",
            "unidade",
            "feira_livre",
            "parcelas",
            "mais",
            "categoria",
            "marcha",
            "corrente",
            "intencao",
            "intencoes",
            "chance",
            "pessoa",
        ])
}

/// A weekday that is certainly one: a long name, or a short one among its like.
fn named_weekday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, i8)> {
    let found = plain_weekday(reader, index)?;
    if !matches!(reader.word(index), Some(Word::MaybeWeekday(_))) {
        return Some(found);
    }
    let (end, _) = found;
    let announced = reader.before_any(
        index,
        &[
            "na", "no", "nessa", "nesta", "toda", "todo", "ate", "el", "este", "los", "on", "every", "each",
            "by", "until", "till", "from", "since", "dia", "pra", "para",
        ],
    );
    let has_feira = end > index + 1;
    let joined =
        |place: usize| reader.weekday(place).is_some() || matches!(reader.word(place), Some(Word::Today(_)));
    let beside =
        joined(reader.skip(end, &[",", "e", "a", "y", "to", "-", "ou", "o", "and", "or", "/", "&", "ao"]))
            || index.checked_sub(1).is_some_and(|before| {
                joined(before)
                    || (reader.any(
                        before,
                        &[",", "e", "a", "y", "to", "-", "ou", "o", "and", "or", "/", "&", "ao"],
                    ) && before.checked_sub(1).is_some_and(joined))
            });
    let dated = reader.is_number(end)
        && (reader.any(end + 1, &["/", ":", "h", "am", "pm", "th", "st", "nd", "rd", "de", "-"])
            || reader.token(end + 1).is_none())
        || reader.any(end, &["at", "as", "a"]) && (reader.is_number(end + 1) || reader.is(end + 1, "las"))
        || reader.month(end).is_some();
    let certain = matches!(reader.language, Language::English) && !reader.any(index, &["sun", "sat", "wed"])
        || (reader.language == Language::Spanish && reader.any(index, &["mierc", "juev", "vier"]));
    let verb = reader.any(index, &["ter"]) && !has_feira && !beside;
    ((announced || has_feira || beside || dated || certain) && !verb).then_some(found)
}

/// Adds the date that a weekday carries: "segunda, 12/01/2016", "terça dia 25", "friday the 26th", "lunes 21".
fn finish_weekday(reader: &Reader<'_, '_>, end: usize, day: Day) -> Found {
    let found = Found { end, day, rule: Rule::Weekday };
    let Day::Weekday { weekday, week: None, .. } = day else { return found };
    let mut place = reader.skip(end, &[",", "-", "("]);
    let in_brackets = reader.is(end, "(");
    place = reader.skip(place, &["dia", "the", "o", "el", "on"]);
    place = reader.skip(place, &["dia"]);
    let close = |end: usize| if in_brackets { reader.skip(end, &[")"]) } else { end };
    let calendar = numeric::date(reader, place)
        .or_else(|| day_and_month(reader, place))
        .or_else(|| month_and_day(reader, place));
    if let Some((end, day)) = calendar {
        return Found { end: close(end), day, rule: Rule::MonthName };
    }
    let said = place > end && reader.any(place - 1, &["dia", "the", "el"]);
    let Some((after, number)) = reader.day_of_month(place) else { return found };
    let free = reader.ends_alone(after)
        && !reader.any(
            after,
            &["h", "hs", "hrs", "am", "pm", ":", "horas", "a", "p", "e", "y", "to", "-", "as", "%", "oclock"],
        );
    let counted = reader.token(after).is_some_and(super::super::scan::Token::is_word)
        && !said
        && !reader.any(
            after,
            &[
                "de", "as", "at", "around", "entre", "from", "between", "por", "pela", "del", "do", "in",
                "a", "and", "or", "ou", "o", "will", "is",
            ],
        );
    let words_only = !reader.is_number(place) && !said && reader.language != Language::Spanish;
    if !free || counted || words_only || (place > end && !said && !reader.any(place - 1, &[","])) {
        return found;
    }
    if reader.language == Language::English
        && !said
        && reader.is_number(place)
        && after == place + 1
        && number <= 12
    {
        // "Monday 9" is more often an hour.
        return found;
    }
    Found { end: close(after), day: Day::WeekdayOfMonth { weekday, day: number }, rule: Rule::Weekday }
}

/// "primeira segunda de janeiro", "primer lunes del próximo mes", "last Friday of the month".
pub(super) fn nth_weekday(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let (after, nth) = if reader.any(index, &["ultimo", "ultima", "last"]) {
        (index + 1, -1)
    } else {
        let (after, value) = crate::numbers::ordinal_at(reader.tokens, index, reader.language)?;
        (after, i8::try_from(value.to_integer()?).ok().filter(|nth| (1..=5).contains(nth))?)
    };
    let (end, weekday) = plain_weekday(reader, after)?;
    if let Some((end, shift)) = of_this_month(reader, end) {
        return Some((end, Day::Nth { nth, weekday, month: None, shift, year: None }));
    }
    let linked = reader.skip(end, &["de", "of", "in", "do"]);
    let month = reader.month(linked).filter(|_| linked > end)?;
    let end = reader.after_month(linked);
    let (end, year) = year_behind(reader, end).map_or((end, None), |(end, year)| (end, Some(year)));
    Some((end, Day::Nth { nth, weekday, month: Some(month), shift: 0, year }))
}
