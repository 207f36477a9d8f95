//! Errors as webhooks tell them: `errors[{code, title, message, error_data{details}}]`.

use serde_json::Value;

use super::fields;
use crate::errors::masked;

/// The code of the first error of an item.
pub(super) fn first_code(of: &Value) -> Option<i64> {
    code(fields::list(of, "errors").first()?)
}

/// The code of an error.
pub(super) fn code(error: &Value) -> Option<i64> {
    fields::integer(error, "code")
}

/// One bounded line about an error, without numbers and ids of people.
pub(super) fn line(error: &Value) -> String {
    let code = code(error).map_or_else(|| "error".to_owned(), |code| format!("error {code}"));
    let title = fields::str(error, "title").or_else(|| fields::str(error, "message"));
    let details = error
        .get("error_data")
        .and_then(|data| fields::str(data, "details"))
        .or_else(|| fields::str(error, "details"))
        .filter(|details| Some(*details) != title);
    let parts: Vec<&str> = [Some(&*code), title, details].into_iter().flatten().collect();
    masked(&parts.join(": "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_tells_code_title_and_details() {
        let error = json!({ "code": "131047", "title": "Re-engagement", "error_data": { "details": "for 5511987654321" } });
        assert_eq!(line(&error), "error 131047: Re-engagement: for [number]");
        assert_eq!(line(&json!({ "title": "Same", "details": "Same" })), "error: Same");
        assert_eq!(line(&json!(null)), "error");
        assert!(line(&json!({ "title": "ç".repeat(1_000) })).chars().count() < 1_000);
    }
}
