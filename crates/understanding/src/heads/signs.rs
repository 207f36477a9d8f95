//! Signs of mood that people would count themselves: kinds of words, emoji, shouting, punctuation.

use crate::lexicon::{Tally, Tone};

/// Signs that do not come from the lists alone.
const SHAPES: usize = 18;

/// How many signs a text has.
pub(super) const SIGNS: usize = 2 * Tone::ALL.len() + SHAPES;

/// Marks of one kind that are told apart; "!!!!!!" says no more than "!!!".
const MOST_MARKS: f32 = 3.0;

/// Letters that a text needs before its capitals mean anything: "OK", "CPF".
const LETTERS_OF_SHOUTING: f32 = 9.0;

/// Reads the signs of a text, each about 0 to 2.
pub(super) fn signs(text: &str, words: usize, tally: &Tally) -> [f32; SIGNS] {
    let plain = Tone::ALL.into_iter().map(|tone| tally.plain(tone).ln_1p());
    let negated = Tone::ALL.into_iter().map(|tone| tally.negated(tone).ln_1p());
    let mut all = [0.0; SIGNS];
    for (sign, value) in all.iter_mut().zip(plain.chain(negated).chain(shapes(text, words, tally))) {
        *sign = value;
    }
    all
}

fn shapes(text: &str, words: usize, tally: &Tally) -> [f32; SHAPES] {
    let marks = Marks::count(text);
    let (good, bad) = (tally.good, tally.bad);
    let (has_good, has_bad) = (good > 0.0, bad > 0.0);
    [
        good.ln_1p(),
        bad.ln_1p(),
        (good - bad) / (good + bad + 1.0),
        tally.conclusion,
        yes(has_good && !has_bad),
        yes(has_bad && !has_good),
        yes(!has_good && !has_bad),
        marks.exclamations.min(MOST_MARKS) / MOST_MARKS,
        marks.questions.min(MOST_MARKS) / MOST_MARKS,
        yes(marks.letters >= LETTERS_OF_SHOUTING && marks.capitals > 0.6 * marks.letters),
        (words as f32).ln_1p() / 4.0,
        yes(marks.is_stretched),
        yes(text.contains("...") || text.contains('…')),
        yes(text.contains("http") || text.contains("www.") || text.contains(".com")),
        yes(marks.digits > 0.0),
        yes(marks.digits >= 5.0),
        marks.money.min(MOST_MARKS) / MOST_MARKS,
        yes(marks.is_mention),
    ]
}

fn yes(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}

#[derive(Default)]
struct Marks {
    letters: f32,
    capitals: f32,
    digits: f32,
    exclamations: f32,
    questions: f32,
    /// Signs of currencies and of percentages.
    money: f32,
    is_mention: bool,
    /// A letter stands three or more times in a row.
    is_stretched: bool,
}

impl Marks {
    fn count(text: &str) -> Self {
        let mut marks = Self::default();
        let (mut previous, mut run) = ('\0', 0_u32);
        for c in text.chars() {
            match c {
                '!' | '¡' => marks.exclamations += 1.0,
                '?' | '¿' => marks.questions += 1.0,
                '$' | '€' | '£' | '%' => marks.money += 1.0,
                '@' => marks.is_mention = true,
                '0'..='9' => marks.digits += 1.0,
                c if c.is_alphabetic() => {
                    marks.letters += 1.0;
                    marks.capitals += yes(c.is_uppercase());
                }
                _ => {}
            }
            run = if c == previous && c.is_alphabetic() { run + 1 } else { 1 };
            marks.is_stretched |= run >= 3;
            previous = c;
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::words;
    use crate::lexicon;

    fn read(text: &str) -> [f32; SIGNS] {
        let words = words(text);
        signs(text, words.len(), &lexicon::read(text, &words, None))
    }

    #[test]
    fn all_signs_are_small_numbers_for_any_text() {
        for text in ["", "!!!!!!!!", "AAAAAAAAAAAAA", &"merda ".repeat(2_000), "👍", "R$ 10.000,00 http://x"]
        {
            for sign in read(text) {
                assert!((-1.0..=10.0).contains(&sign), "{text}: {sign}");
            }
        }
    }

    #[test]
    fn shouting_needs_more_than_a_code() {
        let shouted = 2 * Tone::ALL.len() + 9;
        assert!(read("CADÊ MEU PEDIDO")[shouted] > 0.5);
        assert!(read("CPF")[shouted] < 0.5);
        assert!(read("Cadê meu pedido")[shouted] < 0.5);
    }
}
