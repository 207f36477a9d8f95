//! Chooses the pieces to keep and how finely: those of English, Portuguese and Spanish, the most frequent first.
//!
//! How frequent a piece is in these languages is not published; it is put together from what is:
//!
//! - lists of word frequencies (package `pyspellchecker`, MIT). A word counts by its share of its language, written
//!   small, with a capital and in capitals, after a space and without one. The Spanish list has base forms only, and
//!   no list has names, numbers and signs;
//! - so also the probability the package gives the piece, over its sixteen languages: all of it, unless the lists of
//!   other languages in the same alphabet have the piece, then by the root of the share of ours.

use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use pytake_encoder::{Encoder, Model};
use zip::ZipArchive;

use super::file::{self, KEPT_SPECIAL, SPECIAL};
use super::package::{self, Package};

/// The languages of the product.
const OURS: [&str; 3] = ["en", "es", "pt"];

/// The languages of the encoder in the same alphabet that the lists have.
const OTHERS: [&str; 4] = ["de", "fr", "it", "nl"];

/// How a word is written and which part of its occurrences that is: a guess, and a rough one is enough, because it
/// only orders pieces near a boundary.
const SMALL: f64 = 0.80;
const CAPITAL: f64 = 0.15;
const CAPITALS: f64 = 0.05;
const AFTER_SIGN: f64 = 0.02;
const CAPITAL_AFTER_SIGN: f64 = 0.01;

/// A frequency that counts as nothing: of this size are misspellings and names, which every list has.
const NOISE: f64 = 1e-8;

/// What SentencePiece writes for a space.
const SPACE: char = '\u{2581}';

/// The pieces to keep, by the precision of their rows, in rising order within each.
pub(crate) struct Pieces {
    pub(crate) tiers: [Vec<usize>; 3],
}

/// Chooses as many pieces for each precision.
pub(crate) fn choose(package: &Package, words: &Path, counts: [usize; 3]) -> anyhow::Result<Pieces> {
    let (ours, others) = weigh(package, words)?;
    let weight = |piece: usize| {
        let share = (ours[piece] + NOISE) / (ours[piece] + others[piece] + NOISE);
        // The root, because a list of words says little of how people misspell.
        ours[piece] + f64::from(package.pieces[piece].1).exp() * share.sqrt()
    };
    let mut order: Vec<(bool, f64, usize)> = (SPECIAL..package.pieces.len())
        .filter(|&piece| package.pieces[piece].0.chars().all(is_of_these_scripts))
        .map(|piece| (is_basic(&package.pieces[piece].0), weight(piece), piece))
        .collect();
    order.sort_by(|left, right| {
        right.0.cmp(&left.0).then(right.1.total_cmp(&left.1)).then(left.2.cmp(&right.2))
    });
    let mut rest = order.into_iter().map(|(_, _, piece)| piece);
    let tiers = counts.map(|count| {
        let mut tier: Vec<usize> = rest.by_ref().take(count).collect();
        tier.sort_unstable();
        tier
    });
    Ok(Pieces { tiers })
}

/// Says whether a piece is kept whatever its weight: single characters, which every word that is nowhere else is cut
/// into, and pairs of signs.
fn is_basic(piece: &str) -> bool {
    let body: Vec<char> = piece.chars().filter(|&character| character != SPACE).collect();
    body.len() <= 1 || body.len() == 2 && !body.iter().any(|character| character.is_alphabetic())
}

/// Latin letters, combining accents, signs and emoji.
fn is_of_these_scripts(character: char) -> bool {
    matches!(character, '\0'..'\u{370}' | '\u{1E00}'..'\u{1F00}' | '\u{2000}'..'\u{2C00}' | '\u{FE00}'..'\u{FE10}')
        || character >= '\u{1F000}'
}

/// How frequent each piece is by the lists of our languages and by those of the others.
fn weigh(package: &Package, words: &Path) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let everything = Pieces { tiers: [(SPECIAL..package.pieces.len()).collect(), Vec::new(), Vec::new()] };
    // The encoder reads a model for as long as the program runs; this one is only needed for its tokenizer.
    let encoder = Encoder::new(Model::read(file::write(package, &everything)?.leak())?);
    let mut archive = ZipArchive::new(Cursor::new(std::fs::read(words)?))?;
    let mut weigh = |languages: &[&str]| {
        let mut weights = vec![0.0; package.pieces.len()];
        for language in languages {
            let list = list(&mut archive, language)
                .with_context(|| format!("could not read the list of {language}"))?;
            let total: f64 =
                list.iter().map(|(_, occurrences)| occurrences).sum::<f64>() * languages.len() as f64;
            for (word, occurrences) in list {
                for (form, part) in forms(&word) {
                    for piece in encoder.tokenize(&form) {
                        if let Some(piece) = (piece.id as usize).checked_sub(KEPT_SPECIAL) {
                            weights[SPECIAL + piece] += occurrences / total * part;
                        }
                    }
                }
            }
        }
        anyhow::Ok(weights)
    };
    Ok((weigh(&OURS)?, weigh(&OTHERS)?))
}

/// The words of a language and how often each occurs.
fn list(archive: &mut ZipArchive<Cursor<Vec<u8>>>, language: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let compressed = package::entry(archive, &format!("spellchecker/resources/{language}.json.gz"))?;
    let mut json = String::new();
    GzDecoder::new(compressed.as_slice()).read_to_string(&mut json)?;
    let list: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json)?;
    ensure!(!list.is_empty(), "it is empty");
    let pair = |(word, occurrences): (String, serde_json::Value)| {
        Ok((word, occurrences.as_f64().context("an occurrence is no number")?))
    };
    list.into_iter().map(pair).collect()
}

/// The ways a word is written.
fn forms(word: &str) -> [(String, f64); 5] {
    let mut characters = word.chars();
    let capital = characters.next().map_or_else(String::new, |first| first.to_uppercase().collect());
    let capital = capital + characters.as_str();
    [
        (word.to_owned(), SMALL),
        (word.to_uppercase(), CAPITALS),
        (format!("({word}"), AFTER_SIGN),
        (format!("({capital}"), CAPITAL_AFTER_SIGN),
        (capital, CAPITAL),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_characters_and_signs_are_kept_whatever_their_weight() {
        for piece in ["\u{2581}", "ã", "\u{2581}x", "!!", "\u{2581}10"] {
            assert!(is_basic(piece), "{piece}");
        }
        for piece in ["\u{2581}vc", "ção", "100"] {
            assert!(!is_basic(piece), "{piece}");
        }
        assert!("😀ẽR$".chars().all(is_of_these_scripts));
        assert!(!"ж買".chars().any(is_of_these_scripts));
    }
}
