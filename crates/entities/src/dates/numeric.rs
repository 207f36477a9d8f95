//! Dates in digits: "25/12", "25/12/2026", "2026-12-25", "25.12.2026", "23/set/2020".
//!
//! Much that is no date looks like one: "24/7", "1/2 xícara", "parcela 3/12", a price, a version,
//! a part of a document's number. What stands around the digits decides.

use super::reader::Reader;
use super::sense::Day;

/// Reads the date that begins at `index`.
pub(crate) fn date(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    if !reader.stands_alone(index) || is_after_a_code(reader, index) {
        return None;
    }
    second_of_range(reader, index)
}

/// The same where a dash joins it to another date.
pub(crate) fn second_of_range(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    year_first(reader, index)
        .or_else(|| three_parts(reader, index))
        .or_else(|| with_month_name(reader, index))
        .or_else(|| two_parts(reader, index))
}

/// A dash and digits before: "(11) 2010-12-05" is a telephone.
fn is_after_a_code(reader: &Reader<'_, '_>, index: usize) -> bool {
    reader.is_attached(index)
        && reader.before_any(index, &["-"])
        && index.checked_sub(2).is_some_and(|place| reader.is_number(place) && reader.is_attached(index - 1))
}

/// The mark between two parts of a date: the same on both sides.
fn mark(reader: &Reader<'_, '_>, index: usize, marks: &[&str]) -> bool {
    reader.any(index, marks) && reader.is_attached(index) && reader.is_attached(index + 1)
}

/// "2026-12-25", "2020/set/23", "2020/23/set", "2026 - 12 - 25".
fn year_first(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let year = reader.digits(index, 4).filter(|year| {
        reader.tokens.get(index).is_some_and(|token| token.text.len() == 4) && (1900..=2150).contains(year)
    })?;
    let year = i16::try_from(year).ok()?;
    if !reader.any(index + 1, &["-", "/", "."]) || !reader.any(index + 3, &["-", "/", "."]) {
        return None;
    }
    let end = index + 5;
    let (middle, last) = (index + 2, index + 4);
    let spaced = reader.is(index + 1, "-") && !reader.is_attached(index + 1);
    let attached = (index + 1..end).all(|place| reader.is_attached(place));
    if !(attached || spaced) || !ends_a_date(reader, end) {
        return None;
    }
    let number = |place: usize| reader.digits(place, 2).and_then(|value| i8::try_from(value).ok());
    let day = match (reader.month(middle), reader.month(last)) {
        (Some(month), None) => Day::Calendar { year: Some(year), month, day: number(last)? },
        (None, Some(month)) => Day::Calendar { year: Some(year), month, day: number(middle)? },
        (None, None) => Day::Calendar { year: Some(year), month: number(middle)?, day: number(last)? },
        (Some(_), Some(_)) => return None,
    };
    is_possible(&day).then_some((end, day))
}

/// "25/12/2026", "25-12-26", "25.12.2026".
fn three_parts(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let (first, second) = (
        reader.digits(index, 2)?,
        reader.attached_digits(index + 2, 2).or_else(|| reader.attached_digits(index + 2, 1))?,
    );
    let separator = reader.token(index + 1)?;
    if !mark(reader, index + 1, &["/", "-", "."])
        || !reader.is(index + 3, &separator.folded)
        || !mark(reader, index + 3, &["/", "-", "."])
    {
        return None;
    }
    let year = reader.token(index + 4)?;
    let year = match year.text.len() {
        4 => i16::try_from(reader.digits(index + 4, 4)?).ok().filter(|year| (1900..=2150).contains(year))?,
        // "10.12.15" is as often a version as a date.
        2 if !separator.is(".") => full_year(reader.digits(index + 4, 2)?)?,
        _ => return None,
    };
    let end = index + 5;
    if !ends_a_date(reader, end) {
        return None;
    }
    let (day, month) = in_order(reader, first, second)?;
    let day = Day::Calendar { year: Some(year), month, day };
    is_possible(&day).then_some((end, day))
}

/// "23/set/2020", "set-23-2020", "setembro-2020-23", "23-2020-september", "Oct/2".
fn with_month_name(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let separators = ["/", "-"];
    if !mark(reader, index + 1, &separators) {
        return None;
    }
    let part = |place: usize| reader.digits(place, 4);
    let length = |place: usize| reader.tokens.get(place).map_or(0, |token| token.text.len());
    let has_three = mark(reader, index + 3, &separators) && reader.token(index + 4).is_some();
    let places = if has_three { [index, index + 2, index + 4] } else { [index, index + 2, index + 2] };
    let month_place = *places.iter().find(|place| reader.month(**place).is_some())?;
    let month = reader.month(month_place)?;
    let mut day = None;
    let mut year = None;
    let count = if has_three { 3 } else { 2 };
    for place in places.into_iter().take(count).filter(|place| *place != month_place) {
        let value = part(place)?;
        if length(place) == 4 {
            year = i16::try_from(value).ok();
        } else if day.is_none() {
            day = i8::try_from(value).ok();
        } else {
            year = full_year(value);
        }
    }
    let end = if has_three { index + 5 } else { index + 3 };
    let year = year.filter(|year| (1900..=2150).contains(year));
    let day = Day::Calendar { year, month, day: day? };
    (is_possible(&day) && ends_a_date(reader, end)).then_some((end, day))
}

