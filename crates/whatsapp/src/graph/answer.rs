//! What an answer of the Graph API says.
//!
//! | answer | outcome |
//! | --- | --- |
//! | 2xx with `messages[0].id` | accepted |
//! | an `error` object, whatever the status | by its code |
//! | 2xx without id, with a page, empty, cut or too large | unknown: Meta may have taken it |
//! | 401, 403 without an error object | token |
//! | 3xx, 408, 425, 429, 5xx without one | temporary |
//! | any other 4xx without one | bad request: wrong address, or not Meta |

use pytake_assistant::channel::{Accepted, Recipient, SendFailure, SendFailureKind};
use serde::Deserialize;
use serde_json::Value;

use super::Reply;
use crate::errors::failure;

/// Ids of messages have some 60 characters; what is longer than the 512 an event's key may have is none.
const MAX_ID_BYTES: usize = 512;

#[derive(Deserialize)]
struct Failed {
    error: GraphError,
}

/// The error object; its fields are optional because proxies and old endpoints leave some out.
#[derive(Deserialize)]
struct GraphError {
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    error_data: Option<Value>,
    #[serde(default)]
    is_transient: Option<Value>,
}

/// Reads the answer to a message.
pub(super) fn accepted(reply: &Reply) -> Result<Accepted, SendFailure> {
    let value = read(reply)?;
    let id = value.pointer("/messages/0/id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(unknown(reply, "names no message"));
    }
    let contact = |field: &str| {
        let text = value.pointer("/contacts/0")?.get(field)?.as_str()?;
        (!text.is_empty() && text.len() <= MAX_ID_BYTES).then(|| text.to_owned())
    };
    let recipient = Recipient { phone: contact("wa_id"), scoped_id: contact("user_id") };
    Ok(Accepted { message_id: id.to_owned(), recipient })
}

/// Reads the answer to a mark: `{success: true}`.
pub(super) fn succeeded(reply: &Reply) -> Result<(), SendFailure> {
    let value = read(reply)?;
    match value.get("success") {
        Some(Value::Bool(true)) => Ok(()),
        _ => Err(unknown(reply, "does not say that it succeeded")),
    }
}

/// Reads an answer that is JSON and no error.
pub(crate) fn read(reply: &Reply) -> Result<Value, SendFailure> {
    let is_success = (200..300).contains(&reply.status);
    let value = serde_json::from_slice::<Value>(&reply.body).ok();
    if let Some(error) = value.as_ref().and_then(|value| Failed::deserialize(value).ok()) {
        return Err(by_error(&error.error, reply));
    }
    if !is_success {
        let mut failure =
            failure(None, Some(reply.status), format!("status {} without an error", reply.status));
        failure.retry_after = reply.retry_after;
        return Err(failure);
    }
    match (reply.cut, value) {
        (None, Some(value)) => Ok(value),
        (Some(why), _) => Err(unknown(reply, why)),
        (None, None) => Err(unknown(reply, "is not JSON")),
    }
}

/// An answer that says neither yes nor no.
fn unknown(reply: &Reply, what: &str) -> SendFailure {
    SendFailure {
        kind: SendFailureKind::Unknown,
        code: None,
        status: Some(reply.status),
        message: format!("the answer {what} ({} bytes)", reply.body.len()),
        retry_after: reply.retry_after,
    }
}

fn by_error(error: &GraphError, reply: &Reply) -> SendFailure {
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let details = error.error_data.as_ref().and_then(|data| data.get("details")).cloned();
    let (message, details) = (text(&error.message), text(&details));
    let message = match (message.is_empty(), details.is_empty()) {
        (false, false) if message != details => format!("{message}: {details}"),
        (true, false) => details,
        (true, true) => format!("status {} without a message", reply.status),
        _ => message,
    };
    let mut failure = failure(error.code.as_ref().and_then(number), Some(reply.status), message);
    failure.retry_after = reply.retry_after;
    if failure.kind == SendFailureKind::Other && error.is_transient == Some(Value::Bool(true)) {
        failure.kind = SendFailureKind::Temporary;
    }
    failure
}

