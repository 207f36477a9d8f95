//! Asks every extractor and settles what overlaps.

use jiff::civil::DateTime;
use regex::Regex;

use crate::dates::DateContext;
use crate::reading::{Evidence, Finding, Findings, Reading, value_of};
use crate::{Catalogue, Country, Entity, Language};
use crate::{
    addresses, cards, codes, dates, documents, links, money, names, numbers, orders, organizations, phones,
    pix, places, postal, products, quantities, tracking,
};

/// What is known besides the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The message's language; without it all three are read, numbers as the country writes them.
    pub language: Option<Language>,
    /// The tenant's country: phones, documents and postal codes without a country are its own.
    pub country: Country,
    /// The time at the customer's place; without it "amanhã" stays relative.
    pub now: Option<DateTime>,
    /// The tenant's products.
    pub catalogue: Option<&'a Catalogue>,
    /// How the tenant's order numbers look, beyond "pedido 123".
    pub order_patterns: &'a [Regex],
}

type Extractor = fn(&Reading<'_, '_>, &mut Findings);

/// One line an extractor; the order only decides between findings that are equal in all else.
const EXTRACTORS: [Extractor; 16] = [
    links::find,
    documents::find,
    cards::find,
    tracking::find,
    pix::find,
    phones::find,
    orders::find,
    postal::find,
    money::find,
    products::find,
    quantities::find,
    addresses::find,
    organizations::find,
    names::find,
    places::find,
    codes::find,
];

/// Finds the entities of a text, in its order; none overlaps another.
///
/// Where findings overlap, what is validated stays (a fitting check digit before a clue, a clue
/// before a plan, a plan before a mere shape), then what is longer, then what is more specific.
///
/// ```
/// use pytake_entities::{Context, EntityKind, find};
/// let found = find("Meu cpf é 529.982.247-25, pedido #10230", &Context::default());
/// assert_eq!((found[0].kind, found[0].value.as_ref()), (EntityKind::Cpf, "52998224725"));
/// assert_eq!((found[1].kind, found[1].value.as_ref()), (EntityKind::OrderId, "10230"));
/// ```
pub fn find<'a>(text: &'a str, context: &Context<'_>) -> Vec<Entity<'a>> {
    findings(text, context)
        .into_iter()
        .filter_map(|finding| {
            let words = text.get(finding.start..finding.end)?;
            Some(Entity {
                kind: finding.source.kind(),
                start: finding.start,
                end: finding.end,
                text: words,
                value: value_of(words, finding.value),
                confidence: finding.source.confidence(),
            })
        })
        .collect()
}

/// What every extractor found, settled and in the text's order.
pub(crate) fn findings(text: &str, context: &Context<'_>) -> Vec<Finding> {
    let reading = Reading::new(text, context);
    let mut found = Findings::default();
    for extractor in EXTRACTORS {
        extractor(&reading, &mut found);
    }
    for number in numbers::find(text, reading.language()) {
        found.add_entity(number, Evidence::Shape);
    }
    let day_first = reading.country() != Country::UnitedStates;
    let when = DateContext { language: context.language, now: context.now, day_first };
    for date in dates::find(text, &when) {
        found.add_entity(date, Evidence::Plan);
    }
    let mut kept = settle(found.all);
    kept.sort_by_key(|finding| finding.start);
    kept
}

/// Keeps the better of findings that overlap.
fn settle(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| finding.start < finding.end);
    findings.sort_by(|a, b| {
        let rank = |finding: &Finding| (finding.evidence, finding.end - finding.start);
        rank(b).cmp(&rank(a)).then(a.source.cmp(&b.source)).then(a.start.cmp(&b.start))
    });
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut taken = Taken::default();
    for finding in findings {
        if taken.add(finding.start, finding.end) {
            kept.push(finding);
        }
    }
    kept
}

/// Places that do not overlap.
#[derive(Default)]
struct Taken {
    ends_by_start: std::collections::BTreeMap<usize, usize>,
}

impl Taken {
    /// Takes a place if it is free.
    fn add(&mut self, start: usize, end: usize) -> bool {
        let is_free =
            self.ends_by_start.range(..end).next_back().is_none_or(|(_, taken_end)| *taken_end <= start);
        if is_free {
            self.ends_by_start.insert(start, end);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::Rule;
    use crate::reading::Source;

    fn finding(rule: Rule, evidence: Evidence, start: usize, end: usize) -> Finding {
        Finding { source: Source::Rule(rule), evidence, start, end, value: String::new() }
    }

    #[test]
    fn validated_goes_before_longer_and_longer_before_the_rest() {
        let settled = settle(vec![
            finding(Rule::CodeShape, Evidence::Shape, 0, 20),
            finding(Rule::Cpf, Evidence::Checked, 5, 16),
            finding(Rule::Quantity, Evidence::Shape, 20, 24),
            finding(Rule::Size, Evidence::Shape, 20, 26),
        ]);
        let kept: Vec<Source> = settled.iter().map(|finding| finding.source).collect();
        assert_eq!(kept, [Source::Rule(Rule::Cpf), Source::Rule(Rule::Size)]);
    }
}
