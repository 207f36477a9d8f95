//! Calendar dates; days of the week and times of day are not claims of their own.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{ClaimKind, Finder};

static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(\d{1,2})([/.-])(\d{1,2})(?:([/.-])(\d{4}|\d{2}))?(?-u:\b)")
        .expect("the pattern is a constant")
});

static ISO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(\d{4})-(\d{2})-(\d{2})(?-u:\b)").expect("the pattern is a constant")
});

const MONTH: &str = r"jan(?:eiro|uary)?|ene(?:ro)?|fev(?:ereiro)?|feb(?:rero|ruary)?|mar(?:ço|co|zo|ch)?|abr(?:il)?|apr(?:il)?|mai(?:o)?|mayo|may|jun(?:ho|io|e)?|jul(?:ho|io|y)?|ago(?:sto)?|aug(?:ust)?|set(?:embro|iembre)?|sep(?:tiembre|tember|t)?|out(?:ubro)?|oct(?:ubre|ober)?|nov(?:embro|iembre|ember)?|dez(?:embro)?|dic(?:iembre)?|dec(?:ember)?";

static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"(?i)(?-u:\b)(\d{{1,2}})(?:º|°|o|st|nd|rd|th)?\s(?:de\s|of\s)?({MONTH})(?-u:\b)\.?(?:,?\s(?:de\s|del\s)?(\d{{4}})(?-u:\b))?"
    );
    Regex::new(&pattern).expect("the pattern is a constant")
});

static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"(?i)(?-u:\b)({MONTH})(?-u:\b)\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?-u:\b)(?:,?\s(\d{{4}})(?-u:\b))?"
    );
    Regex::new(&pattern).expect("the pattern is a constant")
});

pub(super) fn find(text: &str, found: &mut Finder<'_>) {
    let mut add = |captures: &Captures<'_>, day: &str, month: u32, year: Option<&str>| {
        let Some(value) = date(day, month, year) else { return };
        found.add(ClaimKind::Date, captures.get_match().range(), value);
    };
    for captures in ISO.captures_iter(text) {
        add(&captures, &captures[3], captures[2].parse().unwrap_or_default(), Some(&captures[1]));
    }
    for captures in DAY_FIRST.captures_iter(text) {
        add(&captures, &captures[1], month(&captures[2]), captures.get(3).map(|year| year.as_str()));
    }
    for captures in MONTH_FIRST.captures_iter(text) {
        add(&captures, &captures[2], month(&captures[1]), captures.get(3).map(|year| year.as_str()));
    }
    for captures in NUMERIC.captures_iter(text) {
        let year = captures.get(5).map(|year| year.as_str());
        let (first, second) = (&captures[1], &captures[3]);
        if !is_numeric_date(text, &captures) {
            continue;
        }
        let second_number: u32 = second.parse().unwrap_or_default();
        if second_number > 12 {
            // 12/25: the month stands first.
            add(&captures, second, first.parse().unwrap_or_default(), year);
        } else {
            add(&captures, first, second_number, year);
        }
    }
}

/// Without a year only a slash makes a date, and "24/7" and "1/2" are something else.
fn is_numeric_date(text: &str, captures: &Captures<'_>) -> bool {
    let whole = captures.get_match();
    let separator = &captures[2];
    let Some(second) = captures.get(4) else {
        let goes_on = text[whole.end()..].starts_with(['/', '-'])
            || text[..whole.start()].ends_with(['/', '-', '.', ',']);
        return separator == "/" && !goes_on && !matches!(whole.as_str(), "24/7" | "1/2" | "1/3" | "1/4");
    };
    second.as_str() == separator
}

/// `day-month[-year]`, if there is such a day.
fn date(day: &str, month: u32, year: Option<&str>) -> Option<String> {
    let day: u32 = day.parse().ok()?;
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
        return None;
    }
    let Some(year) = year else { return Some(format!("{day}-{month}")) };
    let year: u32 = year.parse().ok()?;
    let year = if year < 100 { year + 2000 } else { year };
    (1900..=2200).contains(&year).then(|| format!("{day}-{month}-{year}"))
}

/// The number of a month from its first three letters; 0 for none.
fn month(name: &str) -> u32 {
    let start: String = name.chars().take(3).flat_map(char::to_lowercase).collect();
    match start.as_str() {
        "jan" | "ene" => 1,
        "fev" | "feb" => 2,
        "mar" => 3,
        "abr" | "apr" => 4,
        "mai" | "may" => 5,
        "jun" => 6,
        "jul" => 7,
        "ago" | "aug" => 8,
        "set" | "sep" => 9,
        "out" | "oct" => 10,
        "nov" => 11,
        "dez" | "dic" | "dec" => 12,
        _ => 0,
    }
}

/// True when the known date states the claimed one; `numeric` claims may have day and month swapped.
pub(super) fn states(known: &str, claimed: &str, numeric: bool) -> bool {
    let is_same = |claimed: &str| {
        known == claimed || known.strip_prefix(claimed).is_some_and(|rest| rest.starts_with('-'))
    };
    if is_same(claimed) {
        return true;
    }
    let parts: Vec<&str> = claimed.split('-').collect();
    let [day, month, rest @ ..] = parts.as_slice() else { return false };
    let could_be_month = day.parse::<u32>().is_ok_and(|day| day <= 12);
    numeric && could_be_month && is_same(&[[*month, *day].as_slice(), rest].concat().join("-"))
}
