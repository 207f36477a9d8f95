//! The OpenAPI document with one promise more: no object has a field that is not documented.
//!
//! Also a part of the tests of `pytake`, where other programs hold a running server against it.

use serde_json::Value;

/// Makes the promise for every object of the document that is whole.
pub(crate) fn strict(mut document: Value) -> Value {
    for (name, schema) in document["components"]["schemas"].as_object_mut().unwrap() {
        // Parts of others, which have more.
        if !["Conversation", "UsageSums"].contains(&name.as_str()) {
            forbid_more(schema);
        }
    }
    document
}

fn forbid_more(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(forbid_more),
        Value::Object(schema) => {
            if schema.contains_key("properties") || schema.contains_key("allOf") {
                schema.insert("unevaluatedProperties".to_owned(), false.into());
            }
            let inner = schema.iter_mut().filter(|(name, _)| !["allOf", "example"].contains(&name.as_str()));
            inner.for_each(|(_, part)| forbid_more(part));
        }
        _ => {}
    }
}
