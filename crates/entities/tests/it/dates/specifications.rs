//! Exact spans on the development part of the Recognizers specifications.
//!
//! The sets lie beside the checkout and are not part of it; where they are absent the tests say so.

use jiff::civil::DateTime;
use pytake_entities::dates::{self, DateContext};
use pytake_entities::{Entity, EntityKind, Language, numbers};
use serde_json::Value;

use crate::shared_data;

const LANGUAGES: [(Language, &str); 3] =
    [(Language::Portuguese, "pt"), (Language::Spanish, "es"), (Language::English, "en")];

/// Counts of one set in one language.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    /// The sum of the confidences of what was found.
    promised: f64,
    right: usize,
    found: usize,
    expected: usize,
    right_values: usize,
}

impl Counts {
    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.expected).max(1) as f64
    }

    fn row(self, name: &str) -> String {
        let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        format!(
            "{name:<18} n {:>4}  precision {:5.1}  recall {:5.1}  F1 {:5.1}  values {:5.1}",
            self.expected,
            share(self.right, self.found),
            share(self.right, self.expected),
            100.0 * self.f1(),
            share(self.right_values, self.right),
        )
    }
}

/// The place of an entity as the specifications count: UTF-16 units, the end inclusive.
fn place(text: &str, entity: &Entity<'_>) -> (i64, i64) {
    let units = |end: usize| i64::try_from(text[..end].encode_utf16().count()).unwrap_or(i64::MAX);
    (units(entity.start), units(entity.end) - 1)
}

fn numbers_of(set: &str, kind: EntityKind, language: Language, code: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let shows = std::env::var("SHOW").is_ok_and(|show| show == format!("{set}.{code}"));
    for line in shared_data(&format!("entities-recognizers/{set}.{code}.dev.jsonl"))? {
        let text = line["text"].as_str().unwrap_or_default();
        let found: Vec<_> =
            numbers::find(text, language).into_iter().filter(|entity| entity.kind == kind).collect();
        let expected: Vec<_> = line["results"].as_array().cloned().unwrap_or_default();
        let expected: Vec<_> =
            expected.iter().filter(|result| result["TypeName"] != "ordinal.relative").collect();
        let places: Vec<_> = found.iter().map(|entity| place(text, entity)).collect();
        let mut right = 0;
        for result in &expected {
            let wanted = (result["Start"].as_i64().unwrap_or(-1), result["End"].as_i64().unwrap_or(-1));
            if let Some(index) = places.iter().position(|place| *place == wanted) {
                right += 1;
                let value = result["Resolution"]["value"].as_str().unwrap_or_default().replace(',', ".");
                counts.right_values += usize::from(same_number(&value, &found[index].value));
            }
        }
        counts.right += right;
        counts.found += found.len();
        counts.expected += expected.len();
        if shows && (right != expected.len() || right != found.len()) {
            let wanted: Vec<_> =
                expected.iter().map(|result| result["Text"].as_str().unwrap_or_default()).collect();
            let found: Vec<_> = found.iter().map(|entity| (entity.text, entity.value.as_ref())).collect();
            println!("{text:?}\n    wanted {wanted:?}\n    found  {found:?}");
        }
    }
    Some(counts)
}

fn same_number(wanted: &str, found: &str) -> bool {
    let wanted: Option<f64> = wanted.trim_end_matches('%').parse().ok();
    let found: Option<f64> = found.parse().ok();
    matches!((wanted, found), (Some(wanted), Some(found)) if (wanted - found).abs() <= 1e-9 * wanted.abs().max(1.0))
}

#[test]
fn numbers_ordinals_and_percentages_keep_their_spans() {
    // With a floor for each, a little below what is reached. What is missed is mostly mathematics: powers,
    // "2,5^-1", and compounds like "tres doscientosmilesimos", which no customer of a shop writes.
    let sets = [
        ("number", EntityKind::Number, [0.82, 0.74, 0.72]),
        ("ordinal", EntityKind::Ordinal, [0.98, 0.94, 0.87]),
        ("percent", EntityKind::Percentage, [0.85, 0.91, 0.87]),
    ];
    for (set, kind, floors) in sets {
        for ((language, code), floor) in LANGUAGES.into_iter().zip(floors) {
            let Some(counts) = numbers_of(set, kind, language, code) else { return };
            println!("{}", counts.row(&format!("{set}.{code}")));
            assert!(counts.f1() >= floor, "{set}.{code}: F1 fell to {:.3}", counts.f1());
        }
    }
}

