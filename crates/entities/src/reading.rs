//! A text as the extractors read it: its tokens, what stands around a place, and what was found.

use std::borrow::Cow;

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::numbers::{self, Decimal};
use crate::scan::{Token, TokenKind, scan};
use crate::{Context, Country, Entity, EntityKind, Language};

/// A clue stands at most this many tokens away; "o número do meu pedido da loja é o" has nine.
const CLUE_REACH: usize = 10;

/// How good the reason is to believe a finding; where two overlap, the better reason stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// It looks like one.
    Shape,
    /// Its parts agree with a public plan or list.
    Plan,
    /// A word beside it says what it is.
    Clue,
    /// It carries its own proof: a check digit that fits, in the form in which it is written.
    Checked,
}

/// Something that an extractor found.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) source: Source,
    pub(crate) evidence: Evidence,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) value: String,
}

/// Who found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// One of the rules, the more specific first.
    Rule(Rule),
    /// The readers of dates and numbers, with their own confidence in thousandths.
    Reader(EntityKind, u16),
}

impl Source {
    pub(crate) fn kind(self) -> EntityKind {
        match self {
            Self::Rule(rule) => rule.kind(),
            Self::Reader(kind, _) => kind,
        }
    }

    pub(crate) fn confidence(self) -> f32 {
        match self {
            Self::Rule(rule) => rule.confidence(),
            Self::Reader(_, thousandths) => f32::from(thousandths) / 1000.0,
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) all: Vec<Finding>,
}

impl Findings {
    pub(crate) fn add(&mut self, rule: Rule, evidence: Evidence, place: (usize, usize), value: String) {
        let source = Source::Rule(rule);
        self.all.push(Finding { source, evidence, start: place.0, end: place.1, value });
    }
}

impl Findings {
    /// Adds what another reader found.
    pub(crate) fn add_entity(&mut self, entity: Entity<'_>, evidence: Evidence) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a confidence is 0 to 1")]
        let thousandths = (entity.confidence * 1000.0).round() as u16;
        let source = Source::Reader(entity.kind, thousandths);
        let Entity { start, end, value, .. } = entity;
        self.all.push(Finding { source, evidence, start, end, value: value.into_owned() });
    }
}

/// Digits in groups, such as `529.982.247-25`.
#[derive(Debug)]
pub(crate) struct Groups {
    /// Where they end, in bytes, exclusive.
    pub(crate) end: usize,
    /// The characters without what separates them.
    pub(crate) digits: String,
    /// How many separators stand between the groups.
    pub(crate) separators: usize,
}

/// A text with its tokens.
pub(crate) struct Reading<'t, 'c> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token<'t>>,
    /// What each token may announce.
    clues: Vec<Clue>,
    /// The number that begins at each token: the token after it, and its value.
    numbers: Vec<Option<(usize, Decimal)>>,
    /// Whether no letter is small, so that capitals say nothing.
    is_shouted: bool,
    pub(crate) context: &'c Context<'c>,
}

impl<'t, 'c> Reading<'t, 'c> {
    pub(crate) fn new(text: &'t str, context: &'c Context<'c>) -> Self {
        let tokens = scan(text);
        let clues = tokens.iter().map(|token| Clue::of(&token.folded)).collect();
        let numbers = numbers_of(&tokens, context);
        let is_shouted = !text.chars().any(char::is_lowercase);
        Self { text, tokens, clues, numbers, is_shouted, context }
    }

    pub(crate) fn country(&self) -> Country {
        self.context.country
    }

    /// The message's language, else the one its country writes.
    pub(crate) fn language(&self) -> Language {
        self.context.language.unwrap_or_else(|| self.context.country.language())
    }

    /// The number that begins at a token, in digits or words: the token after it, and its value.
    pub(crate) fn number(&self, index: usize) -> Option<(usize, Decimal)> {
        self.numbers.get(index).copied().flatten()
    }

    /// Whether the message has no small letter, so that capitals say nothing.
    pub(crate) fn is_shouted(&self) -> bool {
        self.is_shouted
    }

