//! Looks at a message's tokens with what their words say about time.

use super::lexicon::{self, Part, Unit, Word};
use crate::Language;
use crate::numbers;
use crate::scan::Token;

/// The tokens of a message, each with its meaning.
pub(crate) struct Reader<'t, 'a> {
    pub(crate) tokens: &'t [Token<'a>],
    words: Vec<Option<Word>>,
    /// Which tokens are about time or are numbers.
    core: Vec<bool>,
    pub(crate) language: Language,
    /// Whether "3/4" is the third of April.
    pub(crate) day_first: bool,
}

impl<'t, 'a> Reader<'t, 'a> {
    pub(crate) fn new(tokens: &'t [Token<'a>], language: Language, day_first: bool) -> Self {
        let meaning = |token: &Token<'a>| {
            let word = if token.is_word() { lexicon::word(&token.folded, language) } else { None };
            // "marco" without its cedilla is also a name and a landmark.
            let doubtful = token.is("marco") && !token.text.contains(['ç', 'Ç']);
            if doubtful && word.is_some() { Some(Word::MaybeMonth(3)) } else { word }
        };
        let words: Vec<Option<Word>> = tokens.iter().map(meaning).collect();
        let is_core = |(token, word): (&Token<'a>, &Option<Word>)| {
            word.is_some()
                || token.is_number()
                || if token.is_word() {
                    lexicon::is_core(&token.folded) || numbers::is_number_word(&token.folded, language)
                } else {
                    token.is_any(&["½", "¼", "¾"])
                }
        };
        let core = tokens.iter().zip(&words).map(is_core).collect();
        Self { tokens, words, core, language, day_first }
    }

    pub(crate) fn token(&self, index: usize) -> Option<&Token<'a>> {
        self.tokens.get(index)
    }

    /// Whether the token is about time or is a number.
    pub(crate) fn is_core(&self, index: usize) -> bool {
        self.core.get(index).copied().unwrap_or(false)
    }

    /// The token before `index`.
    pub(crate) fn before(&self, index: usize) -> Option<&Token<'a>> {
        self.tokens.get(index.checked_sub(1)?)
    }

    pub(crate) fn word(&self, index: usize) -> Option<Word> {
        self.words.get(index).copied().flatten()
    }

    pub(crate) fn is(&self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is(word))
    }

    pub(crate) fn any(&self, index: usize, words: &[&str]) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is_any(words))
    }

    pub(crate) fn before_any(&self, index: usize, words: &[&str]) -> bool {
        self.before(index).is_some_and(|token| token.is_any(words))
    }

    /// Whether the words from `index` on are these.
    pub(crate) fn phrase(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(place, word)| self.is(index + place, word))
    }

    /// Skips the token at `index` if it is one of `words`.
    pub(crate) fn skip(&self, index: usize, words: &[&str]) -> usize {
        if self.any(index, words) { index + 1 } else { index }
    }

    /// Whether nothing stands between the token and the one before it.
    pub(crate) fn is_attached(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| !token.space_before)
    }

    pub(crate) fn is_number(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(Token::is_number)
    }

    /// A row of at most `most` digits at `index`.
    pub(crate) fn digits(&self, index: usize, most: usize) -> Option<i32> {
        let token = self.tokens.get(index)?;
        if token.is_number() && token.text.len() <= most { token.text.parse().ok() } else { None }
    }

    /// Exactly `count` digits at `index`, directly behind the token before.
    pub(crate) fn attached_digits(&self, index: usize, count: usize) -> Option<i32> {
        let token = self.tokens.get(index)?;
        if token.space_before || token.text.len() != count { None } else { self.digits(index, count) }
    }

    /// Whether the digits at `index` stand alone: no price, no decimal, no part of a code.
    pub(crate) fn stands_alone(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let before_is_free = token.space_before
            || !self.before(index).is_some_and(|before| {
                before.is_word()
                    || before.is_number()
                    || before.is_any(&["/", "#", "_", "+", ".", ",", ":", "$", "€", "£", "@", "="])
            });
        before_is_free && !self.before_any(index, &["$", "€", "£", "#"])
    }

    /// Whether a row of digits ends at `end` for good: no further digits, decimals or letters hang on it.
    pub(crate) fn ends_alone(&self, end: usize) -> bool {
        let Some(after) = self.tokens.get(end) else { return true };
        if after.space_before {
            return true;
        }
        let then_digits = self.is_attached(end + 1) && self.is_number(end + 1);
        let hangs_on = after.is_word() || after.is_number() || after.is_any(&["%", "$", "€", "_", "@", "="]);
        let goes_on = after.is_any(&["/", ".", ",", ":", "-"]) && then_digits;
        !hangs_on && !goes_on
    }

    /// A whole number in digits or words: where it ends, and its value.
    pub(crate) fn integer(&self, index: usize) -> Option<(usize, i32)> {
        if self.is_number(index) {
            return Some((index + 1, self.digits(index, 5)?));
        }
        if self.token(index)?.is_word() {
            let (end, value) = numbers::whole(self.tokens, index, self.language)?;
            return Some((end, i32::try_from(value.to_integer()?).ok()?));
        }
        None
    }

    /// A day of the month, 1 to 31: "5", "05", "1º", "5th", "primeiro", "twenty fifth".
    pub(crate) fn day_of_month(&self, index: usize) -> Option<(usize, i8)> {
        let in_range = |(end, value): (usize, i32)| {
            let day = i8::try_from(value).ok().filter(|day| (1..=31).contains(day))?;
            Some((end, day))
        };
        if let Some((end, value)) = numbers::ordinal_at(self.tokens, index, self.language) {
            return in_range((end, i32::try_from(value.to_integer()?).ok()?));
        }
        if self.is_number(index) && !self.stands_alone(index) {
            return None;
        }
        in_range(self.integer(index).filter(|_| self.digits(index, 2).is_some() || !self.is_number(index))?)
    }

    /// A year of four digits, or in words ("dois mil e vinte", "nineteen eighty six").
    pub(crate) fn year(&self, index: usize) -> Option<(usize, i16)> {
        if self.is_number(index) {
            let token = self.tokens.get(index)?;
            let year =
                self.digits(index, 4).filter(|year| token.text.len() == 4 && (1900..=2150).contains(year))?;
            return if self.ends_alone(index + 1) {
                Some((index + 1, i16::try_from(year).ok()?))
            } else {
                None
            };
        }
        let (end, value) = self.integer(index)?;
        if (1900..=2150).contains(&value) {
            return Some((end, i16::try_from(value).ok()?));
        }
        if self.language == Language::English && (19..=21).contains(&value) {
            let (end, rest) = self.integer(end)?;
            return (10..=99).contains(&rest).then_some((end, i16::try_from(value * 100 + rest).ok()?));
        }
        None
    }

    pub(crate) fn weekday(&self, index: usize) -> Option<i8> {
        match self.word(index)? {
            Word::Weekday(weekday) | Word::MaybeWeekday(weekday) => Some(weekday),
            _ => None,
        }
    }

    pub(crate) fn month(&self, index: usize) -> Option<i8> {
        match self.word(index)? {
            Word::Month(month) | Word::MaybeMonth(month) => Some(month),
            _ => None,
        }
    }

    /// The token behind a month, past the point of its abbreviation ("set. 2020").
    pub(crate) fn after_month(&self, index: usize) -> usize {
        let short = matches!(self.word(index), Some(Word::MaybeMonth(_) | Word::MaybeWeekday(_)));
        let dotted = short && self.is(index + 1, ".") && self.is_attached(index + 1);
        let goes_on = self.token(index + 2).is_some() || self.language != Language::English;
        if dotted && goes_on { index + 2 } else { index + 1 }
    }

    pub(crate) fn shift(&self, index: usize) -> Option<i32> {
        match self.word(index)? {
            Word::Shift(shift) => Some(shift),
            _ => None,
        }
    }

    pub(crate) fn part(&self, index: usize) -> Option<Part> {
        match self.word(index)? {
            Word::Part(part) => Some(part),
            // "de la mañana"
            Word::Today(1) if self.language == Language::Spanish && self.is(index, "manana") => {
                Some(Part::Morning)
            }
            _ => None,
        }
    }

    /// A unit of time, of one word or more ("fim de semana", "dias úteis").
    pub(crate) fn unit(&self, index: usize) -> Option<(usize, Unit)> {
        let weekend = match self.language {
            Language::Portuguese => {
                self.any(index, &["fim", "fins", "final", "finais"])
                    && self.is(index + 1, "de")
                    && self.any(index + 2, &["semana", "semanas"])
            }
            Language::Spanish => {
                self.any(index, &["fin", "fines"]) && self.is(index + 1, "de") && self.is(index + 2, "semana")
            }
            Language::English => false,
        };
        if weekend {
            return Some((index + 3, Unit::Weekend));
        }
        if self.language == Language::English
            && self.any(index, &["business", "working", "work"])
            && self.any(index + 1, &["day", "days"])
        {
            return Some((index + 2, Unit::WorkingDay));
        }
        match self.word(index)? {
            Word::Unit(Unit::Day)
                if self.any(index + 1, &["util", "uteis", "habil", "habiles", "laborable", "laborables"]) =>
            {
                Some((index + 2, Unit::WorkingDay))
            }
            Word::Unit(Unit::Day) if self.phrase(index + 1, &["de", "trabajo"]) => {
                Some((index + 3, Unit::WorkingDay))
            }
            Word::Unit(unit) => Some((index + 1, unit)),
            _ => None,
        }
    }

    /// Whether a greeting stands before a part of the day ("boa tarde", "buenos días", "good morning").
    pub(crate) fn is_greeting(&self, index: usize) -> bool {
        self.before_any(
            index,
            &[
                "bom",
                "boa",
                "bons",
                "boas",
                "otimo",
                "otima",
                "lindo",
                "linda",
                "excelente",
                "belo",
                "bela",
                "buen",
                "buena",
                "buenos",
                "buenas",
                "lindas",
                "feliz",
                "hermoso",
                "hermosa",
                "good",
                "nice",
                "great",
                "lovely",
                "gd",
                "wonderful",
            ],
        )
    }
}