/// The kind that a specification's type is here.
fn kind_of(type_name: &str) -> Option<EntityKind> {
    Some(match type_name.strip_prefix("datetimeV2.")? {
        "date" => EntityKind::Date,
        "time" => EntityKind::Time,
        "datetime" => EntityKind::DateTime,
        "daterange" => EntityKind::DateRange,
        "timerange" => EntityKind::TimeRange,
        "datetimerange" => EntityKind::DateTimeRange,
        "duration" => EntityKind::Duration,
        "set" => EntityKind::Recurrence,
        _ => return None,
    })
}

/// Words that the specifications count in or leave out by no rule of their own ("la mañana", "tarde",
/// "el próximo trimestre", "próxima semana", "at 6.45", "3 pm"): compared without them in the mapped table.
const LEADING: &[&str] = &[
    "el", "la", "los", "las", "al", "del", "por", "the", "on", "at", "in", "na", "nas", "no", "nos", "em",
    "en", "by", "a",
];

/// What our own convention says is no expression of time, whatever the specifications say.
///
/// A unit alone ("partner of the month"), a year that no word announces, a comparison ("> = 2019"),
/// and a day that does not exist ("30/2").
fn is_outside(result: &Value) -> bool {
    let text = stripped(result["Text"].as_str().unwrap_or_default());
    let units =
        ["año", "mes", "semana", "día", "day", "week", "month", "year", "hour", "fortnight", "minute"];
    let is_unit = units.contains(&text.as_str())
        || text
            .strip_prefix("misma ")
            .or(text.strip_prefix("mismo "))
            .is_some_and(|unit| units.contains(&unit));
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_comparison = [">", "<", "greater", "cy", "sy"].iter().any(|word| text.starts_with(word));
    let impossible = result["Resolution"]["values"].as_array().is_some_and(|values| {
        values.iter().any(|value| value["value"] == "not resolved" || value["timex"] == "XXXX-02-30")
    });
    let timex = result["Resolution"]["values"][0]["timex"].as_str().unwrap_or_default();
    is_unit
        || is_year
        || is_comparison
        || impossible
        || ["02-30", "2019-02-29"].iter().any(|day| timex.contains(day))
}

fn stripped(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower.split(' ').collect();
    while words.len() > 1 && LEADING.contains(&words[0]) {
        words.remove(0);
    }
    words.join(" ").trim_end_matches('.').to_owned()
}

/// Where the text without its leading words stands, as the specifications count.
fn stripped_place(place: (i64, i64), text: &str) -> (i64, i64) {
    let kept = stripped(text).encode_utf16().count();
    let whole = text.trim_end_matches('.').encode_utf16().count();
    let dots = text.encode_utf16().count() - whole;
    let (cut, dots) = (i64::try_from(whole - kept).unwrap_or(0), i64::try_from(dots).unwrap_or(0));
    (place.0 + cut, place.1 - dots)
}

/// Whether a date or a time is one of those that the specification gives (mostly a past and a future one).
fn is_one_of(entity: &Entity<'_>, result: &Value) -> bool {
    let values = result["Resolution"]["values"].as_array().cloned().unwrap_or_default();
    let wanted = |value: &Value| value["value"].as_str().unwrap_or_default().replace(' ', "T");
    values
        .iter()
        .any(|value| wanted(value).trim_end_matches(":00").starts_with(entity.value.trim_end_matches(":00")))
}

