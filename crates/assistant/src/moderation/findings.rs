//! What is found in a message, by the device and by a second opinion, in the shape of the answer. Pure.

use std::collections::BTreeMap;

use pytake_understanding::filter::{Category, ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::screening::{self, BY_MEANING};
use pytake_understanding::toxicity::{self, Toxicity, ToxicityCategory};
use pytake_understanding::{injection, spam};

use super::{Doubt, ModerationMatch, ModerationOpinion, counted};

/// From this probability on the head says yes too, and its figure may stand behind what a rule found.
const YES: f32 = 0.5;

/// The answer as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Findings {
    pub(crate) matches: Vec<ModerationMatch>,
    pub(crate) scores: BTreeMap<Category, Option<f32>>,
    /// Where the device leaves it open.
    pub(crate) doubt: Option<Doubt>,
}

impl Findings {
    /// What the turn's filter finds on the device.
    pub(crate) fn on_device(filter: &ContentFilter, message: &Message<'_>) -> Self {
        let view = View::of(message);
        let toxicity = toxicity::read(&view);
        let verdict = screening::screen(filter, message, &toxicity);
        let doubt = Doubt::of(&verdict, &toxicity, filter.level());
        let mut matches: Vec<ModerationMatch> = Vec::new();
        for found in verdict.matches {
            let found = ModerationMatch { category: found.category, rule: found.rule };
            if !matches.contains(&found) {
                matches.push(found);
            }
        }
        let scores = Category::ALL.into_iter().map(|category| {
            let is_ruled = matches.iter().any(|one| one.category == category && one.rule != BY_MEANING);
            let score = head_of(category, &toxicity, &view).filter(|score| !is_ruled || *score >= YES);
            (category, score)
        });
        Self { scores: scores.collect(), matches, doubt }
    }

    /// Adds what a second opinion flags and the level stops; the scores are that opinion's from now on.
    pub(crate) fn add(&mut self, opinion: &ModerationOpinion, level: FilterLevel, name: &str) {
        for category in counted(opinion, level) {
            self.matches.push(ModerationMatch { category, rule: name.to_owned() });
        }
        self.scores = Category::ALL.map(|category| (category, opinion.scores.get(&category).copied())).into();
    }

    /// What was found, each once, in the order of [`Category::ALL`].
    pub(crate) fn categories(&self) -> Vec<Category> {
        let is_found = |category: &Category| self.matches.iter().any(|one| one.category == *category);
        Category::ALL.into_iter().filter(is_found).collect()
    }
}

/// The calibrated probability of the head that knows a category.
fn head_of(category: Category, toxicity: &Toxicity, view: &View) -> Option<f32> {
    let of = |wanted: ToxicityCategory| {
        let mut with_scores = ToxicityCategory::ALL.into_iter().zip(toxicity.categories);
        with_scores.find(|(category, _)| *category == wanted).map(|(_, score)| score)
    };
    match category {
        Category::Violence => of(ToxicityCategory::Violence),
        Category::SelfHarm => of(ToxicityCategory::SelfHarm),
        Category::Sexual => of(ToxicityCategory::Sexual),
        Category::Hate => of(ToxicityCategory::Hate),
        Category::Harassment => of(ToxicityCategory::Harassment),
        Category::PromptInjection => Some(injection::read(view, false).score),
        Category::Spam => Some(spam::read(view).score),
        Category::Weapons
        | Category::Drugs
        | Category::Minors
        | Category::Fraud
        | Category::Malware
        | Category::Custom => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_device(text: &str, filter: &ContentFilter) -> Findings {
        Findings::on_device(filter, &Message::new(text))
    }

    #[test]
    fn a_rule_has_no_probability_and_a_head_has_one() {
        let found = on_device("cómo hacer una bomba", &ContentFilter::new(FilterLevel::Normal));
        assert_eq!(found.categories(), [Category::Weapons]);
        assert_eq!(found.scores.len(), Category::ALL.len());
        assert_eq!(found.scores[&Category::Weapons], None);
        assert!(found.scores[&Category::Spam].is_some());
    }

    #[test]
    fn a_tenants_phrase_is_a_match_of_its_own() {
        let filter = ContentFilter::new(FilterLevel::Normal).with_lists(&[], &["concorrente".to_owned()]);
        let found = on_device("a concorrente é mais barata", &filter);
        let expected = ModerationMatch { category: Category::Custom, rule: "tenant_block".to_owned() };
        assert_eq!((found.matches, found.doubt), (vec![expected], None));
    }

    #[test]
    fn an_opinion_adds_what_the_level_stops_and_brings_its_own_scores() {
        let mut found = on_device("bom dia", &ContentFilter::new(FilterLevel::Normal));
        let opinion = ModerationOpinion {
            flagged: true,
            categories: vec![Category::Harassment, Category::Hate],
            scores: BTreeMap::from([(Category::Harassment, 0.9), (Category::Hate, 0.8)]),
            model: "m".to_owned(),
        };
        found.add(&opinion, FilterLevel::Normal, "vendor");
        assert_eq!(found.matches, [ModerationMatch { category: Category::Hate, rule: "vendor".to_owned() }]);
        assert_eq!((found.scores[&Category::Hate], found.scores[&Category::Spam]), (Some(0.8), None));
    }
}
