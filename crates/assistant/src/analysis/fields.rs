//! The fields of a model's answer: how a schema asks for one, and how it is read again.
//!
//! A schema is strict: every object closed, every property required, no value constraints besides `enum`
//! (Anthropic's structured outputs refuse them). What comes back is never trusted: a wrong field is an
//! objection, a sentence for the model that says what would be right.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What the model is told for its one repair.
pub(crate) type Objection = String;

/// How much of a wrong value an objection repeats.
const MAX_QUOTED_CHARS: usize = 40;
/// The longest free text kept, such as a reason.
const MAX_TEXT_CHARS: usize = 300;
/// The most entries of a list kept.
pub(super) const MAX_ENTRIES: usize = 64;

/// Names with their schemas, in the order in which the model fills them.
pub(super) type Properties = Vec<(&'static str, Value)>;

/// A closed object with all its properties required.
pub(crate) fn closed<'a>(properties: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let properties: Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// One of some words.
pub(super) fn choice<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// A text.
pub(crate) fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// A number; its range is said in words and checked when it is read.
pub(super) fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

/// Yes or no.
pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// Any number of entries.
pub(super) fn list(entry: Value) -> Value {
    let mut schema = json!({ "type": "array" });
    schema["items"] = entry;
    schema
}

/// How sure the model says it is.
pub(super) fn confidence() -> Value {
    number("0 to 1: how sure you are.")
}

/// An object of an answer, with its place in it.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object an answer begins with, or holds after thoughts, fences and words around it.
    pub(crate) fn parse(answer: &str) -> Result<Map<String, Value>, Objection> {
        let after_thinking = answer.rsplit_once("</think>").map_or(answer, |(_, after)| after);
        // The first brace: an inner object of a broken outer one is no answer.
        let Some(at) = after_thinking.find('{') else {
            return Err("Your answer held no JSON object. Send only the object.".to_owned());
        };
        let mut reader = serde_json::Deserializer::from_str(&after_thinking[at..]);
        Map::deserialize(&mut reader).map_err(|problem| {
            format!(
                "Your answer was not one valid JSON object ({problem}). Send only the object, complete and with \
                 its strings escaped."
            )
        })
    }

    /// The root of an answer.
    pub(crate) fn root(object: &'a Map<String, Value>) -> Self {
        Self { path: String::new(), object }
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn objection(&self, name: &str, wanted: &str) -> Objection {
        objection(&self.place(name), self.object.get(name), wanted)
    }

    /// As it came.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(super) fn object(&self, name: &str) -> Result<Fields<'a>, Objection> {
        match self.object.get(name) {
            Some(Value::Object(object)) => Ok(Fields { path: self.place(name), object }),
            _ => Err(self.objection(name, "an object")),
        }
    }

    fn entries(&self, name: &str) -> Result<&'a [Value], Objection> {
        match self.object.get(name) {
            Some(Value::Array(entries)) => Ok(&entries[..entries.len().min(MAX_ENTRIES)]),
            _ => Err(self.objection(name, "a list")),
        }
    }

    /// A list of objects.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, Objection> {
        let of_entry = |(at, entry): (usize, &'a Value)| match entry {
            Value::Object(object) => Ok(Fields { path: format!("{}[{at}]", self.place(name)), object }),
            _ => Err(format!("Every entry of \"{}\" must be an object.", self.place(name))),
        };
        self.entries(name)?.iter().enumerate().map(of_entry).collect()
    }

    /// A list of words, each one of `words`, none twice.
    pub(super) fn choices(&self, name: &str, words: &[&'static str]) -> Result<Vec<&'static str>, Objection> {
        let mut chosen = Vec::new();
        for entry in self.entries(name)? {
            let Some(word) = entry.as_str().and_then(|said| matching(said, words.iter().copied())) else {
                return Err(format!(
                    "Every entry of \"{}\" must be one of {}.",
                    self.place(name),
                    words.join(", ")
                ));
            };
            if !chosen.contains(&word) {
                chosen.push(word);
            }
        }
        Ok(chosen)
    }

    /// One of `words`.
    pub(super) fn choice(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Objection> {
        let said = self.object.get(name).and_then(Value::as_str);
        said.and_then(|said| matching(said, words.iter().copied()))
            .ok_or_else(|| self.objection(name, &format!("one of {}", words.join(", "))))
    }

    /// One of names that are too many to repeat.
    pub(super) fn name<'n>(&self, name: &str, names: &[&'n str]) -> Result<&'n str, Objection> {
        let said = self.object.get(name).and_then(Value::as_str);
        said.and_then(|said| matching(said, names.iter().copied()))
            .ok_or_else(|| self.objection(name, "one of the names listed above, spelled exactly so"))
    }

    /// A list of names that are too many to repeat, none twice.
    pub(super) fn names<'n>(&self, name: &str, names: &[&'n str]) -> Result<Vec<&'n str>, Objection> {
        let mut chosen = Vec::new();
        for entry in self.entries(name)? {
            let Some(word) = entry.as_str().and_then(|said| matching(said, names.iter().copied())) else {
                return Err(format!(
                    "Every entry of \"{}\" must be one of the names listed above, spelled exactly so.",
                    self.place(name)
                ));
            };
            if !chosen.contains(&word) {
                chosen.push(word);
            }
        }
        Ok(chosen)
    }

    /// A text, trimmed and bounded; may be empty.
    pub(super) fn text(&self, name: &str) -> Result<String, Objection> {
        match self.object.get(name) {
            Some(Value::String(text)) => Ok(bounded(text)),
            _ => Err(self.objection(name, "a text")),
        }
    }

    /// A list of texts, trimmed and bounded, empty ones left out.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Objection> {
        let mut texts = Vec::new();
        for entry in self.entries(name)? {
            match entry {
                Value::String(text) => texts.push(bounded(text)),
                _ => return Err(format!("Every entry of \"{}\" must be a text.", self.place(name))),
            }
        }
        texts.retain(|text| !text.is_empty());
        Ok(texts)
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Objection> {
        match self.object.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => Err(self.objection(name, "true or false")),
        }
    }

    /// A share from 0 to 1.
    pub(super) fn share(&self, name: &str) -> Result<f32, Objection> {
        self.between(name, 0.0, 1.0)
    }

    /// A number in a range.
    pub(super) fn between(&self, name: &str, least: f32, most: f32) -> Result<f32, Objection> {
        let number = self.object.get(name).and_then(Value::as_f64);
        #[expect(clippy::cast_possible_truncation, reason = "an opinion has no 53 bits")]
        let number = number.map(|number| number as f32);
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.objection(name, &format!("a number from {least} to {most}")))
    }
}

