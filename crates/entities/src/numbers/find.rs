//! Finds numbers, ordinals and percentages in a message.
//!
//! A row of digits is a number only where nothing around it says that it is part of a code, a
//! date, a time, a web address; and "um", "una", "one" alone are articles unless they are all
//! that the customer wrote.

use std::borrow::Cow;

use super::cardinal;
use super::decimal::Decimal;
use super::digits;
use super::ordinal;
use super::words::{NumberWord, number_word};
use crate::scan::{Token, scan};
use crate::{Entity, EntityKind, Language};

/// Finds every [`EntityKind::Number`], [`EntityKind::Ordinal`] and [`EntityKind::Percentage`] of
/// `text`, in order and without overlaps. The value is the decimal text ("1200", "0.5", "-3").
pub fn find(text: &str, language: Language) -> Vec<Entity<'_>> {
    let tokens = scan(text);
    let finder = Finder { text, tokens: &tokens, language, closed: in_addresses(&tokens) };
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        match finder.at(index) {
            Step::Found(end, kind, value) => {
                found.extend(finder.entity(index, end, kind, value));
                index = end.max(index + 1);
            }
            Step::Skip(end) => index = end.max(index + 1),
        }
    }
    found
}

enum Step {
    Found(usize, EntityKind, Decimal),
    Skip(usize),
}

struct Finder<'t, 'a> {
    text: &'a str,
    tokens: &'t [Token<'a>],
    language: Language,
    /// Whether the token is part of a web or mail address.
    closed: Vec<bool>,
}

