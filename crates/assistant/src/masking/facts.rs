//! Facts about the customer as callers send them. Pure.

use serde_json::{Map, Value};

/// Parts of a context that are the customer's name, whatever they look like. Folded, without signs between the words.
const NAMES: [&str; 16] = [
    "name",
    "customername",
    "clientname",
    "username",
    "firstname",
    "lastname",
    "fullname",
    "surname",
    "nome",
    "nomecompleto",
    "primeironome",
    "sobrenome",
    "nombre",
    "nombrecompleto",
    "apellido",
    "apellidos",
];

/// Whether this part of a context is the customer's name.
pub(super) fn is_name(name: &str) -> bool {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.contains(&folded.as_str())
}

/// Everything in a context that is a text or a number, with the name it stands under.
pub(super) fn scalars(context: &Map<String, Value>) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    for (name, value) in context {
        // Replaces the instructions, and is no fact about the customer.
        if name != "system_prompt" {
            add_scalars(name, value, &mut found);
        }
    }
    found
}

fn add_scalars<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, String)>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => found.push((name, number.to_string())),
        Value::String(text) => found.push((name, text.clone())),
        Value::Array(values) => values.iter().for_each(|value| add_scalars(name, value, found)),
        Value::Object(object) => object.iter().for_each(|(name, value)| add_scalars(name, value, found)),
    }
}
