//! Payment cards, by the Luhn formula and the issuers' ranges.
//!
//! The value shows the last four digits only (`**** **** **** 1234`). `Entity::text` is still the
//! message's own words: whoever stores or logs it masks it first.

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::documents::passes_luhn;
use crate::reading::{Evidence, Findings, Reading, digits_of};

/// ISO/IEC 7812-1: 19 digits at most; no scheme here issues fewer than 12.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        if !reading.byte(start).is_ascii_digit() || !reading.begins_alone(start) {
            continue;
        }
        let Some(end) = card_end(reading, start) else { continue };
        let digits = digits_of(reading.slice(start, end));
        let is_issued = is_of_a_scheme(&digits);
        let has_clue = reading.has_clue_before(index, Clue::CARD) || reading.has_clue_after(end, Clue::CARD);
        let last = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
        let value = format!("**** **** **** {last}");
        if passes_luhn(&digits) && (is_issued || has_clue) && !is_one_digit(&digits) {
            let evidence = if is_issued || has_clue { Evidence::Checked } else { Evidence::Plan };
            found.add(Rule::Card, evidence, (start, end), value);
        } else if has_clue && (15..=16).contains(&digits.len()) {
            // Mistyped, but still nearly a card's number: it must be masked as well.
            found.add(Rule::CardClue, Evidence::Clue, (start, end), value);
        }
    }
}

fn is_one_digit(digits: &str) -> bool {
    digits.bytes().all(|digit| digits.bytes().next() == Some(digit))
}

/// Digits without separators, or groups of at least four (Amex: 4, 6, 5) with spaces, dots or dashes.
pub(crate) fn card_end(reading: &Reading<'_, '_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut digits = 0;
    let mut groups = 0;
    loop {
        let size = reading
            .text
            .as_bytes()
            .get(at..)?
            .iter()
            .take(20)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        digits += size;
        groups += 1;
        at += size;
        let goes_on = matches!(reading.byte(at), b' ' | b'-' | b'.') && reading.byte(at + 1).is_ascii_digit();
        if size < 3 || digits > 19 {
            return None;
        }
        if !goes_on || (groups == 1 && size > 6) {
            break;
        }
        at += 1;
    }
    (LENGTHS.contains(&digits) && groups <= 5 && reading.ends_alone(at)).then_some(at)
}

/// Whether length and first digits are those of a card scheme (published issuer ranges).
fn is_of_a_scheme(digits: &str) -> bool {
    let first = |count: usize| digits.get(..count).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    match digits.len() {
        // Visa, also Elo's older ranges, which begin with 4 as well.
        13 | 16 | 19 if digits.starts_with('4') => true,
        15 => matches!(first(2), 34 | 37) || matches!(first(4), 2131 | 1800),
        14 => matches!(first(3), 300..=305 | 309) || matches!(first(2), 36 | 38 | 39),
        16 => {
            matches!(first(2), 51..=55 | 62 | 65)
                || (2221..=2720).contains(&first(4))
                || (3528..=3589).contains(&first(4))
                || first(4) == 6011
                || (644..=649).contains(&first(3))
                || is_elo(first(6))
                || matches!(first(6), 606_282 | 384_100)
                || is_maestro(first(4))
        }
        12 | 13 | 17 | 18 | 19 => is_maestro(first(4)) || (digits.len() > 16 && matches!(first(2), 62 | 65)),
        _ => false,
    }
}

fn is_elo(first: u32) -> bool {
    matches!(
        first,
        504_175
            | 506_699..=506_778
            | 509_000..=509_999
            | 627_780
            | 636_297
            | 636_368
            | 650_031..=650_598
            | 651_652..=651_679
            | 655_000..=655_058
    )
}

fn is_maestro(first: u32) -> bool {
    matches!(first, 5018 | 5020 | 5038 | 5893 | 6304 | 6390 | 6759 | 6761..=6763 | 6767 | 6771)
}
