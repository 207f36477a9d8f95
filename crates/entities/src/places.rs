//! Countries, states and cities of a hand-made list, and cities with their state behind them.
//!
//! The value of a country or state is its ISO 3166 code (`AR`, `BR-SP`), of a city its name as the
//! list writes it, of a city that no list has its name as written.

use crate::confidence::Rule;
use crate::lists::{PLACES, Place};
use crate::reading::{Evidence, Findings, Reading};

/// Brazil's states as people abbreviate them behind a city.
const STATES: &[&str] = &[
    "AC", "AL", "AP", "AM", "BA", "CE", "DF", "ES", "GO", "MA", "MT", "MS", "MG", "PA", "PB", "PR", "PE",
    "PI", "RJ", "RN", "RS", "RO", "RR", "SC", "SP", "SE", "TO",
];

/// What stands before a place; "para" and "a" before many other things too.
const PREPOSITIONS: &[&str] = &[
    "em", "de", "para", "pra", "desde", "ate", "en", "a", "in", "to", "from", "at", "near", "hasta", "hacia",
    "do", "da", "no", "na", "by", "of", "cidade",
];

/// Verbs and nouns that ask for a place: a word in capitals behind them is one, listed or not.
const PLACE_CLUES: &[&[&str]] = &[
    &["moro", "em"],
    &["mora", "em"],
    &["resido", "em"],
    &["sou", "de"],
    &["aqui", "em"],
    &["entregam", "em"],
    &["entrega", "em"],
    &["entregar", "em"],
    &["cidade", "de"],
    &["cidade", ":"],
    &["vivo", "en"],
    &["soy", "de"],
    &["envian", "a"],
    &["ciudad", "de"],
    &["ciudad", ":"],
    &["live", "in"],
    &["city", ":"],
    &["frete", "para"],
];

/// A name of more words than this is none.
const MOST_WORDS: usize = 5;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let finder = Finder { reading };
    let mut index = 0;
    while index < reading.tokens.len() {
        match finder.at(index) {
            Some((rule, after, value)) => {
                let start = reading.tokens.get(index).map_or(0, |token| token.start);
                let end = reading.tokens.get(after - 1).map_or(0, |token| token.end);
                found.add(rule, Evidence::Plan, (start, end), value);
                index = after;
            }
            None => index += 1,
        }
    }
}

struct Finder<'r, 't, 'c> {
    reading: &'r Reading<'t, 'c>,
}

