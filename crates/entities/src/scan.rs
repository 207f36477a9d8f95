//! Splits a text into tokens that keep their place in it.
//!
//! Every extractor that reads words walks over these tokens instead of over characters: case and
//! accents are folded per token, while byte positions stay those of the original text. A run of
//! letters is one word, a run of ASCII digits one number, any other visible character a token of
//! its own, so "15h30" is number, word, number and "25/12" number, mark, number.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::CharIndices;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, with the marks that combine with them.
    Word,
    /// ASCII digits and nothing else.
    Number,
    /// One character that is neither letter nor digit nor space.
    Punctuation,
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes, exclusive.
    pub(crate) end: usize,
    /// As it stands in the text.
    pub(crate) text: &'a str,
    /// Lower-case and without accents; "ª" and "º" stay themselves.
    pub(crate) folded: Cow<'a, str>,
    /// What it is made of.
    pub(crate) kind: TokenKind,
    /// Whether white space, or the text's beginning, stands before it.
    pub(crate) space_before: bool,
}

impl Token<'_> {
    /// Whether it is the word `folded`, which is given lower-case and without accents.
    pub(crate) fn is(&self, folded: &str) -> bool {
        self.folded == folded
    }

    /// Whether it is one of `words`, which are given lower-case and without accents.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.contains(&self.folded.as_ref())
    }

    /// Whether it is made of letters.
    pub(crate) fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    /// Whether it is made of digits.
    pub(crate) fn is_number(&self) -> bool {
        self.kind == TokenKind::Number
    }
}

/// Splits `text` into tokens, in order, in one pass.
pub(crate) fn scan(text: &str) -> Vec<Token<'_>> {
    tokens(text).collect()
}

/// The tokens of `text` one after the other, for whoever needs only the first few.
pub(crate) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, characters: text.char_indices().peekable(), space_before: true }
}

/// Reads tokens off a text.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    characters: Peekable<CharIndices<'a>>,
    space_before: bool,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (start, first) = loop {
            let (position, character) = self.characters.next()?;
            if !character.is_whitespace() {
                break (position, character);
            }
            self.space_before = true;
        };
        let kind = kind_of(first);
        let mut end = start + first.len_utf8();
        if kind != TokenKind::Punctuation {
            while let Some(&(position, next)) = self.characters.peek() {
                let combines = kind == TokenKind::Word && is_combining_mark(next);
                if !combines && kind_of(next) != kind {
                    break;
                }
                end = position + next.len_utf8();
                self.characters.next();
            }
        }
        let piece = self.text.get(start..end).unwrap_or_default();
        let space_before = std::mem::replace(&mut self.space_before, false);
        Some(Token { start, end, text: piece, folded: fold(piece), kind, space_before })
    }
}

/// Makes `word` lower-case and takes its accents away ("Amanhã" gives "amanha").
pub(crate) fn fold(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    if word.is_ascii() {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    let plain = word.nfd().filter(|character| !is_combining_mark(*character));
    Cow::Owned(plain.flat_map(char::to_lowercase).collect())
}

fn kind_of(character: char) -> TokenKind {
    if character.is_ascii_digit() {
        TokenKind::Number
    } else if character.is_alphabetic() {
        TokenKind::Word
    } else {
        TokenKind::Punctuation
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        scan(text).into_iter().map(|token| token.folded.into_owned()).collect()
    }

    #[test]
    fn digits_letters_and_marks_are_tokens_of_their_own() {
        assert_eq!(folded("Amanhã às 14h30!"), ["amanha", "as", "14", "h", "30", "!"]);
        assert_eq!(folded("2ª-feira 25/12"), ["2", "ª", "-", "feira", "25", "/", "12"]);
        assert_eq!(folded("R$ 1.234,56"), ["r", "$", "1", ".", "234", ",", "56"]);
    }

    #[test]
    fn an_accent_written_apart_belongs_to_its_word() {
        let tokens = scan("amanha\u{303} cedo");
        assert_eq!(tokens[0].folded, "amanha");
        assert_eq!(tokens[0].end, 8);
        assert!(tokens[1].space_before);
    }

    #[test]
    fn space_before_tells_what_stands_together() {
        let spaces: Vec<bool> = scan("às 3 pm 4pm").iter().map(|token| token.space_before).collect();
        assert_eq!(spaces, [true, true, true, true, false]);
    }

    proptest! {
        #[test]
        fn tokens_are_the_text_without_its_spaces(text in "\\PC{0,60}") {
            let tokens = scan(&text);
            let mut joined = String::new();
            for token in &tokens {
                prop_assert_eq!(text.get(token.start..token.end), Some(token.text));
                joined.push_str(token.text);
            }
            let without_spaces: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(joined, without_spaces);
        }
    }
}
