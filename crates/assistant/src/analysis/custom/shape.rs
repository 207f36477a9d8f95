//! The shape a custom analysis asks for: its schema, understood once, then held against every answer.
//!
//! Only what strict structured outputs of all vendors take: no ranges, no unions, no references. A schema with
//! more is refused, because a constraint nobody checks looks like one that holds.

use serde_json::{Map, Value};

use crate::analysis::fields::{MAX_ENTRIES, Objection, bounded, matching, objection};

/// Keywords that say nothing about what is valid.
const NOTES: [&str; 2] = ["description", "title"];

/// What a value must be.
#[derive(Debug, PartialEq)]
pub(super) enum Shape {
    Object(Vec<(String, Shape)>),
    List(Box<Shape>),
    /// One of some words.
    Choice(Vec<String>),
    Text,
    Number,
    Integer,
    Flag,
}

impl Shape {
    /// Understands the schema of an entry.
    ///
    /// # Errors
    /// What is not strict, and where.
    pub(super) fn of_entry(schema: &Value) -> Result<Self, String> {
        let shape = Self::of(schema, "the entry")?;
        match &shape {
            Self::Object(fields) if fields.iter().any(|(name, _)| name == "confidence") => {
                Err("the entry must not have \"confidence\", which is added".to_owned())
            }
            Self::Object(_) => Ok(shape),
            _ => Err("the entry must be an object".to_owned()),
        }
    }

    fn of(schema: &Value, place: &str) -> Result<Self, String> {
        let kind = schema["type"].as_str().unwrap_or_default();
        let (shape, keywords): (Self, &[&str]) = match kind {
            "object" => {
                (Self::of_object(schema, place)?, &["type", "properties", "required", "additionalProperties"])
            }
            "array" => {
                let entry = Self::of(&schema["items"], &format!("an entry of {place}"))?;
                (Self::List(Box::new(entry)), &["type", "items"])
            }
            "string" => match schema.get("enum") {
                Some(words) => (Self::Choice(words_of(words, place)?), &["type", "enum"]),
                None => (Self::Text, &["type"]),
            },
            "number" => (Self::Number, &["type"]),
            "integer" => (Self::Integer, &["type"]),
            "boolean" => (Self::Flag, &["type"]),
            _ => {
                return Err(format!(
                    "{place} must have a \"type\": object, array, string, number, integer or boolean"
                ));
            }
        };
        let is_known = |name: &&String| keywords.contains(&name.as_str()) || NOTES.contains(&name.as_str());
        match schema.as_object().and_then(|schema| schema.keys().find(|name| !is_known(name))) {
            Some(unknown) => Err(format!("{place} must not have \"{unknown}\", which strict schemas lack")),
            None => Ok(shape),
        }
    }

    fn of_object(schema: &Value, place: &str) -> Result<Self, String> {
        let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else {
            return Err(format!("{place} must have \"properties\""));
        };
        let required: &[Value] = schema["required"].as_array().map_or(&[], Vec::as_slice);
        let is_required = |name: &String| required.iter().any(|one| one.as_str() == Some(name));
        if required.len() != properties.len() || !properties.keys().all(is_required) {
            return Err(format!("{place} must list each of its properties once as \"required\""));
        }
        if schema["additionalProperties"] != false {
            return Err(format!("{place} must have \"additionalProperties\": false"));
        }
        let field = |(name, schema): (&String, &Value)| {
            Ok((name.clone(), Self::of(schema, &format!("\"{name}\" of {place}"))?))
        };
        properties.iter().map(field).collect::<Result<_, String>>().map(Self::Object)
    }