/// "25/12", and "7.6" or "7-6" where a weekday stands before.
fn two_parts(reader: &Reader<'_, '_>, index: usize) -> Option<(usize, Day)> {
    let first = reader.digits(index, 2)?;
    let second = reader.attached_digits(index + 2, 2).or_else(|| reader.attached_digits(index + 2, 1))?;
    let after_weekday = index.checked_sub(1).is_some_and(|before| reader.weekday(before).is_some());
    let separator = mark(reader, index + 1, &["/"])
        || (after_weekday
            && mark(reader, index + 1, &["."])
            // "weds 6.30" is a time.
            && !(second >= 10 && second % 5 == 0)
            && !reader.any(index + 3, &["h", "am", "pm", "a", "p"]));
    let end = index + 3;
    if !separator || !ends_a_date(reader, end) || (first, second) == (24, 7) {
        return None;
    }
    let (day, month) = in_order(reader, first, second)?;
    let found = Day::Calendar { year: None, month, day };
    if !is_possible(&found) || is_share(reader, index, end, (first, second), after_weekday) {
        return None;
    }
    Some((end, found))
}

/// Whether two numbers are a fraction, or "which of how many", and no date.
fn is_share(
    reader: &Reader<'_, '_>,
    index: usize,
    end: usize,
    parts: (i32, i32),
    after_weekday: bool,
) -> bool {
    let counts_parts = reader.before_any(
        index,
        &[
            "parcela",
            "parcelas",
            "prestacao",
            "pagina",
            "parte",
            "cuota",
            "cuotas",
            "pago",
            "page",
            "installment",
            "part",
            "apto",
            "ap",
            "bloco",
            "casa",
            "lote",
            "ref",
            "numero",
            "tamanho",
            "tam",
            "size",
            "volume",
            "caixa",
            "nota",
            "score",
            "lote",
        ],
    );
    // "fls. 04/10", "pág. 3/12"
    let counts_parts = counts_parts
        || (reader.before_any(index, &["."])
            && index
                .checked_sub(2)
                .is_some_and(|place| reader.any(place, &["fl", "fls", "pag", "pags", "p", "n"])));
    let fraction = matches!(parts, (1, 2..=5 | 8) | (2 | 4, 3 | 5) | (3, 4 | 5 | 8));
    let dated = after_weekday
        || reader.before_any(
            index,
            &[
                "dia", "data", "em", "ate", "desde", "de", "do", "para", "pra", "pro", "no", "fecha", "el",
                "hasta", "del", "on", "by", "until", "since", "from", "due", "a", "e", "y", "to", "this",
                "next", "hoje", "amanha", "hoy", "this",
            ],
        )
        || (index == 0 && reader.token(end).is_none())
        || reader.any(end, &["as", "a", "ate", "at", "-"]);
    let measures = reader.any(
        end,
        &[
            "xicara",
            "xicaras",
            "copo",
            "copos",
            "colher",
            "colheres",
            "kg",
            "quilo",
            "kilo",
            "litro",
            "litros",
            "l",
            "metro",
            "polegada",
            "polegadas",
            "taza",
            "tazas",
            "vaso",
            "cucharada",
            "cup",
            "cups",
            "inch",
            "inches",
            "spoon",
            "tsp",
            "tbsp",
            "hora",
            "hour",
            "pulgada",
            "pulgadas",
            "porcao",
            "pizza",
            "frango",
            "duzia",
            "docena",
        ],
    );
    counts_parts || measures || (fraction && !dated)
}

/// Day and month, in the order of the place; where only the other order is possible, in that.
fn in_order(reader: &Reader<'_, '_>, first: i32, second: i32) -> Option<(i8, i8)> {
    let (first, second) = (i8::try_from(first).ok()?, i8::try_from(second).ok()?);
    let straight = if reader.day_first { (first, second) } else { (second, first) };
    if straight.1 <= 12 { Some(straight) } else { Some((straight.1, straight.0)) }
}

/// A year of two digits: up to 39 it is in this century, as deliveries and birthdays are mostly meant.
pub(crate) fn full_year(year: i32) -> Option<i16> {
    i16::try_from(if year < 40 { 2000 + year } else { 1900 + year }).ok()
}

fn is_possible(day: &Day) -> bool {
    let Day::Calendar { year, month, day } = *day else { return true };
    let longest = match month {
        2 if year.is_none_or(|year| jiff::civil::Date::new(year, 2, 29).is_ok()) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=longest).contains(&day)
}

/// Whether a date may end here: a time may hang on it ("2026-12-25T14:30"), a range ("10/1-11/2"), no code.
fn ends_a_date(reader: &Reader<'_, '_>, end: usize) -> bool {
    let time_hangs_on = reader.is(end, "t") && reader.is_number(end + 1) && reader.is(end + 2, ":");
    let range_hangs_on = reader.is(end, "-")
        && reader.is_attached(end)
        && reader.is_number(end + 1)
        && reader.any(end + 2, &["/", "-"]);
    let letters = reader.is_attached(end) && reader.any(end, &["em", "com"]);
    reader.ends_alone(end) || time_hangs_on || range_hangs_on || letters
}
