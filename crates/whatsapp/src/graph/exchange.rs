//! One request and its answer, and what is known about a message when there is none.
//!
//! The question behind every failure here is whether the request may have reached Meta:
//! - **No**: no address, no connection, no encryption, or a connection that was gone before the request was begun
//!   (hyper gives such a request back unwritten).
//! - **Perhaps**: everything after that, also when only a part was written. A time-out of the whole call is one of
//!   these, because connecting has a shorter time-out of its own.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::{SendFailure, SendFailureKind};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Request, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::client::client;
use super::config::{ConfigError, WhatsAppConfig};
use crate::errors::masked;

/// 1 MiB: an answer of the Graph API has a few hundred bytes; more is not one.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A day: nothing waits longer for a message to a customer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Speaks with one address of the Graph API.
pub(crate) struct Exchange {
    client: Client,
    root: Url,
    timeout: Duration,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("root", &self.root.as_str()).finish_non_exhaustive()
    }
}

/// An answer, read to its end or to where it broke.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// What `retry-after` asks for.
    pub(crate) retry_after: Option<Duration>,
    /// The body.
    pub(crate) body: Bytes,
    /// Why the body ends where it ends, if that is not its end.
    pub(crate) cut: Option<&'static str>,
}

impl Exchange {
    /// Prepares calls below `root`.
    pub(super) fn new(root: Url, config: &WhatsAppConfig) -> Result<Self, ConfigError> {
        let client = client(&root, config.connect_timeout)?;
        Ok(Self { client, root, timeout: config.request_timeout })
    }

    /// Posts JSON to a path below the root.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        token: &SecretString,
    ) -> Result<Reply, SendFailure> {
        let mut request = self.request(Method::POST, path, token)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.to_string().into());
        self.execute(request).await
    }

    /// Gets a path below the root.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &SecretString,
    ) -> Result<Reply, SendFailure> {
        let mut request = self.request(Method::GET, path, token)?;
        if !query.is_empty() {
            request.url_mut().query_pairs_mut().extend_pairs(query);
        }
        self.execute(request).await
    }

    /// Opens a file at an address that was allowed; the caller reads it, within a time-out of its own.
    pub(crate) async fn open(&self, address: Url, token: &SecretString) -> Result<Response, SendFailure> {
        let mut request = Request::new(Method::GET, address);
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        self.client.execute(request).await.map_err(not_answered)
    }

    fn request(&self, method: Method, path: &str, token: &SecretString) -> Result<Request, SendFailure> {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{path}", self.root.path()));
        let mut request = Request::new(method, url);
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        *request.timeout_mut() = Some(self.timeout);
        Ok(request)
    }

    async fn execute(&self, request: Request) -> Result<Reply, SendFailure> {
        let mut response = self.client.execute(request).await.map_err(not_answered)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        let cut = loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() > MAX_BODY_BYTES => break Some("is too large"),
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break None,
                Err(_) => break Some("was cut"),
            }
        };
        Ok(Reply { status, retry_after, body: body.into(), cut })
    }
}

/// The token as a header that is never printed.
fn bearer(token: &SecretString) -> Result<HeaderValue, SendFailure> {
    let token = token.expose_secret().trim();
    let value = HeaderValue::try_from(format!("Bearer {token}"));
    match value {
        Ok(mut value) if !token.is_empty() => {
            value.set_sensitive(true);
            Ok(value)
        }
        _ => Err(own_failure(SendFailureKind::Token, "the access token is empty or cannot be a header")),
    }
}

/// A failure that this program saw by itself.
pub(crate) fn own_failure(kind: SendFailureKind, message: &str) -> SendFailure {
    SendFailure { kind, code: None, status: None, message: masked(message), retry_after: None }
}

/// A request that got no answer's head.
fn not_answered(error: reqwest::Error) -> SendFailure {
    let never_began = error.is_connect() || error.is_builder() || was_given_back(&error);
    let (kind, what) = if never_began {
        (SendFailureKind::NotSent, "no connection")
    } else if error.is_timeout() {
        (SendFailureKind::Unknown, "no answer in time")
    } else {
        (SendFailureKind::Unknown, "the connection ended before an answer")
    };
    own_failure(kind, &format!("{what}: {}", root_cause(error)))
}

/// Whether hyper gave the request back because its connection had closed before the first byte was written.
fn was_given_back(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The innermost reason, without the URL.
fn root_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A question may be asked again: that nobody knows whether it arrived does not matter.
pub(super) fn as_question(mut failure: SendFailure) -> SendFailure {
    if failure.kind == SendFailureKind::Unknown {
        failure.kind = SendFailureKind::Temporary;
    }
    failure
}

/// Whether an id can stand in a path as it is.
pub(crate) fn is_plain_id(id: &str) -> bool {
    // 128: Meta's ids have up to 20 digits.
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Seconds of `retry-after`; what is not positive counts as absent.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<f64>().ok()?;
    let wait = Duration::try_from_secs_f64(seconds).ok()?;
    (!wait.is_zero()).then_some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_positive_and_at_most_a_day() {
        let wait = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            retry_after(&headers)
        };
        assert_eq!(wait("30"), Some(Duration::from_secs(30)));
        assert_eq!(wait(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(wait("1e12"), Some(MAX_RETRY_AFTER));
        for none in ["0", "-1", "soon", "NaN", "inf", ""] {
            assert_eq!(wait(none), None, "{none}");
        }
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused_and_not_shown() {
        for token in ["", "  ", "EAA\nsecret"] {
            let failure = bearer(&SecretString::from(token)).unwrap_err();
            assert_eq!(failure.kind, SendFailureKind::Token);
            assert!(!failure.message.contains("secret"));
        }
        let value = bearer(&SecretString::from(" EAAsecret ")).unwrap();
        assert_eq!(value, "Bearer EAAsecret");
        assert!(!format!("{value:?}").contains("secret"));
    }

    #[test]
    fn an_id_from_outside_is_no_path() {
        assert!(is_plain_id("1037543291543636"));
        for wrong in ["", "1/../2", "a b", "1?x=y", "é", "..", &"1".repeat(129)] {
            assert!(!is_plain_id(wrong), "{wrong}");
        }
    }
}
