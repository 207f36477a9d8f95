//! Words as the letters of a language make them.
//!
//! The models of Lingua hold, for every run of one to five letters of a large corpus, how probable its
//! last letter is after the ones before it. Multiplied up they are relative counts; what a run occurs
//! more often than all its extensions to the left begins a word, and what is missing to the right ends
//! one. A Markov chain of fourth order over that gives the short words of the corpus exactly and
//! plausible longer ones, for languages without a free list of words.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use fst::Streamer;

use super::random::Random;

/// Letters that the next one depends on.
const ORDER: usize = 4;

/// The longest word that is made; the chain ends nearly all words by itself.
const MOST_LETTERS: usize = 24;

/// Up to five letters of 21 bits each.
type Run = u128;

fn pack(letters: &[char]) -> Run {
    letters.iter().fold(0, |run, letter| run << 21 | Run::from(u32::from(*letter)))
}

pub(super) struct Chain {
    counts: HashMap<Run, f64>,
    /// How many of them begin a word.
    starts: HashMap<Run, f64>,
    /// The letters that may follow, in the order of the file.
    next: HashMap<Run, Vec<char>>,
}

impl Chain {
    /// Reads `ngrams.fst` of a `lingua-*-language-model` crate.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
        let map = fst::Map::new(bytes).context("not a model of Lingua")?;
        let (mut counts, mut next) = (HashMap::new(), HashMap::<Run, Vec<char>>::new());
        let mut runs: Vec<Vec<char>> = Vec::with_capacity(map.len());
        let mut stream = map.stream();
        // In the order of the bytes, so that every run comes after its beginning.
        while let Some((run, logarithm)) = stream.next() {
            let letters: Vec<char> = std::str::from_utf8(run)?.chars().collect();
            let Some((last, before)) = letters.split_last() else { continue };
            let count_before = if before.is_empty() { Some(1.0) } else { counts.get(&pack(before)).copied() };
            let count_before = count_before.context("a run without its beginning")?;
            counts.insert(pack(&letters), count_before * f64::from_bits(logarithm).exp());
            next.entry(pack(before)).or_default().push(*last);
            runs.push(letters);
        }
        let mut starts = counts.clone();
        for letters in &runs {
            if let Some(start) = starts.get_mut(&pack(&letters[1..])) {
                *start -= counts[&pack(letters)];
            }
        }
        Ok(Self { counts, starts, next })
    }

    /// Makes a word.
    pub(super) fn word(&self, random: &mut Random) -> String {
        let mut word: Vec<char> = Vec::new();
        while word.len() < MOST_LETTERS
            && let Some(letter) = self.letter_after(&word, random)
        {
            word.push(letter);
        }
        word.into_iter().collect()
    }

    /// The next letter, or `None` where the word ends.
    fn letter_after(&self, word: &[char], random: &mut Random) -> Option<char> {
        let is_start = word.len() < ORDER;
        let known = &word[word.len().saturating_sub(ORDER)..];
        let counts = if is_start { &self.starts } else { &self.counts };
        let count = |run: Run| counts.get(&run).copied().unwrap_or_default().max(0.0);
        let options = self.next.get(&pack(known))?;
        let run_with = |letter: char| pack(known) << 21 | Run::from(u32::from(letter));
        let all = match known {
            [] => options.iter().map(|letter| count(run_with(*letter))).sum(),
            known => count(pack(known)),
        };
        let mut at = random.unit() * all;
        options.iter().copied().find(|letter| {
            at -= count(run_with(*letter));
            at < 0.0
        })
    }
}
