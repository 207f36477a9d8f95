//! Our own cases in the way customers write: spans, kinds and values, and what must not be found.
//!
//! Written for this project; the present of all of them is Wednesday, 18 November 2026, 10:00.

use std::path::Path;

use jiff::civil::{DateTime, date};
use pytake_entities::dates::{self, DateContext};
use pytake_entities::{Entity, Language, numbers};
use serde_json::Value;

const NOW: DateTime = date(2026, 11, 18).at(10, 0, 0, 0);

fn cases(name: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let text = std::fs::read_to_string(file).expect("the fixture is part of the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn check(language: Language, code: &str) {
    let context =
        DateContext { language: Some(language), now: Some(NOW), day_first: language != Language::English };
    let name = format!("dates.{code}.jsonl");
    let wrong: Vec<String> =
        cases(&name).iter().filter_map(|case| difference(case, |text| dates::find(text, &context))).collect();
    assert_none(&wrong);
}

/// What is found otherwise than a case wants it.
fn difference(case: &Value, find: impl FnOnce(&str) -> Vec<Entity<'_>>) -> Option<String> {
    let text = case["text"].as_str().expect("a text");
    let found: Vec<Value> =
        find(text).iter().map(|entity| serde_json::json!([entity.text, entity.kind, entity.value])).collect();
    let found = Value::from(found);
    (found != case["entities"])
        .then(|| format!("{text}\n    wanted {}\n    found  {found}", case["entities"]))
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn portuguese_messages_are_read_as_they_are_meant() {
    check(Language::Portuguese, "pt");
}

#[test]
fn spanish_messages_are_read_as_they_are_meant() {
    check(Language::Spanish, "es");
}

#[test]
fn english_messages_are_read_as_they_are_meant() {
    check(Language::English, "en");
}

#[test]
fn numbers_are_read_as_they_are_meant() {
    let language = |case: &Value| match case["language"].as_str() {
        Some("pt") => Language::Portuguese,
        Some("es") => Language::Spanish,
        _ => Language::English,
    };
    let cases = cases("numbers.jsonl");
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| difference(case, |text| numbers::find(text, language(case))))
        .collect();
    assert_none(&wrong);
}

#[test]
fn a_number_is_read_at_its_place() {
    let read = |text: &str, position: usize, language: Language| {
        numbers::parse_at(text, position, language).map(|(end, value)| (end, value.to_string()))
    };
    assert_eq!(read("R$ 1.234,56 hoje", 3, Language::Portuguese), Some((11, "1234.56".to_owned())));
    assert_eq!(read("uma caixa", 0, Language::Portuguese), Some((3, "1".to_owned())));
    assert_eq!(read("são mil e duzentos reais", 5, Language::Portuguese), Some((19, "1200".to_owned())));
    assert_eq!(read("a hundred dollars", 0, Language::English), Some((9, "100".to_owned())));
    assert_eq!(read("camisa", 0, Language::Portuguese), None);
    assert_eq!(read("são 2", 2, Language::Portuguese), None, "inside a character");
    assert_eq!(read("2", 9, Language::Portuguese), None, "behind the end");
}
