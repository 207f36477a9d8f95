//! Numbers, ordinals and percentages in digits and in words.
//!
//! [`parse_at`] reads one number at a known place (money and quantities use it); [`find`] searches
//! a message. Both read Portuguese, Spanish and English by their own marks: "1.234,56" and
//! "1,234.56" are the same number.

mod cardinal;
mod decimal;
mod digits;
mod find;
mod ordinal;
mod words;

pub use decimal::Decimal;
pub use find::find;

pub(crate) use cardinal::{number, whole};
pub(crate) use find::in_addresses;
pub(crate) use ordinal::{is_counted_noun, ordinal as ordinal_at};

use crate::scan::{Token, tokens};
use crate::{EntityKind, Language};

/// The longest number in words that is read: "três trilhões quatrocentos e cinquenta e cinco bilhões
/// duzentos e vinte e oito milhões e quinhentos e cinquenta e seis mil" has 21 words.
const MOST_TOKENS: usize = 48;

/// Reads the number that begins at the byte `position`: the byte after its end, and its value.
///
/// Articles count ("uma caixa", "a hundred"), so does a half of a dozen; a sign does not. White
/// space before the number is skipped. What stands around it is not looked at.
pub fn parse_at(text: &str, position: usize, language: Language) -> Option<(usize, Decimal)> {
    let ahead: Vec<Token<'_>> = tokens(text.get(position..)?).take(MOST_TOKENS).collect();
    let (end, value) = cardinal::number(&ahead, 0, language)?;
    Some((position + ahead.get(end.checked_sub(1)?)?.end, value))
}

/// Whether `word` is a number, or a place in a row, in words.
pub(crate) fn is_number_word(word: &str, language: Language) -> bool {
    match words::number_word(word, language) {
        Some(words::NumberWord::And | words::NumberWord::Article | words::NumberWord::Point) => false,
        Some(_) => true,
        None => ordinal::is_rank(word, language),
    }
}

/// How often a finding of this kind is right: Laplace's (right + 1) / (found + 2) over exact spans, on
/// the development part of the specifications and on our own cases (tests/data) together, November 2026.
fn confidence(kind: EntityKind) -> f32 {
    let (right, found) = match kind {
        EntityKind::Ordinal => (72.0, 74.0),
        EntityKind::Percentage => (74.0, 77.0),
        _ => (374.0, 456.0),
    };
    (right + 1.0) / (found + 2.0)
}