    /// Takes what fits out of a value: texts trimmed and bounded, words as the schema spells them, other fields
    /// left out.
    ///
    /// # Errors
    /// What is wrong at `place`, for the model's one repair.
    pub(super) fn read(&self, place: &str, said: Option<&Value>) -> Result<Value, Objection> {
        let wrong = |wanted: &str| objection(place, said, wanted);
        match (self, said) {
            (Self::Object(fields), Some(Value::Object(object))) => {
                let field = |(name, shape): &(String, Self)| {
                    Ok((name.clone(), shape.read(&format!("{place}.{name}"), object.get(name))?))
                };
                fields.iter().map(field).collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            (Self::List(shape), Some(Value::Array(entries))) => {
                let entries = entries.iter().take(MAX_ENTRIES).enumerate();
                entries.map(|(at, entry)| shape.read(&format!("{place}[{at}]"), Some(entry))).collect()
            }
            (Self::Choice(words), Some(Value::String(word))) => {
                let chosen = matching(word, words.iter().map(String::as_str));
                chosen.map(Value::from).ok_or_else(|| wrong(&format!("one of {}", words.join(", "))))
            }
            (Self::Text, Some(Value::String(text))) => Ok(bounded(text).into()),
            (Self::Number, Some(number @ Value::Number(_))) | (Self::Flag, Some(number @ Value::Bool(_))) => {
                Ok(number.clone())
            }
            (Self::Integer, Some(Value::Number(number))) if !number.is_f64() => Ok(number.clone().into()),
            (Self::Object(_), _) => Err(wrong("an object")),
            (Self::List(_), _) => Err(wrong("a list")),
            (Self::Choice(words), _) => Err(wrong(&format!("one of {}", words.join(", ")))),
            (Self::Text, _) => Err(wrong("a text")),
            (Self::Number, _) => Err(wrong("a number")),
            (Self::Integer, _) => Err(wrong("a whole number")),
            (Self::Flag, _) => Err(wrong("true or false")),
        }
    }
}

fn words_of(words: &Value, place: &str) -> Result<Vec<String>, String> {
    let words: Option<Vec<String>> = words
        .as_array()
        .filter(|words| !words.is_empty())
        .and_then(|words| words.iter().map(|word| word.as_str().map(str::to_owned)).collect());
    words.ok_or_else(|| format!("the \"enum\" of {place} must list texts"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(properties: &Value) -> Value {
        let names: Vec<&String> = properties.as_object().unwrap().keys().collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    }

    fn schema() -> Value {
        object(&json!({
            "level": {"type": "string", "enum": ["low", "very_high"], "description": "How much."},
            "reason": {"type": "string"},
            "score": {"type": "number"},
            "visits": {"type": "integer"},
            "is_new": {"type": "boolean"},
            "products": {"type": "array", "items": object(&json!({"name": {"type": "string"}}))},
        }))
    }

    fn said() -> Value {
        json!({
            "level": "Very High", "reason": " prices ", "score": 0.5, "visits": 3, "is_new": false,
            "products": [{"name": "cap", "colour": "red"}], "more": 1,
        })
    }

    #[test]
    fn what_fits_is_taken_and_the_rest_is_left_out() {
        let read = Shape::of_entry(&schema()).unwrap().read("visit", Some(&said())).unwrap();
        let expected = json!({
            "level": "very_high", "reason": "prices", "score": 0.5, "visits": 3, "is_new": false,
            "products": [{"name": "cap"}],
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_does_not_fit_is_objected_to_by_its_place() {
        let shape = Shape::of_entry(&schema()).unwrap();
        let wrong = [
            ("/level", json!("none"), r#""visit.level" must be one of low, very_high; it was "none"."#),
            ("/level", json!(1), r#""visit.level" must be one of low, very_high; it was 1."#),
            ("/reason", json!(null), r#""visit.reason" must be a text; it was null."#),
            ("/score", json!("0.5"), r#""visit.score" must be a number; it was "0.5"."#),
            ("/visits", json!(2.5), r#""visit.visits" must be a whole number; it was 2.5."#),
            ("/is_new", json!("no"), r#""visit.is_new" must be true or false; it was "no"."#),
            ("/products", json!({}), r#""visit.products" must be a list; it was {}."#),
            ("/products/0", json!(3), r#""visit.products[0]" must be an object; it was 3."#),
            ("/products/0", json!({}), r#""visit.products[0].name" must be a text; it was missing."#),
        ];
        for (at, value, objection) in wrong {
            let mut said = said();
            *said.pointer_mut(at).unwrap() = value;
            assert_eq!(shape.read("visit", Some(&said)).unwrap_err(), format!("The field {objection}"));
        }
        assert!(shape.read("visit", None).unwrap_err().ends_with("must be an object; it was missing."));
    }

    #[test]
    fn a_schema_that_is_not_strict_is_refused_with_the_place() {
        let text = json!({"type": "string"});
        let mut open = object(&json!({"a": text}));
        open["additionalProperties"] = json!(true);
        let mut optional = object(&json!({"a": text, "b": text}));
        optional["required"] = json!(["a", "a"]);
        let cases = [
            (text.clone(), "the entry must be an object"),
            (json!("string"), "the entry must have a \"type\""),
            (json!({"type": "object"}), "the entry must have \"properties\""),
            (open, "additionalProperties"),
            (optional, "each of its properties once"),
            (object(&json!({"confidence": {"type": "number"}})), "which is added"),
            (
                object(&json!({"a": {"type": "number", "minimum": 0}})),
                "\"a\" of the entry must not have \"minimum\"",
            ),
            (object(&json!({"a": {"type": ["string", "null"]}})), "\"a\" of the entry must have a \"type\""),
            (object(&json!({"a": {"type": "string", "enum": []}})), "the \"enum\" of \"a\""),
            (object(&json!({"a": {"type": "array"}})), "an entry of \"a\" of the entry must have a \"type\""),
        ];
        for (schema, why) in cases {
            let refusal = Shape::of_entry(&schema).unwrap_err();
            assert!(refusal.contains(why), "{refusal}");
        }
    }
}
