//! Lists of names and places, read once.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// Given names; true where the name is also an everyday word.
pub(crate) static GIVEN_NAMES: LazyLock<FxHashMap<&'static str, bool>> = LazyLock::new(|| {
    let words = entries(include_str!("../data/given-names.txt")).flat_map(str::split_whitespace);
    words.map(|word| (word.trim_end_matches('?'), word.ends_with('?'))).collect()
});

/// Family names.
pub(crate) static SURNAMES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| entries(include_str!("../data/surnames.txt")).flat_map(str::split_whitespace).collect());

/// A place by one of its names.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The words of its name, folded.
    pub(crate) words: Vec<&'static str>,
    /// ISO 3166 code of a country or state, a city's name.
    pub(crate) value: &'static str,
    /// Whether the name is also a word or a person's.
    pub(crate) is_doubtful: bool,
    /// The name with its accents, where they are what tells it from a word ("Pará").
    pub(crate) accented: Option<&'static str>,
}

/// Places by the first word of their names, the longest name first.
pub(crate) static PLACES: LazyLock<FxHashMap<String, Vec<Place>>> = LazyLock::new(|| {
    let mut places: FxHashMap<String, Vec<Place>> = FxHashMap::default();
    for line in entries(include_str!("../data/places.txt")) {
        let Some((value, names)) = line.split_once('\t') else { continue };
        for name in names.split(';') {
            let is_doubtful = name.ends_with('?');
            let accented = name.strip_suffix('!');
            let name = name.trim_end_matches(['?', '!']);
            let words: Vec<&str> = name.split_whitespace().collect();
            let Some(first) = words.first() else { continue };
            let first = crate::scan::fold(first).into_owned();
            places.entry(first).or_default().push(Place { words, value, is_doubtful, accented });
        }
    }
    for list in places.values_mut() {
        list.sort_by_key(|place| std::cmp::Reverse(place.words.len()));
    }
    places
});

/// The lines of a data file without its comments.
fn entries(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read() {
        assert!(GIVEN_NAMES.len() > 900 && SURNAMES.len() > 300 && PLACES.len() > 250);
        assert_eq!(GIVEN_NAMES.get("rosa"), Some(&true));
        assert_eq!(GIVEN_NAMES.get("mariana"), Some(&false));
    }
}
