//! Word patterns: the small language in which the filter and the signals are written.
//!
//! A rule file holds sections, word sets and rules, one a line:
//!
//! ```text
//! @buy: buy buying compr{ar,o,a}          a word set; braces spell out endings
//! [drugs]                                 the rules below belong to this section
//! buying: @buy ..3 cocaine|heroin         up to 3 words may stand between
//! strict buying: @buy ?some weed unless killer|@garden
//! ```
//!
//! `a|b` is a choice, `?a` may be missing, `..N` allows N words in between (without it words stand
//! side by side), `unless` names words whose presence nearby calls the rule off. Patterns see
//! unmasked words ([`crate::fold::unmask`]), never parts of words. Matching takes time linear in the
//! text: a rule looks at most 63 words ahead, with one machine word as its set of positions.

mod parse;
mod scan;

use rustc_hash::FxHashMap;

pub(crate) use scan::Found;

/// Words within this distance of a match can call it off (`unless`).
const VETO_REACH: usize = 6;

/// A compiled rule file.
#[derive(Debug, Default)]
pub(crate) struct RuleBook {
    /// Folded word to its number; 0 is kept for words in no rule.
    vocabulary: FxHashMap<Box<str>, u16>,
    /// The same with every run of equal letters cut to one, for stretched words.
    without_doubles: FxHashMap<Box<str>, u16>,
    longest_word: usize,
    /// The sets each word belongs to, by word number.
    sets_of_word: Vec<Vec<u16>>,
    set_count: usize,
    sections: Vec<&'static str>,
    rules: Vec<Rule>,
    /// Rules whose first step is this set, by set number.
    rules_by_first_set: Vec<Vec<u16>>,
}

#[derive(Debug)]
struct Rule {
    name: &'static str,
    section: u16,
    strict: bool,
    steps: Vec<Step>,
    vetoes: Vec<u16>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    set: u16,
    /// Words that may stand between this step and the one before.
    gap: u8,
}

impl RuleBook {
    /// The names of the sections, by number.
    pub(crate) fn sections(&self) -> &[&'static str] {
        &self.sections
    }

    /// The number of the named section, for comparing with [`Found::section`].
    pub(crate) fn section(&self, name: &str) -> Option<u16> {
        self.sections.iter().position(|section| *section == name).and_then(|at| u16::try_from(at).ok())
    }
}
