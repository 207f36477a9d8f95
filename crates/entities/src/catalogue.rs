//! A tenant's products, prepared once for finding their names in messages.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::scan::{Token, scan};

/// Names of products, compared without case, accents and plural endings.
#[derive(Debug, Clone)]
pub struct Catalogue {
    names: Vec<String>,
    /// Finds the stems of names, each stem between spaces.
    automaton: Option<AhoCorasick>,
    /// For every pattern of the automaton the name it belongs to.
    owners: Vec<usize>,
}

impl Catalogue {
    /// Prepares the names; those without a letter or digit are left out.
    pub fn new<Name: Into<String>>(names: impl IntoIterator<Item = Name>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut patterns = Vec::new();
        let mut owners = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let pattern = stems(&scan(name)).0;
            if pattern.len() > 2 {
                patterns.push(pattern);
                owners.push(index);
            }
        }
        // The automaton refuses only more patterns than 32 bits count.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns).ok();
        Self { names, automaton, owners }
    }

    /// The name of every product found, with its first and last token.
    pub(crate) fn find(&self, tokens: &[Token<'_>]) -> Vec<(usize, usize, &str)> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let (text, places) = stems(tokens);
        let mut found = Vec::new();
        let mut at = 0;
        // Neighbours share the space between them, so the search goes on before it.
        while let Some(hit) = automaton.find(aho_corasick::Input::new(&text).range(at..)) {
            let first = places.partition_point(|(offset, _)| *offset <= hit.start());
            let last = places.partition_point(|(offset, _)| *offset < hit.end());
            let owner = self.owners.get(hit.pattern().as_usize()).and_then(|index| self.names.get(*index));
            if let (Some(&(_, first)), Some(&(_, last)), Some(name)) =
                (places.get(first), places.get(last.saturating_sub(1)), owner)
            {
                found.push((first, last, name.as_str()));
            }
            at = hit.end() - 1;
        }
        found
    }
}

/// The stems of words and numbers, each with a space before and after, and where each begins.
fn stems(tokens: &[Token<'_>]) -> (String, Vec<(usize, usize)>) {
    let mut text = String::from(" ");
    let mut places = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.is_word() || token.is_number() {
            places.push((text.len(), index));
            push_stem(&mut text, &token.folded);
            text.push(' ');
        }
    }
    (text, places)
}

/// Cuts the plural endings of the three languages: "camisas", "calções", "pasteles", "anéis".
///
/// It need not give real singulars, only the same for both sides.
fn push_stem(text: &mut String, word: &str) {
    const ENDINGS: [(&str, &str); 8] = [
        ("oes", "ao"),
        ("aes", "ao"),
        ("eis", "el"),
        ("ais", "al"),
        ("ois", "ol"),
        ("ns", "m"),
        ("res", "r"),
        ("les", "l"),
    ];
    if word.len() > 4 {
        for (plural, singular) in ENDINGS {
            if let Some(stem) = word.strip_suffix(plural) {
                text.push_str(stem);
                text.push_str(singular);
                return;
            }
        }
    }
    let stem = if word.len() > 3 { word.strip_suffix('s').unwrap_or(word) } else { word };
    text.push_str(stem);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plural_case_and_accents_do_not_matter() {
        let catalogue = Catalogue::new(["Camiseta Básica", "Calção", "Tênis Runner 2"]);
        let text = "quero 2 CAMISETAS basicas, calções e o tenis runner 2";
        let tokens = scan(text);
        let names: Vec<&str> = catalogue.find(&tokens).into_iter().map(|(_, _, name)| name).collect();
        assert_eq!(names, ["Camiseta Básica", "Calção", "Tênis Runner 2"]);
    }

    #[test]
    fn a_name_inside_a_word_is_none() {
        let catalogue = Catalogue::new(["saia"]);
        assert!(catalogue.find(&scan("eles saiam cedo")).is_empty());
        assert_eq!(catalogue.find(&scan("saia saias")).len(), 2);
    }
}
