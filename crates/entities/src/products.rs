//! Products of the tenant's catalogue. The value is the name as the catalogue writes it.

use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let Some(catalogue) = reading.context.catalogue else { return };
    for (first, last, name) in catalogue.find(&reading.tokens) {
        if let (Some(first), Some(last)) = (reading.tokens.get(first), reading.tokens.get(last)) {
            found.add(Rule::Product, Evidence::Clue, (first.start, last.end), name.to_owned());
        }
    }
}
