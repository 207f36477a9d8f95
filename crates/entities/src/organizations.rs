//! Companies and institutions that say what they are: "Padaria Sol Ltda", "Acme Inc", "Banco do Brasil".
//!
//! The value is the name as written.

use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

/// Legal forms behind a name, folded.
const FORMS: &[&str] = &[
    "ltda",
    "eireli",
    "epp",
    "inc",
    "llc",
    "ltd",
    "corp",
    "corporation",
    "gmbh",
    "plc",
    "srl",
    "incorporated",
    "limited",
    "mei",
];

/// Legal forms written with points or slashes.
const POINTED_FORMS: &[&[&str]] = &[
    &["s", ".", "a"],
    &["s", "/", "a"],
    &["s", ".", "l"],
    &["s", ".", "r", ".", "l"],
    &["s", "de", "r", ".", "l"],
];

/// What an institution's name begins with; more words in capitals must follow.
const INSTITUTIONS: &[&str] = &[
    "banco",
    "universidade",
    "universidad",
    "university",
    "hospital",
    "ministerio",
    "prefeitura",
    "tribunal",
    "instituto",
    "associacao",
    "fundacao",
    "secretaria",
    "camara",
    "sindicato",
    "faculdade",
    "ministry",
    "institute",
    "fundacion",
    "asociacion",
    "ayuntamiento",
    "municipalidad",
    "supermercado",
    "drogaria",
    "clinica",
];

const CONNECTORS: &[&str] = &["de", "do", "da", "dos", "das", "del", "e", "y", "of", "the", "la", "&", "and"];

/// A name has no more words than this.
const MOST_WORDS: usize = 6;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, token) in reading.tokens.iter().enumerate() {
        if !token.is_word() {
            continue;
        }
        let folded = token.folded.as_ref();
        let place = if FORMS.contains(&folded) {
            behind(reading, index, index + 1)
        } else if folded == "s" {
            pointed_form(reading, index).and_then(|after| behind(reading, index, after))
        } else if INSTITUTIONS.contains(&folded) && is_capital(reading, index) && !reading.is_glued(index) {
            institution(reading, index)
        } else {
            None
        };
        if let Some((first, after)) = place {
            let after = with_point(reading, after);
            let start = reading.tokens.get(first).map_or(0, |token| token.start);
            let end = reading.tokens.get(after - 1).map_or(0, |token| token.end);
            found.add(Rule::Organization, Evidence::Plan, (start, end), reading.slice(start, end).to_owned());
        }
    }
}

/// "Transportes Ltda. não entregou": the point belongs to the abbreviation where the sentence goes on.
fn with_point(reading: &Reading<'_, '_>, after: usize) -> usize {
    let has_point = reading.word(after) == "." && reading.is_glued(after);
    let goes_on = reading
        .tokens
        .get(after + 1)
        .is_some_and(|next| next.is_word() && !next.text.starts_with(char::is_uppercase));
    after + usize::from(has_point && goes_on)
}

fn is_capital(reading: &Reading<'_, '_>, index: usize) -> bool {
    reading
        .tokens
        .get(index)
        .is_some_and(|token| token.is_word() && token.text.starts_with(char::is_uppercase))
}

fn pointed_form(reading: &Reading<'_, '_>, index: usize) -> Option<usize> {
    let form = POINTED_FORMS
        .iter()
        .find(|form| form.iter().enumerate().all(|(step, part)| reading.word(index + step) == *part))?;
    let after = index + form.len();
    let has_point = reading.word(index + 1) == "." && reading.word(after) == "." && reading.is_glued(after);
    let is_short = reading.tokens.get(after).is_none_or(|next| next.space_before || !next.is_word());
    is_short.then_some(after + usize::from(has_point))
}

/// The words in capitals before a legal form.
fn behind(reading: &Reading<'_, '_>, form: usize, after: usize) -> Option<(usize, usize)> {
    if form == 0 || reading.begins_line(form) {
        return None;
    }
    let mut first = form;
    if reading.word_before(first) == "," {
        first -= 1;
    }
    let end_of_name = first;
    while end_of_name - first < MOST_WORDS && first > 0 {
        let connectors =
            usize::from(first >= 2 && first < end_of_name && CONNECTORS.contains(&reading.word(first - 1)));
        let Some(at) = first.checked_sub(1 + connectors) else { break };
        if !is_capital(reading, at) || reading.begins_line(at + 1) {
            break;
        }
        first = at;
    }
    (first < end_of_name && !reading.is_shouted()).then_some((first, after))
}

fn institution(reading: &Reading<'_, '_>, index: usize) -> Option<(usize, usize)> {
    let mut after = index + 1;
    let mut names = 0;
    while names < MOST_WORDS {
        let connectors = (after..after + 2).take_while(|at| CONNECTORS.contains(&reading.word(*at))).count();
        let at = after + connectors;
        let is_name = is_capital(reading, at)
            && reading.tokens.get(at).is_some_and(|token| token.space_before)
            && !reading.begins_line(at);
        if !is_name {
            break;
        }
        after = at + 1;
        names += 1;
    }
    (names > 0).then_some((index, after))
}
