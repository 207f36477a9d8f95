//! Keeps other web pages from changing something through a signed-in browser (CSRF).
//!
//! A browser sends a session's cookie by itself, so a change must also come from a page of this server: it says so in
//! `Sec-Fetch-Site`, or, where it is older or the connection has no TLS, in `Origin`. An open server needs no cookie, and
//! programs, which say neither, may change things there; pages of others may not.

use axum::http::{HeaderMap, Method, StatusCode, header};

use crate::cors::CorsOrigins;
use crate::problem::Problem;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a change that a page of another origin may have sent.
///
/// # Errors
/// 403.
pub(super) fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if only_reads(method) || is_from_here(headers) {
        return Ok(());
    }
    Err(forbidden("With the cookie of a session only pages of this server may change something"))
}

/// Refuses a change on an open server that a page of an origin nobody named sent. A body in JSON would make a browser ask
/// first; many changes have none.
///
/// # Errors
/// 403.
pub(super) fn check_open(method: &Method, headers: &HeaderMap, named: &CorsOrigins) -> Result<(), Problem> {
    let is_of_a_page = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN);
    if only_reads(method) || !is_of_a_page || is_from_here(headers) || named.is_from_one(headers) {
        return Ok(());
    }
    Err(forbidden("Pages of other origins may change nothing here; see PYTAKE_CORS_ORIGINS"))
}

fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn forbidden(message: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", message)
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

    #[test]
    fn an_open_server_takes_changes_of_programs_and_its_own_pages() {
        let named = CorsOrigins::new(["https://app.example"]);
        let is_taken = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            check_open(&Method::POST, &headers.collect(), &named).is_ok()
        };
        let host = ("host", "127.0.0.1:8080");
        assert!(is_taken(&[host]), "a program");
        assert!(is_taken(&[host, ("origin", "http://127.0.0.1:8080")]));
        assert!(is_taken(&[host, ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")]));
        assert!(is_taken(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://app.example")]));
        for other in ["https://evil.example", "http://127.0.0.1:9999", "null"] {
            assert!(!is_taken(&[host, ("origin", other)]), "{other}");
            assert!(!is_taken(&[host, ("sec-fetch-site", "cross-site"), ("origin", other)]), "{other}");
        }
        assert!(!is_taken(&[host, ("sec-fetch-site", "cross-site")]));
    }
}