/// A number, also one that is written as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use SendFailureKind as Kind;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: None, body: body.to_owned().into(), cut: None }
    }

    fn kind(status: u16, body: &str) -> Kind {
        accepted(&reply(status, body)).unwrap_err().kind
    }

    #[test]
    fn a_message_with_an_id_is_accepted_with_the_address_meta_knows() {
        let body = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+55","wa_id":"5531","user_id":"BR.1"}],
            "messages":[{"id":"wamid.A=","message_status":"accepted"}]}"#;
        let accepted = accepted(&reply(200, body)).unwrap();
        assert_eq!(accepted.message_id, "wamid.A=");
        let known = Recipient { phone: Some("5531".into()), scoped_id: Some("BR.1".into()) };
        assert_eq!(accepted.recipient, known);
    }

    #[test]
    fn a_success_that_names_no_message_may_be_on_its_way() {
        let id = "x".repeat(513);
        let long = format!(r#"{{"messages":[{{"id":"{id}"}}]}}"#);
        let bodies = [
            "",
            "OK",
            "<html>Sign in</html>",
            "{}",
            "null",
            r#"{"messages":[]}"#,
            r#"{"messages":[{"id":""}]}"#,
            r#"{"messages":[{"id":7}]}"#,
            r#"{"messages":[{"id":"wamid"#,
            &long,
        ];
        for body in bodies {
            assert_eq!(kind(200, body), Kind::Unknown, "{body}");
            assert_eq!(kind(202, body), Kind::Unknown, "{body}");
        }
    }

    #[test]
    fn a_body_that_was_cut_is_not_believed() {
        let mut cut = reply(200, r#"{"messages":[{"id":"wamid.A"}]}"#);
        cut.cut = Some("was cut");
        let failure = accepted(&cut).unwrap_err();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (Kind::Unknown, "the answer was cut (31 bytes)")
        );
    }

    #[test]
    fn an_error_goes_by_its_code_whatever_the_status() {
        let body = |code: &str| format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#);
        for status in [200, 400, 401, 403, 404, 429, 500] {
            assert_eq!(kind(status, &body("131047")), Kind::WindowClosed, "{status}");
        }
        assert_eq!(kind(400, &body("\"131056\"")), Kind::PairRate, "a number as text");
        assert_eq!(kind(500, &body("2")), Kind::Temporary);
        assert_eq!(kind(500, &body("99999")), Kind::Temporary, "an unknown code of a server in trouble");
        assert_eq!(kind(400, &body("99999")), Kind::Other);
        assert_eq!(kind(400, &body("1e300")), Kind::BadRequest, "no code at all");
        assert_eq!(kind(400, r#"{"error":{"code":99999,"is_transient":true}}"#), Kind::Temporary);
    }

    #[test]
    fn a_status_without_an_error_object_says_what_it_can() {
        for body in ["", "<html></html>", "{}", r#"{"error":"x"}"#, "[1"] {
            for status in [429, 500, 502, 503, 504, 302, 307, 408] {
                assert_eq!(kind(status, body), Kind::Temporary, "{status} {body}");
            }
            assert_eq!(kind(401, body), Kind::Token);
            assert_eq!(kind(403, body), Kind::Token);
            for status in [400, 404, 405, 413, 418] {
                assert_eq!(kind(status, body), Kind::BadRequest, "{status} {body}");
            }
        }
    }

    #[test]
    fn the_operator_reads_details_and_no_personal_data() {
        let body = r#"{"error":{"message":"(#131026) Message undeliverable","code":131026,"error_subcode":2494010,
            "error_data":{"messaging_product":"whatsapp","details":"+55 31 99999-8888 cannot\nbe reached"}}}"#;
        let mut answer = reply(400, body);
        answer.retry_after = Some(Duration::from_secs(3));
        let failure = accepted(&answer).unwrap_err();
        assert_eq!(failure.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(failure.message, "(#131026) Message undeliverable: [number] cannot be reached");
    }

    #[test]
    fn a_mark_succeeds_when_meta_says_so() {
        assert!(succeeded(&reply(200, r#"{"success":true}"#)).is_ok());
        for body in ["{}", r#"{"success":false}"#, r#"{"success":"true"}"#, ""] {
            assert_eq!(succeeded(&reply(200, body)).unwrap_err().kind, Kind::Unknown, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(status in 100u16..1000, body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let answer = Reply { status, retry_after: None, body: body.into(), cut: None };
            let _ = (accepted(&answer), succeeded(&answer));
        }
    }
}
