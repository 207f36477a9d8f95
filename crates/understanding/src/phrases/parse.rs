//! Reads rule files. They are part of the program, so a mistake in one is a bug and panics with its
//! line; the tests load every file.

use rustc_hash::FxHashMap;

use super::{Rule, RuleBook, Step};
use crate::fold;

impl RuleBook {
    /// Compiles rule files into one book; word sets of earlier files are known in later ones.
    ///
    /// # Panics
    /// When a line does not follow the language described at the top of the module.
    pub(crate) fn parse(files: &[&'static str]) -> Self {
        let mut parser = Parser::default();
        parser.book.sets_of_word.push(Vec::new());
        for file in files {
            for line in file.lines() {
                let line = line.split('#').next().unwrap_or_default().trim();
                if !line.is_empty() {
                    parser.line(line);
                }
            }
        }
        parser.finish()
    }
}

#[derive(Default)]
struct Parser {
    book: RuleBook,
    /// Words of each named set.
    named: FxHashMap<&'static str, Vec<u16>>,
    /// Set number by its sorted words, so that equal sets exist once.
    sets: FxHashMap<Vec<u16>, u16>,
}

impl Parser {
    fn line(&mut self, line: &'static str) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return self.book.sections.push(section);
        }
        let Some((head, body)) = line.split_once(':') else { panic!("rule line without a colon: {line}") };
        match head.strip_prefix('@') {
            Some(name) => self.define(name, body, line),
            None => self.rule(head.trim(), body, line),
        }
    }

    /// `@name: word word …`; a name that exists is extended.
    fn define(&mut self, name: &'static str, body: &'static str, line: &str) {
        let mut words = self.named.remove(name).unwrap_or_default();
        for item in body.split_whitespace() {
            words.extend(self.words_of(item, line));
        }
        self.named.insert(name, words);
    }

    fn rule(&mut self, head: &'static str, body: &'static str, line: &str) {
        let (strict, name) = match head.strip_prefix("strict ") {
            Some(name) => (true, name.trim()),
            None => (false, head),
        };
        let (pattern, vetoes) = match body.split_once(" unless ") {
            Some((pattern, vetoes)) => (pattern, vetoes),
            None => (body, ""),
        };
        let veto_words: Vec<u16> =
            vetoes.split_whitespace().flat_map(|item| self.words_of(item, line)).collect();
        let vetoes = if veto_words.is_empty() { Vec::new() } else { vec![self.set(veto_words)] };
        let section = self.book.sections.len().checked_sub(1).and_then(|at| u16::try_from(at).ok());
        let Some(section) = section else { panic!("rule before the first section: {line}") };
        for steps in self.variants(pattern, line) {
            let reach: usize = steps.iter().map(|step| usize::from(step.gap) + 1).sum();
            assert!(reach < 64, "rule looks more than 63 words ahead: {line}");
            self.book.rules.push(Rule { name, section, strict, steps, vetoes: vetoes.clone() });
        }
    }

    /// One list of steps, or several where steps may be missing.
    fn variants(&mut self, pattern: &'static str, line: &str) -> Vec<Vec<Step>> {
        let mut variants = vec![Vec::new()];
        let mut gap = 0;
        for item in pattern.split_whitespace() {
            if let Some(number) = item.strip_prefix("..") {
                gap = number.parse().unwrap_or_else(|_| panic!("bad gap in: {line}"));
                continue;
            }
            let (item, optional) = match item.strip_prefix('?') {
                Some(item) => (item, true),
                None => (item, false),
            };
            let words = self.words_of(item, line);
            let step = Step { set: self.set(words), gap };
            let without = if optional { variants.clone() } else { Vec::new() };
            for steps in &mut variants {
                steps.push(step);
            }
            variants.extend(without);
            gap = 0;
        }
        assert!(variants.iter().all(|steps: &Vec<Step>| !steps.is_empty()), "empty rule: {line}");
        variants
    }

    /// The words of `a|@set|end{ing,ed}`.
    fn words_of(&mut self, item: &'static str, line: &str) -> Vec<u16> {
        let mut words = Vec::new();
        for part in split_choices(item) {
            if let Some(name) = part.strip_prefix('@') {
                let Some(set) = self.named.get(name) else { panic!("unknown set @{name} in: {line}") };
                words.extend_from_slice(set);
                continue;
            }
            let Some((stem, rest)) = part.split_once('{') else {
                words.push(self.word(part, line));
                continue;
            };
            let Some((endings, tail)) = rest.split_once('}') else { panic!("open brace in: {line}") };
            for ending in endings.split(',') {
                words.push(self.word(&format!("{stem}{ending}{tail}"), line));
            }
        }
        words
    }

    /// The number of a word, new if need be. It goes through the same unmasking as the text.
    fn word(&mut self, typed: &str, line: &str) -> u16 {
        let unmasked = fold::unmask(typed);
        let mut parts = unmasked.iter();
        let (Some(word), None) = (parts.next(), parts.next()) else {
            panic!("not one word: {typed} in: {line}")
        };
        if let Some(&known) = self.book.vocabulary.get(word.text) {
            return known;
        }
        let number = u16::try_from(self.book.sets_of_word.len()).expect("rule files have few words");
        self.book.sets_of_word.push(Vec::new());
        self.book.longest_word = self.book.longest_word.max(word.text.len());
        self.book.without_doubles.entry(without_doubles(word.text).into()).or_insert(number);
        self.book.vocabulary.insert(word.text.into(), number);
        number
    }

    fn set(&mut self, mut words: Vec<u16>) -> u16 {
        words.sort_unstable();
        words.dedup();
        if let Some(&known) = self.sets.get(&words) {
            return known;
        }
        let number = u16::try_from(self.sets.len()).expect("rule files have few sets");
        for &word in &words {
            self.book.sets_of_word[usize::from(word)].push(number);
        }
        self.sets.insert(words, number);
        number
    }

    fn finish(mut self) -> RuleBook {
        self.book.set_count = self.sets.len();
        self.book.rules_by_first_set = vec![Vec::new(); self.sets.len()];
        for (index, rule) in self.book.rules.iter().enumerate() {
            let index = u16::try_from(index).expect("rule files have few rules");
            self.book.rules_by_first_set[usize::from(rule.steps[0].set)].push(index);
        }
        self.book
    }
}

/// Splits at `|` outside braces.
fn split_choices(item: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0_i32;
    item.split(move |c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == '|' && depth == 0
    })
    .filter(|part| !part.is_empty())
}

/// Cuts runs of equal letters to one, so that a stretched word can be found whatever its doubles.
pub(super) fn without_doubles(word: &str) -> String {
    let mut short = String::with_capacity(word.len());
    for c in word.chars() {
        if !short.ends_with(c) {
            short.push(c);
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_endings_and_optional_steps_are_spelled_out() {
        let book = RuleBook::parse(&["[s]\n@buy: buy compr{ar,o}\nx: ?to @buy|get ..2 gold"]);
        assert_eq!(book.rules.len(), 2);
        assert!(
            ["buy", "comprar", "compro", "get", "gold", "to"]
                .iter()
                .all(|w| book.vocabulary.contains_key(*w))
        );
    }

    #[test]
    #[should_panic(expected = "unknown set @nothing")]
    fn a_set_that_does_not_exist_is_refused() {
        RuleBook::parse(&["[s]\nx: @nothing"]);
    }
}
