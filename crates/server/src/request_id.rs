//! The id every answer carries, for people to quote and for logs to be found by.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use pytake_assistant::IdSource;

/// The header, in requests and in answers.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// 128 characters: long enough for two UUIDs and a trace id, short enough for a log line.
const MAX_CHARS: usize = 128;

/// The id of one request. The edge puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's id if it is sane (1 to 128 of `A-Z a-z 0-9 . _ -`), else a new one.
    pub(crate) fn of(headers: &HeaderMap, ids: &dyn IdSource) -> Self {
        let theirs = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        match theirs.filter(|id| is_sane(id)) {
            Some(id) => Self(id.into()),
            None => Self(ids.next().into()),
        }
    }

    /// One for what came with others in one request.
    pub(crate) fn fresh(ids: &dyn IdSource) -> Self {
        Self(ids.next().into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a header value; an id that no header can carry (none of ours) is left out.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self("unknown".into())))
    }
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytake_assistant::id::CountingIds;

    fn id_for(theirs: &str) -> String {
        let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_str(theirs).unwrap())]);
        RequestId::of(&headers, &CountingIds::default()).to_string()
    }

    #[test]
    fn a_sane_id_of_the_caller_is_kept() {
        assert_eq!(id_for("order-17_a.B"), "order-17_a.B");
        assert_eq!(id_for(&"x".repeat(128)), "x".repeat(128));
    }

    #[test]
    fn an_odd_id_of_the_caller_is_replaced() {
        for odd in ["", "two words", "a\tb", "<script>", "x/y", &"x".repeat(129)] {
            assert_eq!(id_for(odd), "id-1", "{odd:?}");
        }
    }

    #[test]
    fn a_caller_without_an_id_gets_one() {
        assert_eq!(RequestId::of(&HeaderMap::new(), &CountingIds::default()).as_str(), "id-1");
    }
}