    /// The byte at a place; 0 outside.
    pub(crate) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The text of a place; empty where it does not lie on character boundaries.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The folded text of a token; empty outside.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.folded.as_ref())
    }

    /// The token before another, and only if there is one.
    pub(crate) fn word_before(&self, index: usize) -> &str {
        index.checked_sub(1).map_or("", |before| self.word(before))
    }

    /// Whether a token is the first of its line.
    pub(crate) fn begins_line(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return true };
        let before =
            index.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, |token| token.end);
        index == 0 || (token.space_before && self.slice(before, token.start).contains('\n'))
    }

    /// The first token that begins at or after a byte.
    pub(crate) fn token_from(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.start < byte)
    }

    /// Whether a token is glued to the one before it.
    pub(crate) fn is_glued(&self, index: usize) -> bool {
        index > 0 && self.tokens.get(index).is_some_and(|token| !token.space_before)
    }

    /// Reads groups of so many digits each from `start`; between two groups may stand nothing, the
    /// separator given at that position, or one space.
    pub(crate) fn groups(&self, start: usize, sizes: &[usize], separators: &[u8]) -> Option<Groups> {
        let mut at = start;
        let mut found = Groups { end: start, digits: String::new(), separators: 0 };
        for (index, size) in sizes.iter().enumerate() {
            let is_separated = index > 0
                && (self.byte(at) == b' '
                    || separators.get(index - 1).is_some_and(|mark| self.byte(at) == *mark));
            if is_separated {
                at += 1;
                found.separators += 1;
            }
            for _ in 0..*size {
                let digit = self.byte(at);
                if !digit.is_ascii_digit() {
                    return None;
                }
                found.digits.push(char::from(digit));
                at += 1;
            }
        }
        found.end = at;
        self.stands_alone(start, at).then_some(found)
    }

    /// Whether nothing that belongs to a longer number or word touches the place.
    pub(crate) fn stands_alone(&self, start: usize, end: usize) -> bool {
        self.begins_alone(start) && self.ends_alone(end)
    }

    /// Whether no letter, digit or joined number stands directly before.
    pub(crate) fn begins_alone(&self, start: usize) -> bool {
        let mut before = self.slice(0, start).chars().rev();
        let Some(last) = before.next() else { return true };
        if last.is_alphanumeric() || matches!(last, '_' | '@' | '$' | '#' | '+' | '€' | '£') {
            return false;
        }
        let joins = matches!(last, '-' | '.' | ',' | '/' | '*' | '=');
        !(joins && before.next().is_some_and(|c| c.is_ascii_digit()))
    }

    /// Whether no letter, digit or joined number stands directly after.
    pub(crate) fn ends_alone(&self, end: usize) -> bool {
        let mut after = self.text.get(end..).unwrap_or_default().chars();
        let Some(first) = after.next() else { return true };
        if first.is_alphanumeric() || matches!(first, '_' | '@' | '%' | '$') {
            return false;
        }
        let joins = matches!(first, '-' | '.' | ',' | '/' | '*' | '=');
        !(joins && after.next().is_some_and(|c| c.is_ascii_digit()))
    }

    /// What a token may announce.
    pub(crate) fn clue(&self, index: usize) -> Clue {
        self.clues.get(index).copied().unwrap_or_default()
    }

    /// Whether a word that announces `wanted` stands before the token, with nothing but fillers
    /// between.
    pub(crate) fn has_clue_before(&self, index: usize, wanted: Clue) -> bool {
        for back in 1..=CLUE_REACH.min(index) {
            let at = index - back;
            if self.clue(at).is(wanted) {
                return true;
            }
            let is_full_stop = self.word(at) == "."
                && self.tokens.get(at + 1).is_some_and(|next| next.space_before)
                && !matches!(self.word_before(at), "n" | "no" | "num" | "nro" | "cod" | "tel" | "cel");
            if is_full_stop || !self.clue(at).is(Clue::FILLER) {
                return false;
            }
        }
        false
    }

    /// Whether "é o meu" or the like and a word that announces `wanted` stand after the place.
    pub(crate) fn has_clue_after(&self, end: usize, wanted: Clue) -> bool {
        const LINKS: [&str; 14] =
            ["e", "eh", "o", "a", "meu", "minha", "es", "el", "la", "mi", "is", "my", "the", "-"];
        let first = self.token_from(end);
        for (step, token) in self.tokens.iter().skip(first).take(4).enumerate() {
            if self.clue(first + step).is(wanted) {
                // "123 cpf 456": the next clue of a list belongs to the next number.
                let next = first + step + 1;
                let colon = usize::from(self.word(next) == ":");
                return step > 0
                    || !self.tokens.get(next + colon).is_some_and(|token| {
                        token.text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(')
                    });
            }
            if !token.is_any(&LINKS) {
                return false;
            }
        }
        false
    }

    /// Whether the place is all that the message says.
    pub(crate) fn is_whole_message(&self, start: usize, end: usize) -> bool {
        let is_quiet = |part: &str| !part.chars().any(char::is_alphanumeric);
        is_quiet(self.slice(0, start)) && is_quiet(self.text.get(end..).unwrap_or_default())
    }

    /// The first bytes of every run of letters and digits, with the index of its first token.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.tokens.iter().enumerate().filter_map(|(index, token)| {
            let begins = token.is_word() || token.is_number();
            let continues = self.is_glued(index)
                && self.tokens.get(index.wrapping_sub(1)).is_some_and(|t| t.is_word() || t.is_number());
            (begins && !continues).then_some((index, token.start))
        })
    }

    /// As `runs`, and colons, with which an IPv6 address may begin.
    pub(crate) fn runs_and_colons(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.tokens.iter().enumerate().filter_map(|(index, token)| {
            (token.kind != TokenKind::Punctuation || token.text == ":").then_some((index, token.start))
        })
    }

    /// The end of the run of ASCII letters and digits at a place.
    pub(crate) fn run_end(&self, start: usize) -> usize {
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        start + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
    }
}

/// Digits are read in one way; number words in the message's language, or in all three where it is
/// not known.
fn numbers_of(tokens: &[Token<'_>], context: &Context<'_>) -> Vec<Option<(usize, Decimal)>> {
    let own = context.language.unwrap_or_else(|| context.country.language());
    let all = [Language::Portuguese, Language::Spanish, Language::English];
    let others: Vec<Language> =
        all.into_iter().filter(|other| context.language.is_none() && *other != own).collect();
    let number = |(index, token): (usize, &Token<'_>)| match token.kind {
        TokenKind::Number => numbers::number(tokens, index, own),
        TokenKind::Word => numbers::number(tokens, index, own)
            .or_else(|| others.iter().find_map(|language| numbers::number(tokens, index, *language))),
        TokenKind::Punctuation if matches!(token.text, "." | ",") => numbers::number(tokens, index, own),
        TokenKind::Punctuation => None,
    };
    tokens.iter().enumerate().map(number).collect()
}

/// The digits of a text.
pub(crate) fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Borrows where an entity's value is its own text.
pub(crate) fn value_of(text: &str, value: String) -> Cow<'_, str> {
    if value == text { Cow::Borrowed(text) } else { Cow::Owned(value) }
}
