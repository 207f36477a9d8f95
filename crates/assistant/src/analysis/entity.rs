//! Entities: names, addresses, numbers in the message, and where they stand. The device finds what has a form
//! (links, phone numbers, money, …); names and products need a model.
//!
//! Shape: `{entities: [{type, text, value, start, end, confidence}], <type>: first value, …}`, in the order of the
//! message. Offsets are UTF-8 bytes and always ours: an entity whose text is not in the message is dropped.

use std::collections::BTreeMap;
use std::ops::Range;

use pytake_understanding::claims::{ClaimKind, claims};
use serde_json::{Map, Value, json};

use super::analyzer::{Analyzer, Device};
use super::fields::{Fields, Objection, Properties, choice, closed, confidence, list, score, text};
use super::finding::{Finding, Subject};

/// Every type; none may be called `entities`.
const TYPES: [&str; 17] = [
    "name",
    "email",
    "phone",
    "url",
    "order_id",
    "product",
    "organization",
    "document",
    "address",
    "location",
    "money",
    "percentage",
    "quantity",
    "date",
    "time",
    "duration",
    "code",
];

pub(super) struct Entity;

impl Analyzer for Entity {
    fn properties(&self) -> Properties {
        let entry = closed([
            ("type", choice(TYPES)),
            ("text", text("Exactly as in the message.")),
            ("value", text("The normalised form.")),
            ("confidence", confidence()),
        ]);
        vec![("entities", list(entry))]
    }

    fn instruction(&self) -> String {
        format!(
            "\"entities\" in the order of the message, each with \"type\" ({}), \"text\" copied from the message \
             character by character, \"value\" and \"confidence\". \"value\" is the normal form: an e-mail in lower \
             case, a link without scheme and www., a phone number's digits, money as 1234.50 BRL (without a currency \
             where none is stated), a percentage as 12.5, a date as 2026-12-25 or, without a year, --12-25, a time as \
             14:30, codes and order numbers in upper case without signs between; else the text. Nothing that the \
             message does not state.",
            TYPES.join(", "),
        )
    }

    fn read(&self, entry: &Fields<'_>, message: &str) -> Result<Value, Objection> {
        let mut found: Vec<Found> = Vec::new();
        for one in entry.objects("entities")? {
            let kind = one.choice("type", &TYPES)?;
            let (text, value) = (one.text("text")?, one.text("value")?);
            let sure = one.share("confidence")?;
            let Some(place) = place_of(&text, message, kind, &found) else { continue };
            let value = if value.is_empty() { text.clone() } else { value };
            found.push(Found { kind, text, value, place, confidence: Some(sure) });
        }
        Ok(shape(found))
    }

    fn device(&self) -> Device {
        Device::SecondChoice(|subject: &Subject<'_>| Finding {
            value: shape(on_device(subject.message)),
            // What has a form is found by it, and a form has no probability.
            confidence: None,
        })
    }
}

/// Entities with a form, as flat pairs: the first value of each type.
pub(crate) fn flat(message: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for found in on_device(message) {
        values.entry(found.kind.to_owned()).or_insert(found.value);
    }
    values
}

struct Found {
    kind: &'static str,
    text: String,
    value: String,
    place: Range<usize>,
    confidence: Option<f32>,
}

fn on_device(message: &str) -> Vec<Found> {
    claims(message)
        .into_iter()
        .map(|claim| {
            let (kind, value) = match claim.kind {
                ClaimKind::Url => ("url", claim.value),
                ClaimKind::Email => ("email", claim.value),
                ClaimKind::Phone => ("phone", claim.value),
                ClaimKind::Money => ("money", claim.value),
                ClaimKind::Percentage => ("percentage", claim.value),
                ClaimKind::Date => ("date", iso_date(&claim.value)),
                ClaimKind::Code => ("code", claim.value),
            };
            Found { kind, text: claim.text, value, place: claim.start..claim.end, confidence: None }
        })
        .collect()
}

/// `25-12-2026` and `25-12` as the API writes dates: ISO 8601, without a year as in RFC 6350, section 4.3.1.
fn iso_date(value: &str) -> String {
    match value.split('-').collect::<Vec<_>>().as_slice() {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        [day, month] => format!("--{month:0>2}-{day:0>2}"),
        _ => value.to_owned(),
    }
}

