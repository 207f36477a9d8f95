//! Counts how often each rule is right, for the table: `cargo test -p pytake-entities rule -- --nocapture`.

#[path = "../../tests/it/entities/marked.rs"]
mod marked;

use std::collections::BTreeMap;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::Rule;
use crate::clues::Clue;
use crate::find::findings;
use crate::reading::{Reading, Source};
use crate::{Catalogue, Context, Country, EntityKind, Language, cards, documents, tracking};

type Place = (usize, usize);

/// Right and found of every rule.
#[derive(Default)]
struct Counts(BTreeMap<Rule, (u32, u32)>);

impl Counts {
    fn add(&mut self, rule: Rule, is_right: bool) {
        let (right, found) = self.0.entry(rule).or_default();
        *right += u32::from(is_right);
        *found += 1;
    }
}

fn context<'a>(country: &str, language: Option<&str>, catalogue: &'a Catalogue) -> Context<'a> {
    let language = language.map(|language| match language {
        "pt" => Language::Portuguese,
        "es" => Language::Spanish,
        _ => Language::English,
    });
    let country = Country::from_code(country).expect("a known country");
    Context { country, language, catalogue: Some(catalogue), ..Context::default() }
}

/// Whether a check digit decides: then the shape is counted, not what passes.
fn is_checked(rule: Rule) -> bool {
    rule.measured().chance < 1.0
}

/// Strings with the shape of something that a check digit decides.
fn shapes(text: &str, context: &Context<'_>) -> Vec<(Rule, Place)> {
    let reading = Reading::new(text, context);
    let mut found = Vec::new();
    for (index, start) in reading.runs() {
        if !reading.begins_alone(start) || !reading.byte(start).is_ascii_alphanumeric() {
            continue;
        }
        if let Some(groups) = reading.groups(start, &[3, 3, 3, 2], b"..-") {
            found.push((if groups.separators > 0 { Rule::Cpf } else { Rule::CpfBare }, (start, groups.end)));
        }
        if let Some((end, characters, separators)) = documents::cnpj_characters(&reading, start)
            && characters.bytes().skip(12).all(|byte| byte.is_ascii_digit())
        {
            found.push((if separators > 1 { Rule::Cnpj } else { Rule::CnpjBare }, (start, end)));
        }
        if let Some(end) = cards::card_end(&reading, start)
            && reading.byte(start).is_ascii_digit()
        {
            found.push((Rule::Card, (start, end)));
        }
        if let Some((end, _)) = tracking::postal_item(&reading, start) {
            found.push((Rule::TrackingS10, (start, end)));
        }
        let end = reading.run_end(start);
        let run = reading.slice(start, end);
        if run.len() == 18 && run.to_ascii_uppercase().starts_with("1Z") {
            found.push((Rule::TrackingUps, (start, end)));
        }
        if reading.has_clue_before(index, Clue::TAX) && run.bytes().any(|byte| byte.is_ascii_digit()) {
            found.push((Rule::TaxId, (start, end)));
        }
    }
    found
}

