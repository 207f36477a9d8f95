//! Entities: names, addresses, numbers in the message, and where they stand.
//!
//! Shape: `{entities: [{type, text, value, start, end, confidence}], <type>: first value, …}`, in the order of the
//! message. Offsets are UTF-8 bytes and always ours: an entity whose text is not in the message is dropped. On the
//! device an entity's confidence is the precision of the rule that found it, see `docs/understanding.md`.

use std::collections::BTreeMap;
use std::ops::Range;

use pytake_understanding::entities::{self, EntityKind};
use serde_json::{Map, Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, choice, closed, confidence, list, score, text};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

/// What the value of each type is like, for a model. None may be called `entities`.
const TYPES: [(EntityKind, &str); 31] = [
    (EntityKind::Name, "a person's name"),
    (EntityKind::Email, "in lower case"),
    (EntityKind::Phone, "with + and country code, digits only: +5511999990000"),
    (EntityKind::Url, "without scheme and www."),
    (EntityKind::IpAddress, "as it stands"),
    (EntityKind::OrderId, "an order's number, upper case, without signs between"),
    (EntityKind::TrackingCode, "a carrier's code, upper case"),
    (EntityKind::Product, "the product's name"),
    (EntityKind::Organization, "a company's or an institution's name"),
    (EntityKind::Cpf, "digits only"),
    (EntityKind::Cnpj, "letters and digits only"),
    (EntityKind::TaxId, "another country's tax or identity number, letters and digits only"),
    (EntityKind::PixKey, "a Pix key that is none of the other types"),
    (EntityKind::Card, "a payment card, all but its last four digits as *"),
    (EntityKind::PostalCode, "digits and letters only"),
    (EntityKind::Address, "a street address"),
    (EntityKind::Location, "a city, a state, a country"),
    (EntityKind::Money, "1234.50 BRL; without a currency where none is stated"),
    (EntityKind::Percentage, "12.5"),
    (EntityKind::Quantity, "a number with its unit: 2 kg"),
    (EntityKind::Number, "a number that is none of the other types, as 1234.5"),
    (EntityKind::Ordinal, "a place in a row, as digits"),
    (EntityKind::Date, "2026-12-25; without a year --12-25"),
    (EntityKind::Time, "14:30"),
    (EntityKind::DateTime, "2026-12-25T14:30"),
    (EntityKind::DateRange, "2026-12-25/2026-12-31"),
    (EntityKind::TimeRange, "09:00/18:00"),
    (EntityKind::DateTimeRange, "2026-12-25T09:00/2026-12-25T18:00"),
    (EntityKind::Duration, "ISO 8601: P2D, PT30M"),
    (EntityKind::Recurrence, "every so often"),
    (EntityKind::Code, "a coupon or another code, upper case, without signs between"),
];

fn names() -> impl Iterator<Item = &'static str> + Clone {
    TYPES.iter().map(|(kind, _)| kind.as_str())
}

pub(super) struct Entity;

impl Analyzer for Entity {
    fn properties(&self, _: &Topics) -> Properties {
        let entry = closed([
            ("type", choice(names())),
            ("text", text("Exactly as in the message.")),
            ("value", text("The normalised form.")),
            ("confidence", confidence()),
        ]);
        vec![("entities", list(entry))]
    }

    fn instruction(&self, _: &Topics) -> String {
        let mut text = "\"entities\" in the order of the message, each with \"type\", \"text\" copied from the message \
             character by character, \"value\" (its normal form) and \"confidence\". Nothing that the message does not \
             state. The types, each with the form of its value:"
            .to_owned();
        text.extend(TYPES.iter().map(|(kind, form)| format!("\n  {}: {form}", kind.as_str())));
        text
    }

    fn read(&self, entry: &Fields<'_>, message: &str, _: &Topics) -> Result<Value, Objection> {
        let mut found: Vec<Found> = Vec::new();
        for one in entry.objects("entities")? {
            let kind = one.choice("type", &names().collect::<Vec<_>>())?;
            let (text, value) = (one.text("text")?, one.text("value")?);
            let sure = one.share("confidence")?;
            let Some(place) = place_of(&text, message, kind, &found) else { continue };
            let value = if value.is_empty() { text.clone() } else { value };
            // A model that saw a mark gives back the number it stands for.
            let value = if kind == EntityKind::Card.as_str() { without_its_digits(&value) } else { value };
            found.push(Found { kind, text, value, place, confidence: Some(sure) });
        }
        Ok(shape(found))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let found = subject.entities().iter().map(|entity| Found {
            kind: entity.kind.as_str(),
            text: entity.text.to_owned(),
            value: entity.value.clone().into_owned(),
            place: entity.start..entity.end,
            confidence: Some(entity.confidence),
        });
        // Each entity has its own confidence, and none says whether another was missed.
        Finding { value: shape(found.collect()), confidence: None }
    }
}

/// A card's number as the device gives it: all but its last four digits hidden.
fn without_its_digits(card: &str) -> String {
    let digits: String = card.chars().filter(char::is_ascii_digit).collect();
    let last = digits.len().saturating_sub(4);
    format!("**** **** **** {}", &digits[last..])
}

/// The first value of each type.
pub(crate) fn flat(entities: &[entities::Entity<'_>]) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for entity in entities {
        values.entry(entity.kind.as_str().to_owned()).or_insert_with(|| entity.value.clone().into_owned());
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
        Entity.read(&Fields::root(&object), message, &Topics::of(&[])).unwrap()
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
    fn a_card_has_no_value_but_its_last_four_digits() {
        let card = "4111 1111 1111 1234";
        let said = json!({"entities": [entry("card", card, card)]});
        assert_eq!(read(&said.to_string(), &format!("meu cartão {card}"))["card"], "**** **** **** 1234");
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
    fn every_kind_has_its_type() {
        assert!(EntityKind::ALL.iter().all(|kind| names().any(|name| name == kind.as_str())));
        assert_eq!(EntityKind::ALL.len(), TYPES.len());
    }
}
