//! Reads JSON that only resembles what was documented: a field of the wrong kind counts as absent.
//!
//! Vendors send numbers as text, text as a list of parts, `null` for everything. One odd field must not
//! cost a complete answer.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, or a list of parts whose `text` pieces are joined (Mistral's thinking models). Other kinds are
/// absent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Option<String>);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn into_string(self) -> String {
        self.0.unwrap_or_default()
    }
}

/// A whole number that is not negative, also where it came as a fraction or as text. Other kinds are absent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

#[derive(serde::Deserialize)]
struct Part {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    text: Text,
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(Some(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text, A::Error> {
        let mut joined = None::<String>;
        while let Some(part) = parts.next_element::<Either<Part>>()? {
            if let Either::Wanted(Part { kind, text }) = part
                && kind.as_str() == "text"
            {
                joined.get_or_insert_default().push_str(text.as_str());
            }
        }
        Ok(Text(joined))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text(None))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(Count(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
        Ok(Count(u64::try_from(number).ok()))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
    fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
        // 2^53: beyond it a float names no single count.
        let is_count = (0.0..9_007_199_254_740_992.0).contains(&number);
        Ok(Count(is_count.then_some(number as u64)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Count, E> {
        Ok(Count(text.trim().parse().ok()))
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

/// A value of the wanted kind, or anything else.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Either<T> {
    Wanted(T),
    Else(IgnoredAny),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<String> {
        serde_json::from_str::<Text>(json).unwrap().0
    }

    #[test]
    fn texts_come_whole_or_in_parts() {
        assert_eq!(text(r#""olá""#).as_deref(), Some("olá"));
        assert_eq!(text(r#""a\nb""#).as_deref(), Some("a\nb"));
        let parts = r#"[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"},7,{"type":"text","text":"b"}]"#;
        assert_eq!(text(parts).as_deref(), Some("ab"));
        for other in ["null", "7", "-7", "0.5", "true", "{\"a\":[1]}", "[]"] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn counts_come_as_numbers_fractions_or_text() {
        let count = |json: &str| serde_json::from_str::<Count>(json).unwrap().0;
        for (json, expected) in [("7", Some(7)), ("7.0", Some(7)), ("\" 7 \"", Some(7)), ("-1", None)] {
            assert_eq!(count(json), expected, "{json}");
        }
        for other in ["null", "true", "\"x\"", "[1]", "{}", "1e300"] {
            assert_eq!(count(other), None, "{other}");
        }
    }
}
