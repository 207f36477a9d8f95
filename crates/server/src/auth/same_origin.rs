//! Keeps other web pages from changing something through a signed-in browser (CSRF).
//!
//! A browser sends a session's cookie by itself, so a change must also come from a page of this server: it says so in
//! `Sec-Fetch-Site`, or, where it is older or the connection has no TLS, in `Origin`.

use axum::http::{HeaderMap, Method, StatusCode, header};

use crate::problem::Problem;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a change that a page of another origin may have sent.
///
/// # Errors
/// 403.
pub(super) fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD) || is_from_here(headers) {
        return Ok(());
    }
    let message = "With the cookie of a session only pages of this server may change something";
    Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", message))
}

fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        // `none`: the person's own doing, from the address bar.
        return site == "same-origin" || site == "none";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn is_let_through(method: &Method, pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        check(method, &headers).is_ok()
    }

    #[test]
    fn changes_come_from_our_own_pages_only() {
        let host = ("host", "pytake.example:8443");
        let good: [&[_]; 4] = [
            &[host, ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("origin", "https://pytake.example:8443")],
            &[host, ("origin", "https://PyTake.example:8443")],
        ];
        for headers in good {
            assert!(is_let_through(&Method::POST, headers), "{headers:?}");
        }
        let bad: [&[_]; 7] = [
            &[host],
            &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://pytake.example:8443")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "https://pytake.example")],
            &[host, ("origin", "null")],
            &[("origin", "https://pytake.example:8443")],
        ];
        for headers in bad {
            for method in [Method::POST, Method::PUT, Method::DELETE] {
                assert!(!is_let_through(&method, headers), "{headers:?}");
            }
            assert!(is_let_through(&Method::GET, headers), "reading is kept apart by the browser");
        }
    }
}
