//! Parses JSON and, where that fails, names the field and the problem in words for the caller.

use pytake_assistant::error::FieldProblem;
use serde::de::{DeserializeOwned, IgnoredAny};

/// The name of the whole body in a problem.
const BODY: &str = "body";

/// Parses a body that must be a JSON object in UTF-8.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldProblem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        FieldProblem::new(BODY, format!("must be UTF-8; byte {} is not", error.valid_up_to()))
    })?;
    // Without this, serde would also take an array as the fields in order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(FieldProblem::new(BODY, "must be a JSON object"));
    }
    // The path of a field is tracked only in a second reading, when there is something to say about it.
    serde_json::from_str(text).or_else(|_| explain(text))
}

fn explain<T: DeserializeOwned>(text: &str) -> Result<T, FieldProblem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        // A number where a word is expected counts as syntax for serde_json, though the text is JSON.
        let is_json = || serde_json::from_str::<IgnoredAny>(text).is_ok();
        if cause.is_data() || is_json() { named(path, &cause.to_string()) } else { syntax(&cause) }
    })?;
    reader.end().map_err(|cause| syntax(&cause))?;
    Ok(value)
}

fn syntax(cause: &serde_json::Error) -> FieldProblem {
    FieldProblem::new(BODY, format!("is not valid JSON: {cause}"))
}

/// Turns what serde says about a value into a field and its problem.
///
/// `path` is where serde was, `.` for the top, empty where the message begins with it; a field that is missing or unknown is named only in
/// the message.
pub(super) fn named(path: String, message: &str) -> FieldProblem {
    let message = message.split(" at line ").next().unwrap_or(message);
    let (path, message) = match in_front(message) {
        Some((field, problem)) if path.is_empty() => (field.to_owned(), problem),
        _ => (path, message),
    };
    let parent = if path == "." { String::new() } else { path };
    if let Some(field) = quoted_after(message, "missing field ") {
        return FieldProblem::new(join(parent, field), "is missing");
    }
    if let Some(field) = quoted_after(message, "unknown field ") {
        let allowed = message.split_once(", expected ").map_or("", |(_, rest)| rest);
        let problem = format!("is not a field of this request; expected {allowed}");
        return FieldProblem::new(join(parent, field), problem);
    }
    if let Some(field) = quoted_after(message, "duplicate field ") {
        return FieldProblem::new(join(parent, field), "is given twice");
    }
    let message = match message {
        "invalid digit found in string" => "must be a whole number, not negative",
        "expected value" => "is of the wrong type",
        // serde_json's own bound, so that no nesting can exhaust the stack.
        "recursion limit exceeded" => "is nested too deeply; 127 levels are the most",
        other => other,
    };
    let field = if parent.is_empty() { BODY.to_owned() } else { parent };
    FieldProblem::new(field, message)
}

/// The field that an error about a query string names in front of the problem: `limit: …`.
fn in_front(message: &str) -> Option<(&str, &str)> {
    let is_name = |field: &str| field.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    message.split_once(": ").filter(|(field, _)| is_name(field))
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.strip_prefix('`')?.split('`').next()
}

/// The path to a field of `parent`, unless the path already ends in it.
fn join(parent: String, field: &str) -> String {
    let is_there = parent == field || parent.strip_suffix(field).is_some_and(|rest| rest.ends_with('.'));
    if is_there {
        parent
    } else if parent.is_empty() {
        field.to_owned()
    } else {
        format!("{parent}.{field}")
    }
}

#[cfg(test)]
mod tests {
    use pytake_assistant::{AnalyzeRequest, ChatRequest, ClassifyRequest};

    use super::*;

    fn problem<T: DeserializeOwned>(body: &str) -> (String, String) {
        let problem = parse::<T>(body.as_bytes()).err().unwrap();
        (problem.field, problem.problem)
    }

    #[test]
    fn a_wrong_type_is_named_with_its_path() {
        let (field, text) = problem::<ChatRequest>(r#"{"message": "a", "user_id": "u", "max_tokens": -5}"#);
        assert_eq!(field, "max_tokens");
        assert!(text.starts_with("invalid value: integer `-5`"), "{text}");
        let (field, _) =
            problem::<AnalyzeRequest>(r#"{"message": "a", "user_id": "u", "analysis_type": ["intent", 3]}"#);
        assert_eq!(field, "analysis_type[1]");
    }

    #[test]
    fn an_unknown_value_lists_the_allowed_ones() {
        let body = r#"{"message": "a", "user_id": "u", "analysis_type": ["intent"], "engine": "warp"}"#;
        let (field, text) = problem::<AnalyzeRequest>(body);
        assert_eq!(field, "engine");
        assert!(text.contains("`warp`") && text.contains("`local`") && !text.contains("line"), "{text}");
    }

    #[test]
    fn missing_unknown_and_repeated_fields_are_named() {
        assert_eq!(problem::<ChatRequest>(r#"{"message": "a"}"#), ("user_id".into(), "is missing".into()));
        let (field, text) = problem::<ChatRequest>(r#"{"message": "a", "user_id": "u", "mesage": "b"}"#);
        assert_eq!(field, "mesage");
        assert!(text.contains("`max_tokens`"), "{text}");
        let (field, _) = problem::<ChatRequest>(r#"{"message": "a", "message": "b", "user_id": "u"}"#);
        assert_eq!(field, "message");
    }

    #[test]
    fn what_is_no_object_in_utf_8_is_said_to_be_none() {
        for body in ["[\"a\", \"u\"]", "", "null", "\"text\"", "message=a"] {
            assert_eq!(
                problem::<ChatRequest>(body),
                ("body".into(), "must be a JSON object".into()),
                "{body}"
            );
        }
        let cut = parse::<ChatRequest>(b"{\"message\": \"\xff\"}").unwrap_err();
        assert_eq!(cut.problem, "must be UTF-8; byte 13 is not");
        let (field, text) = problem::<ChatRequest>(r#"{"message": "a", "user_id"}"#);
        assert_eq!(field, "body");
        assert!(text.starts_with("is not valid JSON: ") && text.contains("line 1 column"), "{text}");
        let (field, _) = problem::<ChatRequest>(r#"{"message": "a", "user_id": "u"} trailing"#);
        assert_eq!(field, "body");
    }

    #[test]
    fn an_intent_that_is_neither_name_nor_object_is_named() {
        let (field, _) =
            problem::<ClassifyRequest>(r#"{"message": "a", "user_id": "u", "available_intents": ["a", 3]}"#);
        assert_eq!(field, "available_intents[1]");
    }

    #[test]
    fn lone_surrogates_and_deep_nesting_are_refused_not_fatal() {
        let (field, _) = problem::<ChatRequest>(r#"{"message": "\ud800", "user_id": "u"}"#);
        assert!(["body", "message"].contains(&&*field), "{field}");
        let deep = format!(r#"{{"message": "a", "user_id": "u", "context": {{"x": {}"#, "[".repeat(100_000));
        assert_eq!(problem::<ChatRequest>(&deep).0, "body");
    }
}
