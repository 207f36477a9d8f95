//! What is known of the language before the message is read.

use super::Language;

/// What the conversation and the contact say about the language of the next message.
///
/// Together they move the odds between two languages by at most [`Prior::STRONGEST`], so that a
/// message which is clear by itself (from a confidence of [`Prior::CLEAR`]) keeps its language
/// whatever the prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prior<'a> {
    /// Languages of earlier messages of this conversation, the latest last.
    pub earlier: &'a [Language],
    /// The country calling code of the contact's number, with the area where it decides
    /// (`55`, `1`, `1809`); see [`calling_code`].
    pub calling_code: Option<u16>,
}

impl Prior<'_> {
    /// The largest change of the logarithm of the odds: 20 to 1.
    pub const STRONGEST: f32 = 3.0;

    /// From this confidence without a prior a message is clear: its odds of 32 to 1 outweigh every
    /// prior.
    pub const CLEAR: f32 = 0.97;

    /// What is added to the score of each language.
    pub(super) fn weights(&self) -> [f32; 3] {
        let mut weights = [0.0_f32; 3];
        // Each message back counts a third of the one after it, so that the latest outweighs all others.
        let mut share = FROM_EARLIER * 2.0 / 3.0;
        for language in self.earlier.iter().rev().take(8) {
            weights[language.index()] += share;
            share /= 3.0;
        }
        if let Some(language) = self.calling_code.and_then(language_of) {
            weights[language.index()] += FROM_COUNTRY;
        }
        weights
    }
}

/// The most that earlier messages say: 7 to 1. A choice, not a measurement: no labelled
/// conversations that change their language are at hand.
const FROM_EARLIER: f32 = 2.0;

/// What the country says: 2.7 to 1, less than the latest message does (3.8 to 1), because people live
/// abroad. A choice as well.
const FROM_COUNTRY: f32 = Prior::STRONGEST - FROM_EARLIER;

/// Countries by calling code (ITU-T E.164) whose customers write one of the languages as a rule.
const COUNTRIES: [(Language, &[u16]); 3] = [
    (Language::Portuguese, &[55, 351, 244, 258, 238, 239, 245]),
    (
        Language::Spanish,
        &[
            34, 52, 54, 57, 56, 51, 58, 53, 502, 503, 504, 505, 506, 507, 591, 593, 595, 598, 240, 1787,
            1809, 1829, 1849, 1939,
        ],
    ),
    (Language::English, &[1, 44, 61, 64, 353, 27]),
];

fn language_of(calling_code: u16) -> Option<Language> {
    COUNTRIES.iter().find(|(_, codes)| codes.contains(&calling_code)).map(|(language, _)| *language)
}

/// The calling code that a number in international form begins with (`+55 11 …`, `5511…`), if its
/// country has a usual language of ours.
///
/// ```
/// use pytake_understanding::language::calling_code;
/// assert_eq!(calling_code("5511900000000"), Some(55));
/// assert_eq!(calling_code("+1 (809) 555-0100"), Some(1809));
/// assert_eq!(calling_code("+33 1 23 45 67 89"), None);
/// ```
pub fn calling_code(number: &str) -> Option<u16> {
    let mut code = 0_u16;
    let mut longest = None;
    for digit in number.chars().filter_map(|c| c.to_digit(10)).take(4) {
        code = code * 10 + u16::try_from(digit).ok()?;
        if language_of(code).is_some() {
            longest = Some(code);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prior_moves_the_odds_further_than_it_may() {
        let long = [Language::Spanish; 20];
        for length in 0..long.len() {
            let prior = Prior { earlier: &long[..length], calling_code: Some(34) };
            let [portuguese, spanish, english] = prior.weights();
            assert!(spanish <= Prior::STRONGEST && portuguese == 0.0 && english == 0.0, "{length}");
        }
    }

    #[test]
    fn the_latest_message_counts_more_than_those_before_it() {
        let earlier = [Language::English, Language::English, Language::Portuguese];
        let [portuguese, _, english] = Prior { earlier: &earlier, calling_code: None }.weights();
        assert!(portuguese > english && english > 0.0);
    }

    #[test]
    fn the_odds_of_a_clear_message_outweigh_every_prior() {
        assert!((Prior::CLEAR / (1.0 - Prior::CLEAR)).ln() > Prior::STRONGEST);
    }

    #[test]
    fn a_country_is_listed_once() {
        let mut codes: Vec<u16> = COUNTRIES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
