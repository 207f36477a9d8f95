//! The tenant's own phrases: sequences of folded words, compared with the words of a text.
//!
//! Case, accents, signs and disguises make no difference, and a word is a whole one: "promo 10" is not in "promo 100".

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::fold::{self, Word, WordKind, Words};

/// A list of phrases, found by their first word.
#[derive(Debug, Default)]
pub struct Phrases {
    by_first_word: FxHashMap<String, Vec<Vec<String>>>,
    /// The phrases without their spaces, for letters that were written apart.
    joined: Vec<String>,
}

impl Phrases {
    /// Prepares the phrases. One without a single word is found nowhere.
    pub fn new(phrases: &[String]) -> Self {
        let mut list = Self::default();
        for phrase in phrases {
            let words: Vec<String> = spoken(&fold::unmask(phrase)).map(|word| word.text.to_owned()).collect();
            let Some(first) = words.first().cloned() else { continue };
            list.joined.push(words.concat());
            list.by_first_word.entry(first).or_default().push(words);
        }
        list
    }

    /// True where there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.by_first_word.is_empty()
    }

    /// Where a phrase stands in a text; of several the one that begins first.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        if self.is_empty() {
            return None;
        }
        self.places(&fold::unmask(text)).into_iter().next()
    }

    /// Where the first phrase begins that a text ends in the middle of.
    pub fn begun_at(&self, text: &str) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let words = fold::unmask(text);
        let words: Vec<Word<'_>> = spoken(&words).collect();
        for (at, word) in words.iter().enumerate() {
            for phrase in self.by_first_word.get(word.text).into_iter().flatten() {
                let left = &words[at..];
                let agrees = || left.iter().zip(phrase).all(|(word, wanted)| word.text == wanted);
                if left.len() < phrase.len() && agrees() {
                    return Some(word.start);
                }
            }
        }
        None
    }

    /// Where the phrases stand in the original text of `words`, those of [`fold::unmask`].
    pub(super) fn places(&self, words: &Words) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        if self.by_first_word.is_empty() {
            return places;
        }
        let words: Vec<Word<'_>> = spoken(words).collect();
        for (at, word) in words.iter().enumerate() {
            if word.kind == WordKind::Joined && self.joined.iter().any(|phrase| phrase == word.text) {
                places.push(word.start..word.end);
            }
            for phrase in self.by_first_word.get(word.text).into_iter().flatten() {
                let Some(candidate) = words.get(at..at + phrase.len()) else { continue };
                if candidate.iter().zip(phrase).all(|(word, wanted)| word.text == wanted) {
                    places.push(word.start..candidate[phrase.len() - 1].end);
                }
            }
        }
        places
    }
}

fn spoken(words: &Words) -> impl Iterator<Item = Word<'_>> {
    words.iter().filter(|word| word.kind != WordKind::Boundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases() -> Phrases {
        Phrases::new(&["garantia vitalícia".to_owned(), "de graça para sempre".to_owned(), "!!".to_owned()])
    }

    #[test]
    fn a_phrase_is_found_whatever_its_case_accents_and_signs() {
        let text = "Ela tem GARANTIA, vitalicia!";
        assert_eq!(phrases().find(text).map(|place| &text[place]), Some("GARANTIA, vitalicia"));
        assert_eq!(phrases().find("A garantia é de um ano!!"), None);
        assert_eq!(phrases().find("garantia vitalícias"), None, "another word");
        assert_eq!(Phrases::default().find("garantia vitalícia"), None);
    }

    #[test]
    fn a_phrase_that_has_only_begun_is_told_apart() {
        let text = "O frete é de Graça para";
        assert_eq!(phrases().begun_at(text).map(|at| &text[at..]), Some("de Graça para"));
        assert_eq!(phrases().begun_at("Sai de graça para sempre"), None, "it is there whole");
        assert_eq!(phrases().begun_at("Sai de graça para você"), None, "it went on otherwise");
        assert_eq!(phrases().begun_at(""), None);
    }
}
