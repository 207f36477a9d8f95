//! From a text to the hashed pieces of its words that the model weighs.
//!
//! A word is lower-cased and composed, a letter typed three or more times in a row counts once, and a
//! space is set before and after it; its pieces of one to five letters and the word as a whole
//! are hashed. Addresses, codes, numbers, laughter, words everybody uses and words of another script
//! give none.

use unicode_normalization::UnicodeNormalization;

/// Letters of the longest piece.
const LONGEST: usize = 5;

/// Letters of a word that are read. The longest word of the frequency lists that people type has 25.
const MOST_LETTERS: usize = 30;

/// Words that are read: what follows changes nothing any more.
const MOST_WORDS: usize = 200;

/// How much of a text there was to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Words whose pieces were passed on.
    pub words: usize,
    /// Letters of those words.
    pub letters: usize,
    /// Letters of words in another script.
    pub foreign_letters: usize,
}

/// Passes on the hash of every piece of a text and says how much there was.
pub fn each_gram(text: &str, mut emit: impl FnMut(u32)) -> Amount {
    let mut amount = Amount::default();
    let mut word_letters = Letters::new();
    for chunk in text.split_whitespace() {
        if is_address(chunk) {
            continue;
        }
        let may_be_code = chunk.contains(|c: char| c.is_ascii_digit());
        for word in chunk.split(|c: char| !(c.is_alphanumeric() || is_inside(c))) {
            let word = word.trim_matches(['\'', '’']);
            if word.is_empty() || word.contains(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if !is_latin(word) {
                amount.foreign_letters += word.chars().count();
                continue;
            }
            word_letters.read(word);
            // `#123-AB` is a number of an order, `10/maio` is not.
            let is_code = may_be_code && word_letters.word().len() < 4;
            if is_code || word_letters.says_nothing() {
                continue;
            }
            amount.words += 1;
            amount.letters += word_letters.length - 2;
            word_letters.each_gram(&mut emit);
        }
        if amount.words >= MOST_WORDS {
            break;
        }
    }
    amount
}

/// The letters of one word between two spaces.
struct Letters {
    spaced: [char; MOST_LETTERS + 2],
    length: usize,
    /// How often the last letter was typed in a row.
    run: usize,
    is_stretched: bool,
}

impl Letters {
    const fn new() -> Self {
        Self { spaced: [' '; MOST_LETTERS + 2], length: 2, run: 0, is_stretched: false }
    }

    fn read(&mut self, word: &str) {
        (self.length, self.run, self.is_stretched) = (1, 0, false);
        if word.is_ascii() {
            word.bytes().for_each(|byte| self.push(char::from(byte.to_ascii_lowercase())));
        } else if word.contains(|c| matches!(c, '\u{300}'..='\u{36F}')) {
            word.nfc().flat_map(char::to_lowercase).for_each(|c| self.push(c));
        } else {
            word.chars().flat_map(char::to_lowercase).for_each(|c| self.push(c));
        }
        self.spaced[self.length] = ' ';
        self.length += 1;
    }

    fn push(&mut self, c: char) {
        let c = if c == '’' { '\'' } else { c };
        self.run = if self.spaced[self.length - 1] == c { self.run + 1 } else { 1 };
        if self.run >= 3 {
            if self.run == 3 {
                self.length -= 1;
                self.is_stretched = true;
            }
        } else if self.length <= MOST_LETTERS {
            self.spaced[self.length] = c;
            self.length += 1;
        }
    }

    fn word(&self) -> &[char] {
        &self.spaced[1..self.length - 1]
    }

    /// Laughter ("kkkk", "hahaha", "jajaja", "rsrs") and words that everybody uses.
    fn says_nothing(&self) -> bool {
        let word = self.word();
        let is_laughter = || {
            word.len() >= 4
                && word.iter().take(2).any(|c| matches!(c, 'h' | 'j' | 'k' | 'r'))
                && word.iter().zip(&word[2..]).all(|(a, b)| a == b)
        };
        word.is_empty()
            || self.is_stretched && word.len() == 1
            || is_laughter()
            || NEUTRAL.iter().any(|neutral| neutral.chars().eq(word.iter().copied()))
    }

    fn each_gram(&self, emit: &mut impl FnMut(u32)) {
        let letters = &self.spaced[..self.length];
        for start in 0..letters.len() {
            let mut hash = 0_u32;
            for (place, c) in letters[start..].iter().take(LONGEST).enumerate() {
                hash = mix(hash, *c);
                // A space alone says nothing.
                if place > 0 || *c != ' ' {
                    emit(hash);
                }
            }
        }
        if letters.len() > LONGEST {
            emit(letters.iter().fold(WHOLE_WORD, |hash, c| mix(hash, *c)));
        }
    }
}

/// Where the hash of a whole word begins, so that it differs from the hash of a piece.
const WHOLE_WORD: u32 = 0x5bd1_e995;

/// One step of a multiplicative hash (the constants of Knuth and of MurmurHash3's final step).
fn mix(hash: u32, c: char) -> u32 {
    let mixed = (hash.rotate_left(5) ^ c as u32).wrapping_mul(0x9e37_79b1);
    mixed ^ (mixed >> 15)
}

/// Words that say nothing: everybody uses them.
const NEUTRAL: [&str; 18] = [
    "ok",
    "okay",
    "oki",
    "whatsapp",
    "pix",
    "email",
    "online",
    "internet",
    "app",
    "site",
    "wifi",
    "instagram",
    "facebook",
    "google",
    "iphone",
    "samsung",
    "hotel",
    "taxi",
];

/// What belongs to a word without being a letter: apostrophes and accents of their own.
fn is_inside(c: char) -> bool {
    matches!(c, '\'' | '’' | '\u{300}'..='\u{36F}')
}

/// Web and e-mail addresses and mentions are no language.
fn is_address(chunk: &str) -> bool {
    chunk.contains('@')
        || chunk.contains("://")
        || chunk.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
        || chunk.contains('.') && DOMAINS.iter().any(|domain| ends_with_domain(chunk, domain))
}

/// Endings of addresses that people type without a beginning.
const DOMAINS: [&str; 4] = [".com", ".com.br", ".net", ".org"];

fn ends_with_domain(chunk: &str, domain: &str) -> bool {
    let host = chunk.split(['/', '?', ',', ';', '!', ')']).next().unwrap_or(chunk).trim_end_matches('.');
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
}

fn is_latin(word: &str) -> bool {
    word.chars().all(|c| c < '\u{250}' || matches!(c, '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}' | '’'))
}
