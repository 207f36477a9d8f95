//! Cuts normalised text into the pieces the model knows: of all ways to do so the one whose pieces are most probable
//! together (unigram language model, Kudo 2018; Viterbi's algorithm). A character in no piece is an unknown piece.

use std::ops::Range;

use crate::double_array::DoubleArray;
use crate::format::{BEGIN, END, UNKNOWN};

/// Pieces of a text that are used; what follows is left out. 256 pieces are about 1,000 characters, and embedding them
/// takes about as long as a message may cost (`docs/encoder.md`).
pub const MAX_PIECES: usize = 256;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece's number in the model; 0 for a character in no piece.
    pub id: u32,
    /// Its part of the normalised text, with `▁` for a space.
    pub text: String,
}

/// The pieces of the model file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokenizer<'a> {
    pieces: DoubleArray<'a>,
    scores: &'a [[u8; 4]],
    unknown_score: f64,
}

/// The best way found to the end of each byte, kept between texts to save the allocation.
#[derive(Debug, Default)]
pub(crate) struct Lattice {
    ways: Vec<Way>,
}

/// The best way to a position: its score, and the piece it ends with.
#[derive(Debug, Clone, Copy)]
struct Way {
    score: f64,
    start: usize,
    piece: u32,
}

/// A way nothing leads to.
const NO_WAY: Way = Way { score: f64::NEG_INFINITY, start: 0, piece: UNKNOWN };

impl<'a> Tokenizer<'a> {
    pub(crate) fn new(units: &'a [u8], scores: &'a [u8], unknown_score: f32) -> Self {
        let scores = scores.as_chunks().0;
        Self { pieces: DoubleArray::new(units), scores, unknown_score: f64::from(unknown_score) }
    }

    /// Writes the pieces of a normalised text over `pieces`, between the pieces for begin and end; nothing for a text
    /// without pieces.
    pub(crate) fn tokenize(self, normalized: &str, lattice: &mut Lattice, pieces: &mut Vec<u32>) {
        pieces.clear();
        if normalized.is_empty() {
            return;
        }
        pieces.push(END);
        pieces.extend(self.split_backwards(normalized, lattice).map(|(piece, _)| piece));
        pieces.push(BEGIN);
        pieces.reverse();
        if pieces.len() > MAX_PIECES + 2 {
            pieces.truncate(MAX_PIECES + 1);
            pieces.push(END);
        }
    }

    /// The pieces of a normalised text and where they lie in it, the last first.
    pub(crate) fn split_backwards(
        self,
        normalized: &str,
        lattice: &mut Lattice,
    ) -> impl Iterator<Item = (u32, Range<usize>)> {
        self.find_ways(normalized, &mut lattice.ways);
        let mut end = normalized.len();
        std::iter::from_fn(move || {
            let way = lattice.ways.get(end).filter(|_| end > 0)?;
            // A way leads to an earlier byte; `min` says so to who reads this, and ends the loop in any case.
            let start = way.start.min(end - 1);
            Some((way.piece, start..std::mem::replace(&mut end, start)))
        })
    }

    fn find_ways(self, normalized: &str, ways: &mut Vec<Way>) {
        ways.clear();
        ways.resize(normalized.len() + 1, NO_WAY);
        if let Some(first) = ways.first_mut() {
            first.score = 0.0;
        }
        for (start, character) in normalized.char_indices() {
            let Some(base) = ways.get(start).map(|way| way.score) else { continue };
            let rest = normalized.as_bytes().get(start..).unwrap_or_default();
            let mut offer = |length: usize, score: f64, piece: u32| {
                if let Some(way) = ways.get_mut(start + length)
                    && base + score > way.score
                {
                    *way = Way { score: base + score, start, piece };
                }
            };
            let mut is_known = false;
            for (length, piece) in self.pieces.prefixes(rest) {
                offer(length, self.score(piece), piece);
                is_known |= length == character.len_utf8();
            }
            if !is_known {
                offer(character.len_utf8(), self.unknown_score, UNKNOWN);
            }
        }
    }

    fn score(self, piece: u32) -> f64 {
        self.scores
            .get(piece as usize)
            .map_or(self.unknown_score, |bytes| f64::from(f32::from_le_bytes(*bytes)))
    }
}