impl Finder<'_, '_, '_> {
    fn at(&self, index: usize) -> Option<(Rule, usize, String)> {
        let token = self.reading.tokens.get(index)?;
        if !token.is_word() || !self.begins_alone(index) {
            return None;
        }
        let place = self.listed(index);
        if let Some((after, place)) = place {
            if let Some(end) = self.state_after(after) {
                return Some((Rule::Place, end, place.value.to_owned()));
            }
            if self.is_believed(index, after, place) {
                return Some((Rule::Place, after, place.value.to_owned()));
            }
        }
        self.unlisted(index)
    }

    fn begins_alone(&self, index: usize) -> bool {
        !self.reading.is_glued(index)
            || !matches!(self.reading.word_before(index), "@" | "." | "_" | "#" | "/" | "'" | "-" | "’")
    }

    fn listed(&self, index: usize) -> Option<(usize, &'static Place)> {
        let candidates = PLACES.get(self.reading.word(index))?;
        candidates.iter().find_map(|place| {
            let after = self.matches(index, place)?;
            Some((after, place))
        })
    }

    fn matches(&self, index: usize, place: &Place) -> Option<usize> {
        if let Some(accented) = place.accented {
            let token = self.reading.tokens.get(index)?;
            let is_written_so = token.text.to_lowercase() == accented && self.is_capital(index);
            return is_written_so.then_some(index + 1);
        }
        let mut at = index;
        for word in &place.words {
            if self.reading.word(at) != *word {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    fn is_capital(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.text.starts_with(char::is_uppercase))
    }

    fn is_believed(&self, index: usize, after: usize, place: &Place) -> bool {
        // "Nova Brasília", "Telecom Portugal" and "California State University" are other names.
        let is_mixed = !self.reading.is_shouted();
        let is_joined = |at: usize| {
            self.reading.tokens.get(at).is_some_and(|token| token.space_before)
                && !self.reading.begins_line(at)
        };
        let before = index.wrapping_sub(1);
        let follows_name = index > 1
            && self.is_capital(before)
            && is_joined(index)
            && is_joined(before)
            && !PREPOSITIONS.contains(&self.reading.word(before))
            && self.listed(before).is_none();
        let goes_on = self.is_capital(after)
            && is_joined(after)
            && self.is_capital(index)
            && self.listed(after).is_none();
        if is_mixed
            && (follows_name
                || goes_on
                || matches!(self.reading.word(before), "novo" | "nova" | "new" | "nuevo" | "nueva"))
        {
            return false;
        }
        if !place.is_doubtful {
            let is_short = place.words.iter().map(|word| word.len()).sum::<usize>() <= 3;
            return !is_short || self.is_capital(index) || self.is_placed(index);
        }
        let goes_on = self.is_capital(after)
            && self.reading.tokens.get(after).is_some_and(|token| token.is_word() && token.space_before);
        self.is_capital(index) && self.is_placed(index) && !goes_on
    }

    fn is_placed(&self, index: usize) -> bool {
        PREPOSITIONS.contains(&self.reading.word_before(index))
            && !matches!(
                self.reading.word(index.wrapping_sub(2)),
                "feliz" | "cartao" | "presente" | "arvore" | "camisa"
            )
    }

    /// "- SP", "/SP", ", SP", "SP": the state behind a city, with the token after it.
    fn state_after(&self, after: usize) -> Option<usize> {
        let is_mark = matches!(self.reading.word(after), "-" | "/" | "," | "–" | "(");
        let at = after + usize::from(is_mark);
        let token = self.reading.tokens.get(at)?;
        if !is_mark && !token.space_before
            || !STATES.contains(&token.text)
            || self.reading.is_glued(at + 1)
                && self.reading.tokens.get(at + 1).is_some_and(|next| next.is_number() || next.is_word())
        {
            return None;
        }
        let closes = self.reading.word(after) == "(" && self.reading.word(at + 1) == ")";
        Some(at + 1 + usize::from(closes))
    }

    /// "Xanxerê - SC", "Xanxerê/SC", "moro em Xanxerê": words in capitals that something calls a place.
    fn unlisted(&self, index: usize) -> Option<(Rule, usize, String)> {
        if !self.is_capital(index) || self.reading.is_shouted() {
            return None;
        }
        let mut after = index + 1;
        while after - index < MOST_WORDS {
            let connectors =
                usize::from(matches!(self.reading.word(after), "de" | "do" | "da" | "dos" | "das" | "del"));
            let at = after + connectors;
            let is_more = self.is_capital(at)
                && self.reading.tokens.get(at).is_some_and(|token| token.space_before && token.is_word())
                && !self.reading.begins_line(at);
            if !is_more || STATES.contains(&self.reading.tokens.get(at).map_or("", |token| token.text)) {
                break;
            }
            after = at + 1;
        }
        let name = || {
            let start = self.reading.tokens.get(index).map_or(0, |token| token.start);
            let end = self.reading.tokens.get(after - 1).map_or(0, |token| token.end);
            self.reading.slice(start, end).to_owned()
        };
        let has_mark = matches!(self.reading.word(after), "-" | "/" | "–")
            && self.reading.tokens.get(index).is_some_and(|token| token.text.chars().any(char::is_lowercase));
        if has_mark && let Some(end) = self.state_after(after) {
            return Some((Rule::PlaceWithState, end, name()));
        }
        let has_clue = PLACE_CLUES.iter().any(|words| {
            words.len() <= index
                && words
                    .iter()
                    .rev()
                    .enumerate()
                    .all(|(back, word)| self.reading.word(index - 1 - back) == *word)
        });
        let is_thing = matches!(
            self.reading.word(index),
            "casa"
                | "rua"
                | "avenida"
                | "todo"
                | "toda"
                | "meu"
                | "minha"
                | "loja"
                | "apartamento"
                | "calle"
                | "a"
                | "o"
                | "my"
        );
        (has_clue && !is_thing).then(|| (Rule::PlaceClue, after, name()))
    }
}
