//! Puts number words and digits together: "dois mil e duzentos", "3 dozens", "2 milhões e meio".
//!
//! A number is built from left to right as people say it: what is below a thousand in a group,
//! a word of scale closes the group, each scale smaller than the one before. A word that does not
//! fit ends the number, so that "dois três" are two numbers and "vinte e um" is one.

use super::decimal::Decimal;
use super::digits;
use super::words::{NumberWord, number_word};
use crate::Language;
use crate::scan::Token;

/// Reads the number that begins at the token `index`: the token after its end, and its value.
pub(crate) fn number(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let reader = Reader { tokens, language };
    if let Some(found) = reader.vulgar_fraction(index) {
        return Some(found);
    }
    if let Some(found) = reader.half_of(index) {
        return Some(found);
    }
    let (end, value) = reader.cardinal(index)?;
    Some(reader.continued(index, end, value))
}

/// Reads the number at `index` without what may follow it (a dozen, a half, a fraction).
pub(crate) fn whole(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    Reader { tokens, language }.cardinal(index)
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    language: Language,
}

/// A number while it is built.
#[derive(Debug, Clone, Copy)]
struct Building {
    /// What scales of a million and more have closed.
    closed: i128,
    /// The smallest such scale, below which the rest must stay.
    lowest_scale: i64,
    /// What "mil" has closed since.
    thousands: Option<i128>,
    /// What has been said since, and whether only a scale can follow.
    group: Option<Group>,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    value: Decimal,
    /// Everything below this may still be added (1: nothing).
    room: i64,
    /// Whether it may still be multiplied by English "hundred".
    multiplies: bool,
}

impl Building {
    const EMPTY: Self = Self { closed: 0, lowest_scale: i64::MAX, thousands: None, group: None };

    fn is_empty(&self) -> bool {
        self.group.is_none() && self.thousands.is_none() && self.closed == 0
    }

    fn value(&self) -> Option<Decimal> {
        let closed = Decimal::new(self.closed.checked_add(self.thousands.unwrap_or(0))?, 0);
        match self.group {
            Some(group) => closed.plus(group.value),
            None => Some(closed),
        }
    }

    /// Adds `amount`, a word that leaves `room` below it for the next one.
    fn add(&mut self, amount: i64, room: i64, multiplies: bool) -> bool {
        match &mut self.group {
            None => {
                self.group = Some(Group { value: Decimal::from(amount), room, multiplies });
                true
            }
            Some(group) if amount > 0 && amount < group.room => {
                let Some(value) = group.value.plus(Decimal::from(amount)) else { return false };
                *group = Group { value, room, multiplies: multiplies && group.multiplies };
                true
            }
            Some(_) => false,
        }
    }

    fn times_hundred(&mut self) -> bool {
        let group = self.group.unwrap_or(Group { value: Decimal::from(1), room: 1, multiplies: true });
        let Some(value) = group.value.times(Decimal::from(100)) else { return false };
        if !group.multiplies {
            return false;
        }
        self.group = Some(Group { value, room: 100, multiplies: false });
        true
    }

    fn scale(&mut self, scale: i64) -> bool {
        if scale == 1000 {
            if self.thousands.is_some() || self.lowest_scale <= 1000 {
                return false;
            }
            let Some(thousands) = self.group_times(1000) else { return false };
            self.thousands = Some(thousands);
            self.group = None;
            return true;
        }
        if scale >= self.lowest_scale || (self.group.is_none() && self.thousands.is_none()) {
            return false;
        }
        let below = match self.group {
            Some(_) => self.group_times(scale),
            None => Some(0),
        };
        let above = self.thousands.unwrap_or(0).checked_mul(i128::from(scale));
        let (Some(below), Some(above)) = (below, above) else { return false };
        let Some(closed) = self.closed.checked_add(below).and_then(|sum| sum.checked_add(above)) else {
            return false;
        };
        *self = Self { closed, lowest_scale: scale, thousands: None, group: None };
        true
    }

