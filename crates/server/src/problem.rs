//! The contract's error object: every refusal and failure leaves the server through this file.
//!
//! A [`Problem`] becomes a response without a body that carries itself as an extension; the edge, which knows
//! the request id, writes the body. No text of the database, of a provider or of a panic gets out.

mod from_engine;

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytake_assistant::error::FieldProblem;
use serde_json::{Map, Value, json};

use crate::request_id::RequestId;

/// A refusal or failure, as the caller will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    fields: Vec<(&'static str, Value)>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem with its stable code and a sentence for people.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new(), retry_after: None }
    }

    /// Adds a field of that code.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Says when to try again: `Retry-After` in whole seconds, rounded up, and `retry_after_ms`.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self.with("retry_after_ms", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    }

    /// 400: one field is wrong.
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::invalid_fields(&[FieldProblem::new(field, problem)])
    }

    /// 400: these fields are wrong.
    pub(crate) fn invalid_fields(problems: &[FieldProblem]) -> Self {
        let each: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect();
        let message = format!("The request is not valid: {}", each.join("; "));
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message).with("details", details(problems))
    }

    /// 401: no key, a wrong key, or one that is no longer valid; which of them is not told.
    pub(crate) fn unauthorized(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 404: no such object for this tenant, or no such route.
    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 500: a defect of ours. What it was is in the log.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong in the server; its log has the details under this request id",
        )
    }

    /// 503: the database cannot be reached. What it said is in the log.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "service_unavailable",
            "The server cannot do this right now; its log has the details under this request id",
        )
    }

    /// Its HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The object, complete.
    pub(crate) fn object(&self, id: &RequestId) -> Value {
        let mut object = Map::with_capacity(3 + self.fields.len());
        object.insert("error".to_owned(), self.code.into());
        object.insert("message".to_owned(), self.message.as_ref().into());
        object.insert("request_id".to_owned(), id.as_str().into());
        object.extend(self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(object)
    }

    /// Writes the object into a response that [`IntoResponse`] prepared.
    pub(crate) fn write_into(&self, response: &mut Response, id: &RequestId) {
        *response.body_mut() = Body::from(self.object(id).to_string());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Fields and what is wrong with them, as the error object has them.
fn details(problems: &[FieldProblem]) -> Vec<Value> {
    problems.iter().map(|p| json!({ "field": p.field, "problem": p.problem })).collect()
}

/// Rounded up, and at least one: "try again after 0 seconds" would be an invitation to hammer.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    let extra = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(extra).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_time_is_rounded_up_to_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_secs(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
    }
}
