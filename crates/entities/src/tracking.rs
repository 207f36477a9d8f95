//! Tracking codes: postal items (S10, as Correios writes them), UPS, and others beside a clue.
//!
//! The value is the code in capitals without spaces.

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::documents::{is_s10, is_ups};
use crate::reading::{Evidence, Findings, Reading};

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        if !reading.byte(start).is_ascii_alphanumeric() || !reading.begins_alone(start) {
            continue;
        }
        if let Some((end, code)) = postal_item(reading, start) {
            let (rule, evidence) = if is_s10(&code) {
                (Rule::TrackingS10, Evidence::Checked)
            } else {
                (Rule::TrackingS10Unchecked, Evidence::Plan)
            };
            found.add(rule, evidence, (start, end), code);
            continue;
        }
        let end = reading.run_end(start);
        let code = reading.slice(start, end).to_ascii_uppercase();
        if is_ups(&code) && reading.ends_alone(end) {
            found.add(Rule::TrackingUps, Evidence::Checked, (start, end), code);
        } else if reading.has_clue_before(index, Clue::TRACKING) {
            beside_clue(reading, start, end, found);
        }
    }
}

/// Any carrier's: letters and digits, with single dashes between.
fn beside_clue(reading: &Reading<'_, '_>, start: usize, first_end: usize, found: &mut Findings) {
    let mut end = first_end;
    while reading.byte(end) == b'-' && reading.byte(end + 1).is_ascii_alphanumeric() {
        end = reading.run_end(end + 1);
    }
    let code = reading.slice(start, end).to_ascii_uppercase();
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if (8..=34).contains(&code.len()) && digits >= 5 && reading.ends_alone(end) {
        found.add(Rule::TrackingClue, Evidence::Clue, (start, end), code);
    }
}

/// Two letters, nine digits and two letters, in one piece or in the groups of Correios' labels.
pub(crate) fn postal_item(reading: &Reading<'_, '_>, start: usize) -> Option<(usize, String)> {
    let mut code = String::with_capacity(13);
    let mut at = start;
    while code.len() < 13 {
        let byte = reading.byte(at);
        if byte == b' ' && matches!(code.len(), 2 | 5 | 8 | 11) && reading.byte(at.wrapping_sub(1)) != b' ' {
            at += 1;
            continue;
        }
        let is_letter_place = code.len() < 2 || code.len() > 10;
        if is_letter_place != byte.is_ascii_alphabetic() || !byte.is_ascii_alphanumeric() {
            return None;
        }
        code.push(char::from(byte.to_ascii_uppercase()));
        at += 1;
    }
    reading.ends_alone(at).then_some((at, code))
}
