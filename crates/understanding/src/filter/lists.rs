//! The tenant's own phrases: sequences of folded words, compared with the words of a text.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::fold::{self, Word, WordKind, Words};

/// A list of phrases, found by their first word.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    by_first_word: FxHashMap<String, Vec<Vec<String>>>,
    /// The phrases without their spaces, for letters that were written apart.
    joined: Vec<String>,
}

impl Phrases {
    pub(super) fn new(phrases: &[String]) -> Self {
        let mut list = Self::default();
        for phrase in phrases {
            let words: Vec<String> = spoken(&fold::unmask(phrase)).map(|word| word.text.to_owned()).collect();
            let Some(first) = words.first().cloned() else { continue };
            list.joined.push(words.concat());
            list.by_first_word.entry(first).or_default().push(words);
        }
        list
    }

    /// Where the phrases stand in the original text of `words`.
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
