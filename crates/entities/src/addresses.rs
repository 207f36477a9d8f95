//! Street addresses: "Rua das Flores, 123, ap 45, Centro, São Paulo - SP", "Calle 5 de Mayo 12",
//! "123 Main St, Apt 4".
//!
//! A word for a street, a name, and a number begin one; what follows belongs to it as long as it
//! is a complement, a district, a city with its state. A postal code stays an entity of its own.
//! The value is the address as written, with single spaces.

mod parts;
mod words;

use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};
use crate::scan::Token;

use words::{
    COMPLEMENTS, CONNECTORS, DOUBTFUL_STREETS, ENGLISH_STREETS, PLAIN_STREETS, SHORT_STREETS, STREETS,
};

/// A street's name has no more words than this.
const MOST_NAME_WORDS: usize = 8;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let finder = Finder { reading };
    let mut index = 0;
    while index < reading.tokens.len() {
        let street = finder.street_first(index).or_else(|| finder.number_first(index));
        let Some((rule, after_street)) = street else {
            index += 1;
            continue;
        };
        let after = if rule == Rule::Address { finder.parts(after_street) } else { after_street };
        let start = reading.tokens.get(index).map_or(0, |token| token.start);
        let end = after.checked_sub(1).and_then(|last| reading.tokens.get(last)).map_or(0, |token| token.end);
        let value = reading.slice(start, end).split_whitespace().collect::<Vec<_>>().join(" ");
        found.add(rule, Evidence::Clue, (start, end), value);
        index = after.max(index + 1);
    }
}

struct Finder<'r, 't, 'c> {
    reading: &'r Reading<'t, 'c>,
}

