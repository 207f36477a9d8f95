//! Postal codes: Brazil's CEP by its form, others by a clue.
//!
//! The value is the code as its country prints it (`01310-100`), without a clue's words.

use crate::Country;
use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        if !reading.byte(start).is_ascii_alphanumeric() || !reading.begins_alone(start) {
            continue;
        }
        let has_clue = reading.has_clue_before(index, Clue::POSTAL) || is_after_initials(reading, index);
        if !cep(reading, start, has_clue, found) {
            by_form_or_clue(reading, start, has_clue, found);
        }
    }
}

/// "C.P. 44100"
fn is_after_initials(reading: &Reading<'_, '_>, index: usize) -> bool {
    const INITIALS: [&str; 4] = ["c", ".", "p", "."];
    let Some(first) = index.checked_sub(INITIALS.len()) else { return false };
    INITIALS.iter().enumerate().all(|(step, part)| reading.word(first + step) == *part)
}

/// Five digits, a dash, three digits; `01.310-100` and, beside a clue, `01310100` as well.
fn cep(reading: &Reading<'_, '_>, start: usize, has_clue: bool, found: &mut Findings) -> bool {
    if !has_clue && reading.country() != Country::Brazil {
        return false;
    }
    let Some(groups) = reading.groups(start, &[2, 3, 3], b".-") else { return false };
    let has_dash = reading.byte(groups.end.wrapping_sub(4)) == b'-';
    let (Some(head), Some(tail)) = (groups.digits.get(..5), groups.digits.get(5..)) else { return false };
    // 00999 and below are not given out.
    if !(has_clue || has_dash) || head < "01000" {
        return false;
    }
    let (rule, evidence) =
        if has_clue { (Rule::PostalClue, Evidence::Checked) } else { (Rule::PostalShape, Evidence::Plan) };
    found.add(rule, evidence, (start, groups.end), format!("{head}-{tail}"));
    true
}

fn by_form_or_clue(reading: &Reading<'_, '_>, start: usize, has_clue: bool, found: &mut Findings) {
    let country = reading.country();
    let parts: [(&[usize], bool); 3] = [
        (&[4, 3], has_clue || country == Country::Portugal),
        (&[5, 4], has_clue || country == Country::UnitedStates),
        (&[5], has_clue),
    ];
    for (sizes, is_believed) in parts {
        if !is_believed {
            continue;
        }
        if let Some(groups) = reading.groups(start, sizes, b"-")
            && groups.separators + 1 == sizes.len()
            && !reading.slice(start, groups.end).contains(' ')
        {
            let value = reading.slice(start, groups.end).replace(' ', "-");
            let (rule, evidence) = if has_clue {
                (Rule::PostalClue, Evidence::Clue)
            } else {
                (Rule::PostalShape, Evidence::Shape)
            };
            found.add(rule, evidence, (start, groups.end), value);
            return;
        }
    }
    if has_clue {
        other(reading, start, found);
    }
}

/// Any country's: three to eight letters and digits with at least one digit, in at most two parts.
fn other(reading: &Reading<'_, '_>, start: usize, found: &mut Findings) {
    let first = reading.run_end(start);
    let mut end = first;
    let joins = matches!(reading.byte(first), b' ' | b'-');
    if joins {
        let second = reading.run_end(first + 1);
        let part = reading.slice(first + 1, second);
        let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
        let is_letters = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_uppercase());
        if (has_digit || is_letters) && part.len() <= 4 {
            end = second;
        }
    }
    let code = reading.slice(start, end);
    let size = code.bytes().filter(u8::is_ascii_alphanumeric).count();
    let has_digit = code.bytes().any(|byte| byte.is_ascii_digit());
    if has_digit && (3..=8).contains(&size) && reading.ends_alone(end) {
        found.add(Rule::PostalClue, Evidence::Clue, (start, end), code.to_uppercase());
    }
}
