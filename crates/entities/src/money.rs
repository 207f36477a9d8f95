//! Amounts of money: "R$ 1.234,56", "50 reais", "30 conto", "2k", "USD 22.5 million".
//!
//! The value is the amount with a point and at least two decimals, and the ISO 4217 code:
//! `1234.56 BRL`. A bare "$" or "peso" is the tenant's own money. An amount without a currency
//! counts only beside a word about prices ("custa 50") and has the tenant's currency.

mod currencies;

use currencies::Named;

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::numbers::Decimal;
use crate::reading::{Evidence, Findings, Reading};
use crate::scan::Token;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let finder = Finder { reading };
    let mut index = 0;
    let mut free_from = 0;
    while index < reading.tokens.len() {
        match finder.at(index, free_from) {
            Some(amount) => {
                let place = (finder.start_of(amount.first), finder.end_of(amount.after));
                found.add(amount.rule, amount.evidence, place, amount.value());
                index = amount.after.max(index + 1);
                free_from = index;
            }
            None => index += 1,
        }
    }
}

/// Money from one token to before another.
struct Amount {
    first: usize,
    after: usize,
    number: Decimal,
    code: &'static str,
    rule: Rule,
    evidence: Evidence,
}

impl Amount {
    fn value(&self) -> String {
        let mut amount = self.number.to_string();
        match amount.split_once('.') {
            None => amount.push_str(".00"),
            Some((_, cents)) if cents.len() == 1 => amount.push('0'),
            Some(_) => {}
        }
        format!("{amount} {}", self.code)
    }
}

struct Finder<'r, 't, 'c> {
    reading: &'r Reading<'t, 'c>,
}