    /// The group times `scale`, if that is a whole number ("2,5 milhões", but not "0,0001 mil").
    fn group_times(&self, scale: i64) -> Option<i128> {
        let group = self.group.map_or(Decimal::from(1), |group| group.value);
        group.times(Decimal::from(scale))?.to_integer().map(i128::from)
    }
}

impl Reader<'_, '_> {
    fn word(&self, index: usize) -> Option<NumberWord> {
        let token = self.tokens.get(index)?;
        if token.is_word() { number_word(&token.folded, self.language) } else { None }
    }

    fn cardinal(&self, start: usize) -> Option<(usize, Decimal)> {
        let mut building = Building::EMPTY;
        let mut index = start;
        let mut before_connector: Option<(usize, Building)> = None;
        if self.word(index) == Some(NumberWord::Article) {
            match self.word(index + 1)? {
                NumberWord::TimesHundred | NumberWord::Scale(_) | NumberWord::Dozen => index += 1,
                _ => return None,
            }
            building.add(1, 1, true);
        }
        loop {
            if self.take(&mut building, index) {
                index += 1;
            } else if let Some((next, value)) = self.take_digits(&building, index) {
                building.group = Some(value);
                index = next;
            } else if let Some((next, joined)) = self.after_connector(&building, index) {
                before_connector = Some((index, building));
                building = joined;
                index = next;
            } else {
                break;
            }
        }
        // "trinta mil e dois mil": the second thousand does not fit, so "e dois" belongs to it.
        if matches!(self.word(index), Some(NumberWord::Scale(_) | NumberWord::TimesHundred))
            && let Some((end, earlier)) = before_connector
        {
            (index, building) = (end, earlier);
        }
        if building.is_empty() { None } else { Some((index, building.value()?)) }
    }

    /// Adds the word at `index` to the number, if it fits without a connector.
    fn take(&self, building: &mut Building, index: usize) -> bool {
        let english = self.language == Language::English;
        let fits_bare = |building: &Building| building.group.is_none() || english;
        match self.word(index) {
            Some(NumberWord::Unit(0)) => building.is_empty() && building.add(0, 1, false),
            Some(NumberWord::Unit(unit)) => {
                let after_hundreds = self.language == Language::Spanish && fits_after_hundreds(building);
                (fits_bare(building) || after_hundreds) && building.add(unit, 1, true)
            }
            Some(NumberWord::Teen(teen)) => {
                (fits_bare(building) || fits_after_hundreds(building)) && building.add(teen, 1, true)
            }
            Some(NumberWord::Ten(ten)) => {
                (fits_bare(building) || fits_after_hundreds(building)) && building.add(ten, 10, true)
            }
            Some(NumberWord::Hundreds(hundreds)) => {
                building.group.is_none() && building.add(hundreds, 100, false)
            }
            Some(NumberWord::Hundred) => building.group.is_none() && building.add(100, 1, false),
            Some(NumberWord::TimesHundred) => building.times_hundred(),
            Some(NumberWord::Scale(scale)) => building.scale(scale),
            _ => self.hyphen(building, index),
        }
    }

    /// "twenty-five": the hyphen between a ten and a unit.
    fn hyphen(&self, building: &Building, index: usize) -> bool {
        let is_hyphen = self.language == Language::English
            && self.tokens.get(index).is_some_and(|token| token.is("-"))
            && building.group.is_some_and(|group| group.room == 10);
        is_hyphen && matches!(self.word(index + 1), Some(NumberWord::Unit(unit)) if unit > 0)
    }

    /// Digits that begin the number, or that say how many hundreds or thousands follow.
    fn take_digits(&self, building: &Building, index: usize) -> Option<(usize, Group)> {
        if building.group.is_some() {
            return None;
        }
        let (end, value) = digits::literal(self.tokens, index, self.language)?;
        let begins = building.is_empty();
        let (end, value) = match digits::suffix(self.tokens, end, self.language) {
            Some((after, factor)) if begins => (after, value.times(Decimal::from(factor))?),
            _ => (end, value),
        };
        let multiplied = matches!(self.word(end), Some(NumberWord::TimesHundred | NumberWord::Scale(_)));
        let attached = self.tokens.get(index).is_some_and(|token| !token.space_before);
        if !begins && (!multiplied || attached || value.to_integer()? >= 1000) {
            return None;
        }
        Some((end, Group { value, room: 1, multiplies: true }))
    }

