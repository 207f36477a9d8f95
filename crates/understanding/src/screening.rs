//! What stops a customer's message: the patterns of the content filter, and what the heads are sure of.
//!
//! The patterns are made for precision and know few words; the heads know meanings and are wrong now and then. So a
//! head stops only what harms others or the writer, from [`NORMAL_THRESHOLD`](crate::toxicity::NORMAL_THRESHOLD) on;
//! insults are answered, unless the level is strict. Prompt injection and spam are never stopped on a head's word
//! alone: what an answer may do is limited whatever a message says. Catch rates and false alarms of both levels are
//! in docs/understanding.md.

use crate::filter::{Category, ContentFilter, FilterLevel, FilterMatch, FilterVerdict};
use crate::message::Message;
use crate::toxicity::{Toxicity, ToxicityCategory};

/// The rule name of what a head has found.
pub const BY_MEANING: &str = "meaning";

/// Checks what a customer wrote, of which the head has said how abusive it is.
pub fn screen(filter: &ContentFilter, message: &Message<'_>, toxicity: &Toxicity) -> FilterVerdict {
    let mut verdict = filter.check_inbound_words(message.unmasked());
    let level = filter.level();
    if !toxicity.is_flagged(level) {
        return verdict;
    }
    let mut stopped: Vec<Category> = toxicity.named().into_iter().map(Category::from).collect();
    match level {
        FilterLevel::Normal => stopped.retain(|category| *category != Category::Harassment),
        FilterLevel::Strict if stopped.is_empty() => stopped.push(Category::Harassment),
        FilterLevel::Strict => {}
    }
    for category in stopped {
        if !verdict.matches.iter().any(|found| found.category == category) {
            let (start, end) = (0, message.text().len());
            verdict.matches.push(FilterMatch { category, rule: BY_MEANING.to_owned(), start, end });
        }
    }
    verdict
}

impl From<ToxicityCategory> for Category {
    fn from(category: ToxicityCategory) -> Self {
        match category {
            ToxicityCategory::Hate => Self::Hate,
            ToxicityCategory::Harassment => Self::Harassment,
            ToxicityCategory::Sexual => Self::Sexual,
            ToxicityCategory::Violence => Self::Violence,
            ToxicityCategory::SelfHarm => Self::SelfHarm,
        }
    }
}
