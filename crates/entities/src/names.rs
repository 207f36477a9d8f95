//! Names of people: introduced ("me chamo …"), titled ("Dona …"), addressed ("Oi, …"), or a given
//! name of the list with a family name behind it.
//!
//! Two words in capitals alone are no name. The value is the name as written, one space between
//! words, each word's first letter in capitals.

mod words;

use crate::confidence::Rule;
use crate::lists::{GIVEN_NAMES, PLACES, SURNAMES};
use crate::reading::{Evidence, Findings, Reading};
use crate::scan::Token;

use words::{
    BEFORE_PEOPLE, CONNECTORS, GREETINGS, INTRODUCTIONS, OFFICES, STOP_WORDS, THINGS, TITLES,
    WEAK_INTRODUCTIONS,
};

/// More words than this are no name any more.
const MOST_WORDS: usize = 7;

/// Words for a place in a house that follow a name in an address.
const PARTS_OF_ADDRESS: &[&str] =
    &["apt", "apto", "suite", "ap", "rua", "street", "av", "tel", "cpf", "cep", "unit", "cel", "rg"];

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let finder = Finder { reading };
    let mut index = 0;
    while index < reading.tokens.len() {
        match finder.at(index) {
            Some((rule, evidence, after)) => {
                let start = reading.tokens.get(index).map_or(0, |token| token.start);
                let end = reading.tokens.get(after - 1).map_or(0, |token| token.end);
                found.add(rule, evidence, (start, end), capitalised(reading.slice(start, end)));
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
    /// The name that begins at a token: how it was found, and the token after it.
    fn at(&self, index: usize) -> Option<(Rule, Evidence, usize)> {
        if !self.may_be_name(index) || !self.begins_alone(index) {
            return None;
        }
        let listed = self.listed(index);
        let is_capital = self.is_capital(index);
        if self.follows(index, INTRODUCTIONS) && !STOP_WORDS.contains(&self.reading.word(index)) {
            let after = self.extended_by(index, true);
            return Some((Rule::NameIntroduced, Evidence::Clue, after));
        }
        let is_known = listed.is_some();
        if self.follows(index, WEAK_INTRODUCTIONS) && listed == Some(false) {
            return Some((Rule::NameIntroduced, Evidence::Clue, self.extended(index)));
        }
        if self.has_title(index) && (is_known || (is_capital && self.has_abbreviated_title(index))) {
            return Some((Rule::NameTitled, Evidence::Clue, self.extended(index)));
        }
        if self.follows_thing(index) {
            return None;
        }
        let Some(is_doubtful) = listed else { return self.before_listed(index) };
        let after = self.extended(index);
        let is_full = after > index + 1 && self.has_family_name(index + 1, after);
        if is_full && (is_capital || !is_doubtful) {
            return Some((Rule::NameListed, Evidence::Plan, after));
        }
        // "could you call Linda?": a word in capitals inside a sentence, behind what asks for people.
        let is_inside = is_capital && !self.is_capital(index.wrapping_sub(1)) && !self.begins_sentence(index);
        let is_meant = !is_doubtful || is_inside || (is_capital && self.is_greeted(index));
        if self.is_addressed(index) && is_meant {
            return Some((Rule::NameAddressed, Evidence::Plan, after));
        }
        // A given name alone says so only in capitals.
        let is_written_so = is_capital && !self.reading.is_shouted() && !is_doubtful;
        is_written_so.then_some((Rule::NameGiven, Evidence::Shape, after))
    }

    /// "Tristan Dennis": a word in capitals inside a sentence, with a listed name behind it.
    fn before_listed(&self, index: usize) -> Option<(Rule, Evidence, usize)> {
        let is_inside = self.is_capital(index) && !self.begins_sentence(index) && !self.reading.is_shouted();
        let is_joined = self.reading.tokens.get(index + 1).is_some_and(|next| next.space_before)
            && self.is_capital(index + 1)
            && !self.reading.begins_line(index + 1);
        let is_stop = STOP_WORDS.contains(&self.reading.word(index))
            || OFFICES.contains(&self.reading.word(index))
            || TITLES.contains(&self.reading.word(index))
            || THINGS.contains(&self.reading.word(index));
        let is_listed = self.listed(index + 1) == Some(false);
        (is_inside && is_joined && is_listed && !is_stop)
            .then(|| (Rule::NameGiven, Evidence::Shape, self.extended(index)))
    }

    /// "Hospital Maria Braz", "São Paulo Futebol": what stands before makes it a thing's name; and
    /// so does an unknown word in capitals that begins the sentence.
    fn follows_thing(&self, index: usize) -> bool {
        let before = self.reading.word_before(index);
        let is_joined = index > 0
            && !self.reading.begins_line(index)
            && self.reading.tokens.get(index - 1).is_some_and(Token::is_word);
        if !is_joined || !self.is_capital(index) {
            return false;
        }
        let is_named_after = CONNECTORS.contains(&before)
            && THINGS.contains(&self.reading.word(index.wrapping_sub(2)))
            && self.is_capital(index.wrapping_sub(2));
        THINGS.contains(&before) || is_named_after
    }

    fn may_be_name(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.is_word() && token.text.chars().count() >= 2)
    }

    /// No part of a code, a handle or a mail address.
    fn begins_alone(&self, index: usize) -> bool {
        !self.reading.is_glued(index)
            || matches!(
                self.reading.word_before(index),
                "(" | "\"" | "'" | ":" | "," | ">" | "*" | "!" | "." | "“" | "/" | "—" | "¡" | "¿"
            ) && !self.reading.word_before(index).starts_with('@')
    }

    fn listed(&self, index: usize) -> Option<bool> {
        let token = self.reading.tokens.get(index)?;
        let next_glued = self.reading.is_glued(index + 1)
            && !matches!(
                self.reading.word(index + 1),
                "," | "." | "!" | "?" | ":" | ";" | ")" | "'" | "\"" | "-" | "”" | "*" | "…" | "’" | "/"
            );
        if next_glued {
            return None;
        }
        GIVEN_NAMES.get(token.folded.as_ref()).copied()
    }

    fn is_capital(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.text.starts_with(char::is_uppercase))
    }

    fn begins_sentence(&self, index: usize) -> bool {
        index == 0
            || matches!(self.reading.word_before(index), "." | "!" | "?" | ":" | "\"" | "-" | "¡" | "¿")
            || self.reading.begins_line(index)
    }

    fn follows(&self, index: usize, introductions: &[&[&str]]) -> bool {
        introductions.iter().any(|words| {
            words.len() <= index
                && words
                    .iter()
                    .rev()
                    .enumerate()
                    .all(|(back, word)| self.reading.word(index - 1 - back) == *word)
        })
    }

    fn has_title(&self, index: usize) -> bool {
        let at = if self.reading.word_before(index) == "." {
            index.wrapping_sub(2)
        } else {
            index.wrapping_sub(1)
        };
        TITLES.contains(&self.reading.word(at))
    }

    /// "Sr. Xpto": an abbreviation in capitals is a title even before a name that no list has.
    fn has_abbreviated_title(&self, index: usize) -> bool {
        let at = if self.reading.word_before(index) == "." {
            index.wrapping_sub(2)
        } else {
            index.wrapping_sub(1)
        };
        matches!(self.reading.word(at), "sr" | "sra" | "srta" | "dr" | "dra" | "mr" | "mrs" | "ms" | "prof")
            && self.is_capital(at)
    }

    fn is_addressed(&self, index: usize) -> bool {
        let mut before = index.wrapping_sub(1);
        if matches!(self.reading.word(before), "," | "!" | "o" | "a" | "el" | "la")
            && !self.reading.begins_line(index)
        {
            before = before.wrapping_sub(1);
        }
        let is_signature = self.reading.begins_line(index) && self.ends_line(index);
        let word = self.reading.word(before);
        is_signature || GREETINGS.contains(&word) || BEFORE_PEOPLE.contains(&word)
    }

    /// "Oi Rosa", "Hola, Luz": only a greeting makes a person of a word.
    fn is_greeted(&self, index: usize) -> bool {
        let before = if self.reading.word_before(index) == "," {
            index.wrapping_sub(2)
        } else {
            index.wrapping_sub(1)
        };
        GREETINGS.contains(&self.reading.word(before))
            || matches!(self.reading.word(before), "com" | "con" | "with")
                && self.reading.word(before.wrapping_sub(1)).starts_with("fal")
    }

    fn ends_line(&self, index: usize) -> bool {
        let after = self.extended(index);
        self.reading.tokens.get(after).is_none() || self.reading.begins_line(after)
    }

    /// Where the name that begins here ends: family names, initials, connectors before either.
    fn extended(&self, index: usize) -> usize {
        self.extended_by(index, false)
    }

    /// `introduced`: a name is expected, so that "clara" behind "maria" is one.
    fn extended_by(&self, index: usize, introduced: bool) -> usize {
        let is_capital = self.is_capital(index) && !self.reading.is_shouted();
        let mut after = index + 1;
        while after - index < MOST_WORDS {
            let is_joined = !self.reading.begins_line(after)
                && self.reading.tokens.get(after).is_some_and(|token| token.space_before);
            if !is_joined {
                // "O'Brien", "Ana-Maria"
                let is_inner = matches!(self.reading.word(after), "'" | "-" | "’")
                    && self.reading.is_glued(after)
                    && self.reading.is_glued(after + 1)
                    && self.is_capital(after + 1)
                    && self.may_be_name(after + 1);
                if is_inner {
                    after += 2;
                    continue;
                }
                break;
            }
            let connectors =
                (after..after + 2).take_while(|at| CONNECTORS.contains(&self.reading.word(*at))).count();
            let at = after + connectors;
            let is_origin = connectors > 0 && self.begins_place(at);
            if is_origin
                || connectors > 0 && self.reading.begins_line(at)
                || !self.continues(at, is_capital, connectors > 0, introduced)
            {
                break;
            }
            after = at + 1;
            if self.is_initial(at) && self.reading.word(after) == "." && self.reading.is_glued(after) {
                after += 1;
            }
        }
        after
    }

    /// "Marcela de Ribeirão Preto": where she is from is no part of her name.
    fn begins_place(&self, at: usize) -> bool {
        let places = PLACES.get(self.reading.word(at)).map_or(&[][..], Vec::as_slice);
        !SURNAMES.contains(self.reading.word(at))
            && places.iter().any(|place| {
                let mut words = place.words.iter().enumerate();
                !place.is_doubtful && words.all(|(step, word)| self.reading.word(at + step) == *word)
            })
    }

    fn is_initial(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.is_word() && token.text.chars().count() == 1)
            && self.is_capital(index)
    }

    fn continues(&self, at: usize, is_capital: bool, is_connected: bool, introduced: bool) -> bool {
        let Some(token) = self.reading.tokens.get(at) else { return false };
        if !token.is_word() || !token.space_before {
            return false;
        }
        let word = token.folded.as_ref();
        if PARTS_OF_ADDRESS.contains(&word) || OFFICES.contains(&word) {
            return false;
        }
        let is_family = SURNAMES.contains(word);
        let is_given = GIVEN_NAMES.get(word).is_some_and(|is_doubtful| introduced || !is_doubtful);
        if is_capital {
            let is_stop = STOP_WORDS.contains(&word) && !is_family;
            return self.is_capital(at)
                && !is_stop
                && (token.text.chars().count() > 1 || self.is_initial(at));
        }
        // Without capitals only the lists tell where a name ends; "luz", "costa" and "reis" may go on
        // as words, which costs little.
        (is_family || (is_given && !is_connected)) && !STOP_WORDS.contains(&word) && !is_everyday(word)
    }

    fn has_family_name(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            let word = self.reading.word(at);
            SURNAMES.contains(word) || GIVEN_NAMES.get(word) == Some(&false)
        })
    }
}

fn capitalised(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    for word in written.split_whitespace() {
        if !value.is_empty() {
            value.push(' ');
        }
        let folded = word.to_lowercase();
        if CONNECTORS.contains(&folded.as_str()) && !value.is_empty() {
            value.push_str(&folded);
            continue;
        }
        let is_uniform = word.chars().all(|c| !c.is_lowercase()) || word.chars().all(|c| !c.is_uppercase());
        if !is_uniform || word.chars().count() == 1 {
            value.push_str(word);
            continue;
        }
        let mut characters = folded.chars();
        value.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        value.push_str(characters.as_str());
    }
    value
}

/// Family names that small letters more often mean as words.
fn is_everyday(word: &str) -> bool {
    matches!(
        word,
        "pena"
            | "valor"
            | "vale"
            | "para"
            | "costa"
            | "leite"
            | "sales"
            | "luz"
            | "paz"
            | "long"
            | "price"
            | "white"
            | "green"
            | "brown"
            | "young"
            | "hill"
            | "bell"
            | "cook"
            | "moto"
            | "porto"
            | "campos"
            | "rico"
            | "pino"
            | "mesa"
            | "torre"
            | "bravo"
            | "leal"
            | "sol"
    )
}