/// What is wrong with the value at a place, and what would be right.
pub(crate) fn objection(place: &str, value: Option<&Value>, wanted: &str) -> Objection {
    let was = match value {
        None => "it was missing".to_owned(),
        Some(value) => {
            let quoted: String = value.to_string().chars().take(MAX_QUOTED_CHARS).collect();
            format!("it was {quoted}")
        }
    };
    format!("The field \"{place}\" must be {wanted}; {was}.")
}

/// The word meant: models without schemas differ in case and in the sign between the words.
pub(super) fn matching<'n>(said: &str, mut words: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let said = said.trim();
    let loosely = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
    words.clone().find(|word| *word == said).or_else(|| words.find(|word| loosely(word) == loosely(said)))
}

/// Trimmed, and cut where it is too long.
pub(super) fn bounded(text: &str) -> String {
    text.trim().chars().take(MAX_TEXT_CHARS).collect()
}

/// A score as JSON: two decimals are all an opinion has, and `f32` shown as `f64` has noise beyond its seventh.
pub(super) fn score(number: f32) -> Value {
    json!((f64::from(number) * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Map<String, Value> {
        Fields::parse(text).unwrap()
    }

    #[test]
    fn the_object_is_found_among_thoughts_fences_and_words() {
        for text in [
            r#"{"a": 1}"#,
            "```json\n{\"a\": 1}\n```",
            "<think>maybe {\"a\": 2}</think>Here it is: {\"a\": 1} Anything else?",
        ] {
            assert_eq!(parsed(text)["a"], 1, "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_objected_to() {
        assert!(Fields::parse("I cannot do that").unwrap_err().contains("no JSON object"));
        assert!(Fields::parse(r#"{"a": {"b": 1}"#).unwrap_err().contains("not one valid JSON object"));
    }

    #[test]
    fn an_objection_names_the_field_its_value_and_what_would_be_right() {
        let object = parsed(r#"{"priority": {"level": "asap", "confidence": 95}}"#);
        let priority = Fields::root(&object).object("priority").unwrap();
        assert_eq!(
            priority.choice("level", &["low", "urgent"]).unwrap_err(),
            r#"The field "priority.level" must be one of low, urgent; it was "asap"."#
        );
        assert_eq!(
            priority.share("confidence").unwrap_err(),
            r#"The field "priority.confidence" must be a number from 0 to 1; it was 95."#
        );
        assert!(priority.text("reason").unwrap_err().ends_with("it was missing."));
    }

    #[test]
    fn words_are_read_whatever_their_case_and_sign() {
        let object = parsed(r#"{"a": "Very-Dissatisfied", "b": ["Anger", "anger"]}"#);
        let fields = Fields::root(&object);
        assert_eq!(fields.choice("a", &["very_dissatisfied"]).unwrap(), "very_dissatisfied");
        assert_eq!(fields.choices("b", &["anger"]).unwrap(), ["anger"]);
    }

    #[test]
    fn an_exact_name_goes_before_a_similar_one() {
        let object = parsed(r#"{"intent": "Refund"}"#);
        assert_eq!(Fields::root(&object).name("intent", &["refund", "Refund"]).unwrap(), "Refund");
    }

    #[test]
    fn scores_carry_no_binary_noise() {
        assert_eq!(score(0.9).to_string(), "0.9");
        assert_eq!(score(-0.123).to_string(), "-0.12");
    }
}
