//! Pages of other origins that may use the API from a browser (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! None, unless the operator names them: then a preflight of theirs is answered, and their scripts may read answers of
//! `/api/` and send a key in `Authorization`. Never with a session's cookie, and never for everybody (`*`).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

/// What a page may ask with.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id, x-request-id");
/// What a page may read of an answer besides what every page may.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-request-id, retry-after, ratelimit, ratelimit-policy, content-disposition");
/// Ten minutes in seconds: Chromium keeps a preflight for no longer than two hours, and a removed origin is to be gone soon.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins that may, exactly as browsers name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsOrigins(Vec<HeaderValue>);

impl CorsOrigins {
    /// These, each as `https://app.example` or `https://app.example:8443`. What is no header's value is left out; no
    /// browser sends it.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        Self(origins.into_iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// The origin of a request for `path`, where its pages may use it.
    pub(crate) fn allowed(&self, path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
        self.named(headers).filter(|_| path.starts_with("/api/")).cloned()
    }

    /// Whether a request says that it comes from a page of one of them.
    pub(crate) fn is_from_one(&self, headers: &HeaderMap) -> bool {
        self.named(headers).is_some()
    }

    fn named(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.0.iter().find(|allowed| *allowed == origin)
    }

    /// Says in an answer for `path` to whom it may be shown.
    pub(crate) fn tell(&self, path: &str, allowed: Option<HeaderValue>, response: &mut Response) {
        if self.0.is_empty() || !path.starts_with("/api/") {
            return;
        }
        let headers = response.headers_mut();
        // Also to others: a cache must not give them the answer that was made for this one.
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// True for a browser's question whether a request may be sent.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that question for a page that may. To whom, [`CorsOrigins::tell`] says.
pub(crate) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: &str, path: &str) -> bool {
        let origins = CorsOrigins::new(["https://app.example", "http://localhost:3000"]);
        let headers = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_str(origin).unwrap())]);
        origins.allowed(path, &headers).is_some()
    }

    #[test]
    fn only_the_named_origins_to_the_letter() {
        assert!(allowed("https://app.example", "/api/v1/ai/chat"));
        assert!(allowed("http://localhost:3000", "/api/v1/ai/chat"));
        for other in [
            "https://app.example.evil.example",
            "https://evilapp.example",
            "http://app.example",
            "https://app.example:8443",
            "https://APP.example",
            "https://app.example/",
            "null",
            "*",
            "",
        ] {
            assert!(!allowed(other, "/api/v1/ai/chat"), "{other}");
        }
    }

    #[test]
    fn only_the_api_is_for_other_pages() {
        for path in ["/", "/docs", "/metrics", "/webhooks/whatsapp", "/health/live"] {
            assert!(!allowed("https://app.example", path), "{path}");
        }
    }

    #[test]
    fn without_origins_nothing_is_said() {
        let mut response = preflight();
        CorsOrigins::default().tell("/api/v1/ai/chat", None, &mut response);
        assert!(!response.headers().contains_key(header::VARY));
    }
}
