//! Fixed sets and tables of words, written as text and looked up by hash.

use rustc_hash::{FxHashMap, FxHashSet};

/// The set of the words of `text`, which are separated by white space.
pub(crate) fn words(text: &'static str) -> FxHashSet<&'static str> {
    text.split_ascii_whitespace().collect()
}

/// The table of words with their meaning; an entry's words are separated by white space.
pub(crate) fn table<Meaning: Copy>(entries: &[(&'static str, Meaning)]) -> FxHashMap<&'static str, Meaning> {
    let rows = entries
        .iter()
        .flat_map(|(words, meaning)| words.split_ascii_whitespace().map(|word| (word, *meaning)));
    rows.collect()
}
