//! Folding: brings differently typed spellings of one word to one form.
//!
//! Two strengths. [`fold`] and [`words`] are for search: case, accents, look-alike letters,
//! invisible characters and stretched letters go, numbers stay what they are. [`unmask`] is for the
//! content filter: it also reads digits and symbols inside words as letters (`h4ck`) and joins
//! letters that were written apart (`d r o g a s`, `d.r.o.g.a.s`). It would spoil order numbers, so
//! nothing but the filter and the signals may use it.

mod lookalikes;
mod splitter;

use std::ops::Range;

use splitter::{Run, Splitter, is_web_prefix};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Folds a text for comparison and search; what is not a letter stays as it is.
///
/// ```
/// use pytake_understanding::fold::fold;
/// assert_eq!(fold("AÇÃO já!"), "acao ja!");
/// assert_eq!(fold("pedido #10230"), "pedido #10230");
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut run = Run::default();
    for c in text.chars() {
        fold_char(c, &mut |f| {
            run.count(f);
            if run.length >= 3 && !is_web_prefix(f) {
                if run.length == 3 {
                    folded.pop();
                }
                return;
            }
            folded.push(f);
        });
    }
    folded
}

/// The folded words of a text and where each stands in the original.
#[derive(Debug, Clone, Default)]
pub struct Words {
    folded: String,
    spans: Vec<Span>,
}

#[derive(Debug, Clone)]
struct Span {
    folded: Range<usize>,
    original: Range<usize>,
    kind: WordKind,
}

/// What had to be done to read a word, or that it is no word at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// Read as it was typed.
    Plain,
    /// A letter stood three or more times in a row; the text holds it once.
    Stretched,
    /// Single letters written apart and joined here.
    Joined,
    /// Not a word: the end of a sentence or line (only from [`unmask`]).
    Boundary,
}

/// One folded word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// The folded text. From [`unmask`], `1` stands for a sign that may be an `i` or an `l`.
    pub text: &'a str,
    /// First byte in the original text.
    pub start: usize,
    /// Byte after the last in the original text.
    pub end: usize,
    /// How it was read.
    pub kind: WordKind,
}

impl Words {
    /// The words in the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Word<'_>> {
        self.spans.iter().map(|span| Word {
            text: &self.folded[span.folded.clone()],
            start: span.original.start,
            end: span.original.end,
            kind: span.kind,
        })
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True where the text holds no word.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// Splits a text into folded words: runs of letters and digits, apostrophes inside dropped.
pub fn words(text: &str) -> Words {
    let mut splitter = Splitter::new(text.len());
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        fold_char(c, &mut |f| match f {
            'a'..='z' | '0'..='9' => splitter.letter(f, at, end),
            '\'' | '’' => {}
            f if f.is_alphanumeric() => splitter.letter(f, at, end),
            _ => splitter.finish_word(),
        });
    }
    splitter.finish_word();
    splitter.words
}

/// Splits a text into folded words as [`words`] does and undoes disguises on the way.
///
/// Digits and symbols count as letters in a word that has at least as many real letters; three or
/// more single letters in a row become one word, wider gaps between them separate words.
pub fn unmask(text: &str) -> Words {
    let mut splitter = Splitter::new(text.len());
    splitter.unmasking = true;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        fold_char(c, &mut |f| splitter.sign(f, at, end));
    }
    splitter.finish_word();
    splitter.join_spelled_out();
    splitter.words
}

/// Passes on what `c` folds to: nothing, one or several characters.
#[inline]
fn fold_char(c: char, emit: &mut impl FnMut(char)) {
    match c {
        '\n' | '\t' | '\r' => emit(if c == '\n' { '\n' } else { ' ' }),
        ' '..='~' => emit(c.to_ascii_lowercase()),
        'á' | 'à' | 'â' | 'ã' => emit('a'),
        'é' | 'ê' => emit('e'),
        'í' => emit('i'),
        'ó' | 'ô' | 'õ' => emit('o'),
        'ú' | 'ü' => emit('u'),
        'ç' => emit('c'),
        'ñ' => emit('n'),
        c if is_invisible(c) => {}
        c if !c.is_alphanumeric() => emit(c),
        c => fold_rare(c, emit),
    }
}

fn fold_rare(c: char, emit: &mut impl FnMut(char)) {
    decompose_compatible(c, |part| {
        if is_combining_mark(part) {
            return;
        }
        for lower in part.to_lowercase() {
            if is_combining_mark(lower) {
                continue;
            }
            match lookalikes::latin_for(lower) {
                Some(latin) => latin.chars().for_each(&mut *emit),
                None => emit(lower),
            }
        }
    });
}

/// Control, zero-width, direction and filler characters, variation selectors, combining marks.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}')
        || is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmasked(text: &str) -> Vec<String> {
        let readable = |word: Word<'_>| match word.kind {
            WordKind::Boundary => "/".to_owned(),
            _ => word.text.to_owned(),
        };
        unmask(text).iter().map(readable).collect()
    }

    #[test]
    fn case_accents_and_lookalikes_fold_to_plain_latin() {
        assert_eq!(fold("CÓMO Ação Ñandú"), "como acao nandu");
        assert_eq!(fold("ｈａｃｋ 𝓱𝓪𝓬𝓴 hасk"), "hack hack hack");
        assert_eq!(fold("ha\u{200B}c\u{AD}k a\u{301}"), "hack a");
    }

    #[test]
    fn numbers_stay_numbers_outside_the_filter() {
        assert_eq!(fold("pedido 10000 ABC-1444"), "pedido 10000 abc-1444");
        let found = words("pedido ABC-1444");
        assert_eq!(found.iter().map(|w| w.text).collect::<Vec<_>>(), ["pedido", "abc", "1444"]);
    }

    #[test]
    fn stretched_letters_are_reduced_and_web_addresses_are_not() {
        assert_eq!(fold("oiiiii gooool www.x.com"), "oi gol www.x.com");
    }

    #[test]
    fn disguised_words_are_read() {
        assert_eq!(unmasked("h0w t0 h4ck int0 syst3ms"), ["how", "to", "hack", "into", "systems"]);
        assert_eq!(unmasked("c o m p r a r drogas"), ["comprar", "drogas"]);
        assert_eq!(unmasked("k.i.l.l  him"), ["kill", "him"]);
        assert_eq!(unmasked("h 4 c k  t h e  bank"), ["hack", "the", "bank"]);
        assert_eq!(unmasked("k!ll them!"), ["k1ll", "them", "/"]);
    }

    #[test]
    fn numbers_and_amounts_are_not_read_as_words() {
        assert_eq!(unmasked("pedido 1 2 3 4 por $100"), ["pedido", "1", "2", "3", "4", "por", "$100"]);
        assert_eq!(unmasked("12345 AA123456785BR"), ["12345", "aa123456785br"]);
    }

    #[test]
    fn words_know_their_place_in_the_original() {
        let text = "Olá, vocês\u{200B} aí?";
        let places: Vec<&str> = words(text).iter().map(|w| &text[w.start..w.end]).collect();
        assert_eq!(places, ["Olá", "vocês", "aí"]);
    }

    #[test]
    fn sentences_are_told_apart() {
        assert_eq!(unmasked("Me mata. Pessoas? ok"), ["me", "mata", "/", "pessoas", "/", "ok"]);
    }
}