impl Finder<'_, '_, '_> {
    fn is_capital(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.text.starts_with(char::is_uppercase))
    }

    fn is_number(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.is_number() && token.text.len() <= 6)
    }

    fn is_word(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(Token::is_word)
    }

    /// "Rua das Flores, 123", "Av. Paulista 1000", "C/ Mayor 5", "Rua Augusta".
    fn street_first(&self, index: usize) -> Option<(Rule, usize)> {
        let word = self.reading.word(index);
        if !STREETS.contains(&word)
            || self.reading.is_glued(index)
                && !matches!(self.reading.word_before(index), "(" | ":" | "," | "\"" | ">" | "-")
        {
            return None;
        }
        let mark = self.reading.word(index + 1);
        let has_mark = (mark == "." || (mark == "/" && word == "c")) && self.reading.is_glued(index + 1);
        if SHORT_STREETS.contains(&word)
            && !has_mark
            && !(self.is_capital(index) && word.len() > 1)
            && word != "av"
        {
            return None;
        }
        let first = index + 1 + usize::from(has_mark);
        let (after_name, capitals) = self.name(first, index);
        let is_initials = after_name == first + 1 && self.is_letter(first);
        if after_name == first || is_initials {
            return None;
        }
        if let Some(after_number) = self.house_number(after_name, first) {
            let is_sure = capitals > 0 || !DOUBTFUL_STREETS.contains(&word);
            return is_sure.then_some((Rule::Address, after_number));
        }
        // "rua 10, casa 3", "quadra 12 lote 4": a number for a name needs more behind it.
        let is_numbered = after_name == first + 1 && self.is_number(first);
        if is_numbered && self.complement_behind(after_name) {
            return Some((Rule::Address, after_name));
        }
        // "Carrera 7 # 45-12": the name was the number.
        let has_digits = (first..after_name).any(|at| self.is_number(at));
        if has_digits
            && self.is_number(after_name - 1)
            && after_name > first + 1
            && !self.has_month(first, after_name)
        {
            return Some((Rule::Address, after_name));
        }
        let is_named = self.is_capital(first)
            || matches!(self.reading.word(first), "da" | "de" | "do" | "das" | "dos" | "del")
                && self.is_capital(first + 1);
        let is_plain = PLAIN_STREETS.contains(&word) || word == "av" && has_mark;
        (is_named && is_plain && !self.reading.is_shouted()).then_some((Rule::AddressUnnumbered, after_name))
    }

    fn complement_behind(&self, after: usize) -> bool {
        let at = after + usize::from(self.reading.word(after) == ",");
        COMPLEMENTS.contains(&self.reading.word(at)) && self.is_number(at + 1)
    }

    fn has_month(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| {
            matches!(
                self.reading.word(at),
                "janeiro"
                    | "fevereiro"
                    | "marco"
                    | "abril"
                    | "maio"
                    | "junho"
                    | "julho"
                    | "agosto"
                    | "setembro"
                    | "outubro"
                    | "novembro"
                    | "dezembro"
                    | "mayo"
                    | "septiembre"
            )
        })
    }

    /// The words of a street's name; how many of them are in capitals.
    fn name(&self, first: usize, street: usize) -> (usize, usize) {
        let mut after = first;
        let mut capitals = 0;
        // "calle 45 # 12-34", "rua 7 de setembro", "rua 15"
        if self.is_number(after) {
            after += 1;
            if matches!(self.reading.word(after), "de") {
                after += 1;
            } else {
                return (after, usize::from(self.is_capital(street)));
            }
        }
        while after - first < MOST_NAME_WORDS && self.is_word(after) && !self.reading.begins_line(after) {
            let word = self.reading.word(after);
            let is_connector = CONNECTORS.contains(&word);
            let is_number_word = matches!(word, "n" | "no" | "numero" | "num" | "nº" | "sn" | "km");
            // What is written in small letters ends the name unless a number follows soon.
            if is_number_word
                || (!self.is_capital(after) && !is_connector && capitals > 0)
                || is_sentence_word(word)
            {
                break;
            }
            capitals += usize::from(self.is_capital(after));
            after += 1;
            // "Dr. Arnaldo", "Cel. Xavier"
            if self.reading.word(after) == "."
                && self.reading.is_glued(after)
                && self.is_capital(after + 1)
                && word.len() <= 4
            {
                after += 1;
            }
        }
        while after > first && CONNECTORS.contains(&self.reading.word(after - 1)) {
            after -= 1;
        }
        (after, capitals)
    }

    /// ", 123", "nº 123", "123-B", "s/n", "# 45-12".
    fn house_number(&self, at: usize, first: usize) -> Option<usize> {
        let mut at = at;
        if matches!(self.reading.word(at), "," | "-" | "–" | ":") {
            at += 1;
        }
        let marks = ["n", "no", "nº", "num", "numero", "nro", "#", "number", "nr", "km"];
        let is_marked = marks.contains(&self.reading.word(at));
        if is_marked {
            at += 1;
            if matches!(self.reading.word(at), "." | "º" | "°" | ":" | "o") {
                at += 1;
            }
        }
        if matches!(self.reading.word(at), "s" | "sn") {
            let is_short = self.reading.word(at) == "sn";
            let is_none = is_short || self.reading.word(at + 1) == "/" && self.reading.word(at + 2) == "n";
            return is_none.then_some(if is_short { at + 1 } else { at + 3 });
        }
        let has_postal_code = self.reading.word(at + 1) == "-" && self.is_postal(at + 2);
        let is_house = self.is_number(at) && !self.is_counted(at) && !has_postal_code;
        if !is_house || at < first {
            return None;
        }
        let mut after = at + 1;
        // "1.234", "45-12", "123-B", "123B", "123 A"
        if matches!(self.reading.word(after), "-" | "." | "/")
            && self.reading.is_glued(after)
            && self.reading.is_glued(after + 1)
        {
            let is_more = self.is_number(after + 1) || self.is_letter(after + 1);
            if is_more && !self.is_postal(after + 1) {
                after += 2;
            }
        } else if self.is_letter(after)
            && (self.reading.is_glued(after) || self.is_capital(after) && self.ends_part(after + 1))
        {
            after += 1;
        }
        Some(after)
    }

    fn is_letter(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.is_word() && token.text.len() == 1)
    }

    fn is_postal(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_some_and(|token| token.text.len() == 3)
            && self.reading.tokens.get(index.wrapping_sub(2)).is_some_and(|token| token.text.len() == 5)
    }

    fn ends_part(&self, index: usize) -> bool {
        self.reading.tokens.get(index).is_none_or(|token| !token.is_word() && !token.is_number())
            || self.reading.begins_line(index)
    }

    /// "rua … 2 vezes", "av … 10 reais", "às 15h": the number counts something.
    fn is_counted(&self, at: usize) -> bool {
        matches!(
            self.reading.word(at + 1),
            "vezes"
                | "x"
                | "reais"
                | "h"
                | "hs"
                | "horas"
                | "hrs"
                | "minutos"
                | "min"
                | "dias"
                | "kg"
                | "%"
                | "unidades"
                | "metros"
                | "pessoas"
                | "caixas"
                | "mil"
        ) || matches!(self.reading.word(at + 1), "/" | ":" | ",")
            && self.reading.is_glued(at + 1)
            && self.reading.is_glued(at + 2)
            && self.is_number(at + 2)
    }

    /// "123 Main St", "2450 Crown Street".
    fn number_first(&self, index: usize) -> Option<(Rule, usize)> {
        if !self.is_number(index)
            || self.reading.is_glued(index)
                && !matches!(self.reading.word_before(index), "(" | ":" | ">" | "\"")
        {
            return None;
        }
        let mut after = index + 1;
        // "17031 2202 Rissik St": a house number and a block.
        if self.is_number(after) {
            after += 1;
        }
        let first = after;
        if self.reading.is_glued(first) || self.reading.is_shouted() {
            return None;
        }
        while after - first < 5 {
            let token = self.reading.tokens.get(after)?;
            // "5th Avenue"
            let is_name = token.is_word() || token.is_number();
            if !is_name || self.reading.begins_line(after) {
                return None;
            }
            let is_street = after > first
                && !self.reading.is_glued(after)
                && ENGLISH_STREETS.contains(&token.folded.as_ref());
            if is_street && (self.is_capital(after) || !self.is_capital(first)) {
                let is_capital = self.is_capital(first) || self.is_number(first);
                let is_word_too = matches!(
                    token.folded.as_ref(),
                    "way"
                        | "place"
                        | "drive"
                        | "court"
                        | "close"
                        | "square"
                        | "dr"
                        | "st"
                        | "lane"
                        | "circle"
                        | "pl"
                        | "ct"
                        | "sq"
                        | "ave"
                );
                let has_point = self.reading.word(after + 1) == "."
                    && self.reading.is_glued(after + 1)
                    && token.text.len() <= 4
                    && self.reading.tokens.get(after + 2).is_some();
                let has_name =
                    (first..after).any(|at| self.reading.word(at).len() >= 3 || self.is_number(at));
                return (has_name && (is_capital || !is_word_too))
                    .then_some((Rule::Address, after + 1 + usize::from(has_point)));
            }
            if matches!(
                token.folded.as_ref(),
                "de" | "da"
                    | "do"
                    | "em"
                    | "por"
                    | "reais"
                    | "of"
                    | "in"
                    | "to"
                    | "and"
                    | "is"
                    | "for"
                    | "at"
                    | "on"
            ) {
                return None;
            }
            after += 1;
        }
        None
    }
}

/// What ends a street's name in a sentence.
fn is_sentence_word(word: &str) -> bool {
    matches!(
        word,
        "que"
            | "onde"
            | "esta"
            | "fica"
            | "quero"
            | "meu"
            | "minha"
            | "nao"
            | "aqui"
            | "ai"
            | "em"
            | "no"
            | "na"
            | "por"
            | "para"
            | "pra"
            | "com"
            | "is"
            | "donde"
            | "mi"
            | "en"
            | "por_favor"
            | "inteira"
            | "toda"
            | "errada"
            | "certa"
            | "foi"
            | "era"
            | "tem"
            | "a"
            | "solo"
            | "ou"
            | "mas"
            | "hoje"
            | "amanha"
    )
}
