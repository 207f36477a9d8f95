//! Adding up what the words of a text convey.

use super::book::{Book, emoji};
use super::{Tone, Tones};
use crate::fold::Words;
use crate::language::Language;

/// Words that a negation reaches over: "não foi nada bom", "never had any good".
const NEGATION_REACH: usize = 3;

/// Words that an intensifier reaches over: "muito mais bonito".
const INTENSIFIER_REACH: usize = 2;

/// What an intensifier adds to a word of weight 1, and what a negated complaint ("no problem") leaves of praise.
const HALF: f32 = 0.5;

/// Sums over the words and emoji of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    plain: [f32; Tone::ALL.len()],
    negated: [f32; Tone::ALL.len()],
    /// Good words, intensified ones counted half more, negated complaints half.
    pub good: f32,
    /// Bad words, intensified ones counted half more, negated praise with them.
    pub bad: f32,
    /// Difference of good and bad behind the last "but", relative to their sum; of the whole text without one.
    pub conclusion: f32,
}

impl Tally {
    /// How often a tone was shown outside of any negation.
    pub fn plain(&self, tone: Tone) -> f32 {
        self.plain.get(tone as usize).copied().unwrap_or(0.0)
    }

    /// How often a tone was shown and negated.
    pub fn negated(&self, tone: Tone) -> f32 {
        self.negated.get(tone as usize).copied().unwrap_or(0.0)
    }
}

/// Adds up the tones of a text whose folded words are known.
///
/// A language reads only its own lists: "no" denies in Spanish and English and means "in the" in Portuguese.
pub fn read(text: &str, words: &Words, language: Option<Language>) -> Tally {
    let book = Book::of(language);
    let mut sums = Sums::new();
    let found: Vec<(&str, usize, usize)> =
        words.iter().map(|word| (word.text, word.start, word.end)).collect();
    let texts: Vec<&str> = found.iter().map(|(word, ..)| *word).collect();
    let mut place = 0;
    let mut read_to = 0;
    while let Some((_, start, end)) = found.get(place) {
        sums.read_gap(text.get(read_to..*start).unwrap_or_default());
        read_to = *end;
        let taken = if let Some((length, tones)) = book.longest_at(texts.get(place..).unwrap_or_default()) {
            sums.add(tones, length);
            read_to = found.get(place + length - 1).map_or(read_to, |(.., end)| *end);
            length
        } else {
            sums.pass(1);
            1
        };
        place += taken;
    }
    sums.read_gap(text.get(read_to..).unwrap_or_default());
    sums.finish()
}

struct Sums {
    plain: [f32; Tone::ALL.len()],
    negated: [f32; Tone::ALL.len()],
    good: f32,
    bad: f32,
    /// Good and bad as they stood at the last "but".
    before_contrast: (f32, f32),
    /// How many more words a negation reaches.
    negation: usize,
    intensity: usize,
}

impl Sums {
    fn new() -> Self {
        let counts = [0.0; Tone::ALL.len()];
        Self {
            plain: counts,
            negated: counts,
            good: 0.0,
            bad: 0.0,
            before_contrast: (0.0, 0.0),
            negation: 0,
            intensity: 0,
        }
    }

    fn read_gap(&mut self, gap: &str) {
        for c in gap.chars() {
            if matches!(c, '.' | '!' | '?' | ';' | ':' | '\n') {
                self.negation = 0;
            }
            let tones = emoji(c);
            if tones != Tones::default() {
                // An emoji stands for itself: "não 😊" is no sadness.
                self.negation = 0;
                self.add(tones, 0);
            }
        }
    }

    fn add(&mut self, tones: Tones, length: usize) {
        let is_negated = self.negation > 0;
        for tone in tones.iter() {
            let counts =
                if is_negated && tone != Tone::Negation { &mut self.negated } else { &mut self.plain };
            if let Some(count) = counts.get_mut(tone as usize) {
                *count += 1.0;
            }
        }
        let weight = if self.intensity > 0 { 1.0 + HALF } else { 1.0 };
        let (is_good, is_bad) = (tones.overlaps(Tones::POSITIVE), tones.overlaps(Tones::NEGATIVE));
        match (is_good, is_bad, is_negated) {
            (true, true, _) | (false, false, _) => {}
            (true, false, false) => self.good += weight,
            (true, false, true) | (false, true, false) => self.bad += weight,
            (false, true, true) => self.good += weight * HALF,
        }
        self.pass(length);
        if tones.overlaps(Tones::one(Tone::Contrast)) {
            self.before_contrast = (self.good, self.bad);
            self.negation = 0;
        }
        if tones.overlaps(Tones::one(Tone::Intensifier)) {
            self.intensity = INTENSIFIER_REACH;
        }
        if tones.overlaps(Tones::one(Tone::Negation)) {
            self.negation = NEGATION_REACH;
        }
    }

    fn pass(&mut self, words: usize) {
        self.negation = self.negation.saturating_sub(words);
        self.intensity = self.intensity.saturating_sub(words);
    }

    fn finish(self) -> Tally {
        let (good, bad) = (self.good - self.before_contrast.0, self.bad - self.before_contrast.1);
        Tally {
            plain: self.plain,
            negated: self.negated,
            good: self.good,
            bad: self.bad,
            conclusion: (good - bad) / (good + bad + 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::words;

    fn tally(text: &str, language: Language) -> Tally {
        read(text, &words(text), Some(language))
    }

    #[test]
    fn praise_and_complaint_are_told_apart_and_negation_turns_them() {
        for (text, language, is_good) in [
            ("Adorei, atendimento excelente!", Language::Portuguese, true),
            ("nada mal", Language::Portuguese, true),
            ("não gostei nada", Language::Portuguese, false),
            ("no me gustó", Language::Spanish, false),
            ("muy buena atención, gracias", Language::Spanish, true),
            ("it is not good", Language::English, false),
            ("I don't love it", Language::English, false),
            ("amazing, thank you", Language::English, true),
        ] {
            let found = tally(text, language);
            assert_eq!(found.good > found.bad, is_good, "{text}: {found:?}");
        }
    }

    #[test]
    fn what_stands_behind_but_is_the_conclusion() {
        assert!(tally("produto lindo, mas a entrega foi péssima", Language::Portuguese).conclusion < 0.0);
        assert!(tally("demorou, mas valeu a pena", Language::Portuguese).conclusion > 0.0);
    }

    #[test]
    fn emoji_and_stretched_words_count() {
        let found = tally("aaaamei 😍😍", Language::Portuguese);
        assert!((found.plain(Tone::JoyFace) - 2.0).abs() < f32::EPSILON);
        assert!(tally("ameiiiii", Language::Portuguese).plain(Tone::Love) > 0.0);
    }

    #[test]
    fn a_negation_ends_with_its_sentence() {
        let found = tally("não. ótimo atendimento", Language::Portuguese);
        assert!(found.plain(Tone::Praise) > 0.0 && found.negated(Tone::Praise) < 1.0);
    }

    #[test]
    fn a_small_word_of_another_language_denies_nothing() {
        assert!(tally("ganhei no sorteio", Language::Portuguese).plain(Tone::Negation) < 1.0);
        assert!(tally("no gané", Language::Spanish).plain(Tone::Negation) > 0.0);
    }
}