    /// What "e", "y", "and" join to the number.
    fn after_connector(&self, building: &Building, index: usize) -> Option<(usize, Building)> {
        if building.is_empty() || self.word(index) != Some(NumberWord::And) {
            return None;
        }
        let mut joined = *building;
        let next = index + 1;
        let fits = match (self.word(next), building.group) {
            // "vinte e um", "treinta y uno".
            (Some(NumberWord::Unit(unit)), Some(group)) => {
                let joins = match self.language {
                    Language::Portuguese => true,
                    Language::Spanish => group.room == 10,
                    Language::English => group.room == 100,
                };
                unit > 0 && joins && joined.add(unit, 1, true)
            }
            (Some(NumberWord::Teen(teen)), Some(_)) => {
                self.language != Language::Spanish && joined.add(teen, 1, true)
            }
            (Some(NumberWord::Ten(ten)), Some(_)) => {
                self.language != Language::Spanish && joined.add(ten, 10, true)
            }
            // "mil e duzentos", "three million and forty".
            (Some(NumberWord::Unit(unit)), None) => unit > 0 && joined.add(unit, 1, true),
            (Some(NumberWord::Teen(teen)), None) => joined.add(teen, 1, true),
            (Some(NumberWord::Ten(ten)), None) => joined.add(ten, 10, true),
            (Some(NumberWord::Hundreds(hundreds)), None) => joined.add(hundreds, 100, false),
            (Some(NumberWord::Hundred), None) => joined.add(100, 1, false),
            (None, group) => return self.digits_after_connector(building, group, next),
            _ => false,
        };
        fits.then_some((next + 1, joined))
    }

    /// "2 mil e 500", "3 hundred and 21".
    fn digits_after_connector(
        &self,
        building: &Building,
        group: Option<Group>,
        next: usize,
    ) -> Option<(usize, Building)> {
        let (end, value) = digits::literal(self.tokens, next, self.language)?;
        let amount = value.to_integer()?;
        let limit = if group.is_some() { 100 } else { 1000 };
        let followed = matches!(self.word(end), Some(NumberWord::Scale(_) | NumberWord::TimesHundred));
        let mut joined = *building;
        let fits = amount > 0 && amount < limit && !followed && joined.add(amount, 1, false);
        fits.then_some((end, joined))
    }

    /// What may follow a finished number: a dozen, a half, a fraction, a decimal part.
    fn continued(&self, start: usize, end: usize, value: Decimal) -> (usize, Decimal) {
        self.dozens(end, value)
            .or_else(|| self.decimals_in_words(end, value))
            .or_else(|| self.and_a_half(end, value))
            .or_else(|| self.over(end, value))
            .or_else(|| self.avos(end, value))
            .or_else(|| self.parts(start, end, value))
            .or_else(|| self.and_vulgar_fraction(end, value))
            .unwrap_or((end, value))
    }

    fn dozens(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        let is_dozen = self.word(end)? == NumberWord::Dozen;
        if is_dozen { Some((end + 1, value.times(Decimal::from(12))?)) } else { None }
    }

    /// "duzentos vírgula zero três", "siete con cincuenta", "nine point nought four".
    fn decimals_in_words(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        if self.word(end)? != NumberWord::Point || value.scale() > 0 {
            return None;
        }
        let mut zeros = 0_u32;
        let mut index = end + 1;
        while self.word(index) == Some(NumberWord::Unit(0)) && zeros < 6 {
            zeros += 1;
            index += 1;
        }
        let (after, fraction) = self.cardinal(index).filter(|(_, fraction)| fraction.scale() == 0)?;
        // "siete con cincuenta" is a price; "dos con leche" is no number at all.
        if self.tokens.get(end).is_some_and(|token| token.is("con")) && fraction.to_integer()? < 10 {
            return None;
        }
        if self.tokens.get(index).is_some_and(Token::is_number) {
            return None;
        }
        let places = zeros + u32::try_from(fraction.mantissa().to_string().len()).ok()?;
        Some((after, value.plus(Decimal::new(fraction.mantissa(), places))?))
    }