/// The first place of the text that this type does not have yet, rather a whole word than a part of one.
fn place_of(text: &str, message: &str, kind: &str, found: &[Found]) -> Option<Range<usize>> {
    if text.is_empty() {
        return None;
    }
    let is_free = |place: &Range<usize>| found.iter().all(|f| f.kind != kind || f.place != *place);
    let mut places = message.match_indices(text).map(|(at, text)| at..at + text.len()).filter(is_free);
    let first = places.next()?;
    let whole = std::iter::once(first.clone()).chain(places).find(|place| is_whole(message, place));
    Some(whole.unwrap_or(first))
}

/// True where no letter or digit touches the place.
fn is_whole(message: &str, place: &Range<usize>) -> bool {
    let before = message[..place.start].chars().next_back();
    let after = message[place.end..].chars().next();
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

fn shape(mut found: Vec<Found>) -> Value {
    found.sort_by_key(|found| found.place.start);
    let entities: Vec<Value> = found
        .iter()
        .map(|found| {
            json!({
                "type": found.kind,
                "text": found.text,
                "value": found.value,
                "start": found.place.start,
                "end": found.place.end,
                "confidence": found.confidence.map(score),
            })
        })
        .collect();
    let mut value = Map::new();
    value.insert("entities".to_owned(), entities.into());
    for found in found {
        value.entry(found.kind).or_insert(found.value.into());
    }
    Value::Object(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str, message: &str) -> Value {
        let object = Fields::parse(entry).unwrap();
        Entity.read(&Fields::root(&object), message).unwrap()
    }

    fn entry(kind: &str, text: &str, value: &str) -> Value {
        json!({"type": kind, "text": text, "value": value, "confidence": 0.9})
    }

    #[test]
    fn offsets_are_ours_in_bytes_and_what_the_message_lacks_is_dropped() {
        let message = "Olá, não é a Banana, é a Ana: ana@loja.com";
        let said = json!({"entities": [
            entry("name", "Ana", "Ana"),
            entry("email", "ana@loja.com", "ana@loja.com"),
            entry("phone", "+55 11 99999-0000", "5511999990000"),
        ]});
        let value = read(&said.to_string(), message);
        let entities = value["entities"].as_array().unwrap();
        assert_eq!(entities.len(), 2);
        for entity in entities {
            let place = |name: &str| usize::try_from(entity[name].as_u64().unwrap()).unwrap();
            assert_eq!(&message[place("start")..place("end")], entity["text"].as_str().unwrap());
        }
        assert_eq!((&value["name"], &value["email"]), (&json!("Ana"), &json!("ana@loja.com")));
        assert_eq!(value.get("phone"), None);
    }

    #[test]
    fn a_text_that_stands_twice_has_two_places_and_not_three() {
        let said = json!({"entities": [
            entry("product", "boné", "boné"), entry("product", "boné", "boné"), entry("product", "boné", "boné"),
        ]});
        let value = read(&said.to_string(), "um boné azul e um boné preto");
        let starts: Vec<_> =
            value["entities"].as_array().unwrap().iter().map(|e| e["start"].clone()).collect();
        assert_eq!(starts, [json!(3), json!(19)]);
    }

    #[test]
    fn the_device_finds_what_has_a_form() {
        let message = "Paguei R$ 49,90 em 25/12/2026, escreva a Ana@Loja.com";
        let value = shape(on_device(message));
        assert_eq!(value["money"], "49.90 BRL");
        assert_eq!(value["date"], "2026-12-25");
        assert_eq!(value["email"], "ana@loja.com");
        assert_eq!(value["entities"][0]["confidence"], Value::Null);
        assert_eq!(flat(message).get("date").map(String::as_str), Some("2026-12-25"));
    }

    #[test]
    fn a_date_without_a_year_says_so() {
        assert_eq!(iso_date("5-1"), "--01-05");
    }

    #[test]
    fn what_the_device_finds_has_a_known_type() {
        for found in on_device("R$ 5, 10%, 25/12, a@b.com, loja.com.br, (11) 98888-7777, #AB12345") {
            assert!(TYPES.contains(&found.kind), "{}", found.kind);
        }
    }
}
