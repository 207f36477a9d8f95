//! The cookie that carries a session.

use axum::http::{HeaderMap, HeaderValue, header};
use pytake_store::SESSION_LONGEST;
use secrecy::{ExposeSecret, SecretString};

use super::host;

/// Its name on this machine, where there is no TLS.
pub(crate) const NAME: &str = "pytake_session";
/// Its name elsewhere. With this prefix browsers take it only over TLS and from this very host: no sister domain can put a
/// session of its own in the place of the visitor's (RFC 6265bis, section 4.1.3.2).
const HOST_NAME: &str = "__Host-pytake_session";

fn name(request: &HeaderMap) -> &'static str {
    if host::is_loopback(request) { NAME } else { HOST_NAME }
}

/// The session's secret, where the caller sent one.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let wanted = name(headers);
    for value in headers.get_all(header::COOKIE) {
        let Ok(text) = value.to_str() else { continue };
        for pair in text.split(';') {
            let Some((found, value)) = pair.trim().split_once('=') else { continue };
            if found == wanted && !value.is_empty() {
                return Some(value);
            }
        }
    }
    None
}

/// What makes a browser keep the session. Scripts cannot read it, other sites cannot send it, and it travels only over
/// TLS, except to this machine itself.
pub(crate) fn keep(secret: &SecretString, request: &HeaderMap) -> HeaderValue {
    marked(write(secret.expose_secret(), SESSION_LONGEST.as_secs(), request))
}

/// What makes a browser forget it.
pub(crate) fn forget(request: &HeaderMap) -> HeaderValue {
    marked(write("", 0, request))
}

fn write(value: &str, max_age: u64, request: &HeaderMap) -> String {
    let secure = if host::is_loopback(request) { "" } else { "; Secure" };
    let name = name(request);
    format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}")
}

fn marked(text: String) -> HeaderValue {
    let mut value =
        HeaderValue::try_from(text).expect("base64url and the attributes above are visible ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, text: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let on = |host, text| {
            let mut headers = headers(header::COOKIE, text);
            headers.insert(header::HOST, HeaderValue::from_static(host));
            session(&headers).map(str::to_owned)
        };
        for text in ["pytake_session=abc", "a=b; pytake_session=abc;c=d", "  pytake_session=abc ; a=1"] {
            assert_eq!(on("localhost:8080", text).as_deref(), Some("abc"), "{text}");
        }
        for text in ["", "pytake_session=", "xpytake_session=abc", "a=pytake_session=abc", "pytake_session"] {
            assert_eq!(on("localhost:8080", text), None, "{text}");
        }
        // Anybody with a page of example could have set the first one.
        let both = "pytake_session=theirs; __Host-pytake_session=abc";
        assert_eq!(on("pytake.example", both).as_deref(), Some("abc"));
        assert_eq!(on("pytake.example", "pytake_session=theirs"), None);
    }

    #[test]
    fn the_cookie_needs_tls_except_on_this_machine() {
        let secret = SecretString::from("abc");
        let kept = |host| keep(&secret, &headers(header::HOST, host)).to_str().unwrap().to_owned();
        let bare = "pytake_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800";
        assert_eq!(kept("localhost:8080"), bare);
        assert_eq!(kept("pytake.example"), format!("__Host-{bare}; Secure"));
        assert!(!format!("{:?}", keep(&secret, &HeaderMap::new())).contains("abc"));
    }
}