    /// "2 milhões e meio", "uno y medio", "one and a half": a half of the last scale said.
    fn and_a_half(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        if self.word(end)? != NumberWord::And {
            return None;
        }
        let mut index = end + 1;
        if matches!(self.word(index), Some(NumberWord::Article | NumberWord::Unit(1)))
            && self.language != Language::Portuguese
        {
            index += 1;
        }
        let unit = match self.word(end.checked_sub(1)?) {
            Some(NumberWord::Scale(scale)) => scale,
            _ => 1,
        };
        let part = match self.word(index)? {
            NumberWord::Half => Decimal::from(unit).divided_by(Decimal::from(2))?,
            NumberWord::Part(part) if self.language == Language::English => {
                Decimal::from(unit).divided_by(Decimal::from(part))?
            }
            _ => return self.and_parts(end, value, unit),
        };
        Some((index + 1, value.plus(part)?))
    }

    /// "six million and two thirds", "three and two fifths".
    fn and_parts(&self, end: usize, value: Decimal, unit: i64) -> Option<(usize, Decimal)> {
        let (middle, above) = self.cardinal(end + 1)?;
        let (after, part) = self.parts(end + 1, middle, above)?;
        Some((after, value.plus(part.times(Decimal::from(unit))?)?))
    }

    /// "dois terços", "three quarters".
    ///
    /// Portuguese "quarto" and Spanish "cuarto" are also rooms, English "third" and "fifth" also a
    /// rank: one of them is a fraction only with "de" behind, or after "one".
    fn parts(&self, start: usize, end: usize, above: Decimal) -> Option<(usize, Decimal)> {
        let mut index = end;
        if self.language == Language::English && self.tokens.get(index)?.is("-") {
            index += 1;
        }
        let NumberWord::Part(part) = self.word(index)? else { return None };
        let amount = above.to_integer()?;
        let word = self.tokens.get(index)?;
        let is_plural = word.folded.ends_with('s');
        let is_room = word.is_any(&["quarto", "quartos", "cuarto", "cuartos"]);
        let of_something = self
            .tokens
            .get(index + 1)
            .is_some_and(|next| next.is_any(&["de", "do", "da", "del", "dos", "das"]));
        let begins_with_digits = self.tokens.get(start).is_some_and(Token::is_number);
        if begins_with_digits || (is_room && !of_something) || is_plural != (amount != 1) || amount < 1 {
            return None;
        }
        Some((index + 1, above.divided_by(Decimal::from(part))?))
    }

    /// "um sobre vinte", "one over three", "2 out of 5": only where nothing is counted behind it.
    fn over(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        let place = match self.language {
            Language::Portuguese | Language::Spanish if self.tokens.get(end)?.is("sobre") => end + 1,
            Language::English if self.tokens.get(end)?.is("over") => end + 1,
            Language::English if self.tokens.get(end)?.is("out") && self.tokens.get(end + 1)?.is("of") => {
                end + 2
            }
            _ => return None,
        };
        let (after, below) = self.cardinal(place)?;
        let counts = self
            .tokens
            .get(after)
            .is_some_and(|next| next.is_word() && !next.is_any(&["por", "per", "percent"]));
        if counts || below.to_integer()? < 2 || value.scale() > 0 {
            return None;
        }
        Some((after, value.divided_by(below)?))
    }

