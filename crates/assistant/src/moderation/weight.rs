//! When a second opinion is wanted, and what its word counts for. Pure.

use pytake_understanding::filter::{Category, FilterLevel, FilterVerdict};
use pytake_understanding::toxicity::{Toxicity, ToxicityCategory};

use super::ModerationOpinion;

/// From this probability on the device does not call a message harmless by itself.
///
/// Measured on the development sets, at the normal level: at 0.1 it asks about 0.1 % of customers' requests (banking77,
/// n = 2,000) to 0.9 % (clinc150, n = 1,363; support intents 0.5 %, n = 210), 23 % of complaints as rude as tweets (UMSAB
/// negative in Portuguese and Spanish, n = 612), and 46 % of hateful tweets (TweetEval, n = 427, of which the device
/// stops 15 % itself). At 0.2 these are 0.0 to 0.5 %, 11 % and 32 %; at 0.05 they are 0.4 to 2.3 %, 36 % and 59 %.
pub(crate) const DOUBT_FROM: f32 = 0.1;

/// The device stopped nothing and is not sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Doubt {
    /// The head's probability of abuse.
    pub(crate) score: f32,
    /// What is minded.
    pub(crate) level: FilterLevel,
}

impl Doubt {
    /// What the device leaves open: its probability is neither small nor the level's to flag, or it is sure of
    /// abuse and cannot tell an insult, which the normal level answers, from what that level stops.
    pub(crate) fn of(verdict: &FilterVerdict, toxicity: &Toxicity, level: FilterLevel) -> Option<Self> {
        if verdict.is_blocked() || toxicity.score < DOUBT_FROM {
            return None;
        }
        let may_be_harm = || {
            let with_scores = ToxicityCategory::ALL.into_iter().zip(toxicity.categories);
            with_scores
                .filter(|(category, _)| minds(level, Category::from(*category)))
                .any(|(_, score)| score >= DOUBT_FROM)
        };
        let is_open = !toxicity.is_flagged(level) || may_be_harm();
        is_open.then_some(Self { score: toxicity.score, level })
    }
}

/// What an opinion flags that a level stops, each once, in the order of [`Category::ALL`].
pub(crate) fn counted(opinion: &ModerationOpinion, level: FilterLevel) -> Vec<Category> {
    let is_counted = |category: &Category| minds(level, *category) && opinion.categories.contains(category);
    Category::ALL.into_iter().filter(is_counted).collect()
}

/// Whether a level stops a category on a model's word, as the screen does on that of the device's heads: insults are
/// answered unless it is strict, and prompt injection and spam are never stopped on a model's word alone.
fn minds(level: FilterLevel, category: Category) -> bool {
    match category {
        Category::Harassment => level == FilterLevel::Strict,
        Category::PromptInjection | Category::Spam => false,
        Category::Violence
        | Category::Weapons
        | Category::Drugs
        | Category::SelfHarm
        | Category::Sexual
        | Category::Minors
        | Category::Hate
        | Category::Fraud
        | Category::Malware
        | Category::Custom => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytake_understanding::filter::FilterMatch;

    fn toxicity(score: f32, categories: [f32; 5]) -> Toxicity {
        Toxicity { score, categories, vulgar_words: 0 }
    }

    fn doubts(score: f32, categories: [f32; 5], level: FilterLevel) -> bool {
        Doubt::of(&FilterVerdict::default(), &toxicity(score, categories), level).is_some()
    }

    #[test]
    fn the_device_is_in_doubt_between_hardly_and_the_levels_threshold() {
        let nothing = [0.0; 5];
        for (score, at_normal, at_strict) in [
            (0.0, false, false),
            (0.09, false, false),
            (0.1, true, true),
            (0.49, true, true),
            (0.69, true, false),
        ] {
            assert_eq!(doubts(score, nothing, FilterLevel::Normal), at_normal, "{score}");
            assert_eq!(doubts(score, nothing, FilterLevel::Strict), at_strict, "{score}");
        }
    }

    #[test]
    fn a_plain_insult_is_no_doubt_and_one_that_may_be_hate_is() {
        // hate, harassment, sexual, violence, self-harm
        assert!(!doubts(0.95, [0.05, 0.95, 0.0, 0.09, 0.0], FilterLevel::Normal));
        assert!(doubts(0.95, [0.4, 0.95, 0.0, 0.1, 0.0], FilterLevel::Normal));
    }

    #[test]
    fn what_is_stopped_already_needs_no_second_opinion() {
        let found = FilterMatch { category: Category::Hate, rule: "meaning".to_owned(), start: 0, end: 1 };
        let verdict = FilterVerdict { matches: vec![found] };
        assert_eq!(Doubt::of(&verdict, &toxicity(0.5, [0.5; 5]), FilterLevel::Normal), None);
    }

    #[test]
    fn insults_count_at_the_strict_level_only_and_spam_never() {
        let opinion = ModerationOpinion {
            flagged: true,
            categories: vec![Category::Spam, Category::Harassment, Category::Violence],
            ..ModerationOpinion::default()
        };
        assert_eq!(counted(&opinion, FilterLevel::Normal), [Category::Violence]);
        assert_eq!(counted(&opinion, FilterLevel::Strict), [Category::Violence, Category::Harassment]);
    }
}
