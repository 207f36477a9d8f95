//! Hashed words, word pairs and pieces of words.
//!
//! The hash is part of every trained model: changing anything here makes shipped weights worthless,
//! which the test at the end guards.

use super::Gram;
use crate::fold::words;

/// Grams read of one text, in the order of the text: 4,096 characters of prose have about 10,000.
pub const GRAM_LIMIT: usize = 12_000;

/// Shortest and longest piece of a word, its borders counted as characters.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;

// What kind of gram was hashed: first byte, so that the word "ok" and the piece "ok" differ.
const WORD: u8 = 1;
const PAIR: u8 = 2;
const PIECE: u8 = 3;
const SYMBOL: u8 = 4;

/// The grams of a text, ascending by hash, of length 1 together.
///
/// Words and pairs of neighbours, pieces of 3 to 5 characters of each word with its borders, and
/// symbols such as emoji; a gram that occurs n times counts √n.
pub fn grams(text: &str) -> Vec<Gram> {
    let mut hashes = Vec::new();
    collect(text, &mut hashes);
    hashes.truncate(GRAM_LIMIT);
    hashes.sort_unstable();
    let mut counted: Vec<Gram> = Vec::with_capacity(hashes.len());
    for hash in hashes {
        match counted.last_mut() {
            Some((last, count)) if *last == hash => *count += 1.0,
            _ => counted.push((hash, 1.0)),
        }
    }
    // The squares of √n add up to the counts.
    let length = counted.iter().map(|(_, count)| *count).sum::<f32>().sqrt();
    for (_, weight) in &mut counted {
        *weight = weight.sqrt() / length;
    }
    counted
}

fn collect(text: &str, hashes: &mut Vec<u32>) {
    let folded = words(text);
    let mut previous: Option<&str> = None;
    let mut bordered: Vec<char> = Vec::new();
    for word in folded.iter() {
        if hashes.len() >= GRAM_LIMIT {
            return;
        }
        hashes.push(Hash::new(WORD).text(word.text).finish());
        if let Some(previous) = previous {
            hashes.push(Hash::new(PAIR).text(previous).byte(b' ').text(word.text).finish());
        }
        bordered.clear();
        bordered.push('<');
        bordered.extend(word.text.chars().take(GRAM_LIMIT));
        bordered.push('>');
        collect_pieces(&bordered, hashes);
        previous = Some(word.text);
    }
    let symbols = text.chars().filter(|c| is_symbol(*c)).take(GRAM_LIMIT);
    hashes.extend(symbols.map(|c| Hash::new(SYMBOL).character(c).finish()));
}

/// All pieces that start at each character; the hash of a longer one goes on from the shorter.
fn collect_pieces(word: &[char], hashes: &mut Vec<u32>) {
    for start in 0..word.len() {
        let mut hash = Hash::new(PIECE);
        for (length, c) in (1..=*PIECES.end()).zip(word.iter().skip(start)) {
            hash = hash.character(*c);
            if PIECES.contains(&length) {
                hashes.push(hash.finish());
            }
        }
    }
}

/// Pictures and signs that carry a mood; joiners, skin tones and variation selectors do not.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1FAFF}')
}

/// FNV-1a in 64 bits (Fowler, Noll, Vo), its halves mixed at the end.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new(kind: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).byte(kind)
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn text(self, text: &str) -> Self {
        text.bytes().fold(self, Self::byte)
    }

    fn character(self, c: char) -> Self {
        let mut bytes = [0; 4];
        self.text(c.encode_utf8(&mut bytes))
    }

    /// The multiplier of the last step is Knuth's (2^64 over the golden ratio).
    fn finish(self) -> u32 {
        ((self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(left: &str, right: &str) -> f32 {
        let right = grams(right);
        let weight = |hash| right.iter().find(|(other, _)| *other == hash).map_or(0.0, |(_, w)| *w);
        grams(left).iter().map(|(hash, w)| w * weight(*hash)).sum()
    }

    #[test]
    fn the_hash_is_the_one_that_shipped_weights_were_trained_with() {
        let hashes: Vec<u32> = grams("oi").iter().map(|(hash, _)| *hash).collect();
        assert_eq!(hashes, [256_543_776, 1_169_498_233, 1_323_429_097, 1_849_813_143]);
    }

    #[test]
    fn spelling_variants_share_most_of_their_grams() {
        assert!((shared("Cadê meu PEDIDO?", "cade meu pedido") - 1.0).abs() < 1e-5);
        assert!(shared("cancelar o pedido", "cancela pedido") > 0.4);
        assert!(shared("cancelar o pedido", "quero uma pizza") < 0.1);
    }

    #[test]
    fn emoji_count_and_their_modifiers_do_not() {
        assert!((shared("👍🏽", "👍") - 1.0).abs() < 1e-5);
        assert!(grams("\u{FE0F}\u{200D}").is_empty());
    }

    #[test]
    fn the_weights_have_length_one_and_are_in_order() {
        let grams = grams("não não não quero isso, quero aquilo");
        let length: f32 = grams.iter().map(|(_, weight)| weight * weight).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert!(grams.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[test]
    fn a_huge_text_has_a_bounded_number_of_grams() {
        assert!(grams(&"palavra ".repeat(100_000)).len() <= GRAM_LIMIT);
        assert!(grams(&"ж".repeat(1_000_000)).len() <= GRAM_LIMIT);
        assert!(grams(&"👍".repeat(1_000_000)).len() <= GRAM_LIMIT);
    }
}
