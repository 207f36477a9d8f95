//! Pix keys: random keys by their form, others by the words "chave pix".
//!
//! A key that is an e-mail address, a phone number, a CPF or a CNPJ stays what it is. The value of
//! a random key is its UUID in lower case.

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

/// Hexadecimal digits in each part of a UUID.
const PARTS: [usize; 5] = [8, 4, 4, 4, 12];

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        let Some(end) = uuid_end(reading, start) else { continue };
        let has_clue = reading.has_clue_before(index, Clue::PIX);
        let (rule, evidence) =
            if has_clue { (Rule::PixClue, Evidence::Checked) } else { (Rule::PixRandom, Evidence::Plan) };
        found.add(rule, evidence, (start, end), reading.slice(start, end).to_ascii_lowercase());
    }
}

fn uuid_end(reading: &Reading<'_, '_>, start: usize) -> Option<usize> {
    let mut at = start;
    for (part, size) in PARTS.into_iter().enumerate() {
        if part > 0 {
            if reading.byte(at) != b'-' {
                return None;
            }
            at += 1;
        }
        let digits = reading.text.as_bytes().get(at..at + size)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        at += size;
    }
    reading.stands_alone(start, at).then_some(at)
}
