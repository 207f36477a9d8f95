//! The lists in memory: which entry begins at a word, and what it conveys.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{Tone, Tones};
use crate::fold::words;
use crate::language::Language;

/// Shortest and longest beginning of a word that an entry with `*` may name, in bytes.
const PREFIX_BYTES: std::ops::RangeInclusive<usize> = 3..=14;

/// Words of the longest entry: "nao vejo a hora" and the like.
const LONGEST_ENTRY: usize = 6;

static PORTUGUESE: LazyLock<Book> =
    LazyLock::new(|| Book::parse(&[include_str!("../../data/lexicons/pt.lexicon")]));
static SPANISH: LazyLock<Book> =
    LazyLock::new(|| Book::parse(&[include_str!("../../data/lexicons/es.lexicon")]));
static ENGLISH: LazyLock<Book> =
    LazyLock::new(|| Book::parse(&[include_str!("../../data/lexicons/en.lexicon")]));
static ANY: LazyLock<Book> = LazyLock::new(|| {
    Book::parse(&[
        include_str!("../../data/lexicons/pt.lexicon"),
        include_str!("../../data/lexicons/es.lexicon"),
        include_str!("../../data/lexicons/en.lexicon"),
    ])
});
static EMOJI: LazyLock<FxHashMap<char, Tones>> =
    LazyLock::new(|| parse_emoji(include_str!("../../data/lexicons/emoji.lexicon")));

/// What an emoji conveys; nothing for most characters.
pub(super) fn emoji(c: char) -> Tones {
    if c < '\u{2190}' { Tones::default() } else { EMOJI.get(&c).copied().unwrap_or_default() }
}

/// The entries of one language or of all.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By first word.
    whole: FxHashMap<String, Vec<Entry>>,
    /// Single words with `*`, by what they begin with.
    beginnings: FxHashMap<String, Tones>,
}

#[derive(Debug)]
struct Entry {
    /// The words after the first.
    rest: Vec<String>,
    /// True where the last of `rest` is only the beginning of a word.
    is_open: bool,
    tones: Tones,
}

impl Book {
    /// The entries for a text of that language; those of all languages where it is not known.
    pub(super) fn of(language: Option<Language>) -> &'static Self {
        match language {
            Some(Language::Portuguese) => &PORTUGUESE,
            Some(Language::Spanish) => &SPANISH,
            Some(Language::English) => &ENGLISH,
            None => &ANY,
        }
    }

    fn parse(lists: &[&str]) -> Self {
        let mut book = Self::default();
        for list in lists {
            for (tone, entry) in entries(list) {
                book.add(entry, tone);
            }
        }
        book
    }

    fn add(&mut self, entry: &str, tone: Tone) {
        let is_open = entry.ends_with('*');
        let folded = words(entry);
        let mut parts = folded.iter().map(|word| word.text.to_owned());
        let Some(first) = parts.next() else { return };
        let rest: Vec<String> = parts.take(LONGEST_ENTRY - 1).collect();
        let tones = Tones::one(tone);
        if is_open && rest.is_empty() {
            let known = self.beginnings.entry(first).or_default();
            *known = known.union(tones);
            return;
        }
        self.whole.entry(first).or_default().push(Entry { rest, is_open, tones });
    }

    /// How many words the longest entry at the beginning of `words` takes, and what it conveys.
    pub(super) fn longest_at(&self, words: &[&str]) -> Option<(usize, Tones)> {
        let first = *words.first()?;
        let mut best = (0, Tones::default());
        let mut offer = |length: usize, tones: Tones| {
            if length > best.0 {
                best = (length, tones);
            } else if length == best.0 {
                best.1 = best.1.union(tones);
            }
        };
        for entry in self.whole.get(first).map_or(&[][..], Vec::as_slice) {
            if entry.goes_on_in(words.get(1..).unwrap_or_default()) {
                offer(1 + entry.rest.len(), entry.tones);
            }
        }
        for length in PREFIX_BYTES {
            let Some(beginning) = first.get(..length) else {
                // Inside a character of several bytes there is nothing to look up; behind the end neither.
                if length > first.len() {
                    break;
                }
                continue;
            };
            if let Some(tones) = self.beginnings.get(beginning) {
                offer(1, *tones);
            }
        }
        (best.0 > 0).then_some(best)
    }
}

impl Entry {
    fn goes_on_in(&self, following: &[&str]) -> bool {
        if following.len() < self.rest.len() {
            return false;
        }
        let last = self.rest.len().saturating_sub(1);
        self.rest.iter().zip(following).enumerate().all(|(place, (wanted, word))| {
            if self.is_open && place == last { word.starts_with(wanted.as_str()) } else { wanted == word }
        })
    }
}

/// The entries of a list with the tone of their section; unknown sections are left out (a test looks).
fn entries(list: &str) -> impl Iterator<Item = (Tone, &str)> {
    let mut section: Option<Tone> = None;
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(move |line| {
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(name) = name {
            section = Tone::ALL.into_iter().find(|tone| tone.as_str() == name);
        }
        let tone = section.filter(|_| name.is_none());
        line.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .filter_map(move |entry| Some((tone?, entry)))
    })
}

fn parse_emoji(list: &str) -> FxHashMap<char, Tones> {
    let mut found: FxHashMap<char, Tones> = FxHashMap::default();
    for (tone, entry) in entries(list) {
        if let Some(c) = entry.chars().next() {
            let known = found.entry(c).or_default();
            *known = known.union(Tones::one(tone));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: [&str; 4] = [
        include_str!("../../data/lexicons/pt.lexicon"),
        include_str!("../../data/lexicons/es.lexicon"),
        include_str!("../../data/lexicons/en.lexicon"),
        include_str!("../../data/lexicons/emoji.lexicon"),
    ];

    #[test]
    fn every_section_is_a_tone_and_every_tone_has_entries() {
        for list in LISTS {
            for line in list.lines().filter(|line| line.starts_with('[')) {
                let name = line.trim_matches(['[', ']']);
                assert!(Tone::ALL.iter().any(|tone| tone.as_str() == name), "{name}");
            }
        }
        for tone in Tone::ALL {
            assert!(LISTS.iter().any(|list| entries(list).any(|(found, _)| found == tone)), "{tone:?}");
        }
    }

    #[test]
    fn every_entry_is_folded_and_can_be_found() {
        for (list, book) in LISTS.iter().zip([&*PORTUGUESE, &*SPANISH, &*ENGLISH]) {
            for (tone, entry) in entries(list) {
                let folded = words(entry);
                let parts: Vec<&str> = folded.iter().map(|word| word.text).collect();
                let written = entry.trim_end_matches('*').replace('\'', "");
                assert_eq!(parts.join(" "), written, "{entry} is not folded");
                assert!(parts.len() <= LONGEST_ENTRY, "{entry} is too long");
                if entry.ends_with('*') && parts.len() == 1 {
                    assert!(PREFIX_BYTES.contains(&written.len()), "{entry}");
                }
                let found = book.longest_at(&parts).expect("an entry is found");
                assert!(found.1.overlaps(Tones::one(tone)), "{entry}");
            }
        }
    }
}
