//! Keeps web pages from using an open server through their visitor's browser.
//!
//! A page can point its own domain at 127.0.0.1 (DNS rebinding) and would then read everything an open server
//! says. Its requests carry its domain in `Host`, so without a key only `localhost` and IP addresses are
//! answered. (A page that asks this address from its own origin says so, see `same_origin`.)

use std::net::IpAddr;

use axum::http::{HeaderMap, header, uri::Authority};

/// By which a proxy says for whom it asks (RFC 9110, section 7.6.3; RFC 7239; and what was usual before).
const OF_PROXIES: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Whether the caller addressed this machine itself. A request without `Host` (HTTP/1.0) is no browser's. One that came
/// through a proxy is a stranger's, whatever the proxy wrote into `Host`.
pub(super) fn is_this_machine(headers: &HeaderMap) -> bool {
    if OF_PROXIES.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let Some(value) = headers.get(header::HOST) else { return true };
    let authority = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_local_name(authority.host()))
}

/// Whether the caller addressed this machine by a name that no network leads to. Browsers keep cookies for those secure
/// without TLS.
pub(crate) fn is_loopback(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::HOST) else { return false };
    let Some(authority) = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()) else {
        return false;
    };
    let host = authority.host().to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn is_local_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answers(host: &str) -> bool {
        is_this_machine(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]))
    }

    #[test]
    fn names_of_this_machine_are_answered() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "app.localhost:1"] {
            assert!(answers(host), "{host}");
        }
        assert!(is_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn who_comes_through_a_proxy_is_not_on_this_machine() {
        for name in OF_PROXIES {
            let through = [
                (header::HOST, HeaderValue::from_static("127.0.0.1:8080")),
                (header::HeaderName::from_static(name), HeaderValue::from_static("203.0.113.7")),
            ];
            assert!(!is_this_machine(&HeaderMap::from_iter(through)), "{name}");
        }
    }

    #[test]
    fn only_loopback_is_loopback() {
        let is = |host: &str| {
            is_loopback(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]))
        };
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "app.localhost"] {
            assert!(is(host), "{host}");
        }
        for host in ["192.168.1.5", "pytake.example", "127.0.0.1.example", ""] {
            assert!(!is(host), "{host}");
        }
    }

    #[test]
    fn a_domain_that_points_here_is_not() {
        for host in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", ""] {
            assert!(!answers(host), "{host:?}");
        }
    }
}
