//! Phone numbers and codes.

use std::sync::LazyLock;

use regex::Regex;

use super::{ClaimKind, Finder};

/// Digits in groups, with a country code, parentheses, spaces, hyphens or dots.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){0,4}")
        .expect("the pattern is a constant")
});

/// `#12345`, `AA123456785BR`, `ABC-1234`, `BEMVINDO10`, a UUID, a number of five or more digits.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"#[\p{L}\d][\p{L}\d-]*|(?-u:\b)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?-u:\b)|(?-u:\b)[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*(?-u:\b)|(?-u:\b)\d[\dA-Z]*(?:-[\dA-Z]+)*(?-u:\b)",
    )
    .expect("the pattern is a constant")
});

/// National numbers have 8 digits at least; E.164 allows 15 at most.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Digits that must agree at the end for two numbers to be one: an area code may be missing.
const SHARED_DIGITS: usize = 8;

pub(super) fn find(text: &str, found: &mut Finder<'_>) {
    for phone in PHONE.find_iter(text) {
        let before = text[..phone.start()].chars().next_back();
        let after = text[phone.end()..].chars().next();
        let is_part_of_word = before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '#' | '-' | '/' | '$' | '.' | ','))
            || after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '%'));
        let digits = digits(phone.as_str());
        let is_grouped = digits.len() != phone.as_str().len();
        if is_part_of_word || !PHONE_DIGITS.contains(&digits.len()) || !is_grouped {
            continue;
        }
        found.add(ClaimKind::Phone, phone.range(), digits);
    }
    for code in CODE.find_iter(text) {
        let value: String =
            code.as_str().chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
        let before = text[..code.start()].chars().next_back();
        if is_code(code.as_str(), &value) && !before.is_some_and(|c| matches!(c, '.' | ',' | '/')) {
            found.add(ClaimKind::Code, code.range(), value);
        }
    }
}

/// Letters and digits together, or many digits; `9h`, `A4` and `2026` are none.
fn is_code(written: &str, value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().count() - digits;
    if written.starts_with('#') {
        return digits >= 2;
    }
    if letters == 0 {
        return digits >= 5;
    }
    letters >= 1 && digits >= 2 && letters + digits >= 5
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// True for equal digits, or where one lacks the country or area code of the other.
pub(super) fn are_one_phone(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && (short == long || (short.len() >= SHARED_DIGITS && long.ends_with(short)))
}