/// Exact spans as they are, with the share of kinds that agree, and with our own convention mapped,
/// with the share of dates and times whose value is one of those given.
fn dates_of(language: Language, code: &str) -> Option<(Counts, Counts)> {
    let (mut exact, mut mapped) = (Counts::default(), Counts::default());
    let mut resolved = (0, 0);
    let shows = std::env::var("SHOW").is_ok_and(|show| show == format!("datetime.{code}"));
    for line in shared_data(&format!("entities-recognizers/datetime.{code}.dev.jsonl"))? {
        let text = line["text"].as_str().unwrap_or_default();
        let now: Option<DateTime> =
            line["context"]["ReferenceDateTime"].as_str().and_then(|now| now.parse().ok());
        let context = DateContext { language: Some(language), now, day_first: language != Language::English };
        let found = dates::find(text, &context);
        let results = line["results"].as_array().cloned().unwrap_or_default();
        let expected: Vec<(&Value, EntityKind, (i64, i64))> = results
            .iter()
            .filter_map(|result| {
                let kind = kind_of(result["TypeName"].as_str()?)?;
                Some((result, kind, (result["Start"].as_i64()?, result["End"].as_i64()?)))
            })
            .collect();
        let places: Vec<(i64, i64)> = found.iter().map(|entity| place(text, entity)).collect();
        let mut right = 0;
        for (result, kind, wanted) in &expected {
            let Some(index) = places.iter().position(|place| place == wanted) else { continue };
            right += 1;
            exact.right_values += usize::from(found[index].kind == *kind);
            if found[index].kind == *kind
                && matches!(kind, EntityKind::Date | EntityKind::Time | EntityKind::DateTime)
            {
                resolved.1 += 1;
                let agrees = is_one_of(&found[index], result);
                resolved.0 += usize::from(agrees);
                if shows && !agrees {
                    println!(
                        "{text:?} value {} wanted {}",
                        found[index].value, result["Resolution"]["values"]
                    );
                }
            }
        }
        exact.right += right;
        exact.found += found.len();
        exact.expected += expected.len();
        if shows && (right != expected.len() || right != found.len()) {
            let wanted: Vec<_> = expected.iter().map(|(result, ..)| result["Text"].as_str()).collect();
            let found: Vec<_> = found.iter().map(|entity| (entity.text, entity.value.as_ref())).collect();
            println!("{text:?}\n    wanted {wanted:?}\n    found  {found:?}");
        }
        let (outside, inside): (Vec<_>, Vec<_>) =
            expected.iter().partition(|(result, ..)| is_outside(result));
        let overlaps =
            |place: (i64, i64)| outside.iter().any(|(_, _, other)| place.0 <= other.1 && other.0 <= place.1);
        let ours: Vec<(i64, i64)> = found
            .iter()
            .zip(&places)
            .filter(|(_, place)| !overlaps(**place))
            .map(|(entity, place)| stripped_place(*place, entity.text))
            .collect();
        let theirs = inside
            .iter()
            .map(|(result, _, place)| stripped_place(*place, result["Text"].as_str().unwrap_or_default()));
        mapped.right += theirs.filter(|place| ours.contains(place)).count();
        mapped.found += ours.len();
        let inside_ours = found.iter().zip(&places).filter(|(_, place)| !overlaps(**place));
        mapped.promised += inside_ours.map(|(entity, _)| f64::from(entity.confidence)).sum::<f64>();
        mapped.expected += inside.len();
    }
    mapped.right_values = resolved.0 * mapped.right / resolved.1.max(1);
    Some((exact, mapped))
}

#[test]
fn dates_keep_their_spans() {
    // A little below what is reached; see docs of the crate for the figures.
    let floors = [(0.88, 0.91), (0.86, 0.90), (0.88, 0.90)];
    for ((language, code), (exact_floor, mapped_floor)) in LANGUAGES.into_iter().zip(floors) {
        let Some((exact, mapped)) = dates_of(language, code) else { return };
        println!("{}", exact.row(&format!("datetime.{code}")));
        println!("{}", mapped.row(&format!("  {code} mapped")));
        assert!(exact.f1() >= exact_floor, "{code}: F1 fell to {:.3}", exact.f1());
        assert!(mapped.f1() >= mapped_floor, "{code}: mapped F1 fell to {:.3}", mapped.f1());
    }
}

#[test]
fn the_confidence_is_what_is_measured() {
    let (mut promised, mut right, mut found) = (0.0, 0, 0);
    for (language, code) in LANGUAGES {
        let Some((_, mapped)) = dates_of(language, code) else { return };
        promised += mapped.promised;
        right += mapped.right;
        found += mapped.found;
    }
    let (promised, kept) = (promised / found as f64, right as f64 / found as f64);
    println!("confidence promised {promised:.3}, kept {kept:.3}, n {found}");
    assert!((promised - kept).abs() < 0.03);
}