    /// "três vinte avos", "um vinte e um avos", "tres veinteavos".
    fn avos(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        if self.language == Language::Spanish {
            let stem = self.tokens.get(end)?.folded.strip_suffix('s')?.strip_suffix("avo")?.to_owned();
            let (NumberWord::Teen(below) | NumberWord::Ten(below) | NumberWord::Hundreds(below)) =
                number_word(&stem, self.language)?
            else {
                return None;
            };
            return Some((end + 1, value.divided_by(Decimal::from(below))?));
        }
        let (after, below) = self.cardinal(end)?;
        let is_part = self.language == Language::Portuguese && self.tokens.get(after)?.is("avos");
        if is_part { Some((after + 1, value.divided_by(below)?)) } else { None }
    }

    /// "½" and "2 ½".
    fn vulgar_fraction(&self, index: usize) -> Option<(usize, Decimal)> {
        let token = self.tokens.get(index)?;
        let (above, below) = vulgar(token.text)?;
        Some((index + 1, Decimal::from(above).divided_by(Decimal::from(below))?))
    }

    /// "2 1/4", "2½", "3/4" with the number already read as the whole or the upper part.
    fn and_vulgar_fraction(&self, end: usize, value: Decimal) -> Option<(usize, Decimal)> {
        let last = self.tokens.get(end.checked_sub(1)?)?;
        if !last.is_number() || value.scale() > 0 {
            return None;
        }
        if let Some((after, fraction)) = self.vulgar_fraction(end) {
            return Some((after, value.plus(fraction)?));
        }
        let next = self.tokens.get(end)?;
        if next.is("/") && !next.space_before {
            return self.simple_fraction(end - 1);
        }
        if !next.is_number() || !self.tokens.get(end + 1)?.is("/") {
            return None;
        }
        let (after, fraction) = self.simple_fraction(end)?;
        Some((after, value.plus(fraction)?))
    }

    /// "3/4": a proper fraction of the few kinds that recipes and sizes use; the rest are dates and codes.
    fn simple_fraction(&self, index: usize) -> Option<(usize, Decimal)> {
        let [above, slash, below] = self.tokens.get(index..index + 3)? else { return None };
        if !slash.is("/") || slash.space_before || below.space_before || above.text.len() > 2 {
            return None;
        }
        let (above, below) = (above.text.parse::<i64>().ok()?, below.text.parse::<i64>().ok()?);
        let goes_on = self
            .tokens
            .get(index + 3)
            .is_some_and(|next| !next.space_before && (next.is("/") || next.is_number() || next.is_word()));
        if goes_on || !matches!(below, 2 | 3 | 4 | 5 | 8) || above < 1 || above >= below {
            return None;
        }
        Some((index + 3, Decimal::from(above).divided_by(Decimal::from(below))?))
    }

    /// "meia dúzia", "half a dozen", "half million", "metade".
    fn half_of(&self, index: usize) -> Option<(usize, Decimal)> {
        let quarter = self.language == Language::English && self.tokens.get(index)?.is("quarter");
        let divisor = match self.word(index)? {
            NumberWord::HalfOfIt => return Some((index + 1, Decimal::new(5, 1))),
            NumberWord::Half => 2,
            NumberWord::Part(4) if quarter => 4,
            _ => return None,
        };
        let mut next = index + 1;
        if self.word(next) == Some(NumberWord::Article) {
            next += 1;
        }
        let unit = match self.word(next)? {
            NumberWord::Dozen => 12,
            NumberWord::Scale(scale) if self.language == Language::English => scale,
            _ => return None,
        };
        Some((next + 1, Decimal::from(unit).divided_by(Decimal::from(divisor))?))
    }
}

/// "trezentos quarenta" and "ciento veinte": tens need no connector after hundreds.
fn fits_after_hundreds(building: &Building) -> bool {
    building.group.is_some_and(|group| group.room == 100)
}

fn vulgar(text: &str) -> Option<(i64, i64)> {
    Some(match text {
        "½" => (1, 2),
        "⅓" => (1, 3),
        "⅔" => (2, 3),
        "¼" => (1, 4),
        "¾" => (3, 4),
        "⅕" => (1, 5),
        "⅙" => (1, 6),
        "⅛" => (1, 8),
        "⅜" => (3, 8),
        "⅝" => (5, 8),
        "⅞" => (7, 8),
        _ => return None,
    })
}
