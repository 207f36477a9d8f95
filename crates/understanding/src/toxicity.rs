//! Toxicity: attacks on people, apart from vulgar words and from plain anger.
//!
//! A furious customer attacks nobody, and "que merda de entrega" is said of a thing. The head therefore
//! learns abuse from texts in which swearing and complaints are on the harmless side; whether vulgar or
//! insulting words stand in a text is counted apart and matters at the strict level only.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::filter::FilterLevel;
use crate::heads::{View, Weights, at, shipped};
use crate::lexicon::Tone;

static HEAD: LazyLock<Weights> = LazyLock::new(|| shipped(include_bytes!("../data/heads/toxicity.bin")));

/// What kind of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToxicityCategory {
    /// Contempt for groups of people.
    Hate,
    /// Insults and threats against somebody.
    Harassment,
    /// Sexual talk, sexual harassment.
    Sexual,
    /// Wishes of harm, glee about it.
    Violence,
    /// The writer may harm themselves.
    SelfHarm,
}

impl ToxicityCategory {
    /// All, in the order of the head's classes behind the first, `abuse`.
    pub const ALL: [Self; 5] = [Self::Hate, Self::Harassment, Self::Sexual, Self::Violence, Self::SelfHarm];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hate => "hate",
            Self::Harassment => "harassment",
            Self::Sexual => "sexual",
            Self::Violence => "violence",
            Self::SelfHarm => "self_harm",
        }
    }
}

/// From this probability of abuse on a message is flagged at the normal level.
///
/// Held out: our own texts, made to be hard, precision 98 recall 52 (n 1,075); moderation set precision 85 recall
/// 50 (n 818); false alarms 0.2 % of our own complaints and posts (n 5,584), 0.1 % of requests to a shop (n 5,251),
/// none of requests to a bank or an assistant (n 4,632). HateCheck with whole kinds of test held out: recall 72
/// and 38 % false alarms, which are quotes of and answers to hate.
pub const NORMAL_THRESHOLD: f32 = 0.7;

/// From this score on ([`Toxicity::score_at`]) a message is flagged at the strict level: one vulgar word is enough.
///
/// Measured: ToLD-Br by one vote macro-F1 73.2 (precision 65, recall 86, n 4,197), TweetEval offensive 70.3 (precision
/// 74, recall 45, n 2,979); false alarms 0.0 to 0.3 % of requests to banks and assistants (n 8,764).
pub const STRICT_THRESHOLD: f32 = 0.5;

/// From this probability on a category is named: held out, precision is 63 (violence) to 87 (sexual), n 12,728.
pub const CATEGORY_THRESHOLD: f32 = 0.5;

/// How abusive a message is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Toxicity {
    /// Calibrated probability that it attacks somebody, harasses, or speaks of self-harm.
    pub score: f32,
    /// Calibrated probabilities in the order of [`ToxicityCategory::ALL`].
    pub categories: [f32; 5],
    /// How many vulgar or insulting words it holds: a count, no probability.
    pub vulgar_words: u32,
}

impl Toxicity {
    /// True where a message is to be flagged at that level.
    pub fn is_flagged(&self, level: FilterLevel) -> bool {
        match level {
            FilterLevel::Normal => self.score >= NORMAL_THRESHOLD,
            FilterLevel::Strict => self.score_at(level) >= STRICT_THRESHOLD,
        }
    }

    /// A number that rises with what a level minds, for ranking. At the normal level it is the calibrated
    /// probability; at the strict level vulgar words raise it: each halves what is missing to 1.
    pub fn score_at(&self, level: FilterLevel) -> f32 {
        match level {
            FilterLevel::Normal => self.score,
            FilterLevel::Strict => 1.0 - (1.0 - self.score) * 0.5_f32.powf(self.vulgar_words as f32),
        }
    }

    /// The categories that are probable enough to be named.
    pub fn named(&self) -> Vec<ToxicityCategory> {
        let with_scores = ToxicityCategory::ALL.into_iter().zip(self.categories);
        with_scores.filter(|(_, score)| *score >= CATEGORY_THRESHOLD).map(|(category, _)| category).collect()
    }
}

/// Reads how abusive a message is.
pub fn read(view: &View) -> Toxicity {
    let found = HEAD.probabilities(view.features());
    let mut categories = [0.0; 5];
    for (place, category) in categories.iter_mut().enumerate() {
        *category = at(&found, place + 1);
    }
    let tally = view.tally();
    let count = |tone| tally.plain(tone) + tally.negated(tone);
    let vulgar = count(Tone::Insult) + count(Tone::Profanity);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of words")]
    let vulgar_words = vulgar as u32;
    Toxicity { score: at(&found, 0), categories, vulgar_words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_abuse_and_all_categories() {
        let categories = ToxicityCategory::ALL.map(ToxicityCategory::as_str);
        assert!(HEAD.names().eq(["abuse"].into_iter().chain(categories)));
    }
}
