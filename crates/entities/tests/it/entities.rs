//! Entities in labelled data: how many spans are found exactly, how many findings are right.

mod marked;

use std::collections::BTreeMap;

use pytake_entities::{Catalogue, Context, Country, Entity, EntityKind, Language, find};
use regex::Regex;
use serde_json::Value;

use crate::shared_data;

/// Found and expected spans of one kind in one set.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    right: usize,
    found: usize,
    expected: usize,
}

impl Score {
    fn precision(self) -> f64 {
        self.right as f64 / (self.found.max(1)) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / (self.expected.max(1)) as f64
    }

    fn f1(self) -> f64 {
        2.0 * self.right as f64 / ((self.found + self.expected).max(1)) as f64
    }

    fn add(&mut self, found: &[(usize, usize)], expected: &[(usize, usize)]) {
        self.right += found.iter().filter(|place| expected.contains(place)).count();
        self.found += found.len();
        self.expected += expected.len();
    }

    fn print(self, name: &str) {
        let (precision, recall, f1) = (self.precision() * 100.0, self.recall() * 100.0, self.f1() * 100.0);
        println!(
            "{name:<28} n {:>4}  precision {precision:>5.1}  recall {recall:>5.1}  F1 {f1:>5.1}",
            self.expected
        );
    }
}

/// Byte positions of a span given in characters.
fn bytes(text: &str, start: usize, end: usize) -> (usize, usize) {
    let place = |wanted: usize| text.char_indices().nth(wanted).map_or(text.len(), |(at, _)| at);
    (place(start), place(end))
}