fn name(kind: EntityKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn fixture(counts: &mut Counts) {
    let catalogue = Catalogue::new([
        "Camiseta Básica",
        "Tênis Runner",
        "Calça Jeans Skinny",
        "Bolo de Cenoura",
        "Kit Churrasco",
    ]);
    let patterns = [Regex::new(marked::ORDERS).expect("a pattern")];
    for message in marked::messages() {
        let context = Context {
            order_patterns: &patterns,
            ..context(&message.country, Some(&message.language), &catalogue)
        };
        for finding in findings(&message.text, &context) {
            let Source::Rule(rule) = finding.source else { continue };
            let entity = (name(rule.kind()), finding.start, finding.end, finding.value);
            if !is_checked(rule) {
                counts.add(rule, message.entities.contains(&entity));
            }
        }
        for (rule, (start, end)) in shapes(&message.text, &context) {
            let begins = |entity: &&(String, usize, usize, String)| {
                entity.0 == name(rule.kind()) && entity.1 == start && (entity.2 == end || rule == Rule::TaxId)
            };
            counts.add(rule, message.entities.iter().any(|entity| begins(&entity)));
        }
    }
}

/// The lines of a labelled data set that lies beside the checkout.
fn shared(path: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nlu").join(path);
    let Ok(text) = std::fs::read_to_string(file) else {
        eprintln!("SKIPPED: no {path} beside the checkout");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn bytes(text: &str, start: usize, end: usize) -> Place {
    let place = |wanted: usize| text.char_indices().nth(wanted).map_or(text.len(), |(at, _)| at);
    (place(start), place(end))
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// The Recognizers' money and phones: a finding is right where one of their results has its words.
fn recognizers(counts: &mut Counts, catalogue: &Catalogue) {
    for (file, kind, country, language) in [
        ("currency.pt", EntityKind::Money, "BR", "pt"),
        ("currency.es", EntityKind::Money, "MX", "es"),
        ("currency.en", EntityKind::Money, "US", "en"),
        ("phonenumber.pt", EntityKind::Phone, "BR", "pt"),
        ("phonenumber.en", EntityKind::Phone, "US", "en"),
        ("email.en", EntityKind::Email, "US", "en"),
        ("url.en", EntityKind::Url, "US", "en"),
        ("ipaddress.en", EntityKind::IpAddress, "US", "en"),
        ("ipaddress.pt", EntityKind::IpAddress, "BR", "pt"),
    ] {
        let context = context(country, Some(language), catalogue);
        for line in shared(&format!("entities-recognizers/{file}.dev.jsonl")) {
            let text = line["text"].as_str().unwrap_or_default();
            let results = line["results"].as_array().into_iter().flatten();
            let expected: Vec<String> = results
                .filter_map(|result| result["Text"].as_str().or(result["text"].as_str()))
                .map(str::to_lowercase)
                .collect();
            for finding in findings(text, &context) {
                let Source::Rule(rule) = finding.source else { continue };
                let words = text.get(finding.start..finding.end).unwrap_or_default().to_lowercase();
                if rule.kind() == kind {
                    counts.add(rule, expected.contains(&words));
                }
            }
        }
    }
}

const LABELS: [(&str, EntityKind); 9] = [
    ("PHONE_NUMBER", EntityKind::Phone),
    ("CREDIT_CARD", EntityKind::Card),
    ("EMAIL_ADDRESS", EntityKind::Email),
    ("DOMAIN_NAME", EntityKind::Url),
    ("ZIP_CODE", EntityKind::PostalCode),
    ("PERSON", EntityKind::Name),
    ("GPE", EntityKind::Location),
    ("ORGANIZATION", EntityKind::Organization),
    ("STREET_ADDRESS", EntityKind::Address),
];

/// Presidio's synthetic sentences. What lies inside a labelled address counts for addresses only;
/// an address is right where it lies inside one, since theirs go on to the postal code.
fn presidio(counts: &mut Counts, catalogue: &Catalogue) {
    let context = context("US", Some("en"), catalogue);
    for line in shared("pii-presidio/dev.jsonl") {
        let text = line["text"].as_str().unwrap_or_default();
        let spans: Vec<(Place, Option<EntityKind>)> = line["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|span| {
                let kind = LABELS.iter().find(|(label, _)| span[2] == *label).map(|(_, kind)| *kind);
                (bytes(text, number(&span[0]), number(&span[1])), kind)
            })
            .collect();
        let in_address = |start: usize, end: usize| {
            spans
                .iter()
                .any(|((from, to), kind)| *kind == Some(EntityKind::Address) && *from <= start && end <= *to)
        };
        for finding in findings(text, &context) {
            let Source::Rule(rule) = finding.source else { continue };
            let (start, end) = (finding.start, finding.end);
            let is_labelled = LABELS.iter().any(|(_, kind)| *kind == rule.kind());
            if rule.kind() == EntityKind::Address {
                counts.add(rule, in_address(start, end));
            } else if is_labelled && !is_checked(rule) && !in_address(start, end) {
                counts.add(rule, spans.contains(&((start, end), Some(rule.kind()))));
            }
        }
        for (rule, (start, end)) in shapes(text, &context).into_iter().filter(|(rule, _)| *rule == Rule::Card)
        {
            counts.add(rule, spans.contains(&((start, end), Some(EntityKind::Card))));
        }
    }
}

/// News: people and places of the Bosque (whose contractions are written apart) and of EWT.
fn news(counts: &mut Counts, catalogue: &Catalogue) {
    for (file, country, language) in
        [("ner-uner/pt.dev.jsonl", "BR", "pt"), ("ner-uner/en.dev.jsonl", "US", "en")]
    {
        let context = context(country, Some(language), catalogue);
        for line in shared(file) {
            let (text, spans) = joined(&line);
            for finding in findings(&text, &context) {
                let Source::Rule(rule) = finding.source else { continue };
                let label = match rule.kind() {
                    EntityKind::Name => "PER",
                    EntityKind::Location => "LOC",
                    _ => continue,
                };
                counts.add(rule, spans.contains(&(label.to_owned(), finding.start, finding.end)));
            }
        }
    }
}

fn joined(line: &Value) -> (String, Vec<(String, usize, usize)>) {
    let mut text = String::new();
    let mut spans: Vec<(String, usize, usize)> = Vec::new();
    let tags = line["tags"].as_array().into_iter().flatten();
    for (token, tag) in line["tokens"].as_array().into_iter().flatten().zip(tags) {
        let (token, tag) = (token.as_str().unwrap_or_default(), tag.as_str().unwrap_or_default());
        if !text.is_empty()
            && !text.ends_with('(')
            && !matches!(token, "," | "." | ":" | ";" | "!" | "?" | ")" | "%")
        {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(token);
        match (tag.split_once('-'), spans.last_mut()) {
            (Some(("I", _)), Some((_, _, end))) => *end = text.len(),
            (Some((_, label)), _) => spans.push((label.to_owned(), start, text.len())),
            (None, _) => {}
        }
    }
    (text, spans)
}

#[test]
fn every_rule_states_a_precision_that_the_data_bears_out() {
    let mut counts = Counts::default();
    fixture(&mut counts);
    if shared("pii-presidio/dev.jsonl").is_empty() {
        return;
    }
    let catalogue = Catalogue::new(Vec::<String>::new());
    recognizers(&mut counts, &catalogue);
    presidio(&mut counts, &catalogue);
    news(&mut counts, &catalogue);
    let mut stale = Vec::new();
    for (rule, (right, found)) in &counts.0 {
        let measured = f64::from(right + 1) / f64::from(found + 2);
        let table = rule.measured();
        let stated = f64::from(table.right + 1) / f64::from(table.found + 2);
        println!("{rule:?}: {right}, {found}  confidence {:.3}", rule.confidence());
        // The table may lag behind the code by a little, not by much.
        if (stated - measured).abs() > 0.03 {
            stale.push(format!("{rule:?} states {stated:.3}, measured {measured:.3}"));
        }
    }
    assert!(stale.is_empty(), "{stale:#?}");
}