impl<'a> Finder<'_, 'a> {
    fn at(&self, index: usize) -> Step {
        let next = Step::Skip(index + 1);
        let Some(token) = self.tokens.get(index) else { return next };
        if self.closed.get(index).copied().unwrap_or(false) {
            return next;
        }
        if self.is_minus(index) {
            return match self.number(index + 1) {
                Some((end, value)) => self.number_or_percentage(end, value.negated()),
                None => next,
            };
        }
        let ordinal = ordinal::ordinal(self.tokens, index, self.language);
        let is_free = !(token.is_number() && self.is_part_of_a_code(index));
        let number = self.number(index);
        match (number, ordinal) {
            (Some((end, value)), Some((after, _))) if end >= after => self.number_or_percentage(end, value),
            (_, Some((after, rank))) if is_free => Step::Found(after, EntityKind::Ordinal, rank),
            (Some((end, value)), _) => self.number_or_percentage(end, value),
            _ if token.is_number() => Step::Skip(self.end_of_code(index)),
            _ => next,
        }
    }

    fn number(&self, index: usize) -> Option<(usize, Decimal)> {
        let token = self.tokens.get(index)?;
        let (end, value) = cardinal::number(self.tokens, index, self.language)?;
        if token.is_word() {
            let alone = end == index + 1;
            if alone && (self.is_article(index) || self.is_thanks(end)) {
                return None;
            }
        } else if self.is_part_of_a_code(index) {
            return None;
        }
        let last_is_digits = self.tokens.get(end.checked_sub(1)?).is_some_and(Token::is_number);
        if last_is_digits && self.goes_on_as_a_code(end) {
            return None;
        }
        Some((end, value))
    }

    fn number_or_percentage(&self, end: usize, value: Decimal) -> Step {
        match self.end_of_percent(end) {
            Some(after) => Step::Found(after, EntityKind::Percentage, value),
            None => Step::Found(end, EntityKind::Number, value),
        }
    }

    /// "%", "por cento", "por ciento", "por cien", "percent", "per cent".
    fn end_of_percent(&self, index: usize) -> Option<usize> {
        let token = self.tokens.get(index)?;
        if token.is_any(&["%", "porcento", "percent", "percents", "percentage", "pct"]) {
            return Some(index + 1);
        }
        let next = self.tokens.get(index + 1)?;
        let is_phrase = (token.is("por") && next.is_any(&["cento", "ciento", "cien"]))
            || (token.is("per") && next.is("cent"));
        is_phrase.then_some(index + 2)
    }

    /// "-5" with nothing before it; "-2 pizzas" is a list's dash.
    fn is_minus(&self, index: usize) -> bool {
        let Some([dash, digits]) = self.tokens.get(index..index + 2) else { return false };
        if !dash.is("-") || !dash.space_before || !digits.is_number() || digits.space_before {
            return false;
        }
        let end = digits::end_of_chain(self.tokens, index + 1);
        self.tokens.get(end).is_none_or(|after| !after.is_word() || self.end_of_percent(end).is_some())
    }

    /// "um", "una", "one" say how many only where they are the whole message.
    fn is_article(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        number_word(&token.folded, self.language) == Some(NumberWord::Unit(1))
            && self.tokens.len() > 1
            && self.end_of_percent(index + 1).is_none()
    }

    /// "mil desculpas", "mil gracias".
    fn is_thanks(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| {
            token.is_any(&[
                "desculpas",
                "perdoes",
                "obrigados",
                "obrigadas",
                "gracias",
                "disculpas",
                "perdones",
                "vezes",
                "veces",
            ])
        }) && self.tokens.get(index.wrapping_sub(1)).is_some_and(|token| token.is("mil"))
    }

    /// Whether what stands directly before digits makes them part of something else.
    fn is_part_of_a_code(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return true };
        if token.text.len() > 1 && token.text.starts_with('0') && !self.has_decimals(index) {
            return true;
        }
        let Some(before) = index.checked_sub(1).and_then(|before| self.tokens.get(before)) else {
            return false;
        };
        if token.space_before {
            return false;
        }
        if before.is_word()
            || before.is_number()
            || before.is_any(&["/", ":", "#", "_", "@", "=", "&", ".", ",", "+", "°"])
        {
            return !(before.is_any(&[".", ",", ":", "/"]) && before.space_before);
        }
        let before_dash = index.checked_sub(2).and_then(|place| self.tokens.get(place));
        before.is("-") && !before.space_before && before_dash.is_some_and(Token::is_word)
    }

    fn has_decimals(&self, index: usize) -> bool {
        digits::end_of_chain(self.tokens, index) == index + 3
    }

    /// Whether what stands directly behind digits makes them part of something else.
    fn goes_on_as_a_code(&self, end: usize) -> bool {
        let Some(after) = self.tokens.get(end) else { return false };
        if after.space_before {
            return false;
        }
        let then_digits = self.tokens.get(end + 1).is_some_and(|next| next.is_number() && !next.space_before);
        after.is_word() || (after.is_any(&["/", ":", "_", "@", "="]) && then_digits)
    }

    /// Where a row of digits that is no number ends: the whole chain, with its slashes and colons.
    fn end_of_code(&self, index: usize) -> usize {
        let mut end = digits::end_of_chain(self.tokens, index);
        while let Some([mark, digits]) = self.tokens.get(end..end + 2) {
            if !mark.is_any(&["/", ":", "-", "_", ".", ","])
                || mark.space_before
                || !digits.is_number()
                || digits.space_before
            {
                break;
            }
            end += 2;
        }
        end
    }

    fn entity(&self, index: usize, end: usize, kind: EntityKind, value: Decimal) -> Option<Entity<'a>> {
        let start = self.tokens.get(index)?.start;
        let end = self.tokens.get(end.checked_sub(1)?)?.end;
        let text = self.text.get(start..end)?;
        let confidence = super::confidence(kind);
        Some(Entity { kind, start, end, text, value: Cow::Owned(value.to_string()), confidence })
    }
}

/// Marks the tokens of web and mail addresses: runs without space that hold "://", "www." or "@".
pub(crate) fn in_addresses(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut marks = vec![false; tokens.len()];
    let mut begin = 0;
    while begin < tokens.len() {
        let length = tokens.iter().skip(begin + 1).take_while(|token| !token.space_before).count() + 1;
        let run = tokens.get(begin..begin + length).unwrap_or_default();
        let has_scheme = run.windows(3).any(|window| match window {
            [colon, first, second] => colon.is(":") && first.is("/") && second.is("/"),
            _ => false,
        });
        if has_scheme || run.iter().any(|token| token.is_any(&["@", "www"])) {
            marks.iter_mut().skip(begin).take(length).for_each(|mark| *mark = true);
        }
        begin += length;
    }
    marks
}