impl Finder<'_, '_, '_> {
    fn start_of(&self, index: usize) -> usize {
        self.reading.tokens.get(index).map_or(0, |token| token.start)
    }

    fn end_of(&self, after: usize) -> usize {
        after.checked_sub(1).and_then(|last| self.reading.tokens.get(last)).map_or(0, |token| token.end)
    }

    /// `free_from` is the first token that belongs to no amount yet.
    fn at(&self, index: usize, free_from: usize) -> Option<Amount> {
        self.currency_first(index, free_from).or_else(|| self.number_first(index))
    }

    /// "R$ 50", "US$ 10 milhões", "USD 22.5 million", "dólares 22,5 milhões".
    fn currency_first(&self, index: usize, free_from: usize) -> Option<Amount> {
        let follows_number =
            index > free_from && self.reading.tokens.get(index - 1).is_some_and(Token::is_number);
        let (after_currency, named) = self.mark(index, follows_number)?;
        let (mut after, mut number) = self.number(after_currency)?;
        // "10 $ 30 cent": the sign belongs to the number before it.
        let is_suffix =
            follows_number && self.reading.tokens.get(after_currency).is_some_and(|t| t.space_before);
        if is_suffix && self.is_hundredth_word(after) {
            return None;
        }
        if let Some((end, cents)) = self.written_cents(after, number) {
            (after, number) = (end, cents);
        }
        let code = named.code(self.reading.country());
        Some(Amount { first: index, after, number, code, rule: Rule::MoneyMarked, evidence: Evidence::Clue })
    }

    /// A sign or code in front of a number: "R$", "c $", "u.s $", "€", "usd".
    fn mark(&self, index: usize, follows_number: bool) -> Option<(usize, Named)> {
        let token = self.reading.tokens.get(index)?;
        if token.is_word() {
            if self.reading.is_glued(index)
                && self.reading.tokens.get(index - 1).is_some_and(Token::is_number)
            {
                return None;
            }
            if self.reading.word(index + 1) == "$" {
                // "a $ 2" has a preposition before the sign.
                let is_apart = !self.reading.is_glued(index + 1);
                let named =
                    currencies::of_dollar_prefix(&token.folded).filter(|_| !(is_apart && token.is("a")))?;
                let is_spanish_order = self.reading.word(index + 2) == "d" && token.is("u");
                return Some((index + 2 + usize::from(is_spanish_order), named));
            }
            // "u.s $"
            if token.is("u") && self.reading.word(index + 1) == "." && self.reading.word(index + 2) == "s" {
                let sign = if self.reading.word(index + 3) == "." { index + 4 } else { index + 3 };
                return (self.reading.word(sign) == "$").then_some((sign + 1, Named::Code("USD")));
            }
            // Peru's "S/ 50", "S/. 50".
            if token.text == "S" && self.reading.word(index + 1) == "/" && self.reading.is_glued(index + 1) {
                let dot = usize::from(self.reading.word(index + 2) == ".");
                return Some((index + 2 + dot, Named::Code("PEN")));
            }
            if let Some(named) = currencies::of_code(token.text) {
                return (!follows_number).then_some((index + 1, named));
            }
            let named = currencies::of_word(&token.folded).filter(|_| {
                matches!(token.folded.as_ref(), "dolar" | "dolares" | "reais" | "euros" | "pesos")
            })?;
            let before = self.reading.word_before(index);
            let is_price = matches!(before, "em" | "en" | "de" | "valor" | ":");
            return is_price.then_some((index + 1, named));
        }
        let named = currencies::of_sign(token.text)?;
        Some((index + 1, named))
    }

    fn number(&self, index: usize) -> Option<(usize, Decimal)> {
        let (after, number) = self.reading.number(index).filter(|(_, number)| !number.is_negative())?;
        // Spanish reads "1,350" as one and a bit, Mexico's prices do not.
        let is_grouped = number.scale() == 3
            && self.reading.country().writes_decimal_point()
            && self.reading.tokens.get(index + 1).is_some_and(|mark| mark.text == ",");
        if is_grouped {
            return Some((after, number.times(Decimal::from(1000))?));
        }
        Some((after, number))
    }

    /// "50 reais", "um bilhão de dólares", "115USD", "50 MUSD", "12-cent".
    fn number_first(&self, index: usize) -> Option<Amount> {
        let token = self.reading.tokens.get(index)?;
        let may_begin = token.is_number() || token.is_word();
        if !may_begin || !self.begins(index) {
            return None;
        }
        let (after_number, number) = self.number_or_article(index)?;
        let is_digits = token.is_number();
        if let Some((after, number, code, is_sure)) = self.currency_after(index, after_number, number) {
            let rule = if is_sure { Rule::MoneyMarked } else { Rule::MoneyWord };
            return Some(Amount { first: index, after, number, code, rule, evidence: Evidence::Clue });
        }
        self.priced(index, after_number, number, is_digits)
    }

    fn begins(&self, index: usize) -> bool {
        !self.reading.is_glued(index)
            || !self.reading.tokens.get(index.wrapping_sub(1)).is_some_and(|before| {
                before.is_word()
                    || before.is_number()
                    || matches!(before.text, "." | "," | "/" | "+" | "#" | "_")
            })
    }

    /// "um yen" and "a dollar" count one, which a lone article does not.
    fn number_or_article(&self, index: usize) -> Option<(usize, Decimal)> {
        let word = self.reading.word(index);
        if word == "quarter" || word == "three" && self.reading.word(index + 1) == "quarters" {
            return self.quarters(index);
        }
        self.number(index).or_else(|| {
            let is_one = matches!(word, "um" | "uma" | "un" | "una" | "a" | "one");
            (is_one && self.any_currency(index + 1).is_some()).then(|| (index + 1, Decimal::from(1)))
        })
    }

    /// "quarter million us dollars", "three quarters billion".
    fn quarters(&self, index: usize) -> Option<(usize, Decimal)> {
        let (after, count) =
            if self.reading.word(index) == "quarter" { (index + 1, 25) } else { (index + 2, 75) };
        let scale = match self.reading.word(after) {
            "thousand" => 1_000,
            "million" => 1_000_000,
            "billion" => 1_000_000_000,
            _ => return None,
        };
        Some((after + 1, Decimal::new(count, 2).times(Decimal::from(scale))?))
    }

    fn any_currency(&self, index: usize) -> Option<Named> {
        let token = self.reading.tokens.get(index)?;
        if currencies::is_doubtful(&token.folded) {
            return None;
        }
        currencies::of_word(&token.folded)
    }

    /// The currency behind a number, cents behind it included.
    fn currency_after(
        &self,
        first: usize,
        after_number: usize,
        number: Decimal,
    ) -> Option<(usize, Decimal, &'static str, bool)> {
        let reading = self.reading;
        let mut at = after_number;
        let mut amount = number;
        // "12-cent-a-share"
        if reading.word(at) == "-"
            && reading.is_glued(at)
            && matches!(reading.word(at + 1), "cent" | "dollar" | "euro")
        {
            at += 1;
        }
        // "35 lakh rupees"
        if reading.word(at) == "lakh" {
            amount = amount.times(Decimal::from(100_000))?;
            at += 1;
        }
        // "milhões de dólares", "mil de reais"
        if matches!(reading.word(at), "de" | "of") {
            at += 1;
        }
        let (after, named, is_sure) = self.currency_word(first, at)?;
        let mut code = named.code(reading.country());
        let mut after = after;
        if let Some((end, better)) = self.qualifier(after, at, code) {
            (after, code) = (end, better);
        }
        if named.is_hundredth() {
            return Some((after, amount.times(Decimal::new(1, 2))?, code, is_sure));
        }
        // "75 USD milhões", "30 MUSD"
        if let Some((end, scale)) = self.scale_word(after) {
            (after, amount) = (end, amount.times(Decimal::from(scale))?);
        }
        if reading.tokens.get(at).is_some_and(|token| token.text.len() == 4 && token.text.starts_with('M')) {
            amount = amount.times(Decimal::from(1_000_000))?;
        }
        let (after, amount) = self.cents(after, amount).unwrap_or((after, amount));
        Some((after, amount, code, is_sure))
    }

    /// The currency itself: where it ends, which, and whether the word can be nothing else.
    fn currency_word(&self, first: usize, at: usize) -> Option<(usize, Named, bool)> {
        let reading = self.reading;
        let token = reading.tokens.get(at)?;
        if currencies::of_sign(token.text).is_some() {
            // "50 $ 20": the sign belongs to what it is glued to.
            let belongs_on =
                reading.tokens.get(at + 1).is_some_and(|next| next.is_number() && !next.space_before);
            return if belongs_on { None } else { Some((at + 1, currencies::of_sign(token.text)?, true)) };
        }
        // "20 MXN$"
        if reading.word(at + 1) == "$" && reading.is_glued(at + 1) {
            let belongs_on = reading.tokens.get(at + 2).is_some_and(Token::is_number);
            let named = currencies::of_dollar_prefix(&token.folded)?;
            return (!belongs_on).then_some((at + 2, named, true));
        }
        if let Some(code) = token.text.strip_prefix('M').and_then(currencies::of_code) {
            return Some((at + 1, code, true));
        }
        if let Some(named) = currencies::of_code(token.text) {
            return Some((at + 1, named, true));
        }
        // "us dollar", "swiss francs", "turkish lira", "finnish markka"
        let Some(named) = currencies::of_word(&token.folded) else {
            let next = currencies::of_word(reading.word(at + 1))?;
            currencies::qualified(next.code(reading.country()), &token.folded)?;
            return Some((at + 2, next, true));
        };
        let is_digits = reading.tokens.get(first).is_some_and(Token::is_number);
        let is_doubtful = currencies::is_doubtful(&token.folded);
        let is_lone_slang =
            matches!(token.folded.as_ref(), "real" | "sol" | "mark" | "marco" | "luca" | "mango" | "pau");
        // "1 real" is money, "um real problema" and "3 sol" are not.
        let is_odd = is_lone_slang && !(is_digits && reading.word(first) == "1");
        if is_doubtful && (!is_digits || is_odd) && !self.is_about_money(first) {
            return None;
        }
        // "2 libras de carne", "10 pesos de ferro": what is weighed is no money.
        let is_weight =
            matches!(token.folded.as_ref(), "libras" | "libra" | "pounds" | "pound" | "paus" | "mangos")
                && matches!(reading.word(at + 1), "de" | "of");
        (!is_weight).then_some((at + 1, named, !is_doubtful))
    }

    fn is_about_money(&self, first: usize) -> bool {
        self.reading.has_clue_before(first, Clue::PRICE)
            || matches!(self.reading.word_before(first), "por" | "uns" | "for")
    }

    fn qualifier(&self, after: usize, at: usize, code: &'static str) -> Option<(usize, &'static str)> {
        let reading = self.reading;
        if let Some(better) = currencies::qualified(code, reading.word(at)) {
            return Some((after, better));
        }
        if let Some(better) = currencies::qualified(code, reading.word(after)) {
            return Some((after + 1, better));
        }
        let is_hong_kong = matches!(reading.word(after), "de")
            && reading.word(after + 1) == "hong"
            && reading.word(after + 2) == "kong";
        is_hong_kong.then_some((after + 3, "HKD"))
    }

    fn scale_word(&self, at: usize) -> Option<(usize, i64)> {
        let scale = match self.reading.word(at) {
            "milhoes" | "milhao" | "millones" | "millon" | "million" | "mi" => 1_000_000,
            "bilhoes" | "bilhao" | "billion" | "bi" => 1_000_000_000,
            _ => return None,
        };
        Some((at + 1, scale))
    }

    fn is_hundredth_word(&self, at: usize) -> bool {
        currencies::of_word(self.reading.word(at)).is_some_and(Named::is_hundredth)
    }

    /// "e 15 centavos", "50 cents", "com 50", "dollars and 50".
    fn cents(&self, at: usize, amount: Decimal) -> Option<(usize, Decimal)> {
        if amount.scale() > 0 {
            return None;
        }
        let joined = matches!(self.reading.word(at), "e" | "y" | "and" | "com" | "con" | "with");
        let from = at + usize::from(joined);
        let (after, cents) = self.number(from)?;
        let count = cents.to_integer().filter(|count| (1..100).contains(count))?;
        let hundredth = Decimal::new(i128::from(count), 2);
        if self.is_hundredth_word(after) {
            return Some((after + 1, amount.plus(hundredth)?));
        }
        let digits = self.reading.tokens.get(from)?;
        let is_two_digits = digits.is_number() && digits.text.len() == 2 && after == from + 1;
        let is_more = self.any_currency(after).is_some()
            || self
                .reading
                .tokens
                .get(after)
                .is_some_and(|next| next.is_word() && currencies::of_code(next.text).is_some())
            || matches!(
                self.reading.word(after),
                "/" | "%" | "x" | "vezes" | "h" | ":" | "dias" | "unidades" | "pessoas"
            );
        let is_with = matches!(self.reading.word(at), "com" | "con" | "with");
        let is_last = if is_with {
            !self.reading.tokens.get(after).is_some_and(Token::is_word)
        } else {
            joined || self.ends_there(after)
        };
        (is_two_digits && !is_more && is_last).then_some((after, amount.plus(hundredth)?))
    }

    /// "15 dólares 50." and "Por 15 USD 50 você pode": nothing countable follows.
    fn ends_there(&self, at: usize) -> bool {
        self.reading.tokens.get(at).is_none_or(|next| !next.is_number())
    }

    /// "R$ 15 e 50 centavos", "$ 100 and fifty".
    fn written_cents(&self, at: usize, amount: Decimal) -> Option<(usize, Decimal)> {
        let is_joined = matches!(self.reading.word(at), "e" | "y" | "and" | "com" | "con");
        let (end, value) = self.cents(at, amount)?;
        (is_joined && self.is_hundredth_word(end.checked_sub(1)?)).then_some((end, value))
    }

    /// "custa 50", "paguei 120,00", "por 35 cada", "uns 2k": no currency, but a word about prices.
    fn priced(&self, index: usize, after: usize, number: Decimal, is_digits: bool) -> Option<Amount> {
        let reading = self.reading;
        if !is_digits && number.to_integer().is_none_or(|value| value < 10) {
            return None;
        }
        let has_clue = reading.has_clue_before(index, Clue::PRICE);
        let is_each = matches!(reading.word(after), "cada" | "each" | "pratas");
        if !(has_clue || is_each) || self.is_counted(index, after, number) {
            return None;
        }
        let code = reading.country().currency();
        let evidence = Evidence::Plan;
        Some(Amount { first: index, after, number, code, rule: Rule::MoneyClue, evidence })
    }

    /// "pagar em 3x", "total de 5 itens", "paguei dia 10", "valor de 10%": something else is counted.
    fn is_counted(&self, index: usize, after: usize, number: Decimal) -> bool {
        let reading = self.reading;
        let next = reading.tokens.get(after);
        let is_glued_on = next.is_some_and(|token| {
            !token.space_before
                && (token.is_word()
                    || token.is_number()
                    || matches!(token.text, "%" | "/" | ":" | "-" | "º" | "ª"))
        });
        // "quanto custa 3?" asks for three of them.
        let is_question =
            (1..4).any(|back| matches!(reading.word(index.wrapping_sub(back)), "quanto" | "cuanto" | "much"));
        let has_cents = number.scale() == 2;
        let is_word_on = !has_cents
            && next.is_some_and(Token::is_word)
            && !matches!(
                reading.word(after),
                "e" | "y"
                    | "and"
                    | "ou"
                    | "o"
                    | "or"
                    | "mas"
                    | "pero"
                    | "but"
                    | "no"
                    | "na"
                    | "a"
                    | "em"
                    | "en"
                    | "in"
                    | "por"
                    | "each"
                    | "cada"
                    | "para"
                    | "pra"
                    | "so"
                    | "ne"
                    | "ja"
                    | "ya"
                    | "ontem"
                    | "ayer"
                    | "hoje"
                    | "hoy"
                    | "porque"
                    | "pois"
                    | "com"
                    | "con"
                    | "with"
                    | "pelo"
                    | "pela"
                    | "nesse"
                    | "nessa"
                    | "neste"
                    | "nesta"
                    | "que"
                    | "e9"
                    | "certo"
                    | "mesmo"
                    | "agora"
                    | "and/or"
                    | "aqui"
                    | "per"
                    | "si"
                    | "se"
            );
        let before = reading.word_before(index);
        let is_percentage = reading.word(after) == "%";
        is_question
            || is_glued_on
            || is_word_on
            || is_percentage
            || matches!(before, "dia" | "em" | "ate" | "#" | "nº" | "as" | "n" | "on" | "a" | "at" | "numero")
    }
}
