//! Coupons and other codes: beside a clue, or capitals and digits mixed.
//!
//! The value is the code in capitals.

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        let goes_on = start > 1
            && matches!(reading.byte(start - 1), b'-' | b'_')
            && reading.byte(start - 2).is_ascii_alphanumeric();
        if goes_on || !reading.begins_alone(start) || !reading.byte(start).is_ascii_alphanumeric() {
            continue;
        }
        let end = code_end(reading, start);
        let code = reading.slice(start, end);
        if !(3..=40).contains(&code.len()) || !reading.ends_alone(end) {
            continue;
        }
        let form = Form::of(code);
        if form.letters == 0 && form.digits < 3 {
            continue;
        }
        let value = code.to_uppercase();
        if reading.has_clue_before(index, Clue::COUPON) && is_coupon(reading, index, &form) {
            found.add(Rule::Coupon, Evidence::Clue, (start, end), value);
        } else if reading.has_clue_before(index, Clue::CODE) && form.digits >= 3 {
            found.add(Rule::CodeClue, Evidence::Clue, (start, end), value);
        } else if form.is_mixed() {
            found.add(Rule::CodeShape, Evidence::Shape, (start, end), value);
        }
    }
}

fn code_end(reading: &Reading<'_, '_>, start: usize) -> usize {
    let mut end = reading.run_end(start);
    while matches!(reading.byte(end), b'-' | b'_') && reading.byte(end + 1).is_ascii_alphanumeric() {
        end = reading.run_end(end + 1);
    }
    end
}

struct Form {
    letters: usize,
    digits: usize,
    has_small_letters: bool,
    changes: usize,
}

impl Form {
    fn of(code: &str) -> Self {
        let mut form = Self { letters: 0, digits: 0, has_small_letters: false, changes: 0 };
        let mut last_was_digit = None;
        for byte in code.bytes().filter(u8::is_ascii_alphanumeric) {
            let is_digit = byte.is_ascii_digit();
            form.digits += usize::from(is_digit);
            form.letters += usize::from(!is_digit);
            form.has_small_letters |= byte.is_ascii_lowercase();
            form.changes += usize::from(last_was_digit.is_some_and(|last| last != is_digit));
            last_was_digit = Some(is_digit);
        }
        form
    }

    /// Capitals and digits: `PROMO20`, `AB12CD34`; not `2kg`, `15h30`, `A4`, `COVID19`-like words of
    /// small letters, or `R2D2` in its shortness.
    fn is_mixed(&self) -> bool {
        self.letters >= 2
            && self.digits >= 2
            && self.letters + self.digits >= 5
            && !self.has_small_letters
            && self.changes >= 1
    }
}

/// "cupom BEMVINDO", "cupom promo20"; not "cupom de desconto" or "cupom não funciona".
fn is_coupon(reading: &Reading<'_, '_>, index: usize, form: &Form) -> bool {
    let token = reading.tokens.get(index).map_or("", |token| token.text);
    let is_capital =
        token.len() >= 4 && token.chars().all(|c| c.is_ascii_uppercase()) && !reading.is_shouted();
    (form.letters > 0 && form.digits > 0) || is_capital
}
