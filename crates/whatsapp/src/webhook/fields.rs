//! Looking into JSON of which nothing is certain: what is missing, or of another kind than documented, is `None`, and
//! costs nothing but itself.

use jiff::Timestamp;
use serde_json::Value;

/// The longest name of a field, a type or an event that is kept; the longest documented one has 52 characters.
const MAX_NAME_CHARS: usize = 64;
/// Digits in a row that may be the telephone number of a person. Meta's codes have six, and subcodes seven.
const MIN_PHONE_DIGITS: usize = 8;

/// A text that is not empty.
pub(super) fn text(of: &Value, key: &str) -> Option<String> {
    str(of, key).map(str::to_owned)
}

/// A text that is not empty.
pub(super) fn str<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A text, also where it is written as a number.
pub(super) fn text_or_number(of: &Value, key: &str) -> Option<String> {
    match of.get(key)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The items of a list; none where there is no list.
pub(super) fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// True where it says so.
pub(super) fn flag(of: &Value, key: &str) -> bool {
    optional_flag(of, key) == Some(true)
}

/// A truth value, also where it is written as text.
pub(super) fn optional_flag(of: &Value, key: &str) -> Option<bool> {
    match of.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A whole number, also where it is written as text.
pub(super) fn integer(of: &Value, key: &str) -> Option<i64> {
    match of.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A finite number, also where it is written as text.
pub(super) fn decimal(of: &Value, key: &str) -> Option<f64> {
    let number = match of.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A time in seconds since 1970.
pub(super) fn time(of: &Value, key: &str) -> Option<Timestamp> {
    Timestamp::from_second(integer(of, key)?).ok()
}

/// A name that a program gave: of a field, a type, an event. Free text and numbers of people are none.
pub(super) fn name<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    str(of, key).filter(|text| is_name(text))
}

fn is_name(text: &str) -> bool {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_-. ".contains(character);
    let mut runs = text.split(|character: char| !character.is_ascii_digit());
    text.len() <= MAX_NAME_CHARS
        && text.chars().all(is_allowed)
        && runs.all(|run| run.len() < MIN_PHONE_DIGITS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_from_numbers_and_from_texts() {
        let value = json!({ "a": 1_669_233_778, "b": "1669233778", "c": 1e300, "d": " 2.5 ", "e": "inf", "f": [], "g": "" });
        assert_eq!(integer(&value, "a"), Some(1_669_233_778));
        assert_eq!(integer(&value, "b"), Some(1_669_233_778));
        assert_eq!(time(&value, "a"), time(&value, "b"));
        assert!(time(&value, "a").is_some());
        for key in ["c", "d", "e", "f", "g", "h"] {
            assert_eq!(integer(&value, key), None, "{key}");
        }
        assert_eq!(decimal(&value, "d"), Some(2.5));
        assert_eq!(decimal(&value, "e"), None);
        assert_eq!(time(&json!({ "t": i64::MAX }), "t"), None);
    }

    #[test]
    fn names_are_short_and_hold_no_number_of_a_person() {
        let value = json!({ "a": "TIER_10K", "b": "5511987654321", "c": "Olá", "d": "x".repeat(65), "e": "Needs Testing" });
        assert_eq!(name(&value, "a"), Some("TIER_10K"));
        assert_eq!(name(&value, "e"), Some("Needs Testing"));
        for key in ["b", "c", "d"] {
            assert_eq!(name(&value, key), None, "{key}");
        }
    }
}
