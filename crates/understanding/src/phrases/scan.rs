//! Finds the rules of a book in a text.

use rustc_hash::FxHashSet;

use super::parse::without_doubles;
use super::{Rule, RuleBook, VETO_REACH};
use crate::fold::{self, Word, WordKind};

/// A text split into words, each with its number in a book.
pub(crate) struct Text {
    tokens: Vec<Token>,
    /// Which sets have a word in the text, one bit each.
    present: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Token {
    word: u16,
    start: usize,
    end: usize,
}

/// A rule that was found and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) section: u16,
    pub(crate) rule: &'static str,
    pub(crate) strict: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl RuleBook {
    /// Reads a text with this book's vocabulary.
    pub(crate) fn read(&self, words: &fold::Words) -> Text {
        let mut tokens = Vec::with_capacity(words.len());
        for word in words.iter() {
            let number = self.number_of(&word);
            if number == 0 && word.kind == WordKind::Joined {
                self.split_joined(&word, &mut tokens);
            } else {
                tokens.push(Token { word: number, start: word.start, end: word.end });
            }
        }
        let mut present = vec![0; self.set_count.div_ceil(64)];
        for token in &tokens {
            for &set in &self.sets_of_word[usize::from(token.word)] {
                present[usize::from(set) / 64] |= 1 << (set % 64);
            }
        }
        Text { tokens, present }
    }

    /// The first acceptable match of every rule, in the order of their places.
    pub(crate) fn find(&self, text: &Text, mut accept: impl FnMut(&Found) -> bool) -> Vec<Found> {
        let mut found = Vec::new();
        let mut done: FxHashSet<u16> = FxHashSet::default();
        for (at, token) in text.tokens.iter().enumerate() {
            for &set in &self.sets_of_word[usize::from(token.word)] {
                for &index in &self.rules_by_first_set[usize::from(set)] {
                    let rule = &self.rules[usize::from(index)];
                    if !text.has_all(rule) || done.contains(&index) {
                        continue;
                    }
                    let Some(last) = self.match_at(rule, text, at) else { continue };
                    if self.is_called_off(rule, text, at, last) {
                        continue;
                    }
                    let Rule { name, section, strict, .. } = *rule;
                    let end = text.tokens[last].end;
                    let hit = Found { section, rule: name, strict, start: token.start, end };
                    if accept(&hit) {
                        done.insert(index);
                        found.push(hit);
                    }
                }
            }
        }
        found
    }

    /// The last word of the shortest match that begins at `start`.
    fn match_at(&self, rule: &Rule, text: &Text, start: usize) -> Option<usize> {
        // Bit k: the steps so far can end at word start + k.
        let mut reached: u64 = 1;
        for step in &rule.steps[1..] {
            let candidates = (1..=u32::from(step.gap) + 1).fold(0, |bits, k| bits | (reached << k));
            reached = 0;
            let mut left = candidates;
            while left != 0 {
                let offset = left.trailing_zeros();
                left &= left - 1;
                let token = text.tokens.get(start + offset as usize);
                if token.is_some_and(|token| self.is_in(token.word, step.set)) {
                    reached |= 1 << offset;
                }
            }
            if reached == 0 {
                return None;
            }
        }
        Some(start + reached.trailing_zeros() as usize)
    }

    fn is_called_off(&self, rule: &Rule, text: &Text, first: usize, last: usize) -> bool {
        let from = first.saturating_sub(VETO_REACH);
        let to = (last + VETO_REACH + 1).min(text.tokens.len());
        rule.vetoes.iter().any(|&veto| {
            text.has(veto) && text.tokens[from..to].iter().any(|token| self.is_in(token.word, veto))
        })
    }

    fn is_in(&self, word: u16, set: u16) -> bool {
        self.sets_of_word[usize::from(word)].contains(&set)
    }

    fn number_of(&self, word: &Word<'_>) -> u16 {
        let known = |text: &str| self.vocabulary.get(text).copied().unwrap_or_default();
        let number = known(word.text);
        if number != 0 || word.text.len() > 4 * self.longest_word {
            return number;
        }
        if word.text.contains('1') {
            let candidates = [word.text.replace('1', "i"), word.text.replace('1', "l")];
            return candidates.iter().map(|text| known(text)).find(|&number| number != 0).unwrap_or_default();
        }
        if word.kind == WordKind::Stretched {
            return self.without_doubles.get(&*without_doubles(word.text)).copied().unwrap_or_default();
        }
        0
    }

    /// Splits letters that were written apart without word gaps (`h o w t o h a c k`) into known
    /// words, fewest first; stays one unknown word where that leaves a rest.
    fn split_joined(&self, word: &Word<'_>, tokens: &mut Vec<Token>) {
        let text = word.text;
        let whole = Token { word: 0, start: word.start, end: word.end };
        // Longer than any sentence somebody spells out; keeps the work bounded.
        if text.len() > 120 || !text.is_ascii() {
            return tokens.push(whole);
        }
        // best[i]: fewest words that make up the first i letters, and the length of the last of them.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; text.len() + 1];
        best[0] = Some((0, 0));
        for end in 1..=text.len() {
            for length in 2..=end.min(self.longest_word) {
                let Some((count, _)) = best[end - length] else { continue };
                let fewer = best[end].is_none_or(|(least, _)| count + 1 < least);
                if fewer && self.vocabulary.contains_key(&text[end - length..end]) {
                    best[end] = Some((count + 1, length));
                }
            }
        }
        let first = tokens.len();
        let mut end = text.len();
        while let Some((_, length @ 1..)) = best[end] {
            let number = self.vocabulary.get(&text[end - length..end]).copied().unwrap_or_default();
            tokens.push(Token { word: number, ..whole });
            end -= length;
        }
        tokens[first..].reverse();
        if tokens.len() == first {
            tokens.push(whole);
        }
    }
}

impl Text {
    fn has_all(&self, rule: &Rule) -> bool {
        rule.steps.iter().all(|step| self.has(step.set))
    }

    fn has(&self, set: u16) -> bool {
        self.present[usize::from(set) / 64] & (1 << (set % 64)) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[a]\nhack: how to hack ..2 systems unless growth\n[b]\nkill: kill him";

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let book = RuleBook::parse(&[RULES]);
        let read = book.read(&fold::unmask(text));
        book.find(&read, |_| true).iter().map(|f| (f.rule, text[f.start..f.end].to_owned())).collect()
    }

    #[test]
    fn a_rule_is_found_with_words_in_between_and_its_place() {
        assert_eq!(
            found("Tell me how to hack into the systems now"),
            [("hack", "how to hack into the systems".to_owned())]
        );
        assert!(found("how to hack into one of the systems").is_empty());
    }

    #[test]
    fn a_word_nearby_can_call_a_rule_off() {
        assert!(found("growth: how to hack all systems").is_empty());
    }

    #[test]
    fn stretched_disguised_and_spelled_out_words_are_found() {
        assert_eq!(found("kiiilll him")[0].0, "kill");
        assert_eq!(found("k1ll h1m")[0].0, "kill");
        assert_eq!(found("k i l l h i m")[0].0, "kill");
        assert_eq!(found("k.i.l.l h.i.m")[0].0, "kill");
    }

    #[test]
    fn the_end_of_a_sentence_keeps_neighbours_apart() {
        assert!(found("we kill. him too").is_empty());
    }
}