fn places(found: &[Entity<'_>], kinds: &[EntityKind]) -> Vec<(usize, usize)> {
    found
        .iter()
        .filter(|entity| kinds.contains(&entity.kind))
        .map(|entity| (entity.start, entity.end))
        .collect()
}

/// Shows what went wrong when asked to: `SHOW=1 cargo test -- --nocapture`.
fn show(text: &str, found: &[(usize, usize)], expected: &[(usize, usize)]) {
    if found != expected && std::env::var_os("SHOW").is_some() {
        let words = |places: &[(usize, usize)]| -> Vec<String> {
            places.iter().filter_map(|(start, end)| text.get(*start..*end)).map(str::to_owned).collect()
        };
        println!("    {text:?}\n      found {:?} expected {:?}", words(found), words(expected));
    }
}

/// The Recognizers' specifications; a case's span is searched where it states only its words.
fn recognizers(file: &str, kind: EntityKind, country: Country) -> Option<Score> {
    let lines = shared_data(&format!("entities-recognizers/{file}.dev.jsonl"))?;
    let context = Context { country, ..Context::default() };
    let mut score = Score::default();
    let mut values = (0, 0);
    for line in &lines {
        let text = line["text"].as_str().unwrap_or_default();
        let mut expected = Vec::new();
        for result in line["results"].as_array().into_iter().flatten() {
            let words = result["Text"].as_str().or(result["text"].as_str()).unwrap_or_default();
            // Theirs is money without an amount ("the dollar fell"); ours is not.
            let has_value = !result["Resolution"]["value"].is_null() || kind != EntityKind::Money;
            let start = result["Start"].as_u64().and_then(|start| usize::try_from(start).ok());
            let from = expected.last().map_or(0, |(_, end): &(usize, usize)| *end);
            let place = if let Some(start) = start {
                bytes(text, start, start + words.chars().count())
            } else {
                let at = text.get(from..).and_then(|rest| rest.to_lowercase().find(&words.to_lowercase()));
                at.map_or((0, 0), |at| (from + at, from + at + words.len()))
            };
            if has_value {
                expected.push(place);
            }
        }
        let found = places(&find(text, &context), &[kind]);
        show(text, &found, &expected);
        score.add(&found, &expected);
        if kind == EntityKind::Money {
            let (right, all) = right_amounts(line, &find(text, &context), &expected);
            values = (values.0 + right, values.1 + all);
        }
    }
    score.print(file);
    if kind == EntityKind::Money {
        println!("{file}: {} of {} amounts with the right span are the right amount", values.0, values.1);
        assert!(values.0 * 100 >= values.1 * 97, "{file}: {values:?}");
    }
    Some(score)
}

/// Of the amounts with the right span, how many are the right amount. Theirs counts cents in cents.
fn right_amounts(line: &Value, found: &[Entity<'_>], expected: &[(usize, usize)]) -> (usize, usize) {
    let (mut right, mut all) = (0, 0);
    let results = line["results"].as_array().into_iter().flatten();
    let with_value = results.filter(|result| !result["Resolution"]["value"].is_null());
    for (result, place) in with_value.zip(expected) {
        let Some(entity) = found.iter().find(|entity| (entity.start, entity.end) == *place) else { continue };
        let amount =
            entity.value.split(' ').next().and_then(|amount| amount.parse::<f64>().ok()).unwrap_or(-1.0);
        let theirs = result["Resolution"]["value"].as_str().unwrap_or_default().replace(',', ".");
        let theirs = theirs.parse::<f64>().unwrap_or(-2.0);
        all += 1;
        let is_same = (amount - theirs).abs() < 0.005 || (amount * 100.0 - theirs).abs() < 0.005;
        right += usize::from(is_same);
        if !is_same && std::env::var_os("SHOW").is_some() {
            println!("    {:?} is {amount}, theirs {theirs}", entity.text);
        }
    }
    (right, all)
}

#[test]
fn money_is_found_as_the_recognizers_specify() {
    for (file, country, floor) in [
        ("currency.pt", Country::Brazil, 0.98),
        ("currency.es", Country::Mexico, 0.97),
        ("currency.en", Country::UnitedStates, 0.96),
    ] {
        let Some(score) = recognizers(file, EntityKind::Money, country) else { return };
        assert!(score.f1() >= floor, "{file}: F1 {}", score.f1());
    }
}

#[test]
fn phones_are_found_as_the_recognizers_specify() {
    for (file, country, floor) in
        [("phonenumber.pt", Country::Brazil, 0.97), ("phonenumber.en", Country::UnitedStates, 0.97)]
    {
        let Some(score) = recognizers(file, EntityKind::Phone, country) else { return };
        assert!(score.f1() >= floor, "{file}: F1 {}", score.f1());
    }
}

#[test]
fn links_and_addresses_are_found_as_the_recognizers_specify() {
    for (file, kind, floor) in [
        ("email.en", EntityKind::Email, 0.90),
        ("url.en", EntityKind::Url, 0.94),
        ("ipaddress.en", EntityKind::IpAddress, 0.99),
        ("ipaddress.pt", EntityKind::IpAddress, 0.99),
    ] {
        let Some(score) = recognizers(file, kind, Country::Brazil) else { return };
        assert!(score.f1() >= floor, "{file}: F1 {}", score.f1());
    }
}

#[test]
fn personal_data_is_found_in_synthetic_sentences() {
    let Some(lines) = shared_data("pii-presidio/dev.jsonl") else { return };
    let context = Context { country: Country::UnitedStates, ..Context::default() };
    for (label, kind, floor) in [
        ("PHONE_NUMBER", EntityKind::Phone, 0.95),
        ("CREDIT_CARD", EntityKind::Card, 0.98),
        ("EMAIL_ADDRESS", EntityKind::Email, 0.99),
        ("DOMAIN_NAME", EntityKind::Url, 0.99),
        ("ZIP_CODE", EntityKind::PostalCode, 0.62),
        ("PERSON", EntityKind::Name, 0.54),
        ("GPE", EntityKind::Location, 0.48),
        ("ORGANIZATION", EntityKind::Organization, 0.0),
        ("STREET_ADDRESS", EntityKind::Address, 0.0),
    ] {
        let mut score = Score::default();
        for line in &lines {
            let text = line["text"].as_str().unwrap_or_default();
            let mut expected: Vec<(usize, usize)> = spans(line, text, label);
            expected.sort_unstable();
            let mut found = places(&find(text, &context), &[kind]);
            // A country inside a labelled address has no label of its own.
            let addresses = spans(line, text, "STREET_ADDRESS");
            found.retain(|(start, end)| {
                kind == EntityKind::Address || !addresses.iter().any(|(from, to)| from <= start && end <= to)
            });
            if label != "ORGANIZATION" && label != "STREET_ADDRESS" {
                show(text, &found, &expected);
            }
            score.add(&found, &expected);
        }
        score.print(label);
        assert!(score.f1() >= floor, "{label}: F1 {}", score.f1());
    }
}

fn spans(line: &Value, text: &str, label: &str) -> Vec<(usize, usize)> {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0);
    let all = line["spans"].as_array().into_iter().flatten();
    all.filter(|span| span[2] == label).map(|span| bytes(text, number(&span[0]), number(&span[1]))).collect()
}

/// Neither news nor judgements are what customers write: only a floor for the precision is held.
#[test]
fn people_and_places_are_found_in_news_and_law() {
    for (file, country, people, place, floors) in [
        ("ner-uner/pt.dev.jsonl", Country::Brazil, "PER", "LOC", (0.83, 0.82)),
        ("ner-uner/en.dev.jsonl", Country::UnitedStates, "PER", "LOC", (0.72, 0.90)),
        ("ner-lenerbr/pt.dev.jsonl", Country::Brazil, "PESSOA", "LOCAL", (0.75, 0.30)),
    ] {
        let Some(lines) = shared_data(file) else { return };
        let context = Context { country, ..Context::default() };
        let mut scores = [Score::default(); 2];
        for line in &lines {
            let (text, entities) = joined(line);
            let found = find(&text, &context);
            for ((label, kind), score) in
                [(people, EntityKind::Name), (place, EntityKind::Location)].into_iter().zip(&mut scores)
            {
                let expected: Vec<(usize, usize)> =
                    entities.iter().filter(|(name, _)| name == label).map(|(_, place)| *place).collect();
                let found = places(&found, &[kind]);
                if found.iter().any(|place| !expected.contains(place)) {
                    show(&text, &found, &expected);
                }
                score.add(&found, &expected);
            }
        }
        scores[0].print(&format!("{file} people"));
        scores[1].print(&format!("{file} places"));
        assert!(scores[0].precision() >= floors.0 && scores[1].precision() >= floors.1);
    }
}

/// The Bosque writes "de os" for "dos", which no customer does.
fn contracts(text: &mut String, token: &str) -> bool {
    if !matches!(token, "o" | "a" | "os" | "as") {
        return false;
    }
    for (preposition, contracted) in
        [(" de", " d"), (" em", " n"), (" por", " pel"), ("Em", "N"), ("De", "D")]
    {
        if let Some(head) = text.strip_suffix(preposition) {
            *text = format!("{head}{contracted}{token}");
            return true;
        }
    }
    false
}

/// A type and its place.
type Labelled = (String, (usize, usize));

/// Tokens joined with spaces where a text would have them, with the spans of IOB2 tags.
fn joined(line: &Value) -> (String, Vec<Labelled>) {
    let mut text = String::new();
    let mut entities: Vec<(String, (usize, usize))> = Vec::new();
    let tokens = line["tokens"].as_array().into_iter().flatten();
    let tags = line["tags"].as_array().into_iter().flatten();
    for (token, tag) in tokens.zip(tags) {
        let (token, tag) = (token.as_str().unwrap_or_default(), tag.as_str().unwrap_or_default());
        if contracts(&mut text, token) {
            if let (Some(_), Some((_, place))) = (tag.strip_prefix("I-"), entities.last_mut()) {
                place.1 = text.len();
            }
            continue;
        }
        let is_open = text.is_empty() || text.ends_with('(');
        if !is_open && !matches!(token, "," | "." | ":" | ";" | "!" | "?" | ")" | "%") {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(token);
        match (tag.split_once('-'), entities.last_mut()) {
            (Some(("I", _)), Some((_, place))) => place.1 = text.len(),
            (Some((_, label)), _) => entities.push((label.to_owned(), (start, text.len()))),
            (None, _) => {}
        }
    }
    (text, entities)
}

/// What dates and numbers are is another test's to say.
fn is_judged(kind: EntityKind) -> bool {
    !matches!(
        kind,
        EntityKind::Number
            | EntityKind::Ordinal
            | EntityKind::Percentage
            | EntityKind::Date
            | EntityKind::Time
            | EntityKind::DateTime
            | EntityKind::DateRange
            | EntityKind::TimeRange
            | EntityKind::DateTimeRange
            | EntityKind::Duration
            | EntityKind::Recurrence
    )
}

#[test]
fn messages_as_customers_type_them_give_exactly_what_is_marked() {
    let catalogue = Catalogue::new([
        "Camiseta Básica",
        "Tênis Runner",
        "Calça Jeans Skinny",
        "Bolo de Cenoura",
        "Kit Churrasco",
    ]);
    let patterns = [Regex::new(marked::ORDERS).expect("a pattern")];
    let mut context =
        Context { catalogue: Some(&catalogue), order_patterns: &patterns, ..Context::default() };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let messages = marked::messages();
    let mut wrong = Vec::new();
    for marked::Marked { country, language, text, entities: expected } in &messages {
        context.country = Country::from_code(country).expect("a known country");
        context.language = Some(match language.as_str() {
            "pt" => Language::Portuguese,
            "es" => Language::Spanish,
            _ => Language::English,
        });
        let found: Vec<(String, usize, usize, String)> = find(text, &context)
            .into_iter()
            .filter(|entity| is_judged(entity.kind))
            .map(|entity| (kind_name(entity.kind), entity.start, entity.end, entity.value.into_owned()))
            .collect();
        for (kind, ..) in expected.iter().chain(&found) {
            scores.entry(kind.clone()).or_default();
        }
        for (kind, score) in &mut scores {
            let of_kind = |all: &[(String, usize, usize, String)]| -> Vec<(String, usize, usize, String)> {
                all.iter().filter(|entity| entity.0 == *kind).cloned().collect()
            };
            let (found, expected) = (of_kind(&found), of_kind(expected));
            score.right += found.iter().filter(|entity| expected.contains(entity)).count();
            score.found += found.len();
            score.expected += expected.len();
        }
        if found != *expected {
            wrong.push(format!("{text:?}\n    found    {found:?}\n    expected {expected:?}"));
        }
    }
    for (kind, score) in &scores {
        score.print(kind);
    }
    println!("{} of {} messages exactly", messages.len() - wrong.len(), messages.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn kind_name(kind: EntityKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn a_tenants_pattern_finds_what_no_clue_announces() {
    let patterns = [Regex::new(r"\bLX\d{3}/\d{2}\b").expect("a pattern")];
    let context = Context { order_patterns: &patterns, ..Context::default() };
    let found = find("e o lx? LX482/26 saiu?", &context);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].value.as_ref()), (EntityKind::OrderId, "LX482/26"));
    assert!(
        find("e o LX482/26 saiu?", &Context::default())
            .iter()
            .all(|entity| entity.kind != EntityKind::OrderId)
    );
}

#[test]
fn a_cards_number_is_masked_in_its_value() {
    let found = find("meu cartão é 4111 1111 1111 1111", &Context::default());
    assert_eq!(found[0].value, "**** **** **** 1111");
}

#[test]
fn numbers_are_read_by_the_tenants_country() {
    let value = |country| {
        let context = Context { country, ..Context::default() };
        find("meu telefone é 987654321", &context).first().map(|entity| entity.value.clone().into_owned())
    };
    assert_eq!(value(Country::Chile).as_deref(), Some("+56987654321"));
    assert_eq!(value(Country::Peru).as_deref(), Some("+51987654321"));
    // Without its area code a Brazilian number is not yet E.164.
    assert_eq!(value(Country::Brazil).as_deref(), Some("987654321"));
}

#[test]
fn dates_and_numbers_stand_beside_what_else_is_found() {
    let found = find("pedido 10230 de R$ 50 chega amanhã às 15h, 10% de desconto", &Context::default());
    let kinds: Vec<EntityKind> = found.iter().map(|entity| entity.kind).collect();
    let expected = [EntityKind::OrderId, EntityKind::Money, EntityKind::DateTime, EntityKind::Percentage];
    assert_eq!(kinds, expected);
}
