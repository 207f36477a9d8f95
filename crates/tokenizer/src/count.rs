//! Counting and cutting whole texts.

use crate::merge::Merger;
use crate::pieces::Pieces;
use crate::vocabulary::{LONGEST_TOKEN, Vocabulary};

/// Reads the vocabulary, so that the start of the program pays for it and not the first request.
pub fn load() {
    Vocabulary::get();
}

/// Counts the o200k_base tokens of a text; names of special tokens in it are ordinary text.
///
/// ```
/// assert_eq!(pytake_tokenizer::count("Bom dia! Tudo bem?"), 6);
/// ```
#[must_use]
pub fn count(text: &str) -> usize {
    let mut merger = Merger::new();
    Pieces::of(text).map(|piece| merger.take(piece.as_bytes(), usize::MAX).tokens).sum()
}

/// Counts the tokens of a text that has at most `limit` of them; `None` when it has more, found without
/// reading on.
#[must_use]
pub fn count_up_to(text: &str, limit: usize) -> Option<usize> {
    let mut merger = Merger::new();
    let mut count = 0;
    for piece in Pieces::of(text) {
        let taken = merger.take(piece.as_bytes(), limit - count);
        if taken.bytes < piece.len() {
            return None;
        }
        count += taken.tokens;
    }
    Some(count)
}

/// Cuts a text to at most `max_tokens` tokens: as many whole words, numbers and runs of punctuation or white
/// space as fit.
///
/// Only what is longer than any token (a link, base64, Thai or Chinese without a space) is cut inside, at a
/// character.
#[must_use]
pub fn truncate_to(text: &str, max_tokens: usize) -> &str {
    let mut merger = Merger::new();
    let mut kept = 0;
    let mut left = max_tokens;
    for piece in Pieces::of(text) {
        let taken = merger.take(piece.as_bytes(), left);
        if taken.bytes == piece.len() {
            left -= taken.tokens;
            kept += piece.len();
        } else if piece.len() > LONGEST_TOKEN {
            return cut_inside(text, kept, kept + taken.bytes, max_tokens);
        } else {
            return &text[..kept];
        }
    }
    text
}

/// Cuts at a character near `end`, not before `kept`. Half a piece can fall into other pieces than the whole
/// did, so the result is counted and shortened until it fits.
fn cut_inside(text: &str, kept: usize, end: usize, max_tokens: usize) -> &str {
    let mut end = text.floor_char_boundary(end);
    while end > kept && count_up_to(&text[..end], max_tokens).is_none() {
        end = text.floor_char_boundary(end - 1);
    }
    &text[..end.max(kept)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_tokens() {
        assert_eq!(count(""), 0);
        assert_eq!(count_up_to("", 0), Some(0));
        assert_eq!(truncate_to("", 0), "");
    }

    #[test]
    fn special_tokens_are_ordinary_text() {
        assert!(count("<|endoftext|>") > 1);
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let text = "Quanto custa o frete para Recife?";
        let tokens = count(text);
        assert_eq!(count_up_to(text, tokens), Some(tokens));
        assert_eq!(count_up_to(text, tokens - 1), None);
    }

    #[test]
    fn words_are_not_cut() {
        assert_eq!(truncate_to("Olá, inconstitucionalissimamente!", 3), "Olá,");
        assert_eq!(truncate_to("Olá, mundo", 0), "");
        assert_eq!(truncate_to("Olá, mundo", 100), "Olá, mundo");
    }

    #[test]
    fn a_run_longer_than_any_token_is_cut_inside() {
        let run = "ab".repeat(10_000);
        let cut = truncate_to(&run, 100);
        assert_eq!(count(cut), 100);
        let thai = "สวัสดีครับผมต้องการสั่งซื้อสินค้า".repeat(50);
        assert!((90..=100).contains(&count(truncate_to(&thai, 100))));
    }
}
