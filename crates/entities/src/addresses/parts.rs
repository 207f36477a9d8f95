//! What follows street and number: complements, districts, cities with their states.

use super::Finder;
use super::words::{COMPLEMENTS, CONNECTORS, DISTRICTS, STATES};
use crate::lists::PLACES;

/// An address has no more parts than this behind its number.
const MOST_PARTS: usize = 8;

impl Finder<'_, '_, '_> {
    /// What else belongs to the address, part by part.
    pub(super) fn parts(&self, after: usize) -> usize {
        let mut end = after;
        for _ in 0..MOST_PARTS {
            let mut at = end;
            let is_new_line = self.reading.begins_line(at);
            let has_mark = matches!(self.reading.word(at), "," | "-" | "–" | "." | "/" | "(");
            if has_mark {
                at += 1;
            }
            let Some(next) = self.part(at, has_mark || is_new_line) else { break };
            end = next;
            if self.reading.word(end) == ")" {
                end += 1;
            }
        }
        end
    }

    /// One part that begins at a token: where it ends.
    fn part(&self, at: usize, is_apart: bool) -> Option<usize> {
        let word = self.reading.word(at);
        if COMPLEMENTS.contains(&word) {
            return self.complement(at);
        }
        if let Some(after) = self.floor(at) {
            return Some(after);
        }
        // "- SP", "SP"
        let token = self.reading.tokens.get(at)?;
        if token.text.len() == 2
            && STATES.contains(&word)
            && (self.is_capital(at) && self.is_capital_word(at) || is_apart)
            && !self.is_number(at + 1) | self.is_capital_word(at)
        {
            return Some(at + 1);
        }
        if DISTRICTS.contains(&word) {
            let first = at
                + 1
                + usize::from(
                    self.reading.word(at + 1) == "." && self.reading.is_glued(at + 1) && self.is_word(at + 2),
                );
            let after = self.capitals_or_list(first);
            return (after > first || word == "centro").then_some(after.max(at + 1));
        }
        if let Some(after) = self.place(at) {
            return is_apart.then_some(after);
        }
        // A district or a city that no list has: words in capitals alone between two marks.
        if is_apart && self.is_capital(at) && self.is_word(at) {
            let after = self.capitals(at);
            let is_postal = matches!(
                word,
                "cep"
                    | "cp"
                    | "cpf"
                    | "tel"
                    | "obrigado"
                    | "obrigada"
                    | "whatsapp"
                    | "cnpj"
                    | "pix"
                    | "pedido"
                    | "mobile"
                    | "desk"
                    | "fax"
                    | "phone"
                    | "name"
                    | "nome"
            );
            let is_sentence = self.reading.word_before(at) == "." || !self.ends_part(after);
            return (!is_postal && !is_sentence).then_some(after);
        }
        None
    }

    /// "10º andar", "2º B", "3er piso".
    fn floor(&self, at: usize) -> Option<usize> {
        let is_ordinal = self.is_number(at)
            && matches!(
                self.reading.word(at + 1),
                "º" | "°" | "ª" | "o" | "a" | "er" | "th" | "nd" | "rd" | "st"
            );
        if !is_ordinal || !self.reading.is_glued(at + 1) {
            return None;
        }
        let next = at + 2;
        (COMPLEMENTS.contains(&self.reading.word(next)) || self.is_letter(next)).then_some(next + 1)
    }

    fn is_capital_word(&self, at: usize) -> bool {
        self.reading.tokens.get(at).is_some_and(|token| token.text.chars().all(char::is_uppercase))
    }

    /// "ap 45", "bloco B", "casa 2", "3º andar", "fundos".
    fn complement(&self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        if matches!(self.reading.word(next), "." | ":" | "nº" | "#" | "n") {
            next += 1;
        }
        let is_label = self.is_number(next)
            || (self.is_letter(next) && !matches!(self.reading.word(next), "e" | "a" | "o" | "y"));
        if is_label {
            let mut after = next + 1;
            if self.reading.is_glued(after)
                && (self.is_letter(after) || matches!(self.reading.word(after), "º" | "°" | "ª"))
            {
                after += 1;
            }
            return Some(after);
        }
        matches!(self.reading.word(at), "fundos" | "frente" | "casa")
            .then_some(at + 1)
            .filter(|after| self.ends_part(*after))
    }

    fn capitals(&self, from: usize) -> usize {
        let mut after = from;
        while after - from < 6 {
            let connectors = usize::from(CONNECTORS.contains(&self.reading.word(after)));
            let at = after + connectors;
            if !self.is_capital(at) || !self.is_word(at) || (after > from && self.reading.begins_line(at)) {
                break;
            }
            after = at + 1;
        }
        after
    }

    /// A district's name: in capitals, or up to three small words before the next mark.
    fn capitals_or_list(&self, from: usize) -> usize {
        let after = self.capitals(from);
        if after > from {
            return after;
        }
        (from + 1..=from + 4)
            .find(|at| self.ends_part(*at) && (from..*at).all(|word| self.is_word(word)))
            .unwrap_or(from)
    }

    fn place(&self, at: usize) -> Option<usize> {
        let places = PLACES.get(self.reading.word(at))?;
        let place = places.iter().find(|place| {
            place.words.iter().enumerate().all(|(step, word)| self.reading.word(at + step) == *word)
        })?;
        Some(at + place.words.len())
    }
}
